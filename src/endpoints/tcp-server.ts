/**
 * Server endpoints over TCP, for IPv4 and IPv6.
 *
 * Owns: turning `listenTCP`, which may throw now or fail later, into one Deferred. Must not know: any host.
 * Source: twisted.internet.endpoints.TCP4ServerEndpoint, TCP6ServerEndpoint.
 */
import { Deferred, fail } from '../defer/index.js'
import type { Failure } from '../defer/index.js'
import type {
  IListeningPort, IProtocolFactory, IReactorTCP, IStreamServerEndpoint, ListenTCPOptions,
  TCPAddress,
} from '../interfaces/index.js'

/** What the two classes share: they differ in the address that stands for "all". */
class TCPServerEndpoint implements IStreamServerEndpoint {
  readonly #reactor: IReactorTCP
  readonly #port: number
  readonly #options: ListenTCPOptions

  constructor(reactor: IReactorTCP, port: number, options: ListenTCPOptions) {
    this.#reactor = reactor
    this.#port = port
    this.#options = options
  }

  /**
   * Listens.
   *
   * @returns fires with the port once it is bound; fails with CannotListenError. Cancelling closes the port again.
   */
  listen(factory: IProtocolFactory): Deferred<IListeningPort<TCPAddress>> {
    let port: IListeningPort<TCPAddress>
    try {
      port = this.#reactor.listenTCP(this.#port, factory, this.#options)
    } catch (error) {
      return fail(error) as Deferred<IListeningPort<TCPAddress>>
    }
    const bound = new Deferred<IListeningPort<TCPAddress>>(() => {
      void port.stopListening()
    })
    // A failure ends here, and not in `ready`: whoever called `listen` is told, and has no port to look at.
    port.ready.addCallbacks((same) => {
      bound.callback(port)
      return same
    }, (reason: Failure) => bound.errback(reason))
    return bound
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
