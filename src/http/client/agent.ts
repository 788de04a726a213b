/**
 * Agent: makes requests over http and https, on connections of its own or of a pool.
 *
 * Owns: which connection a URL calls for, and the options that hold for all requests. Must not know: how a request is
 * sent (connection.ts), redirections, cookies. Source: twisted.web.client.Agent.
 */
import { fail } from '../../defer/index.js'
import type { HTTPLeniences } from '../../core/http-parser.js'
import { checkSignal } from '../../defer/abort.js'
import type { Deferred } from '../../defer/index.js'
import { HostnameEndpoint, wrapClientTLS } from '../../endpoints/index.js'
import type { HostnameReactor } from '../../endpoints/index.js'
import type { IStreamClientEndpoint, TLSClientOptions } from '../../interfaces/index.js'
import { settleTimeouts } from '../limits.js'
import { parseHTTPURL } from '../urls.js'
import type { HTTPURL } from '../urls.js'
import { RequestCall } from './call.js'
import type { ClientLimits } from './connection.js'
import { DEFAULT_CLIENT_TIMEOUTS } from './interfaces.js'
import type { ClientTimeouts, IAgent, RequestOptions } from './interfaces.js'
import { HTTPConnectionPool } from './pool.js'
import type { Destination } from './pool.js'
import { prepareRequest } from './prepared.js'
import type { RequestRoute } from './prepared.js'
import type { ClientResponse } from './response.js'

/** Options of an agent. */
export interface AgentOptions {
  /** Keeps connections; if not given, each request has one of its own, which is closed after it. */
  pool?: HTTPConnectionPool
  /** For https: whom to trust, what to show. ALPN says http/1.1. */
  tls?: Omit<TLSClientOptions, 'alpn' | 'handshakeTimeout'>
  /** The same as `timeouts.connect`. */
  connectTimeout?: number
  timeouts?: ClientTimeouts
  limits?: ClientLimits
  /** What is let pass although a response must not have it. */
  lenient?: HTTPLeniences
  /** Makes the connection for a URL in another way: through a UNIX socket, say. TLS comes on top of it for https. */
  endpointFor?: (url: HTTPURL) => IStreamClientEndpoint
}

/** How requests for one origin go. @internal */
export interface Route extends Destination, RequestRoute {}

const NO_OPTIONS: RequestOptions = Object.freeze({})
const MOST_ROUTES = 1000
const ALPN = ['http/1.1']

/** Numbers for what is compared by identity: a pool may serve agents with different TLS. */
const marks = /* @__PURE__ */ new WeakMap<object, number>()
let marked = 0

/**
 * Makes requests.
 *
 * @example
 * const agent = new Agent(reactor, { pool: new HTTPConnectionPool(reactor) })
 * const response = await agent.request('GET', 'http://example.com/')
 * console.log(response.status, await response.text())
 */
export class Agent implements IAgent {
  readonly reactor: HostnameReactor
  readonly pool: HTTPConnectionPool
  /** @internal */
  protected readonly timeouts: Required<ClientTimeouts>
  /** @internal */
  protected readonly limits: ClientLimits
  /** @internal */
  protected readonly lenient: HTTPLeniences
  readonly #tls: TLSClientOptions
  readonly #endpointFor: ((url: HTTPURL) => IStreamClientEndpoint) | null
  readonly #closes: boolean
  readonly #marks: string
  readonly #routes = new Map<string, Route>()

  /** @throws TypeError, RangeError for options that are none */
  constructor(reactor: HostnameReactor, options: AgentOptions = {}) {
    const { pool, tls = {}, connectTimeout, timeouts, endpointFor } = options
    this.reactor = reactor
    this.pool = pool ?? new HTTPConnectionPool(reactor, { persistent: false })
    this.timeouts = settleTimeouts(DEFAULT_CLIENT_TIMEOUTS,
      connectTimeout === undefined ? timeouts : { ...timeouts, connect: connectTimeout })
    this.limits = options.limits ?? {}
    this.lenient = options.lenient ?? {}
    this.#tls = { ...tls, alpn: ALPN, handshakeTimeout: this.timeouts.tls }
    this.#endpointFor = endpointFor ?? null
    this.#closes = !this.pool.persistent
    this.#marks = `${markOf(options.tls)} ${markOf(endpointFor)} ${markOf(options.limits)} ${markOf(options.lenient)}`
  }

  /**
   * See {@link IAgent.request}. Fails with a TypeError for what cannot be sent, SchemeNotSupported, a ConnectError,
   * RequestTransmissionFailed, RequestGenerationFailed, ResponseNeverReceived, ResponseFailed, RequestTimeoutError.
   */
  request(method: string, url: string | URL, options: RequestOptions = NO_OPTIONS): Deferred<ClientResponse> {
    let call: RequestCall
    let total: number
    try {
      const parsed = parseHTTPURL(url)
      let route = this.#routes.get(parsed.origin)
      if (route === undefined) route = this.#addRoute(parsed)
      checkSignal(options.signal)
      total = options.timeout === undefined ? this.timeouts.total : checkTime(options.timeout)
      const request = prepareRequest(method, parsed, options, route, this.#closes)
      call = new RequestCall(this.pool, request, route, this.timeouts)
    } catch (error) {
      return fail(error) as Deferred<never> as Deferred<ClientResponse>
    }
    call.begin(total, options.signal)
    return call.response
  }

  #addRoute(url: HTTPURL): Route {
    if (this.#routes.size >= MOST_ROUTES) this.#routes.clear()
    const route = this.routeFor(url)
    this.#routes.set(url.origin, route)
    return route
  }

  /** How requests to an origin go; asked once for each. @internal */
  protected routeFor(url: HTTPURL): Route {
    return {
      key: this.keyOf(url, ''),
      limits: this.limits,
      lenient: this.lenient,
      isAbsolute: false,
      proxyAuthorization: null,
      endpoint: () => this.secured(url, this.plain(url)),
    }
  }

  /** What connections that can stand for each other have in common. @internal */
  protected keyOf(url: HTTPURL, proxy: string): string {
    return `${url.scheme} ${url.host} ${url.port} ${this.#marks} ${proxy}`
  }

  /** A connection with the host of a URL. @internal */
  protected plain(url: HTTPURL): IStreamClientEndpoint {
    return this.#endpointFor === null ? this.hostEndpoint(url.host, url.port) : this.#endpointFor(url)
  }

  /** @internal */
  protected hostEndpoint(host: string, port: number): IStreamClientEndpoint {
    return new HostnameEndpoint(this.reactor, host, port, { timeout: this.timeouts.connect })
  }

  /** With TLS where the URL calls for it. @internal */
  protected secured({ scheme, host }: HTTPURL, plain: IStreamClientEndpoint): IStreamClientEndpoint {
    return scheme === 'http:' ? plain : wrapClientTLS({ serverName: host, ...this.#tls }, plain)
  }
}

/** A number for an object, 0 for none. @internal */
export function markOf(object: object | undefined): number {
  if (object === undefined) return 0
  let mark = marks.get(object)
  if (mark === undefined) marks.set(object, mark = ++marked)
  return mark
}

function checkTime(ms: number): number {
  if (typeof ms === 'number' && ms >= 0) return ms
  throw new RangeError(`a timeout is a number of milliseconds, zero or more, not ${String(ms)}`)
}
