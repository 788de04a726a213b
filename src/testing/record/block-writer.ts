/**
 * BlockWriter: bytes, numbers and text into blocks of one size, each handed on when it is full.
 *
 * Owns: the block that is being filled, and what happens when nobody can take one. Must not know: records.
 */

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

  /** @param take gets each block, to keep unless it returns true; must not throw */
  constructor(size: number, take: (block: Uint8Array) => boolean) {
    this.#block = new Uint8Array(size)
    this.#take = take
  }

  /** Bytes that are in no finished block yet. */
  get waiting(): number {
    return this.#at
  }

  /** Ends the block, however little is in it. */
  flush(): void {
    if (this.#at === 0) return
    const { length } = this.#block
    const count = this.#at
    this.total += count
    this.#at = 0
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
