/**
 * HostnameEndpoint: connects to a host by name, whichever of its addresses answers first.
 *
 * Owns: the race over `connectTCP`, one address each, the time that all of it may take, and the factory's one start and
 * stop. Must not know: any host; names are the reactor's resolver's.
 * Source: RFC 8305; twisted.internet.endpoints.HostnameEndpoint; SEMANTICS E16.
 */
import { Deferred, maybeDeferred } from '../defer/index.js'
import type { Failure } from '../defer/index.js'
import { ConnectError, ConnectingCancelledError, TimeoutError } from '../errors/index.js'
import type {
  ConnectTCPOptions, IAddress, IConnector, IDelayedCall, IHostnameResolver, IProtocol, IProtocolFactory, IReactorTCP,
  IReactorTime, IStreamClientEndpoint,
} from '../interfaces/index.js'
import { checkPort } from '../transports/address.js'
import { allFailed, ATTEMPT_DELAY, hostAddresses } from '../transports/resolve.js'
import { addressFamily } from '../transports/resolve-literal.js'
import { StaggeredRace } from '../transports/staggered.js'
import type { Runner } from '../transports/staggered.js'
import { keepClock } from './clock.js'
import { connecting } from './connecting.js'
import { CONNECT_TIMEOUT } from './tcp-client.js'

/** What a HostnameEndpoint asks of a reactor. One without a resolver is given the name itself. */
export type HostnameReactor = IReactorTCP & IReactorTime & { readonly nameResolver?: IHostnameResolver }

/** Options of a HostnameEndpoint. */
export interface HostnameEndpointOptions extends ConnectTCPOptions {
  /** What each attempt gets before the next begins beside it, ms; 250 if not given. */
  attemptDelay?: number
}

/**
 * Connects to a TCP port of a host by name.
 *
 * @example
 * new HostnameEndpoint(reactor, 'example.com', 80).connect(factory)
 */
export class HostnameEndpoint implements IStreamClientEndpoint {
  readonly #reactor: HostnameReactor
  readonly #host: string
  readonly #port: number
  readonly #options: HostnameEndpointOptions

  /**
   * @param reactor who connects, and whose `nameResolver` is asked
   * @param host a name, or an address of either family
   * @param options `timeout` in ms, 30 s if not given, for resolving and connecting together; `bindAddress`
   * @throws TypeError for a host that is no text, RangeError for a time that is none
   */
  constructor(reactor: HostnameReactor, host: string, port: number, options: HostnameEndpointOptions = {}) {
    if (typeof host !== 'string') throw new TypeError(`a host is text, not ${String(host)}`)
    const { timeout = CONNECT_TIMEOUT, attemptDelay = ATTEMPT_DELAY } = options
    for (const time of [timeout, attemptDelay]) {
      if (typeof time !== 'number' || !(time >= 0)) {
        throw new RangeError(`a time is a number of milliseconds, zero or more, not ${String(time)}`)
      }
    }
    this.#reactor = reactor
    this.#host = host
    this.#port = port
    this.#options = { ...options, timeout, attemptDelay }
    keepClock(this, reactor)
  }

  /**
   * Fires with the protocol once connected. Fails with DNSLookupError when there is no address, TimeoutError, or the
   * first error of all that were tried, whose `cause` is a FailureGroup of the others. Cancelling gives up everything.
   */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    return maybeDeferred(() => this.#connect(factory)) as Deferred<IProtocol>
  }

  #connect(factory: IProtocolFactory): Deferred<IProtocol> {
    // Before anybody is asked for the name.
    checkPort(this.#port)
    const { attemptDelay, timeout, ...tcp } = this.#options
    const resolver = resolverOf(this.#reactor)
    if (resolver === undefined || addressFamily(this.#host) !== 0) {
      return connecting(factory, (client) =>
        this.#reactor.connectTCP(this.#host, this.#port, client, { ...tcp, timeout }))
    }
    const race = new HostRace(this.#reactor, factory, attemptDelay as number, (address, client) =>
      connecting(client, (one) => this.#reactor.connectTCP(address, this.#port, one,
        { ...tcp, timeout: Infinity, resolvedFrom: this.#host })))
    race.begin(hostAddresses(resolver, this.#host), timeout as number)
    return race.connected
  }
}

/** A Reactor whose host alone knows names says so with a null, and throws when it is asked for its `nameResolver`. */
function resolverOf(reactor: HostnameReactor): IHostnameResolver | undefined {
  return (reactor as { resolver?: IHostnameResolver | null }).resolver === null ? undefined : reactor.nameResolver
}

/** One `connect` of an endpoint. Stands between the user's factory and the attempts, so that it is asked only once. */
class HostRace {
  readonly connected: Deferred<IProtocol>
  readonly #reactor: HostnameReactor
  readonly #factory: IProtocolFactory
  readonly #delay: number
  readonly #attempt: (address: string, factory: IProtocolFactory) => Deferred<IProtocol>
  #resolving: Deferred<unknown> | null = null
  #race: StaggeredRace<string, null> | null = null
  #timeout: IDelayedCall | null = null
  #decided = false
  /** The race itself, and every attempt that uses the factory. */
  #users = 0
  /** What `startFactory` threw; the first attempt tells the reactor, which logs it and goes on. */
  #startError: { error: unknown } | null = null

  constructor(reactor: HostnameReactor, factory: IProtocolFactory, delay: number,
    attempt: (address: string, factory: IProtocolFactory) => Deferred<IProtocol>) {
    this.#reactor = reactor
    this.#factory = factory
    this.#delay = delay
    this.#attempt = attempt
    this.connected = new Deferred<IProtocol>(() => this.#fail(new ConnectingCancelledError()))
  }

  begin(addresses: Deferred<string[]>, timeout: number): void {
    if (timeout !== Infinity) {
      this.#timeout = this.#reactor.callLater(timeout, () => {
        this.#timeout = null
        this.#fail(new TimeoutError())
      })
    }
    this.#resolving = addresses
    addresses.addCallbacks((hosts) => this.#run(hosts), (reason: Failure) => this.#fail(reason.value))
  }

  #run(hosts: string[]): void {
    if (this.#decided) return
    this.#race = new StaggeredRace(this.#reactor, hosts, this.#delay, {
      start: (host, runner) => this.#start(host, runner),
      won: () => undefined,
      lost: (errors) => this.#fail(allFailed(errors as Error[])),
    })
    try {
      this.#use()
    } catch (error) {
      this.#startError = { error }
    }
    this.#race.start()
  }

  #start(host: string, runner: Runner<null>): () => void {
    let decided = false
    const attempt = this.#attempt(host, {
      doStart: () => {
        this.#use()
        const wrong = this.#startError
        this.#startError = null
        if (wrong !== null) throw wrong.error
      },
      doStop: () => this.#release(),
      buildProtocol: (address: IAddress) => {
        if (!runner.won(null)) return null
        decided = true
        return this.#factory.buildProtocol(address)
      },
    })
    attempt.addCallbacks(
      (protocol) => this.#succeed(protocol),
      (reason: Failure) => {
        // What the factory or its protocol did wrong is no reason to try the next address.
        if (decided) this.#fail(reason.value)
        else runner.failed(reason.value)
      })
    return () => attempt.cancel()
  }

  #succeed(protocol: IProtocol): void {
    if (this.#decided) return
    this.#decided = true
    this.#over()
    this.connected.callback(protocol)
  }

  #fail(error: unknown): void {
    if (this.#decided) return
    this.#decided = true
    this.#resolving?.cancel()
    this.#race?.cancel()
    try {
      this.#over()
    } finally {
      this.connected.errback(error)
    }
  }

  #over(): void {
    if (this.#timeout !== null && this.#timeout.active()) this.#timeout.cancel()
    this.#timeout = null
    if (this.#race !== null) this.#release()
  }

  #use(): void {
    this.#users += 1
    if (this.#users === 1) this.#factory.doStart()
  }

  #release(): void {
    this.#users -= 1
    if (this.#users === 0) this.#factory.doStop()
  }
}
