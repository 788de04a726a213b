/**
 * What promises do in the place of Deferreds, for any library of them: the same steps with the same functions, each
 * awaited to its end. Bluebird only if it is there already.
 */
import { createRequire } from 'node:module'
import { NotInstalled } from '../model.js'

/** As much of a promise library as the steps need. */
export interface PromiseKind {
  new <T>(executor: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): PromiseLike<T>
  resolve<T>(value: T): PromiseLike<T>
  all<T>(list: PromiseLike<T>[]): PromiseLike<T[]>
}

/** @throws NotInstalled */
export function bluebird(): PromiseKind {
  try {
    return createRequire(import.meta.url)('bluebird') as PromiseKind
  } catch {
    throw new NotInstalled('the package bluebird is not installed')
  }
}

const step = (x: number): number => x + 1

/** n times: a promise with three callbacks, resolved. */
export async function fireEach(Kind: PromiseKind, n: number): Promise<number> {
  let sum = 0
  for (let i = 0; i < n; i++) {
    let resolve!: (value: number) => void
    const last = new Kind<number>((fulfil) => { resolve = fulfil }).then(step).then(step).then(step)
    resolve(i)
    sum = (sum + await last) | 0
  }
  return sum
}

/** The same, a hundred at a time and awaited once for all of them. */
export async function fireTogether(Kind: PromiseKind, n: number): Promise<number> {
  let sum = 0
  const add = (x: number): number => {
    sum = (sum + x + 1) | 0
    return x
  }
  for (let i = 0; i < n;) {
    let last: PromiseLike<number> | undefined
    for (const end = Math.min(n, i + 100); i < end; i++) {
      let resolve!: (value: number) => void
      last = new Kind<number>((fulfil) => { resolve = fulfil }).then(step).then(step).then(add)
      resolve(i)
    }
    await last
  }
  return sum
}

/** n steps, in chains of ten, each of which returns a promise that is resolved. */
export async function chainFired(Kind: PromiseKind, n: number): Promise<number> {
  let sum = 0
  const next = (x: number): PromiseLike<number> => Kind.resolve(x + 1)
  for (let i = 0; i < n; i += 10) {
    let last: PromiseLike<number> = Kind.resolve(i)
    for (let k = 0; k < 10; k++) last = last.then(next)
    sum = (sum + await last) | 0
  }
  return sum
}

async function awaitTen(Kind: PromiseKind, from: number): Promise<number> {
  let total = from
  for (let k = 0; k < 10; k++) total += await Kind.resolve(k)
  return total
}

/** n waits, ten to a function: for promises that are resolved. */
export async function awaitFired(Kind: PromiseKind, n: number): Promise<number> {
  let sum = 0
  for (let i = 0; i < n; i += 10) sum = (sum + await awaitTen(Kind, i)) | 0
  return sum
}

/** n times: ten promises gathered, then resolved. */
export async function gatherTen(Kind: PromiseKind, n: number): Promise<number> {
  let sum = 0
  for (let i = 0; i < n; i++) {
    const resolvers: ((value: number) => void)[] = []
    const list: PromiseLike<number>[] = []
    for (let k = 0; k < 10; k++) list.push(new Kind<number>((fulfil) => void resolvers.push(fulfil)))
    const all = Kind.all(list)
    for (let k = 0; k < 10; k++) resolvers[k](i + k)
    sum = (sum + (await all)[9]) | 0
  }
  return sum
}

/** n times: a promise that an AbortSignal rejects, and that recovers. Promises have no other way to be cancelled. */
export async function abortEach(Kind: PromiseKind, n: number): Promise<number> {
  let sum = 0
  for (let i = 0; i < n; i++) {
    const controller = new AbortController()
    const last = new Kind<number>((_fulfil, reject) => {
      controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true })
    }).then(undefined, () => i)
    controller.abort()
    sum = (sum + await last) | 0
  }
  return sum
}

/** A promise that waits, with three callbacks, and what resolves it. */
export function pending(Kind: PromiseKind): unknown {
  let resolve: unknown
  new Kind<number>((fulfil) => { resolve = fulfil }).then(step).then(step).then(step)
  return resolve
}
