/**
 * Timers as a sorted array: what a wheel must do, and a run of random operations on both.
 *
 * Deadlines are made of a whole number of ticks and a quarter, so that the reference needs no rounding of its own.
 * Order: what an error left over first; then by deadline; ties as they were scheduled.
 */
import { expect } from 'vitest'
import type { Timers } from '../../../../src/core/index.js'

interface Entry {
  handle: number
  id: number
  /** The deadline in quarters of a tick. */
  quarters: number
  sequence: number
  isLeftOver: boolean
}

export interface ModelOptions {
  /** Ticks in a millisecond. */
  perMs: number
  /** Ticks from which the wheel begins. */
  start: number
  random: () => number
  steps: number
}

const DELAYS = [1, 1, 3, 10, 255, 256, 257, 1000, 65_535, 65_536, 70_000, 3_600_000, 16_777_216, 86_400_000, 2 ** 32,
  31_536_000_000]

/** Runs both side by side; throws at the first difference. */
export function runTimersModel(timers: Timers, options: ModelOptions): void {
  const { perMs, random } = options
  const entries: Entry[] = []
  const dead: number[] = []
  let base = options.start
  let sequence = 0
  let nextId = 1
  let isExact = true
  const whole = (most: number): number => Math.floor(random() * most)
  const pick = (): Entry | undefined => entries[whole(entries.length)]
  const tickOf = (entry: Entry): number => Math.max(0, Math.ceil(entry.quarters / 4))
  const ms = (quarters: number): number => quarters / 4 / perMs

  function someQuarters(): number {
    const kind = random()
    if (kind < 0.1) return Math.max(-8, (base - whole(50)) * 4)
    if (kind < 0.3 && entries.length > 0) return pick()!.quarters + (random() < 0.5 ? 0 : whole(9) - 4)
    const far = DELAYS[whole(DELAYS.length)]!
    return (base + (random() < 0.5 ? far : whole(far))) * 4 + (random() < 0.5 ? 0 : whole(4))
  }

  function schedule(quarters: number): void {
    const id = nextId++
    entries.push({ handle: timers.schedule(ms(quarters), id), id, quarters, sequence: sequence++, isLeftOver: false })
  }

  function remove(entry: Entry): void {
    entries.splice(entries.indexOf(entry), 1)
    dead.push(entry.handle)
  }

  function act(): void {
    const kind = random()
    if (kind < 0.5 || entries.length === 0) {
      schedule(someQuarters())
    } else if (kind < 0.7) {
      const entry = pick()!
      expect(timers.cancel(entry.handle)).toBe(true)
      remove(entry)
      isExact = false
    } else {
      const entry = pick()!
      entry.quarters = someQuarters()
      expect(timers.reschedule(entry.handle, ms(entry.quarters))).toBe(true)
      entry.sequence = sequence++
      entry.isLeftOver = false
      isExact = false
    }
  }

  function advance(tick: number): void {
    // Time that went back makes nothing due but what an error left over.
    const isBack = tick + 1 < base
    base = Math.max(base, tick + 1)
    let due = entries
      .filter((entry) => entry.isLeftOver || (!isBack && tickOf(entry) < base))
      .sort((a, b) => Number(b.isLeftOver) - Number(a.isLeftOver)
        || (a.isLeftOver ? 0 : a.quarters - b.quarters || a.sequence - b.sequence))
    const throwsAt = random() < 0.1 ? whole(due.length + 1) : -1
    let ran = 0
    const error = new Error('from onDue')
    const run = (): number => timers.advance((tick + (random() < 0.3 ? 0.75 : 0)) / perMs, (id) => {
      expect(id).toBe(due[0]?.id)
      const entry = due.shift()!
      expect(timers.cancel(entry.handle)).toBe(false)
      remove(entry)
      // What is changed from inside takes no part in this pass any more, and what is new not yet.
      if (random() < 0.3) {
        const before = new Map(due.map((one) => [one, one.sequence]))
        act()
        due = due.filter((one) => entries.includes(one) && before.get(one) === one.sequence)
      }
      if (ran++ === throwsAt) throw error
    })
    if (throwsAt >= 0 && throwsAt < due.length) {
      let thrown: unknown
      try {
        run()
      } catch (caught) {
        thrown = caught
      }
      // Whoever was to throw may have been cancelled by one before it.
      if (thrown !== undefined && thrown !== error) throw thrown
      if (thrown === undefined) expect(due).toEqual([])
      for (const entry of due) entry.isLeftOver = true
      // Left over in this order: moved to the front.
      for (const entry of [...due].reverse()) {
        entries.splice(entries.indexOf(entry), 1)
        entries.unshift(entry)
      }
    } else {
      expect(run()).toBe(ran)
      expect(due).toEqual([])
    }
  }

  function checkNext(): void {
    const next = timers.nextDeadline()
    expect(timers.size).toBe(entries.length)
    if (entries.length === 0) {
      expect(next).toBe(Infinity)
      return
    }
    const first = Math.min(...entries.map((entry) => (entry.isLeftOver ? 0 : tickOf(entry))))
    const earliest = first < base ? Math.max(base - 1, 0) : first
    expect(next).toBeLessThanOrEqual(earliest / perMs)
    expect(next).toBeGreaterThanOrEqual(Math.max(base - 1, 0) / perMs)
    if (isExact) expect(next).toBe(earliest / perMs)
  }

  for (let step = 0; step < options.steps; step++) {
    const kind = random()
    if (kind < 0.6) {
      act()
    } else if (kind < 0.65 && dead.length > 0) {
      // A handle comes again after 511 reuses: ask for those that died not long ago.
      const stale = dead[dead.length - 1 - whole(Math.min(dead.length, 50))]!
      if (!entries.some((entry) => entry.handle === stale)) {
        expect(timers.cancel(stale)).toBe(false)
        expect(timers.reschedule(stale, 5)).toBe(false)
      }
    } else if (kind < 0.85) {
      advance(Math.max(0, base - 1) + whole(DELAYS[whole(8)]!))
    } else if (kind < 0.95) {
      const next = timers.nextDeadline()
      if (next < Infinity) advance(Math.round(next * perMs))
    } else if (kind < 0.98) {
      advance(base + DELAYS[whole(DELAYS.length)]!)
    } else {
      advance(Math.max(0, base - 1 - whole(20)))
    }
    checkNext()
  }
  // Following nextDeadline alone runs everything, and soon.
  let rounds = 0
  while (entries.length > 0) {
    expect(rounds++).toBeLessThan(20 * (options.steps + 10))
    advance(Math.max(0, Math.round(timers.nextDeadline() * perMs)))
    checkNext()
  }
}
