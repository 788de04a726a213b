/**
 * What a Deferred has come to, said at once and with a message that a test's reader can use.
 *
 * Owns: the words. Looks at Deferreds without adding to their chains, so that a test sees what the program sees.
 * Must not know: test runners. Source: twisted.trial's SynchronousTestCase (successResultOf, failureResultOf,
 * assertNoResult).
 */
import { Deferred } from '../../defer/index.js'
import type { Failure } from '../../defer/index.js'
import { isFailure } from '../../defer/failure.js'
import { isIdle } from '../../defer/state.js'
import { UnexpectedResult } from '../../errors/index.js'
import type { ErrorClass } from '../../errors/index.js'
import { show } from './show.js'

/** What a Deferred has come to. @internal */
export type Outcome = { readonly kind: 'none' } | { readonly kind: 'success', readonly value: unknown } |
  { readonly kind: 'failure', readonly failure: Failure }

/**
 * The result of a Deferred that has one now.
 *
 * @throws UnexpectedResult when it has none yet, or a failure, which counts as handled then and is the `cause`
 * @example expect(successResultOf(client.ask('hello'))).toBe('HELLO')
 */
export function successResultOf<T>(deferred: Deferred<T>): T {
  const outcome = outcomeOf(deferred)
  if (outcome.kind === 'success') return outcome.value as T
  if (outcome.kind === 'none') throw new UnexpectedResult(`Expected a result, found none: ${String(deferred)}.`)
  handle(deferred)
  throw new UnexpectedResult(`Expected a result, found a failure: ${failureText(outcome.failure)}`, {
    cause: outcome.failure.value,
  })
}

/**
 * The failure of a Deferred that has one now; it counts as handled.
 *
 * @param kinds classes of errors, or their names or codes, of which it must be one; any if none are given
 * @throws UnexpectedResult when it has no result yet, another, or a failure of another kind
 * @example expect(failureResultOf(client.ask('x'), ConnectionLost).value.message).toContain('reset')
 */
export function failureResultOf(deferred: Deferred<any>, ...kinds: (ErrorClass | string)[]): Failure {
  const outcome = outcomeOf(deferred)
  const wanted = `Expected ${kinds.length === 0 ? 'a failure' : kindsText(kinds)}`
  if (outcome.kind === 'none') throw new UnexpectedResult(`${wanted}, found no result yet: ${String(deferred)}.`)
  if (outcome.kind === 'success') throw new UnexpectedResult(`${wanted}, found a result: ${show(outcome.value)}.`)
  handle(deferred)
  const { failure } = outcome
  if (kinds.length > 0 && failure.check(...kinds) === null) {
    throw new UnexpectedResult(`${wanted}, found ${failureText(failure)}`, { cause: failure.value })
  }
  return failure
}

/**
 * The Deferred has neither result nor failure yet.
 *
 * @throws UnexpectedResult when it has one; a failure counts as handled then
 */
export function assertNoResult(deferred: Deferred<any>): void {
  const outcome = outcomeOf(deferred)
  if (outcome.kind === 'none') return
  if (outcome.kind === 'success') {
    throw new UnexpectedResult(`Expected no result yet, found ${show(outcome.value)}.`)
  }
  handle(deferred)
  throw new UnexpectedResult(`Expected no result yet, found a failure: ${failureText(outcome.failure)}`, {
    cause: outcome.failure.value,
  })
}

/** @throws TypeError for what is no Deferred @internal */
export function outcomeOf(deferred: unknown): Outcome {
  if (!(deferred instanceof Deferred)) {
    const isPromise = typeof (deferred as { then?: unknown } | null)?.then === 'function'
    const hint = isPromise ? '; a promise can only be awaited' : ''
    throw new TypeError(`a Deferred is needed, not ${show(deferred)}${hint}`)
  }
  // One that is paused, or waits for another, has a result that nobody may have yet.
  if (!isIdle(deferred._state)) return { kind: 'none' }
  const { result } = deferred
  return isFailure(result) ? { kind: 'failure', failure: result } : { kind: 'success', value: result }
}

/** The failure of a Deferred that has one was looked at. @internal */
export function handle(deferred: Deferred<any>): void {
  deferred.addErrback(() => undefined)
}

/** @internal */
export function failureText(failure: Failure): string {
  const { value } = failure
  const story = failure.origin === undefined ? '' : `\n${failure.origin}`
  return `${value.name}: ${value.message}${story}`
}

/** @internal */
export function kindsText(kinds: readonly (ErrorClass | string)[]): string {
  return kinds.map((kind) => typeof kind === 'string' ? kind : kind.name).join(' or ')
}
