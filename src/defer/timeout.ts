/**
 * A time limit on what a Deferred has so far been given to do.
 *
 * Owns: the translation of a cancellation by the clock into TimeoutError, and the life of the timer.
 * Must not know: which clock it is. Source: `twisted.internet.defer.Deferred.addTimeout`; SEMANTICS D36.
 */
import { TimeoutError } from '../errors/connection.js'
import { CancelledError } from '../errors/defer.js'
import type { IReactorTime } from '../interfaces/time.js'
import type { Deferred } from './deferred.js'
import { Failure, isFailure } from './failure.js'

/** Does the work of `Deferred.addTimeout`. @internal */
export function limitTime<T>(
  deferred: Deferred<T>,
  ms: number,
  clock: Pick<IReactorTime, 'callLater'>,
  onTimeoutCancel: ((result: T | Failure, ms: number) => unknown) | undefined,
): Deferred<T> {
  if (typeof clock?.callLater !== 'function') throw new TypeError('addTimeout() needs a reactor or Clock.')
  let isTimedOut = false
  const timer = clock.callLater(ms, () => {
    isTimedOut = true
    deferred.cancel()
  })
  return deferred.addBoth((result) => {
    if (timer.active()) timer.cancel()
    if (!isTimedOut) return result
    return onTimeoutCancel === undefined ? translate(result, ms) : onTimeoutCancel(result, ms)
  }) as Deferred<T>
}

function translate<T>(result: T | Failure, ms: number): T | Failure {
  // A canceller that found a result of its own, or another error, knows better.
  if (!isFailure(result) || result.check(CancelledError) === null) return result
  return new Failure(new TimeoutError(`There was no result after ${ms} ms.`))
}
