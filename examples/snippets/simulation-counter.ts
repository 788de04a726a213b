import { clientFromString, Deferred, Factory, LineReceiver } from 'whorl'
import type { Failure } from 'whorl'
import type { Reactor } from 'whorl/node'
import type { Scenario, SimulateOptions, SimulatedHost } from 'whorl/testing'

const ADDS = 10

export const options: SimulateOptions = {
  until: 90_000,
  faults: { every: 1_000, duration: [50, 3_000], quiet: 60_000, kinds: ['partition', 'reset', 'slow'] },
}

/** Adds one for each `add`, and says the sum. The one who asks gives each addition a name, and may ask twice. */
class Counter extends LineReceiver {
  readonly #host: SimulatedHost
  readonly #isCareful: boolean

  constructor(host: SimulatedHost, isCareful: boolean) {
    super()
    this.#host = host
    this.#isCareful = isCareful
  }

  override lineReceived(line: string): void {
    const { durable } = this.#host
    if (!this.#isCareful || !durable.has(line)) durable.set('sum', sumOf(this.#host) + 1)
    durable.set(line, true)
    this.sendLine(String(sumOf(this.#host)))
  }
}

function sumOf({ durable }: SimulatedHost): number {
  return durable.get('sum') as number | undefined ?? 0
}

/** One addition: asks, and waits for two seconds. */
class Addition extends LineReceiver {
  readonly done = new Deferred<string>()
  readonly #name: string

  constructor(name: string) {
    super()
    this.#name = name
  }

  override connectionMade(): void {
    this.sendLine(this.#name)
  }

  override lineReceived(line: string): void {
    this.done.callback(line)
    this.transport.loseConnection()
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    if (!this.done.called) this.done.errback(reason)
  }
}

/** Tries until somebody has answered. */
async function add(reactor: Reactor, name: string): Promise<void> {
  for (;;) {
    const addition = new Addition(name)
    const factory = new Factory()
    factory.buildProtocol = () => addition
    try {
      await clientFromString(reactor, 'tcp:counter:7000:timeout=2000').connect(factory)
      await addition.done.addTimeout(2_000, reactor)
      return
    } catch {
      addition.transport?.abortConnection()
      await reactor.deferLater(200)
    }
  }
}

function scenarioOf(isCareful: boolean): Scenario {
  return async (simulation) => {
    const counter = simulation.host('counter', (host) => {
      const factory = new Factory()
      factory.buildProtocol = () => new Counter(host, isCareful)
      host.reactor.listenTCP(7000, factory)
    })
    const adding = new Deferred<void>()
    simulation.host('client', async ({ reactor }) => {
      for (let number = 0; number < ADDS; number++) {
        await add(reactor, `add ${number}`)
        await reactor.deferLater(1_000)
      }
      adding.callback(undefined)
    })
    // Safety, all the time; and liveness: it ends once nothing is wrong any more.
    simulation.check(() => {
      if (sumOf(counter) > ADDS) throw new Error(`${ADDS} additions made ${sumOf(counter)}`)
    })
    await simulation.settle(adding)
    if (sumOf(counter) !== ADDS) throw new Error(`${ADDS} additions made ${sumOf(counter)}`)
  }
}

/** Adds twice when the answer is lost. */
export const careless = scenarioOf(false)

/** Knows what it has done. */
export const careful = scenarioOf(true)
