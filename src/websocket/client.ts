/**
 * connectWebSocket: a connection, the opening handshake on it, and then it is the user's protocol's.
 *
 * Owns: from a URL to an endpoint, and what a server may answer instead of yes. Must not know: frames, or how endpoints
 * connect. Source: RFC 6455, 3 and 4.1.
 */
import { defaultCore } from '../core/default.js'
import type { HTTPFields, HTTPHead } from '../core/http-head.js'
import type { HTTPHandler, HTTPParser } from '../core/http-parser.js'
import { cancelOnAbort } from '../defer/index.js'
import type { Deferred, Failure } from '../defer/index.js'
import { HostnameEndpoint } from '../endpoints/hostname.js'
import type { HostnameReactor } from '../endpoints/hostname.js'
import { HTTPConnectClientEndpoint } from '../endpoints/proxies.js'
import { connectThrough } from '../endpoints/through.js'
import { wrapClientTLS } from '../endpoints/tls-client.js'
import { ConnectionRejected, NotSupportedError, WebSocketHandshakeError } from '../errors/index.js'
import { Headers, parseHTTPURL, requestHead } from '../http/index.js'
import type { HeadersInit, HTTPURL } from '../http/index.js'
import type { IProtocol, IStreamClientEndpoint, TLSClientOptions } from '../interfaces/index.js'
import type { ProxyCredentials } from '../protocols/index.js'
import { HandshakeProtocol } from '../protocols/handover.js'
import type { Handshake, HandshakeStep } from '../protocols/handover.js'
import { toBase64 } from './accept.js'
import { join } from './bytes.js'
import { WebSocketConnection } from './connection.js'
import type { Opening } from './connection.js'
import { readResponse, requestHeaders } from './handshake.js'
import type { Wanted } from './handshake.js'
import { masksOf } from './masks.js'
import { WebSocketProtocol } from './protocol.js'
import { settle } from './settings.js'
import type { WebSocketOptions, WebSocketReactor, WebSocketTimeouts } from './settings.js'

/** How long a client waits; ms, Infinity for ever. */
export interface WebSocketClientTimeouts extends WebSocketTimeouts {
  /** For the connection, TLS and a proxy included where they are this function's affair; 30 s. */
  connect?: number
  /** For the server's whole answer; 30 s. */
  handshake?: number
}

/** Options of {@link connectWebSocket}. */
export interface WebSocketClientOptions extends Omit<WebSocketOptions, 'timeouts'> {
  /** More fields for the request: cookies, authorization, another Host. */
  headers?: HeadersInit
  /** Subprotocols that are offered, the best first. */
  subprotocols?: readonly string[]
  /** Whose page it is said to be. */
  origin?: string
  timeouts?: WebSocketClientTimeouts
  /** For `wss:`. */
  tls?: TLSClientOptions
  /** An HTTP proxy, which is asked for a tunnel with CONNECT. */
  proxy?: IStreamClientEndpoint
  /** Who one is, for proxies that ask. */
  proxyAuth?: ProxyCredentials
  /**
   * How to reach the server, in the place of the URL's host and port: a UNIX socket, a SOCKS proxy. The URL still says
   * what the request does, and `wss:` speaks TLS over it.
   */
  endpoint?: IStreamClientEndpoint
  /** Gives up when it aborts, as long as the WebSocket is not open. */
  signal?: AbortSignal
}

/** A class of protocols, or what makes one. */
export type WebSocketProtocolMaker<P extends WebSocketProtocol> = (new () => P) | P

const CONNECT_TIMEOUT = 30_000
const HANDSHAKE_TIMEOUT = 30_000
/** Bytes of a refusal's body that are kept. */
const MOST_BODY = 65_536
/** Bytes of an answer that may come before it is complete; the parser has its own, smaller limits for the head. */
const MOST_BYTES = 1_048_576

/**
 * Opens a WebSocket.
 *
 * Redirects are not followed, as browsers do not.
 *
 * @param reactor who connects
 * @param url `ws:` or `wss:` (or `http:` and `https:`, which mean the same); a username and password in it become
 * Basic authorization
 * @param protocol a class, or a protocol
 * @returns fires with the protocol after its `connectionMade`; fails with ConnectionRejected when the server answers
 * something else, WebSocketHandshakeError when its answer is wrong, or what the connection failed with. Cancelling
 * gives up.
 * @throws TypeError, RangeError for arguments that are none; NotSupportedError for a reactor without entropy, or
 * without the compression that is asked for
 * @example
 * const chat = await connectWebSocket(reactor, 'wss://example.com/chat', Chat, { subprotocols: ['chat.v2'] })
 * chat.sendText('hello')
 */
export function connectWebSocket<P extends WebSocketProtocol>(
  reactor: HostnameReactor & WebSocketReactor, url: string | URL, protocol: WebSocketProtocolMaker<P>,
  options: WebSocketClientOptions = {}): Deferred<P> {
  const { timeouts = {}, compression, limits, signal } = options
  const { connect, handshake: patience = HANDSHAKE_TIMEOUT, ...own } = timeouts
  const settings = settle({ timeouts: own, ...compression === undefined ? {} : { compression },
    ...limits === undefined ? {} : { limits } }, false)
  const target = parseURL(url)
  masksOf(reactor)
  if (settings.compression !== null) {
    if (typeof reactor.compression !== 'function') throw new NotSupportedError('this reactor', 'compression')
    reactor.compression()
  }
  const wanted: Wanted = {
    key: toBase64(reactor.entropy!(16)),
    subprotocols: options.subprotocols ?? [],
    compression: settings.compression,
  }
  const headers = requestHeaders(target.authority, options.origin, headersWith(target, options.headers), wanted)
  const opening = new OpeningHandshake(requestHead('GET', target.target, headers), wanted)
  const made = typeof protocol === 'function' ? new protocol() : protocol
  if (!(made instanceof WebSocketProtocol)) throw new TypeError('the protocol of a WebSocket is a WebSocketProtocol')
  const deferred = connectThrough({
    endpoint: endpointFor(reactor, target, connect ?? CONNECT_TIMEOUT, options),
    factory: {
      buildProtocol: () => new WebSocketConnection(made, false, reactor, settings, opening.result!),
      doStart: () => undefined,
      doStop: () => undefined,
    },
    handshake: (owner) => new HandshakeProtocol<Opening>(opening, owner),
    clock: reactor,
    timeout: patience,
  }).addCallback(() => made) as Deferred<unknown> as Deferred<P>
  return cancelOnAbort(signal, deferred)
}

/** @throws TypeError @internal */
export function parseURL(url: string | URL): HTTPURL {
  const text = String(url)
  if (text.includes('#')) throw new TypeError(`the URL of a WebSocket has no fragment: ${JSON.stringify(text)}`)
  // The same but for the name (RFC 6455, 3).
  return parseHTTPURL(text.replace(/^ws(s?):/i, 'http$1:'))
}

function headersWith({ credentials }: HTTPURL, extra: HeadersInit | undefined): Headers {
  const headers = new Headers(extra)
  if (credentials !== null && !headers.has('authorization')) {
    const { username, password } = credentials
    headers.set('Authorization', `Basic ${toBase64(defaultCore().text.encode(`${username}:${password}`))}`)
  }
  return headers
}

function endpointFor(
  reactor: HostnameReactor, { scheme, host, port }: HTTPURL, timeout: number,
  { endpoint, proxy, proxyAuth, tls }: WebSocketClientOptions): IStreamClientEndpoint {
  const plain = endpoint ?? (proxy !== undefined
    ? new HTTPConnectClientEndpoint(proxy, host, port, proxyAuth ?? null, { timeout, clock: reactor })
    : new HostnameEndpoint(reactor, host, port, { timeout }))
  return scheme === 'https:' ? wrapClientTLS({ alpn: ['http/1.1'], serverName: host, ...tls }, plain) : plain
}

/** The client's half of the handshake, and reading the server's. */
class OpeningHandshake implements Handshake<Opening>, HTTPHandler {
  readonly limit = MOST_BYTES
  /** What came of it. */
  result: Opening | null = null
  readonly #request: string
  readonly #wanted: Wanted
  #parser: HTTPParser | null = null
  #head: HTTPHead | null = null
  #body: Uint8Array[] = []
  #bodyLength = 0
  #error: unknown = null

  constructor(request: string, wanted: Wanted) {
    this.#request = request
    this.#wanted = wanted
  }

  begin(): HandshakeStep<Opening> {
    const request = new Uint8Array(this.#request.length)
    for (let at = 0; at < request.length; at++) request[at] = this.#request.charCodeAt(at)
    this.#parser = defaultCore().httpParser({ mode: 'response', handler: this })
    return { used: 0, say: request }
  }

  receive(bytes: Uint8Array): HandshakeStep<Opening> | null {
    const parser = this.#parser!
    parser.receive(bytes.slice())
    if (this.#error !== null) {
      parser.free()
      throw this.#error
    }
    if (this.result === null) return { used: bytes.length }
    const rest = parser.takeRest()
    parser.free()
    return { used: bytes.length - rest.length, done: this.result }
  }

  tooLong(): Error {
    return new WebSocketHandshakeError('The server\'s answer is too long.')
  }

  closed(reason: Failure): Error {
    const parser = this.#parser
    if (parser !== null && this.#head !== null && this.#error === null) {
      // A body may end with the connection; one that was cut short says something, too.
      parser.end()
      this.messageEnd()
    }
    parser?.free()
    if (this.#error !== null) return this.#error as Error
    return new WebSocketHandshakeError('The connection ended before the server had answered.', { cause: reason.value })
  }

  late(): Error {
    this.#parser?.free()
    if (this.#head !== null) return this.#rejected()
    return new WebSocketHandshakeError('The server did not answer in time.')
  }

  // --- the parser's

  head(head: HTTPHead): void {
    const { status, reason } = head
    if (status === 101) {
      this.#parser!.pause()
      const headers = headersOf(head.fields)
      try {
        const { subprotocol, deflate } = readResponse(headers, this.#wanted)
        this.result = { subprotocol, deflate, request: null, response: { status, reason, headers } }
      } catch (error) {
        this.#error = error
      }
    } else if (status >= 200) {
      this.#head = head
    }
  }

  body(data: Uint8Array): void {
    if (this.#head === null || this.#error !== null) return
    const room = MOST_BODY - this.#bodyLength
    const piece = data.length > room ? data.slice(0, room) : data.slice()
    this.#body.push(piece)
    this.#bodyLength += piece.length
    if (this.#bodyLength === MOST_BODY) this.#error = this.#rejected()
  }

  messageEnd(): void {
    if (this.#head !== null) this.#error ??= this.#rejected()
  }

  bad(error: Error): void {
    this.#error ??= this.#head !== null ? this.#rejected()
      : new WebSocketHandshakeError('What answers is no WebSocket, nor HTTP.', { cause: error })
  }

  #rejected(): ConnectionRejected {
    const { status, reason, fields } = this.#head!
    const words = reason === '' ? `${status}` : `${status} ${reason}`
    return new ConnectionRejected(`The server does not open a WebSocket: it answers ${words}.`,
      { status, reason, headers: headersOf(fields), body: join(this.#body, this.#bodyLength) })
  }
}

function headersOf(fields: HTTPFields): Headers {
  return new Headers(fields)
}
