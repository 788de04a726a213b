/**
 * Server endpoints over TLS.
 *
 * Owns: TLS on a port of its own, and TLS on the connections of any other endpoint. Must not know: any host, or how TLS
 * is done. Source: twisted.internet.endpoints.SSL4ServerEndpoint.
 */
import type { Deferred } from '../defer/index.js'
import type {
  IAddress, IListeningPort, IProtocol, IProtocolFactory, IReactorSSL, IReactorTCP,
  IStreamServerEndpoint, ITLSServerContext, ListenTCPOptions, TCPAddress, TLSServerOptions,
} from '../interfaces/index.js'
import { Logger } from '../logger/index.js'
import { TLSHandshakeProtocol } from '../protocols/handover-tls.js'
import { abort } from '../protocols/handover.js'
import { clockOf, keepClock } from './clock.js'
import { listening } from './listening.js'
import { TCP4ServerEndpoint } from './tcp-server.js'

/**
 * Listens on a TCP port, and speaks TLS there.
 *
 * @example
 * new TLSServerEndpoint(reactor, 443, { identity: { cert, key }, alpn: ['http/1.1'] }).listen(factory)
 */
export class TLSServerEndpoint implements IStreamServerEndpoint {
  readonly #reactor: IReactorSSL
  readonly #port: number
  readonly #tls: TLSServerOptions | ITLSServerContext
  readonly #options: ListenTCPOptions

  /**
   * @param reactor who listens
   * @param port 0 for any free port
   * @param tls the identity to show, and whom to trust; with a `TLSServerContext` they can change while it listens
   * @param options `interface` defaults to all IPv4 addresses
   */
  constructor(reactor: IReactorSSL, port: number, tls: TLSServerOptions | ITLSServerContext,
    options: ListenTCPOptions = {}) {
    keepClock(this, reactor)
    this.#reactor = reactor
    this.#port = port
    this.#tls = tls
    this.#options = { ...options, interface: options.interface ?? '0.0.0.0' }
  }

  /** Fires with the port once it is bound; fails with CannotListenError or TLSOptionsError. */
  listen(factory: IProtocolFactory): Deferred<IListeningPort<TCPAddress>> {
    return listening(() => this.#reactor.listenSSL(this.#port, factory, this.#tls, this.#options))
  }

  /**
   * The same, with something between TLS and the port: what comes in plain text before it, as a PROXY header does.
   * @param wrap makes what listens in plain text from an endpoint for the port
   */
  over(wrap: (plain: IStreamServerEndpoint) => IStreamServerEndpoint): IStreamServerEndpoint {
    return new TLSOverServerEndpoint(this.#tls,
      wrap(new TCP4ServerEndpoint(this.#reactor as IReactorSSL & IReactorTCP, this.#port, this.#options)))
  }
}

/** Speaks TLS on every connection that another endpoint takes. @internal */
export class TLSOverServerEndpoint implements IStreamServerEndpoint {
  readonly #tls: TLSServerOptions | ITLSServerContext
  readonly #endpoint: IStreamServerEndpoint

  constructor(tls: TLSServerOptions | ITLSServerContext, endpoint: IStreamServerEndpoint) {
    this.#tls = tls
    this.#endpoint = endpoint
    keepClock(this, endpoint)
  }

  listen(factory: IProtocolFactory): Deferred<IListeningPort> {
    return this.#endpoint.listen(new TLSFactory(this.#tls, factory, clockOf(this)))
  }
}

/** Makes a protocol for each connection once it speaks TLS; one whose handshake fails is logged and dropped. */
class TLSFactory implements IProtocolFactory {
  readonly #tls: TLSServerOptions | ITLSServerContext
  readonly #factory: IProtocolFactory
  readonly #reactor: unknown
  readonly #log = new Logger('whorl.tls')

  constructor(tls: TLSServerOptions | ITLSServerContext, factory: IProtocolFactory, reactor: unknown) {
    this.#tls = tls
    this.#factory = factory
    this.#reactor = reactor
  }

  doStart(): void {
    this.#factory.doStart()
  }

  doStop(): void {
    this.#factory.doStop()
  }

  buildProtocol(address: IAddress): IProtocol {
    return new TLSHandshakeProtocol(this.#tls, {
      clock: null,
      timeout: Infinity,
      handshakeFailed: (error) => {
        this.#log.info(`A connection was dropped: ${(error as Error).message}`, { error, peer: address })
      },
      handshakeDone: (handshake) => {
        let next: IProtocol | null
        try {
          next = this.#factory.buildProtocol(address)
        } catch (error) {
          abort(handshake.transport)
          throw error
        }
        if (next === null) {
          handshake.transport.loseConnection()
          return
        }
        handshake.handOver(next)
      },
    }, this.#reactor)
  }
}
