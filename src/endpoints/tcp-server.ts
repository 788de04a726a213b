/**
 * Server endpoints over TCP, for IPv4 and IPv6.
 *
 * Owns: their options and defaults. Must not know: any host.
 * Source: twisted.internet.endpoints.TCP4ServerEndpoint, TCP6ServerEndpoint.
 */
import type { Deferred } from '../defer/index.js'
import type {
  IListeningPort, IProtocolFactory, IReactorTCP, IStreamServerEndpoint, ListenTCPOptions, TCPAddress,
} from '../interfaces/index.js'
import { keepClock } from './clock.js'
import { listening } from './listening.js'

/** What the two classes share: they differ in the address that stands for "all". */
class TCPServerEndpoint implements IStreamServerEndpoint {
  readonly #reactor: IReactorTCP
  readonly #port: number
  readonly #options: ListenTCPOptions

  constructor(reactor: IReactorTCP, port: number, options: ListenTCPOptions) {
    keepClock(this, reactor)
    this.#reactor = reactor
    this.#port = port
    this.#options = options
  }

  /** Fires with the port once it is bound, fails with CannotListenError; cancelling closes the port again. */
  listen(factory: IProtocolFactory): Deferred<IListeningPort<TCPAddress>> {
    return listening(() => this.#reactor.listenTCP(this.#port, factory, this.#options))
  }
}

/** Listens on a TCP port of this machine's IPv4 addresses. */
export class TCP4ServerEndpoint extends TCPServerEndpoint {
  /**
   * @param reactor who listens
   * @param port 0 for any free port
   * @param options `interface` defaults to all IPv4 addresses
   */
  constructor(reactor: IReactorTCP, port: number, options: ListenTCPOptions = {}) {
    super(reactor, port, { ...options, interface: options.interface ?? '0.0.0.0' })
  }
}

/** Listens on a TCP port of this machine's IPv6 addresses. */
export class TCP6ServerEndpoint extends TCPServerEndpoint {
  /**
   * @param reactor who listens
   * @param port 0 for any free port
   * @param options `interface` defaults to all IPv6 addresses
   */
  constructor(reactor: IReactorTCP, port: number, options: ListenTCPOptions = {}) {
    super(reactor, port, { ...options, interface: options.interface ?? '::' })
  }
}
