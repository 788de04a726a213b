import { bind, recvfrom, sendto, socket } from 'whorl/socket'
import type { DatagramSocket, SocketReactor } from 'whorl/socket'

export async function answerOnce(reactor: SocketReactor, port: number): Promise<DatagramSocket> {
  const udp = await socket(reactor, 'inet', 'dgram')
  await bind(udp, { host: '127.0.0.1', port })
  void recvfrom(udp).addCallback(([data, sender]) => sendto(udp, data.reverse(), sender))
  return udp
}
