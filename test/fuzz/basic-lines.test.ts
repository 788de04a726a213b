/**
 * LineReceiver and LineOnlyReceiver against the flat model: for every stream of bytes, cut anywhere, and for every
 * script of what callbacks and the outside do meanwhile, both hand out the same events in the same order, tell the
 * transport the same, and keep the same rest.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineOnlyReceiver, LineReceiver, NetstringReceiver } from '../../src/protocols/index.js'
import { StringTransport } from '../../src/testing/string-transport.js'
import { LineModel, showText } from './basic-line-model.js'
import type { Encoding } from './basic-line-model.js'
import { joined, play, runs, scriptOf, show, stepsOf, streamOf } from './basic-support.js'
import type { Action, Player, Program, Trace } from './basic-support.js'

type Receiver = LineReceiver<string | Uint8Array>

/** A real receiver whose callbacks follow a script. */
class Real implements Player {
  readonly #trace: Trace
  readonly #transport = new StringTransport()
  readonly #receiver: Receiver
  readonly #other: NetstringReceiver
  #othersGot = 0
  #othersSent = 0

  constructor(
    base: typeof LineOnlyReceiver, trace: Trace, encoding: Encoding, forgiving: boolean,
    delimiter: string | Uint8Array, limit: number,
  ) {
    this.#trace = trace
    const shown = (line: string | Uint8Array): string => (typeof line === 'string' ? showText(line) : show(line))
    const transport = this.#transport
    class Scripted extends (base as typeof LineReceiver<string | Uint8Array>) {
      override lineReceived(line: string | Uint8Array): void {
        trace.event(`line ${shown(line)}`)
      }

      override rawDataReceived(data: Uint8Array): void {
        trace.event(`raw ${show(data)}`)
      }

      override lineLengthExceeded(line: string | Uint8Array): void {
        trace.event(`too long ${shown(line)}`)
        if (!forgiving) super.lineLengthExceeded(line)
      }
    }
    this.#receiver = new Scripted()
    this.#receiver.encoding = encoding
    this.#receiver.delimiter = delimiter
    this.#receiver.maxLength = limit
    this.#receiver.makeConnection(transport)
    const got = (): void => void this.#othersGot++
    this.#other = new (class extends NetstringReceiver {
      override stringReceived = got
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
      case 'raw': return receiver.setRawMode()
      case 'lines': return receiver.setLineMode(action.extra)
      case 'clear': return this.#trace.note(`cleared ${show(receiver.clearLineBuffer())}`)
      case 'lose': return this.#transport.loseConnection()
      case 'abort': return this.#transport.abortConnection()
      case 'delimiter': return void (receiver.delimiter = action.to)
      case 'limit': return void (receiver.maxLength = action.to)
      case 'others': {
        // Another connection uses the same core in the middle of everything.
        this.#other.dataReceived(Buffer.from('1:a,2:bb,3:c'))
        this.#other.dataReceived(Buffer.from('cc,'))
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

const DELIMITERS = [
  '\r\n', '\n', 'a', 'ab', 'aab', '\r\n\r\n', Uint8Array.of(0xa9), 'aabaabaab', 'abababababababababb',
] as const
const delimiter = fc.constantFrom<string | Uint8Array>(...DELIMITERS)
const limit = fc.constantFrom(0, 1, 2, 3, 6, 20, 600, 16384, Infinity)
const token = fc.oneof(
  fc.constantFrom('\r\n', '\r\n', '\n', '\r', 'a', 'b', 'ab', 'aab', 'é', '€', '\u{1f600}', '\ufeff', ' ').map((text) =>
    Uint8Array.from(Buffer.from(text))),
  fc.constantFrom(...DELIMITERS).map((bytes) => Uint8Array.from(Buffer.from(bytes as string))),
  fc.uint8Array({ maxLength: 3 }),
)
const few = fc.array(token, { maxLength: 4, size: 'max' }).map(joined)

const plain: fc.Arbitrary<Action>[] = [
  fc.constantFrom<Action>({ do: 'clear' }, { do: 'throw' }, { do: 'others' }),
  fc.constantFrom<Action>({ do: 'pause' }, { do: 'pause' }, { do: 'resume' }),
  delimiter.map((to) => ({ do: 'delimiter', to })),
  limit.map((to) => ({ do: 'limit', to })),
  few.map((data) => ({ do: 'receive', data })),
]
const modes: fc.Arbitrary<Action>[] = [
  fc.constant({ do: 'raw' }),
  few.map((extra) => ({ do: 'lines', extra })),
]
const ends: fc.Arbitrary<Action> = fc.constantFrom({ do: 'lose' }, { do: 'abort' })

function programs(kinds: fc.Arbitrary<Action>[]): fc.Arbitrary<Program> {
  const action = fc.oneof(...kinds.map((arbitrary) => ({ weight: 6, arbitrary })), { weight: 1, arbitrary: ends })
  return fc.record({
    steps: stepsOf(streamOf(token, 40), action),
    script: scriptOf(action),
    forgiving: fc.boolean(),
  })
}

const settings = fc.record({
  encoding: fc.constantFrom<Encoding>('utf8', 'latin1', 'bytes'),
  delimiter: fc.oneof(fc.constant('\r\n'), delimiter),
  limit: fc.oneof(fc.constant(16384), limit),
})

function compare(base: typeof LineOnlyReceiver, kinds: fc.Arbitrary<Action>[], few: number): void {
  fc.assert(fc.property(programs(kinds), settings, (program, { encoding, delimiter, limit }) => {
    let real: Real | undefined
    const seen = play(program, (trace, forgiving) =>
      (real = new Real(base, trace, encoding, forgiving, delimiter, limit)))
    real?.end()
    expect(seen).toEqual(play(program, (trace, forgiving) =>
      new LineModel(trace, encoding, forgiving, delimiter, limit)))
  }), runs(few))
}

describe('lines and their model agree', () => {
  it('LineReceiver: any bytes, any cuts, any script', () => {
    compare(LineReceiver, [...plain, ...modes], 2000)
  })

  it('LineOnlyReceiver: any bytes, any cuts, any script', () => {
    compare(LineOnlyReceiver, plain, 700)
  })
})
