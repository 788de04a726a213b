import { describe, expect, it } from 'vitest'
import { CoreError } from '../../../src/core/index.js'
import type { EventQueue, Priority } from '../../../src/core/index.js'
import { randomFrom } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'
import { runQueueModel } from './support/queue-model.js'

const PRIORITIES = [0, 1, 2, 3] as const

function drained(queue: EventQueue, budget = 1e6): number[] {
  const ids: number[] = []
  expect(queue.drain(budget, (id) => void ids.push(id))).toBe(ids.length)
  return ids
}

describe.each(BUILDS)('the event queue (%s)', (build) => {
  const core = coreOf(build)

  it('runs priorities in order, first in, first out within each', () => {
    const queue = core.createQueue()
    for (let i = 0; i < 2000; i++) queue.push(i, (i % 4) as Priority)
    expect(queue.size).toBe(2000)
    expect(drained(queue)).toEqual(PRIORITIES.flatMap((p) => Array.from({ length: 500 }, (_, i) => i * 4 + p)))
    expect(queue.size).toBe(0)
    expect(drained(queue)).toEqual([])
    queue.free()
  })

  it('hands any int32 back, and takes priority 1 unless told', () => {
    const queue = core.createQueue()
    queue.push(-(2 ** 31))
    queue.push(2 ** 31 - 1, 0)
    queue.push(0, 1)
    expect(drained(queue)).toEqual([2 ** 31 - 1, -(2 ** 31), 0])
    queue.free()
  })

  it('what an event pushes waits for the next drain, whatever its priority', () => {
    const queue = core.createQueue()
    for (let i = 0; i < 700; i++) queue.push(i, 2)
    const ids: number[] = []
    expect(queue.drain(1e6, (id) => {
      ids.push(id)
      for (let more = 0; more < 3; more++) queue.push(1000 + id * 3 + more, 0)
    })).toBe(700)
    expect(ids).toEqual(Array.from({ length: 700 }, (_, i) => i))
    expect(queue.size).toBe(2100)
    expect(drained(queue)).toEqual(Array.from({ length: 2100 }, (_, i) => 1000 + i))
    queue.free()
  })

  it('runs no more than the budget, and the rest later', () => {
    const queue = core.createQueue()
    for (let i = 0; i < 1000; i++) queue.push(i)
    const ids: number[] = []
    for (const budget of [1, 2, 383, 384, 385, 1.9]) {
      const part = drained(queue, budget)
      expect(part).toHaveLength(Math.min(Math.floor(budget), 1000 - ids.length))
      ids.push(...part)
    }
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, i) => i))
    for (const bad of [0, -1, NaN, 0.5]) expect(() => queue.drain(bad, () => {})).toThrow(CoreError)
    expect(drained(queue, Infinity)).toEqual([])
    queue.free()
  })

  it('an error leaves drain, and the rest stays queued, in order, behind a snapshot of its own', () => {
    const queue = core.createQueue()
    for (let i = 0; i < 1000; i++) queue.push(i)
    const ids: number[] = []
    for (const stop of [1, 3, 384, 900]) {
      expect(() => queue.drain(1e6, (id) => {
        ids.push(id)
        queue.push(1000 + id)
        if (ids.length === stop) throw new Error('stop')
      })).toThrow('stop')
      expect(queue.size).toBe(1000)
    }
    for (let more = drained(queue); more.length > 0; more = drained(queue)) ids.push(...more)
    expect(ids).toEqual(Array.from({ length: 1900 }, (_, i) => i))
    queue.free()
  })

  it('what the rest of a drain that an error left pushes waits for the next drain too', () => {
    const queue = core.createQueue()
    for (let i = 0; i < 4; i++) queue.push(i)
    expect(() => queue.drain(9, () => {
      throw new Error('stop')
    })).toThrow('stop')
    const ids: number[] = []
    queue.drain(9, (id) => {
      ids.push(id)
      queue.push(10 + id, 0)
    })
    expect(ids).toEqual([1, 2, 3])
    expect(drained(queue)).toEqual([11, 12, 13])
    queue.free()
  })

  it('nests no drain, and is not freed from inside one', () => {
    const queue = core.createQueue()
    queue.push(1)
    const thrown: unknown[] = []
    queue.drain(1, () => {
      for (const call of [() => queue.drain(1, () => {}), () => queue.free()]) {
        try {
          call()
        } catch (error) {
          thrown.push(error)
        }
      }
    })
    expect(thrown.map((error) => error instanceof CoreError)).toEqual([true, true])
    queue.free()
    queue.free()
    expect(queue.size).toBe(0)
    expect(() => queue.push(1)).toThrow(CoreError)
    expect(() => queue.drain(1, () => {})).toThrow(CoreError)
  })

  it('hands out nothing of a drain that an error left once it was freed', () => {
    const queue = core.createQueue()
    for (let i = 0; i < 3; i++) queue.push(i)
    expect(() => queue.drain(9, () => {
      throw new Error('stop')
    })).toThrow('stop')
    queue.free()
    const ids: number[] = []
    expect(() => queue.drain(9, (id) => void ids.push(id))).toThrow(CoreError)
    expect(ids).toEqual([])
  })

  it.each([1, 2, 3, 7, 16, 100])('starves no priority when all are always full, with drains of %i', (budget) => {
    const queue = core.createQueue()
    for (const p of PRIORITIES) for (let i = 0; i < 3000; i++) queue.push(p, p)
    const ran = [0, 0, 0, 0]
    let total = 0
    const lastAt = [0, 0, 0, 0]
    const widest = [0, 0, 0, 0]
    while (total < 3200) {
      for (const p of drained(queue, budget)) {
        ran[p]!++
        widest[p] = Math.max(widest[p]!, total - lastAt[p]!)
        lastAt[p] = total++
      }
    }
    // 9, 4, 2 and 1 sixteenths, to within two drains.
    for (const [p, share] of [[0, 9], [1, 4], [2, 2], [3, 1]] as const) {
      expect(Math.abs(ran[p]! - (total * share) / 16)).toBeLessThanOrEqual(2 * budget + 2)
      expect(widest[p]).toBeLessThanOrEqual((16 / share) * 2 + 2 * budget)
    }
    queue.free()
  })

  it('gives what the higher priorities do not need to the lower ones at once', () => {
    const queue = core.createQueue()
    for (let i = 0; i < 50; i++) queue.push(i, 3)
    expect(drained(queue, 50)).toHaveLength(50)
    for (let i = 0; i < 10; i++) queue.push(i, 2)
    for (let i = 10; i < 50; i++) queue.push(i, 1)
    expect(drained(queue, 50)).toHaveLength(50)
    queue.free()
  })

  it('a source that floods runs its budget in each drain, and others go on', () => {
    const queue = core.createQueue()
    for (let i = 0; i < 1000; i++) queue.push(i, 1, 7)
    for (let i = 0; i < 10; i++) queue.push(10_000 + i, 1, 8)
    expect(drained(queue, 200))
      .toEqual([...Array.from({ length: 64 }, (_, i) => i), ...Array.from({ length: 10 }, (_, i) => 10_000 + i)])
    queue.setSourceBudget(10)
    expect(drained(queue)).toEqual(Array.from({ length: 10 }, (_, i) => 64 + i))
    queue.push(20_000, 1, 9)
    queue.push(20_001, 1)
    expect(drained(queue)).toEqual([...Array.from({ length: 10 }, (_, i) => 74 + i), 20_000, 20_001])
    queue.setSourceBudget(Infinity)
    expect(drained(queue)).toEqual(Array.from({ length: 1000 - 84 }, (_, i) => 84 + i))
    for (const bad of [0, -1, NaN, 0.9]) expect(() => queue.setSourceBudget(bad)).toThrow(CoreError)
    queue.push(1, 1, 5)
    expect(drained(queue)).toEqual([1])
    queue.free()
  })

  it('source 0 has no budget', () => {
    const queue = core.createQueue()
    queue.setSourceBudget(1)
    for (let i = 0; i < 500; i++) queue.push(i, 0, 0)
    expect(drained(queue)).toHaveLength(500)
    queue.free()
  })

  it('holds 100,000 events of 30,000 sources, and gives them all back', () => {
    const queue = core.createQueue()
    queue.setSourceBudget(2)
    for (let i = 0; i < 100_000; i++) queue.push(i, ((i >> 3) % 4) as Priority, 1 + (i % 30_000))
    expect(queue.size).toBe(100_000)
    const ran = new Uint8Array(100_000)
    let rounds = 0
    while (queue.size > 0) {
      expect(++rounds).toBeLessThan(10)
      queue.drain(70_000, (id) => void ran[id]!++)
    }
    expect(ran.every((times) => times === 1)).toBe(true)
    const { used } = core.memoryUsage()
    queue.free()
    expect(core.memoryUsage().used).toBeLessThan(used)
  })

  it('as arrays: random pushes, drains, budgets and errors keep order, budgets and every event', () => {
    for (let seed = 1; seed <= 6; seed++) runQueueModel(core.createQueue(), randomFrom(seed), 40)
  })
})
