/**
 * ClientService: keeps a connection to an endpoint, and makes it again when it is lost.
 *
 * Owns: the table of states, who waits for a connection, and who for the stop. Must not know: what the endpoint or the
 * protocol does. Source: twisted.application.internet.ClientService.
 *
 *              start                made                 lost
 *   init ────────────▶ connecting ────────▶ connected ────────▶ waiting ──retry──▶ connecting
 *                          │ failed ─────────────────────────────▲  │
 *                          │ stop              │ stop               │ stop
 *                          ▼                   ▼                    ▼
 *                     disconnecting ◀──────────┘                 stopped ──start──▶ connecting
 *                          │  ▲
 *                    start ▼  │ stop        disconnecting: over → stopped; restarting: over → connecting
 *                      restarting
 */
import { Deferred, fail, Failure, maybeDeferred, succeed } from '../defer/index.js'
import { CancelledError, ConnectionLost } from '../errors/index.js'
import type {
  IAddress, IDelayedCall, IProtocol, IProtocolFactory, IReactorTime, IStreamClientEndpoint,
} from '../interfaces/index.js'
import { Logger } from '../logger/index.js'
import { spreadOf } from '../protocols/spread.js'
import { backoffPolicy, JITTER } from './backoff.js'
import type { RetryPolicy } from './backoff.js'
import { Service } from './service.js'

type State = 'init' | 'connecting' | 'connected' | 'waiting' | 'disconnecting' | 'restarting' | 'stopped'
/** `made`: connected and prepared; `over`: the attempt failed, or the connection is lost. */
type Input = 'start' | 'stop' | 'made' | 'over' | 'retry'
type Action = 'attempt' | 'announce' | 'countAndWait' | 'wait' | 'giveUp' | 'dropWait' | 'finish' | 'again' | 'none'

/** What comes of each input; one that is not in the table changes nothing. */
const TABLE: Record<State, Partial<Record<Input, readonly [State, Action]>>> = {
  init: { start: ['connecting', 'attempt'], stop: ['stopped', 'finish'] },
  connecting: { stop: ['disconnecting', 'giveUp'], made: ['connected', 'announce'], over: ['waiting', 'countAndWait'] },
  connected: { stop: ['disconnecting', 'giveUp'], over: ['waiting', 'wait'] },
  waiting: { stop: ['stopped', 'dropWait'], retry: ['connecting', 'attempt'] },
  disconnecting: { start: ['restarting', 'none'], made: ['disconnecting', 'giveUp'], over: ['stopped', 'finish'] },
  restarting: { stop: ['disconnecting', 'none'], made: ['restarting', 'giveUp'], over: ['connecting', 'again'] },
  stopped: { start: ['connecting', 'attempt'], stop: ['stopped', 'finish'] },
}

/** Options of {@link ClientService}. */
export interface ClientServiceOptions {
  /** How long to wait after so many failures in a row, ms; {@link backoffPolicy} if not given. */
  retryPolicy?: RetryPolicy | null
  /** Whose time; may be set later, but before the start. */
  clock?: IReactorTime | null
  /**
   * Called with each protocol once it is connected; what it returns is waited for before anybody hears of the
   * connection. If that fails, the connection is dropped, and it counts as an attempt that failed.
   */
  prepareConnection?: ((protocol: IProtocol) => unknown) | null
}

/** Options of `whenConnected`. */
export interface WhenConnectedOptions {
  /** Fail after so many more attempts have failed in a row; never if not given. */
  failAfterFailures?: number | null
}

/** Somebody who waits for a connection. */
interface Waiter {
  readonly deferred: Deferred<IProtocol>
  failuresLeft: number
}

/** One attempt, and the connection that came of it. */
interface Attempt {
  connecting: Deferred<unknown> | null
  protocol: IProtocol | null
  /** Whether the connection is open. */
  open: boolean
  over: boolean
}

/**
 * Keeps a connection.
 *
 * @example
 * const service = new ClientService(clientFromString(reactor, 'tcp:example.com:6667'), factory, { clock: reactor })
 * service.startService()
 * const protocol = await service.whenConnected({ failAfterFailures: 3 })
 */
export class ClientService extends Service {
  /** Whose time; must be set before the start. */
  clock: IReactorTime | null
  readonly #endpoint: IStreamClientEndpoint
  readonly #factory: IProtocolFactory
  readonly #givenPolicy: RetryPolicy | null
  readonly #prepare: ((protocol: IProtocol) => unknown) | null
  readonly #log = new Logger('whorl.services')
  #policy: RetryPolicy | null = null
  #state: State = 'init'
  #attempt: Attempt | null = null
  #failures = 0
  #retry: IDelayedCall | null = null
  #waiters: Waiter[] = []
  #stopWaiters: Deferred<void>[] = []

  constructor(endpoint: IStreamClientEndpoint, factory: IProtocolFactory, options: ClientServiceOptions = {}) {
    super()
    this.#endpoint = endpoint
    this.#factory = factory
    this.clock = options.clock ?? null
    this.#givenPolicy = options.retryPolicy ?? null
    this.#prepare = options.prepareConnection ?? null
  }

  /** Connects, and goes on doing so. @throws TypeError when no `clock` is set */
  override startService(): void {
    if (this.clock === null) throw new TypeError('a ClientService needs its `clock` set to a reactor or Clock')
    if (this.running) return
    super.startService()
    this.#policy ??= this.#givenPolicy ?? backoffPolicy({ jitter: jitterOn(this.clock) })
    this.#input('start')
  }

  /** Gives up the attempt or the connection. @returns fires once there is neither */
  override stopService(): Deferred<void> {
    super.stopService()
    const stopped = new Deferred<void>()
    this.#stopWaiters.push(stopped)
    this.#input('stop')
    return stopped
  }

  /**
   * The protocol of the connection.
   * @returns fires at once while connected, else with the next connection; fails with CancelledError when the service is
   * or gets stopped, and with the last attempt's error after `failAfterFailures` of them
   */
  whenConnected(options: WhenConnectedOptions = {}): Deferred<IProtocol> {
    const failuresLeft = options.failAfterFailures ?? Infinity
    if (!(failuresLeft >= 1)) throw new RangeError(`failures are counted from 1 on, not ${failuresLeft}`)
    if (this.#state === 'connected') return succeed(this.#attempt!.protocol as never) as unknown as Deferred<IProtocol>
    if (this.#state === 'stopped') return fail(new CancelledError()) as unknown as Deferred<IProtocol>
    const deferred = new Deferred<IProtocol>((cancelled) => {
      this.#waiters = this.#waiters.filter((waiter) => waiter.deferred !== cancelled)
    })
    this.#waiters.push({ deferred, failuresLeft })
    return deferred
  }

  #input(input: Input, reason?: Failure): void {
    const step = TABLE[this.#state][input]
    if (step === undefined) return
    this.#state = step[0]
    switch (step[1]) {
      case 'attempt':
        this.#begin()
        break
      case 'announce':
        this.#failures = 0
        this.#announce()
        break
      case 'countAndWait':
        // The wait first: who hears of the failure may stop this service.
        this.#wait()
        this.#countFailure(reason!)
        break
      case 'wait':
        this.#wait()
        break
      case 'giveUp':
        this.#giveUp()
        break
      case 'dropWait':
        this.#retry?.cancel()
        this.#retry = null
        this.#finish(true)
        break
      case 'finish':
        this.#finish(true)
        break
      case 'again':
        this.#begin()
        this.#finish(false)
        break
    }
  }

  #begin(): void {
    const attempt: Attempt = { connecting: null, protocol: null, open: false, over: false }
    this.#attempt = attempt
    const connecting = maybeDeferred(() => this.#endpoint.connect(this.#watched(attempt)))
      .addCallback((protocol) => {
        if (this.#prepare === null) return protocol
        return maybeDeferred(this.#prepare, protocol).addCallback(() => protocol)
      }) as Deferred<IProtocol>
    attempt.connecting = connecting
    connecting.addCallbacks((protocol) => {
      attempt.connecting = null
      if (attempt.over) return
      attempt.protocol = protocol
      this.#input('made')
    }, (reason: Failure) => {
      attempt.connecting = null
      this.#failed(attempt, reason)
    })
  }

  /** The endpoint failed, or the preparation. */
  #failed(attempt: Attempt, reason: Failure): void {
    if (attempt.over) return
    // A connection that was not to be: when stopping, it is waited for.
    const isStopping = this.#state === 'disconnecting' || this.#state === 'restarting'
    if (attempt.open) transportOf(attempt.protocol)?.loseConnection()
    if (!attempt.open || !isStopping) this.#over(attempt, reason)
  }

  #over(attempt: Attempt, reason: Failure): void {
    if (attempt.over) return
    attempt.over = true
    if (this.#attempt === attempt) this.#input('over', reason)
  }

  /** The factory, with an ear on the connection of each protocol that it builds for this attempt. */
  #watched(attempt: Attempt): IProtocolFactory {
    const factory = this.#factory
    return {
      doStart: () => factory.doStart(),
      doStop: () => factory.doStop(),
      buildProtocol: (address: IAddress) => {
        const protocol = factory.buildProtocol(address) ?? null
        if (protocol === null) return null
        attempt.protocol = protocol
        attempt.open = true
        onceLost(protocol, (reason) => {
          // Attempts in parallel may build more than one.
          if (attempt.protocol !== protocol) return
          attempt.open = false
          const { connecting } = attempt
          this.#over(attempt, reason)
          // Whatever prepares a connection that is gone.
          connecting?.cancel()
        })
        return protocol
      },
    }
  }

  #wait(): void {
    this.#failures += 1
    let delay = Number(this.#policy!(this.#failures))
    if (!(delay >= 0 && delay < Infinity)) {
      this.#log.error(`A retry policy gave ${delay} for a wait in milliseconds; waiting a minute`)
      delay = 60_000
    }
    this.#log.debug('Connecting again later', { attempt: this.#failures, delay })
    this.#retry = this.clock!.callLater(delay, () => {
      this.#retry = null
      this.#input('retry')
    })
  }

  #giveUp(): void {
    const attempt = this.#attempt!
    if (attempt.connecting !== null) attempt.connecting.cancel()
    else transportOf(attempt.protocol)?.loseConnection()
  }

  #announce(): void {
    const waiters = this.#waiters
    this.#waiters = []
    const { protocol } = this.#attempt!
    for (const { deferred } of waiters) if (!deferred.called) deferred.callback(protocol as never)
  }

  #countFailure(reason: Failure): void {
    const ready: Waiter[] = []
    this.#waiters = this.#waiters.filter((waiter) => {
      waiter.failuresLeft -= 1
      if (waiter.failuresLeft <= 0) ready.push(waiter)
      return waiter.failuresLeft > 0
    })
    for (const { deferred } of ready) if (!deferred.called) deferred.errback(reason)
  }

  /** @param cancels whether those who wait for a connection wait in vain */
  #finish(cancels: boolean): void {
    const stopWaiters = this.#stopWaiters
    this.#stopWaiters = []
    if (cancels) {
      const waiters = this.#waiters
      this.#waiters = []
      this.#failures = 0
      for (const { deferred } of waiters) if (!deferred.called) deferred.errback(new CancelledError())
    }
    for (const deferred of stopWaiters) deferred.callback(undefined)
  }
}

function jitterOn(clock: IReactorTime): () => number {
  const random = spreadOf(clock)
  return () => random() * JITTER
}

function transportOf(protocol: IProtocol | null): { loseConnection(): void } | null {
  const { transport } = (protocol ?? {}) as { transport?: { loseConnection?: unknown } | null }
  return typeof transport?.loseConnection === 'function' ? transport as { loseConnection(): void } : null
}

/** Calls `then` after the protocol's next `connectionLost`, out of the path of its bytes. */
function onceLost(protocol: IProtocol, then: (reason: Failure) => void): void {
  const own = Object.getOwnPropertyDescriptor(protocol, 'connectionLost')
  const connectionLost = (reason: Failure): void => {
    if (own === undefined) Reflect.deleteProperty(protocol, 'connectionLost')
    else Object.defineProperty(protocol, 'connectionLost', own)
    try {
      protocol.connectionLost(reason)
    } finally {
      then(reason ?? new Failure(new ConnectionLost()))
    }
  }
  Object.defineProperty(protocol, 'connectionLost', { value: connectionLost, configurable: true, writable: true })
}
