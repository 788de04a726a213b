/**
 * The state of a Deferred in one small integer, and whom it waits for.
 *
 * Owns: the flags, and the walk along those that wait for each other. Must not know: how a chain runs.
 */
import type { Deferred } from './deferred.js'

// _state: flags, and from PAUSED on the number of pauses not yet undone. From CHAINED on means "must not run".
export const CALLED = 1
/** Its callbacks are being run by a run loop further down the stack. */
export const RUNNING = 2
/** Cancelled without a canceller: one firing that comes late is swallowed. */
export const SUPPRESS = 4
/** Its canceller is being called. */
export const CANCELLING = 8
/** Left with a Failure. */
export const WATCHED = 16
/** And the garbage collector is to tell. */
export const REGISTERED = 32
/** The Failure it holds was seen by a promise made from it, or thrown at the end of a turn. */
export const SEEN = 64
/** Made in a context of the host, which is kept in _context. */
export const CONTEXT = 128
/** Waits for the Deferred in _result. */
export const CHAINED = 256
/** One pause. */
export const PAUSED = 512

/** All but those flags that do not matter to {@link isIdle}. */
const BUSY = ~(SUPPRESS | CANCELLING | WATCHED | REGISTERED | SEEN | CONTEXT)

/** Fired, not running, neither paused nor waiting for another. */
export function isIdle(state: number): boolean {
  return (state & BUSY) === CALLED
}

/** What a Deferred gets its result from: the one that its chain waits for, or that what fires it waits for. */
export function awaited(deferred: Deferred<any>): Deferred<any> | undefined {
  const { _state: state, _canceller: canceller } = deferred
  if ((state & CHAINED) !== 0) return deferred._result as Deferred<any>
  return (state & CALLED) === 0 && typeof canceller === 'object' ? canceller.waitingFor : undefined
}

/** The one at the end of those awaited; undefined if they wait in a circle (found as Brent does). */
export function lastAwaited(deferred: Deferred<any>): Deferred<any> | undefined {
  let mark = deferred
  let steps = 0
  let limit = 2
  for (let next = awaited(deferred); next !== undefined; next = awaited(deferred)) {
    if (next === mark) return undefined
    deferred = next
    if (++steps === limit) {
      mark = deferred
      steps = 0
      limit *= 2
    }
  }
  return deferred
}
