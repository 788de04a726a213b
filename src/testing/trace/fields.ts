/**
 * The fields of trace records, read one after the other.
 *
 * Owns: where it is, and that nothing is read behind the end. Must not know: records.
 */

import { decodeText } from '../../core/text.js'
import { TraceError } from '../../errors/trace.js'

/** @internal */
export class Fields {
  readonly #bytes: Uint8Array
  readonly #from: number
  #at = 0

  /** @param from where the bytes begin in the file, for messages */
  constructor(bytes: Uint8Array, from = 0) {
    this.#bytes = bytes
    this.#from = from
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** Where in the file the next field begins. */
  get at(): number {
    return this.#from + this.#at
  }

  byte(): number {
    if (this.isAtEnd) throw this.#cutOff()
    return this.#bytes[this.#at++]
  }

  /** A whole number up to 53 bits. */
  number(): number {
    const first = this.byte()
    if (first < 0x80) return first
    let value = first & 0x7f
    for (let scale = 128; ; scale *= 128) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (value > Number.MAX_SAFE_INTEGER) throw new TraceError(`A number is too large (byte ${this.at}).`)
      if (byte < 0x80) return value
    }
  }

  /** A view of so many bytes as are said before them. */
  bytes(): Uint8Array {
    const length = this.number()
    const end = this.#at + length
    if (end > this.#bytes.length) throw this.#cutOff()
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }

  text(): string {
    return decodeText(this.bytes())
  }

  #cutOff(): TraceError {
    return new TraceError(`The trace ends in the middle of a field (byte ${this.at}).`, { trouble: 'cut off' })
  }
}
