/**
 * D30: no depth of chaining uses stack. Each case is far deeper than a stack of native calls can be.
 */
import { describe, expect, it } from 'vitest'
import { CancelledError } from '../../../src/errors/index.js'
import {
  Deferred,
  DeferredList,
  DeferredLock,
  fail,
  Failure,
  gatherResults,
  inlineCallbacks,
  race,
  succeed,
} from '../../../src/defer/index.js'
import { failureOf, resultOf } from './helpers.js'

const DEPTH = 20_000

/** Deferreds each of which returns the next from a callback; the last has a plain value. */
function ladder(depth: number): Deferred<any>[] {
  const all = Array.from({ length: depth }, () => new Deferred<any>())
  for (let i = 0; i + 1 < depth; i++) all[i].addCallback(() => all[i + 1])
  return all
}

describe('deep chains', () => {
  it('D30 10,000 Deferreds each returned from the one before, fired first to last', () => {
    const all = ladder(10_000)
    for (const d of all) d.callback('end')
    expect(resultOf(all[0])).toBe('end')
  })

  it('D30 10,000 Deferreds each returned from the one before, fired last to first', () => {
    const all = ladder(10_000)
    for (const d of all.toReversed()) d.callback('end')
    expect(resultOf(all[0])).toBe('end')
  })

  it('D30 the same with a failure, which reaches the first', () => {
    const failure = new Failure(new Error('deep'))
    for (const order of ['forward', 'backward']) {
      const all = ladder(10_000)
      for (const d of order === 'forward' ? all : all.toReversed()) d.callback(failure)
      expect(failureOf(all[0])).toBe(failure)
    }
  })

  it('D30 100,000 callbacks each returning succeed(x + 1)', () => {
    const d = new Deferred<number>()
    for (let i = 0; i < 100_000; i++) d.addCallback((x) => succeed(x + 1))
    d.callback(0)
    expect(d.result).toBe(100_000)
  })

  it('D30 100,000 callbacks each returning an unfired Deferred, fired one by one', () => {
    const d = new Deferred<number>()
    const inners: Deferred<number>[] = []
    for (let i = 0; i < 100_000; i++) {
      d.addCallback((x) => {
        const inner = new Deferred<number>().addCallback((y) => x + y)
        inners.push(inner)
        return inner
      })
    }
    d.callback(0)
    for (let i = 0; i < 100_000; i++) inners[i].callback(1)
    expect(d.result).toBe(100_000)
  })

  it('D30 cancelling a 20,000-deep chain', () => {
    const all = ladder(DEPTH)
    for (const d of all.slice(0, -1)) d.callback(0)
    all[0].cancel()
    expect(failureOf(all[0]).value).toBeInstanceOf(CancelledError)
  })

  it('D30 20,000 × chainDeferred, with a value and with a failure', () => {
    for (const result of ['v', new Failure(new Error('deep'))]) {
      const all = Array.from({ length: DEPTH }, () => new Deferred<any>())
      for (let i = 0; i + 1 < DEPTH; i++) all[i].chainDeferred(all[i + 1])
      const last = all[DEPTH - 1]
      const seen: unknown[] = []
      last.addBoth((got) => void seen.push(got))
      all[0].callback(result)
      expect(seen).toEqual([result])
    }
  })

  it('D30 20,000 generators that wait for each other, fired', () => {
    const waitFor = inlineCallbacks(function* (d: Deferred<number>) {
      const x: number = yield d
      return x + 1
    })
    const source = new Deferred<number>()
    let last = source
    for (let i = 0; i < DEPTH; i++) last = waitFor(last)
    source.callback(0)
    expect(resultOf(last)).toBe(DEPTH)
  })

  it('D30 20,000 generators that wait for each other, failing', () => {
    const waitFor = inlineCallbacks(function* (d: Deferred<number>): Generator<unknown, number, number> {
      return yield d
    })
    const source = new Deferred<number>()
    let last = source
    for (let i = 0; i < DEPTH; i++) last = waitFor(last)
    const failure = new Failure(new Error('deep'))
    source.errback(failure)
    expect(failureOf(last)).toBe(failure)
  })

  it('D30 20,000 generators that wait for each other, cancelled', () => {
    const waitFor = inlineCallbacks(function* (d: Deferred<number>): Generator<unknown, number, number> {
      return yield d
    })
    let cancelled = 0
    let last = new Deferred<number>(() => cancelled++)
    for (let i = 0; i < DEPTH; i++) last = waitFor(last)
    last.cancel()
    expect(cancelled).toBe(1)
    expect(failureOf(last).value).toBeInstanceOf(CancelledError)
  })

  it('D30 generators and chains in turn', () => {
    const waitFor = inlineCallbacks(function* (d: Deferred<number>) {
      return (yield d) as number
    })
    const source = new Deferred<number>()
    let last = source
    for (let i = 0; i < DEPTH; i++) {
      const before = last
      last = i % 2 === 0 ? waitFor(before) : succeed(0).addCallback(() => before)
    }
    source.callback(3)
    expect(resultOf(last)).toBe(3)
  })

  it('D30 20,000 outers of one inner that each return it again', () => {
    const inner = new Deferred<number>()
    let ended = 0
    for (let i = 0; i < DEPTH; i++) {
      succeed(0).addCallback(() => inner).addCallback(() => inner).addCallback(() => void ended++)
    }
    inner.callback(1)
    expect(ended).toBe(DEPTH)
  })

  it('D30 20,000 lists, each of the one before', () => {
    const source = new Deferred<any>()
    let last: Deferred<any> = source
    for (let i = 0; i < DEPTH; i++) last = i % 2 === 0 ? new DeferredList([last]) : gatherResults([last])
    for (let i = 0; i < DEPTH; i++) last = race([last])
    let isDone = false
    last.addCallback(() => void (isDone = true))
    source.callback(1)
    expect(isDone).toBe(true)
  })

  it('D30 20,000 who wait for one lock, and work at once', () => {
    const lock = new DeferredLock()
    const order: number[] = []
    lock.acquire()
    for (let i = 0; i < DEPTH; i++) lock.run(() => order.push(i))
    lock.release()
    expect(order).toEqual(Array.from({ length: DEPTH }, (_, i) => i))
    expect(lock.locked).toBe(false)
  })

  it('D40 String of one that waits at the end of 20,000 shows the first of them, and what all of them wait for', () => {
    const all = ladder(DEPTH)
    for (const d of all.slice(0, -1)) d.callback(0)
    const waiting = '<Deferred waiting on '
    const close = '>'.repeat(8)
    expect(String(all[0])).toBe(`${waiting.repeat(8)}(19991 more, waiting on) <Deferred not fired>${close}`)
    expect(String(all[DEPTH - 3])).toBe(`${waiting}${waiting}<Deferred not fired>>>`)
    all[DEPTH - 2].pause()
    expect(String(all[DEPTH - 3])).toBe(`${waiting}<Deferred paused, waiting on <Deferred not fired>>>`)
    all[DEPTH - 2].unpause()
    all[DEPTH - 1].pause()
    all[DEPTH - 1].callback('end')
    expect(String(all[DEPTH - 2])).toBe('<Deferred waiting on <Deferred paused, current result: "end">>')
    all[DEPTH - 1].unpause()
    expect(resultOf(all[0])).toBe('end')
  })

  it('a value thrown on and on stays the same Failure', () => {
    const failure = new Failure(new Error('one'))
    const d = fail(failure) as Deferred<any>
    for (let i = 0; i < 100; i++) d.addErrback((f) => f.trap(TypeError))
    expect(failureOf(d)).toBe(failure)
  })
})
