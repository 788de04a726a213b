import { describe, expect, it } from 'vitest'
import { CancelledError, FailureGroup, FirstError } from '../../../src/errors/index.js'
import { Deferred, DeferredList, fail, Failure, gatherResults, race, succeed } from '../../../src/defer/index.js'
import { failureOf, logged, resultOf } from './helpers.js'

const boom = new Error('boom')

function three(): [Deferred<string>, Deferred<string>, Deferred<string>] {
  return [new Deferred<string>(), new Deferred<string>(), new Deferred<string>()]
}

describe('DeferredList', () => {
  it('D31 [ok, value] in input order, whatever the order of firing', () => {
    const [a, b, c] = three()
    const list = new DeferredList([a, b, c])
    const failure = new Failure(boom)
    c.callback('c')
    b.errback(failure)
    expect(list.called).toBe(false)
    a.callback('a')
    expect(resultOf(list)).toEqual([
      [true, 'a'],
      [false, failure],
      [true, 'c'],
    ])
    failureOf(b)
  })

  it('D31 is a Deferred, and takes what has fired', () => {
    const list = new DeferredList([succeed(1), succeed('two')])
    expect(list).toBeInstanceOf(Deferred)
    expect(resultOf(list)).toEqual([
      [true, 1],
      [true, 'two'],
    ])
  })

  it('D31 Failures stay on the children unless consumeErrors', () => {
    const [a, b] = three()
    const list = new DeferredList([a, b])
    const failure = new Failure(boom)
    a.errback(failure)
    b.callback('b')
    expect(a.result).toBe(failure)
    expect(b.result).toBe('b')
    failureOf(a)
    resultOf(list)

    const [c, d] = three()
    const consuming = new DeferredList([c, d], { consumeErrors: true })
    c.errback(failure)
    d.callback('d')
    expect(c.result).toBe(undefined)
    expect(d.result).toBe('d')
    expect(resultOf(consuming)).toEqual([
      [false, failure],
      [true, 'd'],
    ])
  })

  it('D31 [] fires with [], also under fireOnOneCallback', () => {
    expect(resultOf(new DeferredList([]))).toEqual([])
    expect(resultOf(new DeferredList([], { fireOnOneCallback: true }))).toEqual([])
    expect(resultOf(new DeferredList([], { fireOnOneErrback: true }))).toEqual([])
  })

  it('D32 fireOnOneCallback → [value, index]', () => {
    const [a, b, c] = three()
    const list = new DeferredList([a, b, c], { fireOnOneCallback: true, consumeErrors: true })
    a.errback(boom)
    expect(list.called).toBe(false)
    c.callback('c')
    expect(resultOf(list)).toEqual(['c', 2])
    b.callback('b')
    expect(b.result).toBe('b')
  })

  it('D32 fireOnOneCallback: the ordinary list when all fail', () => {
    const [a, b] = three()
    const list = new DeferredList([a, b], { fireOnOneCallback: true, consumeErrors: true })
    const failure = new Failure(boom)
    b.errback(failure)
    a.errback(failure)
    expect(resultOf(list)).toEqual([
      [false, failure],
      [false, failure],
    ])
  })

  it('D32 fireOnOneErrback → FirstError with index and subFailure', () => {
    const [a, b, c] = three()
    const list = new DeferredList([a, b, c], { fireOnOneErrback: true, consumeErrors: true })
    const failure = new Failure(boom)
    a.callback('a')
    b.errback(failure)
    const first = failureOf(list).value as FirstError
    expect(first).toBeInstanceOf(FirstError)
    expect(first.index).toBe(1)
    expect(first.subFailure).toBe(failure)
    expect(first.cause).toBe(boom)
    expect(first.message).toContain('boom')
    c.errback(new Error('second'))
    expect(c.result).toBe(undefined)
  })

  it('D32 fireOnOneErrback: the ordinary list when none fails', () => {
    const list = new DeferredList([succeed(1), succeed(2)], { fireOnOneErrback: true })
    expect(resultOf(list)).toEqual([
      [true, 1],
      [true, 2],
    ])
  })

  it('D33 cancelling it cancels every child, even when a canceller throws (logged)', async () => {
    const calls: string[] = []
    const a = new Deferred<string>(() => calls.push('a'))
    const b = new Deferred<string>(() => {
      calls.push('b')
      throw boom
    })
    const c = new Deferred<string>(() => calls.push('c'))
    const list = new DeferredList([a, b, c], { consumeErrors: true })
    const events = await logged(() => list.cancel())
    expect(calls).toEqual(['a', 'b', 'c'])
    expect(events.map((event) => [event.level, event.failure?.value])).toEqual([['critical', boom]])
    // b did not let itself be cancelled, so the list could not have its three results: it was cancelled itself.
    expect(failureOf(list).value).toBeInstanceOf(CancelledError)
    b.callback('late')
    expect(b.result).toBe('late')
  })

  it('D33 the children that could be cancelled make the ordinary list', () => {
    const [a, b] = three()
    const list = new DeferredList([a, b], { consumeErrors: true })
    list.cancel()
    const outcomes = resultOf(list) as [boolean, Failure][]
    expect(outcomes.map(([ok, failure]) => [ok, failure.value.name])).toEqual([
      [false, 'CancelledError'],
      [false, 'CancelledError'],
    ])
  })

  it('D33 changing the source array later changes nothing', () => {
    const [a, b, c] = three()
    const source = [a, b]
    const list = new DeferredList(source)
    source.push(c)
    source[0] = c
    a.callback('a')
    b.callback('b')
    expect(resultOf(list)).toEqual([
      [true, 'a'],
      [true, 'b'],
    ])
  })

  it('takes promises, and refuses anything else', async () => {
    expect(await new DeferredList([Promise.resolve(1), succeed(2)])).toEqual([
      [true, 1],
      [true, 2],
    ])
    expect(() => new DeferredList([succeed(1), 5])).toThrow(/index 1/)
  })

  it('callbacks of the list run before the child goes on', () => {
    const order: string[] = []
    const a = new Deferred<string>()
    new DeferredList([a]).addCallback(() => order.push('list'))
    a.addCallback((x) => order.push(`child ${x}`))
    a.callback('v')
    expect(order).toEqual(['list', 'child v'])
  })
})

describe('gatherResults', () => {
  it('D34 values', () => {
    const [a, b] = three()
    const all = gatherResults([a, b, succeed(3)])
    b.callback('b')
    a.callback('a')
    expect(resultOf(all)).toEqual(['a', 'b', 3])
    expect(resultOf(gatherResults([]))).toEqual([])
  })

  it('D34 first failure → FirstError', () => {
    const [a, b] = three()
    const all = gatherResults([a, b], { consumeErrors: true })
    b.errback(boom)
    const { index, subFailure } = failureOf(all).value as FirstError
    expect([index, subFailure.value]).toEqual([1, boom])
    a.errback(new Error('second'))
    expect([a.result, b.result]).toEqual([undefined, undefined])
  })

  it('D34 without consumeErrors the child keeps its Failure', () => {
    const a = fail(boom)
    failureOf(gatherResults([a]))
    expect(failureOf(a).value).toBe(boom)
  })

  it('D34 cancel cancels all', () => {
    const calls: number[] = []
    const children = [0, 1, 2].map((i) => new Deferred<number>(() => calls.push(i)))
    const all = gatherResults(children, { consumeErrors: true })
    all.cancel()
    expect(calls).toEqual([0, 1, 2])
    const first = failureOf(all).value as FirstError
    expect(first).toBeInstanceOf(FirstError)
    expect(first.subFailure.value).toBeInstanceOf(CancelledError)
  })
})

describe('race', () => {
  it('D35 first success → [index, value], each other cancelled exactly once', () => {
    const cancelled: number[] = []
    const children = [0, 1, 2].map((i) => new Deferred<string>(() => cancelled.push(i)))
    const first = race(children)
    children[1].callback('won')
    expect(resultOf(first)).toEqual([1, 'won'])
    expect(cancelled).toEqual([0, 2])
    expect(children.map((child) => child.result)).toEqual([undefined, undefined, undefined])
  })

  it('D35 a failure does not end it', () => {
    const [a, b] = three()
    const first = race([a, b])
    a.errback(boom)
    expect(first.called).toBe(false)
    expect(a.result).toBe(undefined)
    b.callback('b')
    expect(resultOf(first)).toEqual([1, 'b'])
  })

  it('D35 one that had fired wins at once, and the others are cancelled once', () => {
    const cancelled: string[] = []
    const before = new Deferred<string>(() => cancelled.push('before'))
    const after = new Deferred<string>(() => cancelled.push('after'))
    expect(resultOf(race([before, succeed('now'), after, succeed('too late')]))).toEqual([1, 'now'])
    expect(cancelled).toEqual(['before', 'after'])
    expect(after.result).toBe(undefined)
  })

  it('D35 a loser that ignores its cancellation, or succeeds by it, changes nothing', () => {
    const stubborn = new Deferred<string>((self) => self.callback('me too'))
    const winner = new Deferred<string>()
    const first = race([stubborn, winner])
    winner.callback('won')
    expect(resultOf(first)).toEqual([1, 'won'])
    expect(stubborn.result).toBe(undefined)
  })

  it('D35 all fail → FailureGroup in input order', () => {
    const [a, b, c] = three()
    const first = race([a, b, c])
    c.errback(new Error('c'))
    a.errback(new Error('a'))
    b.errback(new Error('b'))
    const group = failureOf(first).value as FailureGroup
    expect(group).toBeInstanceOf(FailureGroup)
    expect(group.failures.map((failure) => failure.getErrorMessage())).toEqual(['a', 'b', 'c'])
  })

  it('D35 race([]) fails at once with an empty FailureGroup', () => {
    const group = failureOf(race([])).value as FailureGroup
    expect(group).toBeInstanceOf(FailureGroup)
    expect(group.failures).toEqual([])
  })

  it('D35 cancelling it cancels every one', async () => {
    const cancelled: number[] = []
    const children = [0, 1, 2].map(
      (i) =>
        new Deferred<string>(() => {
          cancelled.push(i)
          if (i === 1) throw boom
        }),
    )
    const first = race(children)
    const events = await logged(() => first.cancel())
    expect(cancelled).toEqual([0, 1, 2])
    expect(events.map((event) => event.failure?.value)).toEqual([boom])
    expect(failureOf(first).value).toBeInstanceOf(CancelledError)

    const all = race(three())
    all.cancel()
    const group = failureOf(all).value as FailureGroup
    expect(group.failures.map((failure) => failure.value.name)).toEqual(Array(3).fill('CancelledError'))
  })

  it('D35 a canceller of a loser that throws is logged, and the winner still wins', async () => {
    const loser = new Deferred<string>(() => {
      throw boom
    })
    const winner = new Deferred<string>()
    const first = race([loser, winner])
    const events = await logged(() => winner.callback('won'))
    expect(events.map((event) => event.failure?.value)).toEqual([boom])
    expect(resultOf(first)).toEqual([1, 'won'])
    loser.callback('late')
    expect(loser.result).toBe(undefined)
  })
})
