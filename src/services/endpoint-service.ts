/**
 * StreamServerEndpointService: listens while it runs.
 *
 * Owns: the port. Must not know: what kind it is. Source: twisted.application.internet.StreamServerEndpointService.
 */
import { Deferred, Failure, maybeDeferred } from '../defer/index.js'
import { CancelledError } from '../errors/index.js'
import type { IListeningPort, IProtocolFactory, IStreamServerEndpoint } from '../interfaces/index.js'
import { Logger } from '../logger/index.js'
import { Service } from './service.js'

/** Options of {@link StreamServerEndpointService}. */
export interface EndpointServiceOptions {
  /** How long open connections may go on after the stop, ms, before they are aborted; they are let be if not given. */
  drain?: number
}

/**
 * Listens at an endpoint from start to stop.
 *
 * @example new StreamServerEndpointService(serverFromString(reactor, 'tcp:8007'), factory, { drain: 10_000 })
 */
export class StreamServerEndpointService extends Service {
  readonly endpoint: IStreamServerEndpoint
  readonly factory: IProtocolFactory
  readonly #drain: number | null
  readonly #log = new Logger('whorl.services')
  #listening: Deferred<IListeningPort> | null = null
  #port: IListeningPort | null = null
  #failure: Failure | null = null
  #waiting: Deferred<IListeningPort>[] = []

  constructor(endpoint: IStreamServerEndpoint, factory: IProtocolFactory, options: EndpointServiceOptions = {}) {
    super()
    this.endpoint = endpoint
    this.factory = factory
    this.#drain = options.drain ?? null
  }

  /** The port, null while there is none. */
  get port(): IListeningPort | null {
    return this.#port
  }

  /** Begins to listen; that it could not is told to `whenListening()`, and to the log. */
  override startService(): void {
    if (this.running) return
    super.startService()
    this.#failure = null
    const listening = maybeDeferred(() => this.endpoint.listen(this.factory)) as Deferred<IListeningPort>
    this.#listening = listening
    listening.addCallbacks((port) => {
      this.#port = port
      this.#tell((waiting) => waiting.callback(port as never))
      return port
    }, (failure: Failure) => {
      this.#tell((waiting) => waiting.errback(failure))
      // Stopped before it listened: nothing is wrong.
      if (!this.running && failure.check(CancelledError) !== null) return undefined
      this.#failure = failure
      this.#log.failure(`The service ${this.name ?? 'StreamServerEndpointService'} cannot listen`, failure)
      return undefined
    })
  }

  /** Fires with the port once it listens, fails when it cannot; waits for a service that is not started. */
  whenListening(): Deferred<IListeningPort> {
    const waiting = new Deferred<IListeningPort>((cancelled) => {
      this.#waiting = this.#waiting.filter((other) => other !== cancelled)
    })
    if (this.#port !== null) waiting.callback(this.#port as never)
    else if (this.#failure !== null) waiting.errback(this.#failure)
    else this.#waiting.push(waiting)
    return waiting
  }

  /** @returns fires once the port is closed, and with `drain` its connections too */
  override stopService(): Deferred<unknown> {
    super.stopService()
    const listening = this.#listening
    this.#listening = null
    if (listening === null) return maybeDeferred(() => undefined)
    listening.cancel()
    const stopped = new Deferred<unknown>()
    listening.addCallback((port: IListeningPort | undefined) => {
      this.#port = null
      if (port === undefined) return undefined
      return this.#drain === null ? port.stopListening() : port.drain(this.#drain)
    }).addBoth((result) => {
      if (result instanceof Failure) stopped.errback(result)
      else stopped.callback(undefined)
    })
    return stopped
  }

  #tell(how: (waiting: Deferred<IListeningPort>) => void): void {
    const all = this.#waiting
    this.#waiting = []
    for (const waiting of all) how(waiting)
  }
}
