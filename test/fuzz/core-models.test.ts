/**
 * Timers against a sorted array, and the event queue against arrays, for any seed.
 *
 * Invariants are stated in the two models.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomFrom } from '../unit/core/support/bytes.js'
import { BUILDS, coreOf } from '../unit/core/support/builds.js'
import { runQueueModel } from '../unit/core/support/queue-model.js'
import { runTimersModel } from '../unit/core/support/timers-model.js'

const seeds = fc.nat(2 ** 31 - 1)

describe.each(BUILDS)('models (%s)', (build) => {
  const core = coreOf(build)

  it('of timers', () => {
    fc.assert(fc.property(seeds, fc.constantFrom(1, 1000, 4), fc.nat(1e6), (seed, perMs, start) => {
      const timers = core.createTimers({ tick: 1 / perMs, now: start / perMs })
      runTimersModel(timers, { perMs, start, random: randomFrom(seed), steps: 30 })
      expect(timers.size).toBe(0)
      timers.free()
    }))
    expect(core.memoryUsage().timers).toBe(0)
  })

  it('of the event queue', () => {
    fc.assert(fc.property(seeds, (seed) => {
      const queue = core.createQueue()
      runQueueModel(queue, randomFrom(seed), 8)
      expect(queue.size).toBe(0)
    }))
  })
})
