/**
 * Producers and backpressure: a transport slows who writes to it, and can be slowed by who reads from it.
 *
 * Source: SEMANTICS N15 to N19; twisted.internet.interfaces.IConsumer, IPushProducer, IPullProducer.
 */
import { ConnectionDone, ProducerAlreadyRegistered, WriteLimitExceeded } from 'whorl'
import { equal, equalBytes, isA, latin1, ok, pass, pattern, throws, until } from './checks.js'
import type { CaseContext, ContractSuite } from './contract.js'
import { bytesOf, connectTo, HalfRecorder, listenAt, connectBy, lost, pair, Recorder, writeUntilStuck } from './recorder.js'

const MIB = 1_048_576

/** MiB for a far end that does not read yet. */
const MUCH = 32

/** Long enough for what must not happen to happen, ms. */
const A_WHILE = 150

/** Writes down what it is told, and writes as long as it may. */
class Pusher {
  readonly told: string[] = []
  readonly #target: Recorder
  #left: number

  constructor(target: Recorder, bytes: number) {
    this.#target = target
    this.#left = bytes
  }

  produce(): void {
    while (this.#left > 0 && this.told.at(-1) !== 'pause') {
      const size = Math.min(20_000, this.#left)
      this.#left -= size
      this.#target.transport.write(new Uint8Array(size))
    }
    if (this.#left === 0) {
      this.#left = -1
      this.#target.transport.unregisterProducer()
    }
  }

  get done(): boolean {
    return this.#left === -1
  }

  pauseProducing(): void {
    this.told.push('pause')
  }

  resumeProducing(): void {
    this.told.push('resume')
    this.produce()
  }

  stopProducing(): void {
    this.told.push('stop')
  }
}

/** A connection to an echo that we do not read, until that stops our writes. */
async function pausedEcho(context: CaseContext): Promise<{ protocol: Recorder, written: number }> {
  const protocol = await connectTo(context, 'echo', new Recorder())
  protocol.transport.pauseProducing()
  return { protocol, written: await writeUntilStuck(context, protocol) }
}

export const producers: ContractSuite = {
  name: 'producers',
  perWay: true,
  cases: [
    {
      name: 'N15 a push producer is paused once over 65,536 bytes, resumed once when all went out',
      async run(context) {
        const protocol = await connectTo(context, 'echo', new Recorder())
        const producer = new Pusher(protocol, 200_000)
        protocol.transport.registerProducer(producer, true)
        protocol.transport.write(new Uint8Array(65_536))
        equal(producer.told, [], 'at 65,536 bytes')
        protocol.transport.write('x')
        equal(producer.told, ['pause'], 'one more')
        protocol.transport.write(new Uint8Array(100_000))
        equal(producer.told, ['pause'], 'many more')
        await until(context.reactor, () => producer.done)
        await bytesOf(context, protocol, 365_537)
        ok(producer.told.every((word, i) => word === (i % 2 === 0 ? 'pause' : 'resume')), producer.told.join())
        equal(producer.told.at(-1), 'resume')
      },
    },
    {
      name: 'N15 every byte of a push producer arrives',
      traits: ['halfClose'],
      async run(context) {
        const protocol = await connectTo(context, 'discard', new HalfRecorder())
        const producer = new Pusher(protocol, 3_000_000)
        protocol.transport.registerProducer(producer, true)
        producer.produce()
        await until(context.reactor, () => producer.done)
        ok(producer.told.length >= 2, `it was told ${producer.told.join()}`)
        protocol.transport.loseWriteConnection()
        isA(await lost(context, protocol), ConnectionDone)
        equal(protocol.text, '3000000')
      },
    },
    {
      name: 'N18 a pull producer is resumed at registration and after each drain',
      async run(context) {
        const protocol = await connectTo(context, 'echo', new Recorder())
        let pieces = 0
        let stopped = 0
        protocol.transport.registerProducer({
          resumeProducing() {
            pieces += 1
            protocol.transport.write(pattern(1000, (pieces - 1) * 1000))
            if (pieces === 50) protocol.transport.unregisterProducer()
          },
          stopProducing: () => void (stopped += 1),
        }, false)
        const bytes = await bytesOf(context, protocol, 50_000)
        equalBytes(bytes, pattern(50_000))
        equal([pieces, stopped], [50, 0], 'pieces and stops')
      },
    },
    {
      name: 'N16 a second producer is refused, and one of a dead transport told to stop',
      async run(context) {
        const protocol = await connectTo(context, 'echo', new Recorder())
        const [first, second, third] = [0, 1, 2].map(() => new Pusher(protocol, 1)) as [Pusher, Pusher, Pusher]
        protocol.transport.registerProducer(first, true)
        throws(() => protocol.transport.registerProducer(second, true), ProducerAlreadyRegistered)
        equal(second.told, [])
        protocol.transport.abortConnection()
        await lost(context, protocol)
        equal(first.told, ['stop'], 'the one that was registered')
        protocol.transport.registerProducer(third, true)
        equal(third.told, ['stop'], 'one that comes too late')
      },
    },
    {
      name: 'N17 loseConnection waits until the producer unregisters',
      traits: ['halfClose'],
      async run(context) {
        const protocol = await connectTo(context, 'echo', new Recorder())
        const producer = new Pusher(protocol, 0)
        protocol.transport.registerProducer(producer, true)
        protocol.transport.loseConnection()
        await pass(context.reactor, A_WHILE)
        equal(protocol.events, ['made'], 'while it is registered')
        protocol.transport.unregisterProducer()
        isA(await lost(context, protocol), ConnectionDone)
        equal(producer.told, [])
      },
    },
    {
      name: 'no dataReceived while paused, all of it after resuming',
      async run(context) {
        const protocol = new Recorder()
        let paused = 0
        protocol.onData = function () {
          this.transport.pauseProducing()
          paused += 1
        }
        await connectTo(context, 'source', protocol)
        await until(context.reactor, () => paused > 0)
        await pass(context.reactor, A_WHILE)
        equal(paused, 1, 'chunks while paused')
        protocol.onData = () => undefined
        protocol.transport.resumeProducing()
        isA(await lost(context, protocol), ConnectionDone)
        equalBytes(protocol.bytes, pattern(MIB))
      },
    },
    {
      name: 'pausing again in each dataReceived gives one chunk for each resume',
      async run(context) {
        const protocol = new Recorder()
        let resumed = 0
        let chunks = 0
        protocol.onData = function () {
          chunks += 1
          this.transport.pauseProducing()
          context.reactor.callLater(0, () => {
            resumed += 1
            this.transport.resumeProducing()
          })
        }
        await connectTo(context, 'source', protocol)
        isA(await lost(context, protocol), ConnectionDone)
        equalBytes(protocol.bytes, pattern(MIB))
        ok(chunks <= resumed + 1, `${chunks} chunks for ${resumed} resumes`)
      },
    },
    {
      name: 'N19 a pause holds back the far end\'s close, too',
      async run(context) {
        const protocol = new Recorder()
        protocol.onMade = function () {
          this.transport.pauseProducing()
        }
        await connectTo(context, 'close', protocol)
        await pass(context.reactor, A_WHILE)
        equal(protocol.events, ['made'], 'while paused')
        protocol.transport.resumeProducing()
        isA(await lost(context, protocol), ConnectionDone)
      },
    },
    {
      name: 'N19 what came with the end before a pause is delivered before the end',
      async run(context) {
        const protocol = new Recorder()
        protocol.onMade = function () {
          this.transport.pauseProducing()
        }
        await connectTo(context, 'trickle', protocol)
        await pass(context.reactor, A_WHILE)
        equal(protocol.events, ['made'])
        protocol.transport.resumeProducing()
        isA(await lost(context, protocol), ConnectionDone)
        equal(protocol.events, ['made', 'data', 'lost'])
        equal(protocol.length, 256)
      },
    },
    {
      name: 'the far end feels a pause: what it echoes backs up to our own writes',
      traits: ['backpressure'],
      async run(context) {
        const { protocol, written } = await pausedEcho(context)
        let drained = false
        protocol.transport.drain().addCallback(() => void (drained = true))
        equal([drained, protocol.length], [false, 0], 'while it is stuck')
        protocol.transport.resumeProducing()
        await bytesOf(context, protocol, written)
        equal([drained, protocol.transport.writableLength], [true, 0], 'after resuming')
      },
    },
    {
      name: 'a far end that reads only later: drain() waits for it, and it gets all',
      traits: ['backpressure', 'halfClose'],
      async run(context) {
        const protocol = await connectTo(context, 'deaf', new HalfRecorder())
        for (let i = 0; i < MUCH; i++) protocol.transport.write(new Uint8Array(MIB))
        equal(protocol.transport.writableLength, MUCH * MIB, 'what waits')
        await protocol.transport.drain()
        equal(protocol.transport.writableLength, 0, 'what waits after drain()')
        protocol.transport.loseWriteConnection()
        isA(await lost(context, protocol), ConnectionDone)
        equal(protocol.text, String(MUCH * MIB))
      },
    },
    {
      name: 'drain() fails with the reason when the connection ends first',
      traits: ['backpressure'],
      async run(context) {
        const { protocol } = await pausedEcho(context)
        const outcome: unknown[] = []
        protocol.transport.drain().addErrback((failure) => void outcome.push(failure.value))
        protocol.transport.abortConnection()
        const reason = await lost(context, protocol)
        equal(outcome.length, 1)
        ok(outcome[0] === reason, 'the reason of the end')
      },
    },
    {
      name: 'setWriteLimits: a producer is paused over `high`',
      async run(context) {
        const protocol = await connectTo(context, 'echo', new Recorder())
        protocol.transport.setWriteLimits({ high: 1000 })
        const producer = new Pusher(protocol, 0)
        protocol.transport.registerProducer(producer, true)
        protocol.transport.write(new Uint8Array(1000))
        equal(producer.told, [])
        protocol.transport.write('x')
        equal(producer.told, ['pause'])
        await bytesOf(context, protocol, 1001)
        equal(producer.told, ['pause', 'resume'])
      },
    },
    {
      name: 'setWriteLimits: a write over `max` throws and sends nothing of it; the connection goes on',
      async run(context) {
        const protocol = await connectTo(context, 'echo', new Recorder())
        protocol.transport.setWriteLimits({ high: 100, max: 100 })
        protocol.transport.write('a'.repeat(60))
        throws(() => protocol.transport.write('b'.repeat(41)), WriteLimitExceeded)
        throws(() => protocol.transport.writeSequence(['c', 'd'.repeat(40)]), WriteLimitExceeded)
        protocol.transport.write('e'.repeat(40))
        equal(latin1(await bytesOf(context, protocol, 100)), 'a'.repeat(60) + 'e'.repeat(40))
        protocol.transport.write('and on')
        await bytesOf(context, protocol, 106)
      },
    },
    {
      name: 'a pause on one connection leaves the others alone',
      listens: true,
      async run(context) {
        const listening = await listenAt(context)
        const [held, free] = [new Recorder(), new Recorder()]
        await connectBy(context, listening.client(), held)
        await connectBy(context, listening.client(), free)
        await until(context.reactor, () => listening.accepted.length === 2)
        held.transport.pauseProducing()
        for (const server of listening.accepted) server.transport.write('for you')
        await bytesOf(context, free, 7)
        await pass(context.reactor, A_WHILE)
        equal(held.length, 0)
        held.transport.resumeProducing()
        await bytesOf(context, held, 7)
      },
    },
    {
      name: 'two transports, each the producer of the other, carry a loop without end and bound',
      listens: true,
      async run(context) {
        const { client, server } = await pair(context, new Recorder(), new Recorder())
        const onward = function (this: Recorder, data: Uint8Array): void {
          if (this.length < 500_000) this.transport.write(data)
        }
        client.transport.registerProducer(client.transport, true)
        server.transport.registerProducer(server.transport, true)
        client.onData = onward
        server.onData = onward
        client.transport.write(new Uint8Array(30_000))
        await until(context.reactor, () => client.length >= 400_000)
        ok(server.length >= 400_000, 'both got about as much')
      },
    },
  ],
}
