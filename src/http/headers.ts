/**
 * Headers: the fields of a message, with the members of the WHATWG class of that name.
 *
 * Those of a received message are the core's records until the first change; then, as those of a message that is made
 * here, they are a list in the order in which they came. Nothing gets in that could end a field early: a name is a
 * token, a value has no control characters, so no message can be split by what a user puts into one.
 * Owns: names, values and their order. Must not know: what a field means, connections.
 * Source: Fetch Standard, 5.1; RFC 9110, 5.
 */
import type { HTTPFields } from '../core/http-head.js'

/** What Headers are made of. */
export type HeadersInit =
  | Headers
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[]>>

const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/
/** Field values: visible US-ASCII, blanks, and the upper half of ISO 8859-1. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const UPPER_HALF = /[\x80-\xff]/
const BLANKS_AROUND = /^[\t ]|[\t ]$/
const BLANKS = /^[\t ]+|[\t ]+$/g

/** Names that were seen to be right, with their lower case: programs use few, again and again. */
const known = /* @__PURE__ */ new Map<string, string>()
const MOST_KNOWN = 500
/** The last few values that were seen to be right: the same ones are set for every response. */
const checked = /* @__PURE__ */ new Set<string>()
const MOST_CHECKED = 64
const LONGEST_CHECKED = 64

/** A name in lower case. @throws TypeError for what is no token */
export function lowerName(name: string): string {
  const found = known.get(name)
  if (found !== undefined) return found
  const text = String(name)
  if (!TOKEN.test(text)) throw new TypeError(`${JSON.stringify(text)} cannot be the name of a field`)
  const lower = text.toLowerCase()
  if (known.size < MOST_KNOWN) known.set(text, lower)
  return lower
}

/** Whether the last value that `cleanValue` gave holds nothing beyond US-ASCII. */
let lastIsASCII = true

/** A value without blanks around it. @throws TypeError for one that no message may hold */
function cleanValue(value: string): string {
  if (checked.has(value)) {
    lastIsASCII = true
    return value
  }
  let text = String(value)
  if (BLANKS_AROUND.test(text)) text = text.replace(BLANKS, '')
  if (!VALUE.test(text)) throw new TypeError(`${JSON.stringify(text)} cannot be the value of a field`)
  lastIsASCII = !UPPER_HALF.test(text)
  if (lastIsASCII && text.length <= LONGEST_CHECKED) {
    if (checked.size >= MOST_CHECKED) checked.clear()
    checked.add(text)
  }
  return text
}

/** The last line of each name: most responses say the same as the one before. */
const lines = /* @__PURE__ */ new Map<string, { value: string, line: string }>()
const MOST_LINES = 200

function lineOf(name: string, value: string): string {
  const found = lines.get(name)
  if (found !== undefined && found.value === value) return found.line
  const line = `${name}: ${value}\r\n`
  if (value.length <= LONGEST_CHECKED) {
    if (found === undefined) {
      if (lines.size < MOST_LINES) lines.set(name, { value, line })
    } else {
      found.value = value
      found.line = line
    }
  }
  return line
}

/** What a message's own fields say of its framing. @internal */
export class FramingFields {
  contentLength: string | null = null
  connection: string | null = null
  hasDate = false
  /** Whether the lines are the same in UTF-8 and ISO 8859-1. */
  isASCII = true

  /** Whether there is nothing of them. */
  get isUsual(): boolean {
    return this.contentLength === null && this.connection === null && !this.hasDate
  }

  clear(): void {
    this.isASCII = true
    this.contentLength = this.connection = null
    this.hasDate = false
  }
}

/** The fields of a message. */
export class Headers implements Iterable<[name: string, value: string]> {
  #fields: HTTPFields | null = null
  /** Lower name, name, value; one behind the other. */
  #list: string[] | null = null
  /** No value holds anything beyond US-ASCII; meant only where there is a list. */
  #isASCII = true

  /** @throws TypeError for names and values that no message may hold */
  constructor(init?: HeadersInit | HTTPFields) {
    if (init === undefined) return
    if (init instanceof Headers) {
      this.#fields = init.#fields
      if (init.#list !== null) {
        this.#list = init.#list.slice()
        this.#isASCII = init.#isASCII
      }
    } else if (isFields(init)) {
      this.#fields = init
    } else {
      this.#fill(init)
    }
  }

  /** How many fields there are; two of one name count twice. */
  get count(): number {
    return this.#list !== null ? this.#list.length / 3 : this.#fields !== null ? this.#fields.count : 0
  }

  append(name: string, value: string): void {
    const lower = lowerName(name)
    const text = cleanValue(value)
    this.#own().push(lower, name, text)
    if (!lastIsASCII) this.#isASCII = false
  }

  delete(name: string): void {
    const lower = lowerName(name)
    if (this.#list === null && (this.#fields === null || !this.#fields.has(lower))) return
    const list = this.#own()
    let kept = 0
    for (let at = 0; at < list.length; at += 3) {
      if (list[at] === lower) continue
      list[kept] = list[at]
      list[kept + 1] = list[at + 1]
      list[kept + 2] = list[at + 2]
      kept += 3
    }
    list.length = kept
  }

  /** The values of a name, joined by commas; null when it is not there. */
  get(name: string): string | null {
    const list = this.#list
    if (list === null) return this.#fields === null ? (lowerName(name), null) : this.#fields.get(lowerName(name))
    const lower = lowerName(name)
    let found: string | null = null
    for (let at = 0; at < list.length; at += 3) {
      if (list[at] === lower) found = found === null ? list[at + 2] : `${found}, ${list[at + 2]}`
    }
    return found
  }

  /** Each value of a name by itself. */
  getAll(name: string): string[] {
    const lower = lowerName(name)
    const list = this.#list
    if (list === null) return this.#fields === null ? [] : this.#fields.getAll(lower)
    const found: string[] = []
    for (let at = 0; at < list.length; at += 3) if (list[at] === lower) found.push(list[at + 2])
    return found
  }

  getSetCookie(): string[] {
    return this.getAll('set-cookie')
  }

  has(name: string): boolean {
    const lower = lowerName(name)
    const list = this.#list
    if (list === null) return this.#fields !== null && this.#fields.has(lower)
    for (let at = 0; at < list.length; at += 3) if (list[at] === lower) return true
    return false
  }

  /** Puts one value in the place of all that the name has. */
  set(name: string, value: string): void {
    const lower = lowerName(name)
    const text = cleanValue(value)
    const list = this.#list ?? this.#own()
    if (!lastIsASCII) this.#isASCII = false
    for (let at = 0; at < list.length; at += 3) {
      if (list[at] !== lower) continue
      list[at + 1] = name
      list[at + 2] = text
      if (list.indexOf(lower, at + 3) > 0) this.#deleteFrom(lower, at + 3)
      return
    }
    list.push(lower, name, text)
  }

  forEach(fn: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    for (const [name, value] of this) fn.call(self, value, name, this)
  }

  * keys(): Generator<string, undefined> {
    for (const [name] of this) yield name
  }

  * values(): Generator<string, undefined> {
    for (const [, value] of this) yield value
  }

  entries(): Generator<[name: string, value: string], undefined> {
    return this[Symbol.iterator]()
  }

  /** In lower case and in the order of names; values of one name joined, apart from those of set-cookie. */
  * [Symbol.iterator](): Generator<[name: string, value: string], undefined> {
    const joined = new Map<string, string>()
    const cookies: string[] = []
    for (const [raw, value] of this.raw()) {
      const name = lowerName(raw)
      if (name === 'set-cookie') {
        cookies.push(value)
        joined.set(name, '')
      } else {
        const before = joined.get(name)
        joined.set(name, before === undefined ? value : `${before}, ${value}`)
      }
    }
    for (const name of [...joined.keys()].sort()) {
      if (name !== 'set-cookie') yield [name, joined.get(name) as string]
      else for (const cookie of cookies) yield [name, cookie]
    }
  }

  /** Each field as it was sent, or is to be: names in their own case, in their own order, nothing joined. */
  * raw(): Generator<[name: string, value: string], undefined> {
    const list = this.#list
    if (list !== null) {
      for (let at = 0; at < list.length; at += 3) yield [list[at + 1], list[at + 2]]
    } else if (this.#fields !== null) {
      for (let index = 0; index < this.#fields.count; index++) {
        yield [this.#fields.rawName(index), this.#fields.value(index)]
      }
    }
  }

  /** All lines of a head, each with its end. @param without a name in lower case that is left out */
  toLines(without?: string): string {
    if (this.#list === null && this.#fields === null) return ''
    const list = this.#own()
    let lines = ''
    for (let at = 0; at < list.length; at += 3) {
      if (list[at] !== without) lines += `${list[at + 1]}: ${list[at + 2]}\r\n`
    }
    return lines
  }

  /**
   * The lines of a head, without those that frame a message, which are noted in `framing` instead.
   * @internal
   */
  linesWithout(framing: FramingFields): string {
    framing.clear()
    if (this.#list === null && this.#fields === null) return ''
    const list = this.#own()
    framing.isASCII = this.#isASCII
    let lines = ''
    for (let at = 0; at < list.length; at += 3) {
      switch (list[at]) {
        case 'content-length':
          framing.contentLength = list[at + 2]
          continue
        case 'transfer-encoding':
          continue
        case 'connection':
          framing.connection = framing.connection === null ? list[at + 2] : `${framing.connection}, ${list[at + 2]}`
          continue
        case 'date':
          framing.hasDate = true
      }
      lines += lineOf(list[at + 1], list[at + 2])
    }
    return lines
  }

  get [Symbol.toStringTag](): string {
    return 'Headers'
  }

  /** The list, which takes the place of the core's records. */
  #own(): string[] {
    if (this.#list !== null) return this.#list
    const list: string[] = []
    const fields = this.#fields
    this.#fields = null
    if (fields !== null) {
      for (let index = 0; index < fields.count; index++) {
        const value = fields.value(index)
        list.push(fields.name(index), fields.rawName(index), value)
        if (UPPER_HALF.test(value)) this.#isASCII = false
      }
    }
    return this.#list = list
  }

  #deleteFrom(lower: string, from: number): void {
    const list = this.#list as string[]
    for (let at = list.length - 3; at >= from; at -= 3) if (list[at] === lower) list.splice(at, 3)
  }

  #fill(init: Exclude<HeadersInit, Headers>): void {
    if (typeof init !== 'object' || init === null) throw new TypeError('Headers are made of pairs, or of an object')
    if (isIterable(init)) {
      for (const pair of init) {
        const [name, value] = pair
        if (pair.length !== 2) throw new TypeError('a field is a pair of a name and a value')
        this.append(name, value)
      }
      return
    }
    for (const [name, value] of Object.entries(init)) {
      if (Array.isArray(value)) for (const one of value as readonly string[]) this.append(name, one)
      else this.append(name, value as string)
    }
  }
}

function isIterable(init: object): init is Iterable<readonly [string, string]> {
  return typeof (init as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}

/** Told by what it can do: a core of another copy of the package has a class of its own. */
function isFields(init: object): init is HTTPFields {
  return typeof (init as Partial<HTTPFields>).rawName === 'function'
}

/** Whether a field's list of tokens holds one, in any case. @param value as `Headers.get` gives it */
export function hasToken(value: string | null, token: string): boolean {
  if (value === null) return false
  return value.split(',').some((one) => one.trim().toLowerCase() === token)
}
