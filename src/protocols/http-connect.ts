/**
 * The client's half of HTTP CONNECT: asks an HTTP proxy for a tunnel.
 *
 * Owns: the request, and reading the head of the answer; nothing else of HTTP. Must not know: how the proxy is reached,
 * or who wants the tunnel. Source: RFC 9110 section 9.3.6, RFC 9112 sections 2 to 5 and 9.3, RFC 7617 (Basic).
 *
 * Any 2xx answer makes the tunnel, whatever Content-Length it claims: the first byte behind its empty line is the
 * tunnel's. A 1xx answer announces another one.
 */
import { encodeText } from '../core/text.js'
import { HTTPConnectError, ProxyClosedError, ProxyReplyError } from '../errors/index.js'
import type { Failure } from '../defer/index.js'
import type { Handshake, HandshakeStep } from './handover.js'
import type { ProxyCredentials } from './socks.js'

/** The longest head of an answer, bytes: as much as Node's servers take of a request. */
const MOST_BYTES = 16_384
/** Answers of 1xx before the real one; curl gives up after none or few. */
const MOST_INTERIM = 10

const CR = 0x0d
const LF = 0x0a

/** What the proxy answered. */
export interface ConnectAnswer {
  readonly status: number
  readonly reason: string
}

/** Asks for a tunnel. */
export class HTTPConnectHandshake implements Handshake<ConnectAnswer> {
  readonly limit = MOST_BYTES
  readonly #request: Uint8Array
  #interim = 0
  #searched = 0

  /** @throws TypeError for what a request cannot carry */
  constructor(host: string, port: number, auth: ProxyCredentials | null = null) {
    if (typeof host !== 'string' || !/^[\x21-\x7e]+$/.test(host) || /[/?#@[\]]/.test(host)) {
      throw new TypeError(`"${String(host)}" is no name or address of a host; write an international name in punycode`)
    }
    const authority = `${host.includes(':') ? `[${host.split('%')[0]}]` : host}:${port}`
    const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`]
    if (auth !== null) lines.push(`Proxy-Authorization: Basic ${base64(credentials(auth))}`)
    this.#request = encodeText(`${lines.join('\r\n')}\r\n\r\n`)
  }

  begin(): HandshakeStep<ConnectAnswer> {
    return { used: 0, say: this.#request }
  }

  receive(bytes: Uint8Array): HandshakeStep<ConnectAnswer> | null {
    checkStart(bytes)
    // The end may begin in what was searched already: LF CR LF, of which the last is new.
    const end = endOfHead(bytes.subarray(0, MOST_BYTES), Math.max(0, this.#searched - 2))
    if (end === null) {
      if (bytes.length >= MOST_BYTES) throw this.tooLong()
      this.#searched = bytes.length
      return null
    }
    this.#searched = 0
    const answer = readHead(bytes.subarray(0, end))
    const { status, reason } = answer
    if (status >= 200 && status < 300) return { used: end, done: answer }
    if (status < 200 && status !== 101) {
      if (++this.#interim > MOST_INTERIM) throw new ProxyReplyError('The HTTP proxy goes on announcing an answer.')
      return { used: end }
    }
    const words = reason === '' ? `${status}` : `${status} ${reason}`
    throw new HTTPConnectError(`The HTTP proxy refused the tunnel: ${words}.`, answer)
  }

  tooLong(): Error {
    return new ProxyReplyError(`The head of the HTTP proxy's answer is longer than ${MOST_BYTES} bytes.`)
  }

  closed(reason: Failure): Error {
    return new ProxyClosedError(undefined, { cause: reason.value })
  }
}

const START = Uint8Array.from('HTTP/1.', (character) => character.charCodeAt(0))

/** Whatever is no HTTP is told from its first bytes, and not waited for. */
function checkStart(bytes: Uint8Array): void {
  const length = Math.min(bytes.length, START.length)
  for (let at = 0; at < length; at++) {
    if (bytes[at] !== START[at]) throw new ProxyReplyError('What answers is no HTTP proxy.')
  }
}

/** Where the head ends, behind its empty line; lines may end with a bare LF (RFC 9112 section 2.2). */
function endOfHead(bytes: Uint8Array, from: number): number | null {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    const next = bytes[at + 1] === CR ? at + 2 : at + 1
    if (bytes[next] === LF) return next + 1
  }
  return null
}

function readHead(bytes: Uint8Array): ConnectAnswer {
  const [first, ...fields] = String.fromCharCode(...bytes).split(/\r?\n/).slice(0, -2)
  const match = /^HTTP\/1\.[01] ([1-5]\d\d)(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?$/.exec(first!)
  if (match === null) throw new ProxyReplyError('The first line of the HTTP proxy\'s answer is none.')
  for (const field of fields) {
    // Nothing of them is used, but what has other lines is no answer.
    if (!/^[!#$%&'*+\-.^_`|~\w]+:[^\x00\r]*$/.test(field)) {
      throw new ProxyReplyError('The HTTP proxy\'s answer has a line that is no field.')
    }
  }
  return { status: Number(match[1]), reason: (match[2] ?? '').trim() }
}

function credentials({ username, password }: ProxyCredentials): Uint8Array {
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw new TypeError('the username and the password of a proxy are text')
  }
  if (username.includes(':') || /[\x00-\x1f\x7f]/.test(username + password)) {
    throw new TypeError('Basic authentication has no room for control characters, nor for a colon in the username')
  }
  return encodeText(`${username}:${password}`)
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [first, second = 0, third = 0] = bytes.subarray(at, at + 3)
    const word = first! << 16 | second << 8 | third
    text += ALPHABET[word >> 18]! + ALPHABET[word >> 12 & 63]! + ALPHABET[word >> 6 & 63]! + ALPHABET[word & 63]!
  }
  const over = bytes.length % 3
  return over === 0 ? text : text.slice(0, over - 3) + '='.repeat(3 - over)
}
