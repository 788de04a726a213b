/**
 * What takes long: a million of each.
 */
import { describe, expect, it } from 'vitest'
import { bytes, randomFrom } from '../unit/core/support/bytes.js'
import { BUILDS, coreOf } from '../unit/core/support/builds.js'

describe.each(BUILDS)('the core, a million times (%s)', (build) => {
  const core = coreOf(build)

  it('1,000,000 timers, live at once, run in order', () => {
    const timers = core.createTimers()
    const random = randomFrom(1)
    const count = 1_000_000
    const deadlines = new Float64Array(count)
    for (let id = 0; id < count; id++) {
      deadlines[id] = Math.floor(random() * (id % 3 === 0 ? 86_400_000 : 100_000)) + 1
      timers.schedule(deadlines[id]!, id)
    }
    expect(timers.size).toBe(count)
    expect(core.memoryUsage().timers).toBe(count)
    let last = -1
    let lastId = -1
    let ran = 0
    let wrong = 0
    for (let now = timers.nextDeadline(); now < Infinity; now = Math.max(timers.nextDeadline(), now + 977)) {
      timers.advance(now, (id) => {
        const deadline = deadlines[id]!
        if (deadline > now || deadline < last || (deadline === last && id < lastId)) wrong++
        last = deadline
        lastId = id
        ran++
      })
      if (timers.size === 0) break
    }
    expect([ran, wrong, timers.size]).toEqual([count, 0, 0])
    timers.free()
    expect(core.memoryUsage().timers).toBe(0)
  })

  it('1,000,000 messages through one parser leave its memory as it was', () => {
    let count = 0
    const parser = core.netstringParser({ handler: { string: () => void count++ } })
    const chunk = bytes('43:the quick brown fox jumps over the lazy dog,'.repeat(1000))
    const feed = (): void => {
      // Cut anew each time, so that messages span chunks at every place.
      for (let at = 0, i = 0; at < chunk.length; i++) {
        const to = Math.min(chunk.length, at + 1 + ((i * 997) % 1460))
        parser.receive(chunk.subarray(at, to))
        at = to
      }
    }
    feed()
    const before = core.memoryUsage()
    while (count < 1_000_000) feed()
    expect(count).toBe(1_000_000)
    expect(core.memoryUsage()).toEqual(before)
    parser.free()
  })

  it('100,000 parsers, wheels and queues leave its memory as it was', () => {
    const round = (): void => {
      const parser = core.lineParser()
      parser.receive(bytes('kept'))
      parser.free()
      const timers = core.createTimers()
      timers.schedule(5, 1)
      timers.free()
      const queue = core.createQueue()
      queue.push(1)
      queue.free()
    }
    round()
    const before = core.memoryUsage()
    for (let i = 0; i < 100_000; i++) round()
    expect(core.memoryUsage()).toEqual(before)
  })

  it('1,000,000 events in one queue', () => {
    const queue = core.createQueue()
    for (let i = 0; i < 1_000_000; i++) queue.push(i, 2)
    let next = 0
    let wrong = 0
    while (queue.size > 0) {
      queue.drain(10_000, (id) => {
        if (id !== next++) wrong++
      })
    }
    expect([next, wrong]).toEqual([1_000_000, 0])
    queue.free()
  })
})
