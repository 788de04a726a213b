/**
 * Matchers for runners that take them as vitest and Jest do: `expect.extend(whorlMatchers)`.
 *
 * Owns: what they compare and say. Must not know: a runner; its equality comes with `this`.
 */
import type { Deferred } from '../../defer/index.js'
import type { ErrorClass } from '../../errors/index.js'
import { failureText, handle, kindsText, outcomeOf } from './results.js'
import type { Outcome } from './results.js'
import { show } from './show.js'

/** What a matcher finds. */
export interface MatcherResult {
  pass: boolean
  message: () => string
  actual?: unknown
  expected?: unknown
}

/** What a runner gives a matcher. */
interface Runner {
  equals(one: unknown, other: unknown): boolean
}

/**
 * The types of these matchers, for a runner's own interface:
 *
 *   declare module 'vitest' {
 *     interface Matchers<T = any> extends WhorlMatchers {}
 *   }
 */
export interface WhorlMatchers<R = void> {
  /** The Deferred has a result, and no failure. */
  toHaveSucceeded(): R
  /** The Deferred has a result that equals this. */
  toHaveSucceededWith(expected: unknown): R
  /** The Deferred has a failure, of one of these kinds if any are given; it counts as handled. */
  toHaveFailedWith(...kinds: (ErrorClass | string)[]): R
  /** The Deferred has neither. */
  toHaveNoResult(): R
}

/**
 * For `expect.extend`.
 *
 * @example
 * expect.extend(whorlMatchers)
 * expect(service.whenConnected()).toHaveNoResult()
 */
export const whorlMatchers = {
  toHaveSucceeded(received: unknown): MatcherResult {
    const outcome = looked(received)
    return { pass: outcome.kind === 'success', message: () => `the Deferred has ${text(outcome)}` }
  },

  toHaveSucceededWith(this: Runner, received: unknown, expected: unknown): MatcherResult {
    const outcome = looked(received)
    const pass = outcome.kind === 'success' && this.equals(outcome.value, expected)
    const message = (): string => `the Deferred has ${text(outcome)}; what is compared with is ${show(expected)}`
    return outcome.kind === 'success' ? { pass, message, actual: outcome.value, expected } : { pass, message }
  },

  toHaveFailedWith(received: unknown, ...kinds: (ErrorClass | string)[]): MatcherResult {
    const outcome = looked(received)
    const pass = outcome.kind === 'failure' && (kinds.length === 0 || outcome.failure.check(...kinds) !== null)
    const asked = kinds.length === 0 ? 'any failure' : kindsText(kinds)
    return { pass, message: () => `the Deferred has ${text(outcome)}; what is asked about is ${asked}` }
  },

  toHaveNoResult(received: unknown): MatcherResult {
    const outcome = looked(received)
    return { pass: outcome.kind === 'none', message: () => `the Deferred has ${text(outcome)}` }
  },
}

/** A failure that a test has asked about is handled, whatever it wanted. */
function looked(received: unknown): Outcome {
  const outcome = outcomeOf(received)
  if (outcome.kind === 'failure') handle(received as Deferred)
  return outcome
}

function text(outcome: Outcome): string {
  if (outcome.kind === 'none') return 'no result yet'
  return outcome.kind === 'success' ? `the result ${show(outcome.value)}`
    : `the failure ${failureText(outcome.failure)}`
}
