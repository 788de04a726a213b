/**
 * A rival for the Int32 parser, written by hand in JavaScript: reads the big-endian prefix byte by byte, hands out a
 * view of the chunk where the payload lies in one, and collects prefix and payload where they span chunks.
 */
export class JsInt32Strings {
  readonly #onString: (data: Uint8Array) => void
  readonly #maxLength: number
  #prefix = 0
  #prefixBytes = 0
  #partial: Uint8Array | null = null
  #have = 0

  constructor(onString: (data: Uint8Array) => void, maxLength = 99999) {
    this.#onString = onString
    this.#maxLength = maxLength
  }

  receive(chunk: Buffer): void {
    const end = chunk.length
    let at = this.#partial === null && this.#prefixBytes === 0 ? 0 : this.#resume(chunk)
    const buffer = chunk.buffer
    const base = chunk.byteOffset
    const max = this.#maxLength
    while (at + 4 <= end) {
      const length = (chunk[at] << 24 | chunk[at + 1] << 16 |
        chunk[at + 2] << 8 | chunk[at + 3]) >>> 0
      if (length > max) throw new RangeError('string too long')
      const start = at + 4
      const stop = start + length
      if (stop > end) {
        this.#partial = new Uint8Array(length)
        this.#have = end - start
        this.#partial.set(chunk.subarray(start))
        return
      }
      at = stop
      this.#onString(new Uint8Array(buffer, base + start, length))
    }
    while (at < end) {
      this.#prefix = (this.#prefix << 8 | chunk[at++]) >>> 0
      this.#prefixBytes++
    }
  }

  /** Takes up what the last chunk left; returns the offset at which the next prefix starts. */
  #resume(chunk: Buffer): number {
    const end = chunk.length
    let at = 0
    if (this.#partial === null) {
      while (at < end && this.#prefixBytes < 4) {
        this.#prefix = (this.#prefix << 8 | chunk[at++]) >>> 0
        this.#prefixBytes++
      }
      if (this.#prefixBytes < 4) return end
      if (this.#prefix > this.#maxLength) throw new RangeError('string too long')
      this.#partial = new Uint8Array(this.#prefix)
      this.#have = 0
      this.#prefix = 0
      this.#prefixBytes = 0
    }
    const partial = this.#partial
    const take = Math.min(partial.length - this.#have, end - at)
    partial.set(chunk.subarray(at, at + take), this.#have)
    this.#have += take
    if (this.#have < partial.length) return end
    this.#partial = null
    this.#onString(partial)
    return at + take
  }
}
