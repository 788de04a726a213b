/**
 * What a handshake has received and not consumed, as one run of bytes.
 *
 * Owns: joining chunks, so that a header that arrives byte by byte costs no more than its length. Must not know: what
 * the bytes mean, or limits.
 */
const EMPTY = new Uint8Array(0)

/** Bytes that are gathered at one end and consumed at the other. */
export class HandshakeBuffer {
  #store: Uint8Array = EMPTY
  #start = 0
  #end = 0
  #isOwn = false

  get length(): number {
    return this.#end - this.#start
  }

  /** Everything gathered; valid until the next call of this object's methods. */
  get bytes(): Uint8Array {
    return this.#store.subarray(this.#start, this.#end)
  }

  /** @param chunk this object's to keep, but never changed */
  push(chunk: Uint8Array): void {
    if (this.length === 0) {
      this.#store = chunk
      this.#start = 0
      this.#end = chunk.length
      this.#isOwn = false
      return
    }
    const length = this.length + chunk.length
    if (!this.#isOwn || this.#end + chunk.length > this.#store.length) {
      const store = new Uint8Array(Math.max(2 * length, 64))
      store.set(this.bytes)
      this.#store = store
      this.#end = this.length
      this.#start = 0
      this.#isOwn = true
    }
    this.#store.set(chunk, this.#end)
    this.#end += chunk.length
  }

  consume(length: number): void {
    this.#start += length
  }

  /** What is left, which this object then forgets. */
  take(): Uint8Array {
    const rest = this.bytes
    this.#store = EMPTY
    this.#start = this.#end = 0
    this.#isOwn = false
    return rest
  }
}
