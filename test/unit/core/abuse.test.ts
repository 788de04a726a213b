import { describe, expect, it } from 'vitest'
import { ERR_ARGUMENT, ERR_HANDLE, ERR_LIMIT, ERR_RANGE, ERR_STATE } from '../../../assembly/abi/errors.js'
import { HEADER_USED, STAGE } from '../../../assembly/abi/layout.js'
import { MAX_FRAME } from '../../../assembly/abi/limits.js'
import { ABI_VERSION } from '../../../assembly/abi/version.js'
import { CoreError, createCore } from '../../../src/core/index.js'
import type { CoreExports } from '../../../src/core/index.js'
import { bytes, chars } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'

/** For each export that takes a handle: its kind, and a call with everything else in order. */
const CALLS: [kind: 'parser' | 'wheel' | 'queue', name: string, call: (e: CoreExports, handle: number) => number][] = [
  ['parser', 'parserReceive', (e, h) => e.parserReceive(h, STAGE, 4, 1)],
  ['parser', 'parserSetLimit', (e, h) => e.parserSetLimit(h, 9)],
  ['parser', 'parserReset', (e, h) => e.parserReset(h)],
  ['parser', 'parserPending', (e, h) => e.parserPending(h)],
  ['parser', 'parserEnd', (e, h) => e.parserEnd(h)],
  ['parser', 'lineParserConfigure', (e, h) => e.lineParserConfigure(h, STAGE, 1, 9)],
  ['parser', 'parserFree', (e, h) => e.parserFree(h)],
  ['wheel', 'timersAddress', (e, h) => e.timersAddress(h)],
  ['wheel', 'timerSchedule', (e, h) => e.timerSchedule(h, 1, 1)],
  ['wheel', 'timerCancel', (e, h) => e.timerCancel(h, 1 << 22)],
  ['wheel', 'timerReschedule', (e, h) => e.timerReschedule(h, 1 << 22, 5)],
  ['wheel', 'timersAdvance', (e, h) => e.timersAdvance(h, 5)],
  ['wheel', 'timersMore', (e, h) => e.timersMore(h)],
  ['wheel', 'timersPutBack', (e, h) => e.timersPutBack(h)],
  ['wheel', 'timersFree', (e, h) => e.timersFree(h)],
  ['queue', 'queueAddress', (e, h) => e.queueAddress(h)],
  ['queue', 'queueSize', (e, h) => e.queueSize(h)],
  ['queue', 'queueSetSourceBudget', (e, h) => e.queueSetSourceBudget(h, 5)],
  ['queue', 'queueAccept', (e, h) => e.queueAccept(h, 0)],
  ['queue', 'queueBegin', (e, h) => e.queueBegin(h, 5)],
  ['queue', 'queueNext', (e, h) => e.queueNext(h)],
  ['queue', 'queueFree', (e, h) => e.queueFree(h)],
]

describe.each(BUILDS)('a core that is called wrongly (%s)', (build) => {
  const core = coreOf(build)
  const { exports: e } = core

  /** One live object of each kind, and what is none. */
  function objects(): { live: Record<'parser' | 'wheel' | 'queue', number>; wrong: number[]; free(): void } {
    core.lend(bytes('\n'))
    const gone = [e.netstringParserNew(9), e.timersNew(1, 0), e.queueNew()]
    const live = { parser: e.lineParserNew(STAGE, 1, 9), wheel: e.timersNew(1, 0), queue: e.queueNew() }
    expect(Math.min(...gone, ...Object.values(live))).toBeGreaterThan(0)
    expect([e.parserFree(gone[0]!), e.timersFree(gone[1]!), e.queueFree(gone[2]!)]).toEqual([0, 0, 0])
    const wrong = [0, -1, 1, 2 ** 31 - 1, -(2 ** 31), 1 << 20, (1 << 20) - 1, ...gone]
    for (const handle of Object.values(live)) wrong.push(handle + (1 << 20), handle + 100, -handle, handle | (1 << 30))
    return { live, wrong, free: () => [e.parserFree(live.parser), e.timersFree(live.wheel), e.queueFree(live.queue)] }
  }

  it.each(CALLS)('%s handles: %s refuses wrong, stale and other ones', (kind, name, call) => {
    const { live, wrong, free } = objects()
    const { timers, parsers } = core.memoryUsage()
    for (const handle of [...wrong, ...Object.values(live).filter((one) => one !== live[kind])]) {
      expect([name, handle, call(e, handle)]).toEqual([name, handle, ERR_HANDLE])
    }
    expect(core.memoryUsage()).toMatchObject({ timers, parsers })
    free()
  })

  it('timersNext answers a wrong handle with NaN', () => {
    const { live, wrong, free } = objects()
    for (const handle of [...wrong, live.parser, live.queue]) expect(e.timersNext(handle)).toBeNaN()
    expect(e.timersNext(live.wheel)).toBe(Infinity)
    free()
  })

  it('a handle is of no use after free, and a second free is refused', () => {
    const { live, free } = objects()
    free()
    for (const [kind, name, call] of CALLS) expect([name, call(e, live[kind])]).toEqual([name, ERR_HANDLE])
  })

  it('bytes that do not lie in memory are refused, wherever they begin', () => {
    const { live, free } = objects()
    const end = e.memory.buffer.byteLength
    const outside: [number, number][] = [
      [0, 1], [1, 1], [1023, 1], [0, 0], [-1, 1], [-1, 0], [-5, 10], [end, 1], [end - 1, 2], [end + 1, 0],
        [end - 4, 2 ** 31 - 1],
      [STAGE, -1], [STAGE, -(2 ** 31)], [STAGE, 2 ** 31 - 1], [-(2 ** 31), 0], [2 ** 31 - 1, 1],
        [STAGE, end - STAGE + 1],
      [1024, 1], [4096, 20], [STAGE - 1, 1], [STAGE - 1, 0],
    ]
    for (const [pointer, length] of outside) {
      expect([pointer, length, e.parserReceive(live.parser, pointer, length, 1)]).toEqual([pointer, length, ERR_RANGE])
      if (length < 1 || length > 65535) continue
      expect([pointer, length, e.lineParserNew(pointer, length, 9)]).toEqual([pointer, length, ERR_RANGE])
      expect([pointer, length, e.lineParserConfigure(live.parser, pointer, length, 9)])
        .toEqual([pointer, length, ERR_RANGE])
    }
    const zeros = e.lineParserNew(STAGE, 1, MAX_FRAME)
    for (const [pointer, length] of [[end, 0], [end - 1, 1], [STAGE, 0], [STAGE, end - STAGE],
      [STAGE + 3, 100_000]] as const) {
      expect(e.parserReceive(zeros, pointer, length, 1)).toBeGreaterThanOrEqual(0)
      expect(e.parserReset(zeros)).toBe(0)
    }
    e.parserFree(zeros)
    free()
  })

  it('limits, widths, lengths, counts and times that make no sense are refused', () => {
    const { live, free } = objects()
    const before = core.memoryUsage()
    for (const limit of [-1, -(2 ** 31), MAX_FRAME + 1, 2 ** 31 - 1]) {
      expect(e.lineParserNew(STAGE, 1, limit)).toBe(ERR_ARGUMENT)
      expect(e.lineParserConfigure(live.parser, STAGE, 1, limit)).toBe(ERR_ARGUMENT)
      expect(e.netstringParserNew(limit)).toBe(ERR_ARGUMENT)
      expect(e.prefixedParserNew(4, limit)).toBe(ERR_ARGUMENT)
      expect(e.parserSetLimit(live.parser, limit)).toBe(ERR_ARGUMENT)
    }
    for (const width of [0, -1, 3, 5, 8, 2 ** 31 - 1]) expect(e.prefixedParserNew(width, 9)).toBe(ERR_ARGUMENT)
    for (const length of [0, -1, 65536, 2 ** 31 - 1]) expect(e.lineParserNew(STAGE, length, 9)).toBe(ERR_ARGUMENT)
    for (const scale of [0, -1, NaN, Infinity, 1e7]) expect(e.timersNew(scale, 0)).toBe(ERR_ARGUMENT)
    for (const now of [-1, NaN, Infinity, -Infinity, 1e300]) {
      expect(e.timersNew(1, now)).toBe(ERR_ARGUMENT)
      expect(e.timersAdvance(live.wheel, now)).toBe(ERR_ARGUMENT)
    }
    for (const deadline of [NaN, Infinity]) {
      expect(e.timerSchedule(live.wheel, deadline, 1)).toBe(ERR_ARGUMENT)
      expect(e.timerReschedule(live.wheel, 1 << 22, deadline)).toBe(ERR_ARGUMENT)
    }
    for (const events of [0, -1, -(2 ** 31)]) {
      expect(e.queueSetSourceBudget(live.queue, events)).toBe(ERR_ARGUMENT)
      expect(e.queueBegin(live.queue, events)).toBe(ERR_ARGUMENT)
    }
    for (const records of [-1, 513, 2 ** 31 - 1]) expect(e.queueAccept(live.queue, records)).toBe(ERR_ARGUMENT)
    expect(core.memoryUsage()).toEqual(before)
    free()
  })

  it('takes what is enormous and makes sense', () => {
    const { live, free } = objects()
    expect(e.parserSetLimit(live.parser, MAX_FRAME)).toBe(0)
    for (const deadline of [-Infinity, -1e300, 1e300, Number.MIN_VALUE]) {
      expect(e.timerSchedule(live.wheel, deadline, 0)).toBeGreaterThan(0)
    }
    expect(e.timersNext(live.wheel)).toBe(0)
    expect(e.timersAdvance(live.wheel, 1e14)).toBe(3)
    expect(e.timersMore(live.wheel)).toBe(0)
    expect(e.queueSetSourceBudget(live.queue, 2 ** 31 - 1)).toBe(0)
    expect(e.queueBegin(live.queue, 2 ** 31 - 1)).toBe(0)
    expect(e.queueNext(live.queue)).toBe(0)
    free()
  })

  it('calls out of their order', () => {
    const { live, free } = objects()
    expect(e.queueNext(live.queue)).toBe(0)
    expect(e.timersMore(live.wheel)).toBe(0)
    expect(e.timersPutBack(live.wheel)).toBe(0)
    e.timerSchedule(live.wheel, 1, 7)
    expect(e.timersAdvance(live.wheel, 1)).toBe(1)
    expect(e.timersAdvance(live.wheel, 2)).toBe(ERR_STATE)
    expect(e.timersPutBack(live.wheel)).toBe(0)
    expect(e.timersPutBack(live.wheel)).toBe(0)
    expect(e.timersAdvance(live.wheel, 2)).toBe(1)
    const { timers } = core.memoryUsage()
    expect(e.timersFree(live.wheel)).toBe(0)
    expect(core.memoryUsage().timers).toBe(timers - 1)
    free()
  })

  it('an inbox of garbage makes events of some priority and source, and nothing else', () => {
    const { live, free } = objects()
    const inbox = (e.queueAddress(live.queue) + 512) >> 2
    for (let i = 0; i < 512 * 3; i++) core.words()[inbox + i] = Math.imul(i, 0x9e3779b1)
    for (let round = 0; round < 5; round++) expect(e.queueAccept(live.queue, 512)).toBe(512)
    let left = e.queueSize(live.queue)
    expect(left).toBe(2560)
    while (left > 0) {
      e.queueBegin(live.queue, 1000)
      for (let ran = e.queueNext(live.queue); ran > 0; ran = e.queueNext(live.queue)) left -= ran
    }
    expect(e.queueSize(live.queue)).toBe(0)
    free()
  })

  it('a failed parser ignores input until it is reset', () => {
    const parser = e.netstringParserNew(9)
    core.bytes().set(bytes('x3:abc,'), STAGE)
    expect(e.parserReceive(parser, STAGE, 7, 1)).toBe(1)
    expect(e.parserReceive(parser, STAGE + 1, 6, 1)).toBe(0)
    expect(e.parserReset(parser)).toBe(0)
    expect(e.parserReceive(parser, STAGE + 1, 6, 1)).toBe(1)
    e.parserFree(parser)
  })

  it('another initialize changes nothing', () => {
    const parser = core.lineParser({ handler: { line: () => {} } })
    parser.receive(bytes('kept'))
    expect(e.initialize()).toBe(ABI_VERSION)
    expect(chars(parser.clear())).toBe('kept')
    parser.free()
  })

  it('a core whose table of handles is full says so', { timeout: 60_000 }, () => {
    const handles: number[] = []
    let last = 0
    // Handles are made of the smallest objects; a million of them fit.
    while ((last = e.netstringParserNew(1)) > 0) handles.push(last)
    expect(last).toBe(ERR_LIMIT)
    expect(handles.length).toBeGreaterThan(1_000_000)
    expect(e.timersNew(1, 0)).toBe(ERR_LIMIT)
    expect(e.queueNew()).toBe(ERR_LIMIT)
    expect(() => core.lineParser()).toThrow(expect.objectContaining({ status: ERR_LIMIT }))
    for (const handle of handles) e.parserFree(handle)
    expect(core.memoryUsage().parsers).toBe(0)
    const used = core.words()[HEADER_USED >> 2]
    core.lineParser().free()
    expect(core.words()[HEADER_USED >> 2]).toBe(used)
  })
})

describe('a module of another version', () => {
  it.each([0, 99, -1, ABI_VERSION + 1])('that speaks %i is refused with a CoreError that names both', (version) => {
    const exports = { ...coreOf('plain').exports, initialize: () => version }
    let thrown: unknown
    try {
      createCore({ instantiate: () => exports })
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(CoreError)
    expect((thrown as CoreError).message).toContain(`version ${version} `)
    expect((thrown as CoreError).message).toContain(`needs ${ABI_VERSION}`)
  })
})
