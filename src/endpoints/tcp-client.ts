/**
 * Client endpoints over TCP, for IPv4 and IPv6.
 *
 * Owns: their options and defaults. Must not know: any host, or how a name becomes an address (a resolver does).
 * Source: twisted.internet.endpoints.TCP4ClientEndpoint, TCP6ClientEndpoint.
 */
import { fail } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import { DNSLookupError } from '../errors/index.js'
import type {
  ConnectTCPOptions, IHostnameResolver, IProtocol, IProtocolFactory, IReactorTCP, IStreamClientEndpoint,
} from '../interfaces/index.js'
import { hostAddresses } from '../transports/resolve.js'
import { keepClock } from './clock.js'
import { connecting } from './connecting.js'

/** How long a connection attempt may take unless told otherwise, ms. Twisted's default. */
export const CONNECT_TIMEOUT = 30_000

/** Connects to a TCP port of an IPv4 host. */
export class TCP4ClientEndpoint implements IStreamClientEndpoint {
  readonly #reactor: IReactorTCP
  /** Whom it connects to. */
  readonly host: string
  readonly #port: number
  readonly #options: ConnectTCPOptions

  /**
   * @param reactor who connects
   * @param host an address, or a name that the reactor resolves
   * @param options `timeout` in ms, 30 s if not given; `bindAddress`, the local end
   */
  constructor(reactor: IReactorTCP, host: string, port: number, options: ConnectTCPOptions = {}) {
    this.#reactor = reactor
    this.host = host
    keepClock(this, reactor)
    this.#port = port
    this.#options = { ...options, timeout: options.timeout ?? CONNECT_TIMEOUT }
  }

  /** Fires with the protocol once connected, fails with a ConnectError; cancelling gives up the attempt. */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    return connecting(factory, (client) => this.#reactor.connectTCP(this.host, this.#port, client, this.#options))
  }
}

/** Connects to a TCP port of an IPv6 host. */
export class TCP6ClientEndpoint implements IStreamClientEndpoint {
  readonly #reactor: IReactorTCP & { readonly nameResolver?: IHostnameResolver }
  /** Whom it connects to. */
  readonly host: string
  readonly #port: number
  readonly #options: ConnectTCPOptions

  /**
   * @param reactor who connects; its `nameResolver` is asked when `host` is a name
   * @param host an IPv6 address, or a name that has one
   * @param options `timeout` in ms, 30 s if not given; `bindAddress`, the local end
   */
  constructor(reactor: IReactorTCP & { readonly nameResolver?: IHostnameResolver }, host: string, port: number,
    options: ConnectTCPOptions = {}) {
    this.#reactor = reactor
    this.host = host
    keepClock(this, reactor)
    this.#port = port
    this.#options = { ...options, timeout: options.timeout ?? CONNECT_TIMEOUT }
  }

  /** Fires with the protocol once connected, fails with a ConnectError; cancelling gives up the attempt. */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    const connect = (host: string): Deferred<IProtocol> =>
      connecting(factory, (client) => this.#reactor.connectTCP(host, this.#port, client, this.#options))
    if (this.host.includes(':')) return connect(this.host)
    const resolver = this.#reactor.nameResolver
    if (resolver === undefined) {
      // The host's own resolver, behind connectTCP, might well find an IPv4 address.
      return fail(new DNSLookupError(`${this.host} is no IPv6 address, and this reactor has no resolver for names.`))
    }
    return hostAddresses(resolver, this.host, 6)
      .addCallback(([first]: string[]) => connect(first)) as Deferred<IProtocol>
  }
}
