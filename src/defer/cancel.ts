/**
 * Cancelling: whom it reaches, and what is left behind.
 *
 * Owns: the way from a Deferred to the one whose canceller is asked, and the cancelling of several, one after another,
 * as work for the run loop. Must not know: how a chain runs. Source: `twisted.internet.defer.Deferred.cancel`;
 * SEMANTICS D22 to D28, D33, D35.
 *
 * Lists, races and groups may stand in each other to any depth. Therefore nothing here cancels what cancels others: it
 * hands out work that waits on the run loop's stack until what it cancelled has run.
 */
import { Logger } from '../logger/logger.js'
import { debugging } from './debug.js'
import type { Deferred } from './deferred.js'
import { cancellation, Failure } from './failure.js'
import { fireFresh, toRun } from './run.js'
import { CALLED, CANCELLING, CHAINED, lastAwaited, SUPPRESS } from './state.js'
import type { Runnable, Work } from './types.js'

const log = new Logger('whorl.defer')

/**
 * Does as `Deferred.cancel` does, but for the running of what that fired.
 *
 * @returns what is to run now
 * @throws what the canceller throws @internal
 */
export function cancelFrom(deferred: Deferred<any>): Runnable | undefined {
  const last = lastAwaited(deferred)
  if (last === undefined) return breakCircle(deferred)
  if ((last._state & (CALLED | CANCELLING)) !== 0) return undefined
  const canceller = last._canceller
  if (typeof canceller === 'object') return canceller.cancelAtWork(last)
  if (canceller === undefined) {
    last._state |= SUPPRESS
  } else {
    last._state |= CANCELLING
    try {
      canceller(last)
    } finally {
      last._state &= ~CANCELLING
    }
    if ((last._state & CALLED) !== 0) return undefined
  }
  return failAsCancelled(last)
}

/** Work: cancels one after another all that have no result. One canceller that throws keeps no other from it. */
export class CancelRound implements Work {
  isOver = false
  readonly #targets: readonly Deferred<any>[]
  readonly #end: () => Runnable | undefined
  #next = 0

  /** @param end called after the last; what it returns is to run then */
  constructor(targets: readonly Deferred<any>[], end: () => Runnable | undefined) {
    this.#targets = targets
    this.#end = end
  }

  step(): Runnable | undefined {
    while (this.#next < this.#targets.length) {
      try {
        const runnable = cancelFrom(this.#targets[this.#next++])
        if (runnable !== undefined) return runnable
      } catch (error) {
        log.failure('A canceller threw an error.', new Failure(error))
      }
    }
    this.isOver = true
    return this.#end()
  }
}

/**
 * Work: cancels those that `whole` is made of; if that does not fire it, it fails with CancelledError.
 *
 * @param parts or what tells them, called while `whole` cannot be cancelled again
 */
export function cancelParts(
  whole: Deferred<any>, parts: readonly Deferred<any>[] | (() => readonly Deferred<any>[])): Work {
  whole._state |= CANCELLING
  return new CancelRound(typeof parts === 'function' ? parts() : parts, () => {
    whole._state &= ~CANCELLING
    return (whole._state & CALLED) === 0 ? failAsCancelled(whole) : undefined
  })
}

/** The Failure of one that was cancelled: with debugging on its error is made at once, to show where that was. */
export function cancelledFailure(): Failure {
  const failure = cancellation()
  return debugging ? new Failure(failure.value) : failure
}

function failAsCancelled(deferred: Deferred<any>): Deferred<any> | undefined {
  return fireFresh(deferred, cancelledFailure())
}

/** Deferreds that wait for each other in a circle can only be freed one by one. */
function breakCircle(deferred: Deferred<any>): Deferred<any> | undefined {
  if ((deferred._state & CHAINED) === 0) {
    deferred._state |= SUPPRESS
    return failAsCancelled(deferred)
  }
  deferred._result = cancelledFailure()
  deferred._state &= ~CHAINED
  return toRun(deferred)
}
