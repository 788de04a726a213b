/** What Deferreds have come to, as the testing guide shows it; for node:test and every other runner. */
import { strictEqual } from 'node:assert'
import { Deferred, TimeoutError } from 'whorl'
import { assertNoResult, Clock, failureResultOf, successResultOf } from 'whorl/testing'

export function tryTimeout(): void {
  const clock = new Clock()
  const answer = new Deferred<string>()
  answer.addTimeout(1_000, clock)
  clock.advance(999)
  assertNoResult(answer)
  clock.advance(1)
  const failure = failureResultOf(answer, TimeoutError)
  strictEqual(failure.check(TimeoutError), TimeoutError)

  const quick = new Deferred<string>()
  quick.addTimeout(1_000, clock)
  quick.callback('here')
  strictEqual(successResultOf(quick), 'here')
}
