/**
 * The two connections of a tunnel on the relay: what one receives the other sends.
 *
 * Owns: who slows whom, and how the end of one becomes the end of the other. Must not know: messages, lists.
 * A side is read from while the other takes what it gets, and while the client is within its rate.
 */
import type { Failure } from '../defer/index.js'
import { ConnectionDone } from '../errors/index.js'
import type { IHalfCloseableProtocol, IPushProducer } from '../interfaces/index.js'
import { Protocol } from '../protocols/protocol.js'

/** Hears of both sides. */
export interface JoinedOwner {
  /** Bytes have been handed on. @returns how long nothing more is to be read, ms */
  moved(bytes: number): number
  /** Calls after so many ms, unless the tunnel has ended. */
  later(ms: number, fn: () => void): void
  /** One side has ended; the other is told to. Called once for each. */
  ended(side: Side, reason: Failure): void
}

/** One side. It reads nothing until it is joined. */
export class Side extends Protocol implements IHalfCloseableProtocol, IPushProducer {
  /** Bytes received by this side so far. */
  bytes = 0
  #owner: JoinedOwner | null = null
  #other: Side | null = null
  #isFull = true
  #isPaced = false
  #isPaused = false
  #writeEnded = false

  /** Joins two that are connected. */
  static join(one: Side, two: Side, owner: JoinedOwner): void {
    for (const [side, other] of [[one, two], [two, one]] as const) {
      side.#owner = owner
      side.#other = other
      side.#isFull = false
    }
    one.transport.registerProducer(two, true)
    two.transport.registerProducer(one, true)
    one.#update()
    two.#update()
  }

  override connectionMade(): void {
    this.#update()
  }

  override dataReceived(data: Uint8Array): void {
    this.bytes += data.length
    this.#other?.transport.write(data)
    const wait = this.#owner?.moved(data.length) ?? 0
    if (wait <= 0 || this.#isPaced) return
    this.#isPaced = true
    this.#update()
    this.#owner?.later(wait, () => {
      this.#isPaced = false
      this.#update()
    })
  }

  /** The peer sends no more: nor do we, on the other side. */
  readConnectionLost(): void {
    this.#other?.finishWriting()
  }

  writeConnectionLost(): void {}

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    const [other, owner] = [this.#other, this.#owner]
    this.#other = null
    if (other !== null && other.connected) {
      other.transport.unregisterProducer()
      // A stream that was cut off must not look like one that ended.
      if (reason.check(ConnectionDone) !== null) other.transport.loseConnection()
      else other.transport.abortConnection()
    }
    owner?.ended(this, reason)
  }

  // --- for the transport of the other side, which says whether it takes more

  pauseProducing(): void {
    this.#isFull = true
    this.#update()
  }

  resumeProducing(): void {
    this.#isFull = false
    this.#update()
  }

  stopProducing(): void {
    // The end of the other side says it, too.
  }

  /** Closes the sending side. @internal */
  finishWriting(): void {
    if (this.#writeEnded || !this.connected) return
    this.#writeEnded = true
    this.transport.unregisterProducer()
    this.transport.loseWriteConnection()
  }

  #update(): void {
    const pause = this.#isFull || this.#isPaced
    if (pause === this.#isPaused || !this.connected) return
    this.#isPaused = pause
    if (pause) this.transport.pauseProducing()
    else this.transport.resumeProducing()
  }
}
