/**
 * SharedResolver: what every resolver has in common, over a host's plain way to ask.
 *
 * Owns: literal addresses answered without asking, one question for all who ask the same at the same time, cancelling,
 * and DNSLookupError as the one error. Must not know: where names are looked up.
 */

import { cancelOnAbort, Deferred } from '../defer/index.js'
import { DNSLookupError } from '../errors/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IHostnameResolver, ResolveOptions } from '../interfaces/resolver.js'
import { tcpAddress } from './address.js'
import { hostErrorCode } from './host-errors.js'
import { addressFamily } from './resolve-literal.js'

/**
 * Asks once for a name.
 * @param family 0 for both
 * @param done to be called once, with what went wrong or null, and the literal addresses, best first
 */
export type NameLookup = (
  name: string, family: 0 | 4 | 6, done: (error: unknown, addresses: readonly string[]) => void) => void

/** A resolver over one function that asks. */
export class SharedResolver implements IHostnameResolver {
  readonly #lookup: NameLookup
  readonly #asked = new Map<string, Set<Deferred<IAddress[]>>>()

  constructor(lookup: NameLookup) {
    this.#lookup = lookup
  }

  /** @throws TypeError for what is no name, RangeError for a family other than 4 and 6 */
  resolve(name: string, options: ResolveOptions = {}): Deferred<IAddress[]> {
    const { family, signal } = options
    checkQuestion(name, family)
    let waiting: Set<Deferred<IAddress[]>> | null = null
    const answer = new Deferred<IAddress[]>(() => {
      waiting?.delete(answer)
    })
    const literal = addressFamily(name)
    if (literal !== 0) {
      if (family !== undefined && family !== literal) answer.errback(noAddress(name, family))
      else answer.callback([tcpAddress(name, 0)])
    } else if (name === '' || name.includes('\0')) {
      answer.errback(new DNSLookupError(`${JSON.stringify(name)} is no host name.`))
    } else if (signal?.aborted !== true) {
      waiting = this.#ask(name, family ?? 0, answer)
    }
    return cancelOnAbort(signal, answer)
  }

  #ask(name: string, family: 0 | 4 | 6, answer: Deferred<IAddress[]>): Set<Deferred<IAddress[]>> {
    // Names have no upper and lower case.
    const key = `${family} ${name.toLowerCase()}`
    const asked = this.#asked.get(key)
    if (asked !== undefined) {
      return asked.add(answer)
    }
    const waiting = new Set([answer])
    this.#asked.set(key, waiting)
    const done = (error: unknown, addresses: readonly string[]): void => {
      if (this.#asked.get(key) !== waiting) return
      this.#asked.delete(key)
      for (const one of waiting) {
        // Cancelled by what one before it did with the answer.
        if (one.called) continue
        const problem = error ?? (addresses.length === 0 ? noAddress(name, family) : null)
        if (problem === null) one.callback([...new Set(addresses)].map((address) => tcpAddress(address, 0)))
        else one.errback(lookupError(name, problem))
      }
    }
    try {
      this.#lookup(name, family, done)
    } catch (error) {
      done(error ?? new Error('The lookup failed.'), [])
    }
    return waiting
  }
}

/** @internal */
export function checkQuestion(name: unknown, family: unknown): void {
  if (typeof name !== 'string') throw new TypeError(`a host name is text, not ${String(name)}`)
  if (family !== undefined && family !== 4 && family !== 6) {
    throw new RangeError(`a family is 4 or 6, not ${String(family)}`)
  }
}

/** @internal */
export function noAddress(name: string, family: 0 | 4 | 6 | undefined): DNSLookupError {
  return new DNSLookupError(`${name} has no ${family ? `IPv${family} ` : ''}address.`)
}

/** A new one for each who asked: an error is changed by whoever handles it. @internal */
export function lookupError(name: string, error: unknown): DNSLookupError {
  if (error instanceof DNSLookupError) return new DNSLookupError(error.message, { cause: error.cause })
  const code = hostErrorCode(error)
  const why = code === '' ? '' : ` (${code})`
  return new DNSLookupError(`${name} could not be resolved${why}.`, { cause: error })
}
