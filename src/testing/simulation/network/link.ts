/**
 * Link: the way from one host to another, one direction of it, and what everything that travels there has in common.
 *
 * Owns: when a packet arrives, whether it is lost, partitions and holds, the numbers that all of this is drawn from.
 * Must not know: what a packet carries.
 *
 *   open → (fire → arrive)        cut → lost, at once or on the way        held → waits for `release`, nothing is lost
 */

import type { SeededRandom } from '../../../core/index.js'
import type { SimEvent, SimHost, World } from '../world.js'
import type { LinkShape } from './options.js'

/** Why something was lost: the numbers that traces have. */
export const LOST = Object.freeze({
  chance: 1, partition: 2, hostDown: 3, nobody: 4, full: 5, blackHole: 6, closed: 7, notTaken: 8,
})

/** Why a stream ended: the numbers that traces have. */
export const ENDED = Object.freeze({ orderly: 0, reset: 1, timedOut: 2, aborted: 3, crashed: 4 })

/** Bytes of a short piece, at most. */
const SHORT = 16

const CUT = 1
const HELD = 2

/** Something on its way: an event that the link may stop. One is scheduled at most once at a time. */
export abstract class Packet implements SimEvent {
  link: Link

  constructor(link: Link) {
    this.link = link
  }

  fire(): void {
    if (this.link.trouble !== 0) this.link.stops(this)
    else this.arrive()
  }

  abstract arrive(): void

  /** It was on its way when the link was cut. @param why one of LOST */
  abstract lost(why: number): void
}

/** One direction between two hosts, or a host's way to itself. */
export class Link {
  readonly world: World
  readonly from: SimHost
  readonly to: SimHost
  readonly random: SeededRandom
  shape: LinkShape
  /** 0 while everything passes. */
  trouble = 0
  /** Why `arrival` said that something is lost. */
  why = 0
  #low = 0
  #span = 0
  #draw: ((random: SeededRandom) => number) | null = null
  #busyUntil = 0
  #held: Packet[] = []

  constructor(world: World, from: SimHost, to: SimHost, shape: LinkShape) {
    this.world = world
    this.from = from
    this.to = to
    this.random = world.random.fork(`link ${from.name} ${to.name}`)
    this.shape = shape
    this.reshape(shape)
  }

  get isLoopback(): boolean {
    return this.from === this.to
  }

  get isCut(): boolean {
    return (this.trouble & CUT) !== 0
  }

  /** For what is sent from now on. */
  reshape(shape: LinkShape): void {
    const { latency } = shape
    this.shape = shape
    this.#draw = typeof latency === 'function' ? latency : null
    const [low, high] = typeof latency === 'function' ? [0, 0]
      : typeof latency === 'number' ? [latency, latency] : latency
    this.#low = low
    // Of a word, which has 32 bits.
    this.#span = (high - low) / 2 ** 32
  }

  /** ms that a packet takes that leaves now. */
  latency(): number {
    if (this.#draw !== null) return this.#ask(this.#draw)
    return this.#span === 0 ? this.#low : this.#low + this.random.next() * this.#span
  }

  /** Bytes of the next piece of a stream; one of eight is short, so that small messages are cut, too. */
  segmentBytes(): number {
    const [low, high] = this.shape.segment
    const word = this.random.next()
    const most = (word & 7) === 0 ? Math.min(high, Math.max(low, SHORT)) : high
    return most === low ? low : low + (word >>> 3) % (most - low + 1)
  }

  /**
   * When a packet arrives that leaves now.
   * @returns the time; −1 if it is lost, and `why` says why
   */
  arrival(bytes: number): number {
    const { shape } = this
    if (this.trouble !== 0 && (this.trouble & CUT) !== 0) {
      this.why = LOST.partition
      return -1
    }
    if (shape.loss > 0 && this.random.chance(shape.loss)) {
      this.why = LOST.chance
      return -1
    }
    let leaves = this.world.now
    if (shape.bandwidth !== Infinity) {
      if (this.#busyUntil > leaves) leaves = this.#busyUntil
      leaves += bytes / shape.bandwidth * 1_000
      this.#busyUntil = leaves
    }
    return leaves + this.latency()
  }

  /** A packet has come to a link that does not let it pass. */
  stops(packet: Packet): void {
    if ((this.trouble & CUT) !== 0) packet.lost(LOST.partition)
    else this.#held.push(packet)
  }

  /** Whether it is for a packet that is being held to be forgotten. @returns whether it was held */
  forget(packet: Packet): boolean {
    const at = this.#held.indexOf(packet)
    if (at >= 0) this.#held.splice(at, 1)
    return at >= 0
  }

  cut(): void {
    this.trouble |= CUT
    // What waited here is as lost as what is still to come.
    const held = this.#held
    this.#held = []
    for (const packet of held) packet.lost(LOST.partition)
  }

  mend(): void {
    this.trouble &= ~CUT
  }

  hold(): void {
    this.trouble |= HELD
  }

  /** What was held goes on, in the order in which it came. */
  release(): void {
    this.trouble &= ~HELD
    const held = this.#held
    this.#held = []
    let after = this.world.now
    for (const packet of held) {
      after = Math.max(after, this.world.now + this.latency())
      this.world.at(after, packet)
    }
  }

  /** What is wrong with the test's function ends the run, and not what a program happens to do just now. */
  #ask(draw: (random: SeededRandom) => number): number {
    let problem: unknown
    try {
      const latency = draw(this.random)
      if (typeof latency === 'number' && latency >= 0 && latency < Infinity) return latency
      problem = new RangeError(`a latency is a number of ms, zero or more, not ${String(latency)}`)
    } catch (error) {
      problem = error
    }
    this.world.at(this.world.now, {
      fire() {
        throw problem
      },
    })
    return 0
  }
}

