/**
 * Requests and responses over UDP, with retries: datagrams are lost, doubled, overtaken.
 *
 * Two ports of each client ask, and another port of the server says what nobody has asked for.
 *
 * Safety: what arrives is a datagram that was sent, whole, from where it was sent; a port that is connected hears
 * nobody but its peer; a response is that of its request, and comes to the port that has asked; in one life of the
 * server no request is carried out twice. Liveness: every request ends, and in quiet it is answered.
 */
import { DatagramProtocol, Deferred, TimeoutError } from 'whorl'
import type { Failure, IDelayedCall, UDPAddress } from 'whorl'
import type { Reactor } from 'whorl/node'
import type { Scenario, SimulatedHost, SimulateOptions } from 'whorl/testing'
import { bytesOf, differenceOf, fateOf, Judge, keepOn, QUIET } from './parts.js'

/** A run costs little. */
export const share = 1.5

export const options: SimulateOptions = {
  until: 80_000, hosts: 4, loss: 0.05, reorder: 0.1, duplicate: 0.05,
  faults: { every: 2_000, quiet: QUIET, kinds: {
    partition: 2, 'one-way': 2, crash: 2, slow: 2, lossy: 3, narrow: 1, hold: 1, skew: 1,
  } },
}

const RETRY = 250
const RETRIES = 12
const PORT = 5_300
/** From here comes what nobody has asked for. */
const STRANGE_PORT = 5_301
const STRANGE = new Uint8Array([255, 255, 255, 255, 1, 2, 3])
/** Ports of each client that ask in turn. */
const ASKING = 2

export const scenario: Scenario = async (simulation) => {
  const judge = new Judge(simulation)
  /** Who has carried out what: life of the server, and number of the request. */
  const done = new Set<string>()
  let asked = 0
  const server = simulation.host('server', (host) => {
    const stranger = host.reactor.listenUDP(STRANGE_PORT, new DatagramProtocol())
    const random = fateOf(simulation, host)
    host.reactor.listenUDP(PORT, new Answering(host, judge, done, ({ host: to, port }) => {
      if (random.chance(0.2)) stranger.write(STRANGE.slice(), { host: to, port })
    }))
  })
  for (let client = 1; client < simulation.hosts; client++) {
    simulation.host(`client-${client}`, (host) => {
      const random = fateOf(simulation, host)
      // Some only talk to one address.
      const isConnected = client % 2 === 0
      const asking = Array.from({ length: ASKING }, () => new Asking(host.reactor, judge, server.ipv4, isConnected))
      let bound = 0
      for (const one of asking) {
        host.reactor.listenUDP(0, one).ready.addCallback((port) => {
          if (isConnected) port.connect(server.ipv4, PORT)
          bound += 1
        })
      }
      keepOn(host, random.between(1, 500), () => {
        if (simulation.now > simulation.until - 2 * RETRY * RETRIES) return null
        if (bound < ASKING) return 10
        const id = asked
        asked += 1
        const isQuiet = simulation.now > judge.calm
        const life = host.incarnation
        asking[id % ASKING]!.ask(id, random.below(1_200)).addErrback((reason: Failure) => {
          judge.that(reason.check(TimeoutError) !== null, () => `request ${id}: ${reason.value.message}`)
          judge.that(!isQuiet, () => `request ${id} of ${host.name}/${life} was not answered in quiet`)
        })
        return random.between(50, 1_500)
      })
    })
  }
  await simulation.run(simulation.until)
  judge.verdict()
}

/** Answers with the same bytes, turned round, and remembers in this life what it has done. */
class Answering extends DatagramProtocol {
  readonly #host: SimulatedHost
  readonly #life: number
  readonly #judge: Judge
  readonly #done: Set<string>
  readonly #answers = new Map<number, Uint8Array>()
  readonly #asked: (by: UDPAddress) => void

  constructor(host: SimulatedHost, judge: Judge, done: Set<string>, asked: (by: UDPAddress) => void) {
    super()
    this.#asked = asked
    this.#host = host
    this.#life = host.incarnation
    this.#judge = judge
    this.#done = done
  }

  override datagramReceived(data: Uint8Array, address: UDPAddress): void {
    this.#judge.that(this.#host.incarnation === this.#life, 'a datagram came to a life that is over')
    const id = numberOf(data)
    const body = data.subarray(4)
    this.#judge.that(differenceOf(body, bytesOf(id, body.length)) === -1, `request ${id} came damaged`)
    let answer = this.#answers.get(id)
    if (answer === undefined) {
      const key = `${this.#life} ${id}`
      this.#judge.that(!this.#done.has(key), `request ${id} was carried out twice`)
      this.#done.add(key)
      answer = data.slice()
      answer.subarray(4).reverse()
      this.#answers.set(id, answer)
    }
    this.transport.write(answer, address)
    this.#asked(address)
  }
}

interface Asked {
  readonly data: Uint8Array
  readonly result: Deferred<void>
  timer: IDelayedCall | null
  tries: number
}

/** Asks again until there is an answer, a dozen times at most. */
class Asking extends DatagramProtocol {
  readonly #reactor: Reactor
  readonly #judge: Judge
  readonly #server: string
  readonly #isConnected: boolean
  readonly #asked = new Map<number, Asked>()
  readonly #mine = new Set<number>()

  constructor(reactor: Reactor, judge: Judge, server: string, isConnected: boolean) {
    super()
    this.#isConnected = isConnected
    this.#reactor = reactor
    this.#judge = judge
    this.#server = server
  }

  ask(id: number, length: number): Deferred<void> {
    const data = new Uint8Array(4 + length)
    new DataView(data.buffer).setUint32(0, id)
    data.set(bytesOf(id, length), 4)
    const asked: Asked = { data, result: new Deferred<void>(), timer: null, tries: 0 }
    this.#asked.set(id, asked)
    this.#mine.add(id)
    this.#send(id, asked)
    return asked.result
  }

  #send(id: number, asked: Asked): void {
    if (asked.tries === RETRIES) {
      this.#asked.delete(id)
      asked.result.errback(new TimeoutError(`Request ${id} was not answered.`))
      return
    }
    asked.tries += 1
    this.transport.write(asked.data.slice(), { host: this.#server, port: PORT })
    asked.timer = this.#reactor.callLater(RETRY, () => this.#send(id, asked))
  }

  override datagramReceived(data: Uint8Array, { host, port }: UDPAddress): void {
    const isStrange = differenceOf(data, STRANGE) === -1
    this.#judge.that(host === this.#server && port === (isStrange ? STRANGE_PORT : PORT),
      () => `a datagram is said to come from ${host}, port ${port}`)
    if (isStrange) {
      this.#judge.that(!this.#isConnected, 'a connected port heard another than its peer')
      return
    }
    const id = numberOf(data)
    this.#judge.that(this.#mine.has(id), `an answer to request ${id} came to a port that has not asked`)
    const asked = this.#asked.get(id)
    // The answer to a question that was asked twice.
    if (asked === undefined) return
    this.#asked.delete(id)
    asked.timer!.cancel()
    const wanted = asked.data.slice()
    wanted.subarray(4).reverse()
    this.#judge.that(differenceOf(wanted, data) === -1, `the answer to request ${id} is not its own`)
    asked.result.callback(undefined)
  }
}

function numberOf(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(0)
}
