import { afterAll, describe, expect, it } from 'vitest'
import { CoreError } from '../../../src/core/index.js'
import type { Timers } from '../../../src/core/index.js'
import { randomFrom } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'
import { runTimersModel } from './support/timers-model.js'

/** The ids that an advance runs. */
function ranAt(timers: Timers, now: number): number[] {
  const ids: number[] = []
  expect(timers.advance(now, (id) => void ids.push(id))).toBe(ids.length)
  return ids
}

describe.each(BUILDS)('timers (%s)', (build) => {
  const core = coreOf(build)

  afterAll(() => expect(core.memoryUsage().timers).toBe(0))

  it('T01, T02 run in deadline order, ties in the order they were scheduled, due when now is the deadline', () => {
    const timers = core.createTimers()
    for (const [deadline, id] of [[20, 1], [10, 2], [20, 3], [10, 4], [5, 5], [21, 6]] as const) {
      timers.schedule(deadline, id)
    }
    expect(ranAt(timers, 4)).toEqual([])
    expect(ranAt(timers, 20)).toEqual([5, 2, 4, 1, 3])
    expect(timers.size).toBe(1)
    expect(ranAt(timers, 21)).toEqual([6])
    timers.free()
  })

  it('are never early: a deadline is rounded up to the tick, and within a tick the exact deadlines order', () => {
    const timers = core.createTimers()
    for (const [deadline, id] of [[1.75, 1], [1.25, 2], [2, 3], [1.5, 4], [1.25, 5], [1.001, 6]] as const) {
      timers.schedule(deadline, id)
    }
    expect(timers.nextDeadline()).toBe(2)
    expect(ranAt(timers, 1.999)).toEqual([])
    expect(ranAt(timers, 2)).toEqual([6, 2, 5, 4, 1, 3])
    timers.free()
  })

  it('T06 what a call schedules waits for the next advance, even when it is due', () => {
    const timers = core.createTimers()
    const ids: number[] = []
    timers.schedule(5, 1)
    timers.schedule(6, 2)
    timers.advance(10, (id) => {
      ids.push(id)
      timers.schedule(3, 10 + id)
      timers.schedule(10, 20 + id)
    })
    expect(ids).toEqual([1, 2])
    expect(timers.nextDeadline()).toBeLessThanOrEqual(10)
    expect(ranAt(timers, 10)).toEqual([11, 12, 21, 22])
    timers.free()
  })

  it('T03 a call may cancel and reschedule others of its own batch; its own handle is stale', () => {
    const timers = core.createTimers()
    const handles = [0, 1, 2, 3, 4].map((id) => timers.schedule(5, id))
    const ids: number[] = []
    timers.advance(5, (id) => {
      ids.push(id)
      if (id !== 0) return
      expect(timers.cancel(handles[0]!)).toBe(false)
      expect(timers.reschedule(handles[0]!, 9)).toBe(false)
      expect(timers.cancel(handles[1]!)).toBe(true)
      expect(timers.cancel(handles[1]!)).toBe(false)
      expect(timers.reschedule(handles[2]!, 1)).toBe(true)
      expect(timers.reschedule(handles[3]!, 7)).toBe(true)
      expect(timers.size).toBe(3)
    })
    expect(ids).toEqual([0, 4])
    expect(ranAt(timers, 5)).toEqual([2])
    expect(timers.cancel(handles[3]!)).toBe(true)
    expect(ranAt(timers, 7)).toEqual([])
    timers.free()
  })

  it('T06 an error leaves advance, and the rest is due at the next one, in order', () => {
    const timers = core.createTimers()
    for (let id = 0; id < 1500; id++) timers.schedule(id % 3, id)
    const expected = [0, 1, 2].flatMap((rest) => Array.from({ length: 500 }, (_, i) => i * 3 + rest))
    const ids: number[] = []
    for (const stop of [0, 1, 600, 1400]) {
      expect(() => timers.advance(2, (id) => {
        ids.push(id)
        if (ids.length > stop) throw new Error('stop')
      })).toThrow('stop')
      expect(timers.size).toBe(1500 - ids.length)
      expect(timers.nextDeadline()).toBe(2)
    }
    timers.schedule(0, 9999)
    ids.push(...ranAt(timers, 2))
    expect(ids).toEqual([...expected, 9999])
    timers.free()
  })

  it('T06 what an error left over may be cancelled, rescheduled, and freed', () => {
    const timers = core.createTimers()
    const handles = [0, 1, 2, 3].map((id) => timers.schedule(5, id))
    expect(() => timers.advance(5, () => {
      throw new Error('stop')
    })).toThrow('stop')
    expect(timers.cancel(handles[0]!)).toBe(false)
    expect(timers.cancel(handles[1]!)).toBe(true)
    expect(timers.reschedule(handles[2]!, 8)).toBe(true)
    expect(ranAt(timers, 5)).toEqual([3])
    expect(ranAt(timers, 8)).toEqual([2])
    const { timers: alive } = core.memoryUsage()
    for (let id = 0; id < 1200; id++) timers.schedule(9, id)
    expect(() => timers.advance(9, (id) => {
      if (id === 700) throw new Error('stop')
    })).toThrow('stop')
    timers.free()
    expect(core.memoryUsage().timers).toBe(alive)
  })

  it('nest no advance, and are not freed from inside one', () => {
    const timers = core.createTimers()
    timers.schedule(1, 1)
    timers.schedule(1, 2)
    const thrown: unknown[] = []
    timers.advance(1, () => {
      for (const call of [() => timers.advance(1, () => {}), () => timers.free()]) {
        try {
          call()
        } catch (error) {
          thrown.push(error)
        }
      }
    })
    expect(thrown).toHaveLength(4)
    expect(thrown.every((error) => error instanceof CoreError)).toBe(true)
    timers.free()
  })

  it('advance of another wheel from inside a call', () => {
    const outer = core.createTimers()
    const inner = core.createTimers({ tick: 0.001 })
    const ids: number[] = []
    for (let id = 0; id < 1000; id++) {
      outer.schedule(id >> 3, id)
      inner.schedule(id / 1000, id)
    }
    outer.advance(1000, (id) => inner.advance(id / 1000, (other) => void ids.push(id, other)))
    expect(ids).toEqual(Array.from({ length: 2000 }, (_, i) => i >> 1))
    outer.free()
    inner.free()
  })

  it('know their own handles only: stale, wrong, and another wheel\'s are refused', () => {
    const timers = core.createTimers()
    const other = core.createTimers()
    const handle = timers.schedule(5, 1)
    expect(handle).toBeGreaterThan(0)
    expect(other.cancel(handle)).toBe(false)
    expect(other.reschedule(handle, 9)).toBe(false)
    for (const wrong of [0, -1, 2 ** 31 - 1, -(2 ** 31), handle + 1, handle + 2 ** 22, NaN]) {
      expect(timers.cancel(wrong)).toBe(false)
    }
    expect(timers.cancel(handle)).toBe(true)
    // A stale handle is told from a live one until its place was used 511 times.
    for (let i = 0; i < 500; i++) {
      const again = timers.schedule(5, i)
      expect(again).not.toBe(handle)
      expect(timers.cancel(handle)).toBe(false)
      expect(timers.cancel(again)).toBe(true)
    }
    timers.free()
    other.free()
  })

  it('take any deadline but NaN and Infinity', () => {
    const timers = core.createTimers()
    const handle = timers.schedule(-5, 1)
    timers.schedule(-0.5, 2)
    timers.schedule(Number.MAX_VALUE, 3)
    timers.schedule(1e14, 4)
    timers.schedule(2 ** 31, 5)
    for (const bad of [NaN, Infinity]) {
      expect(() => timers.schedule(bad, 9)).toThrow(CoreError)
      expect(() => timers.reschedule(handle, bad)).toThrow(CoreError)
      expect(() => timers.advance(bad, () => {})).toThrow(CoreError)
    }
    expect(timers.size).toBe(5)
    expect(ranAt(timers, 0)).toEqual([1, 2])
    expect(timers.nextDeadline()).toBe(2 ** 31)
    expect(ranAt(timers, 2 ** 31)).toEqual([5])
    expect(ranAt(timers, 1e14)).toEqual([4])
    expect(timers.size).toBe(1)
    timers.free()
  })

  it('years in ticks of a microsecond, and from a start that is not 0', () => {
    const year = 365 * 86_400_000
    const timers = core.createTimers({ tick: 0.001, now: 3 * year })
    timers.schedule(4 * year, 1)
    timers.schedule(4 * year + 0.001, 2)
    timers.schedule(3 * year + 0.002, 3)
    expect(timers.nextDeadline()).toBe(3 * year + 0.002)
    expect(ranAt(timers, 3 * year + 0.001)).toEqual([])
    expect(ranAt(timers, 3 * year + 0.002)).toEqual([3])
    expect(timers.nextDeadline()).toBe(4 * year)
    expect(ranAt(timers, 4 * year)).toEqual([1])
    expect(ranAt(timers, 5 * year)).toEqual([2])
    timers.free()
  })

  it('are refused after free, and a tick that is none', () => {
    const timers = core.createTimers()
    const handle = timers.schedule(1, 1)
    timers.free()
    timers.free()
    expect(timers.size).toBe(0)
    expect(() => timers.schedule(1, 1)).toThrow(CoreError)
    expect(() => timers.nextDeadline()).toThrow(CoreError)
    expect(() => timers.advance(5, () => {})).toThrow(CoreError)
    expect(timers.cancel(handle)).toBe(false)
    for (const options of [{ tick: 0 }, { tick: -1 }, { tick: NaN }, { tick: 1e-7 }, { now: -1 }, { now: NaN },
      { now: Infinity }]) {
      expect(() => core.createTimers(options)).toThrow(CoreError)
    }
  })

  it('many that are cancelled and rescheduled keep the core\'s memory small', () => {
    const timers = core.createTimers()
    const handles = Array.from({ length: 1000 }, (_, id) => timers.schedule(1e6 + id, id))
    const { used } = core.memoryUsage()
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 1000; i++) timers.reschedule(handles[i]!, 1e6 + ((i * 7 + round * 131) % 5000))
    }
    expect(core.memoryUsage().used).toBeLessThan(used + 1_500_000)
    for (const handle of handles) expect(timers.cancel(handle)).toBe(true)
    expect(timers.nextDeadline()).toBe(Infinity)
    timers.free()
  })

  it.each([[1, 0], [1, 1_234_567], [1000, 0], [1000, 77_777_777], [4, 3]])(
    'as a sorted array, %i ticks a ms from tick %i', (perMs, start) => {
      for (let seed = 1; seed <= 12; seed++) {
        const timers = core.createTimers({ tick: 1 / perMs, now: start / perMs })
        runTimersModel(timers,
          { perMs, start, random: randomFrom(seed * 7919 + perMs), steps: seed === 1 ? 1500 : 150 })
        expect(timers.size).toBe(0)
        timers.free()
      }
    })
})
