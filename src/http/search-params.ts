/**
 * SearchParams: the parameters of a query where the host has no URLSearchParams; names and meaning are those of it.
 *
 * Owns: the list, and how it is read and written as text. Must not know: URLs, requests.
 * Source: WHATWG URL, 5 and 6.2.
 */
import { percentDecoded, percentEncoded } from './percent.js'

/** What is not written as it is; a blank is a plus sign. */
const ENCODED = /[^*\-.\w]/gu
/** Half of a surrogate pair: no text that travels has one. */
const LONE = /\p{Surrogate}/gu

/** What `URLSearchParams` is on hosts that have it. */
export class SearchParams implements URLSearchParams {
  #list: [name: string, value: string][]

  /** @param query with or without its question mark */
  constructor(query: string) {
    this.#list = query.replace(/^\?/, '').split('&').filter((part) => part !== '').map((part) => {
      const at = part.indexOf('=')
      return at < 0 ? [decoded(part), ''] : [decoded(part.slice(0, at)), decoded(part.slice(at + 1))]
    })
  }

  get size(): number {
    return this.#list.length
  }

  append(name: string, value: string): void {
    this.#list.push([sound(name), sound(value)])
  }

  delete(name: string, value?: string): void {
    const isMeant = meaning(name, value)
    this.#list = this.#list.filter((pair) => !isMeant(pair))
  }

  get(name: string): string | null {
    return this.#list.find(meaning(name))?.[1] ?? null
  }

  getAll(name: string): string[] {
    return this.#list.filter(meaning(name)).map(([, value]) => value)
  }

  has(name: string, value?: string): boolean {
    return this.#list.some(meaning(name, value))
  }

  set(name: string, value: string): void {
    const isMeant = meaning(name)
    const first = this.#list.find(isMeant)
    if (first === undefined) {
      this.append(name, value)
      return
    }
    first[1] = sound(value)
    this.#list = this.#list.filter((pair) => pair === first || !isMeant(pair))
  }

  /** By name, in the order of UTF-16 code units; those of one name stay in their order. */
  sort(): void {
    this.#list.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)
  }

  forEach(fn: (value: string, name: string, parent: URLSearchParams) => void, self?: unknown): void {
    for (const [name, value] of this) fn.call(self, value, name, this)
  }

  * entries(): URLSearchParamsIterator<[string, string]> {
    for (let at = 0; at < this.#list.length; at++) {
      const [name, value] = this.#list[at]!
      yield [name, value]
    }
  }

  * keys(): URLSearchParamsIterator<string> {
    for (const [name] of this) yield name
  }

  * values(): URLSearchParamsIterator<string> {
    for (const [, value] of this) yield value
  }

  [Symbol.iterator](): URLSearchParamsIterator<[string, string]> {
    return this.entries()
  }

  toString(): string {
    return this.#list.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&')
  }

  get [Symbol.toStringTag](): string {
    return 'URLSearchParams'
  }
}

/** Is it the pair of this name, and this value if one is given? */
function meaning(name: string, value?: string): (pair: readonly [name: string, value: string]) => boolean {
  const [wanted, also] = [sound(name), value === undefined ? undefined : sound(value)]
  return (pair) => pair[0] === wanted && (also === undefined || pair[1] === also)
}

function sound(text: string): string {
  return String(text).replace(LONE, '\ufffd')
}

function decoded(text: string): string {
  return percentDecoded(sound(text).replaceAll('+', ' '))
}

function encoded(text: string): string {
  return text.replace(ENCODED, (one) => one === ' ' ? '+' : percentEncoded(one))
}
