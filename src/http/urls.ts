/**
 * URLs of http and https: what a request needs to know of one, and what no request may carry.
 *
 * Owns: the one place of src/http that uses the host's URL and URLSearchParams (WHATWG), or what stands in for them
 * where the host has none, and the checks that these leave out: they drop tabs and line ends without a word. Must not
 * know: requests. Source: RFC 9110, 4.2; RFC 3986; WHATWG URL.
 */
import { NotSupportedError, SchemeNotSupported } from '../errors/index.js'
import { SearchParams } from './search-params.js'
import { parseURL, wholeURL } from './web-url.js'
import type { URLParts } from './web-url.js'

/** A URL, taken apart. */
export interface HTTPURL {
  /** Without credentials and fragment: what a message may show. */
  readonly href: string
  /** `http:` or `https:`. */
  readonly scheme: 'http:' | 'https:'
  /** A name in lower case and punycode, or an address, without brackets. */
  readonly host: string
  readonly port: number
  /** What the field Host says: the port only where it is not the scheme's own. */
  readonly authority: string
  /** Scheme, host and port: what credentials belong to. */
  readonly origin: string
  /** Path and query, as the request line has them. */
  readonly target: string
  /** What stood in front of the host, decoded; null where nothing did. */
  readonly credentials: { readonly username: string, readonly password: string } | null
}

/** Control characters, blanks, and what is no Unicode: a URL is written without them. */
const UNWANTED = /[\x00-\x20\x7f-\x9f]/
/** An authority may be empty in the grammar, and a parser that is kind finds a host in the path. */
const SCHEME = /^([a-z][a-z\d+.-]*):/i
const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/** The last ones that were taken apart: programs ask for few, again and again. */
const known = /* @__PURE__ */ new Map<string, HTTPURL>()
const MOST_KNOWN = 64
const LONGEST_KNOWN = 1000

/**
 * Takes a URL apart.
 *
 * @throws TypeError for what is no URL, or holds a blank or a control character; SchemeNotSupported
 */
export function parseHTTPURL(url: string | URL): HTTPURL {
  const text = typeof url === 'string' ? url : String(url)
  const found = known.get(text)
  if (found !== undefined) return found
  const made = take(text)
  if (known.size >= MOST_KNOWN) known.clear()
  if (text.length <= LONGEST_KNOWN) known.set(text, made)
  return made
}

/** A reference, as `Location` has it, as a whole URL; its fragment stays. @throws TypeError for what is none */
export function resolveURL(base: string, reference: string): string {
  checkText(reference)
  return typeof URL === 'undefined' ? wholeURL(reference, base) : new URL(reference, base).href
}

/** The parameters of a query. @param query with or without its question mark */
export function queryOf(query: string): URLSearchParams {
  return typeof URLSearchParams === 'undefined' ? new SearchParams(query) : new URLSearchParams(query)
}

/** The same URL with credentials in front of its host. @param url without any, as `href` has it @internal */
export function withCredentials(url: string, credentials: HTTPURL['credentials']): string {
  if (credentials === null) return url
  const { username, password } = credentials
  const shown = `${encodeURIComponent(username)}${password === '' ? '' : `:${encodeURIComponent(password)}`}`
  return url.replace('//', () => `//${shown}@`)
}

function take(text: string): HTTPURL {
  checkText(text)
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) throw new TypeError(`${shown(text)} is no URL: it has no scheme`)
  if (scheme !== 'http' && scheme !== 'https') {
    throw new SchemeNotSupported(`The scheme of URLs is http or https here, not ${scheme}.`)
  }
  let url: URLParts
  try {
    url = typeof URL === 'undefined' ? parseURL(text) : new URL(text)
  } catch (error) {
    if (error instanceof NotSupportedError) throw error
    throw new TypeError(`${shown(text)} is no URL`, { cause: error })
  }
  const { protocol, hostname, port, host, pathname, search, username, password } = url
  // The parser takes "http:/path" and "http:path" for something with a host; nobody who writes that means it.
  if (hostname === '' || !/^[a-z]+:\/\/[^/\\?#]/i.test(text)) throw new TypeError(`${shown(text)} names no host`)
  const number = port === '' ? PORTS[protocol]! : Number(port)
  if (number === 0) throw new TypeError(`${shown(text)} names port 0, where nobody can listen`)
  const target = pathname + search
  return Object.freeze({
    href: `${protocol}//${host}${target}`,
    scheme: protocol as HTTPURL['scheme'],
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: number,
    authority: host,
    origin: `${protocol}//${host}`,
    target,
    credentials: username === '' && password === '' ? null
      : Object.freeze({ username: decode(username), password: decode(password) }),
  })
}

/** Left as it is where it is no percent-encoding of text. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** For messages: without what may be a password. */
function shown(text: string): string {
  return JSON.stringify(text.replace(/\/\/[^/?#]*@/, '//…@'))
}

function checkText(text: string): void {
  if (typeof text !== 'string') throw new TypeError(`a URL is text, not ${String(text)}`)
  if (UNWANTED.test(text)) throw new TypeError(`${shown(text)} holds a blank or a control character`)
}
