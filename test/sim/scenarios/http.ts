/**
 * HTTP: one server, agents with a pool, retries, long and slow bodies both ways, answers before the request is in, and
 * a client that pipelines, and breaks off.
 *
 * Safety: every request ends once, with its own answer or with an error that has a name; a POST is carried out once at
 * most; a body is whole where it ends in order; a pool never has more connections than it may. Liveness: no request
 * takes longer than its deadline; what is asked in quiet is answered, and in the end nothing is left: no connection, on
 * either side, and no request in a handler.
 */
import { clientFromString, Factory, Protocol } from 'whorl'
import type { Failure, IProtocol } from 'whorl'
import type { Reactor } from 'whorl/node'
import type { SeededRandom } from 'whorl/core'
import { Agent, HTTPConnectionPool, RequestTimeoutError, RetryAgent, serve, Site } from 'whorl/http'
import type { ClientResponse, HandlerAnswer, IAgent, ServerRequest } from 'whorl/http'
import type { Scenario, SimulatedHost, SimulateOptions } from 'whorl/testing'
import { byteAt, bytesOf, differenceOf, fateOf, joined, Judge, keepOn, QUIET, sizeBy } from './parts.js'

/** Each run takes its time. */
export const share = 0.7

export const options: SimulateOptions = {
  until: 90_000, hosts: 4, bufferBytes: 32_768,
  faults: { every: 3_000, quiet: QUIET },
}

const DEADLINE = 8_000
const MOST_PER_HOST = 3
/** Kept connections that lead nowhere are forgotten after so long. */
const KEPT = 3_000

type Way = 'get' | 'put' | 'post' | 'stream'

/** One request, as those who know both ends see it. */
interface Asked {
  readonly id: number
  readonly way: Way
  /** Bytes of the body, and of the answer's. */
  readonly up: number
  readonly down: number
  readonly retries: boolean
  readonly isQuiet: boolean
  /** How often a server has begun to carry it out, and how often it came whole. */
  begun: number
  ended: number
  outcome: string
}

export const scenario: Scenario = async (simulation) => {
  const judge = new Judge(simulation)
  const all: Asked[] = []
  const pools: HTTPConnectionPool[] = []
  /** What handlers have begun and not ended, in the server's last life. */
  let working = new Set<number>()
  let site = null as Site | null
  simulation.host('server', (host) => {
    const random = fateOf(simulation, host)
    const own = working = new Set<number>()
    // Of this life: a handler may go on at the moment of a crash, when the host has none.
    const { reactor } = host
    site = new Site((request) => answer(request, judge, all, reactor, random, own), {
      reactor, limits: { bodyBytes: null },
      timeouts: { header: 4_000, body: 4_000, idle: 6_000, write: 6_000, abort: 2_000 },
    })
    void serve(host.reactor, 'tcp:80', site)
  })
  for (let client = 1; client < simulation.hosts; client++) {
    simulation.host(`client-${client}`, (host) => {
      const random = fateOf(simulation, host)
      const { reactor } = host
      if (client === 3) return pipeline(host, judge, all, random)
      const pool = new HTTPConnectionPool(reactor, { maxPerHost: MOST_PER_HOST, cachedConnectionTimeout: KEPT })
      pools[client] = pool
      const timeouts = { connect: 3_000, send: 4_000, response: 4_000, body: 4_000, total: DEADLINE }
      const agent = new Agent(reactor, { pool, timeouts })
      const patient = new RetryAgent(reactor, agent, { retries: 3, backoff: (attempt) => 100 * 2 ** attempt })
      keepOn(host, random.between(0, 1_000), () => {
        if (simulation.now > simulation.until - 20_000) return null
        const isQuiet = simulation.now > judge.calm + KEPT + DEADLINE
        for (let count = 1 + random.below(random.chance(0.1) ? 3 * MOST_PER_HOST : 3); count > 0; count--) {
          const asked = askedBy(random, all, isQuiet)
          ask(asked, asked.retries ? patient : agent, reactor, judge, random)
        }
        const { idle, busy, connecting } = pool.counts
        const count = idle + busy + connecting
        judge.that(count <= MOST_PER_HOST, `${count} connections to one host`)
        judge.that(busy >= 0, () => `a pool that does not count: ${JSON.stringify(pool.counts)}`)
        return random.between(500, 4_000)
      })
    })
  }
  await simulation.run(simulation.until)
  for (const asked of all) {
    if (!asked.isQuiet) continue
    const { id, way, outcome } = asked
    judge.that(outcome === 'answered', () => `request ${id}, ${way}, in quiet: ${outcome || 'nothing'}`)
  }
  for (const pool of pools) {
    if (pool === undefined) continue
    const { idle, busy, connecting, waiting } = pool.counts
    const isEmpty = [idle, busy, connecting, waiting].every((count) => count === 0)
    judge.that(isEmpty, () => `left in a pool: ${JSON.stringify(pool.counts)}`)
  }
  judge.that(site?.connections === 0, () => `the server keeps ${site?.connections} connections`)
  const open = [...simulation.network.connections]
  judge.that(open.length === 0, () => `connections are left: ${JSON.stringify(open)}`)
  judge.that(working.size === 0, () => `handlers still work on ${[...working].join(' ')}`)
  judge.verdict()
}

function askedBy(random: SeededRandom, all: Asked[], isQuiet: boolean): Asked {
  const way = (['get', 'get', 'put', 'post', 'stream'] as const)[random.below(5)]!
  const most = random.chance(0.08) ? 400_000 : 4_000
  // A body that takes its time may be answered before its end.
  const isLong = way === 'stream' && random.chance(0.5)
  const asked: Asked = {
    id: all.length, way, up: way === 'get' ? 0 : isLong ? random.below(30_000) : sizeBy(random, most),
    down: sizeBy(random, most), retries: random.chance(0.4), isQuiet, begun: 0, ended: 0, outcome: '',
  }
  all.push(asked)
  return asked
}

const METHODS: Record<Way, string> = { get: 'GET', put: 'PUT', post: 'POST', stream: 'POST' }

function ask(asked: Asked, agent: IAgent, reactor: Reactor, judge: Judge, random: SeededRandom): void {
  const { id, way, up, down } = asked
  const begun = reactor.now()
  const over = (outcome: string): void => {
    judge.that(asked.outcome === '', () => `request ${id} ended twice: ${asked.outcome}, ${outcome}`)
    asked.outcome = outcome
    const took = reactor.now() - begun
    // Tries again have a deadline each, and waits in between.
    const longest = asked.retries ? 4 * DEADLINE + 1_500 : DEADLINE
    judge.that(took < longest + 100, () => `request ${id} took ${Math.round(took)} ms`)
  }
  const body = way === 'get' ? null : way === 'stream' ? piecesOf(reactor, id, up, random.below(20)) : bytesOf(id, up)
  agent.request(METHODS[way], `http://server/${id}?down=${down}`, { body })
    .addCallback((response: ClientResponse) => {
      // Where the network was too slow for the server's patience.
      if (response.status === 408) throw new RequestTimeoutError('send')
      judge.that(response.status === 200, () => `request ${id} was answered with ${response.status}`)
      judge.that(response.headers.get('x-id') === String(id), () => `request ${id} got the answer of another`)
      return random.chance(0.5) ? response.read() : slowly(response, reactor)
    })
    .addCallbacks((data: Uint8Array) => {
      const difference = differenceOf(bytesOf(-id, down), data)
      judge.that(difference === -1, () => `the answer to request ${id} differs at byte ${difference} of ${data.length}`)
      judge.that(asked.ended > 0, `request ${id} was answered before it came`)
      over('answered')
    }, (reason: Failure) => {
      judge.named(reason.value, `request ${id}`)
      over(`${reason.value.name}: ${reason.value.message}`)
    })
}

/** A body that is made as it is sent, sometimes with pauses. */
async function* piecesOf(reactor: Reactor, id: number, length: number, pause: number): AsyncGenerator<Uint8Array> {
  const whole = bytesOf(id, length)
  for (let at = 0; at < length; at += 3_000) {
    if (pause > 10) await reactor.deferLater(pause)
    yield whole.subarray(at, at + 3_000)
  }
}

async function slowly(response: ClientResponse, reactor: Reactor): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of response) {
    pieces.push(piece)
    await reactor.deferLater(1)
  }
  return joined(pieces)
}

/** What the server does with a request: reads its body, takes its time, answers. */
async function answer(
  request: ServerRequest, judge: Judge, all: readonly Asked[], reactor: Reactor, random: SeededRandom,
  working: Set<number>,
): Promise<HandlerAnswer> {
  const id = Number(request.path.slice(1))
  working.add(id)
  try {
    return await work(request, id, judge, all, reactor, random)
  } finally {
    working.delete(id)
  }
}

async function work(
  request: ServerRequest, id: number, judge: Judge, all: readonly Asked[], reactor: Reactor, random: SeededRandom,
): Promise<HandlerAnswer> {
  const asked = all[id]
  judge.that(asked !== undefined, `a request ${request.path} that nobody has made`)
  const { way, up, down, retries } = asked!
  asked!.begun += 1
  judge.that(way !== 'post' && way !== 'stream' || asked!.begun === 1, `the POST ${id} came ${asked!.begun} times`)
  judge.that(retries || asked!.begun <= 2, `request ${id} came ${asked!.begun} times`)
  let length = 0
  const answersFirst = way === 'stream' && random.chance(0.2)
  if (answersFirst) length = up
  else for await (const piece of request) {
    for (let at = 0; at < piece.length; at++) {
      if (piece[at] !== byteAt(id, length + at)) judge.that(false, `the body of ${id} differs at byte ${length + at}`)
    }
    length += piece.length
  }
  judge.that(length === up, () => `the body of ${id} ended in order after ${length} of ${up} bytes`)
  asked!.ended += 1
  if (random.chance(0.3)) await reactor.deferLater(random.between(1, 300))
  const headers = { 'X-Id': String(id), 'Content-Type': 'application/octet-stream' }
  if (!random.chance(0.3)) return { headers, body: bytesOf(-id, down) }
  return { headers, body: piecesOf(reactor, -id, down, down < 20_000 ? random.below(200) : random.below(20)) }
}

/** A client that asks several things at once on one connection: the answers come in that order. */
function pipeline(host: SimulatedHost, judge: Judge, all: Asked[], random: SeededRandom): void {
  const { simulation } = judge
  keepOn(host, random.between(0, 1_000), () => {
    if (simulation.now > simulation.until - 20_000) return null
    const isQuiet = simulation.now > judge.calm + 1_000
    const batch = Array.from({ length: 1 + random.below(8) }, (): Asked => {
      const asked: Asked = {
        id: all.length, way: random.chance(0.3) ? 'post' : 'get', up: 0, down: sizeBy(random, 6_000), retries: false,
        isQuiet, begun: 0, ended: 0, outcome: '',
      }
      all.push(asked)
      return asked
    })
    const breaksOff = random.chance(0.15)
    if (breaksOff) {
      // The last one is never whole; and those before it need not be answered any more.
      for (const asked of batch) Object.assign(asked, { isQuiet: false })
      Object.assign(batch.at(-1)!, { way: 'post', up: 1_000 })
    }
    const factory = new Factory()
    factory.buildProtocol = () => {
      const protocol = new Pipelining(batch, judge, breaksOff)
      // Half open: nobody would ever say that the server has gone.
      host.reactor.callLater(2 * DEADLINE, () => protocol.giveUp())
      return protocol as IProtocol
    }
    clientFromString(host.reactor, 'tcp:server:80:timeout=3000').connect(factory).addErrback((reason: Failure) => {
      judge.named(reason.value, 'connecting')
      for (const asked of batch) asked.outcome = reason.value.name
    })
    return random.between(1_000, 6_000)
  })
}

class Pipelining extends Protocol {
  readonly #batch: readonly Asked[]
  readonly #judge: Judge
  readonly #breaksOff: boolean
  #received = new Uint8Array(0)
  #answered = 0
  #isLost = false

  constructor(batch: readonly Asked[], judge: Judge, breaksOff: boolean) {
    super()
    this.#breaksOff = breaksOff
    this.#batch = batch
    this.#judge = judge
  }

  giveUp(): void {
    if (!this.#isLost) this.transport.abortConnection()
  }

  override connectionMade(): void {
    this.#batch.forEach(({ id, way, up, down }, at) => {
      const close = at === this.#batch.length - 1 ? 'Connection: close\r\n' : ''
      const length = way === 'post' ? `Content-Length: ${up}\r\n` : ''
      this.transport.write(`${METHODS[way]} /${id}?down=${down} HTTP/1.1\r\nHost: server\r\n${length}${close}\r\n`)
      if (up > 0) this.transport.write(bytesOf(id, up).subarray(0, up / 2))
    })
    if (this.#breaksOff) this.transport.loseConnection()
  }

  override dataReceived(data: Uint8Array): void {
    this.#received = joined([this.#received, data])
    while (this.#take());
  }

  /** Takes one answer, if it is whole. */
  #take(): boolean {
    const text = new TextDecoder('latin1').decode(this.#received)
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return false
    const head = text.slice(0, end)
    const body = /\r\ncontent-length: (\d+)/i.test(head)
      ? this.#counted(end + 4, Number(/\r\ncontent-length: (\d+)/i.exec(head)![1]))
      : this.#chunked(text, end + 4)
    if (body === null) return false
    const asked = this.#batch[this.#answered]
    this.#answered += 1
    this.#judge.that(asked !== undefined, 'an answer that nobody has asked for')
    const id = Number(/\r\nx-id: (\d+)/i.exec(head)?.[1])
    this.#judge.that(asked?.id === id, () => `the answer of ${id} came for ${asked?.id}: ${head}`)
    const difference = differenceOf(bytesOf(-id, asked?.down ?? 0), body)
    this.#judge.that(difference === -1, () => `the answer to ${id} differs at byte ${difference}`)
    asked!.outcome = 'answered'
    return true
  }

  #counted(from: number, length: number): Uint8Array | null {
    if (this.#received.length < from + length) return null
    const body = this.#received.slice(from, from + length)
    this.#received = this.#received.slice(from + length)
    return body
  }

  #chunked(text: string, from: number): Uint8Array | null {
    const pieces: Uint8Array[] = []
    for (let at = from; ;) {
      const line = text.indexOf('\r\n', at)
      if (line < 0) return null
      const length = parseInt(text.slice(at, line), 16)
      const next = line + 2 + length + 2
      if (this.#received.length < next) return null
      if (length > 0) pieces.push(this.#received.slice(line + 2, line + 2 + length))
      at = next
      if (length > 0) continue
      this.#received = this.#received.slice(next)
      return joined(pieces)
    }
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.#isLost = true
    this.#judge.named(reason.value, 'a pipeline')
    for (const asked of this.#batch) {
      if (asked.outcome === '') asked.outcome = reason.value.name
    }
  }
}
