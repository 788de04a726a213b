/**
 * The shapes that Deferred and its helpers share.
 *
 * Owns types only: what a chain makes of a callback's result, and what may stand in a chain besides a function.
 * Must not know: anything at run time.
 */
import type { Deferred } from './deferred.js'
import type { Failure } from './failure.js'

/** What a chain goes on with after a callback returned a `U`: it waits for Deferreds and promises; Failures switch. */
export type Settled<U> = U extends Failure ? never : U extends Deferred<infer V> ? V : Awaited<U>

/** Called with the Deferred that is to be cancelled, before it fired. */
export type Canceller<T> = (deferred: Deferred<T>) => void

/**
 * Something that takes a chain's result over without being a callback: the next Deferred, a generator, a promise.
 *
 * The run loop, not the receiver, goes on with what received: that is why no depth of chaining uses stack.
 * @internal
 */
export interface Receiver {
  /**
   * Takes `source._result`, and may replace it. Never throws.
   *
   * @returns what is to run before `source` goes on; or undefined
   */
  receive(source: Deferred<any>, failing: boolean): Runnable | undefined
}

/**
 * Something besides Deferreds that the run loop does, step by step: what a step returns is run before the next.
 * @internal
 */
export interface Work {
  /** Nothing is left to do. */
  readonly isOver: boolean
  /** Never throws. */
  step(): Runnable | undefined
}

/** For the run loop: a Deferred that has its result now, or work. @internal */
export type Runnable = Deferred<any> | Work

/**
 * In the place of a canceller, what fires a Deferred when another one has fired: to cancel it is to cancel that.
 * @internal
 */
export interface Waiter {
  /** What to cancel instead; undefined while it is at work itself. */
  readonly waitingFor: Deferred<any> | undefined
  /** Cancelled while at work, by way of the Deferred that this stands in. @returns what is to run now */
  cancelAtWork(deferred: Deferred<any>): Runnable | undefined
}
