/**
 * URLs of http, https, ws and wss, taken apart as the WHATWG URL Standard says, where the host has no URL of its own.
 *
 * Owns: schemes, credentials, paths, queries, and references relative to such a URL. Must not know: requests, and what
 * they refuse. Controls and blanks are not dropped here: whoever calls has refused them. Source: WHATWG URL, 4.4.
 */
import { percentEncoded } from './percent.js'
import { parseHost } from './web-host.js'

/** What is used of a URL. Names and meaning are those of the host's class. */
export interface URLParts {
  readonly href: string
  readonly protocol: string
  /** Percent-encoded. */
  readonly username: string
  readonly password: string
  /** In brackets where it is an IPv6 address. */
  readonly hostname: string
  /** Empty where it is the scheme's own. */
  readonly port: string
  readonly host: string
  readonly pathname: string
  /** With its question mark; empty without one, or with nothing behind it. */
  readonly search: string
}

const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443', 'ws:': '80', 'wss:': '443' }

/** Of ASCII what is percent-encoded, as the standard's sets say. What is beyond ASCII always is. */
const IN_QUERY = /[^!$-&(-;=?-~]/gu
const IN_FRAGMENT = /[^!#-;=?-_a-~]/gu
const IN_PATH = /[^!$-;=@-\]_a-z|~]/gu
const IN_CREDENTIALS = /[^!$-.\dA-Z_a-z~]/gu

/** What a URL is made of; null is missing, which is not the same as empty. */
interface Pieces {
  protocol: string
  username: string
  password: string
  hostname: string
  port: string
  segments: readonly string[]
  query: string | null
  fragment: string | null
}

/**
 * A URL, or a reference to be taken relative to one.
 *
 * @param base itself a URL of one of these schemes
 * @throws TypeError for what is none; NotSupportedError for a name that is not ASCII
 */
export function parseURL(text: string, base?: string): URLParts {
  return partsOf(piecesOf(text, base === undefined ? null : piecesOf(base, null)))
}

/** The whole of a URL or reference. One of a scheme that is not known here stays as it is. @throws as `parseURL` */
export function wholeURL(text: string, base: string): string {
  const scheme = schemeOf(text)
  if (scheme !== '' && PORTS[scheme] === undefined) return scheme + text.slice(scheme.length)
  return parseURL(text, base).href
}

/** In lower case and with its colon; empty where there is none. */
function schemeOf(text: string): string {
  return /^[a-z][a-z\d+.-]*:/i.exec(text)?.[0].toLowerCase() ?? ''
}

function piecesOf(text: string, base: Pieces | null): Pieces {
  const scheme = schemeOf(text)
  const protocol = scheme === '' ? base?.protocol : scheme
  if (protocol === undefined || PORTS[protocol] === undefined) throw new TypeError('no scheme that has hosts')
  const [, before = '', question, hash] = /^([^?#]*)(\?[^#]*)?(#.*)?$/su.exec(text.slice(scheme.length))!
  // To these schemes a backslash is a slash.
  const rest = before.replaceAll('\\', '/')
  const query = question === undefined ? null : encoded(question.slice(1), IN_QUERY)
  const fragment = hash === undefined ? null : encoded(hash.slice(1), IN_FRAGMENT)
  if (base === null || base.protocol !== protocol || rest.startsWith('//')) {
    const [, authority = '', path = ''] = /^\/*([^/]*)(.*)$/su.exec(rest)!
    return { protocol, ...authorityOf(authority, protocol), segments: walk([], path.slice(1)), query, fragment }
  }
  if (rest.startsWith('/')) return { ...base, segments: walk([], rest.slice(1)), query, fragment }
  if (rest !== '') return { ...base, segments: walk(base.segments.slice(0, -1), rest), query, fragment }
  return { ...base, query: query ?? base.query, fragment }
}

function authorityOf(text: string, protocol: string): Pick<Pieces, 'username' | 'password' | 'hostname' | 'port'> {
  const at = text.lastIndexOf('@')
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/su.exec(text.slice(0, Math.max(0, at)))!
  const found = /^(\[[^\]]*\][^:]*|[^:[]*)(?::(.*))?$/su.exec(text.slice(at + 1))
  if (found === null) throw new TypeError('no host and port')
  const [, name = '', digits = ''] = found
  if (!/^\d*$/.test(digits) || Number(digits) > 65_535) throw new TypeError(`no port: ${digits}`)
  const port = digits === '' ? '' : String(Number(digits))
  return {
    username: encoded(username, IN_CREDENTIALS), password: encoded(password, IN_CREDENTIALS),
    hostname: parseHost(name), port: port === PORTS[protocol] ? '' : port,
  }
}

/** Goes down a path from where one is: `.` stays, `..` goes up, and both end in a folder. */
function walk(from: readonly string[], path: string): string[] {
  const segments = [...from]
  const steps = path.split('/')
  for (const [i, step] of steps.entries()) {
    const plain = step.replace(/%2e/gi, '.')
    if (plain !== '.' && plain !== '..') {
      segments.push(encoded(step, IN_PATH))
      continue
    }
    if (plain === '..') segments.pop()
    if (i === steps.length - 1) segments.push('')
  }
  return segments
}

function encoded(text: string, set: RegExp): string {
  return text.replace(set, (one) => one === '%' ? one : percentEncoded(one))
}

function partsOf({ protocol, username, password, hostname, port, segments, query, fragment }: Pieces): URLParts {
  const pathname = `/${segments.join('/')}`
  const host = port === '' ? hostname : `${hostname}:${port}`
  const credentials = username === '' && password === '' ? '' : `${username}${password === '' ? '' : `:${password}`}@`
  const behind = `${query === null ? '' : `?${query}`}${fragment === null ? '' : `#${fragment}`}`
  return {
    href: `${protocol}//${credentials}${host}${pathname}${behind}`, protocol, username, password, hostname, port, host,
    pathname, search: query === null || query === '' ? '' : `?${query}`,
  }
}
