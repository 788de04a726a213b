/**
 * Grants: what a restricted reactor may do, and the answer to every question whether it may.
 *
 * Owns: the questions, each answered with a CapabilityError or nothing, and the memory of which addresses its names
 * were resolved to. Must not know: who asks. Grants made from other grants only ever narrow them: both must agree.
 * Source: the project's own; that authority is what one was handed, and nothing else, is the object-capability model.
 */
import { CapabilityError } from '../errors/index.js'
import { addressBytes, parsePattern, plainName, programMatcher, socketPath } from './restrict-patterns.js'
import type { Pattern, PatternKind } from './restrict-patterns.js'

/** What code that holds the restricted reactor may do; what is not named, it may not. */
export interface Restrictions {
  /** Where to: `tcp:example.com:443`, `tcp:10.0.0.0/8:*`, `udp:*:53`, `unix:/run/app/*`. */
  connect?: readonly string[]
  /** Where at: `tcp:127.0.0.1:8000-9000`, `udp:*:0`, `unix:/run/app/*`. */
  listen?: readonly string[]
  /** Child processes: true for any program, or the whole paths of those that may be run. */
  processes?: boolean | readonly string[]
  /** Reading files by name, standard input and output, and descriptors that this program was started with. */
  files?: boolean
  /** Running modules in threads. */
  threads?: boolean
  /** `installNameResolver`, which then holds for whoever was given this restricted reactor. */
  resolver?: boolean
  /** `run`, `stop` and `crash` of the reactor that everybody shares. */
  lifecycle?: boolean
}

type Way = 'connect' | 'listen'
type Flag = 'files' | 'threads' | 'resolver' | 'lifecycle'

const KEYS = ['connect', 'listen', 'processes', 'files', 'threads', 'resolver', 'lifecycle']

/** Addresses that names were resolved to, at most so many; the oldest is forgotten first. */
const MOST_REMEMBERED = 4_096
/** Names of one address. */
const MOST_NAMES = 256

const LOOPBACKS = [[127, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]

/** What may be done. */
export class Grants {
  readonly #outer: Grants | null
  readonly #patterns: Record<Way, readonly Pattern[]>
  readonly #programs: ((path: string) => boolean) | null
  readonly #flags: Record<Flag, boolean>
  /** Address → the names that were resolved to it, of those that may be resolved. */
  readonly #resolved = new Map<string, Set<string>>()

  /**
   * @param outer grants that hold too
   * @throws TypeError for an option that is unknown, or a pattern that is none
   */
  constructor(restrictions: Restrictions, outer: Grants | null = null) {
    if (typeof restrictions !== 'object' || restrictions === null) throw new TypeError('restrict() takes an object')
    // Each is read once: what a getter says the second time does not count.
    const given = { ...restrictions } as Record<string, unknown>
    for (const key of Object.keys(given)) {
      if (!KEYS.includes(key)) throw new TypeError(`restrict() knows no "${key}"; it knows ${KEYS.join(', ')}`)
    }
    this.#outer = outer
    this.#patterns = { connect: patternsOf(given, 'connect'), listen: patternsOf(given, 'listen') }
    this.#programs = programsOf(given['processes'])
    this.#flags = {
      files: flagOf(given, 'files'), threads: flagOf(given, 'threads'), resolver: flagOf(given, 'resolver'),
      lifecycle: flagOf(given, 'lifecycle'),
    }
  }

  /** @throws CapabilityError unless that is granted */
  need(flag: Flag, what: string): void {
    if (!this.#flags[flag]) throw denied(what, `it would need { ${flag}: true }`)
    this.#outer?.need(flag, what)
  }

  /** Whether that is granted. */
  has(flag: Flag): boolean {
    return this.#flags[flag] && (this.#outer === null || this.#outer.has(flag))
  }

  /** @throws CapabilityError unless the program may be run */
  needProgram(path: string): void {
    const known = socketPath(path)
    if (this.#programs === null || (this.#programs !== ANY && (known === null || !this.#programs(known)))) {
      throw denied(`run ${path}`)
    }
    this.#outer?.needProgram(path)
  }

  get hasPrograms(): boolean {
    return this.#programs !== null && (this.#outer === null || this.#outer.hasPrograms)
  }

  /** @throws CapabilityError unless the path is granted */
  needPath(way: Way, path: string): void {
    const known = socketPath(path)
    const patterns = this.#patterns[way].filter(({ kind }) => kind === 'unix')
    const hits = patterns.filter(({ matchesPath }) => known !== null && matchesPath(known))
    if (hits.length === 0 || hits.some(({ takesAway }) => takesAway)) throw denied(`${TO[way]} unix:${path}`)
    this.#outer?.needPath(way, path)
  }

  /**
   * @param host a name or a literal address, as it was asked for
   * @param resolvedFrom the name that a literal address was resolved from by this reactor's resolver
   * @throws CapabilityError unless it is granted, as far as can be known before a name is resolved
   */
  needHost(way: Way, kind: PatternKind, host: string, port: number, resolvedFrom?: string): void {
    const what = `${TO[way]} ${kind}:${host}:${port}`
    if (addressBytes(host) !== null) {
      if (this.#allowsAddress(way, kind, host, port)) this.#outer?.needHost(way, kind, host, port, resolvedFrom)
      else if (resolvedFrom !== undefined) this.#needResolved(kind, host, port, resolvedFrom, what)
      else throw denied(what)
      return
    }
    if (!this.#allowsName(way, kind, host, port)) throw denied(what)
    this.#outer?.needHost(way, kind, host, port)
  }

  /** The same for the address that is really connected to, after a name was resolved. */
  needAddress(way: Way, kind: PatternKind, host: string, port: number): void {
    if (addressBytes(host) === null) {
      // Nobody but the host resolves names: then an address cannot be looked at.
      if (this.#allowsName(way, kind, host, port) && !this.#takesAddresses(way, kind)) {
        this.#outer?.needAddress(way, kind, host, port)
        return
      }
    } else if (this.#allowsAddress(way, kind, host, port) ||
      (way === 'connect' && this.#wasResolved(kind, host, port))) {
      this.#outer?.needAddress(way, kind, host, port)
      return
    }
    throw denied(`${TO[way]} ${kind}:${host}:${port}`)
  }

  /** Whether an address is granted, asked about each datagram. */
  allows(way: Way, kind: PatternKind, host: string, port: number): boolean {
    return (this.#allowsAddress(way, kind, host, port) || (way === 'connect' && this.#wasResolved(kind, host, port))) &&
      (this.#outer === null || this.#outer.allows(way, kind, host, port))
  }

  /** Whether any address of that kind is granted. */
  hasAny(way: Way, kind: PatternKind): boolean {
    return this.#patterns[way].some((one) => one.kind === kind && !one.takesAway) &&
      (this.#outer === null || this.#outer.hasAny(way, kind))
  }

  /** @throws CapabilityError unless some pattern could match the name: others read the names that are asked for */
  needName(name: string): void {
    const plain = plainName(name)
    if (addressBytes(name) === null) {
      const granted = plain !== null && this.#patterns.connect.some((one) => !one.takesAway && one.kind !== 'unix' &&
        (one.matchesName(plain) || (isLocal(plain) && LOOPBACKS.some((bytes) => one.matchesAddress(bytes)))))
      if (!granted) throw denied(`resolve ${name}`)
    }
    this.#outer?.needName(name)
  }

  /** A name that may be resolved has these addresses. */
  remember(name: string, addresses: readonly string[]): void {
    const plain = plainName(name)
    if (plain === null) return
    for (const address of addresses) {
      const bytes = addressBytes(address)
      if (bytes === null) continue
      const key = bytes.join('.')
      const names = this.#resolved.get(key) ?? new Set()
      if (names.size < MOST_NAMES) names.add(plain)
      this.#resolved.delete(key)
      this.#resolved.set(key, names)
      if (this.#resolved.size > MOST_REMEMBERED) this.#resolved.delete(this.#resolved.keys().next().value as string)
    }
    this.#outer?.remember(name, addresses)
  }

  #needResolved(kind: PatternKind, host: string, port: number, name: string, what: string): void {
    const plain = plainName(name)
    const known = plain !== null && this.#namesOf(host).has(plain) &&
      this.#allowsName('connect', kind, name, port) && this.#leavesAddress('connect', kind, host, port)
    if (!known) throw denied(what)
    this.#outer?.needHost('connect', kind, host, port, name)
  }

  #wasResolved(kind: PatternKind, host: string, port: number): boolean {
    if (!this.#leavesAddress('connect', kind, host, port)) return false
    return [...this.#namesOf(host)].some((name) => this.#matches('connect', kind, port, (one) => one.matchesName(name)))
  }

  #namesOf(address: string): ReadonlySet<string> {
    return this.#resolved.get(addressBytes(address)!.join('.')) ?? NO_NAMES
  }

  #allowsAddress(way: Way, kind: PatternKind, host: string, port: number): boolean {
    const bytes = targetBytes(way, host)
    return this.#matches(way, kind, port, (one) => one.matchesAddress(bytes))
  }

  /** No pattern takes the address away. */
  #leavesAddress(way: Way, kind: PatternKind, host: string, port: number): boolean {
    const bytes = targetBytes(way, host)
    return !this.#of(way, kind, port).some((one) => one.takesAway && one.matchesAddress(bytes))
  }

  #allowsName(way: Way, kind: PatternKind, name: string, port: number): boolean {
    const plain = plainName(name)
    if (plain === null) return false
    return this.#matches(way, kind, port, (one) => one.matchesName(plain)) ||
      (isLocal(plain) && LOOPBACKS.some((bytes) => this.#matches(way, kind, port, (one) => one.matchesAddress(bytes))))
  }

  #takesAddresses(way: Way, kind: PatternKind): boolean {
    return this.#patterns[way].some((one) => one.kind === kind && one.takesAway)
  }

  #matches(way: Way, kind: PatternKind, port: number, hits: (one: Pattern) => boolean): boolean {
    const matching = this.#of(way, kind, port).filter(hits)
    return matching.length > 0 && !matching.some(({ takesAway }) => takesAway)
  }

  #of(way: Way, kind: PatternKind, port: number): Pattern[] {
    return this.#patterns[way].filter((one) => one.kind === kind && one.matchesPort(port))
  }
}

const TO = { connect: 'connect to', listen: 'listen at' } as const
const ANY = (): boolean => true
const NO_NAMES: ReadonlySet<string> = new Set()

/** @internal */
export function denied(what: string, hint = ''): CapabilityError {
  return new CapabilityError(`This reactor was not given the capability to ${what}${hint === '' ? '' : `; ${hint}`}.`)
}

/** To connect to no address at all is, on many hosts, to connect to this one. */
function targetBytes(way: Way, host: string): readonly number[] {
  const bytes = addressBytes(host) as readonly number[]
  if (way === 'listen' || bytes.some((byte) => byte !== 0)) return bytes
  return LOOPBACKS[bytes.length === 4 ? 0 : 1]!
}

/** Names that no server is asked about (RFC 6761). */
function isLocal(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost')
}

function patternsOf(given: Record<string, unknown>, key: Way): Pattern[] {
  const list = given[key] ?? []
  if (!Array.isArray(list)) throw new TypeError(`restrict() takes an array of patterns as "${key}"`)
  return [...list as string[]].map(parsePattern)
}

function programsOf(processes: unknown): ((path: string) => boolean) | null {
  if (processes === undefined || processes === false) return null
  if (processes === true) return ANY
  if (!Array.isArray(processes)) throw new TypeError('restrict() takes true, false or an array of paths as "processes"')
  const matchers = [...processes as string[]].map(programMatcher)
  return (path) => matchers.some((matches) => matches(path))
}

function flagOf(given: Record<string, unknown>, key: Flag): boolean {
  const value = given[key] ?? false
  if (typeof value !== 'boolean') throw new TypeError(`restrict() takes true or false as "${key}"`)
  return value
}
