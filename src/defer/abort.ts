/**
 * AbortSignal as a way to cancel a Deferred.
 *
 * Owns: one listener for each use of a signal, gone once the Deferred has its result: signals may live as long as
 * the program. Must not know: who offers the signal.
 */
import { Logger } from '../logger/logger.js'
import { addReceiver, hasResult } from './run.js'
import type { Deferred } from './deferred.js'
import { Failure } from './failure.js'

const log = new Logger('whorl.defer')

/**
 * Cancels `deferred` when `signal` aborts, or at once if it has; returns `deferred`.
 *
 * Covers the callbacks added so far. An error of the canceller is logged: nobody calls who could be told. @internal
 */
export function cancelOnAbort<T>(signal: AbortSignal | undefined, deferred: Deferred<T>): Deferred<T> {
  if (signal === undefined || hasResult(deferred)) return deferred
  const cancel = (): void => {
    try {
      deferred.cancel()
    } catch (error) {
      log.failure('A canceller threw an error when its signal aborted.', new Failure(error))
    }
  }
  if (signal.aborted) {
    cancel()
    return deferred
  }
  signal.addEventListener('abort', cancel, { once: true })
  addReceiver(deferred, {
    receive() {
      signal.removeEventListener('abort', cancel)
      return undefined
    },
  })
  return deferred
}
