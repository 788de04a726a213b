/**
 * Pulls frames out of chunks: the typed side of `parserReceive`.
 *
 *      feed(chunk) ──▶ next() … next() ──▶ false: the chunk is used up, an unfinished frame is kept in the core
 *                        └─ rewind(): what was parsed ahead is void, the rest is parsed again
 *
 * Owns: one parser's handle, the chunk being read, the records read ahead. Must not know: who wants the frames, or
 * what they do with their stream in the middle of it; see frame-stream.ts.
 * A chunk crosses into the core once, a window of it at a time. Windows adapt: a rewind makes the next one small, each
 * window without one doubles it, so that any number of rewinds in a chunk stays linear in its length.
 */
import {
  HEADER_ASCII, HEADER_CONSUMED, HEADER_PENDING, RECORD_BYTES, RING, STAGE_BYTES,
} from '../../assembly/abi/layout.js'
import { END_FAILED, END_INSIDE_FRAME, EVENT_FRAME, EVENT_FRAME_KEPT } from '../../assembly/abi/records.js'
import { WEBSOCKET_KEPT } from '../../assembly/abi/websocket.js'
import { concat } from './bytes.js'
import type { Core, RingUser, StageUser } from './core.js'
import { check } from './status.js'

const RECORD = RECORD_BYTES >> 2
const RING_AT = RING >> 2
const SMALLEST_WINDOW = 512
/** Chunks up to this length are worth a look before they cross into the core: measured, see docs/benchmarks.md. */
const SHORT = 256
/** Up to so many changed frames of a window are brought back one by one. */
const FEW = 4
const NOTHING = new Uint8Array(0)
const NO_RECORDS = new Int32Array(0)

/** How `FrameParser.text` reads bytes. */
export type TextEncoding = 'utf8' | 'latin1'

/** A parser in the core, and the chunk it reads. */
export class FrameParser implements RingUser, StageUser {
  readonly core: Core
  readonly handle: number
  /** Kind of the current event: one of `EVENT_…`. */
  kind = 0
  /** Length of the current frame, or what the kind says. */
  length = 0
  /** True when the current frame is known to be the last of all that was received; false says nothing. */
  isAlone = false
  /**
   * Tells the length of the one frame at the beginning of a short chunk, when that frame and its trailer are all of it;
   * -1 otherwise. Saves the crossing where every chunk is a frame, as with interactive peers.
   */
  shortcut: ((chunk: Uint8Array) => number) | null = null
  /** The kind of the frame that the shortcut found, and where in the chunk it begins. */
  shortcutKind = EVENT_FRAME
  shortcutAt = 0
  /** The core changes the input, and what it hands out changes in the chunk too. */
  changesInput = false
  /** Where on the stage the window begins while its changes are not in the chunk yet; 0 otherwise. */
  #changedAt = 0
  #offset = 0
  #chunk: Uint8Array | null = null
  /** The chunk's memory, and where in it the chunk begins: asked for once a chunk, since asking is not cheap. */
  #buffer: ArrayBufferLike | null = null
  #origin = 0
  /** Where in the chunk the next event begins; with a kept tail, its end. */
  #position = 0
  /** Where the window that was parsed begins and ends, and how far it was consumed. */
  #base = 0
  #batchEnd = 0
  #window = STAGE_BYTES
  #index = 0
  #count = 0
  /** Where records are read: the ring, or a copy when someone else needed it; and where record 0 is, or would be. */
  #records: Int32Array = NO_RECORDS
  #recordsAt = 0
  #isASCII = false
  #windowText: string | null = null
  #windowFrom = 0
  /** The core keeps the beginning of a frame. */
  #keeps = false
  /** The core still has the bytes of a kept frame that was handed out. */
  #isDelivered = false
  #isFreed = false

  constructor(core: Core, handle: number) {
    this.core = core
    this.handle = handle
    core.adopt(this, handle, core.exports.parserFree)
  }

  /** Takes the next chunk; the one before must be used up. It must not change until it is used up too. */
  feed(chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#position = 0
    this.#batchEnd = 0
    this.#index = this.#count = 0
  }

  /** True when a chunk is not used up. */
  get isFed(): boolean {
    return this.#chunk !== null
  }

  /** True when nothing of the chunk is behind the current event. */
  get isAtEnd(): boolean {
    return this.#position === (this.#chunk as Uint8Array).length
  }

  /** Goes to the next event; false when the chunk is used up. */
  next(): boolean {
    if (this.#index === this.#count && !this.#parse()) return false
    let words = this.#records
    // Detached by growth: the ring is where it was.
    if (words.length === 0) words = this.#records = this.core.words()
    const at = this.#recordsAt + this.#index * RECORD
    this.#index++
    this.kind = words[at]
    this.#offset = words[at + 1]
    this.length = words[at + 2]
    this.#position = this.#base + words[at + 3]
    return true
  }

  /** Takes a short chunk for the one frame that it is, as `feed` and `next` would; false when it is something else. */
  feedFrame(chunk: Uint8Array): boolean {
    if (chunk.length > SHORT || this.#chunk !== null || this.#keeps || this.shortcut === null) return false
    const length = this.shortcut(chunk)
    if (length < 0) return false
    // Records there are none: without a chunk, `#index` and `#count` are 0.
    this.#chunk = chunk
    this.kind = this.shortcutKind
    this.length = length
    this.#offset = this.shortcutAt
    this.#base = 0
    this.#position = this.#batchEnd = chunk.length
    this.#isASCII = false
    this.isAlone = true
    return true
  }

  /** Lets go of a chunk that `feedFrame` took, and whose frame was handled. */
  endFrame(chunk: Uint8Array): void {
    this.isAlone = false
    if (this.#chunk !== chunk || this.#position !== chunk.length) return
    this.#chunk = this.#buffer = null
    this.kind = 0
  }

  /** Parses the next window of the chunk. */
  #parse(): boolean {
    const chunk = this.#chunk
    if (chunk === null) return false
    const { core } = this
    this.#leaveStage()
    if (core.ringUser === this) core.ringUser = null
    else if (core.ringUser !== null) core.ringUser.saveRecords()
    this.#windowText = null
    let position = this.#batchEnd
    // Behind the last event there is a kept tail, if anything.
    if (position > this.#position) this.#keeps = true
    this.#position = position
    if (position === 0) core.unstage()
    for (;;) {
      const left = chunk.length - position
      if (left === 0) {
        this.#chunk = this.#buffer = null
        this.#index = this.#count = 0
        core.unstage()
        // A frame that was kept and handed out gives its bytes back now, not when the next chunk comes.
        if (this.#isDelivered) {
          this.#isDelivered = false
          check(core.exports.parserPending(this.handle), 'receive')
        }
        this.kind = 0
        return false
      }
      const window = left < this.#window ? left : this.#window
      const isLast = window === left || window === STAGE_BYTES
      const input = core.stage(chunk, position, window)
      const count = core.exports.parserReceive(this.handle, input, window, isLast ? 1 : 0)
      if (count < 0) check(count, 'receive')
      const words = core.words()
      const consumed = words[HEADER_CONSUMED >> 2]
      if (this.#window < STAGE_BYTES) this.#window <<= 1
      if (count > 0) {
        this.#base = position
        this.#batchEnd = position + consumed
        this.#isASCII = words[HEADER_ASCII >> 2] === 1
        this.#index = 0
        this.#count = count
        this.#keeps = false
        this.#records = words
        this.#recordsAt = RING_AT
        // A kept frame is always the first.
        if (words[RING_AT] === EVENT_FRAME_KEPT || (words[RING_AT] & WEBSOCKET_KEPT) !== 0) this.#isDelivered = true
        core.ringUser = this
        if (this.changesInput) {
          this.#changedAt = input
          core.stageUser = this
          // One copy of all is less work than many copies.
          if (count > FEW) this.saveStage()
        }
        return true
      }
      if (consumed > 0) this.#keeps = true
      position += consumed
      this.#position = this.#batchEnd = position
    }
  }

  /** Someone else needs the ring: what is unread there moves aside. */
  saveRecords(): void {
    this.core.ringUser = null
    if (this.#index === this.#count) return
    this.#records = this.core.words().slice(RING_AT + this.#index * RECORD, RING_AT + this.#count * RECORD)
    this.#recordsAt = -this.#index * RECORD
  }

  /** Someone else needs the stage: what was changed there and not handed out goes into the chunk. */
  saveStage(): void {
    const at = this.#changedAt
    this.#leaveStage()
    const from = this.#position - this.#base
    const bytes = this.core.bytes().subarray(at + from, at + this.#batchEnd - this.#base)
    ;(this.#chunk as Uint8Array).set(bytes, this.#position)
  }

  /** Nothing on the stage is needed any more. */
  #leaveStage(): void {
    if (this.#changedAt === 0) return
    this.#changedAt = 0
    this.core.stageUser = null
  }

  /** The current frame's bytes, the caller's to keep: a view of the chunk, or a copy where it spanned chunks. */
  payload(isKept = this.kind === EVENT_FRAME_KEPT): Uint8Array {
    if (!isKept) {
      if (this.#buffer === null) {
        const chunk = this.#chunk as Uint8Array
        this.#buffer = chunk.buffer
        this.#origin = chunk.byteOffset
      }
      if (this.#changedAt !== 0) this.#bringBack()
      return new Uint8Array(this.#buffer, this.#origin + this.#base + this.#offset, this.length)
    }
    return this.core.bytes().slice(this.#offset, this.#offset + this.length)
  }

  /** The current frame as a string. */
  text(encoding: TextEncoding): string {
    const { text } = this.core
    const from = this.#offset
    const to = from + this.length
    if (this.kind !== EVENT_FRAME) return text[encoding](this.core.bytes(), from, to)
    const chunk = this.#chunk as Uint8Array
    const base = this.#base
    if (!this.#isASCII && encoding === 'utf8') return text.utf8(chunk, base + from, base + to)
    if (this.#count <= 1) {
      return this.#isASCII ? text.ascii(chunk, base + from, base + to) : text.latin1(chunk, base + from, base + to)
    }
    // One string serves all frames of the window; each is a piece of it.
    if (this.#windowText === null) {
      this.#windowFrom = from
      this.#windowText = this.#isASCII
        ? text.ascii(chunk, base + from, this.#batchEnd)
        : text.latin1(chunk, base + from, this.#batchEnd)
    }
    return this.#windowText.substring(from - this.#windowFrom, to - this.#windowFrom)
  }

  /** Changes of the current frame go into the chunk. */
  #bringBack(): void {
    const from = this.#changedAt + this.#offset
    const bytes = this.core.bytes().subarray(from, from + this.length)
    ;(this.#chunk as Uint8Array).set(bytes, this.#base + this.#offset)
  }

  /** Puts the current frame's bytes, which are not kept ones, into an array. */
  copyTo(target: Uint8Array, at: number): void {
    const isStaged = this.#changedAt !== 0
    const source = isStaged ? this.core.bytes() : this.#chunk as Uint8Array
    const from = (isStaged ? this.#changedAt : this.#base) + this.#offset
    target.set(source.subarray(from, from + this.length), at)
  }

  /** The current frame, which is all UTF-8 and none of the kept ones, as a string. @param isASCII that is known */
  string(isASCII: boolean): string {
    const { text } = this.core
    const isStaged = this.#changedAt !== 0
    const source = isStaged ? this.core.bytes() : this.#chunk as Uint8Array
    const from = (isStaged ? this.#changedAt : this.#base) + this.#offset
    return isASCII ? text.ascii(source, from, from + this.length) : text.utf8(source, from, from + this.length)
  }

  /**
   * Voids what was parsed ahead, so that the rest is parsed again, from the end of the current event on.
   *
   * After this a line parser may be given another delimiter or limit.
   */
  rewind(): void {
    if (this.#chunk === null) {
      const kept = this.#takeKept()
      if (kept.length > 0) this.feed(kept)
      return
    }
    if (this.core.ringUser === this) this.core.ringUser = null
    this.#index = this.#count = 0
    this.#batchEnd = this.#position
    this.#window = SMALLEST_WINDOW
    this.#keeps = this.#isDelivered = false
    check(this.core.exports.parserReset(this.handle), 'rewind')
  }

  /** All bytes behind the current event, those that the core keeps included; the parser is empty then. */
  takeRest(): Uint8Array {
    const chunk = this.#chunk
    if (chunk === null) return this.#takeKept()
    // A kept tail behind the current event came from this very chunk; one before it is an unfinished frame's beginning.
    const isAhead = this.#index < this.#count || this.#batchEnd > this.#position
    const kept = isAhead ? NOTHING : this.#takeKept()
    const rest = chunk.subarray(this.#position)
    this.clear()
    this.#window = SMALLEST_WINDOW
    return kept.length === 0 ? rest : concat([kept, rest])
  }

  /** Forgets the chunk and what the core keeps. */
  clear(): void {
    this.#leaveStage()
    if (this.core.ringUser === this) this.core.ringUser = null
    this.#chunk = this.#buffer = null
    this.#index = this.#count = 0
    this.#position = this.#batchEnd = 0
    this.#keeps = this.#isDelivered = false
    this.core.unstage()
    check(this.core.exports.parserReset(this.handle), 'clear')
  }

  #takeKept(): Uint8Array {
    const length = check(this.core.exports.parserPending(this.handle), 'takeRest')
    if (length === 0) return NOTHING
    const address = this.core.words()[HEADER_PENDING >> 2]
    const kept = this.core.bytes().slice(address, address + length)
    check(this.core.exports.parserReset(this.handle), 'takeRest')
    this.#keeps = this.#isDelivered = false
    return kept
  }

  /** What the end of the stream means here: 'clean' between frames. */
  end(): 'clean' | 'inside-frame' | 'failed' {
    const state = check(this.core.exports.parserEnd(this.handle), 'end')
    return state === END_FAILED ? 'failed' : state === END_INSIDE_FRAME ? 'inside-frame' : 'clean'
  }

  /** Gives the parser back to the core; it is of no use then. */
  free(): void {
    if (this.#isFreed) return
    this.#isFreed = true
    this.#leaveStage()
    if (this.core.ringUser === this) this.core.ringUser = null
    this.#chunk = this.#buffer = null
    this.#index = this.#count = 0
    this.core.disown(this)
    this.core.exports.parserFree(this.handle)
  }
}
