/** A client, as the guide to WebSockets shows it. */
import { Deferred } from 'whorl'
import type { Failure } from 'whorl'
import type { Reactor } from 'whorl/node'
import { ConnectionRejected, connectWebSocket, WebSocketProtocol } from 'whorl/websocket'

export class Visitor extends WebSocketProtocol {
  readonly ended = new Deferred<string>()
  #waiting: ((text: string) => void)[] = []

  /** The next message. */
  next(): Promise<string> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  override textReceived(text: string): void {
    this.#waiting.shift()?.(text)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.ended.callback(`${reason.value.name}, ${this.closeCode} ${this.closeReason}`)
  }
}

export async function visit(reactor: Reactor, url: string): Promise<Visitor | string> {
  try {
    return await connectWebSocket(reactor, url, Visitor, {
      headers: { Cookie: 'taste=sweet' },
      compression: true,
      timeouts: { connect: 5000, handshake: 5000, ping: 20_000 },
    })
  } catch (error) {
    // What the server says instead of yes: a status, fields, the beginning of a body.
    if (error instanceof ConnectionRejected) return `${error.status} ${error.reason}`
    throw error
  }
}
