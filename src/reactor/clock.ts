/**
 * Clock: time by hand, for tests and simulations.
 *
 * Owns: its own time and calls. Must not know: a host, the core. Source: twisted.internet.task.Clock; times
 * in milliseconds, and bad delays are refused as the real reactor refuses them.
 */

import type { IDelayedCall, IReactorTime, IReactorWallClock } from '../interfaces/time.js'
import { CallHeap } from './call-heap.js'
import { checkDelay, checkFunction, DelayedCall } from './delayed-call.js'

/**
 * A clock that moves only when told to.
 *
 * @example
 * const clock = new Clock()
 * clock.callLater(1000, () => console.log('a second'))
 * clock.advance(1000)
 */
export class Clock implements IReactorTime, IReactorWallClock {
  #now = 0
  #calls = new CallHeap()
  // Not on the clock itself, whose methods are public.
  #owner = {
    now: (): number => this.#now,
    callMoved: (call: DelayedCall): void => this.#calls.move(call),
    callCancelled: (call: DelayedCall): void => this.#calls.remove(call),
  }

  /** Milliseconds since the clock was made. */
  now(): number {
    return this.#now
  }

  /** What the date was when this clock began; ms since 1970 in UTC. */
  epoch = 0

  /** The date: `epoch`, and the time since. */
  wallClock(): number {
    return this.epoch + this.now()
  }

  callLater<A extends unknown[]>(ms: number, fn: (...args: A) => unknown, ...args: A): IDelayedCall {
    checkDelay(ms)
    checkFunction(fn)
    const call = new DelayedCall(this.#owner, this.#now + ms, fn as (...args: never[]) => unknown, args)
    this.#calls.add(call)
    return call
  }

  getDelayedCalls(): IDelayedCall[] {
    return this.#calls.all()
  }

  /**
   * Moves time on, then runs everything due, in order of due time and then of scheduling; what those calls
   * schedule runs too if it is due. An error thrown by a call leaves this method, and what was still due
   * runs at the next one.
   * @param ms how far, ms
   * @throws RangeError for a negative time
   */
  advance(ms: number): void {
    checkDelay(ms)
    this.#now += ms
    for (let call = this.#calls.first(); call !== undefined && call.time <= this.#now; call = this.#calls.first()) {
      this.#calls.remove(call)
      call.run()
    }
  }

  /** Advances by each of the steps in turn; ms. */
  pump(steps: Iterable<number>): void {
    for (const step of steps) this.advance(step)
  }
}
