/**
 * A channel with some bytes in front: those that a protocol below has read too far, for whoever takes the channel over.
 *
 * Owns: the order. Must not know: what reads it. It is what TLS runs over when the first bytes of a handshake came in
 * one piece with what stood before them, as behind a PROXY header.
 */
import type { IAddress } from '../interfaces/address.js'
import type { StreamChannel, StreamSink } from '../interfaces/stream-channel.js'

/** The same channel, as if `early` had not been read yet. @internal */
export class PrependedChannel implements StreamChannel {
  readonly #channel: StreamChannel
  readonly #later: (fn: () => void) => void
  #early: Uint8Array | null
  #sink: StreamSink | null = null
  #isPaused = false

  /** @param later calls in a later turn: a sink is told nothing from inside of a call of its own */
  constructor(channel: StreamChannel, early: Uint8Array, later: (fn: () => void) => void) {
    this.#channel = channel
    this.#early = early
    this.#later = later
  }

  /** What it stands before. */
  get below(): StreamChannel {
    return this.#channel
  }

  /** The same bytes before another channel, in place of this one, which has not been opened. */
  onto(channel: StreamChannel, later: (fn: () => void) => void): StreamChannel {
    return this.#early === null ? channel : new PrependedChannel(channel, this.#early, later)
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    this.#channel.open({
      // What is in front cannot be read in place; nor is the rest, then.
      lendsBuffers: false,
      borrow: () => null,
      filled: () => undefined,
      received: (chunk) => {
        this.#tellEarly()
        sink.received(chunk)
      },
      receivedEnd: () => {
        this.#tellEarly()
        sink.receivedEnd()
      },
      sent: () => sink.sent(),
      finished: () => sink.finished(),
      closed: (error) => sink.closed(error),
    })
    this.#later(() => {
      if (!this.#isPaused) this.#tellEarly()
    })
  }

  send(piece: Uint8Array): boolean {
    return this.#channel.send(piece)
  }

  sendList(pieces: Uint8Array[]): boolean {
    return this.#channel.sendList(pieces)
  }

  finish(): void {
    this.#channel.finish()
  }

  close(linger: boolean): void {
    this.#early = null
    this.#channel.close(linger)
  }

  reset(): void {
    this.#early = null
    this.#channel.reset()
  }

  pause(): void {
    this.#isPaused = true
    this.#channel.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#channel.resume()
    if (this.#early !== null) {
      this.#later(() => {
        if (!this.#isPaused) this.#tellEarly()
      })
    }
  }

  get peer(): IAddress {
    return this.#channel.peer
  }

  get host(): IAddress {
    return this.#channel.host
  }

  setNoDelay(enabled: boolean): void {
    this.#channel.setNoDelay(enabled)
  }

  setKeepAlive(enabled: boolean, delayMs?: number): void {
    this.#channel.setKeepAlive(enabled, delayMs)
  }

  #tellEarly(): void {
    const early = this.#early
    if (early === null) return
    this.#early = null
    this.#sink?.received(early)
  }
}
