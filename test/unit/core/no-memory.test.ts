import { describe, expect, it } from 'vitest'
import { ERR_NO_MEMORY } from '../../../assembly/abi/errors.js'
import { CoreError } from '../../../src/core/index.js'
import type { Core, LineParser } from '../../../src/core/index.js'
import { instantiateModule } from '../../../src/core/instantiate.js'
import { instantiatePlain } from '../../../src/core/plain.js'
import { bytes, chars } from './support/bytes.js'
import { BUILDS } from './support/builds.js'
import { withSmallCore } from './support/small-memory.js'

/** Calls until it throws; the error. */
function untilRefused(call: (round: number) => void): CoreError {
  for (let round = 0; ; round++) {
    try {
      call(round)
    } catch (error) {
      expect(error).toBeInstanceOf(CoreError)
      return error as CoreError
    }
  }
}

/** Takes what memory there is; gives it back when called. */
function exhaust(core: Core): () => void {
  const parsers: LineParser[] = []
  for (const size of [65536, 4096, 256, 64, 8]) {
    expect(untilRefused(() => {
      const parser = core.lineParser({ maxLength: 1e6, delimiter: '\n' })
      parsers.push(parser)
      parser.receive(new Uint8Array(size))
    }).status).toBe(ERR_NO_MEMORY)
  }
  return () => {
    for (const parser of parsers) parser.free()
  }
}

describe.each(BUILDS)('a core whose memory cannot grow (%s)', (build) => {
  it('refuses new objects with an error, and takes them again once there is room', () => {
    withSmallCore(build, 16, (core) => {
      const giveBack = exhaust(core)
      for (const make of [() => core.createTimers(), () => core.createQueue()]) {
        expect(untilRefused(make).status).toBe(ERR_NO_MEMORY)
      }
      giveBack()
      expect(core.memoryUsage().parsers).toBe(0)
      core.lineParser().free()
      core.createTimers().free()
      core.createQueue().free()
    })
  })

  it('delivers every frame that was whole before it tells that the rest has no room, and goes on when there is', () => {
    withSmallCore(build, 16, (core) => {
      const big = 'x'.repeat(3000)
      const streams = {
        line: [`a\nbb\n${big}`, `${big}\nend\n`],
        string: [`1:a,2:bb,6000:${big}`, `${big},3:end,`],
        prefixed: [`\0\x01a\0\x02bb\x17\x70${big}`, `${big}\0\x03end`],
      }
      const logs: Record<string, string[]> = { line: [], string: [], prefixed: [] }
      const parsers = {
        line: core.lineParser({ delimiter: '\n', handler: { line: (line: string) => void logs['line']!.push(line) } }),
        string: core.netstringParser({ handler: { string: (data) => void logs['string']!.push(chars(data)) } }),
        prefixed: core.lengthPrefixParser({ bytes: 2,
          handler: { string: (data) => void logs['prefixed']!.push(chars(data)) } }),
      }
      const giveBack = exhaust(core)
      for (const kind of ['line', 'string', 'prefixed'] as const) {
        expect(() => parsers[kind].receive(bytes(streams[kind][0]!)))
          .toThrow(expect.objectContaining({ status: ERR_NO_MEMORY }))
        expect(logs[kind]).toEqual(['a', 'bb'])
        expect(() => parsers[kind].receive(bytes(streams[kind][1]!))).toThrow(CoreError)
      }
      giveBack()
      for (const kind of ['line', 'string', 'prefixed'] as const) {
        parsers[kind].resume()
        expect(logs[kind]!.map((text) => (text.length > 100 ? text.length : text))).toEqual(['a', 'bb', 6000, 'end'])
      }
    })
  })

  it('loses no event: a push that is refused leaves the queue as it was', () => {
    withSmallCore(build, 16, (core) => {
      const queue = core.createQueue()
      let pushed = 0
      while (pushed < 513) queue.push(pushed++, 2)
      exhaust(core)
      for (let again = 0; again < 2; again++) {
        expect(untilRefused(() => {
          queue.push(pushed, 2)
          pushed++
        }).status).toBe(ERR_NO_MEMORY)
        expect(queue.size).toBe(pushed)
      }
      const ids: number[] = []
      while (queue.size > 0) queue.drain(100, (id) => void ids.push(id))
      expect(ids).toEqual(Array.from({ length: pushed }, (_, i) => i))
      queue.push(1)
      expect(queue.drain(9, () => {})).toBe(1)
    })
  })

  it('loses no event of a source that has no room for a backlog', () => {
    withSmallCore(build, 16, (core) => {
      const queue = core.createQueue()
      queue.setSourceBudget(3)
      for (let i = 0; i < 600; i++) queue.push(i, 1, 7)
      exhaust(core)
      const ids: number[] = []
      for (let round = 0; round < 400 && queue.size > 0; round++) queue.drain(1000, (id) => void ids.push(id))
      expect(ids).toEqual(Array.from({ length: 600 }, (_, i) => i))
    })
  })

  it('loses no timer: those that were taken run in order once there is room', () => {
    withSmallCore(build, 24, (core) => {
      const timers = core.createTimers()
      const parser = core.lineParser({ maxLength: 1e6 })
      parser.receive(new Uint8Array(300_000))
      const deadlines: number[] = []
      const error = untilRefused((round) => {
        const deadline = (round * 7919) % 200_003
        timers.schedule(deadline, round)
        deadlines.push(deadline)
      })
      expect(error.status).toBe(ERR_NO_MEMORY)
      expect(timers.size).toBe(deadlines.length)
      const expected = deadlines.map((deadline, id) => ({ deadline, id })).sort((a, b) => a.deadline - b.deadline
        || a.id - b.id).map((one) => one.id)
      const ids: number[] = []
      timers.advance(200_003, (id) => void ids.push(id))
      expect(timers.size).toBe(deadlines.length - ids.length)
      parser.free()
      // Each advance takes as much of what is due as there is room for.
      for (let round = 0; round < 20 && timers.size > 0; round++) timers.advance(200_003, (id) => void ids.push(id))
      expect(timers.size).toBe(0)
      expect(ids.every((id, i) => id === expected[i])).toBe(true)
      timers.free()
      expect(core.memoryUsage().timers).toBe(0)
    })
  })
})

describe.each(BUILDS)('a core before initialize (%s)', (build) => {
  it('refuses everything', () => {
    const make = build === 'plain' ? instantiatePlain : instantiateModule({ build })
    const exports = make(() => {})
    for (let again = 0; again < 3; again++) {
      expect(exports.lineParserNew(65536, 1, 9)).toBe(ERR_NO_MEMORY)
      expect(exports.netstringParserNew(9)).toBe(ERR_NO_MEMORY)
      expect(exports.timersNew(1, 0)).toBe(ERR_NO_MEMORY)
      expect(exports.queueNew()).toBe(ERR_NO_MEMORY)
      expect(exports.parserFree(1 << 20)).toBeLessThan(0)
    }
    expect(exports.initialize()).toBeGreaterThan(0)
    expect(exports.netstringParserNew(9)).toBeGreaterThan(0)
  })
})
