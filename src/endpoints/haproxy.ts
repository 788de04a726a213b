/**
 * The PROXY protocol as endpoints around endpoints.
 *
 * Owns: which side does what: the server reads a header, the client sends one. Must not know: the header.
 * Source: HAProxy's "The PROXY protocol"; twisted.protocols.haproxy.proxyEndpoint.
 */
import type { Deferred } from '../defer/index.js'
import type {
  IListeningPort, IProtocol, IProtocolFactory, IReactorTime, IStreamClientEndpoint, IStreamServerEndpoint,
} from '../interfaces/index.js'
import { HandshakeProtocol } from '../protocols/handover.js'
import { checkProxyHeaderOptions, HAProxyWrappingFactory, ProxyHeaderSender } from '../protocols/haproxy.js'
import type { HAProxyOptions, ProxyHeaderOptions } from '../protocols/haproxy.js'
import { checkTimeout, clockOf, keepClock } from './clock.js'
import { connectThrough } from './through.js'

/** Options of {@link HAProxyServerEndpoint}. */
export interface HAProxyServerOptions extends HAProxyOptions {
  /** Whose time the deadline of a header is on; the endpoint's reactor if not given. */
  clock?: IReactorTime
}

/**
 * Listens where only proxies connect, which say with a header of the PROXY protocol where a connection began.
 *
 * Whoever can connect can claim any address: bind it where nobody else can, or filter.
 */
export class HAProxyServerEndpoint implements IStreamServerEndpoint {
  readonly #endpoint: IStreamServerEndpoint
  readonly #clock: IReactorTime | null
  readonly #options: HAProxyOptions

  constructor(endpoint: IStreamServerEndpoint, options: HAProxyServerOptions = {}) {
    const { clock, timeout, maxHeaderLength } = options
    if (timeout !== undefined) checkTimeout(timeout)
    this.#clock = clock ?? clockOf(endpoint)
    keepClock(this, this.#clock)
    this.#endpoint = endpoint
    this.#options = {
      ...timeout === undefined ? {} : { timeout },
      ...maxHeaderLength === undefined ? {} : { maxHeaderLength },
    }
  }

  /** Listens with a {@link HAProxyWrappingFactory} around `factory`. */
  listen(factory: IProtocolFactory): Deferred<IListeningPort> {
    return this.#endpoint.listen(new HAProxyWrappingFactory(factory, this.#clock, this.#options))
  }
}

/** Connects, and says first where the connection began. */
export class HAProxyClientEndpoint implements IStreamClientEndpoint {
  readonly #endpoint: IStreamClientEndpoint
  readonly #options: ProxyHeaderOptions

  /**
   * @param endpoint where to connect to
   * @param options what the header says; by default version 2, with the two ends of the connection itself
   * @throws TypeError for what version 1 cannot say
   */
  constructor(endpoint: IStreamClientEndpoint, options: ProxyHeaderOptions = {}) {
    checkProxyHeaderOptions(options)
    keepClock(this, endpoint)
    this.#endpoint = endpoint
    this.#options = { ...options }
  }

  /** The endpoint's, so that TLS over this one verifies the same name. */
  get host(): unknown {
    return (this.#endpoint as { host?: unknown }).host
  }

  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    return connectThrough<null>({
      endpoint: this.#endpoint,
      factory,
      handshake: (owner) => new HandshakeProtocol(new ProxyHeaderSender(this.#options), owner),
      clock: null,
      timeout: Infinity,
    })
  }
}
