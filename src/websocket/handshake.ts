/**
 * The opening handshake, both sides of it, as messages without connections.
 *
 *   GET /chat HTTP/1.1                          HTTP/1.1 101 Switching Protocols
 *   Host: example.com                           Upgrade: websocket
 *   Upgrade: websocket                          Connection: Upgrade
 *   Connection: Upgrade                         Sec-WebSocket-Accept: <proof of having read the key>
 *   Sec-WebSocket-Key: <16 bytes by chance>     Sec-WebSocket-Protocol: <one of those offered>
 *   Sec-WebSocket-Version: 13                   Sec-WebSocket-Extensions: <some of those offered>
 *
 * Owns: what each field has to say, and the status or error for what it must not. Must not know: connections, frames.
 * Source: RFC 6455, 4 and 11.3; RFC 9110, 7.8; RFC 7692, 5.
 */
import { WebSocketHandshakeError } from '../errors/index.js'
import type { IAddress } from '../interfaces/index.js'
import { hasToken, Headers, queryOf } from '../http/index.js'
import type { HeadersInit } from '../http/index.js'
import { acceptKey, isKey } from './accept.js'
import { acceptDeflate, deflateAnswer, deflateOffer, NAME, readDeflateAnswer } from './deflate-params.js'
import type { DeflateAgreement, SettledCompression } from './deflate-params.js'
import { formatExtensions, isToken, parseExtensions, parseSubprotocols } from './extensions.js'
import type { ExtensionOffer } from './extensions.js'

/** The version of the protocol that there is: RFC 6455. */
export const VERSION = '13'

/** The request that opens a WebSocket; a ServerRequest of `whorl/http`, or what looks like one. */
export interface WebSocketRequest {
  readonly method: string
  readonly target: string
  readonly path: string
  readonly query: URLSearchParams
  readonly version: string
  readonly headers: Headers
  readonly host: string | null
  readonly isSecure: boolean
  readonly peer: IAddress
}

/** What is kept of a request for as long as the WebSocket lives: without the connection and body that it came with. */
export class OpeningRequest implements WebSocketRequest {
  readonly method: string
  readonly target: string
  readonly path: string
  readonly version: string
  readonly headers: Headers
  readonly host: string | null
  readonly isSecure: boolean
  readonly peer: IAddress
  #query: URLSearchParams | null = null

  constructor({ method, target, path, version, headers, host, isSecure, peer }: WebSocketRequest) {
    this.method = method
    this.target = target
    this.path = path
    this.version = version
    this.headers = headers
    this.host = host
    this.isSecure = isSecure
    this.peer = peer
  }

  /** The query's parameters. */
  get query(): URLSearchParams {
    const mark = this.target.indexOf('?')
    return this.#query ??= queryOf(mark < 0 ? '' : this.target.slice(mark + 1))
  }
}

/** The response that opened a WebSocket. */
export interface WebSocketResponse {
  readonly status: number
  readonly reason: string
  readonly headers: Headers
}

/** Why a request does not become a WebSocket. */
export interface Refusal {
  readonly status: number
  readonly body: string
  readonly headers?: HeadersInit
}

/** A request that may become one. */
export interface Asked {
  readonly key: string
  readonly origin: string | null
  readonly subprotocols: readonly string[]
  readonly extensions: readonly ExtensionOffer[]
}

/** What a server's handshake looks at of a request. */
export type RequestHead = Pick<WebSocketRequest, 'method' | 'version' | 'headers'>

// --- the server's half

/** Reads a client's half. */
export function readRequest({ method, version, headers }: RequestHead): Asked | Refusal {
  if (method !== 'GET') return { status: 405, headers: { Allow: 'GET' }, body: 'A WebSocket is opened with GET.\n' }
  if (version !== '1.1') return bad('A WebSocket is opened with HTTP/1.1.')
  if (!hasToken(headers.get('upgrade'), 'websocket') || !hasToken(headers.get('connection'), 'upgrade')) {
    return upgradeRequired('Here is a WebSocket, and nothing else.')
  }
  const versions = headers.getAll('sec-websocket-version')
  if (versions.length !== 1 || versions[0] !== VERSION) {
    const sentence = `The version of WebSocket is ${VERSION} here.`
    if (versions.length === 1 && /^\d{1,3}$/.test(versions[0]!)) return upgradeRequired(sentence)
    return { ...bad(sentence), headers: { 'Sec-WebSocket-Version': VERSION } }
  }
  const keys = headers.getAll('sec-websocket-key')
  if (keys.length !== 1 || !isKey(keys[0]!)) return bad('Sec-WebSocket-Key has to be base64 of 16 bytes, once.')
  const length = headers.get('content-length')
  if (headers.has('transfer-encoding') || (length !== null && Number(length) !== 0)) {
    return bad('A request for a WebSocket has no body.')
  }
  const origins = headers.getAll('origin')
  if (origins.length > 1) return bad('A request has one Origin.')
  const wanted = headers.get('sec-websocket-protocol')
  const subprotocols = wanted === null ? [] : parseSubprotocols(wanted)
  if (subprotocols === null) return bad('Sec-WebSocket-Protocol has to be a list of names, each only once.')
  const offered = headers.get('sec-websocket-extensions')
  const extensions = offered === null ? [] : parseExtensions(offered)
  if (extensions === null) return bad('Sec-WebSocket-Extensions is no list of extensions.')
  return { key: keys[0]!, origin: origins[0] ?? null, subprotocols, extensions }
}

/** A 426 says what to upgrade to (RFC 9110, 15.5.22). */
function upgradeRequired(sentence: string): Refusal {
  const headers = { 'Upgrade': 'websocket', 'Connection': 'Upgrade', 'Sec-WebSocket-Version': VERSION }
  return { status: 426, headers, body: `${sentence}\n` }
}

function bad(sentence: string): Refusal {
  return { status: 400, body: `${sentence}\n` }
}

/** A server's half. */
export interface Answer {
  readonly headers: Headers
  readonly deflate: DeflateAgreement | null
}

/** Makes a server's half. @throws TypeError for a subprotocol that the client did not offer */
export function answerRequest(asked: Asked, subprotocol: string | null, own: SettledCompression | null): Answer {
  if (subprotocol !== null && !asked.subprotocols.includes(subprotocol)) {
    throw new TypeError(`the client did not offer the subprotocol "${subprotocol}"`)
  }
  const headers = new Headers([
    ['Upgrade', 'websocket'], ['Connection', 'Upgrade'], ['Sec-WebSocket-Accept', acceptKey(asked.key)],
  ])
  if (subprotocol !== null) headers.set('Sec-WebSocket-Protocol', subprotocol)
  const deflate = own === null ? null : acceptDeflate(asked.extensions, own)
  if (deflate !== null) headers.set('Sec-WebSocket-Extensions', formatExtensions([deflateAnswer(deflate)]))
  return { headers, deflate }
}

// --- the client's half

/** What a client wants. */
export interface Wanted {
  readonly key: string
  readonly subprotocols: readonly string[]
  readonly compression: SettledCompression | null
}

/** Fields that the handshake sets itself. */
const OWN = ['upgrade', 'connection', 'sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol',
  'sec-websocket-extensions', 'sec-websocket-accept', 'content-length', 'transfer-encoding', 'expect', 'te', 'trailer']

/**
 * The fields of a client's half.
 * @param extra the user's own; Host and Origin among them
 * @throws TypeError for fields that are not the user's to set, and for names that are none
 */
export function requestHeaders(
  authority: string, origin: string | undefined, extra: HeadersInit | undefined, wanted: Wanted): Headers {
  const own = new Headers(extra)
  for (const name of OWN) if (own.has(name)) throw new TypeError(`the field ${name} is set by the handshake`)
  const headers = new Headers([['Host', own.get('host') ?? authority]])
  own.delete('host')
  headers.set('Upgrade', 'websocket')
  headers.set('Connection', 'Upgrade')
  headers.set('Sec-WebSocket-Key', wanted.key)
  headers.set('Sec-WebSocket-Version', VERSION)
  if (origin !== undefined) headers.set('Origin', origin)
  checkSubprotocols(wanted.subprotocols)
  if (wanted.subprotocols.length > 0) headers.set('Sec-WebSocket-Protocol', wanted.subprotocols.join(', '))
  if (wanted.compression !== null) {
    headers.set('Sec-WebSocket-Extensions', formatExtensions([deflateOffer(wanted.compression)]))
  }
  for (const [name, value] of own.raw()) headers.append(name, value)
  return headers
}

/** @throws TypeError */
export function checkSubprotocols(names: readonly string[]): void {
  if (!Array.isArray(names) || !names.every(isToken) || new Set(names).size !== names.length) {
    throw new TypeError('subprotocols are a list of tokens, each only once')
  }
}

/** What came of a handshake. */
export interface Opened {
  readonly subprotocol: string | null
  readonly deflate: DeflateAgreement | null
}

/** Reads a server's half, whose status is 101. @throws WebSocketHandshakeError */
export function readResponse(headers: Headers, wanted: Wanted): Opened {
  if (!hasOnly(headers, 'upgrade', 'websocket')) throw wrong('it does not say "Upgrade: websocket"')
  if (!hasToken(headers.get('connection'), 'upgrade')) throw wrong('it does not say "Connection: Upgrade"')
  const proofs = headers.getAll('sec-websocket-accept')
  if (proofs.length !== 1 || proofs[0] !== acceptKey(wanted.key)) {
    throw wrong('its Sec-WebSocket-Accept does not belong to the key')
  }
  return { subprotocol: readSubprotocol(headers, wanted), deflate: readExtensions(headers, wanted) }
}

function readSubprotocol(headers: Headers, wanted: Wanted): string | null {
  const said = headers.getAll('sec-websocket-protocol')
  if (said.length === 0) return null
  if (said.length > 1 || !wanted.subprotocols.includes(said[0]!)) throw wrong('it names a subprotocol nobody offered')
  return said[0]!
}

function readExtensions(headers: Headers, { compression }: Wanted): DeflateAgreement | null {
  const said = headers.get('sec-websocket-extensions')
  if (said === null) return null
  const extensions = parseExtensions(said)
  const [first, ...others] = extensions ?? []
  if (first === undefined || others.length > 0 || first.name !== NAME || compression === null) {
    throw wrong('it names an extension nobody offered')
  }
  const agreed = readDeflateAnswer(first, compression)
  if (agreed === null) throw wrong('its permessage-deflate does not fit what was offered')
  return agreed
}

function hasOnly(headers: Headers, name: string, token: string): boolean {
  return headers.get(name)?.toLowerCase() === token
}

function wrong(what: string): WebSocketHandshakeError {
  return new WebSocketHandshakeError(`The server's answer opens no WebSocket: ${what}.`)
}
