/**
 * ReverseProxy: a part of a site that another server answers for.
 *
 *   request ─fields, Via, Forwarded─▶ agent ─▶ origin        bodies go through piece by piece, each side no faster than
 *   response ◀─fields, Via─────────── agent ◀─ origin        the other takes them; an upgrade joins the connections
 *
 * Owns: what of a message goes on, to which address, and what is answered when that fails. Must not know: connections;
 * an agent has them. Trailers are not passed on, which RFC 9110 6.5.1 allows.
 * Source: twisted.web.proxy.ReverseProxyResource; RFC 9110, 7.6; RFC 9112, 2.
 */
import { inlineCallbacks } from '../../defer/index.js'
import type { HostnameReactor } from '../../endpoints/hostname.js'
import { TimeoutError } from '../../errors/index.js'
import { BodyTooLargeError, HTTPError } from '../../errors/http.js'
import { Logger } from '../../logger/index.js'
import { Relay } from '../../protocols/portforward.js'
import { Agent } from '../client/agent.js'
import type { IAgent, RequestOptions } from '../client/interfaces.js'
import { HTTPConnectionPool } from '../client/pool.js'
import type { ClientResponse } from '../client/response.js'
import { hasToken } from '../headers.js'
import type { Headers } from '../headers.js'
import type { BodySource } from '../outgoing-body.js'
import type { HandlerResult } from '../server/handler.js'
import type { ServerRequest } from '../server/request.js'
import type { ServerResponse } from '../server/response.js'
import { parseHTTPURL, resolveURL } from '../urls.js'
import type { HTTPURL } from '../urls.js'
import { errorPage } from './pages.js'
import { addForwarded, addVia, countForward, countVia, endToEnd, upgradeOf } from './proxy-fields.js'
import type { ForwardedStyle } from './proxy-fields.js'
import { Resource } from './resource.js'

/** Options of {@link ReverseProxy}. */
export interface ReverseProxyOptions {
  /** Who makes the requests; an Agent of the request's reactor, with a pool, if not given. */
  agent?: IAgent
  /** What Host says: the target's authority, or what the client said; `target` if not given. Or a name. */
  host?: 'target' | 'request' | { name: string }
  /** How the target is told of the client; `x-forwarded` if not given. */
  forwarded?: ForwardedStyle
  /** Whether what requests say of that already is kept and added to: another proxy writes it. False if not given. */
  trustForwarded?: boolean
  /**
   * What this proxy is called in Via; `whorl` if not given, null for no Via in responses. A request that came through
   * ten of this name goes round in a circle: 508.
   */
  via?: string | null
  /** Whether requests to upgrade go through, but to what is HTTP as well (`h2c`); true if not given. */
  upgrades?: boolean
  /** For a whole exchange, ms; none if not given. The agent has times for each part of it. */
  timeout?: number
}

/** A token, or a host with a port: what Via takes for a name (RFC 9110, 7.6.3). */
const PSEUDONYM = /^[!#$%&'*+\-.^_`|~\w:]+$/
const NAME = 'whorl'
const BASE = 'http://base'
/** Through more proxies of one name nothing goes: it would go round in a circle. */
const MOST_ROUNDS = 10

/**
 * Passes on to another server what is below it.
 *
 * @example
 * new Resource().putChild('app', new ReverseProxy('http://127.0.0.1:3000/'))
 */
export class ReverseProxy extends Resource {
  override isLeaf = true
  override takesRawPath = true
  readonly #target: HTTPURL
  /** The path of the target, without a slash at its end. */
  readonly #path: string
  readonly #options: ReverseProxyOptions
  readonly #agents = new WeakMap<object, IAgent>()
  readonly #log = new Logger('reverse-proxy')

  /** @param target a URL without a query: what is left of the path is put behind its path */
  constructor(target: string | URL, options: ReverseProxyOptions = {}) {
    super()
    this.#target = parseHTTPURL(target)
    if (this.#target.target.includes('?')) throw new TypeError('the target of a proxy has no query')
    const { via } = options
    if (via !== undefined && via !== null && !PSEUDONYM.test(via)) throw new TypeError(`${via} is no name for Via`)
    this.#path = this.#target.target.replace(/\/+$/, '')
    this.#options = { ...options }
  }

  override render(request: ServerRequest, response: ServerResponse): HandlerResult {
    return this.#forward(request, response)
  }

  * #run(request: ServerRequest, response: ServerResponse): Generator<unknown, void, any> {
    const url = this.#urlFor(request)
    if (url === null) return errorPage(response, 400)
    if (countVia(request.headers, this.#options.via ?? NAME) >= MOST_ROUNDS) return errorPage(response, 508)
    const headersOut = endToEnd(request.headers, ['host', 'expect'])
    if (!countForward(headersOut, request.method)) {
      // It ends here: the answer is this server's own.
      if (request.method !== 'OPTIONS') return errorPage(response, 501)
      response.status = 204
      response.end()
      return
    }
    let answer: ClientResponse
    try {
      const options = this.#optionsFor(headersOut, request, response)
      answer = yield this.#agentFor(request).request(request.method, url, options)
    } catch (error) {
      this.#failed(error, request, response)
      return
    }
    if (response.isEnded) {
      answer.discard()
      return
    }
    const headers = endToEnd(answer.headers)
    if (this.#options.via !== null) addVia(headers, answer.version, this.#options.via ?? NAME)
    this.#rewriteLocation(headers, request)
    if (answer.status === 101) {
      join(answer, response, headers)
      return
    }
    response.status = answer.status
    if (answer.reason !== '') response.reason = answer.reason
    for (const [name, value] of headers.raw()) response.headers.append(name, value)
    if (request.method === 'HEAD' || answer.status === 204 || answer.status === 304) {
      answer.discard()
      response.end()
    } else {
      try {
        yield response.send(answer.body)
      } catch (error) {
        if (!response.headersSent) throw error
        // It was cut off already, or nobody is left who waits for it.
        if (!request.signal.aborted) this.#log.warn(`${this.#target.origin} broke off: ${messageOf(error)}`)
      }
    }
  }

  /** Null for a path that cannot be put behind the target's. */
  #urlFor({ rawPath, prepath, target }: ServerRequest): string | null {
    // As it was sent: what is decoded and encoded again may mean something else. But where it is to stay below the
    // target's path, that is made sure of here, and not left to how the target reads dots.
    let rest = rawPath
    for (let count = prepath.length; count > 0; count--) {
      const slash = rest.indexOf('/', 1)
      rest = slash < 0 ? '' : rest.slice(slash)
    }
    const query = target.indexOf('?')
    try {
      const path = rest === '' ? '' : resolveURL(`${BASE}/`, BASE + rest).slice(BASE.length)
      return `${this.#target.origin}${this.#path}${path}${query < 0 ? '' : target.slice(query)}`
    } catch {
      return null
    }
  }

  #optionsFor(headers: Headers, request: ServerRequest, response: ServerResponse): RequestOptions {
    const { forwarded = 'x-forwarded', trustForwarded = false, upgrades = true, via, timeout } = this.#options
    headers.set('Host', this.#hostFor(request))
    addVia(headers, request.version, via ?? NAME)
    addForwarded(headers, request, forwarded, trustForwarded)
    const upgrade = upgrades ? upgradeOf(request) : null
    const isChunked = request.headers.has('transfer-encoding')
    const length = request.headers.get('content-length')
    if (isChunked || length === null || length === '0') headers.delete('content-length')
    // "03" is 3 to some, and to others something else.
    else if (headers.has('content-length')) headers.set('Content-Length', String(Number(length)))
    return {
      headers,
      signal: request.signal,
      ...length === '0' && !isChunked ? { body: '' } : isChunked || length !== null ? { body: bodyOf(request) } : {},
      ...upgrade === null ? {} : { upgrade },
      ...timeout === undefined ? {} : { timeout },
      // The client sends its body once the target wants it.
      ...hasToken(request.headers.get('expect'), '100-continue') ? { expectContinue: true } : {},
      onInformational: (status, fields) => {
        if (status === 100 || response.headersSent || response.isEnded) return
        response.informational(status, endToEnd(fields))
      },
    }
  }

  #hostFor(request: ServerRequest): string {
    const { host = 'target' } = this.#options
    if (typeof host === 'object') return host.name
    return host === 'request' ? request.host ?? this.#target.authority : this.#target.authority
  }

  /** What leads to the target's own address leads here; the client may not reach it, nor need to know it. */
  #rewriteLocation(headers: Headers, { prepath }: ServerRequest): void {
    const location = headers.get('location')
    const base = `${this.#target.origin}${this.#path}`
    if (location === null || !location.startsWith(base) || !/^(?:$|[/?#])/.test(location.slice(base.length))) return
    const above = prepath.map((segment) => `/${encodeURIComponent(segment)}`).join('')
    headers.set('Location', `${above}${location.slice(base.length)}` || '/')
  }

  #failed(error: unknown, request: ServerRequest, response: ServerResponse): void {
    const own = causeOf(error, HTTPError)
    if (response.isEnded || response.headersSent || request.signal.aborted) return
    // The client's own body was at fault: too long, too slow, cut off.
    if (own !== null) throw own
    this.#log.warn(`${this.#target.origin} did not answer: ${messageOf(error)}`)
    const isLate = causeOf(error, TimeoutError) !== null
    response.headers.delete('Content-Length')
    errorPage(response, isLate ? 504 : 502)
  }

  #agentFor({ reactor }: ServerRequest): IAgent {
    if (this.#options.agent !== undefined) return this.#options.agent
    let agent = this.#agents.get(reactor)
    if (agent === undefined) {
      agent = new Agent(reactor as unknown as HostnameReactor, { pool: new HTTPConnectionPool(reactor) })
      this.#agents.set(reactor, agent)
    }
    return agent
  }

  // Last, since what is before it would be a multiplication.
  readonly #forward = inlineCallbacks((request: ServerRequest, response: ServerResponse) =>
    this.#run(request, response))
}

/** What says its length was refused already if that is too much; what comes in chunks shows it on the way. */
function bodyOf({ body, site, head }: ServerRequest): BodySource {
  const most = site.limits.bodyBytes
  return head.contentLength !== null || most === null ? body : limited(body, most)
}

function limited(body: AsyncIterable<Uint8Array>, most: number): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const pieces = body[Symbol.asyncIterator]()
      let length = 0
      return {
        async next() {
          const step = await pieces.next()
          length += step.done === true ? 0 : step.value.length
          if (length > most) throw new BodyTooLargeError(`The body is longer than ${most} bytes.`)
          return step
        },
        // Not a generator: that would hear of this only behind the next piece.
        return: () => pieces.return!(),
      }
    },
  }
}

/** Joins the connections of both sides. */
function join(answer: ClientResponse, response: ServerResponse, headers: Headers): void {
  const [near, far] = [new Side(), new Side()]
  const upgrade = answer.headers.get('upgrade')
  if (upgrade !== null) headers.set('Upgrade', upgrade)
  answer.switchProtocol(far)
  try {
    response.switchProtocol(near, headers)
  } catch (error) {
    far.transport.abortConnection()
    throw error
  }
  if (!near.connected || !far.connected) {
    for (const side of [near, far]) if (side.connected) side.transport.abortConnection()
    return
  }
  Relay.join(near, far)
  near.begin()
  far.begin()
}

/** One of both; what came before they were joined is kept: no more than had been read already. */
class Side extends Relay {
  #early: Uint8Array[] = []

  override dataReceived(data: Uint8Array): void {
    if (this.other === null) this.#early.push(data)
    else super.dataReceived(data)
  }

  begin(): void {
    const early = this.#early
    this.#early = []
    for (const data of early) this.dataReceived(data)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The error, or what led to it, if that is of such a class. */
function causeOf<E extends Error>(error: unknown, kind: abstract new (...args: never[]) => E): E | null {
  let link: unknown = error
  for (let depth = 0; depth < 8 && link instanceof Error; depth++) {
    if (link instanceof kind) return link
    link = link.cause
  }
  return null
}
