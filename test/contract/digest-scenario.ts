/**
 * One fixed scenario in the simulator, whose trace must have the same digest on every host and every build of the core.
 *
 * It does what could differ from machine to machine: promises and Deferreds side by side, numbers in texts, sorting,
 * dates, failures, logs, streams (TCP, UNIX, TLS), datagrams, multicast, HTTP, faults, crashes and clocks that go
 * wrong. It counts what was received of each. Must not know: any host.
 */
import { ClientFactory, DatagramProtocol, Factory, inlineCallbacks, LineReceiver, LoopingCall } from 'whorl'
import type { Failure, IConnector, UDPAddress } from 'whorl'
import type { Core } from 'whorl/core'
import { Agent, serve } from 'whorl/http'
import type { ClientResponse } from 'whorl/http'
import { simulatedIdentity, Simulation } from 'whorl/testing'
import type { SimulatedHost } from 'whorl/testing'

const SECONDS = 60
const GROUP = '239.1.2.3'

type Kind = 'tcp' | 'unix' | 'tls' | 'udp' | 'multicast' | 'http'

/** What came of a run. */
export interface DigestRun {
  readonly digest: string
  /** What makes the digest worth comparing: a run in which nothing happens has one, too. */
  readonly bytes: number
  /** What was received, by how it came. */
  readonly heard: Readonly<Record<Kind, number>>
  readonly said: number
  readonly log: number
  readonly unhandled: number
  readonly random: number
}

/** What is shared by all that happens in one run. */
class World {
  readonly simulation: Simulation
  readonly heard: Record<Kind, number> = { tcp: 0, unix: 0, tls: 0, udp: 0, multicast: 0, http: 0 }
  said = 0

  constructor(core: Core, seed: string) {
    this.simulation = new Simulation({
      seed, core, latency: [0.2, 20], loss: 0.02, duplicate: 0.02, reorder: 0.1, bandwidth: 1e6,
    })
  }

  /** What no record of the trace says by itself, but must be the same; it is written into the trace at the end. */
  say(host: SimulatedHost, text: string): void {
    this.said += 1
    const before = (host.durable.get('said') ?? '') as string
    host.durable.set('said', `${before}${host.reactor.now()} ${text}\n`.slice(-2000))
  }
}

/** Answers each line with what an engine makes of numbers, texts, orders and dates. */
class Lines extends LineReceiver {
  readonly #host: SimulatedHost

  constructor(host: SimulatedHost) {
    super()
    this.#host = host
  }

  override lineReceived(line: string): void {
    const words = line.split(' ').sort().reverse()
    const when = new Date(this.#host.reactor.wallClock()).toISOString()
    const numbers = `${Math.sqrt(words.length) / 3} ${(line.length / 7).toFixed(3)}`
    this.sendLine(`${words.join('-').toUpperCase()} ${numbers} ${when}`)
  }
}

class Asking extends LineReceiver {
  readonly #callers: Callers
  #loop: LoopingCall | null = null

  constructor(callers: Callers) {
    super()
    this.#callers = callers
  }

  override connectionMade(): void {
    const { host, world } = this.#callers
    this.#loop = new LoopingCall(() =>
      this.sendLine(`the quick ${world.simulation.now} brown ü 日本 ${host.name}`))
    this.#loop.clock = host.reactor
    this.#loop.start(700)
  }

  override lineReceived(line: string): void {
    const { host, world, kind } = this.#callers
    world.heard[kind] += 1
    world.say(host, line)
  }

  override connectionLost(reason: Failure): void {
    const { host, world, connector } = this.#callers
    world.say(host, reason.value.name)
    if (this.#loop?.running === true) this.#loop.stop()
    host.reactor.callLater(1500, () => connector!.connect())
  }
}

class Callers extends ClientFactory {
  readonly world: World
  readonly host: SimulatedHost
  readonly kind: Kind
  connector: IConnector | null = null

  constructor(world: World, host: SimulatedHost, kind: Kind) {
    super()
    this.world = world
    this.host = host
    this.kind = kind
  }

  override buildProtocol(): Asking {
    return new Asking(this)
  }

  override startedConnecting(connector: IConnector): void {
    this.connector = connector
  }

  override clientConnectionFailed(connector: IConnector, reason: Failure): void {
    this.world.say(this.host, reason.value.name)
    this.host.reactor.callLater(900, () => connector.connect())
  }
}

class Datagrams extends DatagramProtocol {
  readonly #world: World
  readonly #host: SimulatedHost

  constructor(world: World, host: SimulatedHost) {
    super()
    this.#world = world
    this.#host = host
  }

  override datagramReceived(data: Uint8Array, from: UDPAddress): void {
    this.#world.heard.udp += 1
    this.#world.say(this.#host, `${data.length} ${from.host}`)
    if (data[0]! > 0) this.transport.write(data.map((byte) => byte - 1), from)
  }
}

/** Tells the group something every now and then, and says what the others tell it. */
class Members extends DatagramProtocol {
  readonly #world: World
  readonly #host: SimulatedHost

  constructor(world: World, host: SimulatedHost) {
    super()
    this.#world = world
    this.#host = host
  }

  override startProtocol(): void {
    const loop = new LoopingCall(() =>
      this.transport.write(`from ${this.#host.name}`, { host: GROUP, port: 5000 }))
    loop.clock = this.#host.reactor
    this.transport.joinGroup(GROUP).addCallback(() => loop.start(1100))
  }

  override datagramReceived(data: Uint8Array, from: UDPAddress): void {
    this.#world.heard.multicast += 1
    this.#world.say(this.#host, `${data.length} of the group ${from.host}`)
  }
}

function startServer(world: World): void {
  world.simulation.host('server', (host) => {
    const { reactor } = host
    const factory = new Factory()
    factory.buildProtocol = () => new Lines(host)
    reactor.listenTCP(7, factory)
    reactor.listenSSL(443, factory, { identity: simulatedIdentity(['server']) })
    reactor.listenUDP(9, new Datagrams(world, host))
    // After a crash, the file of the former life is still there.
    const path = `/run/lines-${host.incarnation}`
    reactor.listenUNIX(path, factory).ready
      .addCallback(() => reactor.connectUNIX(path, new Callers(world, host, 'unix')))
    serve(reactor, 'tcp:80', async (request) => {
      const bytes = await request.read()
      await null
      if (request.path === '/wrong') throw new Error('a failure that is logged')
      return { headers: { 'X-Bytes': String(bytes.length) }, body: `${request.path} ${Math.PI * bytes.length}` }
    })
  })
}

function startClient(world: World, i: number): void {
  const { simulation } = world
  simulation.host(`client-${i}`, (host) => {
    const { reactor } = host
    reactor.connectTCP('server', 7, new Callers(world, host, 'tcp'))
    reactor.connectSSL('server', 443, new Callers(world, host, 'tls'))
    reactor.listenMulticast(5000, new Members(world, host))
    const datagrams = reactor.listenUDP(0, new Datagrams(world, host))
    const agent = new Agent(reactor)
    const ask = inlineCallbacks(function* (path: string): Generator<unknown, string, never> {
      const url = `http://server${path}`
      const response: ClientResponse = yield agent.request('POST', url, { body: 'x'.repeat(100 * (i + 1)) })
      const text: string = yield response.text()
      world.heard.http += 1
      return `${response.status} ${text}`
    })
    const loop = new LoopingCall(async () => {
      datagrams.write(Uint8Array.of(3, i), { host: simulation.host('server').ipv4, port: 9 })
      // Promises, Deferreds and timers in one race.
      const answers = await Promise.allSettled([
        ask(`/a${i}`), ask('/wrong'), Promise.resolve(i).then((n) => n * 2),
        new Promise((done) => void reactor.callLater(5, done as () => void)),
      ])
      world.say(host, answers.map((one) =>
        one.status === 'fulfilled' ? String(one.value ?? '') : (one.reason as Error).name).join())
    })
    loop.clock = reactor
    loop.start(3000)
  })
}

function planFaults({ simulation }: World): void {
  const { network } = simulation
  simulation.at(10_000, () => network.partition('server', ['client-0', 'client-1']))
  simulation.at(14_000, () => network.heal('server', ['client-0', 'client-1']))
  simulation.at(20_000, () => network.crash('client-2'))
  simulation.at(25_000, () => network.restart('client-2'))
  simulation.at(30_000, () => network.crash('server'))
  simulation.at(33_000, () => network.restart('server'))
  simulation.at(40_000, () => network.reset('client-3'))
  simulation.host('client-3').clockDrift = 300
  simulation.host('client-0').clockOffset = -5000.5
  simulation.at(45_000, () => network.hold('server', 'client-1'))
  simulation.at(47_000, () => network.release('server', 'client-1'))
}

/** Runs it, 60 s of virtual time. */
export async function runScenario(core: Core, seed = 'digest'): Promise<DigestRun> {
  const world = new World(core, seed)
  const { simulation } = world
  startServer(world)
  for (let i = 0; i < 4; i++) startClient(world, i)
  planFaults(world)
  await simulation.run(SECONDS * 1000)
  for (let i = 0; i < 4; i++) simulation.note(simulation.host(`client-${i}`).durable.get('said') as string)
  const result: DigestRun = {
    digest: simulation.digest(), bytes: simulation.trace().length, heard: world.heard, said: world.said,
    log: simulation.log.length, unhandled: simulation.unhandled.length, random: simulation.random.fork('end').next(),
  }
  simulation.close()
  return result
}
