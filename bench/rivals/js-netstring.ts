/**
 * A rival for the netstring parser, written by hand in JavaScript: a payload that lies in one chunk is a view of it,
 * one that spans chunks is collected in an array of its own. Checks digits, leading zeros, the limit and the comma.
 */
const LENGTH = 0
const PAYLOAD = 1
const COMMA = 2

export class JsNetstrings {
  readonly #onString: (data: Uint8Array) => void
  readonly #maxLength: number
  #state = LENGTH
  #length = 0
  #digits = 0
  #partial: Uint8Array | null = null
  #have = 0

  constructor(onString: (data: Uint8Array) => void, maxLength = 99999) {
    this.#onString = onString
    this.#maxLength = maxLength
  }

  receive(chunk: Buffer): void {
    const end = chunk.length
    let at = this.#state === LENGTH && this.#digits === 0 ? 0 : this.#resume(chunk)
    const buffer = chunk.buffer
    const base = chunk.byteOffset
    const max = this.#maxLength
    while (at < end) {
      let length = 0
      let scan = at
      let byte = 0
      while (scan < end && (byte = chunk[scan] - 48) >= 0 && byte <= 9) {
        length = length * 10 + byte
        scan++
        if (length > max) throw new RangeError('netstring too long')
      }
      const digits = scan - at
      if (digits > 1 && chunk[at] === 48) throw new SyntaxError('leading zero')
      if (scan === end) {
        this.#length = length
        this.#digits = digits
        return
      }
      if (digits === 0 || byte !== 10) throw new SyntaxError('not a length')
      const start = scan + 1
      const stop = start + length
      if (stop >= end) {
        this.#begin(chunk, start, length)
        return
      }
      if (chunk[stop] !== 44) throw new SyntaxError('no comma')
      at = stop + 1
      this.#onString(new Uint8Array(buffer, base + start, length))
    }
  }

  /** Keeps the payload that this chunk begins and the next one ends (or brings only the comma of). */
  #begin(chunk: Buffer, start: number, length: number): void {
    const partial = new Uint8Array(length)
    const have = Math.min(length, chunk.length - start)
    partial.set(chunk.subarray(start, start + have))
    this.#partial = partial
    this.#have = have
    this.#length = length
    this.#digits = 0
    this.#state = have === length ? COMMA : PAYLOAD
  }

  /** Takes up what the last chunk left; returns the offset at which the next netstring starts. */
  #resume(chunk: Buffer): number {
    const end = chunk.length
    let at = 0
    if (this.#state === LENGTH) {
      let byte = 0
      while (at < end && (byte = chunk[at] - 48) >= 0 && byte <= 9) {
        if (this.#digits === 1 && this.#length === 0) throw new SyntaxError('leading zero')
        this.#length = this.#length * 10 + byte
        this.#digits++
        at++
        if (this.#length > this.#maxLength) throw new RangeError('netstring too long')
      }
      if (at === end) return end
      if (byte !== 10) throw new SyntaxError('not a length')
      at++
      this.#partial = new Uint8Array(this.#length)
      this.#have = 0
      this.#digits = 0
      this.#state = this.#length === 0 ? COMMA : PAYLOAD
    }
    const partial = this.#partial as Uint8Array
    if (this.#state === PAYLOAD) {
      const take = Math.min(partial.length - this.#have, end - at)
      partial.set(chunk.subarray(at, at + take), this.#have)
      this.#have += take
      at += take
      if (this.#have < partial.length) return end
      this.#state = COMMA
    }
    if (at === end) return end
    if (chunk[at] !== 44) throw new SyntaxError('no comma')
    this.#state = LENGTH
    this.#length = 0
    this.#partial = null
    this.#onString(partial)
    return at + 1
  }
}
