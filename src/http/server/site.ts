/**
 * Site: what answers the requests of all connections to a port.
 *
 * Owns: the handler, the factories for upgrades, settings that connections share, and what becomes of what a handler
 * gives back or throws. Must not know: how requests are read. Source: twisted.web.server.Site.
 */
import type { HTTPParseError } from '../../core/http-errors.js'
import { HTTPParseError as ParseError } from '../../core/http-errors.js'
import type { HTTPLimits } from '../../core/http-parser.js'
import { Deferred, Failure } from '../../defer/index.js'
import { BodyIncompleteError, HTTPError } from '../../errors/http.js'
import { NotSupportedError } from '../../errors/index.js'
import type { HostPort } from '../../interfaces/host.js'
import type { IAddress } from '../../interfaces/address.js'
import type { IProtocolFactory } from '../../interfaces/factory.js'
import type {
  IReactorCompression, IReactorCore, IReactorEntropy, IReactorFiles, IReactorTime, IReactorWallClock,
} from '../../interfaces/index.js'
import type { IProtocol } from '../../interfaces/protocol.js'
import { Logger } from '../../logger/index.js'
import { Factory } from '../../protocols/factory.js'
import { formatHTTPDate } from '../dates.js'
import { DEFAULT_TIMEOUTS, settleLimits, settleTimeouts } from '../limits.js'
import type { MessageLimits, ServerTimeouts, SettledLimits } from '../limits.js'
import { REASON_PHRASES, statusLine } from '../messages.js'
import { isBodySource } from '../outgoing-body.js'
import { handlerFromFetch } from '../resources/fetch-app.js'
import type { FetchHandler, FromFetchOptions } from '../resources/fetch-app.js'
import { AccessLog } from './access-log.js'
import type { AccessLogOptions, AccessLogSink } from './access-log.js'
import { HTTPChannel } from './channel.js'
import { upgradeTo } from './handler.js'
import type {
  HandlerAnswer, HandlerResult, HandlerValue, IRequestHandler, IUpgradeFactory, RequestHandler, UpgradeAnswer,
} from './handler.js'
import type { ServerRequest } from './request.js'
import { merge } from './response.js'
import type { ServerResponse } from './response.js'

/** What a site needs of a reactor, and what resources may find there. */
export type SiteReactor = IReactorTime & IReactorWallClock & IReactorEntropy & IReactorFiles & IReactorCompression
  & Pick<IReactorCore, 'callFromThread'>

export interface SiteOptions {
  /** Whose time it is; `serve` sets it. */
  reactor?: SiteReactor
  limits?: MessageLimits
  timeouts?: ServerTimeouts
  /** A line for each request; none if not given. */
  accessLog?: AccessLogOptions | AccessLogSink
  /**
   * Whether a peer that closes its sending side still gets its responses; false if not given, since nobody can tell
   * that from a peer that has gone.
   */
  halfClose?: boolean
  /** Whether handlers get CONNECT; otherwise it is answered with 501. */
  tunnels?: boolean
}

const log = /* @__PURE__ */ new Logger('whorl.http')

/**
 * A factory of HTTP connections.
 *
 * @example
 * const site = new Site((request) => `Hello, ${request.query.get('name') ?? 'world'}\n`, { reactor })
 * reactor.listenTCP(8080, site)
 */
export class Site extends Factory {
  readonly limits: SettledLimits
  readonly timeouts: Required<ServerTimeouts>
  readonly halfClose: boolean
  readonly tunnels: boolean
  /** Open connections that speak HTTP. @internal */
  readonly channels = new Set<HTTPChannel>()
  /** The last value of Host that was seen to be one. @internal */
  lastHost = ''
  /** How the host makes room, once the reactor is known. @internal */
  allocate: ((length: number) => Uint8Array) | undefined = undefined
  /** @internal */
  readonly parserLimits: HTTPLimits
  /** @internal */
  readonly log: AccessLog | null
  /** True once connections are asked to end, for those that come yet. @internal */
  isDraining = false
  readonly #handler: RequestHandler
  readonly #upgrades = new Map<string, IUpgradeFactory[]>()
  #reactor: SiteReactor | null
  #dateSecond = -1
  #dateLine = ''
  #hasNoDate = false
  /** One piece of input is being read, during which the time is asked for once; and whether it was. */
  #isReading = false
  #isDateKnown = false
  readonly #lastHead = { status: 0, lines: '', date: '', length: -1, head: '' }

  /**
   * @param handler a function, or something with a method `handleRequest`: a Resource
   * @throws TypeError, RangeError for options that make no sense
   */
  constructor(handler: RequestHandler | IRequestHandler, options: SiteOptions = {}) {
    super()
    if (typeof handler === 'function') {
      this.#handler = handler
    } else if (typeof (handler as Partial<IRequestHandler> | null)?.handleRequest === 'function') {
      this.#handler = (request, response) => handler.handleRequest(request, response)
    } else {
      throw new TypeError('a site needs a function, or something with a method handleRequest()')
    }
    this.#reactor = options.reactor ?? null
    this.limits = settleLimits(options.limits)
    this.timeouts = settleTimeouts(DEFAULT_TIMEOUTS, options.timeouts)
    this.halfClose = options.halfClose ?? false
    this.tunnels = options.tunnels ?? false
    const { requestLine, headerBytes, headerCount, chunkExtensionBytes } = this.limits
    this.parserLimits = { requestLine, headerBytes, headerCount, chunkExtensionBytes }
    this.log = options.accessLog === undefined ? null : new AccessLog(options.accessLog, {
      now: () => this.reactor.now(),
      wallClock: () => this.wallClock(),
    })
  }

  /**
   * A site for an application that is written to the Fetch Standard: Hono's, and its like. See `handlerFromFetch`.
   * @example serve(reactor, 'tcp:8080', Site.fromFetch(app.fetch))
   */
  static fromFetch(application: FetchHandler, options: SiteOptions & FromFetchOptions = {}): Site {
    return new Site(handlerFromFetch(application, options), options)
  }

  /** @throws TypeError when nobody has said which */
  get reactor(): SiteReactor {
    if (this.#reactor === null) throw new TypeError('this site has no reactor: see the option `reactor`, or serve()')
    return this.#reactor
  }

  /** Gives the site its reactor, if it has none. @internal */
  useReactor(reactor: SiteReactor): void {
    this.#reactor ??= reactor
  }

  /** Open connections, those apart that have become another protocol's. */
  get connections(): number {
    return this.channels.size
  }

  override buildProtocol(_address: IAddress): IProtocol | null {
    const { host } = this.reactor as { host?: Partial<HostPort> }
    this.allocate ??= host?.allocate
    return new HTTPChannel(this)
  }

  override startFactory(): void {
    this.isDraining = false
  }

  /**
   * Requests to upgrade for this path go to `factory`: one that decides for itself, or one of any protocol.
   * @param path as `request.path`
   * @param token what `Upgrade` has to name, for a factory that does not say itself
   * @throws TypeError
   */
  upgrade(path: string, factory: IUpgradeFactory | IProtocolFactory, token?: string): this {
    const { upgrades } = factory as Partial<IUpgradeFactory>
    const own = Array.isArray(upgrades) ? factory as IUpgradeFactory : null
    if (own === null && token === undefined) throw new TypeError('upgrade() needs the token that `Upgrade` has to name')
    const made = own ?? upgradeTo(token as string, factory as IProtocolFactory)
    const known = this.#upgrades.get(path)
    if (known === undefined) this.#upgrades.set(path, [made])
    else known.push(made)
    return this
  }

  /** Asks every connection to end once its present response is sent; idle ones end now. See `port.drain`. */
  drain(): void {
    this.isDraining = true
    for (const channel of [...this.channels]) channel.draining()
  }

  /** The date; ms since 1970, null where nobody knows it. */
  wallClock(): number | null {
    if (this.#hasNoDate) return null
    const { reactor } = this
    try {
      return reactor.wallClock()
    } catch (error) {
      if (!(error instanceof NotSupportedError)) throw error
    }
    // A server without a clock sends no date (RFC 9110, 6.6.1).
    this.#hasNoDate = true
    return null
  }

  /** All requests of one piece of input have one date: asking for it costs as much as a small answer. @internal */
  readingBegins(): void {
    this.#isReading = true
  }

  /** @internal */
  readingEnds(): void {
    this.#isReading = this.#isDateKnown = false
  }

  /** `Date: …` and its end; made once a second. @internal */
  dateLine(): string {
    if (this.#isDateKnown) return this.#dateLine
    const now = this.wallClock()
    if (now === null) return ''
    const second = Math.floor(now / 1000)
    if (second !== this.#dateSecond) {
      this.#dateSecond = second
      this.#dateLine = `Date: ${formatHTTPDate(second * 1000)}\r\n`
    }
    this.#isDateKnown = this.#isReading
    return this.#dateLine
  }

  /**
   * The whole head of a response to HTTP/1.1 behind which another may follow. Most are the same as the one before: then
   * nothing is put together.
   * @param lines fields, each with its end @internal
   */
  wholeHead(status: number, lines: string, length: number): string {
    const date = this.dateLine()
    const last = this.#lastHead
    if (length !== last.length || status !== last.status || date !== last.date || lines !== last.lines) {
      // First: it throws for a status that is none, and what is remembered stays as it was.
      last.head = `${statusLine(status)}${lines}${date}Content-Length: ${length}\r\n\r\n`
      last.length = length
      last.status = status
      last.date = date
      last.lines = lines
      // Joined now, and not each time that it is sent.
      last.head.charCodeAt(0)
    }
    return last.head
  }

  /** @internal */
  refused(channel: HTTPChannel, error: HTTPParseError): void {
    this.log?.refused(channel.transport.getPeer(), error)
  }

  /** Has a request answered. @param mayUpgrade nothing of it stands in the way of an upgrade @internal */
  dispatch(request: ServerRequest, response: ServerResponse, mayUpgrade: boolean): void {
    let result: HandlerResult
    try {
      if (mayUpgrade && this.#upgrades.size > 0 && request.head.isUpgrade && request.head.minorVersion === 1) {
        const factory = this.#upgradeFor(request)
        if (factory !== null) {
          this.#upgrade(factory, request, response)
          return
        }
      }
      // "OPTIONS *", or a target that comes to the same (RFC 9112, 3.2.4).
      if (request.method === 'OPTIONS' && request.rawPath === '*') {
        response.end()
        return
      }
      result = this.#handler(request, response)
    } catch (error) {
      this.#failed(response, error)
      return
    }
    if (result === undefined || result === null) return
    if (result instanceof Deferred) {
      result.addCallback((value: HandlerValue) => this.#answer(response, value))
        .addErrback((failure: Failure) => this.#failed(response, failure.value))
    } else if (typeof (result as Partial<PromiseLike<unknown>>).then === 'function') {
      (result as PromiseLike<HandlerValue>).then(
        (value) => {
          try {
            this.#answer(response, value)
          } catch (error) {
            this.#failed(response, error)
          }
        },
        (error: unknown) => this.#failed(response, error))
    } else {
      try {
        this.#answer(response, result as HandlerValue)
      } catch (error) {
        this.#failed(response, error)
      }
    }
  }

  /** Sends what a handler gave back. */
  #answer(response: ServerResponse, value: HandlerValue): void {
    if (value === undefined || value === null || response.isEnded) return
    if (isBodySource(value)) {
      this.#send(response, value)
      return
    }
    if (typeof value !== 'object') throw new TypeError(`a handler gives back no ${typeof value}`)
    const { status, reason, headers, body } = value as HandlerAnswer
    if (status !== undefined) response.status = status
    if (reason !== undefined) response.reason = reason
    if (headers !== undefined) merge(response.headers, headers)
    if (body === undefined || body === null) response.end()
    else this.#send(response, body)
  }

  #send(response: ServerResponse, body: Exclude<HandlerAnswer['body'], undefined>): void {
    if (typeof body === 'string') response.endText(body)
    else if (body instanceof Uint8Array) response.end(body)
    else response.send(body).addErrback((failure: Failure) => this.#failed(response, failure.value))
  }

  /** A handler threw, or failed: a status if nothing was sent yet, else the response is cut off. */
  #failed(response: ServerResponse, error: unknown): void {
    const { request } = response
    const isKnown = error instanceof HTTPError || error instanceof ParseError
    const isSilent = error instanceof BodyIncompleteError || (isKnown && error.status < 500)
    if (!isSilent && !(response.isLost && request.wasLost)) {
      log.failure(`A request could not be answered: ${request.method} ${request.target}`, new Failure(error))
    }
    if (response.isLost || response.isEnded) return
    if (response.headersSent) {
      response.abort()
      return
    }
    const status = isKnown && error.status >= 400 && error.status <= 599 ? error.status : 500
    response.reset(status)
    const message = isKnown && status === error.status ? error.message : REASON_PHRASES[status] ?? String(status)
    response.headers.set('Content-Type', 'text/plain; charset=utf-8')
    response.end(`${message}\n`)
  }

  // --- upgrades

  #upgradeFor(request: ServerRequest): IUpgradeFactory | null {
    const factories = this.#upgrades.get(request.path)
    if (factories === undefined) return null
    const asked = (request.headers.get('upgrade') ?? '').split(',').map((one) => one.trim().toLowerCase())
    return factories.find(({ upgrades }) => asked.some((token) => upgrades.includes(token))) ?? null
  }

  #upgrade(factory: IUpgradeFactory, request: ServerRequest, response: ServerResponse): void {
    const accept = (answer: UpgradeAnswer): void => {
      if (response.isLost || response.isEnded) return
      if ('protocol' in answer) response.switchProtocol(answer.protocol, answer.headers)
      else this.#answer(response, answer)
    }
    const answer = factory.acceptUpgrade(request)
    const isLater = answer instanceof Deferred || typeof (answer as Partial<PromiseLike<unknown>>).then === 'function'
    if (!isLater) {
      accept(answer as UpgradeAnswer)
      return
    }
    const later = answer instanceof Deferred ? answer : Deferred.fromPromise(answer as Promise<UpgradeAnswer>)
    later.addCallback(accept).addErrback((failure: Failure) => this.#failed(response, failure.value))
  }
}
