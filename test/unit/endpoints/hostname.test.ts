import { describe, expect, it } from 'vitest'
import { Deferred } from '../../../src/defer/index.js'
import type { Failure } from '../../../src/defer/index.js'
import { HostnameEndpoint } from '../../../src/endpoints/index.js'
import type { HostnameEndpointOptions } from '../../../src/endpoints/index.js'
import {
  ConnectError, ConnectingCancelledError, ConnectionRefusedError, DNSLookupError, FailureGroup, NoRouteError, TimeoutError,
} from '../../../src/errors/index.js'
import type { IAddress, IHostnameResolver, IProtocol, IProtocolFactory } from '../../../src/interfaces/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { MemoryReactor } from '../../../src/testing/index.js'
import { StaticResolver } from '../../../src/transports/index.js'

const HOSTS = { 'two.example': ['::1', '10.0.0.1'], 'many.example': ['::1', '::2', '10.0.0.1', '10.0.0.2'], 'one.example': '10.0.0.1' }

class Counting extends Factory {
  events: string[] = []
  built: Protocol[] = []
  override buildProtocol(): Protocol | null {
    const protocol = new Protocol()
    this.built.push(protocol)
    return protocol
  }
  override startFactory(): void {
    this.events.push('start')
  }
  override stopFactory(): void {
    this.events.push('stop')
  }
}

function rig(host: string, options?: HostnameEndpointOptions, resolver: IHostnameResolver = new StaticResolver(HOSTS),
  factory: IProtocolFactory & { events?: string[] } = new Counting()) {
  const reactor = Object.assign(new MemoryReactor(), { nameResolver: resolver })
  const connected = new HostnameEndpoint(reactor, host, 80, options).connect(factory)
  const seen: { protocol: IProtocol | null, error: Error | null } = { protocol: null, error: null }
  connected.addCallbacks((protocol) => {
    seen.protocol = protocol
  }, (reason: Failure) => {
    seen.error = reason.value
  })
  return {
    reactor, connected, seen, factory: factory as Counting,
    tried: () => reactor.tcpClients.map((client) => client.host),
    states: () => reactor.tcpClients.map((client) => client.connector.state),
    client: (index: number) => reactor.tcpClients[index].connector,
  }
}

describe('E16 HostnameEndpoint', () => {
  it('tries addresses of both families in turn, 250 ms apart', () => {
    const { reactor, tried } = rig('many.example')
    expect(tried()).toEqual(['::1'])
    reactor.advance(249)
    expect(tried()).toHaveLength(1)
    reactor.pump([1, 250, 250])
    expect(tried()).toEqual(['::1', '10.0.0.1', '::2', '10.0.0.2'])
    expect(reactor.tcpClients.map(({ port }) => port)).toEqual([80, 80, 80, 80])
  })

  it('the first success wins, the others are cancelled, and nothing is left', () => {
    const { reactor, client, states, seen, factory } = rig('many.example')
    reactor.advance(250)
    client(1).succeed()
    expect(states()).toEqual(['disconnected', 'connected'])
    expect(factory.built).toHaveLength(1)
    expect(seen.protocol).toBe(factory.built[0])
    expect(reactor.getDelayedCalls()).toEqual([])
    reactor.advance(60_000)
    expect(states()).toHaveLength(2)
  })

  it('the next attempt begins at once when one failed', () => {
    const { client, tried, seen } = rig('two.example')
    client(0).fail(new NoRouteError())
    expect(tried()).toEqual(['::1', '10.0.0.1'])
    client(1).succeed()
    expect(seen.protocol).not.toBeNull()
  })

  it('all fail: the first error, with the rest in a FailureGroup', () => {
    const { reactor, client, seen } = rig('many.example')
    const host = new Error('what the host said')
    const first = new ConnectionRefusedError('first', { cause: host })
    const rest = [new NoRouteError('second'), new TimeoutError('third'), new ConnectionRefusedError('fourth')]
    client(0).fail(first)
    for (const [i, error] of rest.entries()) client(i + 1).fail(error)
    expect(seen.error).toBe(first)
    const group = seen.error!.cause as FailureGroup
    expect(group).toBeInstanceOf(FailureGroup)
    expect(group.failures.map((failure) => failure.value)).toEqual(rest)
    expect(group.cause).toBe(host)
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('one address: its error as it is', () => {
    const { client, seen } = rig('one.example')
    const error = new ConnectionRefusedError()
    client(0).fail(error)
    expect(seen.error).toBe(error)
    expect(seen.error!.cause).toBeUndefined()
  })

  it('no address, or none to be found: DNSLookupError, nothing tried', () => {
    const none: IHostnameResolver = { resolve: () => Object.assign(new Deferred<IAddress[]>()) }
    const empty = rig('two.example', {}, { resolve: () => {
      const answer = new Deferred<IAddress[]>()
      answer.callback([])
      return answer
    } })
    expect(empty.seen.error).toBeInstanceOf(DNSLookupError)
    const unknown = rig('unknown.example')
    expect(unknown.seen.error).toBeInstanceOf(DNSLookupError)
    expect(rig('two.example', {}, none).seen.error).toBeNull()
    for (const one of [empty, unknown]) {
      expect(one.tried()).toEqual([])
      expect(one.factory.events).toEqual([])
      expect(one.reactor.getDelayedCalls()).toEqual([])
    }
  })

  it('a resolver that throws fails the connection', () => {
    const { seen } = rig('two.example', {}, { resolve: () => {
      throw new TypeError('broken')
    } })
    expect(seen.error).toBeInstanceOf(DNSLookupError)
    expect((seen.error as Error).cause).toBeInstanceOf(TypeError)
  })

  it('cancel cancels all', () => {
    const { reactor, connected, states, seen, factory } = rig('many.example')
    reactor.advance(250)
    connected.cancel()
    expect(states()).toEqual(['disconnected', 'disconnected'])
    expect(seen.error).toBeInstanceOf(ConnectingCancelledError)
    expect(factory.events).toEqual(['start', 'stop'])
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('cancel while the name is resolved cancels that', () => {
    let cancelled = 0
    const { connected, seen, tried, reactor } = rig('two.example', {}, { resolve: () => new Deferred<IAddress[]>(() => {
      cancelled += 1
    }) })
    connected.cancel()
    expect(cancelled).toBe(1)
    expect(seen.error).toBeInstanceOf(ConnectingCancelledError)
    expect([tried(), reactor.getDelayedCalls()]).toEqual([[], []])
  })

  it('the timeout is one for resolving and connecting', () => {
    const answer = new Deferred<IAddress[]>()
    const { reactor, tried, seen, states, factory } = rig('two.example', { timeout: 1000 }, { resolve: () => answer })
    reactor.advance(900)
    answer.callback([{ family: 'IPv4', type: 'TCP', host: '10.0.0.1', port: 0 }])
    expect(tried()).toEqual(['10.0.0.1'])
    reactor.advance(99)
    expect(seen.error).toBeNull()
    reactor.advance(1)
    expect(seen.error).toBeInstanceOf(TimeoutError)
    expect(states()).toEqual(['disconnected'])
    expect(factory.events).toEqual(['start', 'stop'])
  })

  it('the timeout may come while the name is still resolved', () => {
    const { reactor, tried, seen } = rig('two.example', { timeout: 1000 }, { resolve: () => new Deferred<IAddress[]>() })
    reactor.advance(1000)
    expect(seen.error).toBeInstanceOf(TimeoutError)
    expect(tried()).toEqual([])
  })

  it('30 s if not given, none for Infinity, and what is no time is refused', () => {
    expect(rig('two.example').reactor.getDelayedCalls().map((call) => call.getTime()).sort()).toEqual([250, 30_000])
    expect(rig('one.example', { timeout: Infinity }).reactor.getDelayedCalls()).toEqual([])
    const reactor = new MemoryReactor()
    for (const options of [{ timeout: -1 }, { timeout: NaN }, { attemptDelay: '5' as never }]) {
      expect(() => new HostnameEndpoint(reactor, 'a', 1, options)).toThrow(RangeError)
    }
  })

  it('the delay between attempts and the local address are options', () => {
    const { reactor, tried } = rig('two.example', { attemptDelay: 10, bindAddress: { host: '10.0.0.9' } })
    reactor.advance(10)
    expect(tried()).toHaveLength(2)
    expect(reactor.tcpClients.map(({ options }) => options)).toMatchObject([
      { timeout: Infinity, bindAddress: { host: '10.0.0.9' } }, { timeout: Infinity, bindAddress: { host: '10.0.0.9' } },
    ])
  })

  it('a literal address is connected to as it is, with its zone', () => {
    const { tried, client, seen } = rig('fe80::1%eth0')
    expect(tried()).toEqual(['fe80::1%eth0'])
    client(0).succeed()
    expect(seen.protocol).not.toBeNull()
  })

  it('a factory is started once and stopped once, however many attempts there were', () => {
    const { reactor, client, factory } = rig('many.example')
    client(0).fail(new NoRouteError())
    client(1).fail(new NoRouteError())
    reactor.advance(250)
    client(3).succeed()
    expect(factory.events).toEqual(['start'])
    client(3).lose(new ConnectError())
    expect(factory.events).toEqual(['start', 'stop'])
    expect(factory.numPorts).toBe(0)
  })

  it('a factory that refuses or throws ends it: the other addresses are not tried', () => {
    const refusing = rig('two.example', {}, undefined, Object.assign(new Factory(), { buildProtocol: () => null }))
    refusing.client(0).succeed()
    expect(refusing.seen.error).toBeInstanceOf(ConnectError)
    expect(refusing.tried()).toEqual(['::1'])
    const error = new Error('cannot build')
    const throwing = rig('two.example', {}, undefined, Object.assign(new Factory(), { buildProtocol: () => {
      throw error
    } }))
    throwing.client(0).succeed()
    expect(throwing.seen.error).toBe(error)
    expect(throwing.tried()).toEqual(['::1'])
  })
})
