/**
 * StaticResolver: names from a table, for tests and for programs that know better than the host.
 *
 * Owns: the table. Must not know: any host; what it does not have, another resolver may.
 */

import type { Deferred } from '../defer/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IHostnameResolver, ResolveOptions } from '../interfaces/resolver.js'
import { addressFamily } from './resolve-literal.js'
import { checkQuestion, noAddress, SharedResolver } from './resolve-shared.js'

/** Names and their addresses, best first. */
export type NameTable = Iterable<readonly [string, string | readonly string[]]> |
  Readonly<Record<string, string | readonly string[]>>

/**
 * Resolves from a table.
 *
 * @example
 * const hosts = new StaticResolver({ 'db.example': ['10.0.0.7', 'fd00::7'] }, reactor.nameResolver)
 * reactor.installNameResolver(hosts)
 */
export class StaticResolver implements IHostnameResolver {
  readonly #names = new Map<string, readonly string[]>()
  readonly #otherwise: IHostnameResolver | null
  readonly #table = new SharedResolver((name, family, done) => {
    const addresses = this.#names.get(plain(name)) ?? []
    const wanted = addresses.filter((address) => family === 0 || addressFamily(address) === family)
    done(wanted.length === 0 ? noAddress(name, family) : null, wanted)
  })

  /**
   * @param names upper and lower case are alike, and so is a dot at the end
   * @param otherwise who is asked for names that the table does not have; nobody if not given
   * @throws TypeError for an address that is none
   */
  constructor(names: NameTable = {}, otherwise: IHostnameResolver | null = null) {
    const entries = Symbol.iterator in names
      ? names as Iterable<readonly [string, string | readonly string[]]>
      : Object.entries(names)
    for (const [name, addresses] of entries) this.set(name, addresses)
    this.#otherwise = otherwise
  }

  /** Adds a name, or replaces its addresses. @throws TypeError for an address that is none */
  set(name: string, addresses: string | readonly string[]): void {
    checkQuestion(name, undefined)
    const list = typeof addresses === 'string' ? [addresses] : [...addresses]
    for (const address of list) {
      if (typeof address !== 'string' || addressFamily(address) === 0) {
        throw new TypeError(`${String(address)} is no IP address`)
      }
    }
    this.#names.set(plain(name), list)
  }

  delete(name: string): boolean {
    return this.#names.delete(plain(name))
  }

  resolve(name: string, options: ResolveOptions = {}): Deferred<IAddress[]> {
    checkQuestion(name, options.family)
    const known = this.#names.has(plain(name)) || addressFamily(name) !== 0
    return known || this.#otherwise === null
      ? this.#table.resolve(name, options)
      : this.#otherwise.resolve(name, options)
  }
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}
