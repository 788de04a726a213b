/** Fast senders and slow readers, as the guide to WebSockets shows them. */
import { WebSocketProtocol } from 'whorl/websocket'

/** Sends a great deal, no faster than it is taken. */
export class Source extends WebSocketProtocol {
  override connectionMade(): void {
    void this.#run()
  }

  async #run(): Promise<void> {
    try {
      for (let number = 0; number < 1000; number++) {
        this.sendBinary(new Uint8Array(10_000).fill(number))
        await this.drain()
      }
      this.close()
    } catch {
      // The peer has gone meanwhile; `connectionLost` says why.
    }
  }
}

/** Takes one message at a time. */
export class Sink extends WebSocketProtocol {
  taken = 0

  override binaryReceived(data: Uint8Array): void {
    this.pauseProducing()
    void this.store(data).then(() => this.resumeProducing())
  }

  async store(data: Uint8Array): Promise<void> {
    this.taken += data.length
    await Promise.resolve()
  }
}
