/**
 * ClientService: hosts that keep a connection to a server, whatever happens to it.
 *
 * Safety: one connection at a time; no attempt before the policy's wait is over, none later, and none without having
 * asked it; failures counted as they come; a service that was stopped has no connection, attempts none and has no call
 * left; whoever waits for a connection gets one that is open and prepared. Liveness: in quiet everybody is connected
 * after the longest wait, and every stop ends, also one that is followed by a start.
 */
import {
  backoffPolicy, CancelledError, clientFromString, ClientService, ConnectError, Deferred, Factory, LineReceiver,
  TimeoutMixin,
} from 'whorl'
import type { Failure, IDelayedCall, IProtocol, IProtocolFactory, IReactorTime, IStreamClientEndpoint } from 'whorl'
import type { Reactor } from 'whorl/node'
import type { SeededRandom } from 'whorl/core'
import type { Scenario, SimulatedHost, SimulateOptions } from 'whorl/testing'
import { fateOf, Judge, keepOn, QUIET } from './parts.js'

/** A run costs little. */
export const share = 1.5

export const options: SimulateOptions = {
  until: 90_000, hosts: 4,
  faults: { every: 2_500, quiet: QUIET, kinds: {
    partition: 1, 'one-way': 1, crash: 3, reset: 3, slow: 1, lossy: 1, hold: 1, refuse: 2, 'black-hole': 2, skew: 1,
  } },
}

const LONGEST_WAIT = 5_000
const CONNECT_TIMEOUT = 4_000
const PING = 1_000
const PATIENCE = 3_000

export const scenario: Scenario = async (simulation) => {
  const judge = new Judge(simulation)
  const keepers: Keeper[] = []
  simulation.host('server', ({ reactor }) => {
    reactor.listenTCP(7_000, Factory.forProtocol(Answering))
  })
  for (let client = 1; client < simulation.hosts; client++) {
    simulation.host(`client-${client}`, (host) => {
      const keeper = new Keeper(host, judge, client % 2 === 0)
      keepers[client] = keeper
      const random = fateOf(simulation, host)
      keeper.start()
      keepOn(host, random.between(500, 15_000), () => {
        if (simulation.now > judge.calm) return null
        keeper.toggle()
        // Some are started again before the stop has come to its end.
        if (!keeper.isRunning && random.chance(0.4)) keeper.toggle()
        return keeper.isRunning ? random.between(1_000, 20_000) : random.between(0, 3_000)
      })
      // The last life runs.
      keepOn(host, 0, () => {
        if (simulation.now < judge.calm) return 1_000
        if (!keeper.isRunning) keeper.toggle()
        return null
      })
    })
  }
  const settled = judge.calm + 1_000 + PATIENCE + PING + CONNECT_TIMEOUT + LONGEST_WAIT + 1_000 + 1_000
  simulation.at(settled, () => {
    for (const keeper of keepers) {
      if (keeper === undefined) continue
      judge.that(keeper.isAnswered, () => `${keeper.name} is not connected: ${keeper.story}`)
      judge.that(keeper.stops === 0, () => `${keeper.name} was told of ${keeper.stops} stops too few`)
    }
  })
  const stopped: string[] = []
  simulation.at(settled + 5_000, () => {
    for (const keeper of keepers) {
      keeper?.service.stopService().addCallback(() => {
        stopped.push(keeper.name)
        judge.that(keeper.open === 0, `${keeper.name} is stopped, and connected`)
      })
    }
  })
  await simulation.run(simulation.until)
  if (simulation.until > settled + 8_000) {
    judge.that(stopped.length === simulation.hosts - 1, () => `stopped are only ${stopped.join(' ')}`)
  }
  for (const keeper of keepers) {
    if (keeper === undefined) continue
    const left = keeper.reactor.getDelayedCalls().length
    judge.that(simulation.until <= settled + 8_000 || left === 0, () => `${keeper.name} has left ${left} calls`)
  }
  judge.verdict()
}

/** One life of a host: its service, and what it should be doing. */
class Keeper {
  readonly name: string
  readonly reactor: Reactor
  readonly service: ClientService
  readonly #judge: Judge
  readonly #random: SeededRandom
  readonly #policy: (attempt: number) => number
  open = 0
  isAnswered = false
  story = 'nothing yet'
  /** Stops that have not ended. */
  stops = 0
  /** Whether a connection is good only when the server has answered once. */
  readonly prepares: boolean
  /** When the next attempt has to come, by the clock of the host; null: at once after a start, or not at all. */
  #due: number | null = null
  #isStarted = false
  #failures = 0
  #isWaiting = false
  /** What the service has to do later. */
  readonly #calls = new Set<IDelayedCall>()

  constructor({ name, incarnation, reactor }: SimulatedHost, judge: Judge, prepares: boolean) {
    this.name = `${name}/${incarnation}`
    this.reactor = reactor
    this.prepares = prepares
    this.#judge = judge
    const random = this.#random = judge.simulation.random.fork(`waits of ${this.name}`)
    this.#policy = backoffPolicy({
      initialDelay: 100, maxDelay: LONGEST_WAIT - 1_000, factor: 2, jitter: () => random.below(1_000),
    })
    const endpoint = clientFromString(reactor, `tcp:server:7000:timeout=${CONNECT_TIMEOUT}`)
    this.service = new ClientService(this.#watched(endpoint), this.#factory(), {
      clock: this.#watchedClock(),
      ...(prepares ? { prepareConnection: (protocol: IProtocol) => (protocol as unknown as Asking).prepared } : {}),
      retryPolicy: (failures) => {
        this.#failures += 1
        judge.that(failures === this.#failures, () => `${this.name} counts ${failures} failures, not ${this.#failures}`)
        const wait = this.#policy(failures)
        this.#due = reactor.now() + wait
        return wait
      },
    })
  }

  get isRunning(): boolean {
    return this.service.running
  }

  start(): void {
    this.#due = null
    this.#isStarted = true
    this.service.startService()
    if (this.#isWaiting) return
    this.#isWaiting = true
    this.service.whenConnected().addCallbacks((protocol) => {
      this.#isWaiting = false
      const { isOpen, prepared } = protocol as Asking
      this.#judge.that(this.open === 1 && isOpen, `${this.name} was given a connection that is none`)
      this.#judge.that(!this.prepares || prepared.called, `${this.name} was given a connection that is not prepared`)
    }, (reason: Failure) => {
      this.#isWaiting = false
      this.#judge.that(reason.check(CancelledError) !== null, () => `whenConnected: ${reason.value.message}`)
    })
  }

  toggle(): void {
    if (!this.isRunning) return this.start()
    this.stops += 1
    this.#isStarted = false
    this.service.stopService().addCallback(() => {
      this.stops -= 1
      // One that was started in the meantime goes on counting, and may be connecting.
      if (this.isRunning) return
      this.#failures = 0
      this.#judge.that(this.open === 0, `${this.name} says that it has stopped, and is connected`)
      const left = [...this.#calls].filter((call) => call.active()).length
      this.#judge.that(left === 0, `${this.name} says that it has stopped, and has ${left} calls to make`)
    })
    this.#due = null
  }

  /** The clock, with an eye on what is left. */
  #watchedClock(): IReactorTime {
    const { reactor } = this
    return {
      now: () => reactor.now(),
      getDelayedCalls: () => reactor.getDelayedCalls(),
      callLater: (ms, fn, ...args) => {
        const call = reactor.callLater(ms, fn, ...args)
        this.#calls.add(call)
        return call
      },
    } as IReactorTime
  }

  /** The endpoint, with an eye on when it is asked. */
  #watched(endpoint: IStreamClientEndpoint): IStreamClientEndpoint {
    return {
      connect: (factory: IProtocolFactory) => {
        this.#judge.that(this.isRunning, `${this.name} connects, and was stopped`)
        this.#judge.that(this.open === 0, `${this.name} connects, and is connected`)
        this.#judge.that(this.#due !== null || this.#isStarted, `${this.name} connects again without a wait`)
        this.#isStarted = false
        const early = this.#due === null ? 0 : this.#due - this.reactor.now()
        this.#judge.that(Math.abs(early) < 1, () => `${this.name} connects ${early} ms before its time`)
        this.#due = null
        this.story = 'connecting'
        return endpoint.connect(factory).addErrback((reason) => {
          this.story = reason.value.message
          this.#judge.named(reason.value, this.name)
          return reason
        })
      },
    }
  }

  #factory(): IProtocolFactory {
    const factory = new Factory()
    factory.buildProtocol = () => {
      const isBad = this.prepares && this.#judge.simulation.now < this.#judge.calm && this.#random.chance(0.1)
      const protocol = new Asking(this, isBad)
      protocol.clock = this.reactor
      return protocol as IProtocol
    }
    return factory
  }

  opened(): void {
    this.open += 1
    if (!this.prepares) this.#failures = 0
    this.story = 'connected'
    this.#judge.that(this.open === 1, `${this.name} has two connections`)
  }

  prepared(): void {
    this.#failures = 0
  }

  lost(reason: Failure): void {
    this.open -= 1
    this.isAnswered = false
    this.story = reason.value.message
    this.#judge.named(reason.value, this.name)
  }
}

class Answering extends LineReceiver {
  override lineReceived(line: string): void {
    this.sendLine(line)
  }
}

/** Asks every second, and gives a silent server up. */
class Asking extends TimeoutMixin(LineReceiver) {
  isOpen = false
  /** Fires, or fails, with the first answer. */
  readonly prepared = new Deferred<void>()
  readonly #keeper: Keeper
  readonly #isBad: boolean
  #asked = 0
  #answered = 0

  constructor(keeper: Keeper, isBad: boolean) {
    super()
    this.#keeper = keeper
    this.#isBad = isBad
  }

  override connectionMade(): void {
    this.isOpen = true
    this.#keeper.opened()
    this.setTimeout(PATIENCE)
    this.#ask()
  }

  #ask(): void {
    if (!this.isOpen) return
    this.#asked += 1
    this.sendLine(String(this.#asked))
    this.callLater(PING, () => this.#ask())
  }

  override lineReceived(line: string): void {
    this.resetTimeout()
    this.#answered += 1
    this.#keeper.isAnswered = true
    if (line !== String(this.#answered)) throw new Error(`answer ${this.#answered} is '${line}'`)
    if (!this.#keeper.prepares || this.prepared.called) return
    if (this.#isBad) return this.prepared.errback(new ConnectError('This will not do.'))
    this.#keeper.prepared()
    this.prepared.callback(undefined)
  }

  override timeoutConnection(): void {
    this.transport.abortConnection()
  }

  override connectionLost(reason: Failure): void {
    this.isOpen = false
    this.setTimeout(null)
    super.connectionLost(reason)
    this.#keeper.lost(reason)
  }
}
