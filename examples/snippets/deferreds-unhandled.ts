/** Failures that nobody handles, as the guide shows them. */
import { fail, setDebugging, setUnhandledPolicy } from 'whorl'
import type { Deferred } from 'whorl'

export function watchFailures(log: string[]): () => void {
  setDebugging(true)
  const before = setUnhandledPolicy((failure, deferred) => {
    log.push(failure.getTraceback())
    deferred?.addErrback(() => undefined)
  })
  return () => {
    setDebugging(false)
    setUnhandledPolicy(before)
  }
}

export function forgetful(): Deferred<never> {
  return fail(new Error('nobody looks'))
}
