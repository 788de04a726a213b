/**
 * A line parser whose handler does anything at any event, against a receiver that keeps all its bytes in one string.
 *
 * Invariant: the same log of lines, raw bytes, over-long lines and thrown errors, for the same chunks and actions.
 */
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { LineParser } from '../../src/core/index.js'
import { bytes, chars, cutAt } from '../unit/core/support/bytes.js'
import { BUILDS, coreOf } from '../unit/core/support/builds.js'

interface Receiver {
  receive(chunk: string): void
  pause(): void
  resume(): void
  configure(delimiter: string, maxLength: number): void
  setRawMode(): void
  setLineMode(extra?: string): void
  clear(): string
}

type Action =
  | { do: 'nothing' | 'pause' | 'pause and resume' | 'clear' | 'throw' | 'other' | 'raw' | 'line' }
  | { do: 'configure'; delimiter: string; limit: number }
  | { do: 'receive' | 'extra' | 'both'; text: string }

/** The rules of SEMANTICS B03 to B15, with all bytes in one string. */
class ReferenceReceiver implements Receiver {
  buffer = ''
  isRaw = false
  isPaused = false
  isBusy = false
  /** Told of each event; it may call back. */
  onEvent: (event: string) => void = () => {}

  constructor(public delimiter: string, public limit: number) {}

  receive(chunk: string): void {
    this.buffer += chunk
    this.run()
  }

  run(): void {
    if (this.isBusy) return
    this.isBusy = true
    try {
      while (!this.isPaused && this.buffer !== '') {
        if (this.isRaw) {
          const data = this.buffer
          this.buffer = ''
          this.onEvent(`raw:${data}`)
          continue
        }
        const at = this.buffer.indexOf(this.delimiter)
        if (at < 0 ? this.buffer.length >= this.limit + this.delimiter.length : at > this.limit) {
          const data = this.buffer
          this.buffer = ''
          this.onEvent(`long:${data}`)
        } else if (at >= 0) {
          const line = this.buffer.slice(0, at)
          this.buffer = this.buffer.slice(at + this.delimiter.length)
          this.onEvent(`line:${line}`)
        } else {
          return
        }
      }
    } finally {
      this.isBusy = false
    }
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    this.run()
  }

  configure(delimiter: string, limit: number): void {
    this.delimiter = delimiter
    this.limit = limit
    this.run()
  }

  setRawMode(): void {
    this.isRaw = true
    this.run()
  }

  setLineMode(extra = ''): void {
    this.buffer = this.isRaw ? extra + this.buffer : this.buffer + extra
    this.isRaw = false
    this.run()
  }

  clear(): string {
    const all = this.buffer
    this.buffer = ''
    return all
  }
}

function adapt(parser: LineParser<'latin1' | 'bytes'>): Receiver {
  return {
    receive: (chunk) => parser.receive(bytes(chunk)),
    pause: () => parser.pause(),
    resume: () => parser.resume(),
    configure: (delimiter, maxLength) => parser.configure({ delimiter, maxLength }),
    setRawMode: () => parser.setRawMode(),
    setLineMode: (extra) => parser.setLineMode(extra === undefined ? undefined : bytes(extra)),
    clear: () => chars(parser.clear()),
  }
}

/** Feeds the chunks, does the n-th action at the n-th event, and resumes after each chunk; the log. */
function play(receiver: Receiver, hear: (listener: (event: string) => void) => void, chunks: string[],
  actions: Action[], other: () => void): string[] {
  const log: string[] = []
  hear((event) => {
    log.push(event)
    const action = actions[log.length % (actions.length + 1)] ?? { do: 'nothing' }
    if (log.length > 500) return
    if (action.do === 'pause') receiver.pause()
    if (action.do === 'pause and resume') {
      receiver.pause()
      receiver.resume()
    }
    if (action.do === 'clear') log.push(`cleared:${receiver.clear()}`)
    if (action.do === 'throw') throw new Error('from the handler')
    if (action.do === 'other') other()
    if (action.do === 'raw') receiver.setRawMode()
    if (action.do === 'line') receiver.setLineMode()
    if (action.do === 'configure') receiver.configure(action.delimiter, action.limit)
    // What comes from inside comes back as events: not for ever.
    if (log.length > 100) return
    if (action.do === 'receive') receiver.receive(action.text)
    if (action.do === 'extra') receiver.setLineMode(action.text)
    if (action.do === 'both') {
      receiver.setRawMode()
      receiver.setLineMode(action.text)
    }
  })
  const attempt = (call: () => void): void => {
    try {
      call()
    } catch (error) {
      log.push(`thrown:${(error as Error).message}`)
    }
  }
  for (const chunk of chunks) {
    attempt(() => receiver.receive(chunk))
    attempt(() => receiver.resume())
  }
  attempt(() => receiver.setLineMode())
  // Each event may have paused.
  for (let before = -1, i = 0; i < 300 && before < log.length; i++) {
    before = log.length
    attempt(() => receiver.resume())
  }
  attempt(() => void log.push(`rest:${receiver.clear()}`))
  return log
}

const text = fc.array(fc.constantFrom('a', 'b', '\n', '\n', '\r\n', 'ab', 'aab', 'word', '-'),
  { maxLength: 6, size: 'max' }).map((all) => all.join(''))
const delimiter = fc.constantFrom('\n', '\r\n', 'a', 'aab', '-', 'ab')
// Small limits drop all that waits, and so would end most streams early.
const limit = fc.oneof({ weight: 5, arbitrary: fc.constant(5000) }, { weight: 1, arbitrary: fc.nat(30) })
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constantFrom('nothing', 'nothing', 'nothing', 'pause', 'pause', 'pause and resume', 'throw',
    'throw', 'other', 'other', 'raw', 'line', 'clear') }),
  fc.record({ do: fc.constant('configure' as const), delimiter, limit }),
  fc.record({ do: fc.constantFrom('receive', 'extra', 'both'), text }),
) as fc.Arbitrary<Action>
const stream = fc.noBias(fc.array(fc.constantFrom('a', 'b', '\n', '\n', '\r\n', 'aab', 'some words', '-', 'aa'),
  { maxLength: 160, size: 'max' })).map((all) => all.join(''))

describe.each(BUILDS)('a line parser in anyone\'s hands (%s)', (build) => {
  const core = coreOf(build)

  afterAll(() => expect(core.memoryUsage().parsers).toBe(0))

  it('does what one string would', () => {
    const seen: string[] = []
    const other = core.lineParser({ delimiter: '\n', handler: { line: (line: string) => void seen.push(line) } })
    fc.assert(fc.property(stream, fc.array(fc.nat(700), { maxLength: 8, size: 'max' }), fc.array(action, { maxLength: 12, size: 'max' }),
      delimiter, limit, fc.boolean(),
      (stream, cuts, actions, delimiter, limit, asBytes) => {
        const chunks = cutAt(bytes(stream), cuts).map(chars)
        const reference = new ReferenceReceiver(delimiter, limit)
        const expected = play(reference, (listener) => void (reference.onEvent = listener), chunks, actions, () => {})
        let heard: (event: string) => void = () => {}
        const parser = core.lineParser({
          delimiter,
          maxLength: limit,
          encoding: asBytes ? 'bytes' : 'latin1',
          handler: {
            line: (line: string | Uint8Array) => heard(`line:${typeof line === 'string' ? line : chars(line)}`),
            lineTooLong: (data) => heard(`long:${chars(data)}`),
            raw: (data) => heard(`raw:${chars(data)}`),
          },
        })
        let fed = 0
        seen.length = 0
        const log = play(adapt(parser), (listener) => void (heard = listener), chunks, actions, () => {
          other.receive(bytes(`one\ntwo ${fed++}\n`))
        })
        parser.free()
        expect(log).toEqual(expected)
        expect(seen).toEqual(Array.from({ length: fed * 2 }, (_, i) => (i % 2 === 0 ? 'one' : `two ${i >> 1}`)))
      }))
    other.free()
  })
})
