/**
 * AsyncLocalStorage for Deferreds and delayed calls.
 *
 * Owns: when whorl begins to carry contexts. To capture one costs about 40 ns, so none is captured before the program
 * first uses an AsyncLocalStorage. Node has no event for that: until then `run` and `enterWith` of its prototype are
 * watched, and they are Node's own again from the first call on. Must not know: what is stored.
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

/** Carries contexts from now on: for programs whose first Deferreds come before their first use of a reactor. */
export function carryContext(): void {
  isCarrying = true
  setContextPort(port)
}

/** Carries contexts from the first use of an AsyncLocalStorage on, or from now if this runs in one. @internal */
export function carryContextWhenUsed(): void {
  if (isCarrying) return
  if (hasStores()) {
    carryContext()
    return
  }
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

/** Whether the code that runs now has a store: new resources inherit it, under symbols of Node's own. */
function hasStores(): boolean {
  const probe = new AsyncResource('WHORL') as unknown as Record<symbol, unknown>
  return Object.getOwnPropertySymbols(probe).some((symbol) =>
    /store|context/i.test(symbol.description ?? '') && probe[symbol] !== undefined)
}
