/**
 * ByteReader: bytes, numbers and text out of what a BlockWriter wrote.
 *
 * Owns: the place in the bytes. Must not know: records. What is cut off is told from what is damaged, so that a
 * recording whose program was killed can be read up to there.
 */
import { decodeText } from '../../core/text.js'
import { RecordingError } from '../../errors/index.js'

/** Thrown where the bytes end too early; never leaves this folder. @internal */
export class CutShort extends Error {}

/** Reads from bytes. @internal */
export class ByteReader {
  at: number
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.at = at
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length
  }

  byte(): number {
    if (this.at >= this.#bytes.length) throw new CutShort()
    return this.#bytes[this.at++]
  }

  number(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new RecordingError('The recording is damaged: a number is too long.')
  }

  signed(): number {
    const value = this.number()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** Of things that take a byte each, or more. */
  count(): number {
    const count = this.number()
    if (count > this.#bytes.length - this.at) throw new CutShort()
    return count
  }

  /** A copy. */
  bytes(length: number): Uint8Array {
    if (length > this.#bytes.length - this.at) throw new CutShort()
    this.at += length
    return Uint8Array.from(this.#bytes.subarray(this.at - length, this.at))
  }

  word(): number {
    return (this.byte() | this.byte() << 8 | this.byte() << 16 | this.byte() << 24) | 0
  }

  text(): string {
    return decodeText(this.bytes(this.number()))
  }
}
