/**
 * Our sides of the subject sim: simulated hosts with ordinary protocols on them, as a test has them, and everything as
 * it is by default: a link of its own between any two hosts, messages cut into pieces, a full trace.
 */
import { Simulation } from '../../bindings/node/testing.js'
import type { IAddress, IProtocol } from '../../src/interfaces/index.js'
import { ClientFactory, Factory, Protocol } from '../../src/protocols/index.js'
import { LoopingCall } from '../../src/reactor/index.js'

type SimulatedReactor = ReturnType<Simulation['reactor']>

const PORT = 7
/** Clients on one host: fewer than there are ports. */
const CLIENTS_PER_HOST = 1000
const SECOND = 1000
const MESSAGE = new Uint8Array(64).fill(120)
const BEAT = Uint8Array.of(1)

/** What all protocols of one exchange know. */
class Count {
  delivered = 0
  wanted = 0
}

/** Sends back what comes, until enough was delivered. */
class Returning extends Protocol {
  readonly #count: Count

  constructor(count: Count) {
    super()
    this.#count = count
  }

  override dataReceived(data: Uint8Array): void {
    const count = this.#count
    if (++count.delivered < count.wanted) this.transport.write(data)
  }
}

class Returners extends ClientFactory {
  readonly made: Returning[] = []
  readonly #count: Count

  constructor(count: Count) {
    super()
    this.#count = count
  }

  override buildProtocol(_address: IAddress): IProtocol {
    const protocol = new Returning(this.#count)
    this.made.push(protocol)
    return protocol
  }
}

/** Opens connections from as many hosts as it takes to one server. */
async function connect(simulation: Simulation, connections: number, clients: ClientFactory, server: Factory) {
  simulation.reactor('server').listenTCP(PORT, server, { backlog: CLIENTS_PER_HOST })
  for (let made = 0; made < connections; made += CLIENTS_PER_HOST) {
    const reactor = simulation.reactor(`clients-${made / CLIENTS_PER_HOST}`)
    for (let i = 0; i < Math.min(CLIENTS_PER_HOST, connections - made); i++) reactor.connectTCP('server', PORT, clients)
    await simulation.run(simulation.now + SECOND)
  }
}

/** Open connections, and what travels on them. */
export interface Exchange {
  /** Lets a message of 64 bytes go to and fro on each, until so many were delivered. @returns how many at least */
  run(deliveries: number): Promise<number>
  close(): void
}

/** Opens connections that say nothing yet. @param whole messages are not cut into pieces */
export async function exchange(connections: number, whole: boolean): Promise<Exchange> {
  const simulation = new Simulation({ seed: 1, ...(whole ? { segment: [1460, 1460] } : {}) })
  const count = new Count()
  const clients = new Returners(count)
  await connect(simulation, connections, clients, new Returners(count))
  if (clients.made.length !== connections) throw new Error(`${clients.made.length} of ${connections} connections`)
  return {
    async run(deliveries) {
      count.delivered = 0
      count.wanted = deliveries
      simulation.at(simulation.now, () => { for (const client of clients.made) client.transport.write(MESSAGE) })
      await simulation.run()
      return Math.min(count.delivered, deliveries)
    },
    close: () => simulation.close(),
  }
}

/** Opens connections that say nothing. They live as long as what is returned does. */
export async function idleConnections(connections: number): Promise<{ readonly connections: number }> {
  const simulation = new Simulation({ seed: 1 })
  const server = new Returners(new Count())
  await connect(simulation, connections, ClientFactory.forProtocol(Protocol), server)
  return { get connections() { return simulation.now > 0 ? server.made.length : 0 } }
}

/** Tells its peer every second that it is alive. */
class Beating extends Protocol {
  override connectionMade(): void {
    const { reactor, seconds } = this.factory as Beats
    let left = seconds
    const loop: LoopingCall = new LoopingCall(() => {
      this.transport.write(BEAT)
      if (--left === 0) loop.stop()
    })
    loop.clock = reactor
    loop.start(SECOND)
  }
}

class Beats extends ClientFactory {
  override readonly protocol = Beating
  readonly reactor: SimulatedReactor
  readonly seconds: number

  constructor(reactor: SimulatedReactor, seconds: number) {
    super()
    this.reactor = reactor
    this.seconds = seconds
  }
}

/** A ring of hosts, each of which tells the next one every second that it is alive. @returns how often one was told */
export async function heartbeats(hosts: number, seconds: number): Promise<number> {
  const simulation = new Simulation({ seed: 1 })
  let heard = 0
  class Hearing extends Protocol {
    override dataReceived(data: Uint8Array): void { heard += data.length }
  }
  const name = (i: number): string => `host-${i % hosts}`
  for (let i = 0; i < hosts; i++) simulation.reactor(name(i)).listenTCP(PORT, Factory.forProtocol(Hearing))
  for (let i = 0; i < hosts; i++) {
    const reactor = simulation.reactor(name(i))
    reactor.connectTCP(name(i + 1), PORT, new Beats(reactor, seconds))
  }
  await simulation.run()
  simulation.close()
  return heard
}
