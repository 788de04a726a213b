/**
 * Those who wait for their turn: Deferreds in line, any of which may be cancelled.
 *
 * Owns: the line, and that a cancelled waiter is passed over without a search. Must not know: what they wait for.
 */
import { Deferred } from './deferred.js'
import { Fifo } from './fifo.js'

/** A line of unfired Deferreds. @internal */
export class Waiters<T> {
  readonly #line = new Fifo<Deferred<T>>()
  #cancelled = 0

  /** How many wait, the cancelled not counted. */
  get length(): number {
    return this.#line.length - this.#cancelled
  }

  /** A new waiter, last in line. */
  add(): Deferred<T> {
    const waiter = new Deferred<T>((self) => this.#leave(self))
    this.#line.push(waiter)
    return waiter
  }

  /** The waiter whose turn it is; undefined if nobody waits. */
  next(): Deferred<T> | undefined {
    for (let waiter = this.#line.shift(); waiter !== undefined; waiter = this.#line.shift()) {
      if (!waiter.called) return waiter
      this.#cancelled--
    }
    return undefined
  }

  /** Those who wait, in line. */
  toArray(): Deferred<T>[] {
    return this.#line.toArray().filter((waiter) => !waiter.called)
  }

  /** Cancelled waiters stay where they are until they are half of the line: each costs a constant then. */
  #leave(leaving: Deferred<T>): void {
    this.#cancelled++
    if (this.#cancelled * 2 <= this.#line.length) return
    this.#line.keep((waiter) => !waiter.called && waiter !== leaving)
    this.#cancelled = 0
  }
}
