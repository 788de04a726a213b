/**
 * deferLater: a delayed call whose result is a Deferred.
 *
 * Source: twisted.internet.task.deferLater.
 */

import { Deferred } from '../defer/index.js'
import type { Settled } from '../defer/index.js'
import type { IReactorTime } from '../interfaces/time.js'
import { checkFunction } from './delayed-call.js'

/**
 * Calls `fn` after `ms` milliseconds and fires with what it returns; cancelling removes the call.
 * @param clock whose time is meant
 * @param ms delay
 * @param fn what to call; without it the Deferred fires with undefined
 */
export function deferLater<A extends unknown[], R>(
  clock: IReactorTime, ms: number, fn?: (...args: A) => R, ...args: A): Deferred<Settled<R>> {
  if (fn !== undefined) checkFunction(fn)
  const deferred = new Deferred<unknown>(() => call.cancel())
  const call = clock.callLater(ms, () => deferred.callback(undefined))
  return deferred.addCallback(() => fn?.(...args)) as Deferred<Settled<R>>
}
