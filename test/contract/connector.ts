/**
 * Connecting: what an attempt can fail with, giving it up, and a service that connects again.
 *
 * Source: SEMANTICS N06 to N10; twisted.internet.interfaces.IConnector, twisted.application.internet.ClientService.
 */
import {
  ClientFactory, ClientService, ConnectError, ConnectingCancelledError, ConnectionDone, ConnectionRefusedError, Factory,
  ReconnectingClientFactory, TCP4ClientEndpoint, TimeoutError, UserError,
} from 'whorl'
import type { Failure, IAddress, IConnector, IProtocol } from 'whorl'
import { equal, isA, latin1, ok, pass, rejects, throws, until } from './checks.js'
import type { CaseContext, ContractSuite } from './contract.js'
import { bytesOf, connectBy, connectTo, logOf, lost, Recorder, refusal } from './recorder.js'

/** A factory that counts what is asked of it. */
class Counting extends Factory {
  readonly built: Recorder[] = []
  readonly calls: string[] = []

  override startFactory(): void {
    this.calls.push('start')
  }

  override stopFactory(): void {
    this.calls.push('stop')
  }

  override buildProtocol(_address: IAddress): IProtocol | null {
    const protocol = new Recorder()
    this.built.push(protocol)
    this.calls.push('build')
    return protocol
  }
}

/** A client factory that writes down its callbacks. */
class Clients extends ClientFactory {
  readonly calls: string[] = []
  readonly built: Recorder[] = []
  reason: Error | null = null
  connector: IConnector | null = null

  override startFactory(): void {
    this.calls.push('start')
  }

  override stopFactory(): void {
    this.calls.push('stop')
  }

  override startedConnecting(connector: IConnector): void {
    this.connector = connector
    this.calls.push('connecting')
  }

  override buildProtocol(): Recorder {
    const protocol = new Recorder()
    this.built.push(protocol)
    this.calls.push('build')
    return protocol
  }

  override clientConnectionFailed(_connector: IConnector, reason: Failure): void {
    this.reason = reason.value
    this.calls.push('failed')
  }

  override clientConnectionLost(_connector: IConnector, reason: Failure): void {
    this.reason = reason.value
    this.calls.push('lost')
  }
}

export const connector: ContractSuite = {
  name: 'connector',
  perWay: true,
  cases: [
    {
      name: 'N08 where nobody listens: ConnectionRefusedError, no protocol is built',
      refusable: true,
      async run(context) {
        const factory = new Counting()
        await refusal(context.way.refused!(context.reactor).connect(factory))
        equal(factory.built.length, 0, 'protocols built')
        equal(factory.calls.at(-1), 'stop')
      },
    },
    {
      name: 'N09 cancelled at once: ConnectingCancelledError, no protocol is built, now or later',
      async run(context) {
        const factory = new Counting()
        const attempt = context.way.client(context.reactor, 'greet').connect(factory)
        attempt.cancel()
        await rejects(attempt, ConnectingCancelledError)
        await pass(context.reactor, 100)
        equal(factory.built.filter((protocol) => protocol.connected).length, 0, 'protocols connected')
        equal(context.reactor.openTransports().length, 0, 'open transports')
      },
    },
    {
      name: 'N09 cancelled in a later turn: either way, nothing stays open',
      async run(context) {
        const protocol = new Recorder()
        const attempt = connectTo(context, 'greet', protocol)
        const endpoint = context.way.client(context.reactor, 'greet')
        const second = endpoint.connect(new Counting())
        second.addErrback((failure) => failure.trap(ConnectingCancelledError))
        context.reactor.callLater(0, () => second.cancel())
        await second
        // The first was none of its business.
        await attempt
        equal(latin1(await bytesOf(context, protocol, 7)), 'hello\r\n')
      },
    },
    {
      name: 'a factory is started before it builds, and stopped after the end',
      async run(context) {
        const factory = new Counting()
        await context.way.client(context.reactor, 'close').connect(factory)
        await until(context.reactor, () => factory.calls.includes('stop'))
        equal(factory.calls, ['start', 'build', 'stop'])
        isA(await lost(context, factory.built[0]!), ConnectionDone)
      },
    },
    {
      name: 'N06 buildProtocol gives null: the attempt fails, and the connection is closed',
      async run(context) {
        const factory = new Factory()
        factory.buildProtocol = () => null
        await rejects(context.way.client(context.reactor, 'greet').connect(factory), ConnectError)
        await until(context.reactor, () => context.reactor.openTransports().length === 0)
      },
    },
    {
      name: 'N07 buildProtocol throws: the attempt fails with that, and the connection is closed',
      async run(context) {
        logOf(context)
        const factory = new Factory()
        factory.buildProtocol = () => {
          throw new RangeError('planted')
        }
        await rejects(context.way.client(context.reactor, 'greet').connect(factory), RangeError)
        await until(context.reactor, () => context.reactor.openTransports().length === 0)
      },
    },
    {
      name: 'a ClientService connects again when the connection is lost, and no more once it is stopped',
      async run(context) {
        const factory = new Counting()
        const service = new ClientService(context.way.client(context.reactor, 'greet'), factory,
          { clock: context.reactor, retryPolicy: () => 1 })
        service.startService()
        const first = await service.whenConnected() as Recorder
        await bytesOf(context, first, 7)
        first.transport.abortConnection()
        await lost(context, first)
        const second = await service.whenConnected() as Recorder
        ok(second !== first, 'another protocol')
        equal(latin1(await bytesOf(context, second, 7)), 'hello\r\n')
        await service.stopService()
        isA(await lost(context, second), ConnectionDone)
        await pass(context.reactor, 50)
        equal(factory.built.length, 2, 'protocols built')
      },
    },
    {
      name: 'a ClientService tells after so many failures what it was',
      refusable: true,
      async run(context) {
        let waits = 0
        const service = new ClientService(context.way.refused!(context.reactor), new Counting(), {
          clock: context.reactor,
          retryPolicy: () => {
            waits += 1
            return 1
          },
        })
        service.startService()
        await refusal(service.whenConnected({ failAfterFailures: 3 }))
        ok(waits >= 2, `it waited ${waits} times`)
        await service.stopService()
      },
    },
  ],
}

/** Attempts of `connectTCP` itself, with what only TCP has: a connector, a time limit. */
function connect(context: CaseContext, port: number, options: { timeout?: number } = {}): Clients {
  const factory = new Clients()
  context.reactor.connectTCP(context.host.lab.host, port, factory, options)
  context.cleanup(() => {
    for (const protocol of factory.built) if (protocol.connected) protocol.transport.abortConnection()
  })
  return factory
}

export const connectTCP: ContractSuite = {
  name: 'connectTCP',
  cases: [
    {
      name: 'tells its factory of the attempt, the connection, and the end, in order',
      needs: ['tcp.connect'],
      async run(context) {
        const factory = connect(context, context.host.lab.ports.close)
        equal(factory.calls.slice(0, 2), ['start', 'connecting'], 'within the call')
        await until(context.reactor, () => factory.calls.includes('stop'))
        equal(factory.calls, ['start', 'connecting', 'build', 'lost', 'stop'])
        isA(factory.reason, ConnectionDone)
      },
    },
    {
      name: 'tells its factory of a failure',
      needs: ['tcp.connect'],
      async run(context) {
        const factory = connect(context, context.host.lab.refused)
        await until(context.reactor, () => factory.calls.includes('stop'))
        equal(factory.calls, ['start', 'connecting', 'failed', 'stop'])
        isA(factory.reason, ConnectionRefusedError)
      },
    },
    {
      name: 'connector.connect() in clientConnectionLost and clientConnectionFailed tries again',
      needs: ['tcp.connect'],
      async run(context) {
        class Again extends Clients {
          left = 2

          override clientConnectionLost(one: IConnector, reason: Failure): void {
            super.clientConnectionLost(one, reason)
            if (--this.left > 0) one.connect()
          }
        }
        const factory = new Again()
        context.reactor.connectTCP(context.host.lab.host, context.host.lab.ports.close, factory)
        await until(context.reactor, () => factory.calls.includes('stop'))
        equal(factory.calls, ['start', 'connecting', 'build', 'lost', 'connecting', 'build', 'lost', 'stop'])
        ok(factory.built[0] !== factory.built[1], 'a protocol for each life')
      },
    },
    {
      name: 'stopConnecting fails the attempt with UserError; disconnect closes the connection',
      needs: ['tcp.connect'],
      async run(context) {
        const given = connect(context, context.host.lab.ports.echo)
        given.connector!.stopConnecting()
        await until(context.reactor, () => given.calls.includes('failed'))
        isA(given.reason, UserError)
        equal(given.built.length, 0, 'protocols built')
        const factory = connect(context, context.host.lab.ports.echo)
        await until(context.reactor, () => factory.built[0]?.connected === true)
        throws(() => factory.connector!.stopConnecting(), ConnectError)
        throws(() => factory.connector!.connect(), ConnectError)
        factory.connector!.disconnect()
        await until(context.reactor, () => factory.calls.includes('lost'))
        isA(factory.reason, ConnectionDone)
      },
    },
    {
      name: 'knows its destination, and the protocol its peer',
      needs: ['tcp.connect'],
      async run(context) {
        const { host, ports } = context.host.lab
        const factory = connect(context, ports.echo)
        const wanted = { type: 'TCP', family: 'IPv4', host, port: ports.echo }
        equal(factory.connector!.getDestination(), wanted, 'getDestination()')
        await until(context.reactor, () => factory.built[0]?.connected === true)
        equal(factory.built[0]!.transport.getPeer(), wanted, 'getPeer()')
      },
    },
    {
      name: 'N10 nobody answers: TimeoutError after the time given',
      needs: ['tcp.connect'],
      async run(context) {
        const { silent } = context.host.lab
        // Where the lab could make no such port, an attempt that may take no time at all stands for it.
        const factory = silent === 0
          ? connect(context, context.host.lab.ports.echo, { timeout: 0 }) : connect(context, silent, { timeout: 100 })
        await until(context.reactor, () => factory.calls.includes('stop'))
        isA(factory.reason, TimeoutError)
        equal(factory.calls, ['start', 'connecting', 'failed', 'stop'])
      },
    },
    {
      name: 'the limit of an endpoint is the attempt\'s, and is forgotten once it is connected',
      needs: ['tcp.connect'],
      async run(context) {
        const { host, ports, silent } = context.host.lab
        // See the case before.
        const [nobody, timeout] = silent === 0 ? [ports.echo, 0] : [silent, 50]
        await rejects(new TCP4ClientEndpoint(context.reactor, host, nobody, { timeout }).connect(new Counting()),
          TimeoutError)
        const protocol = new Recorder()
        await connectBy(context, new TCP4ClientEndpoint(context.reactor, host, ports.echo, { timeout: 1500 }), protocol)
        await pass(context.reactor, 1600)
        equal(protocol.events, ['made'])
      },
    },
    {
      name: 'cancelling an attempt that nobody answers gives it up at once',
      needs: ['tcp.connect'],
      async run(context) {
        const { host, ports, silent } = context.host.lab
        const attempt = new TCP4ClientEndpoint(context.reactor, host, silent === 0 ? ports.echo : silent)
          .connect(new Counting())
        attempt.cancel()
        await rejects(attempt, ConnectingCancelledError)
      },
    },
    {
      name: 'refuses what is no port, no factory, no limit, before it does anything',
      needs: ['tcp.connect'],
      run({ reactor, host }) {
        const factory = new Clients()
        for (const port of [-1, 65_536, 1.5, NaN, '80']) {
          throws(() => reactor.connectTCP(host.lab.host, port as number, factory), RangeError, String(port))
        }
        throws(() => reactor.connectTCP(host.lab.host, 80, {} as never), TypeError)
        throws(() => reactor.connectTCP(host.lab.host, 80, factory, { timeout: -1 }), RangeError)
        equal(factory.calls, [])
      },
    },
    {
      name: 'a ReconnectingClientFactory connects again after longer and longer waits',
      needs: ['tcp.connect'],
      async run(context) {
        class Stubborn extends ReconnectingClientFactory {
          made = 0

          override buildProtocol(): Recorder {
            this.made += 1
            if (this.made === 3) this.stopTrying()
            return new Recorder()
          }
        }
        const factory = new Stubborn()
        factory.clock = context.reactor
        factory.initialDelay = 1
        factory.maxDelay = 5
        context.reactor.connectTCP(context.host.lab.host, context.host.lab.ports.close, factory)
        await until(context.reactor, () => factory.made === 3 && context.reactor.openTransports().length === 0)
        await pass(context.reactor, 50)
        equal(factory.made, 3, 'protocols made')
      },
    },
  ],
}
