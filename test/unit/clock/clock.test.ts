import { describe, expect, it } from 'vitest'
import { AlreadyCalled, AlreadyCancelled } from '../../../src/errors/index.js'
import type { IDelayedCall } from '../../../src/interfaces/index.js'
import { Clock, deferLater } from '../../../src/reactor/index.js'

describe('Clock', () => {
  it('T01 advance sets now first; due calls run in time order, ties in insertion order, late zero delays last', () => {
    const clock = new Clock()
    const ran: unknown[] = []
    const note = (name: string) => () => ran.push([name, clock.now()])
    clock.callLater(3, note('c'))
    clock.callLater(1, () => {
      ran.push(['a', clock.now()])
      clock.callLater(0, note('late'))
    })
    clock.callLater(3, note('d'))
    clock.callLater(2, note('b'))
    clock.callLater(5, note('e'))
    clock.callLater(5.5, note('never'))
    clock.advance(5)
    expect(ran).toEqual([['a', 5], ['b', 5], ['c', 5], ['d', 5], ['e', 5], ['late', 5]])
    expect(clock.getDelayedCalls()).toHaveLength(1)
  })

  it('T02 what is due exactly now runs, and a zero delay needs an advance', () => {
    const clock = new Clock()
    const ran: string[] = []
    clock.callLater(0, () => ran.push('zero'))
    clock.callLater(5, () => ran.push('five'))
    expect(ran).toEqual([])
    clock.advance(0)
    expect(ran).toEqual(['zero'])
    clock.advance(4.999)
    expect(ran).toEqual(['zero'])
    clock.advance(0.001)
    expect(ran).toEqual(['zero', 'five'])
  })

  it('T03 a cancelled call says AlreadyCancelled; one that ran, or runs, says AlreadyCalled', () => {
    const clock = new Clock()
    const cancelled = clock.callLater(1, () => undefined)
    cancelled.cancel()
    for (const act of [() => cancelled.cancel(), () => cancelled.reset(1), () => cancelled.delay(1)]) {
      expect(act).toThrow(AlreadyCancelled)
    }
    const inside: unknown[] = []
    const call: IDelayedCall = clock.callLater(1, () => {
      inside.push(call.active(), clock.getDelayedCalls().length)
      for (const act of [() => call.cancel(), () => call.reset(1), () => call.delay(1)]) {
        try {
          act()
        } catch (error) {
          inside.push(error instanceof AlreadyCalled)
        }
      }
    })
    expect(call.active()).toBe(true)
    clock.advance(1)
    expect(inside).toEqual([false, 0, true, true, true])
    expect(() => call.cancel()).toThrow(AlreadyCalled)
  })

  it('T04 reset counts from now, delay from the due time, and may go back', () => {
    const clock = new Clock()
    const ran: string[] = []
    const a = clock.callLater(10, () => ran.push('a'))
    const b = clock.callLater(10, () => ran.push('b'))
    clock.advance(4)
    a.reset(3)
    b.delay(3)
    expect([a.getTime(), b.getTime()]).toEqual([7, 13])
    b.delay(-8)
    expect(b.getTime()).toBe(5)
    clock.advance(1)
    expect(ran).toEqual(['b'])
    clock.advance(2)
    expect(ran).toEqual(['b', 'a'])
  })

  it('T04 a call that was moved to the time of others comes after them', () => {
    const clock = new Clock()
    const ran: string[] = []
    const a = clock.callLater(1, () => ran.push('a'))
    clock.callLater(2, () => ran.push('b'))
    a.reset(2)
    clock.advance(2)
    expect(ran).toEqual(['b', 'a'])
  })

  it('T05 delays that are negative or no number throw RangeError', () => {
    const clock = new Clock()
    for (const bad of [-1, NaN, Infinity, -Infinity, undefined as unknown as number]) {
      expect(() => clock.callLater(bad, () => undefined)).toThrow(RangeError)
      expect(() => clock.advance(bad)).toThrow(RangeError)
    }
    const call = clock.callLater(1, () => undefined)
    expect(() => call.reset(-1)).toThrow(RangeError)
    expect(() => call.delay(NaN)).toThrow(RangeError)
    expect(() => clock.callLater(1, 'x' as never)).toThrow(TypeError)
    expect(call.getTime()).toBe(1)
  })

  it('T06 an error leaves advance, and what was still due runs at the next one', () => {
    const clock = new Clock()
    const ran: string[] = []
    clock.callLater(1, () => ran.push('a'))
    clock.callLater(1, () => {
      throw new Error('boom')
    })
    clock.callLater(1, () => ran.push('c'))
    expect(() => clock.advance(1)).toThrow('boom')
    expect(ran).toEqual(['a'])
    expect(clock.now()).toBe(1)
    clock.advance(0)
    expect(ran).toEqual(['a', 'c'])
  })

  it('passes arguments, and pumps step by step', () => {
    const clock = new Clock()
    const seen: unknown[] = []
    clock.callLater(2, (x: number, y: string) => seen.push([x, y, clock.now()]), 1, 'y')
    clock.pump([1, 1, 1])
    expect(seen).toEqual([[1, 'y', 2]])
    expect(clock.now()).toBe(3)
  })

  it('keeps thousands of calls in order through cancels and moves', () => {
    const clock = new Clock()
    // A fixed linear congruence: the same case every time.
    let state = 1
    const random = (): number => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648
    const ran: number[] = []
    const calls = Array.from({ length: 5000 }, () => clock.callLater(random() * 1000, () => ran.push(clock.now())))
    const expected: number[] = []
    calls.forEach((call, i) => {
      if (i % 3 === 0) call.cancel()
      else if (i % 3 === 1) call.reset(random() * 1000)
      if (call.active()) expected.push(call.getTime())
    })
    expect(clock.getDelayedCalls()).toHaveLength(expected.length)
    const dueAtRun: number[] = []
    for (let t = 0; t < 1000; t += 10) {
      const before = ran.length
      clock.advance(10)
      dueAtRun.push(ran.length - before)
    }
    expect(ran).toHaveLength(expected.length)
    expected.sort((a, b) => a - b)
    const buckets = Array.from({ length: 100 }, (_, i) => expected.filter((x) => x > i * 10 && x <= i * 10 + 10).length)
    expect(dueAtRun).toEqual(buckets)
  })

  it('T15 deferLater fires with the result, and cancelling it removes the call', () => {
    const clock = new Clock()
    const results: unknown[] = []
    deferLater(clock, 5, (a: number, b: number) => a + b, 1, 2).addCallback((value) => results.push(value))
    const cancelled = deferLater(clock, 5)
    cancelled.addErrback((failure) => results.push((failure as { value: Error }).value.name))
    cancelled.cancel()
    expect(clock.getDelayedCalls()).toHaveLength(1)
    clock.advance(5)
    expect(results).toEqual(['CancelledError', 3])
  })
})
