import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FAULT_KINDS, faultText, keepFaults, planFaults } from '../../../src/testing/simulate/fault.js'
import type { Fault, FaultKind } from '../../../src/testing/simulate/fault.js'
import { scheduleFaults } from '../../../src/testing/simulate/strike.js'
import type { FaultField } from '../../../src/testing/simulate/strike.js'
import { fakeRandom } from './fakes.js'

const UNTIL = 60_000

describe('planFaults', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planFaults(fakeRandom(1), UNTIL)).toEqual(planFaults(fakeRandom(1), UNTIL))
    expect(planFaults(fakeRandom(1), UNTIL)).not.toEqual(planFaults(fakeRandom(2), UNTIL))
  })

  // Whatever the options: in order, in time, healed before the quiet end, of the kinds that may be, in whole µs.
  it('keeps its promises', () => {
    fc.assert(fc.property(
      fc.record({
        seed: fc.nat(), until: fc.integer({ min: 1, max: 10_000_000 }), every: fc.integer({ min: 1, max: 100_000 }),
        shortest: fc.integer({ min: 1, max: 100 }), longer: fc.nat(100_000), from: fc.nat(10_000),
        quiet: fc.nat(100_000), most: fc.nat(40), kinds: fc.subarray([...FAULT_KINDS], { minLength: 1 }),
      }),
      ({ seed, until, every, shortest, longer, from, quiet, most, kinds }) => {
        const plan = planFaults(fakeRandom(seed), until,
          { every, duration: [shortest, shortest + longer], from, quiet, most, kinds })
        expect(plan.length).toBeLessThanOrEqual(most)
        for (const [index, fault] of plan.entries()) {
          expect(fault.index).toBe(index)
          expect(fault.at).toBeGreaterThanOrEqual(index === 0 ? from : plan[index - 1]!.at)
          expect(fault.at + fault.for).toBeLessThanOrEqual(until - quiet + 0.001)
          expect(kinds).toContain(fault.kind)
          expect(Math.abs(fault.at * 1_000 - Math.round(fault.at * 1_000))).toBeLessThan(1e-4)
        }
      }), { numRuns: 300 })
  })

  it('has about as many as was said, of every kind', () => {
    const plans = Array.from({ length: 200 }, (_, seed) => planFaults(fakeRandom(seed), UNTIL, { every: 1_000 }))
    const all = plans.flat()
    expect(all.length / plans.length).toBeGreaterThan(30)
    expect(all.length / plans.length).toBeLessThan(50)
    for (const kind of FAULT_KINDS) expect(all.some((fault) => fault.kind === kind)).toBe(true)
  })

  it('follows the weights of kinds', () => {
    const plans = Array.from({ length: 100 }, (_, seed) =>
      planFaults(fakeRandom(seed), UNTIL, { every: 1_000, kinds: { reset: 1, crash: 9, skew: 0 } })).flat()
    const crashes = plans.filter((fault) => fault.kind === 'crash').length / plans.length
    expect(crashes).toBeGreaterThan(0.85)
    expect(crashes).toBeLessThan(0.95)
    expect(plans.some((fault) => fault.kind === 'skew')).toBe(false)
  })

  it('begins as a longer plan does', () => {
    const long = planFaults(fakeRandom(7), 100_000, { quiet: 0, every: 1_000 })
    const short = planFaults(fakeRandom(7), 20_000, { quiet: 0, every: 1_000 })
    expect(short.length).toBeGreaterThan(2)
    expect(long.slice(0, short.length).map(({ at, kind }) => ({ at, kind })))
      .toEqual(short.map(({ at, kind }) => ({ at, kind })))
  })

  it.each([
    ['an endless run', Infinity, {}], ['no time', 0, {}], ['every 0', 1, { every: 0 }],
    ['durations the wrong way round', 1, { duration: [5, 1] as const }], ['quiet below 0', 1, { quiet: -1 }],
    ['a kind that is none', 1, { kinds: ['flood' as FaultKind] }], ['no kind', 1, { kinds: [] }],
  ])('refuses %s', (_what, until, options) => {
    expect(() => planFaults(fakeRandom(1), until, options)).toThrow(RangeError)
  })

  it('keepFaults keeps by index', () => {
    const plan = planFaults(fakeRandom(3), UNTIL)
    expect(plan.length).toBeGreaterThan(2)
    expect(keepFaults(plan, undefined)).toBe(plan)
    expect(keepFaults(plan, [2, 0]).map((fault) => fault.index)).toEqual([0, 2])
    expect(keepFaults(plan, [])).toEqual([])
    expect(() => keepFaults(plan, [99])).toThrow('no fault 99')
  })

  it('faultText says what and when', () => {
    expect(faultText({ index: 3, at: 812.5, kind: 'crash', for: 301 })).toBe('3: crash at 812.5 ms for 301 ms')
    expect(faultText({ index: 0, at: 1, kind: 'reset', for: 301 })).toBe('0: reset at 1 ms')
  })
})

/** Follows what is done to a network, and keeps the time. */
function field(names: string[]) {
  const calls: string[] = []
  const notes: string[] = []
  const due: { at: number, fn: () => void }[] = []
  const cut = new Set<string>()
  const held = new Set<string>()
  const down = new Set<string>()
  const skewed = new Map<string, [number, number]>()
  const shapes = new Map<string, object>()
  const closed = new Set<string>()
  const base = { latency: 1, loss: 0, reorder: 0, duplicate: 0, bandwidth: Infinity }
  const pair = (a: string, b: string): string => [a, b].sort().join()
  const put = (set: Set<string>, key: string, on: boolean): void => void (on ? set.add(key) : set.delete(key))
  const made: FaultField = {
    random: fakeRandom('world'), names,
    at: (at, fn) => void due.push({ at, fn }),
    note: (text) => void notes.push(text),
    isUp: (name) => !down.has(name),
    skew: (name, offset, drift) => {
      const [was, fast] = skewed.get(name) ?? [0, 0]
      skewed.set(name, [was + offset, fast + drift])
    },
    network: {
      partition: (a, b, { oneWay = false } = {}) => {
        calls.push(`partition ${a} ${b}`)
        cut.add(`${a},${b}`)
        if (!oneWay) cut.add(`${b},${a}`)
      },
      heal: (a, b) => {
        cut.delete(`${a},${b}`)
        cut.delete(`${b},${a}`)
      },
      crash: (name) => void down.add(name),
      restart: (name) => void down.delete(name),
      reset: (a, b) => void calls.push(`reset ${a} ${b}`),
      hold: (a, b) => void held.add(pair(a, b)),
      release: (a, b) => void held.delete(pair(a, b)),
      refuse: (name, _port, on) => put(closed, `refuse ${name}`, on),
      blackHole: (name, _port, on) => put(closed, `black ${name}`, on),
      shapeOf: (a, b) => shapes.get(`${a},${b}`) ?? base,
      linkOneWay: (a, b, options) => void shapes.set(`${a},${b}`, { ...shapes.get(`${a},${b}`) ?? base, ...options }),
    },
  }
  const run = (until = Infinity): void => {
    for (;;) {
      due.sort((a, b) => a.at - b.at)
      if (due.length === 0 || due[0]!.at > until) return
      due.shift()!.fn()
    }
  }
  const isWhole = (): boolean => cut.size + held.size + down.size + closed.size === 0 &&
    [...skewed.values()].every(([offset, drift]) => offset === 0 && drift === 0) &&
    [...shapes.values()].every((shape) => JSON.stringify(shape) === JSON.stringify(base))
  return { field: made, calls, notes, cut, held, down, skewed, shapes, run, isWhole }
}

const fault = (index: number, kind: FaultKind, at: number, lasts: number, hosts?: string[]): Fault =>
  ({ index, kind, at, for: lasts, ...(hosts === undefined ? {} : { hosts }) })

describe('scheduleFaults', () => {
  // Any plan, with any overlaps.
  it('leaves everything as it was', () => {
    for (let seed = 0; seed < 100; seed++) {
      const { field: made, run, isWhole, notes } = field(['a', 'b', 'c', 'd'])
      scheduleFaults(planFaults(fakeRandom(seed), UNTIL, { every: 500, duration: [10, 20_000] }), made)
      run()
      expect(isWhole()).toBe(true)
      expect(notes.length).toBeGreaterThan(20)
    }
  })

  it.each(FAULT_KINDS)('%s does something to the host that was named', (kind) => {
    const { field: made, run, isWhole, calls, notes } = field(['a', 'b', 'c'])
    scheduleFaults([fault(0, kind, 10, 5, ['b'])], made)
    run(12)
    expect(notes).toHaveLength(1)
    expect(notes[0]).toMatch(new RegExp(`^${kind} 0: .*\\bb\\b`))
    expect(isWhole() && calls.length === 0).toBe(false)
    run()
    expect(isWhole()).toBe(true)
  })

  it('strikes the same hosts whether or not others happen', () => {
    const plan = planFaults(fakeRandom(5), UNTIL, { every: 1_000 })
    const all = field(['a', 'b', 'c', 'd', 'e'])
    scheduleFaults(plan, all.field)
    all.run()
    for (const one of plan) {
      const alone = field(['a', 'b', 'c', 'd', 'e'])
      scheduleFaults([one], alone.field)
      alone.run()
      expect(all.notes).toContain(alone.notes[0])
    }
  })

  it('what two have cut is whole when both are over', () => {
    const { field: made, run, cut, isWhole } = field(['a', 'b'])
    scheduleFaults([fault(0, 'partition', 10, 100), fault(1, 'partition', 50, 10), fault(2, 'one-way', 55, 100)], made)
    run(58)
    expect(cut.size).toBe(2)
    run(70)
    expect(cut.size).toBe(2)
    run(112)
    expect(cut.size).toBe(1)
    run()
    expect(isWhole()).toBe(true)
  })

  it('a link that two have made worse is as bad as the other says when one is over', () => {
    const { field: made, run, shapes, isWhole } = field(['a', 'b'])
    scheduleFaults([fault(0, 'slow', 10, 100), fault(1, 'narrow', 50, 100)], made)
    run(120)
    expect(shapes.get('a,b')).toMatchObject({ latency: 1, bandwidth: expect.any(Number) as number })
    expect(shapes.get('b,a')).not.toMatchObject({ bandwidth: Infinity })
    run()
    expect(isWhole()).toBe(true)
  })

  it('leaves a host down that was down before, and up that a scenario has started', () => {
    const { field: made, run, down } = field(['a'])
    scheduleFaults([fault(0, 'crash', 10, 10)], made)
    run(15)
    expect([...down]).toEqual(['a'])
    down.delete('a')
    run()
    expect([...down]).toEqual([])
  })

  it('does without hosts', () => {
    const { field: made, run, notes, isWhole } = field([])
    scheduleFaults(FAULT_KINDS.map((kind, index) => fault(index, kind, index + 1, 5)), made)
    run()
    expect(isWhole()).toBe(true)
    expect(notes).toHaveLength(FAULT_KINDS.length)
    expect(notes.every((note) => note.endsWith('nobody to strike'))).toBe(true)
  })
})
