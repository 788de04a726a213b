/**
 * CreditChannel: a stream over something that carries whole messages and cannot be slowed.
 *
 * MessagePorts, BroadcastChannels and WebSockets take whatever they are given: a receiver that does not keep up is not
 * felt, and they have no half-close. Here each side says how many bytes it has room for, and sends no more than the
 * other has said; the end of each direction is a message of its own.
 *
 * Owns: credit, what is held while reading is paused, the two ends, lingering. Must not know: how messages are written,
 * or what carries them; a CreditLink does. Source: the project's own; credit as in RFC 9113, 5.2.
 *
 *   StreamTransport ⇄ CreditChannel ⇄ CreditLink ⇄ … ⇄ CreditLink ⇄ CreditChannel ⇄ StreamTransport
 */
import { ConnectionLost } from '../errors/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { StreamChannel, StreamSink } from '../interfaces/stream-channel.js'
import type { IDelayedCall } from '../interfaces/time.js'
import { CREDIT_PIECE, CREDIT_WINDOW, LINGER } from './limits.js'
import type { StreamReactor } from './stream-reactor.js'

/** The messages that a channel sends; none of them calls the channel back from inside. */
export interface CreditLink {
  readonly peer: IAddress
  readonly host: IAddress
  /** Some bytes of the stream; copied, or gone, when this returns. */
  data(bytes: Uint8Array): void
  /** Room for so many bytes more. */
  credit(bytes: number): void
  /** The end of this direction. */
  end(): void
  /** The end of both, out of order. The link is not used any more. */
  reset(): void
  /** Both directions have ended, or nobody waits for them any more. The link is not used any more. */
  close(): void
}

/** Numbers of a {@link CreditChannel}; bytes. */
export interface CreditOptions {
  /** What may be under way to this side, which is the most that is held while reading is paused. */
  window?: number
  /** Of one message at most. */
  piece?: number
}

/** More than this nobody may be granted in all: what a signed number of 32 bits can hold. */
export const MOST_CREDIT = 0x7fffffff

type ChannelReactor = Pick<StreamReactor, 'queue' | 'callLater'>

/** One end of a stream. What the link receives is told to the methods whose names end with `Arrived`. */
export class CreditChannel implements StreamChannel {
  readonly copies = true
  readonly givesChunks = true
  /** What may be under way to this side. The peer has to be told once, by whoever makes the connection. */
  readonly window: number
  readonly #link: CreditLink
  readonly #reactor: ChannelReactor
  readonly #piece: number
  #sink: StreamSink | null = null
  /** Bytes that may be sent. */
  #credit = 0
  /** Bytes that may come in. */
  #allowed: number
  /** Taken, and not yet granted again. */
  #taken = 0
  #out: Uint8Array[] = []
  #held: Uint8Array[] = []
  #isOpened = false
  #isPaused = false
  #isFinishing = false
  #endSent = false
  #endCame = false
  #endTold = false
  #isClosing = false
  /** The link has gone, in order, while something was held. */
  #linkGone = false
  #isOver = false
  #linger: IDelayedCall | null = null

  constructor(
    link: CreditLink, reactor: ChannelReactor,
    { window = CREDIT_WINDOW, piece = CREDIT_PIECE }: CreditOptions = {}) {
    this.#link = link
    this.#reactor = reactor
    this.window = window
    this.#allowed = window
    this.#piece = piece
  }

  // --- for the transport

  open(sink: StreamSink): void {
    this.#sink = sink
    if (this.#isOpened) return
    this.#isOpened = true
    if (this.#held.length > 0 || this.#endCame || this.#linkGone) this.#releaseLater()
  }

  send(piece: Uint8Array): boolean {
    return this.sendList([piece])
  }

  sendList(pieces: Uint8Array[]): boolean {
    if (this.#isOver) return false
    this.#out.push(...pieces)
    return this.#pump()
  }

  finish(): void {
    this.#isFinishing = true
    if (this.#out.length === 0) this.#reactor.queue.post(() => this.#finished())
  }

  close(linger: boolean): void {
    if (this.#isOver) return
    if (!linger) {
      this.#sink = null
      if (this.#out.length > 0) {
        this.reset()
      } else {
        this.#sendEnd()
        this.#over(null)
      }
      return
    }
    if (this.#isClosing) return
    this.#isClosing = true
    // Nobody looks at it any more; but a peer that waits for room to send its end must get some.
    for (const bytes of this.#held) this.#grant(bytes.length)
    this.#held = []
    if (this.#out.length === 0) this.#sendEnd()
    if (this.#endCame || this.#linkGone) this.#reactor.queue.post(() => this.#overIfDone())
    this.#linger = this.#reactor.callLater(LINGER, () => this.#over(null))
  }

  reset(): void {
    this.#sink = null
    if (this.#isOver) return
    this.#stop()
    this.#link.reset()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    // Not from inside this call.
    if (this.#held.length > 0 || (this.#endCame && !this.#endTold) || this.#linkGone) this.#releaseLater()
  }

  get peer(): IAddress {
    return this.#link.peer
  }

  get host(): IAddress {
    return this.#link.host
  }

  setNoDelay(_enabled: boolean): void {
    // Nothing is ever delayed here.
  }

  setKeepAlive(_enabled: boolean, _delayMs?: number): void {
    // The affair of what carries the messages.
  }

  // --- for the link

  /** Some bytes. */
  dataArrived(bytes: Uint8Array): void {
    if (this.#isOver) return
    this.#allowed -= bytes.length
    if (bytes.length === 0 || this.#endCame) this.violated('it sent data where there may be none')
    else if (this.#allowed < 0) this.violated('it sent more than there was room for')
    else if (this.#isClosing) this.#grant(bytes.length)
    else if (this.#sink === null || this.#isPaused || this.#held.length > 0) this.#held.push(bytes)
    else this.#deliver(this.#sink, bytes)
  }

  /** The other side has room for so many bytes more. */
  creditArrived(bytes: number): void {
    if (this.#isOver) return
    if (!Number.isInteger(bytes) || bytes < 1 || this.#credit + bytes > MOST_CREDIT) {
      this.violated(`it has no room for ${bytes} bytes more`)
      return
    }
    this.#credit += bytes
    if (this.#out.length === 0 || !this.#pump()) return
    if (this.#isClosing) {
      this.#sendEnd()
      this.#overIfDone()
    } else {
      this.#sink?.sent()
      if (this.#isFinishing) this.#finished()
    }
  }

  /** The end of what comes in. */
  endArrived(): void {
    if (this.#isOver) return
    if (this.#endCame) {
      this.violated('it ended twice')
      return
    }
    this.#endCame = true
    if (this.#isClosing) this.#overIfDone()
    else if (this.#isOpened && !this.#isPaused && this.#held.length === 0) this.#tellEnd()
  }

  /** The other side has broken it off. */
  resetArrived(): void {
    if (this.#isOver) return
    if (this.#isClosing) this.#over(null)
    else this.#over(new ConnectionLost('The connection was reset by the other side.'))
  }

  /** What carries the messages has ended. @param error null where it did in order */
  linkLost(error: unknown): void {
    if (this.#isOver) return
    if (this.#isClosing && this.#out.length === 0) {
      this.#over(null)
    } else if (this.#endCame && this.#endSent) {
      this.#linkGone = true
      if (!this.#isPaused && this.#isOpened) this.#release()
    } else {
      this.#over(error ?? new ConnectionLost('What carried the connection ended before it did.'))
    }
  }

  /** The other side does not keep to what was agreed on: breaks the connection off. */
  violated(what: string): void {
    const sink = this.#sink
    this.reset()
    sink?.closed(new ConnectionLost(`The other side does not keep to the protocol: ${what}.`))
  }

  // --- inside

  /** @returns whether all is out */
  #pump(): boolean {
    const out = this.#out
    let at = 0
    while (at < out.length && this.#credit > 0) {
      const piece = out[at]!
      const size = Math.min(piece.length, this.#credit, this.#piece)
      if (size > 0) this.#link.data(size === piece.length ? piece : piece.subarray(0, size))
      this.#credit -= size
      if (size === piece.length) at++
      else out[at] = piece.subarray(size)
    }
    if (at > 0) this.#out = out.slice(at)
    return this.#out.length === 0
  }

  #deliver(sink: StreamSink, bytes: Uint8Array): void {
    sink.received(bytes)
    this.#grant(bytes.length)
  }

  /** Room that has become free is granted in few, large steps. */
  #grant(bytes: number): void {
    this.#taken += bytes
    if (this.#isOver || this.#endCame || this.#taken < this.window / 2) return
    this.#allowed += this.#taken
    this.#link.credit(this.#taken)
    this.#taken = 0
  }

  #releaseLater(): void {
    this.#reactor.queue.post(() => this.#release())
  }

  #release(): void {
    while (!this.#isPaused && !this.#isClosing && !this.#isOver && this.#held.length > 0 && this.#sink !== null) {
      this.#deliver(this.#sink, this.#held.shift()!)
    }
    if (this.#isPaused || this.#isOver || this.#held.length > 0) return
    if (this.#endCame && !this.#endTold && !this.#isClosing) this.#tellEnd()
    if (this.#linkGone) this.#over(null)
  }

  #tellEnd(): void {
    if (this.#endTold || this.#sink === null) return
    this.#endTold = true
    this.#sink.receivedEnd()
  }

  #finished(): void {
    if (this.#isOver || this.#isClosing || this.#endSent) return
    this.#sendEnd()
    this.#sink?.finished()
  }

  #sendEnd(): void {
    if (this.#endSent) return
    this.#endSent = true
    this.#link.end()
  }

  #overIfDone(): void {
    if (this.#endCame && this.#endSent) this.#over(null)
  }

  #over(error: unknown): void {
    if (this.#isOver) return
    const sink = this.#sink
    this.#stop()
    this.#link.close()
    sink?.closed(error)
  }

  #stop(): void {
    this.#isOver = true
    this.#sink = null
    this.#out = []
    this.#held = []
    if (this.#linger !== null && this.#linger.active()) this.#linger.cancel()
  }
}
