import { describe, expect, it } from 'vitest'
import type { Failure } from '../../../src/defer/index.js'
import { ConnectError, NoRouteError, TimeoutError, UserError } from '../../../src/errors/index.js'
import type {
  ConnectSink, ListenSink, TCPConnectRequest, TCPHost, TCPListenRequest,
} from '../../../src/interfaces/index.js'
import { ClientFactory, Factory } from '../../../src/protocols/factory.js'
import { connectError } from '../../../src/transports/index.js'
import { fakeReactor } from '../reactor/fake-host.js'
import type { FakeHost } from '../reactor/fake-host.js'
import type { Reactor } from '../../../src/reactor/index.js'
import { bytes, FakeChannel, Recorder } from './fake-channel.js'

/** TCP whose answers the test gives. */
class FakeTCP implements TCPHost {
  connects: { request: TCPConnectRequest, sink: ConnectSink, cancelled: boolean }[] = []
  listens: { request: TCPListenRequest, sink: ListenSink, closed: boolean }[] = []

  connect(request: TCPConnectRequest, sink: ConnectSink): { cancel: () => void } {
    const entry = { request, sink, cancelled: false }
    this.connects.push(entry)
    return {
      cancel: () => {
        entry.cancelled = true
      },
    }
  }

  listen(request: TCPListenRequest, sink: ListenSink): { close: () => void } {
    const entry = { request, sink, closed: false }
    this.listens.push(entry)
    return {
      close: () => {
        entry.closed = true
      },
    }
  }
}

class Watching extends ClientFactory {
  events: string[] = []
  protocols: Recorder[] = []
  override buildProtocol(): Recorder {
    const protocol = new Recorder()
    this.protocols.push(protocol)
    return protocol
  }
  override startFactory(): void {
    this.events.push('start')
  }
  override stopFactory(): void {
    this.events.push('stop')
  }
  override clientConnectionFailed(_connector: unknown, reason: Failure): void {
    this.events.push(`failed ${reason.value.name}`)
  }
  override clientConnectionLost(_connector: unknown, reason: Failure): void {
    this.events.push(`lost ${reason.value.name}`)
  }
}

function rig(): { host: FakeHost, reactor: Reactor, tcp: FakeTCP, factory: Watching } {
  const tcp = new FakeTCP()
  return { ...fakeReactor(undefined, tcp), tcp, factory: new Watching() }
}

describe('connecting', () => {
  it('N10 after the timeout: TimeoutError, the attempt cancelled, a late answer closed', () => {
    const { host, reactor, tcp, factory } = rig()
    reactor.connectTCP('10.0.0.1', 80, factory, { timeout: 500 })
    host.pass(499)
    expect(factory.events).toEqual(['start'])
    host.pass(2)
    expect(factory.events).toEqual(['start', `failed ${TimeoutError.name}`, 'stop'])
    expect(tcp.connects[0].cancelled).toBe(true)
    const late = new FakeChannel()
    tcp.connects[0].sink.connected(late)
    tcp.connects[0].sink.failed(new Error('late'))
    expect(late.calls).toEqual(['drop'])
    expect(factory.events).toHaveLength(3)
  })

  it('N10 the default is 30 s, Infinity is none, and what is no time is refused', () => {
    const { host, reactor, factory } = rig()
    reactor.connectTCP('10.0.0.1', 80, factory)
    expect(reactor.getDelayedCalls().map((call) => call.getTime() - host.time)).toEqual([30_000])
    reactor.connectTCP('10.0.0.1', 80, factory, { timeout: Infinity })
    expect(reactor.getDelayedCalls()).toHaveLength(1)
    for (const timeout of [-1, NaN]) {
      expect(() => reactor.connectTCP('10.0.0.1', 80, factory, { timeout })).toThrow(RangeError)
    }
  })

  it('N09 stopConnecting twice fails once', () => {
    const { host, reactor, factory } = rig()
    const connector = reactor.connectTCP('10.0.0.1', 80, factory)
    connector.stopConnecting()
    connector.stopConnecting()
    expect(factory.events).toEqual(['start'])
    host.settle()
    expect(factory.events).toEqual(['start', `failed ${UserError.name}`, 'stop'])
    expect(() => connector.stopConnecting()).toThrow(ConnectError)
  })

  it('a connection ends the attempt and its timer; its end is the factory\'s', () => {
    const { host, reactor, tcp, factory } = rig()
    reactor.connectTCP('10.0.0.1', 80, factory, { bindAddress: { host: '10.0.0.2', port: 7 } })
    expect(tcp.connects[0].request).toEqual({ host: '10.0.0.1', port: 80, localHost: '10.0.0.2', localPort: 7 })
    const channel = new FakeChannel()
    tcp.connects[0].sink.connected(channel)
    expect(reactor.getDelayedCalls()).toEqual([])
    channel.sink!.received(bytes('hi'))
    channel.sink!.closed(null)
    host.settle()
    expect(factory.protocols[0].events).toEqual(['data hi', 'lost ConnectionDone'])
    expect(factory.events).toEqual(['start', 'lost ConnectionDone', 'stop'])
  })

  it('reactor stop waits for connections a bounded time, then aborts them', async () => {
    const { host, reactor, tcp, factory } = rig()
    const done = reactor.run()
    reactor.listenTCP(0, new Factory())
    tcp.listens[0].sink.listening({ family: 'IPv4', type: 'TCP', host: '0.0.0.0', port: 1 })
    reactor.connectTCP('10.0.0.1', 80, factory)
    const channel = new FakeChannel()
    channel.takes = false
    tcp.connects[0].sink.connected(channel)
    factory.protocols[0].transport.write('never taken')
    host.settle()
    reactor.stop()
    host.settle()
    expect(tcp.listens[0].closed).toBe(true)
    expect(channel.take()).toEqual(['open', 'send never taken'])
    host.pass(999)
    expect(reactor.running).toBe(true)
    host.pass(2)
    await done
    expect(channel.take()).toEqual(['reset'])
    expect(factory.protocols[0].events).toEqual(['lost ConnectionAborted'])
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('a factory that reconnects for ever cannot keep a reactor from stopping', async () => {
    const { host, reactor, tcp } = rig()
    class Stubborn extends ClientFactory {
      override clientConnectionFailed(connector: { connect(): void }): void {
        connector.connect()
      }
    }
    const done = reactor.run()
    reactor.connectTCP('10.0.0.1', 80, new Stubborn())
    reactor.stop()
    host.settle()
    host.pass(1001)
    await done
    expect(tcp.connects.length).toBeGreaterThan(1)
    expect(reactor.running).toBe(false)
  })

  it('host errors become classes, the first of several deciding, and keep the original', () => {
    const cause = Object.assign(new Error('no way'), { code: 'EHOSTUNREACH' })
    expect(connectError(cause)).toBeInstanceOf(NoRouteError)
    expect(connectError(cause).cause).toBe(cause)
    expect(connectError(new AggregateError([cause, new Error('x')]))).toBeInstanceOf(NoRouteError)
    const strange = connectError('just text')
    expect([strange.constructor, strange.cause]).toEqual([ConnectError, 'just text'])
    const done = new TimeoutError()
    expect(connectError(done)).toBe(done)
  })
})
