import { describe, expect, it } from 'vitest'
import { AlreadyCalledError, CancelledError } from '../../../src/errors/index.js'
import {
  Deferred,
  ensureDeferred,
  execute,
  fail,
  Failure,
  inlineCallbacks,
  maybeDeferred,
  succeed,
} from '../../../src/defer/index.js'
import { failureOf, resultOf } from './helpers.js'

const boom = new Error('boom')

describe('promises from Deferreds', () => {
  it('D40 await gives the value, or throws the error', async () => {
    expect(await succeed(1)).toBe(1)
    await expect(fail(boom)).rejects.toBe(boom)
    const later = new Deferred<string>()
    const waiting = later.asPromise()
    expect(waiting).toBeInstanceOf(Promise)
    later.callback('later')
    expect(await waiting).toBe('later')
  })

  it('D40 awaiting twice gives the value twice', async () => {
    const d = new Deferred<number>()
    const both = Promise.all([d, d])
    d.callback(7)
    expect(await both).toEqual([7, 7])
    expect(await d).toBe(7)
    expect(d.result).toBe(7)
  })

  it('a failure can be awaited twice as well', async () => {
    const d = fail(boom)
    await expect(d).rejects.toBe(boom)
    await expect(d).rejects.toBe(boom)
    expect(failureOf(d).value).toBe(boom)
  })

  it('sees the chain as it is where it is asked, and leaves it unchanged', async () => {
    const d = new Deferred<number>()
    const first = d.asPromise()
    d.addCallback((x) => x + 1)
    const second = d.asPromise()
    d.callback(1)
    expect([await first, await second, d.result]).toEqual([1, 2, 2])
  })

  it('then, catch and finally are those of native promises', async () => {
    const order: string[] = []
    const d = succeed(1)
    const then = d.then((x) => (order.push('then'), x + 1))
    expect(order).toEqual([])
    expect(then).toBeInstanceOf(Promise)
    expect(await then).toBe(2)
    expect(await fail(boom).catch((error) => error)).toBe(boom)
    expect(await fail(boom).then(undefined, (error) => error)).toBe(boom)
    expect(await succeed(3).finally(() => void order.push('finally'))).toBe(3)
    await expect(fail(boom).finally(() => void order.push('finally'))).rejects.toBe(boom)
    expect(order).toEqual(['then', 'finally', 'finally'])
  })
})

describe('Deferreds from promises', () => {
  it('D10 a callback may return a native promise: the chain waits', async () => {
    const seen: unknown[] = []
    const d = succeed(1)
      .addCallback(async (x) => x + 1)
      .addCallback((x) => void seen.push(x))
    expect(seen).toEqual([])
    await d
    expect(seen).toEqual([2])
  })

  it('one that is rejected takes the errback side', async () => {
    const d = succeed(1).addCallback(() => Promise.reject(boom))
    expect(await d.addErrback((failure) => failure.value)).toBe(boom)
    const text = succeed(1).addCallback(() => Promise.reject('a text'))
    expect(await text.addErrback((failure) => failure.value.cause)).toBe('a text')
  })

  it('cancelling a chain that waits for a promise drops its result', async () => {
    let settle!: (value: number) => void
    const promise = new Promise<number>((resolve) => (settle = resolve))
    const d = succeed(1).addCallback(() => promise)
    d.cancel()
    expect(failureOf(d).value).toBeInstanceOf(CancelledError)
    settle(5)
    await promise
    expect(d.result).toBe(undefined)
  })

  it('fromPromise takes a promise, a Deferred, and thenables that misbehave', async () => {
    expect(await Deferred.fromPromise(Promise.resolve(1))).toBe(1)
    expect(await Deferred.fromPromise(succeed(2))).toBe(2)
    await expect(Deferred.fromPromise(Promise.reject(boom))).rejects.toBe(boom)
    const twice: PromiseLike<number> = {
      then(onFulfilled: any) {
        onFulfilled(Promise.resolve(3))
        onFulfilled(4)
        throw boom
      },
    } as never
    expect(await Deferred.fromPromise(twice)).toBe(3)
  })

  it('one that was fired by hand keeps that result', async () => {
    const d = Deferred.fromPromise(Promise.resolve(1))
    d.callback(2)
    await Promise.resolve()
    expect(d.result).toBe(2)
  })

  it('a thenable whose then cannot be read fails the chain', () => {
    const bad = {
      get then(): never {
        throw boom
      },
    }
    expect(failureOf(succeed(1).addCallback(() => bad as unknown)).value).toBe(boom)
  })

  it('D40 callback(aDeferred) and callback(aPromise) throw TypeError', () => {
    for (const value of [succeed(1), Promise.resolve(1), { then() {} }]) {
      const d = new Deferred<any>()
      expect(() => d.callback(value)).toThrow(TypeError)
      expect(d.called).toBe(false)
      expect(() => succeed(value)).toThrow(TypeError)
      d.callback(1)
      expect(() => d.callback(value)).toThrow(AlreadyCalledError)
    }
  })
})

describe('makers', () => {
  it('D37 maybeDeferred: a Deferred as it is', () => {
    const d = new Deferred<number>()
    expect(maybeDeferred(() => d)).toBe(d)
  })

  it('D37 maybeDeferred: a Failure → failed with that object, a throw → failed', () => {
    const failure = new Failure(boom)
    expect(failureOf(maybeDeferred(() => failure))).toBe(failure)
    const thrown = maybeDeferred(() => {
      throw boom
    })
    expect(failureOf(thrown).value).toBe(boom)
    const rethrown = maybeDeferred(() => {
      throw failure
    })
    expect(failureOf(rethrown)).toBe(failure)
  })

  it('D37 maybeDeferred: a promise → its result, a value → that, with arguments', async () => {
    expect(await maybeDeferred(async () => 'async')).toBe('async')
    await expect(maybeDeferred(async () => Promise.reject(boom))).rejects.toBe(boom)
    expect(resultOf(maybeDeferred((a: number, b: number) => a * b, 3, 4))).toBe(12)
    expect(resultOf(maybeDeferred(() => null))).toBe(null)
    const object = { a: 1 }
    expect(resultOf(maybeDeferred(() => object))).toBe(object)
  })

  it('execute does the same', () => {
    expect(resultOf(execute((a: number) => a + 1, 1))).toBe(2)
    const failed = execute(() => {
      throw boom
    })
    expect(failureOf(failed).value).toBe(boom)
  })

  it('D37 ensureDeferred(Deferred) is identity, of a promise its result', async () => {
    const d = new Deferred<number>()
    expect(ensureDeferred(d)).toBe(d)
    expect(await ensureDeferred(Promise.resolve(1))).toBe(1)
    expect(ensureDeferred(Promise.resolve(1))).toBeInstanceOf(Deferred)
  })

  it('D37 ensureDeferred of anything else that is no promise: TypeError', () => {
    for (const value of [1, undefined, null, {}, 'x', () => 1, (function* () {})()]) {
      expect(() => ensureDeferred(value as never)).toThrow(TypeError)
    }
  })

  it('succeed and fail have fired', () => {
    expect(succeed(1).called).toBe(true)
    expect(succeed().result).toBe(undefined)
    const failure = new Failure(boom)
    const failed = fail(failure)
    expect(failed.called).toBe(true)
    expect(() => failed.callback(1 as never)).toThrow(AlreadyCalledError)
    expect(failureOf(failed)).toBe(failure)
    expect(() => fail(succeed(1))).toThrow(TypeError)
  })

  it('a generator function works where a callback is asked for', () => {
    const inner = new Deferred<number>()
    const d = succeed(2).addCallback(
      inlineCallbacks(function* (x: number) {
        return x * ((yield inner) as number)
      }),
    )
    inner.callback(21)
    expect(resultOf(d)).toBe(42)
  })
})
