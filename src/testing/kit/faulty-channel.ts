/**
 * FaultyChannel: a connection on which things go wrong, by a script or by chance.
 *
 * Owns: what is received in other pieces, later, in part, or never; an end or a reset where there was none; output that
 * nobody takes. The order of bytes is kept, and none are doubled: a stream's promises. Must not know: what the channel
 * below is, and transports.
 *
 *   channel below ──received──▶ cut, chunks, delay ──▶ sink        send ──▶ stall ──▶ channel below
 */
import type { IAddress } from '../../interfaces/address.js'
import type { StreamChannel, StreamSink } from '../../interfaces/stream-channel.js'

/** Numbers by chance; a `SeededRandom` of the core is one. */
export interface Chance {
  /** A whole number from 0 up to, but without, `n`. */
  below(n: number): number
}

/** What goes wrong on one end of a connection; nothing that is not given. */
export interface ChannelFaults {
  /**
   * What is received comes in pieces of so many bytes: always the same number; of these one after the other, and from
   * the first again; or by chance between two.
   */
  chunks?: number | readonly number[] | { readonly from: number, readonly to: number }
  /** Each piece comes so much later, ms, and still in order; or by chance between two. */
  delay?: number | { readonly from: number, readonly to: number }
  /** After so many received bytes comes the end of the stream, and the rest never. */
  endAfter?: number
  /** After so many received bytes the connection is reset. */
  resetAfter?: number
  /** After so many sent bytes no output is taken any more, until `release()`. */
  stallAfter?: number
  /** What decides by chance; needed where there is something to decide. */
  chance?: Chance
}

/** What a FaultyChannel needs of time. */
export interface FaultClock {
  now(): number
  callLater(ms: number, fn: () => void): unknown
}

type Item = { readonly at: number } & ({ readonly bytes: Uint8Array } | { readonly tell: (sink: StreamSink) => void })

/**
 * Faults by chance, different for each seed, on a connection that goes on: pieces, delays, and often an end or a reset
 * somewhere in the first bytes.
 * @param most received bytes after which at the latest something ends, where something does; 4,096 if not given
 */
export function randomFaults(chance: Chance, most = 4_096): ChannelFaults {
  const faults: ChannelFaults = { chance, chunks: { from: 1, to: 1 + chance.below(64) } }
  if (chance.below(2) === 0) faults.delay = { from: 0, to: 1 + chance.below(200) }
  const end = chance.below(4)
  if (end === 0) faults.endAfter = chance.below(most)
  if (end === 1) faults.resetAfter = chance.below(most)
  return faults
}

/** Times that are a sum may be off by a little, ms. */
const SLACK = 1e-6

/** A channel on which things go wrong. */
export class FaultyChannel implements StreamChannel, StreamSink {
  readonly #below: StreamChannel
  readonly #clock: FaultClock
  readonly #faults: ChannelFaults
  #sink: StreamSink | null = null
  #queue: Item[] = []
  #lastDue = 0
  #chunk = 0
  #received = 0
  #sent = 0
  #isPaused = false
  #isCut = false
  #isOver = false
  #isStalled = false
  #held: Uint8Array[] = []
  #heldEnd: (() => void) | null = null

  /** @throws TypeError when something is left to chance, and there is none */
  constructor(below: StreamChannel, faults: ChannelFaults, clock: FaultClock) {
    const { chunks, delay, chance } = faults
    const isOpen = (one: unknown): boolean => typeof one === 'object' && one !== null && 'from' in one
    if (chance === undefined && (isOpen(chunks) || isOpen(delay))) throw new TypeError('these faults need a `chance`')
    this.#below = below
    this.#faults = faults
    this.#clock = clock
  }

  // --- the script's own hands

  /** No output is taken from now on. */
  stall(): void {
    this.#isStalled = true
  }

  /** Output is taken again, and what was held goes out. */
  release(): void {
    this.#isStalled = false
    this.#sent = -Infinity
    const held = this.#held
    this.#held = []
    if (held.length > 0 && this.#below.sendList(held)) this.#soon((sink) => sink.sent())
    this.#heldEnd?.()
    this.#heldEnd = null
  }

  /** The end of the stream comes now, behind what has come; the rest never. */
  endReading(): void {
    if (this.#isCut) return
    this.#isCut = true
    this.#soon((sink) => sink.receivedEnd())
  }

  /** The connection is reset now; what has not been handed out is lost. */
  breakOff(): void {
    if (this.#isOver) return
    this.#isCut = true
    this.#isOver = true
    this.#queue = []
    this.#below.reset()
    const error = Object.assign(new Error('The connection was reset.'), { code: 'ECONNRESET' })
    this.#clock.callLater(0, () => this.#end(error))
  }

  // --- channel

  open(sink: StreamSink): void {
    this.#sink = sink
    this.#below.open(this)
  }

  send(piece: Uint8Array): boolean {
    return this.sendList([piece])
  }

  sendList(pieces: Uint8Array[]): boolean {
    const { stallAfter = Infinity } = this.#faults
    if (this.#isOver) return false
    const now: Uint8Array[] = []
    for (const piece of pieces) {
      const room = this.#isStalled ? 0 : Math.max(0, Math.min(piece.length, stallAfter - this.#sent))
      if (room > 0) now.push(piece.subarray(0, room))
      // Copies: once the channel has answered, the array may be used for something else; here it never answers.
      if (room < piece.length) this.#held.push(piece.slice(room))
      this.#sent += room
      if (room < piece.length) this.#isStalled = true
    }
    const isTaken = now.length === 0 || this.#below.sendList(now)
    return isTaken && this.#held.length === 0
  }

  finish(): void {
    if (this.#held.length === 0) this.#below.finish()
    else this.#heldEnd = () => this.#below.finish()
  }

  close(linger: boolean): void {
    if (linger) this.#discard()
    else this.#isOver = true
    if (this.#held.length === 0 || !linger) this.#below.close(linger)
    else this.#heldEnd = () => this.#below.close(linger)
  }

  reset(): void {
    this.#isOver = true
    this.#below.reset()
  }

  pause(): void {
    this.#isPaused = true
    this.#below.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#below.resume()
    // Not from in here: a sink is told nothing from inside of a call of its own.
    if (this.#queue.length > 0) this.#clock.callLater(0, () => this.#drain())
  }

  get copies(): boolean {
    return this.#below.copies === true
  }

  get peer(): IAddress {
    return this.#below.peer
  }

  get host(): IAddress {
    return this.#below.host
  }

  setNoDelay(enabled: boolean): void {
    this.#below.setNoDelay(enabled)
  }

  setKeepAlive(enabled: boolean, delayMs?: number): void {
    this.#below.setKeepAlive(enabled, delayMs)
  }

  // --- sink of the channel below

  get lendsBuffers(): boolean {
    return false
  }

  borrow(): null {
    return null
  }

  filled(): void {}

  received(chunk: Uint8Array): void {
    const { endAfter = Infinity, resetAfter = Infinity } = this.#faults
    if (this.#isCut) return
    const room = Math.min(endAfter, resetAfter) - this.#received
    const kept = chunk.length > room ? chunk.subarray(0, Math.max(0, room)) : chunk
    this.#received += kept.length
    for (let at = 0; at < kept.length;) {
      const size = this.#nextChunk()
      this.#put({ at: this.#due(), bytes: kept.slice(at, at + size) })
      at += size
    }
    if (this.#received >= endAfter || this.#received >= resetAfter) this.#cut(resetAfter <= endAfter)
    this.#drain()
  }

  receivedEnd(): void {
    if (this.#isCut) return
    this.#put({ at: this.#due(), tell: (sink) => sink.receivedEnd() })
    this.#drain()
  }

  sent(): void {
    if (this.#held.length === 0 && !this.#isOver) this.#sink?.sent()
  }

  finished(): void {
    if (!this.#isOver) this.#sink?.finished()
  }

  closed(error: unknown): void {
    if (this.#isOver) return
    this.#isCut = true
    // Behind what was received and is still on its way; a reader that has paused is told at once.
    if (this.#isPaused || this.#queue.length === 0) this.#end(error)
    else this.#put({ at: this.#lastDue, tell: () => this.#end(error) })
  }

  /** Who closes reads no more: only the end is still to be told, to one that had paused, too. */
  #discard(): void {
    this.#isCut = true
    this.#isPaused = false
    this.#queue = this.#queue.filter((item) => 'tell' in item)
    if (this.#queue.length > 0) this.#clock.callLater(0, () => this.#drain())
  }

  #cut(resets: boolean): void {
    this.#isCut = true
    this.#put({
      at: this.#lastDue,
      tell: (sink) => {
        if (resets) this.breakOff()
        else sink.receivedEnd()
      },
    })
  }

  #end(error: unknown): void {
    const sink = this.#sink
    this.#isOver = true
    this.#sink = null
    this.#queue = []
    sink?.closed(error)
  }

  #nextChunk(): number {
    const { chunks = Infinity, chance } = this.#faults
    const size = typeof chunks === 'number' ? chunks
      : 'from' in chunks ? chunks.from + chance!.below(chunks.to - chunks.from + 1)
        : chunks[this.#chunk++ % chunks.length] ?? Infinity
    return Math.max(1, Math.floor(size))
  }

  #due(): number {
    const { delay = 0, chance } = this.#faults
    const wait = typeof delay === 'number' ? delay : delay.from + chance!.below(delay.to - delay.from + 1)
    return this.#lastDue = Math.max(this.#lastDue, this.#clock.now() + wait)
  }

  #put(item: Item): void {
    this.#queue.push(item)
    const wait = item.at - this.#clock.now()
    if (wait > 0) this.#clock.callLater(wait, () => this.#drain())
  }

  #soon(tell: (sink: StreamSink) => void): void {
    this.#put({ at: this.#lastDue, tell })
    this.#clock.callLater(0, () => this.#drain())
  }

  #drain(): void {
    for (let item = this.#queue[0]; item !== undefined; item = this.#queue[0]) {
      const sink = this.#sink
      // A handler may have paused, closed or reset this end in between.
      if (sink === null || this.#isOver || this.#isPaused || item.at > this.#clock.now() + SLACK) return
      this.#queue.shift()
      if ('tell' in item) item.tell(sink)
      else hand(sink, item.bytes)
    }
  }
}

function hand(sink: StreamSink, bytes: Uint8Array): void {
  if (!sink.lendsBuffers) {
    sink.received(bytes)
    return
  }
  for (let rest = bytes; rest.length > 0;) {
    const room = sink.borrow(rest.length)
    if (room === null) return
    const piece = rest.subarray(0, room.length)
    room.set(piece)
    rest = rest.subarray(piece.length)
    sink.filled(piece.length)
  }
}
