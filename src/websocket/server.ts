/**
 * WebSocketServerFactory: makes a protocol for each request that is a WebSocket's, and refuses the others.
 *
 * Owns: who is let in, which subprotocol is spoken, the connections that are open. Must not know: how requests are
 * read. Source: RFC 6455, 4.2 and 10.2; the shape is that of twisted.internet.protocol.Factory.
 */
import type { IAddress, IProtocol } from '../interfaces/index.js'
import type { IUpgradeFactory, ServerRequest, UpgradeAnswer } from '../http/index.js'
import { Factory } from '../protocols/factory.js'
import { WebSocketConnection } from './connection.js'
import type { ConnectionOwner } from './connection.js'
import { answerRequest, checkSubprotocols, OpeningRequest, readRequest } from './handshake.js'
import type { Refusal, WebSocketRequest } from './handshake.js'
import { WebSocketProtocol } from './protocol.js'
import { settle } from './settings.js'
import type { WebSocketOptions, WebSocketReactor, WebSocketSettings } from './settings.js'

/**
 * Whose pages may open a WebSocket: a list of origins such as `https://example.com`, `same` for pages of the very host
 * that is asked, or a function. A request without Origin comes from no browser, and is let in.
 */
export type OriginPolicy = readonly string[] | 'same' | ((origin: string, request: WebSocketRequest) => boolean)

/** Options of a {@link WebSocketServerFactory}. */
export interface WebSocketServerOptions extends WebSocketOptions {
  /** Subprotocols that are spoken, the best first; none if not given. */
  subprotocols?: readonly string[]
  /** Whose pages may open one; those of anybody if not given: set it where cookies say who somebody is. */
  origins?: OriginPolicy | null
}

const ORIGIN = /^(?:null|[a-z][a-z\d+.-]*:\/\/[^/?#@]+)$/

/**
 * Makes WebSockets.
 *
 * @example
 * site.upgrade('/chat', WebSocketServerFactory.forProtocol(Chat, { origins: ['https://example.com'] }))
 */
export class WebSocketServerFactory extends Factory implements IUpgradeFactory, ConnectionOwner {
  readonly upgrades: readonly string[] = Object.freeze(['websocket'])
  /** Subprotocols that are spoken, the best first. */
  readonly subprotocols: readonly string[]
  readonly #origins: OriginPolicy | null
  readonly #settings: WebSocketSettings
  readonly #connections = new Set<WebSocketProtocol>()

  /** @throws TypeError, RangeError for options that are none */
  constructor(options: WebSocketServerOptions = {}) {
    super()
    const { subprotocols = [], origins = null } = options
    checkSubprotocols(subprotocols)
    this.subprotocols = Object.freeze([...subprotocols])
    this.#origins = settleOrigins(origins)
    this.#settings = settle(options, true)
  }

  /** Those that are open. */
  get connections(): ReadonlySet<WebSocketProtocol> {
    return this.#connections
  }

  /** Closes all that are open, each with a close frame. */
  closeAll(code = 1001, reason = ''): void {
    for (const protocol of [...this.#connections]) protocol.close(code, reason)
  }

  /**
   * Makes the protocol of a request. Override it to refuse some, or to make protocols that know the request.
   * @returns null to refuse the connection, with 503
   */
  override buildProtocol(address: IAddress): IProtocol | null {
    return super.buildProtocol(address)
  }

  /**
   * Which of the offered subprotocols is spoken: the first of this factory's own. Null: none, and the client decides
   * whether it goes on. To be overridden.
   */
  selectSubprotocol(offered: readonly string[], _request: WebSocketRequest): string | null {
    return this.subprotocols.find((name) => offered.includes(name)) ?? null
  }

  /** A site's request; may be overridden to refuse some with a status of one's own. */
  acceptUpgrade(request: ServerRequest): UpgradeAnswer | ReturnType<IUpgradeFactory['acceptUpgrade']> {
    return this.acceptRequest(request as WebSocketRequest, request.reactor as unknown as WebSocketReactor)
  }

  /** The same, for whoever reads requests by other means. */
  acceptRequest(request: WebSocketRequest, reactor: WebSocketReactor):
    { protocol: IProtocol, headers: [string, string][] } | Refusal {
    const asked = readRequest(request)
    if ('status' in asked) return asked
    if (asked.origin !== null && !this.#mayCome(asked.origin, request)) {
      return { status: 403, body: 'Pages of this origin may not open a WebSocket here.\n' }
    }
    const subprotocol = asked.subprotocols.length === 0 ? null : this.selectSubprotocol(asked.subprotocols, request)
    const { compression } = this.#settings
    const answer = answerRequest(asked, subprotocol, canCompress(reactor) ? compression : null)
    const protocol = this.buildProtocol(request.peer)
    if (protocol === null) return { status: 503, body: 'There is no room for another WebSocket.\n' }
    if (!(protocol instanceof WebSocketProtocol)) {
      throw new TypeError('the protocol of a WebSocket is a WebSocketProtocol')
    }
    const opening = {
      subprotocol, deflate: answer.deflate, request: new OpeningRequest(request), response: null,
    }
    return {
      protocol: new WebSocketConnection(protocol, true, reactor, this.#settings, opening, this),
      headers: [...answer.headers.raw()],
    }
  }

  /** @internal */
  connectionOpened(protocol: WebSocketProtocol): void {
    this.#connections.add(protocol)
  }

  /** @internal */
  connectionEnded(protocol: WebSocketProtocol): void {
    this.#connections.delete(protocol)
  }

  #mayCome(origin: string, request: WebSocketRequest): boolean {
    const policy = this.#origins
    if (policy === null) return true
    const lower = origin.toLowerCase()
    if (typeof policy === 'function') return policy(origin, request)
    if (policy !== 'same') return policy.includes(lower)
    const [, scheme, host] = /^(https?):\/\/(.*)$/.exec(lower) ?? []
    // A page that came without TLS may be anybody's.
    return host !== undefined && host === request.host?.toLowerCase() && (scheme === 'https' || !request.isSecure)
  }
}

/** Compression is an offer: a host without it is no reason to fail. */
function canCompress(reactor: WebSocketReactor): boolean {
  if (typeof reactor.compression !== 'function') return false
  try {
    return reactor.compression().codings.includes('deflate-raw')
  } catch {
    return false
  }
}

function settleOrigins(origins: OriginPolicy | null): OriginPolicy | null {
  if (origins === null || origins === 'same' || typeof origins === 'function') return origins
  if (!Array.isArray(origins)) throw new TypeError('origins are a list, "same", or a function')
  return Object.freeze(origins.map((origin: unknown) => {
    const lower = String(origin).toLowerCase().replace(/\/$/, '')
    if (!ORIGIN.test(lower)) throw new TypeError(`"${String(origin)}" is no origin: write it as https://example.com`)
    return lower
  }))
}
