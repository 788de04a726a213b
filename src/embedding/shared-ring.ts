/**
 * SharedRing: batches of messages from one thread to another, through memory that both share.
 *
 * Owns: the layout of the memory, and the two numbers that both sides trust no further than the size of it. One side
 * writes, the other reads; two rings make a border. Must not know: what a batch says, threads, or how long to wait:
 * `length` is a word to give to Atomics.wait, Atomics.waitAsync or a poll. Source: the project's own.
 *
 *   word 0  bytes written so far      word 1  bytes read so far      both mod 2³²
 *   then a power of two of bytes, around and around: each batch as its length, u32 little-endian, and its bytes
 *
 * What finds no room waits at the writer (`pending`) until `flush`: windows bound how much that is.
 */
import { EmbeddingViolation } from '../errors/embedding.js'

const HEAD = 8
const WRITTEN = 0
const READ = 1

/** A queue of byte arrays in shared memory. */
export class SharedRing {
  /** The two counters, to wait on. */
  readonly words: Int32Array<SharedArrayBuffer>
  readonly #bytes: Uint8Array<SharedArrayBuffer>
  #waiting: Uint8Array[] = []
  #pending = 0
  /** The batch that is being read. */
  #length = -1
  #parts: Uint8Array<ArrayBuffer> | null = null
  #have = 0
  readonly #most: number

  /**
   * @param memory 8 bytes and a power of two of them, as `memoryFor` says; all zero at first
   * @param most bytes of a batch that the reader takes; more is a violation
   * @throws RangeError for memory of another size
   */
  constructor(memory: SharedArrayBuffer, most = 16_777_216) {
    const size = memory.byteLength - HEAD
    if (size < 64 || (size & (size - 1)) !== 0 || size > 1 << 30) {
      throw new RangeError('a ring has 8 bytes and a power of two of them, 64 or more')
    }
    this.words = new Int32Array(memory, 0, 2)
    this.#bytes = new Uint8Array(memory, HEAD)
    this.#most = most
  }

  /** Bytes of memory for a ring that holds so many. */
  static memoryFor(bytes: number): number {
    let size = 64
    while (size < bytes) size *= 2
    return HEAD + size
  }

  // --- the writer

  /** Bytes that found no room yet. */
  get pending(): number {
    return this.#pending
  }

  /** Adds a batch, which is the ring's from now on, and wakes a reader that waits. */
  write(batch: Uint8Array): void {
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, batch.length, true)
    this.#waiting.push(length, batch)
    this.#pending += 4 + batch.length
    this.flush()
  }

  /** Writes what waits, as far as there is room now. @returns whether nothing waits any more */
  flush(): boolean {
    const size = this.#bytes.length
    let written = Atomics.load(this.words, WRITTEN)
    let room = size - this.#filled()
    const before = written
    while (room > 0 && this.#waiting.length > 0) {
      const piece = this.#waiting[0]!
      const at = written & (size - 1)
      const part = piece.subarray(0, Math.min(piece.length, room, size - at))
      this.#bytes.set(part, at)
      written = (written + part.length) | 0
      room -= part.length
      this.#pending -= part.length
      if (part.length === piece.length) this.#waiting.shift()
      else this.#waiting[0] = piece.subarray(part.length)
    }
    if (written !== before) {
      Atomics.store(this.words, WRITTEN, written)
      Atomics.notify(this.words, WRITTEN)
    }
    return this.#waiting.length === 0
  }

  // --- the reader

  /** The next batch, null if there is no whole one yet. @throws EmbeddingViolation for one that is too long */
  read(): Uint8Array<ArrayBuffer> | null {
    for (;;) {
      if (this.#parts === null) {
        this.#parts = new Uint8Array(this.#length < 0 ? 4 : this.#length)
        this.#have = 0
      }
      if (!this.#take(this.#parts)) return null
      const whole = this.#parts
      this.#parts = null
      if (this.#length >= 0) {
        this.#length = -1
        return whole
      }
      this.#length = new DataView(whole.buffer).getUint32(0, true)
      if (this.#length > this.#most) throw new EmbeddingViolation(`A batch of ${this.#length} bytes is too long.`)
    }
  }

  /** Fills what is left of an array. */
  #take(into: Uint8Array): boolean {
    const size = this.#bytes.length
    let read = Atomics.load(this.words, READ)
    let there = this.#filled()
    const before = read
    while (there > 0 && this.#have < into.length) {
      const at = read & (size - 1)
      const count = Math.min(there, into.length - this.#have, size - at)
      into.set(this.#bytes.subarray(at, at + count), this.#have)
      this.#have += count
      read = (read + count) | 0
      there -= count
    }
    if (read !== before) {
      Atomics.store(this.words, READ, read)
      Atomics.notify(this.words, READ)
    }
    return this.#have === into.length
  }

  /** Bytes that were written and not read. @throws EmbeddingViolation when the other side wrote nonsense there */
  #filled(): number {
    const filled = (Atomics.load(this.words, WRITTEN) - Atomics.load(this.words, READ)) >>> 0
    if (filled > this.#bytes.length) throw new EmbeddingViolation('The counters of a ring make no sense.')
    return filled
  }
}
