/**
 * A stream of chunks as a stream of events, for a handler that may do anything in the middle of it.
 *
 *              receive ──▶ waiting chunks ──▶ parser ──▶ handler.frameEvent      (frames)
 *                                         └────────────▶ handler.rawEvent        (raw: bytes as they come)
 *
 * The handler may pause, switch between frames and raw bytes, stop, free, call `receive` again (it appends, never
 * nests), or throw: the error leaves `receive`, the rest stays and goes on with the next call.
 * Owns: what waits, and whether it may be delivered. Must not know: any wire format, any transport.
 * Source: the loop of twisted.protocols.basic.LineReceiver.dataReceived; cases B03 to B05, B11 to B15.
 */
import { concat } from './bytes.js'
import type { FrameParser } from './frame-parser.js'

/** Who gets the events. */
export interface FrameHandler {
  /** The parser stands at an event: see its `kind`, `length`, `payload()` and `text()`. */
  frameEvent(parser: FrameParser): void
  /** Bytes that came while the stream was raw; the receiver's to keep. */
  rawEvent(data: Uint8Array): void
}

/** One direction of a byte stream, cut into frames. */
export class FrameStream {
  readonly parser: FrameParser
  readonly #handler: FrameHandler
  #waiting: Uint8Array[] = []
  #waitingFrom = 0
  #isBusy = false
  #isPaused = false
  #isRaw = false
  #isStopped = false

  constructor(parser: FrameParser, handler: FrameHandler) {
    this.parser = parser
    this.#handler = handler
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get isRaw(): boolean {
    return this.#isRaw
  }

  /** True when nothing more will be delivered. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Takes a chunk, which is the stream's to keep, and delivers what can be delivered. */
  receive(chunk: Uint8Array): void {
    if (this.#isStopped) return
    if (chunk.length > 0) {
      const { parser } = this
      if (this.#isBusy || this.#isPaused || this.#isRaw || parser.isFed || this.#waiting.length > 0) {
        this.#waiting.push(chunk)
      } else if (!parser.feedFrame(chunk)) {
        parser.feed(chunk)
      } else {
        this.#isBusy = true
        try {
          this.#handler.frameEvent(parser)
        } finally {
          this.#isBusy = false
          parser.endFrame(chunk)
        }
        if (this.#waiting.length === 0 && !parser.isFed) return
      }
    }
    this.#run()
  }

  #run(): void {
    if (this.#isBusy) return
    const { parser } = this
    const handler = this.#handler
    this.#isBusy = true
    try {
      while (!this.#isPaused && !this.#isStopped) {
        if (this.#isRaw) {
          const rest = this.takeRest()
          if (rest.length === 0) return
          handler.rawEvent(rest)
        } else if (parser.next()) {
          handler.frameEvent(parser)
        } else if (this.#waitingFrom < this.#waiting.length) {
          parser.feed(this.#waiting[this.#waitingFrom++])
          if (this.#waitingFrom === this.#waiting.length) this.#forgetWaiting()
        } else {
          return
        }
      }
    } finally {
      this.#isBusy = false
    }
  }

  #forgetWaiting(): void {
    this.#waiting = []
    this.#waitingFrom = 0
  }

  /** Delivers nothing until `resume`. */
  pause(): void {
    this.#isPaused = true
  }

  /** Delivers what waits, unless called from inside an event: then that delivery goes on. */
  resume(): void {
    this.#isPaused = false
    this.#run()
  }

  /** Delivers what waits, unless the stream is paused or in the middle of an event. */
  go(): void {
    this.#run()
  }

  /** From now on bytes come as they are; those parsed ahead too. */
  setRaw(): void {
    if (this.#isStopped) return
    this.#isRaw = true
    this.#run()
  }

  /** From now on frames come, beginning with `extra`, which goes in front of all that waits. */
  setFrames(extra?: Uint8Array): void {
    if (this.#isStopped) return
    if (this.#isRaw) {
      this.#isRaw = false
      if (extra !== undefined && extra.length > 0) this.#unread(extra)
    } else if (extra !== undefined && extra.length > 0) {
      this.#waiting.push(extra)
    }
    this.#run()
  }

  #unread(extra: Uint8Array): void {
    // Raw mode may end before the rest of the chunk was handed out: that comes behind `extra`.
    const rest = this.parser.takeRest()
    if (rest.length > 0) this.#putFirst(rest)
    this.#putFirst(extra)
  }

  #putFirst(bytes: Uint8Array): void {
    if (this.#waitingFrom > 0) this.#waiting[--this.#waitingFrom] = bytes
    else this.#waiting.unshift(bytes)
  }

  /** Takes all bytes not delivered yet; none remain. */
  takeRest(): Uint8Array {
    const rest = this.parser.takeRest()
    if (this.#waiting.length === this.#waitingFrom) return rest
    const waiting = this.#waiting.slice(this.#waitingFrom)
    this.#forgetWaiting()
    return concat(rest.length === 0 ? waiting : [rest, ...waiting])
  }

  /** Delivers nothing more, ever, and forgets what waits. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#forgetWaiting()
    this.parser.clear()
  }

  /** Gives the parser back to the core; nothing more is delivered. */
  free(): void {
    this.#isStopped = true
    this.#forgetWaiting()
    this.parser.free()
  }
}
