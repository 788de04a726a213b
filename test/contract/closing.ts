/**
 * Every way in which a connection ends, from either end, and from inside every callback.
 *
 * Source: SEMANTICS N01 to N05, N13, N14; twisted.internet.interfaces.IProtocol.connectionLost.
 */
import { ConnectionAborted, ConnectionDone, ConnectionLost } from 'whorl'
import { equal, equalBytes, isA, ok, pass, pattern, rejects, until } from './checks.js'
import type { ContractSuite } from './contract.js'
import { bytesOf, connectTo, HalfRecorder, logOf, lost, pair, Recorder, writeUntilStuck } from './recorder.js'

const MIB = 1_048_576

/** Long enough for what must not follow to follow, ms. */
const A_WHILE = 100

export const closing: ContractSuite = {
  name: 'closing',
  perWay: true,
  cases: [
    {
      name: 'N02 the far end closes: ConnectionDone',
      async run(context) {
        const protocol = await connectTo(context, 'close', new Recorder())
        isA(await lost(context, protocol), ConnectionDone)
        equal(protocol.events, ['made', 'lost'])
        ok(protocol.transport.disconnecting, 'disconnecting')
      },
    },
    {
      name: 'we close: ConnectionDone, once, in a later turn',
      async run(context) {
        const protocol = await connectTo(context, 'echo', new Recorder())
        protocol.transport.loseConnection()
        equal(protocol.events, ['made'], 'within the call')
        protocol.transport.loseConnection()
        isA(await lost(context, protocol), ConnectionDone)
        await pass(context.reactor, A_WHILE)
        equal(protocol.events, ['made', 'lost'])
      },
    },
    {
      name: 'N02 a clean close is ConnectionDone on both sides',
      listens: true,
      async run(context) {
        const { client, server } = await pair(context, new Recorder(), new Recorder())
        server.transport.loseConnection()
        isA(await lost(context, client), ConnectionDone, 'the client')
        isA(await lost(context, server), ConnectionDone, 'the server')
        equal([client.events, server.events], [['made', 'lost'], ['made', 'lost']])
      },
    },
    {
      name: 'N01 loseConnection delivers 1 MiB that was written before, and nothing written after',
      listens: true,
      async run(context) {
        const { client, server } = await pair(context, new Recorder(), new Recorder())
        client.transport.write(pattern(MIB))
        client.transport.loseConnection()
        client.transport.write('too late')
        isA(await lost(context, server), ConnectionDone, 'the server')
        equalBytes(server.bytes, pattern(MIB))
        isA(await lost(context, client), ConnectionDone, 'the client')
      },
    },
    {
      name: 'N01 loseConnection delivers what was on its way already and could not leave yet',
      listens: true,
      traits: ['backpressure'],
      async run(context) {
        const { client, server } = await pair(context, new Recorder(), new Recorder())
        server.transport.pauseProducing()
        const written = await writeUntilStuck(context, client)
        client.transport.loseConnection()
        await pass(context.reactor, A_WHILE)
        server.transport.resumeProducing()
        isA(await lost(context, server), ConnectionDone, 'the server')
        equal(server.bytes.length, written, 'bytes')
        isA(await lost(context, client), ConnectionDone, 'the client')
      },
    },
    {
      name: 'both sides close at once: ConnectionDone for both',
      listens: true,
      async run(context) {
        const { client, server } = await pair(context, new Recorder(), new Recorder())
        client.transport.write('last')
        client.transport.loseConnection()
        server.transport.write('last')
        server.transport.loseConnection()
        isA(await lost(context, client), ConnectionDone, 'the client')
        isA(await lost(context, server), ConnectionDone, 'the server')
      },
    },
    {
      name: 'the far end resets: ConnectionLost',
      traits: ['reset'],
      async run(context) {
        const protocol = await connectTo(context, 'reset', new Recorder())
        protocol.transport.write('x')
        const reason = isA(await lost(context, protocol), ConnectionLost)
        ok(!(reason instanceof ConnectionAborted), 'nobody here has aborted it')
        equal(protocol.events, ['made', 'lost'])
      },
    },
    {
      name: 'we abort: ConnectionAborted, in a later turn, whatever was not sent',
      async run(context) {
        const protocol = await connectTo(context, 'deaf', new Recorder())
        protocol.transport.write(pattern(4 * MIB))
        protocol.transport.abortConnection()
        equal(protocol.events, ['made'], 'within the call')
        isA(await lost(context, protocol), ConnectionAborted)
        await pass(context.reactor, A_WHILE)
        equal(protocol.events, ['made', 'lost'])
        equal(protocol.transport.writableLength, 0, 'writableLength')
      },
    },
    {
      name: 'N04 the far end of one that aborts gets ConnectionLost',
      listens: true,
      traits: ['reset'],
      async run(context) {
        const { client, server } = await pair(context, new Recorder(), new Recorder())
        server.transport.abortConnection()
        isA(await lost(context, server), ConnectionAborted, 'the server')
        const reason = isA(await lost(context, client), ConnectionLost, 'the client')
        ok(!(reason instanceof ConnectionAborted), 'the client has not aborted it')
      },
    },
    {
      name: 'N04 abortConnection in dataReceived: it finishes first, nothing is received after it',
      async run(context) {
        const protocol = new Recorder()
        const order: string[] = []
        protocol.onData = function () {
          order.push('begin')
          this.transport.abortConnection()
          order.push('end')
        }
        protocol.onLost = () => void order.push('lost')
        await connectTo(context, 'source', protocol)
        isA(await lost(context, protocol), ConnectionAborted)
        await pass(context.reactor, A_WHILE)
        equal(order, ['begin', 'end', 'lost'])
        equal(protocol.chunks.length, 1, 'chunks')
      },
    },
    {
      name: 'abortConnection after loseConnection that cannot end: ConnectionAborted',
      traits: ['backpressure'],
      async run(context) {
        const protocol = await connectTo(context, 'echo', new Recorder())
        protocol.transport.pauseProducing()
        await writeUntilStuck(context, protocol)
        protocol.transport.loseConnection()
        await pass(context.reactor, A_WHILE)
        equal(protocol.events, ['made'], 'while it is stuck')
        protocol.transport.abortConnection()
        isA(await lost(context, protocol), ConnectionAborted)
      },
    },
    {
      name: 'loseConnection in connectionMade: what was written goes out, ConnectionDone',
      async run(context) {
        const protocol = new Recorder()
        protocol.onMade = function () {
          this.transport.write('bye')
          this.transport.loseConnection()
        }
        await connectTo(context, 'echo', protocol)
        isA(await lost(context, protocol), ConnectionDone)
        equal(protocol.events.filter((event) => event !== 'data'), ['made', 'lost'])
      },
    },
    {
      name: 'abortConnection in connectionMade: ConnectionAborted, nothing received',
      async run(context) {
        const protocol = new Recorder()
        protocol.onMade = function () {
          this.transport.abortConnection()
        }
        await connectTo(context, 'greet', protocol)
        isA(await lost(context, protocol), ConnectionAborted)
        equal(protocol.events, ['made', 'lost'])
      },
    },
    {
      name: 'loseConnection in dataReceived: ConnectionDone, once',
      async run(context) {
        const protocol = new Recorder()
        protocol.onData = function () {
          this.transport.loseConnection()
        }
        await connectTo(context, 'greet', protocol)
        isA(await lost(context, protocol), ConnectionDone)
        await pass(context.reactor, A_WHILE)
        equal(protocol.events, ['made', 'data', 'lost'])
      },
    },
    {
      name: 'closing in connectionLost does nothing more',
      async run(context) {
        const protocol = new Recorder()
        protocol.onLost = function () {
          this.transport.write('x')
          this.transport.loseConnection()
          this.transport.abortConnection()
          this.transport.pauseProducing()
          this.transport.resumeProducing()
        }
        await connectTo(context, 'close', protocol)
        isA(await lost(context, protocol), ConnectionDone)
        await pass(context.reactor, A_WHILE)
        equal(protocol.events, ['made', 'lost'])
      },
    },
    {
      name: 'N05 dataReceived throws: it is logged, the connection closes, and that error is the reason',
      async run(context) {
        const log = logOf(context)
        const protocol = new Recorder()
        const error = new Error('planted')
        protocol.onData = () => {
          throw error
        }
        await connectTo(context, 'greet', protocol)
        ok(await lost(context, protocol) === error, 'the reason is what was thrown')
        ok(log.some((event) => event.failure?.value === error), 'it was logged')
        equal(protocol.events, ['made', 'data', 'lost'])
      },
    },
    {
      name: 'connectionMade throws: the attempt fails with that error, and the connection closes for it',
      async run(context) {
        logOf(context)
        const protocol = new Recorder()
        protocol.onMade = () => {
          throw new RangeError('planted')
        }
        const error = await rejects(connectTo(context, 'greet', protocol), RangeError)
        ok(await lost(context, protocol) === error, 'the reason is what was thrown')
        equal(protocol.events.filter((event) => event !== 'data'), ['made', 'lost'])
      },
    },
    {
      name: 'connectionLost throws: it is logged, and that is all',
      async run(context) {
        const log = logOf(context)
        const protocol = new Recorder()
        const error = new Error('planted')
        protocol.onLost = () => {
          throw error
        }
        await connectTo(context, 'close', protocol)
        isA(await lost(context, protocol), ConnectionDone)
        await until(context.reactor, () => log.some((event) => event.failure?.value === error))
        equal(protocol.events, ['made', 'lost'])
      },
    },
    {
      name: 'N13 loseWriteConnection: the far end gets all, we still get its answer, then ConnectionDone',
      traits: ['halfClose'],
      async run(context) {
        const protocol = await connectTo(context, 'discard', new HalfRecorder())
        protocol.transport.write(pattern(MIB))
        protocol.transport.loseWriteConnection()
        protocol.transport.write('too late')
        isA(await lost(context, protocol), ConnectionDone)
        equal(protocol.text, String(MIB))
        equal(protocol.events, ['made', 'write lost', 'data', 'read lost', 'lost'])
      },
    },
    {
      name: 'loseWriteConnection of a protocol that is told of no halves: the answer, then ConnectionDone',
      traits: ['halfClose'],
      async run(context) {
        const protocol = await connectTo(context, 'discard', new Recorder())
        protocol.transport.write('12345')
        protocol.transport.loseWriteConnection()
        isA(await lost(context, protocol), ConnectionDone)
        equal([protocol.text, protocol.events], ['5', ['made', 'data', 'lost']])
      },
    },
    {
      name: 'N13 the far end ends its side: readConnectionLost, and we may write on until we close',
      traits: ['halfClose', 'lastWord'],
      async run(context) {
        const protocol = await connectTo(context, 'half', new HalfRecorder())
        await until(context.reactor, () => protocol.events.includes('read lost'))
        await pass(context.reactor, A_WHILE)
        equal(protocol.events, ['made', 'read lost'])
        protocol.transport.write('still here')
        await protocol.transport.drain()
        await pass(context.reactor, A_WHILE)
        equal(protocol.events, ['made', 'read lost'])
        protocol.transport.loseConnection()
        isA(await lost(context, protocol), ConnectionDone)
        equal(protocol.events, ['made', 'read lost', 'lost'])
      },
    },
    {
      name: 'N13 both halves closed one after the other: ConnectionDone',
      traits: ['halfClose'],
      async run(context) {
        const protocol = new HalfRecorder()
        // Its end may come at once.
        protocol.onReadLost = function () {
          this.transport.loseWriteConnection()
        }
        await connectTo(context, 'half', protocol)
        isA(await lost(context, protocol), ConnectionDone)
        equal(protocol.events.filter((event) => event !== 'write lost'), ['made', 'read lost', 'lost'])
      },
    },
    {
      name: 'N14 the end of a far end to a protocol that is told of no halves: pending writes go out, ConnectionDone',
      traits: ['halfClose', 'lastWord'],
      listens: true,
      async run(context) {
        const server = new Recorder()
        server.onData = function (data) {
          for (let i = 0; i < 10; i++) this.transport.write(data)
        }
        const { client } = await pair(context, new HalfRecorder(), server)
        client.transport.write(pattern(50_000))
        client.transport.loseWriteConnection()
        isA(await lost(context, client), ConnectionDone, 'the client')
        equal(client.length, 500_000)
        isA(await lost(context, server), ConnectionDone, 'the server')
        equal(server.events, ['made', 'data', 'lost'])
      },
    },
    {
      name: 'readConnectionLost throws: that error is the reason',
      traits: ['halfClose'],
      async run(context) {
        const log = logOf(context)
        const protocol = new HalfRecorder()
        const error = new Error('planted')
        protocol.onReadLost = () => {
          throw error
        }
        await connectTo(context, 'half', protocol)
        ok(await lost(context, protocol) === error, 'the reason is what was thrown')
        ok(log.some((event) => event.failure?.value === error), 'it was logged')
      },
    },
    {
      name: 'after the end nothing is received, whatever was on its way',
      async run(context) {
        const protocol = await connectTo(context, 'source', new Recorder())
        await bytesOf(context, protocol, 1)
        protocol.transport.abortConnection()
        await lost(context, protocol)
        const { length } = protocol
        await pass(context.reactor, A_WHILE)
        equal(protocol.length, length, 'bytes received')
        equal(protocol.events.at(-1), 'lost')
      },
    },
  ],
}
