/**
 * Which hosts and ports a relay connects to.
 *
 *   example.com:443   *.example.com:80,443   *:6667   10.0.0.0/8:5432   [2001:db8::]/32:*   !metrics.example.com:*
 *
 * What is asked for must be on the list as it is asked for, a name by its name. What a name resolves to is looked at
 * as well: an address that is not for everybody to reach (loopback, private, link-local and their like) must be on the
 * list itself, as an address, so that no name of somebody else's leads into the relay's own network. `*` stands for
 * public hosts. With `!` in front a pattern takes away what others grant, from names and addresses alike.
 *
 * Owns: the list, and what is public. Must not know: resolvers. Source: the IANA registries of special-purpose
 * addresses (RFC 6890); the grammar of patterns is that of restricted reactors.
 */
import { addressBytes, parsePattern, plainName } from '../reactor/restrict-patterns.js'
import type { Pattern } from '../reactor/restrict-patterns.js'

/** What may be reached. */
export class AllowList {
  readonly #patterns: readonly Pattern[]

  /** @throws TypeError for a pattern that is none */
  constructor(patterns: readonly string[]) {
    if (!Array.isArray(patterns)) throw new TypeError('allow is a list of patterns such as example.com:443')
    this.#patterns = patterns.map((pattern: string) => {
      const [, not, rest] = /^(!?)(.*)$/s.exec(String(pattern))!
      return parsePattern(`${not!}tcp:${rest!}`)
    })
  }

  /** Whether this name, or address, may be asked for. */
  allowsHost(host: string, port: number): boolean {
    if (addressBytes(host) !== null) return this.allowsAddress(host, port, false)
    const name = plainName(host)
    return name !== null && this.#decide(port, (pattern) => pattern.matchesName(name))
  }

  /**
   * Whether this address may be connected to.
   * @param named the address of a name that is allowed: then a public one needs no pattern of its own
   */
  allowsAddress(address: string, port: number, named: boolean): boolean {
    const bytes = addressBytes(address)
    // A zone names an interface of the relay's own.
    if (bytes === null || address.includes('%')) return false
    const granted = (pattern: Pattern): boolean => pattern.matchesAddress(bytes)
    if (!isPublic(bytes)) {
      return this.#decide(port, (pattern) => granted(pattern) && (pattern.takesAway || !pattern.any))
    }
    return named ? !this.#takesAway(port, granted) : this.#decide(port, granted)
  }

  #decide(port: number, matches: (pattern: Pattern) => boolean): boolean {
    return !this.#takesAway(port, matches)
      && this.#patterns.some((one) => !one.takesAway && one.matchesPort(port) && matches(one))
  }

  #takesAway(port: number, matches: (pattern: Pattern) => boolean): boolean {
    return this.#patterns.some((one) => one.takesAway && one.matchesPort(port) && matches(one))
  }
}

/** First bytes, and how many bits of them count. */
const NOT_PUBLIC_4: readonly [readonly number[], number][] = [
  [[0], 8], [[10], 8], [[100, 64], 10], [[127], 8], [[169, 254], 16], [[172, 16], 12], [[192, 0, 0], 24],
  [[192, 0, 2], 24], [[192, 88, 99], 24], [[192, 168], 16], [[198, 18], 15], [[198, 51, 100], 24], [[203, 0, 113], 24],
  [[224], 4], [[240], 4],
]
/** Of 2000::/3, outside of which nothing is: Teredo and the others of 2001::/23, documentation, 6to4. */
const NOT_PUBLIC_6: readonly [readonly number[], number][] = [
  [[0x20, 0x01, 0], 23], [[0x20, 0x01, 0x0d, 0xb8], 32], [[0x20, 0x02], 16], [[0x3f, 0xff, 0], 20],
]

/** Whether an address is one of the public Internet. */
export function isPublic(bytes: readonly number[]): boolean {
  if (bytes.length === 4) return !NOT_PUBLIC_4.some(([first, bits]) => begins(bytes, first, bits))
  return begins(bytes, [0x20], 3) && !NOT_PUBLIC_6.some(([first, bits]) => begins(bytes, first, bits))
}

function begins(bytes: readonly number[], first: readonly number[], bits: number): boolean {
  for (let at = 0, left = bits; left > 0; at += 1, left -= 8) {
    const mask = left >= 8 ? 0xff : 0xff << 8 - left & 0xff
    if (((bytes[at]! ^ first[at]!) & mask) !== 0) return false
  }
  return true
}
