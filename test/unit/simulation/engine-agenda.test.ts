/**
 * The order of events, against a list that is sorted.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCore } from '../../../src/core/index.js'
import { Agenda } from '../../../src/testing/simulation/agenda.js'

const core = createCore()

interface Entry {
  time: number
  order: number
  handle: number
}

describe('Agenda', () => {
  it('fires what a sorted list would, whatever is scheduled and taken back meanwhile', () => {
    const step = fc.record({
      at: fc.oneof(fc.nat(3), fc.nat(2_000), fc.nat(10_000_000)),
      cancel: fc.option(fc.nat(), { freq: 4 }),
      next: fc.nat(2),
    })
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const agenda = new Agenda(core.createTimers({ tick: 1 }))
      const model: Entry[] = []
      const fired: number[] = []
      const handles: number[] = []
      let order = 0
      const fireOne = (): boolean => {
        let event = agenda.next()
        while (event === null) {
          const next = agenda.nextTime()
          if (next === Infinity) return false
          agenda.advance(next)
          event = agenda.next()
        }
        event.fire()
        const expected = [...model].sort((a, b) => a.time - b.time || a.order - b.order)[0]!
        expect([fired.at(-1), agenda.now]).toEqual([expected.order, Math.max(expected.time, agenda.now)])
        model.splice(model.indexOf(expected), 1)
        return true
      }
      for (const { at, cancel, next } of steps) {
        const mine = order++
        const time = agenda.now + at
        const handle = agenda.at(time, { fire: () => void fired.push(mine) })
        handles.push(handle)
        model.push({ time, order: mine, handle })
        if (cancel !== null) {
          const one = handles[cancel % handles.length]!
          const known = model.findIndex((entry) => entry.handle === one)
          expect(agenda.cancel(one)).toBe(known >= 0)
          if (known >= 0) model.splice(known, 1)
        }
        for (let i = 0; i < next; i++) fireOne()
      }
      while (fireOne());
      expect(model).toEqual([])
      expect(agenda.size).toBe(0)
      agenda.free()
    }))
  })

  it('has room for many, and takes what is past for now', () => {
    const agenda = new Agenda(core.createTimers({ tick: 1 }))
    const seen: number[] = []
    const handles = Array.from({ length: 5_000 }, (_, i) => agenda.at(i % 3, { fire: () => void seen.push(i) }))
    expect(agenda.size).toBe(5_000)
    for (const handle of handles.slice(0, 2_500)) expect(agenda.cancel(handle)).toBe(true)
    for (const handle of [0, -1, 0.5, NaN, Infinity, handles[0]!]) expect(agenda.cancel(handle)).toBe(false)
    agenda.advance(1)
    agenda.at(0, { fire: () => void seen.push(-1) })
    for (let event = agenda.next(); event !== null; event = agenda.next()) event.fire()
    expect(seen).toHaveLength(1_668)
    expect(seen.at(-1)).toBe(-1)
    agenda.free()
  })

  it('refuses what is no time, and is as it was', () => {
    const agenda = new Agenda(core.createTimers({ tick: 1 }))
    for (const time of [NaN, Infinity]) expect(() => agenda.at(time, { fire: () => undefined })).toThrow()
    expect(agenda.size).toBe(0)
    agenda.free()
  })
})
