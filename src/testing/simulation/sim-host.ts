/**
 * Host: one machine of a simulation: its name and addresses, its clocks, its lives, and what outlasts them.
 *
 * Owns: start, crash, and the reactor of the present life. Must not know: the order of events, or what its program
 * does.
 */

import type { SeededRandom } from '../../core/index.js'
import { SimulationError } from '../../errors/index.js'
import { Reactor } from '../../reactor/reactor.js'
import type { Engine } from './engine.js'
import { Life } from './life.js'
import { lifeParts } from './life-parts.js'
import { LAST_MICROS } from './micros.js'
import type { Network } from './network/network.js'
import { LifeCore } from './sim-core.js'
import type { SimHost } from './world.js'

/** A host, as a program that is simulated and its test see it. */
export interface SimulatedHost extends SimHost {
  /** Of the present life. @throws SimulationError while it is down */
  readonly reactor: Reactor
  /** Outlasts crashes, as a disk does; all else that the program knew is lost. */
  readonly durable: Map<string, unknown>
  /** What the host's wall clock is ahead of true time, ms. Its `now()` begins with it, and never jumps. */
  clockOffset: number
  /** How much faster than true time the host's clocks go, parts per million. */
  clockDrift: number
}

/** What a host does when it starts. */
export type Boot = (host: SimulatedHost) => unknown

/** @internal */
export class Host implements SimulatedHost {
  readonly id: number
  readonly name: string
  readonly ipv4: string
  readonly ipv6: string
  readonly durable = new Map<string, unknown>()
  readonly #engine: Engine
  readonly #network: Network
  readonly #boot: Boot | null
  #incarnation = 0
  #life: Life | null = null
  #reactor: SimReactor | null = null
  #lifeCore: LifeCore | null = null
  #entropy: SeededRandom | null = null
  #clockOffset = 0
  /** The clock's time, µs, at a time of the world's, and how much faster it goes. */
  #clockBase = 0
  #clockSince = 0
  #clockRate = 1
  #clockDrift = 0

  constructor(engine: Engine, network: Network, id: number, name: string, boot: Boot | null) {
    this.#engine = engine
    this.#network = network
    this.#boot = boot
    this.id = id
    this.name = name
    this.ipv4 = `10.${id >>> 16}.${id >>> 8 & 255}.${id & 255}`
    this.ipv6 = `fd00::${id < 0x1_0000 ? '' : `${(id >>> 16).toString(16)}:`}${(id & 0xffff).toString(16)}`
  }

  get incarnation(): number {
    return this.#incarnation
  }

  get isUp(): boolean {
    return this.#life !== null
  }

  get life(): Life | null {
    return this.#life
  }

  get reactor(): Reactor {
    if (this.#reactor !== null) return this.#reactor
    throw new SimulationError(`Host '${this.name}' is down.`, { host: this.name, time: this.#engine.now })
  }

  /** Of this life, if it is the present one. */
  reactorOf(life: Life): Reactor | null {
    return life === this.#life ? this.#reactor : null
  }

  get clockOffset(): number {
    return this.#clockOffset
  }

  set clockOffset(offset: number) {
    if (!Number.isFinite(offset)) throw new RangeError(`an offset is a number of ms, not ${String(offset)}`)
    this.#clockOffset = offset
  }

  get clockDrift(): number {
    return this.#clockDrift
  }

  set clockDrift(drift: number) {
    if (!(drift > -1e6 && drift < Infinity)) {
      throw new RangeError(`a drift is parts per million above -1,000,000, not ${drift}`)
    }
    this.#clockBase = this.#clockMicros()
    this.#clockSince = this.#engine.nowMicros
    this.#clockDrift = drift
    this.#clockRate = 1 + drift / 1e6
    this.#life?.skewed()
  }

  /** ms since the world began, as this host measures. */
  clock(): number {
    if (this.#clockRate === 1 && this.#clockBase === this.#clockSince) return this.#engine.now
    return this.#clockMicros() / 1_000
  }

  /** The world's µs at which this host's clock comes to a time, µs. */
  worldMicros(time: number): number {
    if (this.#clockRate === 1) return time - this.#clockBase + this.#clockSince
    const passed = Math.max(0, time - this.#clockBase) / this.#clockRate
    let at = this.#clockSince + Math.floor(passed)
    // A clock that all but stands still gets there when there is no world any more, nor are such numbers exact.
    if (at > LAST_MICROS) return Math.min(at, Number.MAX_SAFE_INTEGER)
    // Never before, whatever the rounding of either way does.
    while (Math.floor(this.#clockBase + (at - this.#clockSince) * this.#clockRate) < time) at += 1
    return at
  }

  entropy(bytes: Uint8Array): void {
    this.#entropy ??= this.#engine.random.fork(`entropy ${this.name} ${this.#incarnation}`)
    this.#entropy.fill(bytes)
  }

  /** Begins a life. */
  start(): void {
    if (this.#life !== null) return
    this.#incarnation += 1
    const engine = this.#engine
    const life = new Life(engine, this)
    const core = new LifeCore(engine, life)
    this.#life = life
    this.#lifeCore = core
    this.#reactor = new SimReactor(engine, life, lifeParts(engine, this.#network, life, core))
    engine.trace.up(this.id, this.#incarnation)
    const boot = this.#boot
    if (boot !== null) engine.within(this, () => engine.doing(this, () => boot(this)))
  }

  /** Ends it: nobody is told. */
  crash(): void {
    const life = this.#life
    if (life === null) return
    life.end()
    this.#engine.bury(this.#lifeCore as LifeCore)
    this.#life = null
    this.#reactor = null
    this.#lifeCore = null
    this.#entropy?.free()
    this.#entropy = null
    this.#engine.trace.crash(this.id)
    this.#network.forget(this)
  }

  /** The simulation is over: as a crash, of which nothing is noted. */
  leave(): void {
    this.#life?.end()
    if (this.#lifeCore !== null) this.#engine.bury(this.#lifeCore)
    this.#lifeCore = null
    this.#life = null
    this.#reactor = null
  }

  #clockMicros(): number {
    return Math.floor(this.#clockBase + (this.#engine.nowMicros - this.#clockSince) * this.#clockRate)
  }
}

/** Says whose turn it is, for all that is noted of a turn. */
class SimReactor extends Reactor {
  readonly #engine: Engine
  readonly #life: Life

  constructor(engine: Engine, life: Life, parts: ReturnType<typeof lifeParts>) {
    super(parts, { installSignalHandlers: false })
    this.#engine = engine
    this.#life = life
  }

  override enter(): void {
    this.#engine.current = this.#life
    super.enter()
  }

  override enteredBelow(): void {
    this.#engine.current = this.#life
  }
}
