import { describe, expect, it } from 'vitest'
import type { Core } from '../../../src/core/index.js'
import { bytes } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'

/** What rounds leave behind must be there after the first tenth already, and never grow. */
function expectFlat(core: Core, rounds: number, round: (number: number) => void): void {
  for (let number = 0; number < rounds / 10; number++) round(number)
  const before = core.memoryUsage()
  for (let number = Math.ceil(rounds / 10); number < rounds; number++) round(number)
  expect(core.memoryUsage()).toEqual(before)
}

describe.each(BUILDS)('memory stays flat (%s)', (build) => {
  const core = coreOf(build)

  it('over parsers that are made, used in the middle of a frame, and freed', () => {
    expectFlat(core, 8000, (number) => {
      const line = core.lineParser({ delimiter: 'a long delimiter', maxLength: 1e6 })
      line.receive(bytes('x'.repeat(number % 300)))
      line.configure({ delimiter: number % 2 === 0 ? '\n' : 'another long delimiter' })
      const string = core.netstringParser()
      string.receive(bytes('999:abc'))
      const prefixed = core.lengthPrefixParser({ bytes: 1 })
      prefixed.receive(bytes('\x09abc'))
      for (const parser of [line, string, prefixed]) parser.free()
    })
  })

  it('over frames that span chunks: what one kept is given back when it was delivered', () => {
    const parser = core.netstringParser()
    expectFlat(core, 10_000, () => {
      parser.receive(bytes('300:'))
      parser.receive(new Uint8Array(299))
      parser.receive(bytes('x,'))
    })
    parser.free()
    const line = core.lineParser({ maxLength: 1000, handler: { line: () => {}, lineTooLong: () => {} } })
    expectFlat(core, 1000, () => {
      for (let i = 0; i < 11; i++) line.receive(new Uint8Array(100))
    })
    line.free()
  })

  it('over generators, their forks and digests', () => {
    expectFlat(core, 2000, (number) => {
      const random = core.random(number)
      const fork = random.fork('x')
      const digest = core.digest()
      digest.update(new Uint8Array(fork.below(100)))
      for (const one of [random, fork, digest]) one.free()
    })
  })

  it('over wheels with timers in them, and timers that fire, are cancelled and rescheduled', () => {
    expectFlat(core, 60, (number) => {
      const timers = core.createTimers()
      for (let id = 0; id < 500; id++) timers.schedule((id * 7919 * (1 + (number % 3))) % 100_000, id)
      timers.advance(30_000, () => {})
      timers.free()
    })
    const timers = core.createTimers()
    let now = 0
    expectFlat(core, 40, () => {
      const handles = Array.from({ length: 1000 }, (_, id) => timers.schedule(now + 256 + id, id))
      for (let i = 0; i < 1000; i += 2) timers.cancel(handles[i]!)
      for (let i = 1; i < 1000; i += 4) timers.reschedule(handles[i]!, now + 300)
      now += 2048
      expect(timers.advance(now, () => {})).toBe(500)
    })
    timers.free()
  })

  it('over queues with events in them, and events of many sources', () => {
    const fill = (queue: ReturnType<Core['createQueue']>): void => {
      queue.setSourceBudget(1)
      for (let id = 0; id < 3000; id++) queue.push(id, (id % 4) as 0, id % 700)
    }
    expectFlat(core, 30, () => {
      const queue = core.createQueue()
      fill(queue)
      queue.drain(2000, () => {})
      queue.free()
    })
    const queue = core.createQueue()
    expectFlat(core, 30, () => {
      fill(queue)
      while (queue.size > 0) queue.drain(5000, () => {})
    })
    queue.free()
  })

  it('an idle parser costs its struct only', () => {
    const before = core.memoryUsage().used
    const parsers = Array.from({ length: 100 }, () => core.lineParser())
    for (const parser of parsers) {
      parser.receive(bytes('half a line'))
      parser.receive(bytes(' and the rest\r\n'))
    }
    expect(core.memoryUsage().used - before).toBe(100 * 64)
    for (const parser of parsers) parser.free()
    expect(core.memoryUsage().used).toBe(before)
  })
})
