/**
 * AsyncLocalStorage for Deferreds and delayed calls.
 *
 * Owns: when whorl begins to carry contexts. To capture one costs about 40 ns, so none is captured before the program
 * first uses an AsyncLocalStorage. Node has no event for that: from the first Deferred or delayed call on, `run` and
 * `enterWith` of its prototype are watched, and they are Node's own again from the first call on. What was used before
 * is seen by the mark that it leaves on every new resource. Must not know: what is stored.
 */

import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { setContextPort } from '../../src/defer/index.js'
import type { ContextPort } from '../../src/defer/index.js'

const WATCHED = ['run', 'enterWith'] as const

type Method = (this: unknown, ...args: unknown[]) => unknown

/** An AsyncResource is what Node itself keeps the stores of all AsyncLocalStorages with. */
const port: ContextPort = {
  capture: () => new AsyncResource('WHORL'),
  run: (context, fn, argument) => (context as AsyncResource).runInAsyncScope(fn, undefined, argument),
}

let isCarrying = false

/** Carries contexts from now on, whether an AsyncLocalStorage is in use or not. */
export function carryContext(): void {
  isCarrying = true
  setContextPort(port)
}

let isWatching = false

/** From before the first use: surrounded by nothing. */
let outside: AsyncResource | null = null

/**
 * Calls `fn(...args)` where no store is set, once contexts are carried: for what is done for everybody, and only
 * happens to be asked for by one. What was made before contexts were carried would take the asker's otherwise.
 * @internal
 */
export function callOutside<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
  return outside === null || !isCarrying ? fn(...args) : outside.runInAsyncScope(fn, undefined, ...args)
}

/** Carries contexts from the first use of an AsyncLocalStorage on, or from now if there was one. @internal */
export function carryContextWhenUsed(): void {
  if (isCarrying || isWatching) return
  isWatching = true
  if (isStorageUsed()) {
    carryContext()
    return
  }
  outside = new AsyncResource('WHORL')
  const methods = AsyncLocalStorage.prototype as unknown as Record<string, Method>
  const undo: (() => void)[] = []
  for (const name of WATCHED) {
    const original = methods[name] as Method
    const watching: Method = function (...args) {
      for (const each of undo) each()
      carryContext()
      return original.apply(this, args)
    }
    methods[name] = watching
    undo.push(() => {
      // Unless somebody else watches by now, too.
      if (methods[name] === watching) methods[name] = original
    })
  }
}

/**
 * Whether an AsyncLocalStorage was used. Each that was puts its store into every new resource, under a symbol of its
 * own, even where it has none. Where Node keeps all stores in one frame instead, there is one only inside of a `run`.
 */
function isStorageUsed(): boolean {
  const probe = new AsyncResource('WHORL') as unknown as Record<symbol, unknown>
  return Object.getOwnPropertySymbols(probe).some(({ description = '' }, i, symbols) =>
    /store/i.test(description) || (/context/i.test(description) && probe[symbols[i]] !== undefined))
}
