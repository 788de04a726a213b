/**
 * The three builds, called with the same random arguments at the level of the ABI.
 *
 * Invariants: no call traps, whatever it is given; all builds give the same results, the same event records, and in the
 * end the same bytes in all of linear memory that was ever used.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  HEADER_ASCII, HEADER_CONSUMED, HEADER_HTTP_MORE, HEADER_TOP, QUEUE_INBOX, RECORD_BYTES, RING, RING_RECORDS, STAGE,
    STAGE_BYTES,
    TIMER_RAN,
  WHEEL_COUNT, WHEEL_OUT, WHEEL_OUT_BYTES,
} from '../../assembly/abi/layout.js'
import { encodeFieldNames } from '../../src/core/http-names.js'
import type { CoreExports } from '../../src/core/index.js'
import { chars, randomFrom } from '../unit/core/support/bytes.js'
import { BUILDS, freshExports } from '../unit/core/support/builds.js'

const cores = freshExports()
const all = BUILDS.map((build) => cores[build])

const KINDS = ['parser', 'wheel', 'queue', 'timer', 'random', 'digest'] as const
type Kind = (typeof KINDS)[number]
/** What an argument is: handles are taken from those given out so far, by number. */
type Argument =
  | Kind | 'pointer' | 'length' | 'limit' | 'flag' | 'int' | 'count' | 'time' | 'scale' | 'list'
  | 'listLength' | 'mode' | 'few'

const CALLS: Record<Exclude<keyof CoreExports, 'memory'>, Argument[]> = {
  initialize: [],
  parserReceive: ['parser', 'pointer', 'length', 'flag'],
  parserSetLimit: ['parser', 'limit'],
  parserFree: ['parser'],
  parserReset: ['parser'],
  parserPending: ['parser'],
  parserEnd: ['parser'],
  lineParserNew: ['pointer', 'count', 'limit'],
  lineParserConfigure: ['parser', 'pointer', 'count', 'limit'],
  netstringParserNew: ['limit'],
  prefixedParserNew: ['count', 'limit'],
  httpNames: ['list', 'listLength'],
  httpParserNew: ['mode', 'limit', 'limit', 'few', 'few'],
  httpExpectBodiless: ['parser', 'flag'],
  httpSkipBody: ['parser', 'few'],
  utf8Check: ['pointer', 'length', 'int'],
  websocketParserNew: ['flag', 'limit', 'count'],
  websocketMask: ['pointer', 'length', 'int'],
  timersNew: ['scale', 'time'],
  timersFree: ['wheel'],
  timersAddress: ['wheel'],
  timerSchedule: ['wheel', 'time', 'int'],
  timerCancel: ['wheel', 'timer'],
  timerReschedule: ['wheel', 'timer', 'time'],
  timersNext: ['wheel'],
  timersAdvance: ['wheel', 'time'],
  timersMore: ['wheel'],
  timersPutBack: ['wheel'],
  queueNew: [],
  queueFree: ['queue'],
  queueAddress: ['queue'],
  queueSize: ['queue'],
  queueSetSourceBudget: ['queue', 'int'],
  queueAccept: ['queue', 'count'],
  queueBegin: ['queue', 'int'],
  queueNext: ['queue'],
  randomNew: ['int', 'int', 'int', 'int'],
  randomFree: ['random'],
  randomBlock: ['random'],
  digestNew: ['int'],
  digestFree: ['digest'],
  digestUpdate: ['digest', 'pointer', 'length'],
  digestResult: ['digest'],
}
const NAMES = Object.keys(CALLS) as (keyof typeof CALLS)[]
const MAKERS: Partial<Record<keyof typeof CALLS, Kind>> = {
  lineParserNew: 'parser', netstringParserNew: 'parser', prefixedParserNew: 'parser',
    httpParserNew: 'parser', websocketParserNew: 'parser', timersNew: 'wheel',
    queueNew: 'queue', timerSchedule: 'timer', randomNew: 'random', digestNew: 'digest',
}
// A free in every other call would leave nothing to call.
const OFTEN = NAMES.flatMap((name) =>
  Array<typeof name>(/Free|Reset|PutBack|Names/.test(name) ? 1 : /Receive|timer[A-Z]/.test(name) ? 8 : 3).fill(name))
const ODD = [0, -1, 1, 2, 3, 4, 7, 255, 512, 1023, 1024, 4096, STAGE, 2 ** 20, 2 ** 22, 2 ** 30, 2 ** 31 - 1,
  -(2 ** 31)]

/** Messages of one length, so that what begins at a multiple of it is one. */
const MESSAGE = 64
const MESSAGES = [
  'GET /a?b HTTP/1.1\r\nHost: a\r\nX: ', 'POST / HTTP/1.1\r\nhost:a\r\nContent-Length: 5\r\n\r\n12345',
  'POST / HTTP/1.1\r\nHOST: \r\nTransfer-Encoding: chunked\r\n\r\n', '5;a=b\r\n12345\r\n0\r\nA-Trailer: value\r\n\r\n',
  'HTTP/1.1 200 OK\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    'HTTP/1.0 204\r\nExpect: 100-continue\r\nSec-Fetch-Dest: a',
  'GET / HTTP/1.0\nConnection: keep-alive, close\n folded\n\n', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
].map((text) => (text.endsWith('\n') ? text : `${text}${'y'.repeat(Math.max(0, MESSAGE - 4 - text.length))}\r\n\r\n`)
  .padStart(MESSAGE, '\r\n'))
const FIELD_NAMES = encodeFieldNames()
const NAMES_AT = 60_000

/** One random walk over the exports, on all builds at once. */
function walk(seed: number, steps: number): void {
  const random = randomFrom(seed)
  const whole = (most: number): number => Math.floor(random() * most)
  const oddly = (usual: () => number): number => (random() < 0.06 ? ODD[whole(ODD.length)]! : usual())
  const handles: Record<Kind, number[]> = { parser: [], wheel: [], queue: [], timer: [], random: [], digest: [] }
  const handle = (kind: keyof typeof handles): number => {
    const known = handles[random() < 0.04 ? KINDS[whole(KINDS.length)]! : kind]
    return known[known.length - 1 - Math.min(whole(6), whole(Math.max(known.length, 1)))] ?? 0
  }
  const stage = new Uint8Array(STAGE_BYTES)
  stage.set(FIELD_NAMES, NAMES_AT)
  for (const core of all) {
    new Uint8Array(core.memory.buffer).set(stage, STAGE)
    core.httpNames(STAGE + NAMES_AT, FIELD_NAMES.length)
  }

  function argument(kind: Argument): number {
    switch (kind) {
      case 'parser': case 'wheel': case 'queue': case 'timer': case 'random': case 'digest':
        return oddly(() => handle(kind))
      case 'pointer': return oddly(() => STAGE + (isHTTP ? whole(4) * MESSAGE : whole(200)))
      case 'length': return oddly(() => whole(random() < 0.1 ? 40_000 : 120))
      case 'limit': return oddly(() => whole(random() < 0.5 ? 50 : 100_000))
      case 'flag': return whole(2)
      case 'list': return random() < 0.1 ? STAGE + whole(200) : STAGE + NAMES_AT
      case 'listLength': return random() < 0.2 ? whole(100) : FIELD_NAMES.length
      case 'mode': return oddly(() => (random() < 0.5 ? whole(2) : whole(128)))
      case 'few': return oddly(() => whole(60))
      case 'int': return oddly(() => whole(300) - 20)
      case 'count': return oddly(() => 1 + whole(5))
      case 'time': return random() < 0.05 ? [NaN, Infinity, -Infinity, -1, 1e300, 2 ** 48,
        1e-9][whole(7)]! : whole(random() < 0.5 ? 300 : 100_000) / (1 + whole(4))
      case 'scale': return random() < 0.1
        ? [NaN, 0, -1, Infinity, 1e9, 1e-300][whole(6)]! : [1, 1000, 0.5, 1e6][whole(4)]!
    }
  }

  let isHTTP = false

  /** Bytes of frames and of none. */
  function fill(): void {
    const kind = whole(7)
    isHTTP = kind > 4
    if (isHTTP) {
      for (let at = 0; at < 50_000; at += MESSAGE) {
        const message = MESSAGES[whole(MESSAGES.length)]!
        for (let i = 0; i < MESSAGE; i++) stage[at + i] = i < message.length ? message.charCodeAt(i) : 0x0a
        if (random() < 0.05) stage[at + whole(MESSAGE)] = whole(256)
      }
      return
    }
    for (let at = 0; at < 50_000;) {
      const length = whole(30)
      const head = kind === 0 ? '' : kind === 1 ? `${length}:` : kind === 2
        ? String.fromCharCode(0, length) : kind === 3 ? '\0\0\0\x04'
        : String.fromCharCode([0x81, 0x82, 0x01, 0x80, 0x89][whole(5)]!, 0x80 | length, 0, whole(2), 0, whole(2))
      const tail = kind === 0 ? (random() < 0.8 ? '\r\n' : '\n') : kind === 1 ? ',' : ''
      for (const c of head) stage[at++] = c.charCodeAt(0)
      const payload = kind === 3 ? 4 : length
      for (let i = 0; i < payload; i++) stage[at++] = random() < 0.01 ? 0x80 + whole(128) : 0x61 + whole(3)
      for (const c of tail) stage[at++] = c.charCodeAt(0)
    }
  }

  /** What a façade does between two calls, the same in all builds: runs some of what was handed out, fills an inbox. */
  function play(name: string, args: number[], result: number): void {
    const [first] = args as [number]
    for (const core of all) {
      const words = new Int32Array(core.memory.buffer)
      if ((name === 'timersAdvance' || name === 'timersMore') && result > 0) {
        const address = core.timersAddress(first)
        for (let i = 0; i < result - (result > 3 ? 1 : 0); i++) {
          const at = (address + WHEEL_OUT + i * WHEEL_OUT_BYTES) >> 2
          const version = words[at + 2]!
          const versionAt = words[at + 3]! >> 2
          if (words[versionAt] !== version) continue
          words[versionAt] = version + TIMER_RAN
          words[(address + WHEEL_COUNT) >> 2]!--
        }
      }
      if (name === 'queueAddress' && result > 0) {
        for (let i = 0; i < 512 * 3; i++) words[((result + QUEUE_INBOX) >> 2) + i] =
          Math.imul(i + first, 0x9e3779b1) >> (i % 3 === 1 ? 30 : 28)
      }
    }
  }

  for (let step = 0; step < steps; step++) {
    if (step % 40 === 0) fill()
    const name = OFTEN[whole(OFTEN.length)]!
    const args = CALLS[name].map(argument)
    if (name === 'lineParserNew' || name === 'lineParserConfigure') stage.set(['\n', '\r\n', 'aab', 'ab',
      'aaaaaaaaaab'].map((text) => [...text].map((c) => c.charCodeAt(0)))[whole(5)]!, 100)
    const results = all.map((core) => {
      if (/Receive|lineParser|httpNames|digestUpdate/.test(name)) new Uint8Array(core.memory.buffer).set(stage,
        STAGE)
      return (core[name] as (...args: number[]) => number)(...args)
    })
    expect([name, args, ...results]).toEqual([name, args, results[0], results[0], results[0]])
    const result = results[0]!
    const made = MAKERS[name]
    if (made !== undefined && result > 0) handles[made].push(result)
    if (name === 'parserReceive' && result >= 0) {
      const seen = all.map((core) => {
        const words = new Int32Array(core.memory.buffer)
        return [words[HEADER_CONSUMED >> 2], words[HEADER_ASCII >> 2], words[HEADER_HTTP_MORE >> 2],
          ...words.slice(RING >> 2, (RING + result * RECORD_BYTES) >> 2)]
      })
      expect(result).toBeLessThan(RING_RECORDS)
      expect(seen[1]).toEqual(seen[0])
      expect(seen[2]).toEqual(seen[0])
    }
    play(name, args, result)
  }
  for (const core of all) {
    for (const parser of handles.parser) core.parserFree(parser)
    for (const wheel of handles.wheel) core.timersFree(wheel)
    for (const queue of handles.queue) core.queueFree(queue)
    for (const one of handles.random) core.randomFree(one)
    for (const one of handles.digest) core.digestFree(one)
  }
  expectEqualMemory()
}

function expectEqualMemory(): void {
  const tops = all.map((core) => new Int32Array(core.memory.buffer)[HEADER_TOP >> 2]!)
  expect(tops).toEqual([tops[0], tops[0], tops[0]])
  const [first, ...others] = all.map((core) => new Uint8Array(core.memory.buffer, 1024, tops[0]! - 1024))
  for (const other of others) {
    let at = -1
    // Looked at one by one only where something differs.
    if (Buffer.compare(first!, other) !== 0) at = first!.findIndex((byte, i) => byte !== other[i])
    expect(at, `memory differs at ${at + 1024}: ${chars(first!.slice(at, at + 8))}`).toBe(-1)
  }
}

describe('the builds', () => {
  it('give the same results and records and leave the same memory, for any calls', () => {
    fc.assert(fc.property(fc.nat(2 ** 31 - 1), (seed) => walk(seed, 150)))
  })

  it('know all exports', () => {
    for (const core of all) {
      expect(Object.keys(core).filter((name) => name !== 'memory').sort()).toEqual([...NAMES].sort())
    }
  })
})
