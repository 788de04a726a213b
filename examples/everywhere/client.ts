/**
 * A client that keeps its connection: who calls need not know whether there is one at the moment.
 *
 * Owns: waiting for a connection, within the time that a call may take. Must not know: the endpoint's kind, the host.
 * What was asked when a connection was lost fails with it: whether it was done, nobody here can know.
 */
import { ClientService, Factory } from 'whorl'
import type { Deferred, IProtocol, IReactorTime, IStreamClientEndpoint } from 'whorl'
import { Calls } from './calls.js'

/** Options of {@link EverywhereClient}. */
export interface EverywhereClientOptions {
  /** ms that a call may take in all; 5,000 if not given. */
  timeout?: number
  /** ms to wait after so many failures to connect in a row; longer and longer, up to a second, if not given. */
  retryPolicy?: (failures: number) => number
}

/**
 * A client that connects again.
 *
 * @example
 * const client = new EverywhereClient(new TCP4ClientEndpoint(reactor, '127.0.0.1', 8017), reactor)
 * client.start()
 * console.log(await client.call('add', 1, 2))
 */
export class EverywhereClient {
  readonly #service: ClientService
  readonly #clock: IReactorTime
  readonly #timeout: number

  constructor(endpoint: IStreamClientEndpoint, clock: IReactorTime, options: EverywhereClientOptions = {}) {
    const factory = new Factory()
    factory.buildProtocol = () => new Calls(clock)
    const { timeout = 5000, retryPolicy = (failures) => Math.min(1000, 10 * 2 ** failures) } = options
    this.#service = new ClientService(endpoint, factory, { clock, retryPolicy })
    this.#clock = clock
    this.#timeout = timeout
  }

  start(): void {
    this.#service.startService()
  }

  /** Closes the connection; what was asked fails. @returns fires when it is closed */
  stop(): PromiseLike<void> {
    return Promise.resolve(this.#service.stopService() as PromiseLike<void> | undefined)
  }

  /** Asks the server, with the client's own limit. See {@link callWithin}. */
  call(name: string, ...args: unknown[]): Deferred<unknown> {
    return this.callWithin(this.#timeout, name, ...args)
  }

  /**
   * Asks the server, over the connection there is or the next one.
   *
   * @param timeout ms for connecting and answering together
   * @returns fires with the answer; fails with RemoteError, TimeoutError, or why the connection was lost; cancelling
   * gives it up
   */
  callWithin(timeout: number, name: string, ...args: unknown[]): Deferred<unknown> {
    const until = this.#clock.now() + timeout
    return this.#service.whenConnected()
      .addTimeout(timeout, this.#clock)
      .addCallback((protocol: IProtocol) =>
        (protocol as Calls).call(Math.max(0, until - this.#clock.now()), name, ...args))
  }
}
