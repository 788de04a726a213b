import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shrink } from '../../../src/testing/simulate/shrink.js'
import type { Trial, WholeRecipe } from '../../../src/testing/simulate/shrink.js'

const indexes = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** Fault n begins at 100 n ms and lasts 50. */
const TIMES = {
  startOfFault: (index: number): number => index * 100,
  endOfFaults: (faults: readonly number[]): number => Math.max(0, ...faults.map((index) => index * 100 + 50)),
}

async function search(
  start: Omit<WholeRecipe, 'seed'>, trial: (recipe: WholeRecipe) => Trial,
  { quiet = 100, most = 1_000 } = {},
): Promise<{ recipe: WholeRecipe, tried: WholeRecipe[], runs: number }> {
  const tried: WholeRecipe[] = []
  const whole = { seed: 7, ...start }
  const { recipe, runs } = await shrink(whole, trial(whole), {
    ...TIMES, quiet, most,
    run: async (one) => {
      tried.push(one)
      return trial(one)
    },
  })
  return { recipe, tried, runs }
}

describe('shrink', () => {
  it('finds the one fault that does it', async () => {
    const { recipe, runs } = await search({ until: 10_000, faults: indexes(64) }, ({ faults, until }) =>
      faults.includes(41) ? { shape: 'x', at: Math.min(5_000, until) } : { shape: null, at: until })
    // Fault 41 is over at 4,150 ms; 100 ms are quiet.
    expect(recipe).toEqual({ seed: 7, until: 4_250, faults: [41] })
    expect(runs).toBeLessThan(30)
  })

  // Whatever set of faults it takes, it ends with just that set: no fault of it can be left out.
  it('finds any smallest set', async () => {
    await fc.assert(fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }).chain((count) =>
        fc.tuple(fc.constant(count), fc.uniqueArray(fc.nat(count - 1), { maxLength: 6 }))),
      async ([count, needed]) => {
        const { recipe } = await search({ until: 10_000, faults: indexes(count) }, ({ faults, until }) =>
          needed.every((index) => faults.includes(index)) ? { shape: 'x', at: until } : { shape: null, at: until },
        )
        expect(recipe.faults).toEqual([...needed].sort((a, b) => a - b))
      }))
  })

  it('takes no other failure for this one', async () => {
    const { recipe } = await search({ until: 10_000, faults: indexes(8) }, ({ faults, until }) => ({
      shape: faults.includes(3) && faults.includes(5) ? 'both' : faults.includes(3) ? 'other' : null,
      at: until,
    }))
    expect(recipe.faults).toEqual([3, 5])
  })

  it('begins without the faults that had not begun', async () => {
    const { tried } = await search({ until: 10_000, faults: indexes(64) }, ({ faults }) =>
      ({ shape: faults.includes(2) ? 'x' : null, at: 310 }))
    expect(tried[0]!.faults).toEqual([0, 1, 2, 3])
  })

  it('finds fewer hosts', async () => {
    const { recipe } = await search({ until: 100, faults: [], hosts: 9 }, ({ hosts = 0 }) =>
      ({ shape: hosts >= 3 ? 'x' : null, at: 100 }))
    expect(recipe.hosts).toBe(3)
  })

  it('does not make up a number of hosts', async () => {
    const { recipe } = await search({ until: 100, faults: [] }, () => ({ shape: 'x', at: 100 }))
    expect(Object.keys(recipe)).not.toContain('hosts')
  })

  it('cuts off the time after the failure', async () => {
    const { recipe } = await search({ until: 60_000, faults: [] }, ({ until }) =>
      until >= 1_234.5 ? { shape: 'x', at: 1_234.5 } : { shape: null, at: until })
    expect(recipe.until).toBe(1_235)
  })

  it('does not take the end of time for the failure: in no time everything fails', async () => {
    const { recipe } = await search({ until: 60_000, faults: [1, 2] }, ({ faults, until }) => ({
      // It takes 2 s where nothing goes wrong, and never ends after fault 2.
      shape: until < 2_000 || faults.includes(2) ? 'no result in time' : null, at: until,
    }), { quiet: 5_000 })
    expect(recipe).toEqual({ seed: 7, until: 5_250, faults: [2] })
  })

  it('does not cut into the quiet end, in which a fault would be the failure', async () => {
    const { recipe } = await search({ until: 60_000, faults: [3] }, ({ faults, until }) => {
      // It says at the beginning of the quiet end that all is well.
      const calm = until - 5_000
      return { shape: faults.includes(3) || calm < 350 ? 'not well' : null, at: calm + 100 }
    }, { quiet: 5_000 })
    expect(recipe).toEqual({ seed: 7, until: 5_350, faults: [3] })
  })

  it('leaves the time when the quiet end is too short for a run in which nothing goes wrong', async () => {
    const { recipe } = await search({ until: 60_000, faults: [2] }, ({ faults, until }) => ({
      shape: until < 20_000 || faults.includes(2) ? 'no result in time' : null, at: until,
    }), { quiet: 5_000 })
    expect(recipe.until).toBe(60_000)
  })

  it('runs no recipe twice, and none at all after so many', async () => {
    const trial = ({ faults, until }: WholeRecipe): Trial =>
      ({ shape: [3, 17, 30].every((index) => faults.includes(index)) ? 'x' : null, at: until })
    const { tried, runs } = await search({ until: 10_000, faults: indexes(32), hosts: 4 }, trial)
    expect(new Set(tried.map((recipe) => JSON.stringify(recipe))).size).toBe(tried.length)
    expect(runs).toBe(tried.length)
    const few = await search({ until: 10_000, faults: indexes(32) }, trial, { most: 5 })
    expect(few.runs).toBe(5)
    expect(trial(few.recipe).shape).toBe('x')
    const none = await search({ until: 10_000, faults: indexes(32) }, trial, { most: 0 })
    expect(none.recipe.faults).toHaveLength(32)
  })
})
