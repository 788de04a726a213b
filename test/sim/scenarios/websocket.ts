/**
 * WebSocket: numbered messages both ways, life signs, close codes.
 *
 * Safety: messages arrive once, whole, in order, from the first; nobody waits longer than the life signs allow for a
 * peer that has gone; an end in order carries the code and the reason that the peer gave, and comes after all that the
 * peer sent before. Liveness: in quiet a client is connected, and gets an answer to everything.
 */
import { ConnectionDone } from 'whorl'
import type { Failure } from 'whorl'
import type { Reactor } from 'whorl/node'
import type { SeededRandom } from 'whorl/core'
import { serve, Site } from 'whorl/http'
import type { Scenario, SimulateOptions } from 'whorl/testing'
import { connectWebSocket, WebSocketProtocol, WebSocketServerFactory } from 'whorl/websocket'
import { bytesOf, differenceOf, fateOf, Judge, keepOn, QUIET, sizeBy } from './parts.js'

export const options: SimulateOptions = {
  until: 85_000, hosts: 3,
  faults: { every: 4_000, quiet: QUIET, kinds: {
    partition: 2, 'one-way': 2, crash: 2, reset: 2, slow: 1, lossy: 1, hold: 2, refuse: 1, 'black-hole': 1, skew: 1,
  } },
}

const TIMEOUTS = { ping: 4_000, pong: 2_000, close: 2_000 }
/** Nothing here is so long that it would take its time; and it is looked at every 500 ms. */
const LONGEST_SILENCE = TIMEOUTS.ping + TIMEOUTS.pong + 600
/** Of the server, so much longer that clients never hear of its pings, which are signs that no protocol is told. */
const SERVER_TIMEOUTS = { ...TIMEOUTS, ping: 2 * LONGEST_SILENCE }

/** One WebSocket, as those who know both ends see it. */
interface Talk {
  readonly id: number
  readonly isQuiet: boolean
  /** Sizes of the messages that the client has sent. */
  readonly sent: number[]
  heard: number
  answered: number
  /** What each end has said at its end; null if it has not. */
  clientSaid: Said | null
  serverSaid: Said | null
  lost: number
}

interface Said {
  readonly code: number
  readonly reason: string
  /** How many messages it had sent. */
  readonly after: number
}

export const scenario: Scenario = async (simulation) => {
  const judge = new Judge(simulation)
  const talks: Talk[] = []
  simulation.host('server', (host) => {
    const factory = new WebSocketServerFactory({ timeouts: SERVER_TIMEOUTS })
    const random = fateOf(simulation, host)
    factory.buildProtocol = () => new Answering(judge, talks, random.chance(0.1) ? 1 + random.below(30) : Infinity)
    const site = new Site(() => 'no', { reactor: host.reactor }).upgrade('/talk', factory)
    void serve(host.reactor, 'tcp:80', site)
  })
  for (let client = 1; client < simulation.hosts; client++) {
    simulation.host(`client-${client}`, (host) => {
      const { reactor } = host
      const random = fateOf(simulation, host)
      const connect = (): void => {
        if (simulation.now > simulation.until - 15_000) return
        const isQuiet = simulation.now > judge.calm + 1_000
        const talk: Talk = {
          id: talks.length, isQuiet, sent: [], heard: 0, answered: 0, clientSaid: null, serverSaid: null, lost: 0,
        }
        talks.push(talk)
        const comeAgain = (): void => void reactor.callLater(random.between(0, 1_500), connect)
        const asking = new Asking(judge, talk, reactor, random, comeAgain)
        connectWebSocket(reactor, `ws://server/talk?${talk.id}`, asking, {
          timeouts: { ...TIMEOUTS, connect: 3_000, handshake: 3_000 },
        }).addErrback((reason: Failure) => {
          judge.named(reason.value, 'opening')
          judge.that(!isQuiet, () => `opening in quiet failed: ${reason.value.message}`)
          reactor.callLater(random.between(100, 1_000), connect)
        })
        keepOn(host, 500, () => {
          if (talk.lost > 0) return null
          asking.checkSilence()
          return 500
        })
      }
      reactor.callLater(random.between(0, 1_000), connect)
    })
  }
  await simulation.run(simulation.until)
  for (const talk of talks) {
    if (!talk.isQuiet || talk.serverSaid !== null) continue
    judge.that(talk.answered === talk.sent.length || talk.clientSaid !== null, () =>
      `talk ${talk.id} in quiet: ${talk.answered} of ${talk.sent.length} were answered`)
  }
  judge.verdict()
}

class Answering extends WebSocketProtocol {
  readonly #judge: Judge
  readonly #talks: readonly Talk[]
  readonly #most: number
  #talk: Talk | null = null
  #isClosed = false

  constructor(judge: Judge, talks: readonly Talk[], most: number) {
    super()
    this.#judge = judge
    this.#talks = talks
    this.#most = most
  }

  override connectionMade(): void {
    const id = Number(this.request!.target.split('?')[1])
    this.#talk = this.#talks[id]!
    this.#judge.that(this.#talk !== undefined, `a talk ${id} that nobody has begun`)
  }

  override textReceived(text: string): void {
    this.#heard(new TextEncoder().encode(text), true)
  }

  override binaryReceived(data: Uint8Array): void {
    this.#heard(data, false)
  }

  #heard(data: Uint8Array, isText: boolean): void {
    const talk = this.#talk!
    checkMessage(this.#judge, talk, talk.heard, data, isText, 'server')
    talk.heard += 1
    if (isText) this.sendText(new TextDecoder().decode(data))
    else this.sendBinary(data)
    if (talk.heard === this.#most) {
      talk.serverSaid = { code: 3_000 + talk.id % 1_000, reason: `after ${talk.heard}`, after: talk.heard }
      this.close(talk.serverSaid.code, talk.serverSaid.reason)
    }
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.#judge.that(!this.#isClosed, 'the server heard of the end twice')
    this.#isClosed = true
    this.#judge.named(reason.value, 'a WebSocket of the server')
    const talk = this.#talk!
    checkEnd(this.#judge, talk, this, reason, talk.clientSaid, talk.serverSaid, talk.heard)
  }
}

class Asking extends WebSocketProtocol {
  readonly #judge: Judge
  readonly #talk: Talk
  readonly #reactor: Reactor
  readonly #random: SeededRandom
  readonly #ended: () => void
  #lastSign = 0
  #bytesIn = 0
  /** When the peer has said its end; null if it has not. */
  #toldAt: number | null = null
  #isOpen = false

  constructor(judge: Judge, talk: Talk, reactor: Reactor, random: SeededRandom, ended: () => void) {
    super()
    this.#judge = judge
    this.#talk = talk
    this.#reactor = reactor
    this.#random = random
    this.#ended = ended
  }

  override connectionMade(): void {
    this.#isOpen = true
    this.#lastSign = this.#reactor.now()
    this.#say()
  }

  /** The peer has been silent for so long: whoever is still here should not be. */
  checkSilence(): void {
    if (!this.#isOpen) return
    // A part of a message is a sign of life that no protocol is told of; it is seen at the next look.
    const { bytesIn } = this.transport as unknown as { bytesIn: number }
    if (bytesIn !== this.#bytesIn) this.#lastSign = this.#reactor.now()
    this.#bytesIn = bytesIn
    const silence = this.#reactor.now() - this.#lastSign
    // Whoever has asked for the end waits for that.
    const longest = LONGEST_SILENCE + (this.#talk.clientSaid === null ? 0 : TIMEOUTS.close)
    this.#judge.that(silence <= longest, () =>
      `talk ${this.#talk.id}: a silence of ${Math.round(silence)} ms was borne`)
  }

  #say(): void {
    if (!this.#isOpen || this.#talk.clientSaid !== null) return
    // What is said last is answered, too.
    if (this.#judge.simulation.now > this.#judge.simulation.until - 2_000) return
    const random = this.#random
    const talk = this.#talk
    if (random.chance(0.03)) {
      const code = random.chance(0.5) ? 1_000 : 4_000 + talk.id % 1_000
      talk.clientSaid = { code, reason: 'enough', after: talk.sent.length }
      this.close(talk.clientSaid.code, talk.clientSaid.reason)
      return
    }
    // After a burst there may be a silence in which only life signs keep the connection.
    for (let count = 1 + random.below(3); count > 0; count--) this.#sendOne(sizeBy(random, 5_000))
    const wait = random.chance(0.05) ? random.between(5_000, 9_000) : random.between(20, 1_500)
    this.#reactor.callLater(wait, () => this.#say())
  }

  #sendOne(size: number): void {
    const { sent } = this.#talk
    const data = messageOf(this.#talk, sent.length, size)
    sent.push(size)
    if (isTextAt(sent.length - 1)) this.sendText(new TextDecoder().decode(data))
    else this.sendBinary(data)
  }

  override textReceived(text: string): void {
    this.#heard(new TextEncoder().encode(text), true)
  }

  override binaryReceived(data: Uint8Array): void {
    this.#heard(data, false)
  }

  #heard(data: Uint8Array, isText: boolean): void {
    const talk = this.#talk
    this.#lastSign = this.#reactor.now()
    checkMessage(this.#judge, talk, talk.answered, data, isText, 'client')
    talk.answered += 1
  }

  override closeReceived(): void {
    this.#toldAt = this.#reactor.now()
  }

  override pongReceived(): void {
    this.#lastSign = this.#reactor.now()
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    const talk = this.#talk
    talk.lost += 1
    this.#isOpen = false
    this.#judge.that(talk.lost === 1, `talk ${talk.id} was lost twice`)
    this.#judge.named(reason.value, `talk ${talk.id}`)
    this.#judge.that(!talk.isQuiet || reason.check(ConnectionDone) !== null, () =>
      `talk ${talk.id} ended in quiet: ${reason.value.message}`)
    // The server closes the connection once both have said their end; nobody waits for patience to run out.
    const took = this.#toldAt === null ? 0 : this.#reactor.now() - this.#toldAt
    this.#judge.that(!talk.isQuiet || took < TIMEOUTS.close / 2, () =>
      `talk ${talk.id}: it took ${Math.round(took)} ms from the peer's end to that of the connection`)
    checkEnd(this.#judge, talk, this, reason, talk.serverSaid, talk.clientSaid, talk.answered)
    this.#ended()
  }
}

/** @param theirs what the peer has said at its end @param heard how many messages have come from it */
function checkEnd(
  judge: Judge, talk: Talk, protocol: WebSocketProtocol, reason: Failure, theirs: Said | null, ours: Said | null,
  heard: number,
): void {
  const { closeCode, closeReason } = protocol
  if (reason.check(ConnectionDone) === null) {
    judge.that(closeCode === 1_006 || theirs !== null || ours !== null, `talk ${talk.id} broke off with ${closeCode}`)
    return
  }
  judge.that(theirs !== null || ours !== null, `talk ${talk.id} ended in order, and nobody had asked for it`)
  // A peer answers with the code that it was given, unless it had its own.
  const codes = [theirs?.code, ours?.code].filter((code) => code !== undefined)
  judge.that(codes.includes(closeCode!), () => `talk ${talk.id} ended with ${closeCode}, not ${codes.join(' or ')}`)
  // Whoever asks for the end drops what still comes in.
  if (theirs === null || ours !== null || closeCode !== theirs.code) return
  judge.that(closeReason === theirs.reason, () => `talk ${talk.id} ended with '${closeReason}'`)
  judge.that(heard === theirs.after, () => `talk ${talk.id} ended in order after ${heard} of ${theirs.after} messages`)
}

function checkMessage(judge: Judge, talk: Talk, at: number, data: Uint8Array, isText: boolean, where: string): void {
  const { id, sent } = talk
  if (at >= sent.length) return judge.that(false, `talk ${id}: the ${where} heard more than was said`)
  const wanted = messageOf(talk, at, sent[at]!)
  judge.that(isText === isTextAt(at), `talk ${id}: message ${at} came as ${isText ? 'text' : 'bytes'}`)
  const difference = differenceOf(wanted, data)
  judge.that(difference === -1, () => `talk ${id}: at the ${where}, message ${at} differs at byte ${difference}`)
}

function isTextAt(at: number): boolean {
  return at % 3 === 0
}

function messageOf({ id }: Talk, at: number, size: number): Uint8Array {
  const bytes = bytesOf(id * 1_000 + at, size)
  if (isTextAt(at)) for (let i = 0; i < size; i++) bytes[i] = 0x20 + bytes[i]! % 0x5f
  return bytes
}
