import { bind, close, listen, socket } from 'whorl/socket'
import type { SocketReactor, StreamSocket } from 'whorl/socket'

export async function serveByPulling(reactor: SocketReactor, port: number): Promise<StreamSocket> {
  const server = await socket(reactor, 'inet', 'stream')
  await bind(server, { host: '127.0.0.1', port })
  await listen(server)
  void acceptAll(server)
  return server
}

async function acceptAll(server: StreamSocket): Promise<void> {
  // Ends when `server` is closed.
  for await (const client of server.connections()) {
    // Not awaited: the next one need not wait for this one to leave.
    answer(client).catch(() => client.abort())
  }
}

async function answer(client: StreamSocket): Promise<void> {
  for (;;) {
    const line = await client.readLine({ max: 1000 })
    if (line === null || line === 'quit') break
    await client.sendall(`${line.split(' ').reverse().join(' ')}\r\n`)
  }
  await close(client)
}
