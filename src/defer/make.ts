/**
 * Deferreds made from what is there already: values, failures, promises, functions.
 *
 * Owns: the small makers. Must not know: the inside of a run. Source: `twisted.internet.defer`; SEMANTICS D37.
 */
import { Deferred } from './deferred.js'
import { fired, isDeferred, isThenable } from './run.js'
import { describe } from './describe.js'
import { toFailure } from './failure.js'
import type { Settled } from './types.js'

/**
 * A Deferred that has fired with `value`; with a Failure, it has failed.
 *
 * @throws TypeError if given a Deferred or a promise: that is what {@link maybeDeferred} takes
 */
export function succeed(): Deferred<void>
export function succeed<T>(value: T): Deferred<Settled<T>>
export function succeed(value?: unknown): Deferred<any> {
  if (typeof value === 'object' && value !== null && isThenable(value)) {
    throw new TypeError('succeed() takes no Deferred or promise: use maybeDeferred() or ensureDeferred().')
  }
  return fired(value)
}

/** A Deferred that has failed; what is no Failure is wrapped. */
export function fail(reason: unknown): Deferred<never> {
  if (arguments.length === 0) throw new TypeError('fail() needs a reason.')
  if (isDeferred(reason)) throw new TypeError('A Deferred is no reason for a failure.')
  return fired(toFailure(reason)) as Deferred<any> as Deferred<never>
}

/**
 * Calls a function and gives what comes of it as a Deferred: the Deferred it returned itself, the outcome of its
 * promise, its value, or what it threw.
 */
export function maybeDeferred<U, A extends unknown[]>(fn: (...args: A) => U, ...args: A): Deferred<Settled<U>>
export function maybeDeferred(fn: (...args: unknown[]) => unknown, ...args: unknown[]): Deferred<any> {
  try {
    const result = fn(...args)
    if (typeof result !== 'object' || result === null) return fired(result)
    if (result instanceof Deferred) return result
    return isThenable(result) ? Deferred.fromPromise(result) : fired(result)
  } catch (error) {
    return fired(toFailure(error))
  }
}

/** As {@link maybeDeferred}, for functions that answer at once. */
export const execute: typeof maybeDeferred = maybeDeferred

/**
 * A Deferred as it is; a promise as a Deferred.
 *
 * @throws TypeError for anything else
 */
export function ensureDeferred<T>(promiseOrDeferred: Deferred<T> | PromiseLike<T>): Deferred<T> {
  if (promiseOrDeferred instanceof Deferred) return promiseOrDeferred
  if (typeof promiseOrDeferred === 'object' && promiseOrDeferred !== null && isThenable(promiseOrDeferred)) {
    return Deferred.fromPromise(promiseOrDeferred)
  }
  throw new TypeError(`ensureDeferred() takes a Deferred or a promise, not ${describe(promiseOrDeferred)}.`)
}
