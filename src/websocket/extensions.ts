/**
 * The grammar of Sec-WebSocket-Extensions and Sec-WebSocket-Protocol.
 *
 *   extension-list = 1#extension          extension-param = token [ "=" ( token | quoted-string ) ]
 *   extension      = token *( ";" extension-param )           what is quoted is a token, too, once it is unquoted
 *
 * Owns: reading and writing the two fields. Must not know: what any extension does. Source: RFC 6455, 9.1, 4.1, 11.3.4.
 */

/** One extension, as offered or accepted: its name, and its parameters in order; null for one without a value. */
export interface ExtensionOffer {
  readonly name: string
  readonly params: readonly (readonly [name: string, value: string | null])[]
}

const TOKEN = /[!#$%&'*+\-.^_`|~\w]+/y
const BLANKS = /[\t ]*/y
const WHOLE_TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/

/** Whether text is a token of HTTP, as the names of subprotocols and extensions are. */
export function isToken(text: unknown): text is string {
  return typeof text === 'string' && WHOLE_TOKEN.test(text)
}

/** Reads the field; null for what is not in the grammar. */
export function parseExtensions(field: string): ExtensionOffer[] | null {
  const reader = new Reader(field)
  const offers: ExtensionOffer[] = []
  for (;;) {
    // Empty members of a list are to be ignored (RFC 9110, 5.6.1.2).
    while (reader.take(',')) continue
    if (reader.isAtEnd) return offers.length === 0 ? null : offers
    const name = reader.token()
    if (name === null) return null
    const params: [string, string | null][] = []
    while (reader.take(';')) {
      const param = reader.token()
      if (param === null) return null
      const value = reader.take('=') ? reader.value() : null
      if (value === undefined) return null
      params.push([param, value])
    }
    offers.push({ name, params })
    if (!reader.isAtEnd && !reader.take(',')) return null
  }
}

/** The field for these extensions. */
export function formatExtensions(offers: readonly ExtensionOffer[]): string {
  return offers.map(({ name, params }) =>
    [name, ...params.map(([param, value]) => value === null ? param : `${param}=${value}`)].join('; ')).join(', ')
}

/** Reads a list of subprotocols; null for what is no list of tokens, each only once. */
export function parseSubprotocols(field: string): string[] | null {
  const reader = new Reader(field)
  const names = new Set<string>()
  for (;;) {
    while (reader.take(',')) continue
    if (reader.isAtEnd) return names.size === 0 ? null : [...names]
    const name = reader.token()
    if (name === null || names.has(name)) return null
    names.add(name)
    if (!reader.isAtEnd && !reader.take(',')) return null
  }
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
    this.#skip()
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    this.#skip()
    return true
  }

  token(): string | null {
    TOKEN.lastIndex = this.#at
    const found = TOKEN.exec(this.#text)
    if (found === null) return null
    this.#at = TOKEN.lastIndex
    this.#skip()
    return found[0]
  }

  /** A token, quoted or not; undefined for anything else. */
  value(): string | undefined {
    if (this.#text[this.#at] !== '"') return this.token() ?? undefined
    let value = ''
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at]!
      if (character === '"') {
        this.#at = at + 1
        this.#skip()
        return isToken(value) ? value : undefined
      }
      value += character === '\\' ? this.#text[++at] ?? '' : character
    }
    return undefined
  }

  #skip(): void {
    BLANKS.lastIndex = this.#at
    BLANKS.exec(this.#text)
    this.#at = BLANKS.lastIndex
  }
}
