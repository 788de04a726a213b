/**
 * Patterns of what a restricted reactor may reach.
 *
 *   pattern = [ "!" ] ( stream ":" host ":" ports / "unix:" path )
 *   stream  = "tcp" / "tls" / "ssl" / "udp"            tls and ssl are tcp: who may connect may speak TLS
 *   host    = "*" / name / "*." name / address / address "/" bits      IPv6 in brackets: [::1], [fd00::]/8
 *   ports   = "*" / range *( "," range ) ; range = number [ "-" number ]
 *   path    = "/" segments, "*" for any text within one, "**" for any number of them; "@" name is abstract
 *
 * With "!" in front a pattern takes away what others grant. A name stands for itself: its addresses are not granted by
 * it, nor a name by its address.
 *
 * Owns: the grammar, and whether one thing matches one pattern. Must not know: reactors, or what is asked for.
 * Source: the project's own.
 */
import { addressFamily, canonicalAddress } from '../transports/resolve-literal.js'

/** What a pattern is about. */
export type PatternKind = 'tcp' | 'udp' | 'unix'

/** A pattern, read. */
export interface Pattern {
  readonly kind: PatternKind
  readonly takesAway: boolean
  /** Whether any host, or path, will do. */
  readonly any: boolean
  matchesAddress(bytes: readonly number[]): boolean
  matchesName(name: string): boolean
  matchesPath(path: string): boolean
  matchesPort(port: number): boolean
}

const GRAMMAR =
  'write tcp:example.com:443, tcp:*.example.com:*, udp:10.0.0.0/8:53, tcp:[::1]:8000-9000 or unix:/run/app/*'
const NEVER = (): boolean => false

/** @throws TypeError for what is no pattern */
export function parsePattern(text: string): Pattern {
  if (typeof text !== 'string') throw new TypeError(`a pattern is text, not ${typeof text}`)
  const takesAway = text.startsWith('!')
  const rest = takesAway ? text.slice(1) : text
  const colon = rest.indexOf(':')
  const kind = rest.slice(0, colon).toLowerCase()
  const tail = rest.slice(colon + 1)
  if (colon < 0) throw wrong(text, 'has no kind')
  if (kind === 'unix') return pathPattern(text, takesAway, tail)
  if (!['tcp', 'tls', 'ssl', 'udp'].includes(kind)) throw wrong(text, 'has an unknown kind')
  const last = tail.lastIndexOf(':')
  if (last < 0 || /[\]/]/.test(tail.slice(last))) throw wrong(text, 'has no ports')
  const ranges = portRanges(text, tail.slice(last + 1))
  return {
    kind: kind === 'udp' ? 'udp' : 'tcp',
    takesAway,
    ...hostRule(text, tail.slice(0, last)),
    matchesPath: NEVER,
    matchesPort: (port) => ranges.some(([first, end]) => port >= first && port <= end),
  }
}

type HostRule = Pick<Pattern, 'any' | 'matchesAddress' | 'matchesName'>

function hostRule(text: string, host: string): HostRule {
  if (host === '*') return { any: true, matchesAddress: () => true, matchesName: () => true }
  // [fd00::/8] is [fd00::]/8.
  const outside = host.replace(/\/(\d+)\]$/, ']/$1')
  const [, bracketed, plain, bits] = /^(?:\[([^\]]*)\]|([^/]*))(?:\/(\d{1,3}))?$/.exec(outside) ?? []
  const literal = bracketed ?? plain ?? ''
  const family = addressFamily(literal)
  if (family !== 0 && (family === 6) === (bracketed !== undefined) && !literal.includes('%')) {
    const raw = rawBytes(literal, family)
    const length = bits === undefined ? raw.length * 8 : Number(bits)
    if (length > raw.length * 8) throw wrong(text, 'has a prefix that is too long')
    // ::ffff:10.0.0.0/104 is 10.0.0.0/8: addresses are compared as IPv4 wherever they are.
    const mapped = isMapped(raw) && length >= 96
    const wanted = mapped ? raw.slice(12) : raw
    const many = mapped ? length - 96 : length
    return { any: false, matchesName: NEVER, matchesAddress: (bytes) => sharesPrefix(bytes, wanted, many) }
  }
  const subdomains = literal.startsWith('*.')
  const name = plainName(subdomains ? literal.slice(2) : literal)
  if (bits !== undefined || bracketed !== undefined || name === null) throw wrong(text, 'has a host that is none')
  return {
    any: false,
    matchesAddress: NEVER,
    matchesName: subdomains ? (asked) => asked.endsWith(`.${name}`) : (asked) => asked === name,
  }
}

function portRanges(text: string, ports: string): [number, number][] {
  if (ports === '*') return [[0, 0xffff]]
  return ports.split(',').map((range) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range)
    const first = Number(match?.[1])
    const end = Number(match?.[2] ?? match?.[1])
    if (match === null || first > end || end > 0xffff) throw wrong(text, 'has ports that are none')
    return [first, end]
  })
}

function pathPattern(text: string, takesAway: boolean, path: string): Pattern {
  const any = path === '*' || path === '**'
  if (!any && !path.startsWith('@') && socketPath(path) === null) throw wrong(text, 'has no absolute path')
  // Regular expressions of fixed parts and [^/]*, tried on paths that are short.
  const source = path.split('/').map((segment) => segment === '**'
    ? '.*'
    : segment.split('*').map((fixed) => fixed.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('[^/]*')).join('/')
  const expression = new RegExp(`^${source}$`, 's')
  return {
    kind: 'unix',
    takesAway,
    any,
    matchesAddress: NEVER,
    matchesName: NEVER,
    matchesPath: any ? () => true : (asked) => expression.test(asked),
    matchesPort: NEVER,
  }
}

/** Whether a program may be run: by its whole path, in which `*` stands for any text within a segment. */
export function programMatcher(pattern: string): (path: string) => boolean {
  if (typeof pattern !== 'string' || !pattern.startsWith('/') || pattern.startsWith('/@')) {
    throw new TypeError(`a program is granted by its whole path, as /usr/bin/git, not ${String(pattern)}`)
  }
  const { matchesPath } = pathPattern(pattern, false, pattern)
  return matchesPath
}

/**
 * A path as patterns compare it: absolute, with nothing that leads elsewhere. Null for any other.
 * A leading NUL, an abstract name, becomes `@`.
 */
export function socketPath(path: string): string | null {
  if (path.startsWith('\0')) return `@${path.slice(1)}`
  if (!path.startsWith('/') || path.includes('\0')) return null
  return path.slice(1).split('/').some((segment) => segment === '' || segment === '.' || segment === '..') ? null : path
}

/**
 * A host name as patterns compare it; null for what is none, such as an address that is spelled in a way that some hosts
 * read and others do not (`127.1`, `0x7f.1`, `010.0.0.1`).
 */
export function plainName(host: string): string | null {
  const name = host.toLowerCase().replace(/\.$/, '')
  if (name.length > 253 || !/^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/.test(name)) return null
  return /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(name) ? null : name
}

/** The bytes of a literal address, null for a name. What is mapped into IPv6 is IPv4; a zone is left out. */
export function addressBytes(host: string): readonly number[] | null {
  const family = addressFamily(host)
  if (family === 0) return null
  const bytes = rawBytes(host, family)
  return isMapped(bytes) ? bytes.slice(12) : bytes
}

function rawBytes(host: string, family: 4 | 6): number[] {
  if (family === 4) return host.split('.').map(Number)
  let text = canonicalAddress(host).replace(/%.*$/, '')
  const quad = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  if (quad !== null) {
    const [a, b, c, d] = quad.slice(1).map(Number) as [number, number, number, number]
    text = `${text.slice(0, quad.index)}${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`
  }
  const [head, tail] = text.split('::').map((half) => half === '' ? [] : half.split(':')) as [string[], string[]?]
  const zeros = new Array<string>(8 - head.length - (tail?.length ?? 0)).fill('0')
  return [...head, ...zeros, ...tail ?? []].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >>> 8, value & 255]
  })
}

function isMapped(bytes: readonly number[]): boolean {
  return bytes.length === 16 && bytes.slice(0, 12).every((byte, at) => byte === (at < 10 ? 0 : 255))
}

function sharesPrefix(bytes: readonly number[], wanted: readonly number[], length: number): boolean {
  if (bytes.length !== wanted.length) return false
  for (let at = 0, left = length; left > 0; at += 1, left -= 8) {
    const mask = left >= 8 ? 0xff : 0xff << 8 - left & 0xff
    if (((bytes[at]! ^ wanted[at]!) & mask) !== 0) return false
  }
  return true
}

function wrong(text: string, what: string): TypeError {
  return new TypeError(`the pattern "${text}" ${what}; ${GRAMMAR}`)
}
