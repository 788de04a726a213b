/**
 * The core's part in the reactor of a simulated host: its queue, and timers.
 *
 * Owns: that both are inert once the life they belong to is over: the queue is then given back to the core, and calls
 * from code that does not know do nothing. Must not know: what is scheduled.
 */

import type { Core } from '../../core/index.js'
import type { CorePart, QueuePart, TimersPart } from '../../interfaces/host.js'
import type { Engine } from './engine.js'
import { LifeTimers } from './life-timers.js'
import type { Life } from './life.js'

/** @internal */
export class LifeCore implements CorePart {
  readonly #engine: Engine
  readonly #life: Life
  readonly #made: LifeQueue[] = []

  constructor(engine: Engine, life: Life) {
    this.#engine = engine
    this.#life = life
  }

  createTimers(): TimersPart {
    return new LifeTimers(this.#engine, this.#life)
  }

  createQueue(): QueuePart {
    if (this.#life.isOver) return NO_QUEUE
    const queue = new LifeQueue(this.#engine.core, this.#life)
    this.#made.push(queue)
    return queue
  }

  /** Gives all of it back. Not from inside a call of it. */
  free(): void {
    for (const one of this.#made) one.free()
    this.#made.length = 0
  }
}

class LifeQueue implements QueuePart {
  readonly #life: Life
  readonly #queue: QueuePart
  #inner: (id: number) => void = nothing
  readonly #onEvent = (id: number): void => {
    if (!this.#life.isOver) this.#inner(id)
  }

  constructor(core: Core, life: Life) {
    this.#life = life
    this.#queue = core.createQueue()
  }

  get size(): number {
    return this.#life.isOver ? 0 : this.#queue.size
  }

  push(id: number, priority?: 0 | 1 | 2 | 3, source?: number): void {
    if (!this.#life.isOver) this.#queue.push(id, priority, source)
  }

  drain(budget: number, onEvent: (id: number) => void): number {
    if (this.#life.isOver) return 0
    this.#inner = onEvent
    return this.#queue.drain(budget, this.#onEvent)
  }

  free(): void {
    this.#queue.free()
  }
}

const NO_QUEUE: QueuePart = Object.freeze({ size: 0, push: nothing, drain: () => 0, free: nothing })

function nothing(): void {}
