/**
 * NetstringReceiver and Int8/16/32StringReceiver against the flat model: for every stream of bytes, cut anywhere, and
 * for every script of what callbacks and the outside do meanwhile, both hand out the same events in the same order,
 * and tell the transport the same.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NetstringParseError } from '../../src/errors/index.js'
import {
  Int16StringReceiver, Int32StringReceiver, Int8StringReceiver, LineReceiver, NetstringReceiver,
} from '../../src/protocols/index.js'
import { StringTransport } from '../../src/testing/string-transport.js'
import { joined, play, runs, scriptOf, show, stepsOf, streamOf } from './basic-support.js'
import type { Action, Player, Trace } from './basic-support.js'
import { StringModel } from './basic-string-model.js'
import type { Format } from './basic-string-model.js'

const REASONS: [RegExp, string][] = [
  [/no comma/, 'no comma'], [/no length/, 'no length'], [/no digit/, 'no digit'], [/leading zero/, 'leading zero'],
  [/over the limit/, 'over the limit'],
]

type Receiver = NetstringReceiver | Int8StringReceiver | Int16StringReceiver | Int32StringReceiver

function makeReceiver(format: Format, trace: Trace, forgiving: boolean): Receiver {
  if (format === 'netstring') {
    return new (class extends NetstringReceiver {
      override stringReceived(data: Uint8Array): void {
        trace.event(`string ${show(data)}`)
      }

      override handleParseError(error: NetstringParseError): void {
        trace.event(`broken: ${REASONS.find(([pattern]) => pattern.test(error.message))?.[1]}`)
        if (!forgiving) super.handleParseError(error)
      }
    })()
  }
  const bases = { 1: Int8StringReceiver, 2: Int16StringReceiver, 4: Int32StringReceiver }
  return new (class extends (bases[format] as typeof Int32StringReceiver) {
    override stringReceived(data: Uint8Array): void {
      trace.event(`string ${show(data)}`)
    }

    override lengthLimitExceeded(length: number): void {
      trace.event(`broken: limit ${length}`)
      if (!forgiving) super.lengthLimitExceeded(length)
    }
  })()
}

/** A real receiver whose callbacks follow a script. */
class Real implements Player {
  readonly #transport = new StringTransport()
  readonly #receiver: Receiver
  readonly #other: LineReceiver
  #othersGot = 0
  #othersSent = 0

  constructor(format: Format, trace: Trace, forgiving: boolean, limit: number) {
    this.#receiver = makeReceiver(format, trace, forgiving)
    this.#receiver.maxLength = limit
    this.#receiver.makeConnection(this.#transport)
    const got = (): void => void this.#othersGot++
    this.#other = new (class extends LineReceiver {
      override lineReceived = got
    })()
    this.#other.makeConnection(new StringTransport())
  }

  state(): string {
    const { producerState, disconnecting, aborted } = this.#transport
    return [producerState, disconnecting, aborted].join(' ')
  }

  act(action: Action): void {
    const receiver = this.#receiver
    switch (action.do) {
      case 'receive': return receiver.dataReceived(action.data)
      case 'pause': return receiver.pauseProducing()
      case 'resume': return receiver.resumeProducing()
      case 'lose': return this.#transport.loseConnection()
      case 'abort': return this.#transport.abortConnection()
      case 'limit': return void (receiver.maxLength = action.to)
      case 'others': {
        // Another connection uses the same core in the middle of everything.
        this.#other.dataReceived(Buffer.from('a\r\nbb\r\ncc'))
        this.#other.dataReceived(Buffer.from('c\r\n'))
        this.#othersSent += 3
        expect(this.#othersGot).toBe(this.#othersSent)
        return
      }
      default: // Only a callback throws, and the trace does that.
    }
  }

  end(): void {
    this.#receiver.connectionLost(undefined as never)
    this.#other.connectionLost(undefined as never)
  }
}

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))
const limit = fc.constantFrom(0, 1, 3, 9, 10, 300, 99999, Infinity)

function prefixed(format: Format, payload: Uint8Array): Uint8Array {
  if (format === 'netstring') return joined([Buffer.from(`${payload.length}:`), payload, Buffer.from(',')])
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32BE(payload.length)
  return joined([prefix.subarray(4 - format), payload])
}

function tokens(format: Format): fc.Arbitrary<Uint8Array> {
  const payload = fc.oneof(
    { weight: 12, arbitrary: fc.uint8Array({ maxLength: 12 }) },
    { weight: 3, arbitrary: fc.integer({ min: 100, max: 600 }).map((length) => new Uint8Array(length).fill(0x31)) },
    { weight: 1, arbitrary: fc.integer({ min: 65500, max: 65545 }).map((length) => new Uint8Array(length).fill(0x31)) },
  )
  const good = payload.map((data) => prefixed(format, data.subarray(0, format === 1 ? 255 : 65535)))
  const bad = format === 'netstring'
    ? fc.constantFrom('0', '1', '12', ':', ',', 'a', '01:a,', '1:aa', '99999999999').map(bytes)
    : fc.uint8Array({ maxLength: 5 })
  return fc.oneof({ weight: 20, arbitrary: good }, { weight: 1, arbitrary: bad })
}

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Action>({ do: 'pause' }, { do: 'pause' }, { do: 'resume' }) },
  { weight: 3, arbitrary: fc.constantFrom<Action>({ do: 'throw' }, { do: 'others' }) },
  { weight: 3, arbitrary: limit.map((to): Action => ({ do: 'limit', to })) },
  { weight: 3, arbitrary: fc.constantFrom('', '1:a,', '\x01a', '\x00\x01a', '\x00\x00\x00\x01a')
    .map((text): Action => ({ do: 'receive', data: bytes(text) })) },
  { weight: 1, arbitrary: fc.constantFrom<Action>({ do: 'lose' }, { do: 'abort' }) },
)

describe('strings and their model agree', () => {
  for (const format of ['netstring', 1, 2, 4] as const) {
    const name = format === 'netstring' ? 'NetstringReceiver' : `Int${8 * format}StringReceiver`
    it(`${name}: any bytes, any cuts, any script`, () => {
      const program = fc.record({
        steps: stepsOf(streamOf(tokens(format), 20), action),
        script: scriptOf(action),
        forgiving: fc.boolean(),
      })
      fc.assert(fc.property(program, fc.oneof(fc.constant(99999), limit), (program, limit) => {
        let real: Real | undefined
        const seen = play(program, (trace, forgiving) => (real = new Real(format, trace, forgiving, limit)))
        real?.end()
        expect(seen).toEqual(play(program, (trace, forgiving) => new StringModel(trace, format, forgiving, limit)))
      }), runs(400))
    })
  }
})
