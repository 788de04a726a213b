/**
 * Agenda: what is still to happen in a simulation, in order.
 *
 * Owns: the core's wheel, the table from its ids to events, and what is to happen now. Must not know: what happens.
 *
 *   at → wheel (one tick is a microsecond) → ready → next        what is scheduled for now goes straight to ready
 *
 * Times are whole numbers of microseconds: milliseconds with fractions are not exact, and the wheel rounds up.
 * A handle is a slot of the table and how often it was used, so that an old one cancels nothing.
 */

import type { TimersPart } from '../../interfaces/host.js'
import type { SimEvent } from './world.js'

/** Room of the table at first. */
const ROOM = 1_024
/** Handles are below 2^53: so many slots there may be. */
const SLOTS = 4_194_304

/** Events in the order of their times; those of the same time in the order in which they were scheduled. */
export class Agenda {
  readonly #wheel: TimersPart
  #events: (SimEvent | null)[] = []
  /** The wheel's handle; 0 for what is ready. */
  #wheelHandles = new Int32Array(ROOM)
  #uses = new Int32Array(ROOM)
  #free = new Int32Array(ROOM)
  #freeCount = 0
  #slots = 0
  #ready = new Int32Array(ROOM)
  #head = 0
  #tail = 0
  /** µs */
  #now = 0
  readonly #onDue = (slot: number): void => {
    this.#wheelHandles[slot] = 0
    this.#pushReady(slot)
  }

  /** @param wheel one that takes µs for its ms */
  constructor(wheel: TimersPart) {
    this.#wheel = wheel
  }

  /** µs. */
  get now(): number {
    return this.#now
  }

  /** How many wait, those for now included. */
  get size(): number {
    return this.#slots - this.#freeCount
  }

  /** @param time µs, whole; what is past is for now @returns a handle */
  at(time: number, event: SimEvent): number {
    // The wheel first: it throws for what is no time.
    const slot = this.#freeCount > 0 ? this.#free[this.#freeCount - 1] as number : this.#slots
    if (slot === SLOTS) throw new RangeError('too many events are waiting in the simulation')
    if (slot === this.#uses.length) this.#grow()
    if (time <= this.#now) {
      this.#wheelHandles[slot] = 0
      this.#pushReady(slot)
    } else {
      this.#wheelHandles[slot] = this.#wheel.schedule(time, slot)
    }
    if (slot === this.#slots) this.#slots += 1
    else this.#freeCount -= 1
    this.#events[slot] = event
    return ((this.#uses[slot] as number) + 1) * SLOTS + slot
  }

  cancel(handle: number): boolean {
    const slot = handle % SLOTS
    if (!(slot < this.#slots) || (this.#uses[slot] as number) + 1 !== (handle - slot) / SLOTS) return false
    this.#uses[slot] = nextUse(this.#uses[slot] as number)
    this.#events[slot] = null
    const wheelHandle = this.#wheelHandles[slot] as number
    // What is ready keeps its place, empty.
    if (wheelHandle === 0) return true
    this.#wheel.cancel(wheelHandle)
    this.#free[this.#freeCount++] = slot
    return true
  }

  /** The next event of now, which is then no longer waiting; null if all that is to happen now has. */
  next(): SimEvent | null {
    while (this.#head < this.#tail) {
      const slot = this.#ready[this.#head++] as number
      const event = this.#events[slot] as SimEvent | null
      this.#free[this.#freeCount++] = slot
      if (event === null) continue
      this.#events[slot] = null
      this.#uses[slot] = nextUse(this.#uses[slot] as number)
      return event
    }
    this.#head = this.#tail = 0
    return null
  }

  /** Whether something is to happen now. */
  get isReady(): boolean {
    return this.#head < this.#tail
  }

  /** µs of what is to happen next, once nothing is to happen now; Infinity if there is nothing. */
  nextTime(): number {
    return this.#wheel.nextDeadline()
  }

  /** Nothing may be ready. @param time not beyond `nextTime` */
  advance(time: number): void {
    this.#now = time
    this.#wheel.advance(time, this.#onDue)
  }

  free(): void {
    this.#wheel.free()
    this.#events = []
    this.#slots = this.#freeCount = this.#head = this.#tail = 0
  }

  #pushReady(slot: number): void {
    if (this.#tail === this.#ready.length) {
      if (this.#head > this.#tail >> 1) {
        this.#ready.copyWithin(0, this.#head, this.#tail)
        this.#tail -= this.#head
        this.#head = 0
      } else {
        this.#ready = doubled(this.#ready)
      }
    }
    this.#ready[this.#tail++] = slot
  }

  #grow(): void {
    this.#wheelHandles = doubled(this.#wheelHandles)
    this.#uses = doubled(this.#uses)
    this.#free = doubled(this.#free)
  }
}

function nextUse(uses: number): number {
  // Handles stay below 2^53, so that they are whole.
  return uses === 0x7fff_fff0 ? 0 : uses + 1
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const twice = new Int32Array(array.length * 2)
  twice.set(array)
  return twice
}
