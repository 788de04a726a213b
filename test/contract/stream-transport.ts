/**
 * What every stream transport does with bytes: delivery, order, cuts, counters, addresses, drain, writes after the end.
 *
 * Source: SEMANTICS N01 to N03; twisted.internet.interfaces.ITransport.
 */
import { ConnectionDone, Protocol } from 'whorl'
import { ascii, equal, equalBytes, isA, join, latin1, ok, pattern, throws } from './checks.js'
import type { CaseContext, ContractSuite } from './contract.js'
import { bytesOf, connectTo, HalfRecorder, lost, Recorder } from './recorder.js'

const MIB = 1_048_576

/** The transport's own counters, which go beyond what `Protocol` is promised. */
interface Counters { readonly bytesIn: number, readonly bytesOut: number }

/** Sends and has it back. */
async function echoed(context: CaseContext, write: (protocol: Recorder) => void, length: number): Promise<Recorder> {
  const protocol = await connectTo(context, 'echo', new Recorder())
  write(protocol)
  await bytesOf(context, protocol, length)
  return protocol
}

export const streamTransport: ContractSuite = {
  name: 'stream-transport',
  perWay: true,
  cases: [
    {
      name: 'delivers what the far end says first',
      async run(context) {
        const protocol = await connectTo(context, 'greet', new Recorder())
        await bytesOf(context, protocol, 7)
        equal(protocol.text, 'hello\r\n')
        equal(protocol.events, ['made', 'data'])
      },
    },
    {
      name: 'is connected before connectionMade, with addresses on both sides',
      async run(context) {
        const protocol = new Recorder()
        const seen: unknown[] = []
        protocol.onMade = function () {
          seen.push(this.connected, this.transport.disconnecting, this.transport.getPeer(), this.transport.getHost())
        }
        await connectTo(context, 'echo', protocol)
        equal(seen.slice(0, 2), [true, false])
        for (const address of seen.slice(2)) ok(typeof (address as { type?: unknown })?.type === 'string', 'an address')
      },
    },
    {
      name: 'echoes bytes as they are, all 256 of them',
      async run(context) {
        const all = Uint8Array.from({ length: 256 }, (_, i) => i)
        const protocol = await echoed(context, (one) => one.transport.write(all), 256)
        equalBytes(protocol.bytes, Uint8Array.from({ length: 256 }, (_, i) => i))
      },
    },
    {
      name: 'sends strings as UTF-8',
      async run(context) {
        const protocol = await echoed(context, (one) => one.transport.write('aé日😀'), 10)
        equal([...protocol.bytes], [0x61, 0xc3, 0xa9, 0xe6, 0x97, 0xa5, 0xf0, 0x9f, 0x98, 0x80])
      },
    },
    {
      name: 'sends the pieces of a sequence in order, of either kind, empty ones too',
      async run(context) {
        const protocol = await echoed(context, (one) => {
          one.transport.write('')
          one.transport.writeSequence(['one,', ascii('two,'), '', new Uint8Array(0), 'three'])
          one.transport.writeSequence([])
        }, 13)
        equal(protocol.text, 'one,two,three')
      },
    },
    {
      name: 'keeps the order of 5,000 small writes',
      async run(context) {
        const expected: string[] = []
        for (let i = 0; i < 5000; i++) expected.push(`${i},`)
        const text = expected.join('')
        const protocol = await echoed(context, ({ transport }) => {
          for (const [i, one] of expected.entries()) transport.write(i % 2 === 0 ? one : ascii(one))
        }, text.length)
        equalBytes(protocol.bytes, ascii(text))
      },
    },
    {
      name: 'echoes 1 MiB in one write, and counts it',
      async run(context) {
        const protocol = await echoed(context, (one) => one.transport.write(pattern(MIB)), MIB)
        equalBytes(protocol.bytes, pattern(MIB))
        const { bytesIn, bytesOut } = protocol.transport as unknown as Counters
        equal([bytesIn, bytesOut], [MIB, MIB], 'bytesIn and bytesOut')
      },
    },
    {
      name: 'echoes 300,000 bytes in writes of awkward sizes, from many turns',
      async run(context) {
        const sizes = [1, 2, 3, 1000, 1460, 4095, 4096, 4097, 16_383, 65_535, 65_537]
        const protocol = await connectTo(context, 'echo', new Recorder())
        let sent = 0
        let turn = 0
        await new Promise<void>((resolve) => {
          const send = (): void => {
            const size = Math.min(sizes[turn++ % sizes.length]!, 300_000 - sent)
            protocol.transport.write(pattern(size, sent))
            sent += size
            if (sent === 300_000) resolve()
            else context.reactor.callLater(0, send)
          }
          send()
        })
        await bytesOf(context, protocol, 300_000)
        equalBytes(protocol.bytes, pattern(300_000))
      },
    },
    {
      name: 'receives 1 MiB that the far end sends at once, then its end',
      async run(context) {
        const protocol = await connectTo(context, 'source', new Recorder())
        isA(await lost(context, protocol), ConnectionDone)
        equalBytes(protocol.bytes, pattern(MIB))
        equal(protocol.events, ['made', 'data', 'lost'])
      },
    },
    {
      name: 'receives bytes that come one by one',
      async run(context) {
        const protocol = await connectTo(context, 'trickle', new Recorder())
        isA(await lost(context, protocol), ConnectionDone)
        equal([...protocol.bytes], Array.from({ length: 256 }, (_, i) => i))
      },
    },
    {
      name: 'gives each chunk to its receiver for good',
      async run(context) {
        const protocol = await connectTo(context, 'source', new Recorder())
        const sums: number[] = []
        const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total * 31 + byte) | 0, 0)
        protocol.onData = (data) => void sums.push(sum(data))
        await lost(context, protocol)
        ok(protocol.chunks.length > 1, 'it came in more than one chunk')
        // Those that came before onData was set have no sum.
        equal(protocol.chunks.slice(-sums.length).map(sum), sums, 'what was kept')
      },
    },
    {
      name: 'sends what was written in connectionMade first',
      async run(context) {
        const protocol = new Recorder()
        protocol.onMade = function () {
          this.transport.write('first')
        }
        await connectTo(context, 'echo', protocol)
        protocol.transport.write(' second')
        equal(latin1(await bytesOf(context, protocol, 12)), 'first second')
      },
    },
    {
      name: 'may be written to from inside dataReceived',
      async run(context) {
        const protocol = new Recorder()
        protocol.onData = function () {
          if (this.length < 50) this.transport.write(`${this.length} `)
        }
        await connectTo(context, 'echo', protocol)
        protocol.transport.write('go ')
        const bytes = await bytesOf(context, protocol, 50)
        ok(latin1(bytes).startsWith('go 3 '), `it began ${latin1(bytes).slice(0, 20)}`)
      },
    },
    {
      name: 'drain() fires once what was written is with the host, and at once when nothing is',
      async run(context) {
        const protocol = await connectTo(context, 'echo', new Recorder())
        await protocol.transport.drain()
        protocol.transport.write(pattern(MIB))
        ok(protocol.transport.writableLength > 0, 'something waits')
        await protocol.transport.drain()
        ok(protocol.transport.writableLength <= 65_536, 'little waits')
        await bytesOf(context, protocol, MIB)
        equal(protocol.transport.writableLength, 0, 'writableLength')
      },
    },
    {
      name: 'N01 N03 drops what is written after loseConnection and after the end',
      traits: ['halfClose'],
      async run(context) {
        const protocol = await connectTo(context, 'echo', new Recorder())
        protocol.transport.write('kept')
        protocol.transport.loseConnection()
        protocol.transport.write('dropped')
        protocol.transport.writeSequence(['dropped', 'too'])
        ok(protocol.transport.disconnecting, 'disconnecting')
        await lost(context, protocol)
        protocol.transport.write('dropped')
        protocol.transport.loseConnection()
        protocol.transport.abortConnection()
        equal(protocol.transport.writableLength, 0, 'writableLength')
        equal(protocol.events.filter((event) => event === 'lost'), ['lost'])
      },
    },
    {
      name: 'refuses to write what is neither bytes nor a string',
      async run(context) {
        const protocol = await connectTo(context, 'echo', new Recorder())
        for (const wrong of [7, null, undefined, {}, [1, 2]]) {
          throws(() => protocol.transport.write(wrong as never), TypeError, String(wrong))
        }
        protocol.transport.write('still there')
        equal(latin1(await bytesOf(context, protocol, 11)), 'still there')
      },
    },
    {
      name: 'has any number of connections side by side, each with its own bytes',
      async run(context) {
        const all = await Promise.all(Array.from({ length: 12 }, () => connectTo(context, 'echo', new Recorder())))
        for (const [i, one] of all.entries()) one.transport.write(pattern(5000, i))
        await Promise.all(all.map((one) => bytesOf(context, one, 5000)))
        for (const [i, one] of all.entries()) equalBytes(one.bytes, pattern(5000, i), `connection ${i}`)
      },
    },
    {
      name: 'a second connection of the same endpoint is as the first',
      async run(context) {
        const endpoint = context.way.client(context.reactor, 'greet')
        for (let life = 0; life < 2; life++) {
          const protocol = new Recorder()
          await endpoint.connect({ buildProtocol: () => protocol, doStart: () => undefined, doStop: () => undefined })
          equal(latin1(await bytesOf(context, protocol, 7)), 'hello\r\n')
          protocol.transport.loseConnection()
          isA(await lost(context, protocol), ConnectionDone)
        }
      },
    },
    {
      name: 'can be iterated over in place of dataReceived',
      async run(context) {
        const protocol = new HalfRecorder()
        const taken = new Promise<Uint8Array[]>((resolve, reject) => {
          protocol.onMade = function () {
            gather(this).then(resolve, reject)
          }
        })
        await connectTo(context, 'trickle', protocol)
        equal([...join(await taken)], Array.from({ length: 256 }, (_, i) => i))
        equal(protocol.chunks.length, 0, 'chunks of the protocol')
      },
    },
    {
      name: 'hands over to another protocol with switchProtocol, which gets all that comes from then on',
      async run(context) {
        const first = await connectTo(context, 'greet', new Recorder())
        await bytesOf(context, first, 7)
        const second = new Recorder()
        ;(first.transport as unknown as { switchProtocol(to: Protocol, options?: { rest: Uint8Array }): void })
          .switchProtocol(second, { rest: ascii('rest ') })
        second.transport.write('more')
        equal(latin1(await bytesOf(context, second, 9)), 'rest more')
        second.transport.loseConnection()
        isA(await lost(context, second), ConnectionDone)
        equal(first.events, ['made', 'data'], 'what the first heard')
        first.connected = false
      },
    },
  ],
}

async function gather(protocol: Recorder): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of protocol.transport) chunks.push(chunk)
  return chunks
}
