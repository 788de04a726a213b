/**
 * The head of an HTTP/1 message, and its fields: one string for all of it, of which everything else is a piece.
 *
 * Owns: what the core's words say. Must not know: parsers, and what a field's value means.
 * The string is made when something is first asked for that it holds.
 */
import {
  HTTP_BODY_FOLLOWS, HTTP_CHUNKED, HTTP_EXPECT_CONTINUE, HTTP_EXPECT_OTHER, HTTP_FOLDED, HTTP_HAS_LENGTH,
  HTTP_HEAD_WORDS, HTTP_METHOD_OTHER, HTTP_MINOR_1, HTTP_PERSISTENT, HTTP_SAME_FIELDS, HTTP_UPGRADE,
} from '../../assembly/abi/http.js'
import { RECORD_BYTES } from '../../assembly/abi/layout.js'
import { HTTP_FIELD_IDS, HTTP_FIELD_NAMES } from './http-names.js'
import type { TextPort } from './text.js'

/** Words in front of those of a head: the record that all events have. */
const SKIPPED = RECORD_BYTES >> 2
// Where things are among the words of a head, that record left out.
const FLAGS = 0
const COUNT = 1
const TARGET = 2
const TARGET_LENGTH = 3
const STATUS = 4
const LENGTH = 5
const LENGTH_HIGH = 6
const FIRST = 7
const FIELDS = HTTP_HEAD_WORDS - SKIPPED
const COLON = 58
const SPACE = 32
/** Methods by their number in the ABI. */
const METHODS = ['', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']
const FOLD = /[ \t]*\r?\n[ \t]+/g

/** The words of a head or of trailers whose first record is at `at`, copied. @internal */
export function copyWords(words: Int32Array, at: number): number[] {
  const from = at + SKIPPED
  const to = from + FIELDS + words[from + COUNT] + 1
  // Room for most heads at once, filled by what may be behind the last word too: cheaper than asking how many.
  const copy = [
    words[from], words[from + 1], words[from + 2], words[from + 3], words[from + 4], words[from + 5], words[from + 6],
    words[from + 7], words[from + 8], words[from + 9], words[from + 10], words[from + 11], words[from + 12],
    words[from + 13], words[from + 14], words[from + 15], words[from + 16], words[from + 17], words[from + 18],
    words[from + 19],
  ]
  for (let i = from + 20; i < to; i++) copy.push(words[i])
  return copy
}

/** The same of a head without words for its fields. @internal */
export function copyFirstWords(words: Int32Array, at: number): number[] {
  const from = at + SKIPPED
  return [
    words[from], words[from + 1], words[from + 2], words[from + 3], words[from + 4], words[from + 5],
    words[from + 6], words[from + 7],
  ]
}

/** Records that a head or trailers take. @internal */
export function recordsOf(flags: number, count: number): number {
  return (HTTP_HEAD_WORDS + ((flags & HTTP_SAME_FIELDS) !== 0 ? 0 : SKIPPED + count)) >> 2
}

/** What is known of a first line that comes again with the same fields. @internal */
export class KnownLine {
  /** All words of the head but for those of its fields. */
  readonly words: readonly number[]
  target: string | null = null

  constructor(words: readonly number[]) {
    this.words = words
  }
}

/** How many names are remembered that were asked for. */
const ASKED = 8

/**
 * What is known of fields that come again: the words of them, and strings once they were asked for. All that is here
 * follows from the bytes of the fields alone. @internal
 */
export class KnownFields {
  readonly words: readonly number[]
  /** A string in which they are, from `first` on. */
  text: string | null = null
  first = 0
  line: KnownLine
  /** Names without a number, and values; made when they came for the second time. */
  names: (string | null)[] | null = null
  values: (string | null)[] | null = null
  /** What was asked for by name, and the answers. */
  readonly asked: string[] = []
  readonly answers: (string | null)[] = []

  constructor(words: readonly number[]) {
    this.words = words
    this.line = new KnownLine(words)
  }

  /** They came again. */
  again(): void {
    if (this.values !== null) return
    const names: (string | null)[] = []
    const values: (string | null)[] = []
    for (let i = this.words[COUNT]; i > 0; i--) {
      names.push(null)
      values.push(null)
    }
    this.names = names
    this.values = values
  }
}

/** The number of a name, in any case; 0 when it has none. */
function idOf(name: string): number {
  return HTTP_FIELD_IDS.get(name) ?? HTTP_FIELD_IDS.get(name.toLowerCase()) ?? 0
}

/** Fields in the order in which they came. Values are ISO 8859-1 text, without the blanks around them. */
export class HTTPFields implements Iterable<[name: string, value: string]> {
  readonly #text: string
  /** Where in the text the first one begins. */
  readonly #first: number
  readonly #words: readonly number[]
  readonly #known: KnownFields | null

  /** @internal */
  constructor(text: string, first: number, words: readonly number[], known: KnownFields | null) {
    this.#text = text
    this.#first = first
    this.#words = words
    this.#known = known
  }

  /** How many there are. */
  get count(): number {
    return this.#words[COUNT]
  }

  /** A name, in lower case. @param index from 0 */
  name(index: number): string {
    const id = this.#words[FIELDS + index] & 0xff
    if (id !== 0) return HTTP_FIELD_NAMES[id - 1]
    const names = this.#known === null ? null : this.#known.names
    return names === null ? this.rawName(index).toLowerCase() : (names[index] ??= this.rawName(index).toLowerCase())
  }

  /** A name as it was sent. */
  rawName(index: number): string {
    const word = this.#words[FIELDS + index]
    const from = this.#first + (word >>> 8)
    const id = word & 0xff
    let to = from + (id === 0 ? 0 : HTTP_FIELD_NAMES[id - 1].length)
    if (id === 0) {
      to = this.#text.indexOf(':', from)
      while (this.#text.charCodeAt(to - 1) <= SPACE) to--
    }
    return this.#text.substring(from, to)
  }

  /** A value. */
  value(index: number): string {
    const values = this.#known === null ? null : this.#known.values
    return values === null ? this.#value(index) : (values[index] ??= this.#value(index))
  }

  #value(index: number): string {
    const text = this.#text
    const words = this.#words
    const word = words[FIELDS + index]
    const id = word & 0xff
    let from = this.#first + (word >>> 8)
    if (id !== 0) from += HTTP_FIELD_NAMES[id - 1].length
    from = (text.charCodeAt(from) === COLON ? from : text.indexOf(':', from)) + 1
    // Whatever is there that is no part of the value, line ends and blanks, is a space or below.
    let to = this.#first + (words[FIELDS + index + 1] >>> 8) - 1
    while (from < to && text.charCodeAt(from) <= SPACE) from++
    while (to > from && text.charCodeAt(to - 1) <= SPACE) to--
    const value = text.substring(from, to)
    return (words[FLAGS] & HTTP_FOLDED) === 0 ? value : value.replace(FOLD, ' ')
  }

  /** The values of a name, in any case, joined by commas as RFC 9110 5.2 says; null when it is not there. */
  get(name: string): string | null {
    const known = this.#known
    if (known === null || known.values === null) return this.#get(name)
    const { asked } = known
    for (let i = 0; i < asked.length; i++) {
      if (asked[i] === name) return known.answers[i]
    }
    const value = this.#get(name)
    if (asked.length < ASKED) {
      asked.push(name)
      known.answers.push(value)
    }
    return value
  }

  #get(name: string): string | null {
    const words = this.#words
    const end = FIELDS + words[COUNT]
    const id = idOf(name)
    const lower = id === 0 ? name.toLowerCase() : ''
    let found: string | null = null
    for (let at = FIELDS; at < end; at++) {
      if ((words[at] & 0xff) !== id || (id === 0 && this.name(at - FIELDS) !== lower)) continue
      const value = this.value(at - FIELDS)
      found = found === null ? value : `${found}, ${value}`
    }
    return found
  }

  /** Each value of a name by itself: `set-cookie` cannot be joined. */
  getAll(name: string): string[] {
    const found: string[] = []
    const { count } = this
    const id = idOf(name)
    const lower = id === 0 ? name.toLowerCase() : ''
    for (let index = 0; index < count; index++) {
      if ((this.#words[FIELDS + index] & 0xff) !== id || (id === 0 && this.name(index) !== lower)) continue
      found.push(this.value(index))
    }
    return found
  }

  has(name: string): boolean {
    const words = this.#words
    const end = FIELDS + words[COUNT]
    const id = idOf(name)
    const lower = id === 0 ? name.toLowerCase() : ''
    for (let at = FIELDS; at < end; at++) {
      if ((words[at] & 0xff) === id && (id !== 0 || this.name(at - FIELDS) === lower)) return true
    }
    return false
  }

  * [Symbol.iterator](): Generator<[name: string, value: string]> {
    for (let index = 0; index < this.count; index++) yield [this.name(index), this.value(index)]
  }
}

/** A request's or a response's head. */
export class HTTPHead {
  readonly #words: readonly number[]
  #text: string | null
  #port: TextPort | null
  #bytes: Uint8Array | null
  readonly #from: number
  readonly #length: number
  readonly #known: KnownFields | null
  readonly #line: KnownLine | null
  #fields: HTTPFields | null = null

  /**
   * @internal
   * @param bytes those of the head are at `from`, and stay what they are
   * @param text all of it, where it is known already
   */
  constructor(
    words: readonly number[], port: TextPort, bytes: Uint8Array, from: number, length: number,
    text: string | null = null, known: KnownFields | null = null, line: KnownLine | null = null,
  ) {
    this.#words = words
    this.#text = text
    this.#port = port
    this.#bytes = bytes
    this.#from = from
    this.#length = length
    this.#known = known
    this.#line = line
  }

  /** All of it, line ends included. Made at first use. @internal */
  get text(): string {
    if (this.#text !== null) return this.#text
    const text = (this.#port as TextPort).latin1(this.#bytes as Uint8Array, this.#from, this.#from + this.#length)
    this.#port = this.#bytes = null
    const known = this.#known
    if (known !== null && known.text === null) {
      known.text = text
      known.first = this.#words[FIRST]
    }
    return (this.#text = text)
  }

  get fields(): HTTPFields {
    return (this.#fields ??= this.#makeFields())
  }

  #makeFields(): HTTPFields {
    const known = this.#known
    if (known === null) return new HTTPFields(this.text, this.#words[FIRST], this.#words, null)
    if (known.text === null) void this.text
    return new HTTPFields(known.text as string, known.first, known.words, known)
  }

  /** Of a request. */
  get method(): string {
    const method = this.#words[STATUS]
    return method === HTTP_METHOD_OTHER ? this.text.substring(0, this.#words[TARGET] - 1) : METHODS[method]
  }

  /** Of a request, as it was sent. */
  get target(): string {
    const line = this.#line
    return line === null ? this.#target() : (line.target ??= this.#target())
  }

  #target(): string {
    const from = this.#words[TARGET]
    const to = from + this.#words[TARGET_LENGTH]
    if (this.#text !== null || (this.#known as KnownFields | null)?.text == null) return this.text.substring(from, to)
    // All that is missing is this.
    return (this.#port as TextPort).latin1(this.#bytes as Uint8Array, this.#from + from, this.#from + to)
  }

  /** Of a response: 100 to 999. */
  get status(): number {
    return this.#words[STATUS]
  }

  /** Of a response: the reason phrase, often empty. */
  get reason(): string {
    return this.target
  }

  /** The minor version: 0 or 1, other ones count as 1. */
  get minorVersion(): 0 | 1 {
    return (this.#words[FLAGS] & HTTP_MINOR_1) !== 0 ? 1 : 0
  }

  /** Whether the connection may carry another message after this one (RFC 9112, 9.3). */
  get isPersistent(): boolean {
    return (this.#words[FLAGS] & HTTP_PERSISTENT) !== 0
  }

  /** Whether a body follows, of a length that may be zero. */
  get hasBody(): boolean {
    return (this.#words[FLAGS] & HTTP_BODY_FOLLOWS) !== 0
  }

  get isChunked(): boolean {
    return (this.#words[FLAGS] & HTTP_CHUNKED) !== 0
  }

  /** What Content-Length says, in bytes; null without one. */
  get contentLength(): number | null {
    return (this.#words[FLAGS] & HTTP_HAS_LENGTH) !== 0
      ? (this.#words[LENGTH] >>> 0) + this.#words[LENGTH_HIGH] * 0x100000000 : null
  }

  /** Whether the connection is asked to become another (RFC 9110, 7.8). */
  get isUpgrade(): boolean {
    return (this.#words[FLAGS] & HTTP_UPGRADE) !== 0
  }

  /** Whether the peer waits for a 100 (Continue) before it sends the body. */
  get expectsContinue(): boolean {
    return (this.#words[FLAGS] & HTTP_EXPECT_CONTINUE) !== 0
  }

  /** Whether the peer expects something that nobody knows: answer 417. */
  get expectsUnknown(): boolean {
    return (this.#words[FLAGS] & HTTP_EXPECT_OTHER) !== 0
  }

}
