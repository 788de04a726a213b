/**
 * A delay given as text passed the check, was added to the time as text, and left a Clock whose time was text for
 * good. A `delay()` past all numbers threw, but had changed the call's time before.
 */
import { describe, expect, it } from 'vitest'
import type { IReactorTime } from '../../src/interfaces/index.js'
import { Clock } from '../../src/reactor/index.js'
import { fakeReactor } from '../unit/reactor/fake-host.js'

const NO_NUMBERS = ['5', '', null, true, [], [3], new Date(5), {}] as unknown as number[]

describe.each<[string, () => IReactorTime]>([
  ['Clock', () => new Clock()],
  ['reactor', () => fakeReactor().reactor],
])('%s', (_name, make) => {
  it('refuses delays that are no numbers, and is none the worse for it', () => {
    const time = make()
    const start = time.now()
    const call = time.callLater(7, () => undefined)
    for (const bad of NO_NUMBERS) {
      expect(() => time.callLater(bad, () => undefined)).toThrow(RangeError)
      expect(() => call.reset(bad)).toThrow(RangeError)
      expect(() => call.delay(bad)).toThrow(RangeError)
    }
    expect(call.getTime()).toBe(start + 7)
    expect(time.getDelayedCalls()).toEqual([call])
  })

  it('a delay past all numbers is refused, and the call keeps its time', () => {
    const time = make()
    const call = time.callLater(Number.MAX_VALUE, () => undefined)
    const due = call.getTime()
    expect(() => call.delay(Number.MAX_VALUE)).toThrow(RangeError)
    expect(call.getTime()).toBe(due)
    call.cancel()
    expect(time.getDelayedCalls()).toEqual([])
  })
})

it('a Clock is not advanced by what is no number', () => {
  const clock = new Clock()
  for (const bad of NO_NUMBERS) expect(() => clock.advance(bad)).toThrow(RangeError)
  expect(clock.now()).toBe(0)
})
