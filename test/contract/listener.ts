/**
 * Listening: ports, what comes in, and how a port ends.
 *
 * Source: SEMANTICS N11, N12, N20; twisted.internet.interfaces.IListeningPort.
 */
import {
  CannotListenError, connectProtocol, connections, ConnectionAborted, ConnectionClosed, ConnectionDone,
  ConnectionRefusedError, Factory, TCP4ClientEndpoint,
} from 'whorl'
import type { IListeningPort } from 'whorl'
import { equal, equalBytes, isA, ok, pass, pattern, rejects, throws, until } from './checks.js'
import type { CaseContext, ContractSuite } from './contract.js'
import { bytesOf, connectBy, listenAt, logOf, lost, pair, Recorder, refusal } from './recorder.js'

/** Echoes, and closes when its port drains. */
class Polite extends Recorder {
  draining(): void {
    this.events.push('draining')
    this.transport.write('bye')
    this.transport.loseConnection()
  }
}

export const listener: ContractSuite = {
  name: 'listener',
  perWay: true,
  cases: [
    {
      name: 'takes connections, and carries bytes both ways',
      listens: true,
      async run(context) {
        const { client, server } = await pair(context, new Recorder(), new Recorder())
        client.transport.write(pattern(70_000))
        server.transport.write(pattern(90_000, 7))
        equalBytes(await bytesOf(context, server, 70_000), pattern(70_000), 'what the server got')
        equalBytes(await bytesOf(context, client, 90_000), pattern(90_000, 7), 'what the client got')
      },
    },
    {
      name: 'takes 50 connections at once, each with its own bytes',
      listens: true,
      async run(context) {
        const listening = await listenAt(context, () => {
          const one = new Recorder()
          one.onData = (data) => one.transport.write(data)
          return one
        })
        const clients = await Promise.all(Array.from({ length: 50 }, () =>
          connectBy(context, listening.client(), new Recorder())))
        for (const [i, client] of clients.entries()) client.transport.write(pattern(3000, i * 7))
        for (const [i, client] of clients.entries()) {
          equalBytes(await bytesOf(context, client, 3000), pattern(3000, i * 7), `connection ${i}`)
        }
        equal(listening.accepted.length, 50)
        equal([...connections(context.reactor)].length, 100, 'connections(reactor)')
      },
    },
    {
      name: 'N12 stopListening leaves open connections, and again is undefined',
      listens: true,
      async run(context) {
        const listening = await listenAt(context)
        const client = await connectBy(context, listening.client(), new Recorder())
        await until(context.reactor, () => listening.accepted.length === 1)
        await listening.port.stopListening()
        equal(listening.port.stopListening(), undefined, 'the second time')
        client.transport.write('still')
        await bytesOf(context, listening.accepted[0]!, 5)
        listening.accepted[0]!.transport.write('there')
        await bytesOf(context, client, 5)
      },
    },
    {
      name: 'after stopListening nobody gets in',
      listens: true,
      refusable: true,
      async run(context) {
        const listening = await listenAt(context)
        await listening.port.stopListening()
        await refusal(connectProtocol(listening.client(), new Recorder()))
        equal(listening.accepted.length, 0)
      },
    },
    {
      name: 'N06 buildProtocol gives null: the connection is closed',
      listens: true,
      async run(context) {
        const listening = await listenAt(context, () => null)
        const client = new Recorder()
        // Where the handshake is the client's to finish, it may hear of the end before it is connected.
        try {
          await connectBy(context, listening.client(), client)
          isA(await lost(context, client), ConnectionClosed)
        } catch (error) {
          ok(error instanceof Error, String(error))
        }
        equal(client.length, 0)
      },
    },
    {
      name: 'N07 buildProtocol throws: it is logged, the connection closed, and the port goes on',
      listens: true,
      async run(context) {
        const log = logOf(context)
        const planted = new Error('planted')
        let first = true
        const listening = await listenAt(context, () => {
          if (!first) return new Recorder()
          first = false
          throw planted
        })
        const client = new Recorder()
        await connectBy(context, listening.client(), client).then(() => lost(context, client), () => undefined)
        await until(context.reactor, () => log.some((event) => event.failure?.value === planted))
        await connectBy(context, listening.client(), new Recorder())
        await until(context.reactor, () => listening.accepted.length === 1)
      },
    },
    {
      name: 'N20 a factory on a port is started once, and stopped when the port is',
      listens: true,
      async run(context) {
        const calls: string[] = []
        const factory = new Factory()
        factory.startFactory = () => void calls.push('start')
        factory.stopFactory = () => void calls.push('stop')
        const port = await context.way.server!(context.reactor).endpoint.listen(factory)
        equal(calls, ['start'])
        await port.stopListening()
        equal(calls, ['start', 'stop'])
      },
    },
    {
      name: 'drain(): open connections are asked to end, and it fires when they have',
      listens: true,
      async run(context) {
        const listening = await listenAt(context, () => new Polite())
        const clients = [new Recorder(), new Recorder()]
        for (const client of clients) await connectBy(context, listening.client(), client)
        await until(context.reactor, () => listening.accepted.length === 2)
        await listening.port.drain(10_000)
        for (const server of listening.accepted) {
          equal(server.events, ['made', 'draining', 'lost'])
          isA(server.reason, ConnectionDone)
        }
        for (const client of clients) {
          isA(await lost(context, client), ConnectionDone)
          equal(client.text, 'bye')
        }
      },
    },
    {
      name: 'drain(): what is left at the deadline is aborted',
      listens: true,
      async run(context) {
        const listening = await listenAt(context)
        const client = await connectBy(context, listening.client(), new Recorder())
        await until(context.reactor, () => listening.accepted.length === 1)
        await listening.port.drain(30)
        isA(listening.accepted[0]!.reason, ConnectionAborted)
        isA(await lost(context, client), ConnectionClosed)
      },
    },
  ],
}

/** A port of `listenTCP` itself, which stops with the case. */
function listen(context: CaseContext, port: number, factory: Factory): IListeningPort {
  const made = context.reactor.listenTCP(port, factory, { interface: '127.0.0.1' })
  context.cleanup(() => made.stopListening())
  return made
}

function recorders(): Factory {
  return Factory.forProtocol(Recorder)
}

function numberOf(port: IListeningPort): number {
  return (port.getHost() as { port: number }).port
}

export const listenTCP: ContractSuite = {
  name: 'listenTCP',
  cases: [
    {
      name: 'port 0 is any free one, known once it is ready',
      needs: ['tcp.listen'],
      async run(context) {
        const ports = [listen(context, 0, recorders()), listen(context, 0, recorders())]
        for (const port of ports) {
          ok(await port.ready === port, 'ready gives the port')
          equal((port.getHost() as { host: unknown }).host, '127.0.0.1')
          ok(numberOf(port) > 0, 'it has a number')
        }
        ok(numberOf(ports[0]!) !== numberOf(ports[1]!), 'two numbers')
      },
    },
    {
      name: 'N11 a used port: CannotListenError, thrown or from `ready`, with what it was about',
      needs: ['tcp.listen'],
      async run(context) {
        const first = await listen(context, 0, recorders()).ready
        const number = numberOf(first)
        let error: unknown
        try {
          await listen(context, number, recorders()).ready
        } catch (caught) {
          error = caught
        }
        const refused = isA(error, CannotListenError)
        equal([refused.port, refused.interface], [number, '127.0.0.1'])
        ok(refused.cause !== undefined, 'it has a cause')
      },
    },
    {
      name: 'startListening again after stopListening',
      needs: ['tcp.listen', 'tcp.connect'],
      async run(context) {
        const port = await listen(context, 0, recorders()).ready
        throws(() => port.startListening(), CannotListenError)
        await port.stopListening()
        port.startListening()
        await port.ready
        const protocol = new Recorder()
        await connectBy(context, new TCP4ClientEndpoint(context.reactor, '127.0.0.1', numberOf(port)), protocol)
        for (const transport of context.reactor.openTransports()) transport.abortConnection()
        await lost(context, protocol)
      },
    },
    {
      name: 'N20 one factory on two ports is started and stopped once',
      needs: ['tcp.listen'],
      async run(context) {
        const calls: string[] = []
        const factory = recorders()
        factory.startFactory = () => void calls.push('start')
        factory.stopFactory = () => void calls.push('stop')
        const ports = [listen(context, 0, factory), listen(context, 0, factory)]
        for (const port of ports) await port.ready
        equal([calls, factory.numPorts], [['start'], 2])
        await ports[0]!.stopListening()
        equal(calls, ['start'])
        await ports[1]!.stopListening()
        equal(calls, ['start', 'stop'])
      },
    },
    {
      name: 'stopped before it is ready: nobody gets in',
      needs: ['tcp.listen', 'tcp.connect'],
      async run(context) {
        const port = listen(context, 0, recorders())
        const { ready } = port
        await port.stopListening()
        await pass(context.reactor, 20)
        equal(port.stopListening(), undefined)
        ok(ready.called, '`ready` has an outcome')
        ready.addErrback(() => undefined)
      },
    },
    {
      name: 'a reactor that stops closes its ports and its connections',
      needs: ['tcp.listen', 'tcp.connect'],
      async run(context) {
        const other = context.host.createReactor()
        const running = other.run()
        const accepted: Recorder[] = []
        const factory = new Factory()
        factory.buildProtocol = () => {
          accepted.push(new Recorder())
          return accepted.at(-1)!
        }
        const port = await other.listenTCP(0, factory, { interface: '127.0.0.1' }).ready
        const protocol = new Recorder()
        await connectBy(context, new TCP4ClientEndpoint(context.reactor, '127.0.0.1', numberOf(port)), protocol)
        await until(context.reactor, () => accepted.length === 1)
        other.stop()
        await running
        equal(other.running, false, 'running')
        isA(accepted[0]!.reason, ConnectionDone)
        isA(await lost(context, protocol), ConnectionDone)
        await rejects(connectProtocol(
          new TCP4ClientEndpoint(context.reactor, '127.0.0.1', numberOf(port)), new Recorder()), ConnectionRefusedError)
      },
    },
    {
      name: 'refuses what is no port and no factory',
      needs: ['tcp.listen'],
      run({ reactor }) {
        for (const port of [-1, 65_536, 0.5, NaN]) throws(() => reactor.listenTCP(port, recorders()), RangeError)
        throws(() => reactor.listenTCP(0, { protocol: Recorder } as never), TypeError)
      },
    },
  ],
}
