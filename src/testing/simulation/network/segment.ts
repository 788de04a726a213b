/**
 * What travels for a stream: pieces of it, the answers to them, resets and questions.
 *
 * Owns: the packets, and the pool of pieces; a piece on its way is one object without closures. Must not know: windows
 * and buffers, which are the ends' (stream-end.ts).
 */

import { Packet } from './link.js'
import type { StreamEnd } from './stream-end.js'

/** It has an event of its own. */
export const FLYING = 0
/** It arrives with the piece before it. */
export const RIDING = 1
/** It is to be sent again. */
export const GONE = 2
/** It has arrived before one that comes first. */
export const EARLY = 3

const NOTHING = new Uint8Array(0)

/** A piece of a stream, or (with `isEnd`) its end. @internal */
export class Segment extends Packet {
  sender: StreamEnd
  bytes: Uint8Array = NOTHING
  start = 0
  end = 0
  /** Of its first byte in the stream. */
  offset = 0
  /** When it arrives, or that with which it rides. */
  time = 0
  state = FLYING
  isEnd = false
  next: Segment | null = null

  constructor(sender: StreamEnd) {
    super(sender.out)
    this.sender = sender
  }

  get length(): number {
    return this.end - this.start
  }

  /** Its bytes; nobody else has them. */
  chunk(): Uint8Array {
    const { bytes, start, end } = this
    return end - start === bytes.length ? bytes : bytes.subarray(start, end)
  }

  override arrive(): void {
    this.sender.arrived(this)
  }

  override lost(why: number): void {
    this.sender.lostOnTheWay(this, why)
  }
}

/** Pieces that were delivered, to be used again. @internal */
export class SegmentPool {
  #free: Segment | null = null

  take(sender: StreamEnd): Segment {
    const segment = this.#free
    if (segment === null) return new Segment(sender)
    this.#free = segment.next
    segment.next = null
    segment.sender = sender
    segment.link = sender.out
    return segment
  }

  /** Only for what no event, no link and no list refers to. */
  give(segment: Segment): void {
    segment.bytes = NOTHING
    segment.isEnd = false
    segment.next = this.#free
    this.#free = segment
  }
}

/** Tells an end how far its bytes have come; one is on its way at a time. @internal */
export class Answer extends Packet {
  readonly #from: StreamEnd

  /** @param from the end that has received */
  constructor(from: StreamEnd) {
    super(from.out)
    this.#from = from
  }

  override arrive(): void {
    this.#from.answerArrived()
  }

  override lost(): void {
    this.#from.answerLost()
  }
}

/** Asks the other end how far it is. @internal */
export class Question extends Packet {
  readonly #from: StreamEnd

  constructor(from: StreamEnd) {
    super(from.out)
    this.#from = from
  }

  override arrive(): void {
    this.#from.other.asked()
  }

  override lost(): void {
    // The next one is asked in due time.
  }
}

/** RST. @internal */
export class Reset extends Packet {
  readonly #to: StreamEnd
  readonly #code: string

  /** @param from the end it is said to come from @param code what the other end's program is told */
  constructor(from: StreamEnd, code: string) {
    super(from.out)
    this.#to = from.other
    this.#code = code
  }

  /** @returns whether it is on its way */
  send(): boolean {
    const { link } = this
    const to = this.#to
    const time = link.arrival(0)
    to.wires.world.trace.rst(to.id, to.side === 0 ? 1 : 0, false)
    if (time < 0) return false
    link.world.at(time, this)
    return true
  }

  override arrive(): void {
    const to = this.#to
    to.wires.world.trace.rst(to.id, to.side === 0 ? 1 : 0, true)
    to.wasReset(this.#code)
  }

  override lost(): void {
    // Nobody sends these again.
  }
}

