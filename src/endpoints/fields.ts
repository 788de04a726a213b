/**
 * Reads the fields of one endpoint string by name, and says precisely what is wrong with them.
 *
 * Owns: positional and keyword fields as one set of named ones, their types, and the sentence of an error. Must not
 * know: reactors, or what an endpoint does with a field.
 * Source: the project's page of exact behaviour, E08, E10, E12.
 */
import { EndpointSyntaxError } from '../errors/control.js'
import { parseDuration } from './grammar.js'

/** The named fields of one endpoint string. Each reader gives undefined for a field that is not there. */
export class EndpointFields {
  readonly #grammar: string
  readonly #values = new Map<string, string>()

  /**
   * @param grammar how such an endpoint is written; shown in every error
   * @param positional the names that fields without a key get, in order; a name that a key gives is skipped over
   * @param keywords further names that only a key can give
   * @throws EndpointSyntaxError for an unknown key, or a field too many
   */
  constructor(grammar: string, positional: readonly string[], keywords: readonly string[], args: readonly string[],
    options: Readonly<Record<string, string>>) {
    this.#grammar = grammar
    for (const [key, value] of Object.entries(options)) {
      if (!positional.includes(key) && !keywords.includes(key)) throw this.error(key, 'is not known')
      this.#values.set(key, value)
    }
    const free = positional.filter((name) => !this.#values.has(name))
    for (const [index, value] of args.entries()) {
      const name = free[index]
      if (name === undefined) throw this.error(value, 'is one field too many')
      this.#values.set(name, value)
    }
  }

  text(name: string): string | undefined {
    return this.#values.get(name)
  }

  /** A field that must be there, and not be empty. */
  required(name: string): string {
    const value = this.#values.get(name)
    if (value === undefined || value === '') throw this.error(name, 'is missing')
    return value
  }

  /** The number of a port, which must be there. */
  port(name: string): number {
    return this.#integer(name, this.required(name), 0xffff)
  }

  integer(name: string): number | undefined {
    const value = this.#values.get(name)
    return value === undefined ? undefined : this.#integer(name, value, 0x7fffffff)
  }

  /** The permission bits of a file: up to four octal digits. */
  mode(name: string): number | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    if (!/^[0-7]{1,4}$/.test(value)) throw this.error(name, `must be permissions in octal, such as 660, not "${value}"`)
    return parseInt(value, 8)
  }

  /** One of several words. */
  word<W extends string>(name: string, words: readonly W[]): W | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    const word = words.find((one) => one === value)
    if (word === undefined) throw this.error(name, `must be ${words.join(' or ')}, not "${value}"`)
    return word
  }

  /** Words between commas. */
  list(name: string): string[] | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    const words = value.split(',')
    if (words.includes('')) throw this.error(name, `must be words between commas, not "${value}"`)
    return words
  }

  /** A field that may be left out, but not be empty. */
  optional(name: string): string | undefined {
    if (this.#values.get(name) === '') throw this.error(name, 'is empty')
    return this.#values.get(name)
  }

  /** A duration in milliseconds. */
  duration(name: string): number | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    const ms = parseDuration(value)
    if (ms === null) throw this.error(name, `must be a duration such as 30s, 250ms or 2m, not "${value}"`)
    return ms
  }

  /** `yes`, `true`, `1` or `no`, `false`, `0`. */
  flag(name: string): boolean | undefined {
    const value = this.#values.get(name)?.toLowerCase()
    if (value === undefined) return undefined
    if (['yes', 'true', '1'].includes(value)) return true
    if (['no', 'false', '0'].includes(value)) return false
    throw this.error(name, `must be yes or no, not "${value}"`)
  }

  error(field: string, problem: string, cause?: unknown): EndpointSyntaxError {
    return new EndpointSyntaxError(field, `endpoint string: "${field}" ${problem}; write ${this.#grammar}`,
      cause === undefined ? undefined : { cause })
  }

  #integer(name: string, value: string, most: number): number {
    if (!/^\d{1,10}$/.test(value) || Number(value) > most) {
      throw this.error(name, `must be a whole number from 0 to ${most}, not "${value}"`)
    }
    return Number(value)
  }
}

/** An object with this property, or an empty one, so that a default is not overwritten with undefined. */
export function given<K extends string, V>(key: K, value: V | undefined): { [name in K]?: V } {
  return value === undefined ? {} : { [key]: value } as { [name in K]?: V }
}
