/**
 * TurnQueue: everything a reactor puts off to a later turn, on the core's event queue.
 *
 * Owns: the table from the queue's ids to functions, and running them, errors logged. Must not know: when
 * turns come; it asks for one when the first function is put off.
 */

import type { QueuePart } from '../interfaces/host.js'

/** 0 runs first. */
export type Priority = 0 | 1 | 2 | 3

/** Calls that run at most in one turn; the rest waits for the next, so that the host's events get through. */
const TURN_BUDGET = 4096

/** What a queue asks of its reactor. @internal */
export interface TurnQueueOwner {
  turnWanted(): void
  callFailed(error: unknown): void
}

/** Functions waiting for a later turn. */
export class TurnQueue {
  #queue: QueuePart
  #owner: TurnQueueOwner
  #waiting: ((() => void) | undefined)[] = []
  #free: number[] = []
  #onEvent = (id: number): void => this.#run(id)

  /** @internal */
  constructor(queue: QueuePart, owner: TurnQueueOwner) {
    this.#queue = queue
    this.#owner = owner
  }

  /** How many wait. */
  get size(): number {
    return this.#queue.size
  }

  /**
   * Calls `fn` in a later turn.
   * @param fn what to call; what it throws is logged
   * @param priority 0 before 1 before 2 before 3; first in, first out within each
   * @param source number of the connection it is for, which has a budget for each turn; 0 for none
   */
  post(fn: () => void, priority: Priority = 1, source = 0): void {
    const id = this.#free.length > 0 ? this.#free.pop() as number : this.#waiting.length
    this.#waiting[id] = fn
    this.#queue.push(id, priority, source)
    this.#owner.turnWanted()
  }

  /** Runs what waits; what that puts off waits for the next time. @internal */
  drain(): void {
    this.#queue.drain(TURN_BUDGET, this.#onEvent)
  }

  /** @internal */
  free(): void {
    this.#queue.free()
  }

  #run(id: number): void {
    const fn = this.#waiting[id] as () => void
    this.#waiting[id] = undefined
    this.#free.push(id)
    try {
      fn()
    } catch (error) {
      this.#owner.callFailed(error)
    }
  }
}
