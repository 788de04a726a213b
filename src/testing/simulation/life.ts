/**
 * Life: the machine under one reactor of a simulated host, from when it starts until it crashes.
 *
 * Owns: what the reactor sees of the host's clocks, its turns, and that there are none once the life is over. Must not
 * know: sockets (life-parts.ts), or when hosts crash. Code of a former life that still runs (promise jobs, mostly) is
 * not told: it asks for things as before, and nothing comes of it, no error either.
 *
 * Time stands still while an event is handled, but some code waits for it to move: after READS readings in one event,
 * each moves this reactor's view of it by a microsecond.
 */

import type { HostPort, HostTimer } from '../../interfaces/host.js'
import type { Engine } from './engine.js'
import type { LifeTimers } from './life-timers.js'
import { microsOf } from './micros.js'
import type { Host } from './sim-host.js'
import type { SimEvent } from './world.js'

const READS = 1_000
/** µs; beyond what a world lasts, and still exact. */
const NEVER = 9e15

/** The reactor's next turn; used again when it has come. */
class Turn implements SimEvent {
  readonly #life: Life
  fn: (() => void) | null = null

  constructor(life: Life) {
    this.#life = life
  }

  fire(): void {
    const { fn } = this
    this.fn = null
    if (fn !== null) this.#life.turn(this, fn)
  }
}

/** @internal */
export class Life implements HostPort {
  readonly name = 'simulated'
  readonly host: Host
  readonly #engine: Engine
  /** µs; what the clock said when the life began, before it has moved: the zero of such clocks means nothing. */
  readonly #zero: number
  #isOver = false
  #alarm: (() => void) | null = null
  #timers: LifeTimers | null = null
  #spare: Turn | null = new Turn(this)
  #last = 0
  #readIn = -1
  #reads = 0

  constructor(engine: Engine, host: Host) {
    this.#engine = engine
    this.host = host
    this.#zero = Math.max(0, Math.round(host.clockOffset * 1_000))
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Nothing more happens. */
  end(): void {
    this.#last = this.now()
    this.#isOver = true
    this.#alarm = null
    this.#timers?.free()
  }

  /** The wheel of this life's reactor. */
  set timers(timers: LifeTimers) {
    this.#timers = timers
  }

  /** The host's clocks go at another speed, so what it waits for is due at another time. */
  skewed(): void {
    this.#timers?.skewed()
  }

  /** The world's µs at which this life's `now` has come to a time, ms. */
  worldMicros(time: number): number {
    return this.host.worldMicros(Math.min(microsOf(time) - this.#zero, NEVER))
  }

  now(): number {
    if (this.#isOver) return this.#last
    const { events } = this.#engine
    if (this.#readIn !== events) {
      this.#readIn = events
      this.#reads = 0
    }
    let time = this.host.clock()
    if (this.#zero !== 0) time = (Math.round(time * 1_000) + this.#zero) / 1_000
    if (++this.#reads > READS) time = Math.round(time * 1_000 + this.#reads - READS) / 1_000
    // What was moved for those who waited is not taken back.
    if (time < this.#last) return this.#last
    this.#last = time
    return time
  }

  wallClock(): number {
    return this.#engine.epoch + this.host.clockOffset + this.host.clock()
  }

  /** Nothing is scheduled: each of the reactor's calls is an event (life-timers.ts), which rings this alarm. */
  setTimer(_delay: number, fn: () => void): HostTimer {
    if (!this.#isOver) this.#alarm = fn
    return this
  }

  clearTimer(): void {
    this.#alarm = null
  }

  /** A call of the reactor is due. If there is no alarm, it has asked for a turn already, or sleeps. */
  ring(): void {
    const fn = this.#alarm
    if (fn === null || this.#isOver) return
    this.#alarm = null
    this.#engine.current = this
    fn()
  }

  soon(fn: () => void): void {
    if (this.#isOver) return
    const turn = this.#spare ?? new Turn(this)
    this.#spare = null
    turn.fn = fn
    this.#engine.atMicros(this.#engine.nowMicros, turn)
  }

  afterJobs(fn: () => void): void {
    if (!this.#isOver) this.#engine.afterJobs(this, fn)
  }

  keepAlive(): void {
    // A simulated host is there until it crashes.
  }

  installSignals(): () => void {
    return nothing
  }

  encode(text: string): Uint8Array {
    return this.#engine.core.text.encode(text)
  }

  allocate(length: number): Uint8Array {
    return new Uint8Array(length)
  }

  entropy(bytes: Uint8Array): void {
    this.host.entropy(bytes)
  }

  turn(turn: Turn, fn: () => void): void {
    this.#spare = turn
    if (this.#isOver) return
    this.#engine.current = this
    fn()
  }
}

function nothing(): void {}
