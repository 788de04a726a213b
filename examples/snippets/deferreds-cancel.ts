/** Cancelling and time limits, as the guide shows them. */
import { cancelOnAbort, CancelledError, Deferred, TimeoutError } from 'whorl'
import type { Failure, IReactorTime } from 'whorl'

export function answerWithin(answer: Deferred<string>, clock: IReactorTime): Deferred<string> {
  return answer.addTimeout(2000, clock).addErrback((failure: Failure) => {
    failure.trap(TimeoutError)
    return 'no answer'
  })
}

export function untilAborted(work: Deferred<string>, signal: AbortSignal): Deferred<string> {
  return cancelOnAbort(signal, work).addErrback((failure: Failure) => {
    failure.trap(CancelledError)
    return 'given up'
  })
}
