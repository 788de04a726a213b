/**
 * LifeTimers: the wheel of a simulated host's reactor, as a view of the one wheel of the world.
 *
 * Owns: from a reactor's deadline to an event and back. Must not know: what is called.
 *
 * A wheel of its own for each host would have every timer go through two. So each of the reactor's calls is an event,
 * which puts it among what is due, and has the reactor take a turn. `nextDeadline` need then only say whether there is
 * anything: the alarm that the reactor sets for it is not scheduled.
 */

import type { TimersPart } from '../../interfaces/host.js'
import type { Engine } from './engine.js'
import type { Life } from './life.js'
import type { SimEvent } from './world.js'

/** Some day. */
const LATER = 8.64e15

/** @internal */
export class LifeTimers implements TimersPart {
  readonly engine: Engine
  readonly life: Life
  readonly #all: Timer[] = []
  #free: Timer[] = []
  #due: Timer[] = []
  #running: Timer[] = []

  constructor(engine: Engine, life: Life) {
    this.engine = engine
    this.life = life
    life.timers = this
  }

  schedule(deadline: number, id: number): number {
    let timer = this.#free.pop()
    if (timer === undefined) this.#all.push(timer = new Timer(this, this.#all.length + 1))
    timer.id = id
    timer.deadline = deadline
    if (!this.life.isOver) timer.set()
    return timer.handle
  }

  cancel(handle: number): boolean {
    const timer = this.#all[handle - 1]
    if (timer === undefined || !timer.unset()) return false
    this.#free.push(timer)
    return true
  }

  reschedule(handle: number, deadline: number): boolean {
    const timer = this.#all[handle - 1]
    if (timer === undefined || !timer.unset()) return false
    timer.deadline = deadline
    timer.set()
    return true
  }

  nextDeadline(): number {
    return this.#due.length > 0 ? 0 : LATER
  }

  advance(_now: number, onDue: (id: number) => void): number {
    const due = this.#due
    const { life, engine } = this
    this.#due = this.#running
    this.#running = due
    for (let i = 0; i < due.length; i++) {
      // The host may have crashed itself in the call before.
      if (life.isOver) break
      const timer = due[i] as Timer
      this.#free.push(timer)
      engine.trace.timer(life.host.id)
      onDue(timer.id)
    }
    const { length } = due
    due.length = 0
    return length
  }

  /** The host's clocks go at another speed. */
  skewed(): void {
    for (const timer of this.#all) if (timer.unset()) timer.set()
  }

  /** The host has crashed. */
  free(): void {
    for (const timer of this.#all) timer.unset()
  }

  /** @internal */
  dueNow(timer: Timer): void {
    this.#due.push(timer)
    this.life.ring()
  }
}

class Timer implements SimEvent {
  readonly #timers: LifeTimers
  readonly handle: number
  id = 0
  deadline = 0
  /** The world's; 0 if it is not scheduled. */
  #event = 0

  constructor(timers: LifeTimers, handle: number) {
    this.#timers = timers
    this.handle = handle
  }

  set(): void {
    const { engine, life } = this.#timers
    this.#event = engine.atMicros(life.worldMicros(this.deadline), this)
  }

  /** @returns whether it was set */
  unset(): boolean {
    if (this.#event === 0) return false
    this.#timers.engine.cancel(this.#event)
    this.#event = 0
    return true
  }

  fire(): void {
    this.#event = 0
    this.#timers.dueNow(this)
  }
}
