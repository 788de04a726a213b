/** connectTCP with a name: resolving and racing below one connector. */
import { describe, expect, it } from 'vitest'
import { Deferred, succeed } from '../../../src/defer/index.js'
import type { Failure } from '../../../src/defer/index.js'
import { ConnectionRefusedError, DNSLookupError, FailureGroup, NoRouteError, TimeoutError } from '../../../src/errors/index.js'
import type { ConnectSink, IAddress, IHostnameResolver, TCPConnectRequest, TCPHost } from '../../../src/interfaces/index.js'
import { ClientFactory } from '../../../src/protocols/factory.js'
import { StaticResolver } from '../../../src/transports/index.js'
import { fakeReactor } from '../reactor/fake-host.js'
import { bytes, FakeChannel, Recorder } from './fake-channel.js'

class FakeTCP implements TCPHost {
  attempts: { request: TCPConnectRequest, sink: ConnectSink, cancelled: boolean }[] = []

  connect(request: TCPConnectRequest, sink: ConnectSink): { cancel: () => void } {
    const attempt = { request, sink, cancelled: false }
    this.attempts.push(attempt)
    return { cancel: () => void (attempt.cancelled = true) }
  }

  listen(): never {
    throw new Error('not here')
  }
}

class Watching extends ClientFactory {
  events: string[] = []
  reasons: Error[] = []
  protocols: Recorder[] = []
  override buildProtocol(): Recorder {
    this.protocols.push(new Recorder())
    return this.protocols.at(-1)!
  }
  override startedConnecting(): void {
    this.events.push('connecting')
  }
  override clientConnectionFailed(_connector: unknown, reason: Failure): void {
    this.events.push(`failed ${reason.value.name}`)
    this.reasons.push(reason.value)
  }
  override clientConnectionLost(_connector: unknown, reason: Failure): void {
    this.events.push(`lost ${reason.value.name}`)
  }
}

function rig(resolver: IHostnameResolver = new StaticResolver({ 'two.example': ['::1', '10.0.0.1'] })) {
  const tcp = new FakeTCP()
  const { host, reactor } = fakeReactor(undefined, tcp)
  reactor.installNameResolver(resolver)
  return { host, reactor, tcp, factory: new Watching(), tried: () => tcp.attempts.map((one) => one.request.host) }
}

const refused = (text: string): Error => Object.assign(new Error(text), { code: 'ECONNREFUSED' })

describe('connectTCP by name', () => {
  it('races the addresses of both families; one protocol, and the loser is cancelled', () => {
    const { host, reactor, tcp, factory, tried } = rig()
    const connector = reactor.connectTCP('two.example', 80, factory, { bindAddress: { host: '10.0.0.9', port: 7 } })
    host.pass(249)
    expect(tried()).toEqual(['::1'])
    host.pass(2)
    expect(tried()).toEqual(['::1', '10.0.0.1'])
    expect(tcp.attempts[1].request).toEqual({ host: '10.0.0.1', port: 80, localHost: '10.0.0.9', localPort: 7 })
    const channel = new FakeChannel()
    tcp.attempts[1].sink.connected(channel)
    expect(tcp.attempts.map((one) => one.cancelled)).toEqual([true, false])
    expect(factory.protocols).toHaveLength(1)
    channel.sink!.received(bytes('hi'))
    expect(factory.protocols[0].events).toEqual(['data hi'])
    expect(reactor.getDelayedCalls()).toEqual([])
    expect(connector.getDestination()).toEqual({ family: 'hostname', type: 'TCP', host: 'two.example', port: 80 })
    // One that was under way when it was cancelled.
    const late = new FakeChannel()
    tcp.attempts[0].sink.connected(late)
    expect(late.calls).toEqual(['drop'])
    expect(factory.protocols).toHaveLength(1)
  })

  it('one refused: the next at once; all refused: the first error, the rest in a FailureGroup', () => {
    const { host, reactor, tcp, factory } = rig()
    reactor.connectTCP('two.example', 80, factory)
    tcp.attempts[0].sink.failed(refused('first'))
    expect(tcp.attempts).toHaveLength(2)
    tcp.attempts[1].sink.failed(Object.assign(new Error('second'), { code: 'ENETUNREACH' }))
    host.settle()
    expect(factory.events).toEqual(['connecting', 'failed ConnectionRefusedError'])
    const [reason] = factory.reasons
    expect(reason).toBeInstanceOf(ConnectionRefusedError)
    expect(reason.message).toBe('first')
    const group = reason.cause as FailureGroup
    expect(group.failures.map((failure) => failure.value.name)).toEqual([NoRouteError.name])
    expect((group.cause as Error).message).toBe('first')
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('a name without an address: DNSLookupError, after startedConnecting', () => {
    const { host, reactor, factory, tried } = rig()
    reactor.connectTCP('unknown.example', 80, factory)
    expect(factory.events).toEqual(['connecting'])
    host.settle()
    expect(factory.events).toEqual(['connecting', `failed ${DNSLookupError.name}`])
    expect(tried()).toEqual([])
  })

  it('N10 the timeout covers resolving', () => {
    const { host, reactor, factory, tried } = rig({ resolve: () => new Deferred<IAddress[]>() })
    reactor.connectTCP('two.example', 80, factory, { timeout: 500 })
    host.pass(501)
    expect(factory.events).toEqual(['connecting', `failed ${TimeoutError.name}`])
    expect(tried()).toEqual([])
  })

  it('N09 stopConnecting while it is resolved, or raced, gives up all of it', () => {
    let cancelled = 0
    const answer = new Deferred<IAddress[]>(() => void (cancelled += 1))
    const resolving = rig({ resolve: () => answer })
    resolving.reactor.connectTCP('two.example', 80, resolving.factory).stopConnecting()
    resolving.host.settle()
    expect([cancelled, resolving.factory.events]).toEqual([1, ['connecting', 'failed UserError']])
    expect(resolving.tried()).toEqual([])

    const racing = rig()
    const connector = racing.reactor.connectTCP('two.example', 80, racing.factory)
    racing.host.pass(300)
    connector.stopConnecting()
    racing.host.settle()
    expect(racing.tcp.attempts.map((one) => one.cancelled)).toEqual([true, true])
    expect(racing.factory.events).toEqual(['connecting', 'failed UserError'])
    expect(racing.reactor.getDelayedCalls()).toEqual([])
  })

  it('connects again by resolving again', () => {
    let asked = 0
    const { host, reactor, tcp, factory, tried } = rig({ resolve: () => {
      asked += 1
      return succeed([{ family: 'IPv4', type: 'TCP', host: `10.0.0.${asked}`, port: 0 } as IAddress])
    } })
    const connector = reactor.connectTCP('two.example', 80, factory)
    tcp.attempts[0].sink.failed(refused('no'))
    host.settle()
    connector.connect()
    expect(tried()).toEqual(['10.0.0.1', '10.0.0.2'])
    connector.stopConnecting()
  })

  it('a literal address is not asked for, and a resolver that throws fails the attempt', () => {
    const { host, reactor, factory, tried } = rig({ resolve: () => {
      throw new Error('broken')
    } })
    reactor.connectTCP('fe80::1%eth0', 80, factory).stopConnecting()
    expect(tried()).toEqual(['fe80::1%eth0'])
    host.settle()
    reactor.connectTCP('two.example', 80, factory)
    host.settle()
    expect(factory.events.at(-1)).toBe('failed DNSLookupError')
    expect((factory.reasons.at(-1)!.cause as Error).message).toBe('broken')
  })

  it('installNameResolver gives back the former, and refuses what is none', () => {
    const { reactor } = rig()
    const mine = new StaticResolver()
    const former = reactor.installNameResolver(mine)
    expect(reactor.nameResolver).toBe(mine)
    expect(reactor.installNameResolver(former)).toBe(mine)
    expect(() => reactor.installNameResolver({} as never)).toThrow(TypeError)
  })
})
