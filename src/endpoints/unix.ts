/**
 * Endpoints over UNIX sockets.
 *
 * Owns: their options and defaults. Must not know: any host.
 * Source: twisted.internet.endpoints.UNIXServerEndpoint, UNIXClientEndpoint.
 */
import type { Deferred } from '../defer/index.js'
import type {
  ConnectUNIXOptions, IListeningPort, IProtocol, IProtocolFactory, IReactorUNIX, IStreamClientEndpoint,
  IStreamServerEndpoint, ListenUNIXOptions, UNIXAddress,
} from '../interfaces/index.js'
import { keepClock } from './clock.js'
import { connecting } from './connecting.js'
import { listening } from './listening.js'
import { CONNECT_TIMEOUT } from './tcp-client.js'

/** Listens on a UNIX socket. */
export class UNIXServerEndpoint implements IStreamServerEndpoint {
  readonly #reactor: IReactorUNIX
  readonly #path: string
  readonly #options: ListenUNIXOptions

  /**
   * @param reactor who listens
   * @param path of the socket; one that begins with a NUL is an abstract name (Linux)
   * @param options `mode` of the socket, 0o666 if not given; `wantPID` guards it with a lock file; `backlog`
   */
  constructor(reactor: IReactorUNIX, path: string, options: ListenUNIXOptions = {}) {
    keepClock(this, reactor)
    this.#reactor = reactor
    this.#path = path
    this.#options = { ...options }
  }

  /** Fires with the port once it is bound, fails with CannotListenError; cancelling closes the port again. */
  listen(factory: IProtocolFactory): Deferred<IListeningPort<UNIXAddress>> {
    return listening(() => this.#reactor.listenUNIX(this.#path, factory, this.#options))
  }
}

/** Connects to a UNIX socket. */
export class UNIXClientEndpoint implements IStreamClientEndpoint {
  readonly #reactor: IReactorUNIX
  readonly #path: string
  readonly #options: ConnectUNIXOptions

  /**
   * @param reactor who connects
   * @param path of the socket; one that begins with a NUL is an abstract name (Linux)
   * @param options `timeout` in ms, 30 s if not given; `checkPID` looks at the lock file first
   */
  constructor(reactor: IReactorUNIX, path: string, options: ConnectUNIXOptions = {}) {
    keepClock(this, reactor)
    this.#reactor = reactor
    this.#path = path
    this.#options = { ...options, timeout: options.timeout ?? CONNECT_TIMEOUT }
  }

  /** Fires with the protocol once connected, fails with a ConnectError; cancelling gives up the attempt. */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    return connecting(factory, (client) => this.#reactor.connectUNIX(this.#path, client, this.#options))
  }
}
