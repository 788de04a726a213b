/**
 * The framing protocols over each way: what is sent in awkward pieces arrives as the frames that were sent.
 *
 * Source: SEMANTICS B01 to B22; twisted.protocols.basic.
 */
import {
  ConnectionDone, connectProtocol, Int16StringReceiver, Int32StringReceiver, Int8StringReceiver, LineReceiver,
  NetstringReceiver,
} from 'whorl'
import type { Failure, Protocol } from 'whorl'
import { ascii, equal, isA, latin1, pattern, until } from './checks.js'
import type { CaseContext, ContractSuite } from './contract.js'

type Strings = Int8StringReceiver | Int16StringReceiver | Int32StringReceiver | NetstringReceiver

/** What a protocol got, and how it ended. */
interface Got {
  readonly frames: (string | Uint8Array)[]
  reason: Error | null
}

/** Has a protocol write down its frames. */
function noting(protocol: Strings | LineReceiver): Got {
  const got: Got = { frames: [], reason: null }
  if ('lineReceived' in protocol) protocol.lineReceived = (line) => void got.frames.push(line)
  else protocol.stringReceived = (data) => void got.frames.push(data)
  const { connectionLost } = protocol
  protocol.connectionLost = (reason: Failure) => {
    connectionLost.call(protocol, reason)
    got.reason = reason.value
  }
  return got
}

async function connect<P extends Protocol>(context: CaseContext, protocol: P): Promise<P> {
  await connectProtocol(context.way.client(context.reactor, 'echo'), protocol)
  context.cleanup(() => protocol.transport.abortConnection())
  return protocol
}

/** Writes bytes cut at awkward places, each piece in a turn of its own. */
async function writeCut(context: CaseContext, protocol: Protocol, bytes: Uint8Array): Promise<void> {
  const sizes = [1, 1, 2, 3, 1, 7, 64, 1, 999, 4096]
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!
    protocol.transport.write(bytes.slice(at, at + size))
    at += size
    await new Promise<void>((resolve) => void context.reactor.callLater(0, resolve))
  }
}

const STRINGS = ['a', '', 'hello', 'x'.repeat(200), '\r\n', '5:hello,', 'end'].map(ascii)

/** The bytes of some strings, by hand. */
function prefixed(width: number): Uint8Array {
  const bytes: number[] = []
  for (const string of STRINGS) {
    for (let i = width - 1; i >= 0; i--) bytes.push(Math.floor(string.length / 256 ** i) % 256)
    bytes.push(...string)
  }
  return Uint8Array.from(bytes)
}

async function stringsComeBack(context: CaseContext, protocol: Strings, bytes: Uint8Array): Promise<void> {
  const got = noting(protocol)
  await connect(context, protocol)
  await writeCut(context, protocol, bytes)
  await until(context.reactor, () => got.frames.length >= STRINGS.length)
  equal(got.frames, STRINGS, 'what was cut by hand')
  for (const string of STRINGS) protocol.sendString(string)
  await until(context.reactor, () => got.frames.length >= 2 * STRINGS.length)
  equal(got.frames, [...STRINGS, ...STRINGS], 'what sendString sent')
  equal(got.reason, null)
}

export const framing: ContractSuite = {
  name: 'framing',
  perWay: true,
  cases: [
    {
      name: 'B01 B02 lines, cut anywhere, with lone CRs and LFs, in UTF-8',
      async run(context) {
        const protocol = new LineReceiver()
        const got = noting(protocol)
        await connect(context, protocol)
        const lines = ['a', '', 'lone \r and \n', 'y'.repeat(3000), 'grüße 日本 😀', 'end']
        protocol.transport.write(lines.slice(0, 3).join('\r\n'))
        await writeCut(context, protocol, ascii('\r\n'))
        await writeCut(context, protocol, ascii(`${lines[3]}\r\n`))
        protocol.sendLine(lines[4]!)
        protocol.sendLine(lines[5]!)
        await until(context.reactor, () => got.frames.length >= lines.length)
        equal(got.frames, lines)
      },
    },
    {
      name: 'B03 B04 raw mode and back, in the middle of what comes',
      async run(context) {
        const protocol = new LineReceiver()
        const got = noting(protocol)
        let raw = ''
        protocol.lineReceived = (line) => {
          got.frames.push(line)
          if (line === 'raw') protocol.setRawMode()
        }
        protocol.rawDataReceived = (data) => {
          raw += latin1(data)
          const end = raw.indexOf('.')
          if (end < 0) return
          const rest = ascii(raw.slice(end + 1))
          raw = raw.slice(0, end)
          protocol.setLineMode(rest)
        }
        await connect(context, protocol)
        await writeCut(context, protocol, ascii('one\r\nraw\r\nbytes\r\nof it.two\r\nthree\r\n'))
        await until(context.reactor, () => got.frames.length >= 4)
        equal([got.frames, raw], [['one', 'raw', 'two', 'three'], 'bytes\r\nof it'])
      },
    },
    {
      name: 'B11 a receiver that pauses after each line gets one for each resume',
      async run(context) {
        const protocol = new LineReceiver()
        const got = noting(protocol)
        let resumes = 0
        protocol.lineReceived = (line) => {
          got.frames.push(line)
          protocol.pauseProducing()
          context.reactor.callLater(0, () => {
            resumes += 1
            protocol.resumeProducing()
          })
        }
        await connect(context, protocol)
        protocol.transport.write('1\r\n2\r\n3\r\n4\r\n')
        await until(context.reactor, () => got.frames.length === 4 && resumes === 4)
        equal(got.frames, ['1', '2', '3', '4'])
      },
    },
    {
      name: 'B08 a line over the limit closes the connection; those before it were delivered',
      async run(context) {
        const protocol = new LineReceiver()
        protocol.maxLength = 10
        const got = noting(protocol)
        await connect(context, protocol)
        protocol.transport.write(`short\r\n${'x'.repeat(100)}\r\nafter\r\n`)
        await until(context.reactor, () => got.reason !== null)
        isA(got.reason, ConnectionDone)
        equal(got.frames, ['short'])
      },
    },
    {
      name: 'B17 netstrings',
      run(context) {
        const bytes = STRINGS.map((string) => `${string.length}:${latin1(string)},`).join('')
        return stringsComeBack(context, new NetstringReceiver(), ascii(bytes))
      },
    },
    {
      name: 'B18 what is no netstring closes the connection',
      async run(context) {
        const protocol = new NetstringReceiver()
        const got = noting(protocol)
        await connect(context, protocol)
        protocol.transport.write('2:ab,01:x,1:y,')
        await until(context.reactor, () => got.reason !== null)
        equal(got.frames, [ascii('ab')])
      },
    },
    {
      name: 'B21 strings behind 8, 16 and 32 bits of length',
      async run(context) {
        await stringsComeBack(context, new Int8StringReceiver(), prefixed(1))
        await stringsComeBack(context, new Int16StringReceiver(), prefixed(2))
        await stringsComeBack(context, new Int32StringReceiver(), prefixed(4))
      },
    },
    {
      name: 'B22 a length over the limit closes the connection',
      async run(context) {
        const protocol = new Int32StringReceiver()
        const got = noting(protocol)
        const lengths: number[] = []
        const { lengthLimitExceeded } = protocol
        protocol.lengthLimitExceeded = (length) => {
          lengths.push(length)
          lengthLimitExceeded.call(protocol, length)
        }
        await connect(context, protocol)
        protocol.transport.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3))
        await until(context.reactor, () => got.reason !== null)
        equal([lengths, got.frames], [[4_294_967_295], []])
      },
    },
    {
      name: 'a string of 1 MiB, whole',
      async run(context) {
        const protocol = new Int32StringReceiver()
        protocol.maxLength = 2_000_000
        const got = noting(protocol)
        await connect(context, protocol)
        protocol.sendString(pattern(1_048_576))
        protocol.sendString('after')
        await until(context.reactor, () => got.frames.length === 2)
        equal(got.frames, [pattern(1_048_576), ascii('after')])
      },
    },
  ],
}
