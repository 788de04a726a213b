/**
 * The types of Deferred: what a chain becomes, checked by the compiler when the tests are type-checked.
 */
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  abortable,
  cancelOnAbort,
  Deferred,
  DeferredList,
  DeferredLock,
  DeferredQueue,
  DeferredSemaphore,
  ensureDeferred,
  execute,
  fail,
  Failure,
  gatherResults,
  inlineCallbacks,
  maybeDeferred,
  race,
  succeed,
  taskGroup,
} from '../../src/defer/index.js'
import type { Outcome } from '../../src/defer/index.js'
import { TimeoutError } from '../../src/errors/index.js'
import { Clock, deferLater } from '../../src/reactor/index.js'

describe('types of chains', () => {
  it('addCallback gives what the callback returns, flattened', () => {
    const d = succeed(1)
    expectTypeOf(d).toEqualTypeOf<Deferred<number>>()
    expectTypeOf(d.addCallback((x) => String(x))).toEqualTypeOf<Deferred<string>>()
    expectTypeOf(succeed(1).addCallback(() => succeed('x'))).toEqualTypeOf<Deferred<string>>()
    expectTypeOf(succeed(1).addCallback(async () => 'x')).toEqualTypeOf<Deferred<string>>()
    expectTypeOf(succeed(1).addCallback(() => {})).toEqualTypeOf<Deferred<void>>()
    const mixed = succeed(1).addCallback((x) => (x > 1 ? new Failure('x') : x > 0 ? succeed('s') : true))
    expectTypeOf(mixed).toEqualTypeOf<Deferred<string | true>>()
    mixed.addErrback(() => {})
    expect(d.called).toBe(true)
  })

  it('callbacks are given the value, and their further arguments', () => {
    const d = new Deferred<number>()
    d.addCallback((x, y, z) => {
      expectTypeOf(x).toEqualTypeOf<number>()
      expectTypeOf(y).toEqualTypeOf<string>()
      expectTypeOf(z).toEqualTypeOf<boolean>()
    }, 'y', true)
    // @ts-expect-error an argument is missing
    new Deferred<number>().addCallback((x: number, y: string) => x + y)
    // @ts-expect-error the callback takes something else
    new Deferred<number>().addCallback((x: string) => x)
    expect(d.called).toBe(false)
  })

  it('addErrback unites, addBoth gives what it returns', () => {
    const d = new Deferred<number>()
    expectTypeOf(d.addErrback((failure) => failure.getErrorMessage())).toEqualTypeOf<Deferred<number | string>>()
    expectTypeOf(d.addErrback((failure) => failure.raiseException())).toEqualTypeOf<Deferred<number>>()
    expectTypeOf(d.addErrback((failure) => failure)).toEqualTypeOf<Deferred<number>>()
    const both = d.addBoth((result) => {
      expectTypeOf(result).toEqualTypeOf<number | Failure>()
      return 'x'
    })
    expectTypeOf(both).toEqualTypeOf<Deferred<string>>()
    expect(both).toBe(d)
  })

  it('addCallbacks unites both sides', () => {
    const d = new Deferred<number>()
    expectTypeOf(d.addCallbacks((x) => x > 1, () => 'x')).toEqualTypeOf<Deferred<boolean | string>>()
    expectTypeOf(d.addCallbacks((x) => x > 1)).toEqualTypeOf<Deferred<boolean>>()
    expectTypeOf(d.addCallbacks(undefined, () => 'x')).toEqualTypeOf<Deferred<number | string>>()
    expectTypeOf(d.chainDeferred(new Deferred<number>())).toEqualTypeOf<Deferred<undefined>>()
    expect(d.called).toBe(false)
  })

  it('firing takes the value or a Failure', () => {
    new Deferred<void>().callback()
    new Deferred<number>().callback(1)
    const failed = new Deferred<number>()
    failed.callback(new Failure('x'))
    failed.addErrback(() => {})
    // @ts-expect-error of another type
    expect(() => new Deferred<number>().callback('x')).not.toThrow()
    // @ts-expect-error a reason is needed
    expect(() => new Deferred<number>().errback()).toThrow(TypeError)
  })

  it('await gives the value', async () => {
    const value = await succeed('x')
    expectTypeOf(value).toEqualTypeOf<string>()
    expectTypeOf(succeed('x').asPromise()).toEqualTypeOf<Promise<string>>()
    expectTypeOf(Deferred.fromPromise(Promise.resolve(1))).toEqualTypeOf<Deferred<number>>()
    expectTypeOf(succeed(1)).toExtend<PromiseLike<number>>()
    expect(value).toBe('x')
  })

  it('makers flatten', () => {
    expectTypeOf(maybeDeferred(() => 1)).toEqualTypeOf<Deferred<number>>()
    expectTypeOf(maybeDeferred(() => succeed(1))).toEqualTypeOf<Deferred<number>>()
    expectTypeOf(maybeDeferred(async (x: string) => x, 'x')).toEqualTypeOf<Deferred<string>>()
    expectTypeOf(execute((x: number) => x, 1)).toEqualTypeOf<Deferred<number>>()
    expectTypeOf(ensureDeferred(Promise.resolve('x'))).toEqualTypeOf<Deferred<string>>()
    const failed = fail('x')
    expectTypeOf(failed).toEqualTypeOf<Deferred<never>>()
    expectTypeOf(failed.addErrback(() => 1)).toEqualTypeOf<Deferred<number>>()
    expectTypeOf(succeed()).toEqualTypeOf<Deferred<void>>()
    expect(failed.result).toBe(1)
  })

  it('lists keep tuples', () => {
    const list = new DeferredList([succeed(1), succeed('x'), Promise.resolve(true)])
    expectTypeOf(list.asPromise()).toEqualTypeOf<Promise<[Outcome<number>, Outcome<string>, Outcome<boolean>]>>()
    const first = new DeferredList([succeed(1), succeed('x')], { fireOnOneCallback: true })
    expectTypeOf(first.asPromise()).toEqualTypeOf<
      Promise<[Outcome<number>, Outcome<string>] | [value: number | string, index: number]>
    >()
    expectTypeOf(gatherResults([succeed(1), succeed('x')])).toEqualTypeOf<Deferred<[number, string]>>()
    const many: Deferred<number>[] = [succeed(1)]
    expectTypeOf(gatherResults(many)).toEqualTypeOf<Deferred<number[]>>()
    expectTypeOf(new DeferredList(many).asPromise()).toEqualTypeOf<Promise<Outcome<number>[]>>()
    expectTypeOf(race([succeed(1), succeed('x')])).toEqualTypeOf<Deferred<[index: number, value: number | string]>>()
    list.addCallback(([[ok, value]]) => {
      expectTypeOf(ok).toEqualTypeOf<boolean>()
      expectTypeOf(value).toEqualTypeOf<number | Failure>()
    })
    expect(first.result).toEqual([1, 0])
  })

  it('generators, locks and queues', () => {
    const fn = inlineCallbacks(function* (x: number, y: string) {
      yield succeed(1)
      return x > 1 ? succeed(y) : true
    })
    expectTypeOf(fn).parameters.toEqualTypeOf<[number, string]>()
    expectTypeOf(fn(1, 'x')).toEqualTypeOf<Deferred<string | true>>()
    const lock = new DeferredLock()
    expectTypeOf(lock.acquire()).toEqualTypeOf<Deferred<DeferredLock>>()
    expectTypeOf(lock.run((x: number) => succeed(String(x)), 1)).toEqualTypeOf<Deferred<string>>()
    expectTypeOf(new DeferredSemaphore(1).acquire()).toEqualTypeOf<Deferred<DeferredSemaphore>>()
    expectTypeOf(new DeferredQueue<number>().get()).toEqualTypeOf<Deferred<number>>()
    expect(lock.locked).toBe(true)
  })

  it('groups, signals and delayed calls flatten, too', () => {
    const clock = new Clock()
    const group = taskGroup((members) => {
      expectTypeOf(members.start((x: string) => succeed(x), 'x')).toEqualTypeOf<Deferred<string>>()
      return [1]
    })
    expectTypeOf(group).toEqualTypeOf<Deferred<number[]>>()
    expectTypeOf(abortable(async (signal) => signal.aborted)).toEqualTypeOf<Deferred<boolean>>()
    expectTypeOf(cancelOnAbort(undefined, succeed(1))).toEqualTypeOf<Deferred<number>>()
    const later = deferLater(clock, 1, (x: number) => (x > 1 ? new Failure('x') : succeed('s')), 1)
    expectTypeOf(later).toEqualTypeOf<Deferred<string>>()
    clock.advance(1)
    expect([group.result, later.result]).toEqual([[1], 's'])
  })

  it('check and trap give one of the kinds asked for', () => {
    const failure = new Failure(new TimeoutError())
    expectTypeOf(failure.check(TypeError, 'X')).toEqualTypeOf<TypeErrorConstructor | 'X' | null>()
    expectTypeOf(failure.trap(TimeoutError)).toEqualTypeOf<typeof TimeoutError>()
    expect(failure.trap(TimeoutError)).toBe(TimeoutError)
  })
})
