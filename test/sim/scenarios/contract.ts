/**
 * What every stream transport promises, as one story for TCP, TLS and UNIX sockets; each has a file that tells it.
 *
 * Safety: connectionMade once and first; connectionLost once and last; nothing from inside a call of the protocol;
 * the bytes that were sent, in order, and all of them where the end was clean; a reader that has paused gets nothing; a
 * producer is paused and resumed in turns, and goes on to its end where the connection is closed before that; drain()
 * fires when there is room, or fails with the end; what waits is bounded by the limits. Liveness: what begins in quiet
 * arrives whole.
 */
import { ConnectionAborted, ConnectionDone, Protocol } from 'whorl'
import type { Failure, IClientFactory, IProtocolFactory, IPushProducer } from 'whorl'
import type { Reactor } from 'whorl/node'
import type { SeededRandom } from 'whorl/core'
import type { Simulation } from 'whorl/testing'
import { byteAt, bytesOf, fateOf, Judge, keepOn } from './parts.js'

/** How one kind of transport is used. */
export interface Way {
  /** Whether both ends are on one host. */
  readonly isLocal: boolean
  /** Whether one direction can be closed. */
  readonly hasHalfClose: boolean
  /** Whether the other end can tell one that was given up from one that was closed. */
  readonly hasReset: boolean
  /** Bytes that a receiver has as a whole or not at all, besides those in its buffer. */
  readonly record: number
  listen(reactor: Reactor, factory: IProtocolFactory): void
  connect(reactor: Reactor, factory: IClientFactory): void
}

/** Bytes that a socket may keep besides the transport. */
export const BUFFER = 8_192
const PIECE = 5_000
const HIGH = 10_000
/** What the writer may keep, and the sockets of both ends. */
const MOST_ON_ITS_WAY = HIGH + PIECE + 2 * BUFFER

/** How one end behaves, and how it ends. */
interface Plan {
  /** Bytes to send. */
  readonly length: number
  /** `drain` waits for each; `producer` is told when; `flood` writes all at once. */
  readonly style: 'drain' | 'producer' | 'flood'
  readonly end: 'close' | 'half' | 'abort' | 'wait'
  /** Whether a producer's connection is closed before it has begun: what it makes still goes out. */
  readonly closesFirst: boolean
  /** Whether it stops reading now and then. */
  readonly pauses: boolean
}

/** One connection, as those who know both ends see it. */
interface Story {
  readonly id: number
  readonly isQuiet: boolean
  readonly plans: readonly [client: Plan, server: Plan]
  readonly ends: [End | null, End | null]
}

/** Plays it. */
export async function keepContract(simulation: Simulation, way: Way): Promise<void> {
  const judge = new Judge(simulation)
  const stories: Story[] = []
  const serve = (reactor: Reactor, random: SeededRandom): void => way.listen(reactor, {
    doStart() {}, doStop() {}, buildProtocol: () => new End(judge, way, stories, null, 1, reactor, random),
  })
  if (!way.isLocal) simulation.host('server', (host) => serve(host.reactor, fateOf(simulation, host)))
  for (let client = 1; client < simulation.hosts; client++) {
    simulation.host(`client-${client}`, (host) => {
      const random = fateOf(simulation, host)
      if (way.isLocal) serve(host.reactor, random.fork('server'))
      keepOn(host, random.between(10, 1_500), () => {
        if (simulation.now > simulation.until - 20_000) return null
        const isQuiet = simulation.now > judge.calm + 500
        const story: Story = { id: stories.length, isQuiet, plans: plansBy(random, way), ends: [null, null] }
        stories.push(story)
        way.connect(host.reactor, {
          doStart() {}, doStop() {}, startedConnecting() {},
          buildProtocol: () => new End(judge, way, stories, story, 0, host.reactor, random),
          clientConnectionFailed: (_connector, reason) => {
            judge.named(reason.value, 'connecting')
            judge.that(!isQuiet, () => `connecting in quiet failed: ${reason.value.message}`)
          },
          clientConnectionLost: () => {
            judge.that(story.ends[0]?.isLost === true, 'the factory heard of the end before the protocol')
          },
        })
        return random.between(300, 4_000)
      })
    })
  }
  await simulation.run(simulation.until)
  for (const story of stories) {
    for (const end of story.ends) {
      judge.that(end === null || !end.isLost || !end.isDraining, () => `story ${story.id}: drain() has heard of no end`)
    }
    if (story.isQuiet) checkQuiet(judge, story)
  }
  judge.verdict()
}

function plansBy(random: SeededRandom, way: Way): [Plan, Plan] {
  const plan = (ends: readonly Plan['end'][]): Plan => ({
    length: Math.floor(random.float() ** 3 * 70_000),
    style: (['drain', 'producer', 'flood'] as const)[random.below(3)]!,
    end: ends[random.below(ends.length)]!, closesFirst: random.chance(0.3), pauses: random.chance(0.4),
  })
  const half = way.hasHalfClose ? ['half', 'half'] as const : ['close'] as const
  const client = plan(['close', 'wait', ...half, 'abort'])
  // Somebody has to end it.
  return [client, plan(client.end === 'wait' ? ['close', 'abort', ...half] : ['wait', 'wait', 'close', 'abort'])]
}

/** In quiet whoever closes in order has been heard. */
function checkQuiet(judge: Judge, { id, plans, ends }: Story): void {
  for (const side of [0, 1] as const) {
    const [own, other] = [plans[side], plans[1 - side]!]
    const end = ends[side]
    // One that is given up at once may never have been taken.
    if (end === null && plans[0].end === 'abort') continue
    judge.that(end?.isLost === true, () => `story ${id}: side ${side} is not at its end, ${
      JSON.stringify(plans)} ${end?.state()} ${ends[1 - side]?.state()}`)
    if (own.end === 'abort' || other.end === 'abort') continue
    // One that has closed need not listen any more.
    if (other.end !== 'wait' && own.end === 'wait') {
      judge.that(end?.received === other.length, () => `story ${id}: ${end?.received} of ${other.length} have come`)
    }
  }
}

/** One end of a connection, which checks all that it is told. */
class End extends Protocol implements IPushProducer {
  received = 0
  isLost = false
  /** Waits for room. */
  isDraining = false
  readonly #judge: Judge
  readonly #way: Way
  readonly #stories: readonly Story[]
  readonly #side: 0 | 1
  readonly #reactor: Reactor
  readonly #random: SeededRandom
  #story: Story | null
  #id: Uint8Array | null
  #written = 0
  #isMade = false
  #isCalling = false
  #isPaused = false
  #isReadEnded = false
  #isWriteEnded = false
  #isDone = false
  #producing: 'none' | 'running' | 'paused' = 'none'
  #resumes = 0

  constructor(
    judge: Judge, way: Way, stories: readonly Story[], story: Story | null, side: 0 | 1, reactor: Reactor,
    random: SeededRandom,
  ) {
    super()
    this.#judge = judge
    this.#way = way
    this.#stories = stories
    this.#story = story
    this.#side = side
    this.#reactor = reactor
    this.#random = random
    this.#id = side === 1 ? new Uint8Array(0) : null
    if (story !== null) story.ends[side] = this
  }

  state(): string {
    return JSON.stringify({
      side: this.#side, received: this.received, written: this.#written, paused: this.#isPaused, lost: this.isLost,
      readEnded: this.#isReadEnded, writeEnded: this.#isWriteEnded, done: this.#isDone, producing: this.#producing,
      waiting: this.transport?.writableLength,
    })
  }

  get #plan(): Plan {
    return this.#story!.plans[this.#side]!
  }

  #wrong(what: string): void {
    this.#judge.that(false, () => `story ${this.#story?.id}, ${this.state()}: ${what}`)
  }

  /** Asks the transport for something: nothing may come back from inside of it. */
  #call(fn: () => void): void {
    const before = this.#isCalling
    this.#isCalling = true
    try {
      fn()
    } finally {
      this.#isCalling = before
    }
  }

  #told(what: string): void {
    if (this.#isCalling) this.#wrong(`${what} came from inside of a call`)
    if (this.isLost) this.#wrong(`${what} came after the end`)
    if (!this.#isMade && what !== 'connectionMade') this.#wrong(`${what} came before connectionMade`)
  }

  override connectionMade(): void {
    this.#told('connectionMade')
    if (this.#isMade) this.#wrong('connectionMade came twice')
    this.#isMade = true
    this.transport.setWriteLimits({ high: HIGH, low: HIGH / 4 })
    if (this.#side === 0) {
      const id = new Uint8Array(4)
      new DataView(id.buffer).setUint32(0, this.#story!.id)
      this.#call(() => this.transport.write(id))
      this.#begin()
    }
  }

  #begin(): void {
    const { style, pauses } = this.#plan
    if (pauses) this.#pauseSoon()
    if (style === 'drain') void this.#drain()
    else if (style === 'flood') {
      while (this.#writeOne());
      this.#finish()
    } else {
      this.#producing = 'running'
      this.transport.registerProducer(this, true)
      const { closesFirst, end } = this.#plan
      if (closesFirst && end === 'close') this.#call(() => this.transport.loseConnection())
      this.#produce()
    }
  }

  /** @returns whether there is more to write */
  #writeOne(): boolean {
    const { length } = this.#plan
    const size = Math.min(PIECE, length - this.#written)
    if (size <= 0) return false
    this.#checkBacklog()
    const data = bytesOf(this.#key(this.#side), length).slice(this.#written, this.#written + size)
    this.#written += size
    this.#call(() => this.transport.write(data))
    return this.#written < length
  }

  /** Whoever writes with care never has more on its way than all the buffers hold, however slow the reader is. */
  #checkBacklog(): void {
    const peer = this.#story!.ends[1 - this.#side]
    if (this.#plan.style === 'flood' || peer === null || peer === undefined || peer.isLost) return
    const waiting = this.#written - peer.received
    if (waiting > MOST_ON_ITS_WAY + this.#way.record) this.#wrong(`${waiting} bytes are on their way`)
  }

  async #drain(): Promise<void> {
    try {
      while (!this.isLost && this.#writeOne()) {
        this.isDraining = true
        await this.transport.drain()
        this.isDraining = false
        if (this.isLost) return
        const waiting = this.transport.writableLength
        if (waiting > HIGH) this.#wrong(`drain() fired with ${waiting} bytes waiting`)
      }
      this.#finish()
    } catch (error) {
      this.isDraining = false
      this.#judge.named(error, 'drain()')
      if (!this.isLost && !this.transport.disconnecting) this.#wrong(`drain() failed before the end: ${String(error)}`)
    }
  }

  #produce(): void {
    if (this.isLost) return
    while (this.#producing === 'running') {
      const waiting = this.transport.writableLength
      if (waiting > HIGH) this.#wrong(`a producer runs with ${waiting} bytes waiting`)
      if (!this.#writeOne()) {
        this.#producing = 'none'
        this.transport.unregisterProducer()
        this.#finish()
      }
    }
  }

  pauseProducing(): void {
    if (this.#producing !== 'running') this.#wrong('a producer was paused that does not run')
    this.#producing = 'paused'
  }

  resumeProducing(): void {
    if (this.#producing !== 'paused') this.#wrong('a producer was resumed that was not paused')
    this.#producing = 'running'
    this.#resumes += 1
    const resumes = this.#resumes
    this.#reactor.callLater(0, () => {
      if (this.#producing === 'running' && this.#resumes === resumes) this.#produce()
    })
  }

  stopProducing(): void {
    this.#producing = 'none'
  }

  #finish(): void {
    this.#isDone = true
    if (this.isLost) return
    const { end } = this.#plan
    if (end === 'close') this.#call(() => this.transport.loseConnection())
    else if (end === 'abort') this.#call(() => this.transport.abortConnection())
    else if (end === 'half') this.#call(() => this.transport.loseWriteConnection())
    else if (this.#isReadEnded) this.#call(() => this.transport.loseConnection())
  }

  #pauseSoon(): void {
    this.#reactor.callLater(this.#random.between(0, 40), () => {
      if (this.isLost || this.transport.disconnecting) return
      this.#isPaused = true
      this.#call(() => this.transport.pauseProducing())
      this.#reactor.callLater(this.#random.between(1, 60), () => {
        this.#isPaused = false
        if (this.isLost || this.transport.disconnecting) return
        this.#call(() => this.transport.resumeProducing())
        this.#pauseSoon()
      })
    })
  }

  override dataReceived(data: Uint8Array): void {
    this.#told('dataReceived')
    if (data.length === 0) this.#wrong('dataReceived came with nothing')
    if (this.#isPaused) this.#wrong('dataReceived came while reading was paused')
    if (this.#isReadEnded) this.#wrong('dataReceived came after the end of what is read')
    const rest = this.#id === null ? data : this.#introduced(data)
    if (rest === null) return
    const key = this.#key(1 - this.#side)
    const { length } = this.#story!.plans[1 - this.#side]!
    for (let at = 0; at < rest.length; at++) {
      const offset = this.received + at
      if (rest[at] !== byteAt(key, offset)) return this.#wrong(`byte ${offset} is not the one sent`)
    }
    this.received += rest.length
    if (this.received > length) this.#wrong(`${this.received} bytes came of ${length}`)
  }

  /** The server learns from the first bytes which story this is. */
  #introduced(data: Uint8Array): Uint8Array | null {
    const all = new Uint8Array(this.#id!.length + data.length)
    all.set(this.#id!)
    all.set(data, this.#id!.length)
    this.#id = all
    if (all.length < 4) return null
    const story = this.#stories[new DataView(all.buffer).getUint32(0)]
    this.#id = null
    if (story === undefined || story.ends[1] !== null) {
      this.#wrong('a story that nobody tells')
      return null
    }
    this.#story = story
    story.ends[1] = this
    this.#begin()
    return all.subarray(4)
  }

  readConnectionLost(): void {
    this.#told('readConnectionLost')
    if (this.#isReadEnded) this.#wrong('readConnectionLost came twice')
    if (this.#isPaused) this.#wrong('readConnectionLost came while reading was paused')
    this.#isReadEnded = true
    if (this.#story === null) return this.#call(() => this.transport.loseConnection())
    this.#whole('the end of what is read')
    // Who has said all, and waits for nothing else, closes.
    if (this.#isDone) this.#call(() => this.transport.loseConnection())
  }

  writeConnectionLost(): void {
    this.#told('writeConnectionLost')
    if (this.#isWriteEnded) this.#wrong('writeConnectionLost came twice')
    this.#isWriteEnded = true
  }

  override connectionLost(reason: Failure): void {
    this.#told('connectionLost')
    this.isLost = true
    super.connectionLost(reason)
    this.#judge.named(reason.value, 'a connection')
    if (this.#story === null) return
    const isAborted = reason.check(ConnectionAborted) !== null
    if (isAborted && this.#plan.end !== 'abort') this.#wrong(`it ended with ${reason.value.name}`)
    if (reason.check(ConnectionDone) !== null && this.#plan.end === 'wait') this.#whole('a clean end')
    // What is written now goes nowhere, and harms nobody.
    this.transport.write('too late')
    this.transport.loseConnection()
  }

  /** The other end has closed in order: everything has come. */
  #whole(when: string): void {
    const other = this.#story!.plans[1 - this.#side]!
    if (other.end === 'abort' && !this.#way.hasReset) return
    if (this.received !== other.length) this.#wrong(`${when} after ${this.received} of ${other.length} bytes`)
  }

  #key(side: number): number {
    return this.#story!.id * 2 + side
  }
}
