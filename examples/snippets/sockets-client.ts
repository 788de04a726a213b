import type { IReactorTime } from 'whorl'
import { StreamSocket } from 'whorl/socket'
import type { SocketReactor } from 'whorl/socket'

/** A message of this protocol is a line with the length of what follows it. */
export async function ask(
  reactor: SocketReactor & IReactorTime, port: number, question: string, signal?: AbortSignal): Promise<string> {
  const server = new StreamSocket(reactor)
  try {
    await server.connect({ host: '127.0.0.1', port }, { timeout: 5000, signal })
    const body = new TextEncoder().encode(question)
    await server.sendall(`${body.length}\n`)
    await server.sendall(body)
    const length = await server.readLine({ max: 10, signal }).addTimeout(30_000, reactor)
    const answer = await server.readExactly(Number(length), { signal }).addTimeout(30_000, reactor)
    return new TextDecoder().decode(answer)
  } finally {
    server.abort()
  }
}
