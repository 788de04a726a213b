/**
 * BlockWriter: bytes, numbers and text into blocks of one size, each handed on when it is full.
 *
 * Owns: the block that is being filled, its frame, and what happens when nobody can take one. Must not know: records.
 */

import { FIRST_SUM, FRAME_HEAD, sealFrame } from './frames.js'
import { asBytes, putNumber } from '../trace/varint.js'

/** Most bytes that `number` writes: 53 bits, 7 in each. */
const LONGEST_NUMBER = 8

/** Writes into blocks. @internal */
export class BlockWriter {
  /** Bytes in all blocks so far. */
  total = 0
  #block: Uint8Array
  #at = 0
  readonly #take: (block: Uint8Array) => boolean
  readonly #isFramed: boolean
  // Where the frame begins, and what is in it.
  #frame = 0
  #from = 0
  #sum = FIRST_SUM

  /**
   * @param take gets each block, to keep unless it returns true; must not throw
   * @param magic stands before the frames that the blocks then are; null: the blocks are no frames
   */
  constructor(size: number, take: (block: Uint8Array) => boolean, magic: readonly number[] | null = null) {
    this.#block = new Uint8Array(size)
    this.#take = take
    this.#isFramed = magic !== null
    this.#begin(magic ?? [])
  }

  /** Bytes that are in no finished block yet. */
  get waiting(): number {
    return this.#at === this.#from ? 0 : this.#at
  }

  #begin(magic: readonly number[]): void {
    this.#block.set(magic)
    this.#frame = magic.length
    this.#from = this.#isFramed ? magic.length + FRAME_HEAD : 0
    this.#at = this.#from
  }

  /** Ends the block, however little is in it. */
  flush(): void {
    if (this.#at === this.#from) return
    const { length } = this.#block
    const count = this.#at
    if (this.#isFramed) this.#sum = sealFrame(this.#block, this.#frame, count, this.#sum)
    this.total += count
    this.#begin([])
    // What is handed on before it is full, since time has passed, need not take the room of a whole block.
    if (count < length / 2) this.#take(this.#block.slice(0, count))
    else if (!this.#take(this.#block.subarray(0, count))) this.#block = new Uint8Array(length)
  }

  byte(value: number): void {
    if (this.#at === this.#block.length) this.flush()
    this.#block[this.#at++] = value
  }

  /** A whole number from 0 on, up to 53 bits. */
  number(value: number): void {
    if (this.#at + LONGEST_NUMBER > this.#block.length) this.flush()
    this.#at = putNumber(this.#block, this.#at, value)
  }

  /** A whole number of either sign. */
  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value)
  }

  bytes(bytes: Uint8Array): void {
    let from = 0
    while (from < bytes.length) {
      const block = this.#block
      const room = block.length - this.#at
      const count = Math.min(room, bytes.length - from)
      // A view is dearer than a few bytes one by one.
      if (count < 32) for (let i = 0; i < count; i++) block[this.#at + i] = bytes[from + i]
      else block.set(count === bytes.length ? bytes : bytes.subarray(from, from + count), this.#at)
      this.#at += count
      from += count
      if (this.#at === block.length) this.flush()
    }
  }

  /** Four bytes, lowest first. */
  word(value: number): void {
    this.byte(value & 0xff)
    this.byte(value >>> 8 & 0xff)
    this.byte(value >>> 16 & 0xff)
    this.byte(value >>> 24)
  }

  text(text: string): void {
    const bytes = asBytes(text)
    this.number(bytes.length)
    this.bytes(bytes)
  }
}
