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

/** Inside of an event. */
const BUSY = 1
/** Nothing is delivered until `resume`. */
const PAUSED = 2
/** Bytes are delivered as they come. */
const RAW = 4
/** Nothing is delivered any more. */
const STOPPED = 8
/** There are chunks that the parser has not seen. */
const WAITING = 16

/** One direction of a byte stream, cut into frames. */
export class FrameStream {
  readonly parser: FrameParser
  readonly #handler: FrameHandler
  #waiting: Uint8Array[] = []
  #waitingFrom = 0
  /** The states above, together: one look tells that there is nothing special, which is so for nearly every chunk. */
  #state = 0

  constructor(parser: FrameParser, handler: FrameHandler) {
    this.parser = parser
    this.#handler = handler
  }

  get isPaused(): boolean {
    return (this.#state & PAUSED) !== 0
  }

  get isRaw(): boolean {
    return (this.#state & RAW) !== 0
  }

  /** True when nothing more will be delivered. */
  get isStopped(): boolean {
    return (this.#state & STOPPED) !== 0
  }

  /** Takes a chunk, which is the stream's to keep, and delivers what can be delivered. */
  receive(chunk: Uint8Array): void {
    if (this.receiveFrame(chunk) || (this.#state & STOPPED) !== 0) return
    if (chunk.length > 0) {
      if (this.#state !== 0 || this.parser.isFed) this.#wait(chunk)
      else this.parser.feed(chunk)
    }
    this.#run()
  }

  /**
   * Takes a chunk that is one frame and comes when nothing waits; false when it is something else, and nothing is taken
   * then. The short way through here, for peers who send frame by frame.
   */
  receiveFrame(chunk: Uint8Array): boolean {
    const { parser } = this
    if (this.#state !== 0 || !parser.feedFrame(chunk)) return false
    this.#state = BUSY
    try {
      this.#handler.frameEvent(parser)
    } finally {
      this.#state &= ~BUSY
      parser.endFrame(chunk)
    }
    if ((this.#state & WAITING) !== 0 || parser.isFed) this.#run()
    return true
  }

  #run(): void {
    if ((this.#state & BUSY) !== 0) return
    const { parser } = this
    const handler = this.#handler
    this.#state |= BUSY
    try {
      for (;;) {
        const state = this.#state
        if ((state & (PAUSED | STOPPED)) !== 0) return
        if ((state & RAW) !== 0) {
          const rest = this.takeRest()
          if (rest.length === 0) return
          handler.rawEvent(rest)
        } else if (parser.next()) {
          handler.frameEvent(parser)
        } else if ((state & WAITING) !== 0) {
          parser.feed(this.#waiting[this.#waitingFrom++])
          if (this.#waitingFrom === this.#waiting.length) this.#forgetWaiting()
        } else {
          return
        }
      }
    } finally {
      this.#state &= ~BUSY
    }
  }

  #wait(chunk: Uint8Array): void {
    this.#waiting.push(chunk)
    this.#state |= WAITING
    this.parser.isAlone = false
  }

  #forgetWaiting(): void {
    this.#waiting = []
    this.#waitingFrom = 0
    this.#state &= ~WAITING
  }

  /** Delivers nothing until `resume`. */
  pause(): void {
    this.#state |= PAUSED
  }

  /** Delivers what waits, unless called from inside an event: then that delivery goes on. */
  resume(): void {
    this.#state &= ~PAUSED
    this.#run()
  }

  /** Delivers what waits, unless the stream is paused or in the middle of an event. */
  go(): void {
    this.#run()
  }

  /** From now on bytes come as they are; those parsed ahead too. */
  setRaw(): void {
    if (this.isStopped) return
    this.#state |= RAW
    this.#run()
  }

  /** From now on frames come, beginning with `extra`, which goes in front of all that waits. */
  setFrames(extra?: Uint8Array): void {
    if (this.isStopped) return
    if (this.isRaw) {
      this.#state &= ~RAW
      if (extra !== undefined && extra.length > 0) this.#unread(extra)
    } else if (extra !== undefined && extra.length > 0) {
      this.#wait(extra)
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
    this.parser.isAlone = false
    if (this.#waitingFrom > 0) this.#waiting[--this.#waitingFrom] = bytes
    else this.#waiting.unshift(bytes)
    this.#state |= WAITING
  }

  /** Takes all bytes not delivered yet; none remain. */
  takeRest(): Uint8Array {
    const rest = this.parser.takeRest()
    if ((this.#state & WAITING) === 0) return rest
    const waiting = this.#waiting.slice(this.#waitingFrom)
    this.#forgetWaiting()
    return concat(rest.length === 0 ? waiting : [rest, ...waiting])
  }

  /** Delivers nothing more, ever, and forgets what waits. */
  stop(): void {
    if (this.isStopped) return
    this.#state |= STOPPED
    this.#forgetWaiting()
    this.parser.clear()
  }

  /** Gives the parser back to the core; nothing more is delivered. */
  free(): void {
    this.#state |= STOPPED
    this.#forgetWaiting()
    this.parser.free()
  }
}
