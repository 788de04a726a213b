/**
 * Our sides of the subject deferred: the same steps as in bench/rivals/promises.ts. There is nothing to await: when a
 * step returns, everything has run.
 */
import { AsyncResource } from 'node:async_hooks'
import { Deferred, gatherResults, inlineCallbacks, setContextPort, succeed } from '../../src/defer/index.js'
import type { Failure } from '../../src/defer/index.js'

const step = (x: number): number => x + 1

export function fireEach(n: number): number {
  let sum = 0
  const add = (x: number): number => {
    sum = (sum + x + 1) | 0
    return x
  }
  for (let i = 0; i < n; i++) {
    const d = new Deferred<number>()
    d.addCallback(step).addCallback(step).addCallback(add)
    d.callback(i)
  }
  return sum
}

/** As {@link fireEach}, with contexts carried as on Node once an AsyncLocalStorage is in use; runs inside of one. */
export function fireEachInContext(n: number): number {
  setContextPort({
    capture: () => new AsyncResource('BENCH'),
    run: (context, fn, argument) => (context as AsyncResource).runInAsyncScope(fn, undefined, argument),
  })
  try {
    return fireEach(n)
  } finally {
    setContextPort()
  }
}

export function chainFired(n: number): number {
  let sum = 0
  const next = (x: number): Deferred<number> => succeed(x + 1)
  const add = (x: number): void => { sum = (sum + x) | 0 }
  for (let i = 0; i < n; i += 10) {
    const d = succeed(i)
    for (let k = 0; k < 10; k++) d.addCallback(next)
    d.addCallback(add)
  }
  return sum
}

const yieldTen = inlineCallbacks(function* (from: number): Generator<Deferred<number>, number, number> {
  let total = from
  for (let k = 0; k < 10; k++) total += yield succeed(k)
  return total
})

export function yieldFired(n: number): number {
  let sum = 0
  const add = (x: number): void => { sum = (sum + x) | 0 }
  for (let i = 0; i < n; i += 10) yieldTen(i).addCallback(add)
  return sum
}

async function awaitTen(from: number): Promise<number> {
  let total = from
  for (let k = 0; k < 10; k++) total += await succeed(k)
  return total
}

export async function awaitFired(n: number): Promise<number> {
  let sum = 0
  for (let i = 0; i < n; i += 10) sum = (sum + await awaitTen(i)) | 0
  return sum
}

export function gatherTen(n: number): number {
  let sum = 0
  const add = (values: number[]): void => { sum = (sum + values[9]) | 0 }
  for (let i = 0; i < n; i++) {
    const list: Deferred<number>[] = []
    for (let k = 0; k < 10; k++) list.push(new Deferred<number>())
    gatherResults(list).addCallback(add)
    for (let k = 0; k < 10; k++) list[k].callback(i + k)
  }
  return sum
}

export function cancelEach(n: number): number {
  let sum = 0
  for (let i = 0; i < n; i++) {
    const d = new Deferred<number>(() => undefined)
    d.addErrback(() => { sum = (sum + i) | 0 })
    d.cancel()
  }
  return sum
}

/** As {@link cancelEach}, with a look at the error itself, which is made for that. */
export function cancelAndLook(n: number): number {
  let sum = 0
  for (let i = 0; i < n; i++) {
    const d = new Deferred<number>(() => undefined)
    d.addErrback((failure: Failure) => { if (failure.value.message !== '') sum = (sum + i) | 0 })
    d.cancel()
  }
  return sum
}

/** One that waits, with three callbacks. */
export function pending(): unknown {
  return new Deferred<number>().addCallback(step).addCallback(step).addCallback(step)
}
