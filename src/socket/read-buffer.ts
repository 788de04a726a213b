/**
 * ReadBuffer: bytes that came and were not read yet, taken out in whatever measure the reader asks for.
 *
 * Owns: their order, and the core's parser that finds delimiters in them. A chunk is with the parser while frames are
 * read one after another, and comes back for any other kind of read, so that mixing them costs little.
 * Must not know: connections, or who waits for the bytes.
 */
import { concat } from '../core/bytes.js'
import { defaultCore } from '../core/default.js'
import { EVENT_LINE_TOO_LONG } from '../core/events.js'
import { configureLineFrames, makeLineFrames } from '../core/formats.js'
import type { FrameParser } from '../core/frame-parser.js'
import { ReadLimitError } from './errors.js'

const NOTHING = new Uint8Array(0)

/** Bytes in, pieces out. */
export class ReadBuffer {
  #chunks: Uint8Array[] = []
  #from = 0
  #length = 0
  #parser: FrameParser | null = null
  #delimiter: Uint8Array = NOTHING
  #limit = 0
  /** Bytes that the parser has. */
  #lent = 0

  /** Bytes that wait here. */
  get length(): number {
    return this.#length
  }

  /** @param chunk the buffer's to keep */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** Up to `most` bytes, without a copy; empty when there are none. */
  read(most: number): Uint8Array {
    this.#takeBack()
    if (this.#length === 0) return NOTHING
    const chunk = this.#chunks[this.#from]
    if (chunk.length <= most) return this.#shift()
    this.#chunks[this.#from] = chunk.subarray(most)
    this.#length -= most
    return chunk.subarray(0, most)
  }

  /** That many bytes, copied only where they came in pieces; there must be so many. */
  readExactly(count: number): Uint8Array {
    const first = this.read(count)
    if (first.length === count) return first
    const parts = [first]
    for (let left = count - first.length; left > 0;) {
      const part = this.read(left)
      parts.push(part)
      left -= part.length
    }
    return concat(parts)
  }

  /** Everything. */
  readAll(): Uint8Array {
    return this.readExactly(this.#length)
  }

  /**
   * The bytes before the next delimiter, which is taken too; null while none has come.
   *
   * @throws ReadLimitError when more than `limit` bytes come first: nothing is taken then; CoreError for a delimiter
   *   that is none
   */
  readFrame(delimiter: Uint8Array, limit: number): Uint8Array | null {
    const parser = this.#parserFor(delimiter, limit)
    for (;;) {
      if (parser.next()) break
      if (this.#from === this.#chunks.length) return null
      const chunk = this.#next()
      this.#lent += chunk.length
      parser.feed(chunk)
    }
    if (parser.kind === EVENT_LINE_TOO_LONG) {
      this.#takeBack()
      throw new ReadLimitError(limit)
    }
    const frame = parser.payload()
    this.#lent -= frame.length + delimiter.length
    this.#length -= frame.length + delimiter.length
    return frame
  }

  /** Forgets everything, and gives the parser back to the core. */
  clear(): void {
    this.#chunks = []
    this.#from = this.#length = this.#lent = 0
    this.#parser?.free()
    this.#parser = null
  }

  #parserFor(delimiter: Uint8Array, limit: number): FrameParser {
    if (this.#parser === null) {
      this.#parser = makeLineFrames(defaultCore(), delimiter, limit)
    } else if (limit !== this.#limit || !isSame(delimiter, this.#delimiter)) {
      this.#takeBack()
      this.#parser.clear()
      configureLineFrames(this.#parser, delimiter, limit)
    }
    this.#delimiter = delimiter
    this.#limit = limit
    return this.#parser
  }

  /** The parser's bytes are the first of all that wait. */
  #takeBack(): void {
    if (this.#lent === 0) return
    this.#lent = 0
    const rest = (this.#parser as FrameParser).takeRest()
    if (this.#from > 0) this.#chunks[--this.#from] = rest
    else this.#chunks.unshift(rest)
  }

  #shift(): Uint8Array {
    const chunk = this.#next()
    this.#length -= chunk.length
    return chunk
  }

  #next(): Uint8Array {
    const chunk = this.#chunks[this.#from++]
    if (this.#from === this.#chunks.length) {
      this.#chunks = []
      this.#from = 0
    } else if (this.#from > 64) {
      this.#chunks = this.#chunks.slice(this.#from)
      this.#from = 0
    }
    return chunk
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one === other || (one.length === other.length && one.every((byte, i) => byte === other[i]))
}
