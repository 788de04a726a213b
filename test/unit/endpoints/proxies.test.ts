import { describe, expect, it } from 'vitest'
import { Deferred, fail, Failure } from '../../../src/defer/index.js'
import {
  clientFromString, connectProtocol, HAProxyClientEndpoint, HAProxyServerEndpoint, HTTPConnectClientEndpoint,
  serverFromString, SOCKS5ClientEndpoint, TCP4ClientEndpoint, TCP4ServerEndpoint, wrapClientTLS,
} from '../../../src/endpoints/index.js'
import {
  ConnectError, ConnectingCancelledError, ConnectionDone, ConnectionRefusedError, NotSupportedError, ProxyClosedError,
  SOCKSNotAllowed, TimeoutError, TLSError, TLSHandshakeError,
} from '../../../src/errors/index.js'
import type { IProtocol, IProtocolFactory, IStreamClientEndpoint, ITransport } from '../../../src/interfaces/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { proxyHeaderOf } from '../../../src/protocols/haproxy.js'
import { MemoryReactor } from '../../../src/testing/memory-reactor.js'
import { StringTransport } from '../../../src/testing/string-transport.js'
import { failureOf, outcome } from './support.js'

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

class Recorder extends Protocol {
  log: string[] = []

  override connectionMade(): void {
    this.log.push('made')
  }

  override dataReceived(data: Uint8Array): void {
    this.log.push(String.fromCharCode(...data))
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.log.push(`lost ${reason.value.name}`)
  }

  handshakeCompleted(): void {
    this.log.push('secured')
  }
}

/** A client endpoint over a proxy, connecting; and the connection to the proxy. */
function attempt(make: (proxy: IStreamClientEndpoint) => IStreamClientEndpoint,
  factory: Factory = Factory.forProtocol(Recorder), transport: ITransport = new StringTransport()) {
  const reactor = new MemoryReactor()
  const deferred = make(new TCP4ClientEndpoint(reactor, 'proxy.example', 1080)).connect(factory)
  const connector = reactor.connectors[0]!
  return { reactor, deferred, connector, factory, transport: transport as StringTransport }
}

const SOCKS_YES = '\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00'

describe('SOCKS5ClientEndpoint', () => {
  const socks = (proxy: IStreamClientEndpoint): IStreamClientEndpoint => new SOCKS5ClientEndpoint(proxy, 'example.com', 80)

  it('fires with the protocol after connectionMade, and before it receives anything', () => {
    const { deferred, connector, reactor, transport } = attempt(socks)
    expect(reactor.tcpClients[0]).toMatchObject({ host: 'proxy.example', port: 1080 })
    deferred.addCallback((protocol) => {
      (protocol as Recorder).log.push('fired')
      return protocol
    })
    connector.succeed(transport)!.dataReceived(latin1(`${SOCKS_YES}hello`))
    const protocol = outcome(deferred) as Recorder
    expect(protocol.log).toEqual(['made', 'fired', 'hello'])
    expect(protocol.transport.getPeer()).toEqual({ family: 'hostname', type: 'TCP', host: 'example.com', port: 80 })
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('builds the protocol for where it is connected to, once there is a tunnel', () => {
    const factory = Factory.forProtocol(Recorder)
    const built: unknown[] = []
    factory.buildProtocol = (address) => {
      built.push(address)
      return new Recorder()
    }
    const { connector, transport } = attempt((proxy) => new SOCKS5ClientEndpoint(proxy, '192.0.2.9', 80), factory)
    const handshake = connector.succeed(transport)!
    expect(built).toEqual([])
    handshake.dataReceived(latin1(SOCKS_YES))
    expect(built).toEqual([{ family: 'IPv4', type: 'TCP', host: '192.0.2.9', port: 80 }])
  })

  it('starts and stops the factory with the connection to the proxy', () => {
    const { connector, factory, deferred } = attempt(socks)
    expect(factory.numPorts).toBe(1)
    connector.fail(new ConnectionRefusedError())
    expect(factory.numPorts).toBe(0)
    expect(failureOf(deferred)).toBeInstanceOf(ConnectionRefusedError)
  })

  it('fails with what the proxy says, and aborts', () => {
    const { connector, deferred, transport, reactor } = attempt(socks)
    connector.succeed(transport)!.dataReceived(latin1('\x05\x00\x05\x02'))
    expect(failureOf(deferred)).toBeInstanceOf(SOCKSNotAllowed)
    expect(transport.aborted).toBe(true)
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('fails when the proxy closes, or stalls', () => {
    const closed = attempt(socks)
    closed.connector.succeed(closed.transport)!.connectionLost(new Failure(new ConnectionDone()))
    expect(failureOf(closed.deferred)).toBeInstanceOf(ProxyClosedError)
    const stalled = attempt((proxy) => new SOCKS5ClientEndpoint(proxy, 'h', 1, null, { timeout: 5_000 }))
    stalled.connector.succeed(stalled.transport)!.dataReceived(latin1('\x05'))
    stalled.reactor.advance(4_999)
    expect(stalled.deferred.called).toBe(false)
    stalled.reactor.advance(1)
    expect(failureOf(stalled.deferred)).toBeInstanceOf(TimeoutError)
    expect(stalled.transport.aborted).toBe(true)
  })

  it('has 30 s unless told otherwise, on the time of the proxy\'s endpoint or a given one', () => {
    const inner = attempt((proxy) => new SOCKS5ClientEndpoint(new SOCKS5ClientEndpoint(proxy, 'a', 1), 'b', 2))
    const first = inner.connector.succeed(inner.transport)!
    first.dataReceived(latin1(SOCKS_YES))
    inner.reactor.advance(29_999)
    expect(inner.deferred.called).toBe(false)
    inner.reactor.advance(1)
    expect(failureOf(inner.deferred)).toBeInstanceOf(TimeoutError)

    const own: IStreamClientEndpoint = { connect: (factory: IProtocolFactory) => {
      factory.buildProtocol({} as never)!.makeConnection(new StringTransport())
      return new Deferred<IProtocol>()
    } }
    const reactor = new MemoryReactor()
    const timed = new SOCKS5ClientEndpoint(own, 'h', 1, null, { clock: reactor, timeout: 5 }).connect(new Factory())
    reactor.advance(5)
    expect(failureOf(timed)).toBeInstanceOf(TimeoutError)
    expect(outcome(new SOCKS5ClientEndpoint(own, 'h', 1).connect(new Factory()))).toBe('nothing yet')
  })

  it('an endpoint shows no way to its reactor', () => {
    const reactor = new MemoryReactor()
    const proxy = new TCP4ClientEndpoint(reactor, 'h', 1)
    for (const endpoint of [proxy, new SOCKS5ClientEndpoint(proxy, 'h', 1), new HAProxyClientEndpoint(proxy),
      wrapClientTLS({}, proxy)]) {
      expect(Object.values(endpoint).filter((value) => typeof value === 'object')).toEqual([])
    }
  })

  it('can be cancelled while it connects, during the handshake, and not after', () => {
    const connecting = attempt(socks)
    connecting.deferred.cancel()
    expect(failureOf(connecting.deferred)).toBeInstanceOf(ConnectingCancelledError)
    expect(connecting.connector.state).toBe('disconnected')
    const shaking = attempt(socks)
    const handshake = shaking.connector.succeed(shaking.transport)!
    shaking.deferred.cancel()
    expect(failureOf(shaking.deferred)).toBeInstanceOf(ConnectingCancelledError)
    expect(shaking.transport.aborted).toBe(true)
    expect(shaking.reactor.getDelayedCalls()).toEqual([])
    handshake.dataReceived(latin1(SOCKS_YES))
    const done = attempt(socks)
    done.connector.succeed(done.transport)!.dataReceived(latin1(SOCKS_YES))
    done.deferred.cancel()
    expect(outcome(done.deferred)).toBeInstanceOf(Recorder)
    expect(done.transport.aborted).toBe(false)
  })

  it('fails with what the factory or its protocol fails with', () => {
    const planted = new Error('planted')
    const throwing = Factory.forProtocol(Recorder)
    throwing.buildProtocol = () => { throw planted }
    const one = attempt(socks, throwing)
    one.connector.succeed(one.transport)!.dataReceived(latin1(SOCKS_YES))
    expect(failureOf(one.deferred)).toBe(planted)
    const refusing = Factory.forProtocol(Recorder)
    refusing.buildProtocol = () => null
    const two = attempt(socks, refusing)
    two.connector.succeed(two.transport)!.dataReceived(latin1(SOCKS_YES))
    expect(failureOf(two.deferred)).toBeInstanceOf(ConnectError)
    expect([one.transport.aborted, two.transport.aborted]).toEqual([true, true])
    class Bad extends Protocol {
      override connectionMade(): void {
        throw planted
      }
    }
    const three = attempt(socks, Factory.forProtocol(Bad))
    expect(() => three.connector.succeed(three.transport)!.dataReceived(latin1(SOCKS_YES))).toThrow(planted)
    expect(failureOf(three.deferred)).toBe(planted)
  })

  it.each([['nothing', undefined], ['no object', 7], ['a frozen object', Object.freeze(new Recorder())]])(
    'a factory that makes %s fails the attempt, and leaves no connection', (_, made) => {
      const factory = Factory.forProtocol(Recorder)
      factory.buildProtocol = () => made as never
      const { connector, transport, deferred, reactor } = attempt(socks, factory)
      connector.succeed(transport)!.dataReceived(latin1(SOCKS_YES))
      expect(failureOf(deferred)).toBeInstanceOf(TypeError)
      expect(transport.aborted).toBe(true)
      expect(reactor.getDelayedCalls()).toEqual([])
    })

  it('an inner endpoint that throws, or fails, is a failure', () => {
    const planted = new Error('planted')
    const throwing = { connect: () => { throw planted } }
    expect(failureOf(socks(throwing).connect(new Factory()))).toBe(planted)
    const failing = { connect: () => fail(planted) as Deferred<never> }
    expect(failureOf(socks(failing).connect(new Factory()))).toBe(planted)
  })

  it('refuses at once what it could not ask for', () => {
    const proxy = new TCP4ClientEndpoint(new MemoryReactor(), 'h', 1)
    for (const Endpoint of [SOCKS5ClientEndpoint, HTTPConnectClientEndpoint]) {
      expect(() => new Endpoint(proxy, '', 1)).toThrow(TypeError)
      expect(() => new Endpoint(proxy, 'h', 65_536)).toThrow(RangeError)
      expect(() => new Endpoint(proxy, 'h', 1, null, { timeout: -1 })).toThrow(RangeError)
      expect(() => new Endpoint(undefined as never, 'h', 1)).toThrow(TypeError)
    }
  })
})

describe('HTTPConnectClientEndpoint', () => {
  it('asks, says who it is, and gives the bytes behind the answer to the protocol', () => {
    const { deferred, connector, transport } = attempt((proxy) =>
      new HTTPConnectClientEndpoint(proxy, 'example.com', 443, { username: 'me', password: 'x' }))
    const handshake = connector.succeed(transport)!
    expect(transport.text()).toContain('CONNECT example.com:443 HTTP/1.1\r\n')
    expect(transport.text()).toContain('Proxy-Authorization: Basic bWU6eA==\r\n')
    handshake.dataReceived(latin1('HTTP/1.1 200 OK\r\n\r\nhello'))
    expect((outcome(deferred) as Recorder).log).toEqual(['made', 'hello'])
  })

  it('over SOCKS5, from a string', () => {
    const reactor = new MemoryReactor()
    const protocol = new Recorder()
    const deferred = connectProtocol(clientFromString(reactor,
      'connect:b:2:proxy=socks5\\:a\\:1\\:proxy\\=tcp\\\\\\:proxy.example\\\\\\:1080'), protocol)
    const transport = new StringTransport()
    reactor.connectors[0]!.succeed(transport)!.dataReceived(latin1(`${SOCKS_YES}HTTP/1.1 200 OK\r\n\r\nhello`))
    expect(transport.text()).toContain('CONNECT b:2 ')
    expect(outcome(deferred)).toBe(protocol)
    expect(protocol.log).toEqual(['made', 'hello'])
    expect(protocol.transport.getPeer()).toMatchObject({ host: 'b', port: 2 })
  })
})

describe('the PROXY protocol', () => {
  it('a client says where the connection begins and ends, before anything else', () => {
    const { deferred, connector, transport } = attempt((proxy) => new HAProxyClientEndpoint(proxy, { version: 1 }))
    connector.succeed(transport)
    const protocol = outcome(deferred) as Recorder
    protocol.transport.write('hello')
    expect(transport.text()).toBe('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nhello')
    expect(protocol.log).toEqual(['made'])
  })

  it('a client can speak for somebody else; what version 1 cannot say is refused', () => {
    const proxy = new TCP4ClientEndpoint(new MemoryReactor(), 'h', 1)
    for (const options of [{ version: 3 as never }, { version: 1, command: 'LOCAL' }, { version: 1, checksum: true },
      { version: 1, tlvs: [{ type: 1, value: new Uint8Array(1) }] }] as const) {
      expect(() => new HAProxyClientEndpoint(proxy, options)).toThrow(TypeError)
    }
    const source = { family: 'IPv6', type: 'TCP', host: '2001:db8::1', port: 5 } as const
    const { connector, transport } = attempt((inner) => new HAProxyClientEndpoint(inner, {
      source, destination: { ...source, port: 6 }, checksum: true, tlvs: [{ type: 2, value: latin1('a.b') }],
    }))
    connector.succeed(transport)
    const reactor = new MemoryReactor()
    const server = new Recorder()
    const factory = new Factory()
    factory.buildProtocol = () => server
    new HAProxyServerEndpoint(new TCP4ServerEndpoint(reactor, 1)).listen(factory)
    reactor.tcpServers[0]!.listening.accept()!.dataReceived(transport.value())
    expect([server.transport.getPeer(), server.transport.getHost()]).toEqual([source, { ...source, port: 6 }])
    expect(proxyHeaderOf(server.transport)?.authority).toBe('a.b')
  })

  it('a server has a deadline, from its endpoint, its options, or its string', () => {
    for (const listen of [
      (reactor: MemoryReactor) => new HAProxyServerEndpoint(new TCP4ServerEndpoint(reactor, 1), { timeout: 10_000 }),
      (reactor: MemoryReactor) => new HAProxyServerEndpoint(new TCP4ServerEndpoint(reactor, 1)),
      (reactor: MemoryReactor) => serverFromString(reactor, 'haproxy:tcp:1:headerTimeout=10s'),
    ]) {
      const reactor = new MemoryReactor()
      const transport = new StringTransport()
      listen(reactor).listen(Factory.forProtocol(Recorder))
      reactor.tcpServers[0]!.listening.accept(transport)
      reactor.advance(9_999)
      expect(transport.aborted).toBe(false)
      reactor.advance(1)
      expect(transport.aborted).toBe(true)
    }
    expect(() => new HAProxyServerEndpoint(new TCP4ServerEndpoint(new MemoryReactor(), 1), { timeout: -1 })).toThrow(RangeError)
  })
})

/** A transport whose TLS is the test. */
interface TLSTransport extends StringTransport {
  begun: unknown[]
  startTLS(tls: object): void
}

function tlsTransport(): TLSTransport {
  const begun: unknown[] = []
  return Object.assign(new StringTransport(), { begun, startTLS: (tls: object) => { begun.push(tls) } }) as TLSTransport
}

describe('wrapClientTLS', () => {
  it('fires after the handshake; then handshakeCompleted follows connectionMade', () => {
    const { deferred, connector, transport } = attempt((proxy) =>
      wrapClientTLS({ alpn: ['h2'] }, new SOCKS5ClientEndpoint(proxy, 'example.com', 443)), undefined, tlsTransport())
    const tls = transport as TLSTransport
    const handshake = connector.succeed(tls) as unknown as { handshakeCompleted(): void, dataReceived(data: Uint8Array): void }
    expect(tls.begun).toEqual([])
    handshake.dataReceived(latin1(SOCKS_YES))
    expect(tls.begun).toEqual([{ alpn: ['h2'], serverName: 'example.com' }])
    expect(deferred.called).toBe(false)
    handshake.handshakeCompleted()
    handshake.dataReceived(latin1('hello'))
    expect((outcome(deferred) as Recorder).log).toEqual(['made', 'secured', 'hello'])
  })

  it('fails with the TLSError, or one that says that the connection ended', () => {
    const error = new TLSError('planted')
    const one = attempt((proxy) => wrapClientTLS({}, proxy), undefined, tlsTransport())
    one.connector.succeed(one.transport)!.connectionLost(new Failure(error))
    expect(failureOf(one.deferred)).toBe(error)
    const two = attempt((proxy) => wrapClientTLS({}, proxy), undefined, tlsTransport())
    two.connector.succeed(two.transport)!.connectionLost(new Failure(new ConnectionDone()))
    const ended = failureOf(two.deferred)
    expect(ended).toBeInstanceOf(TLSHandshakeError)
    expect(ended).toMatchObject({ reason: 'closed' })
  })

  it('fails where startTLS throws, or is not there', () => {
    const without = Object.assign(new StringTransport(), { startTLS: undefined }) as never
    const one = attempt((proxy) => wrapClientTLS({}, proxy), undefined, without)
    one.connector.succeed(one.transport)
    expect(failureOf(one.deferred)).toBeInstanceOf(NotSupportedError)
    expect(one.transport.aborted).toBe(true)
  })

  it('can be cancelled during the handshake', () => {
    const { deferred, connector, transport } = attempt((proxy) => wrapClientTLS({}, proxy), undefined, tlsTransport())
    const handshake = connector.succeed(transport) as unknown as { handshakeCompleted(): void }
    deferred.cancel()
    expect(failureOf(deferred)).toBeInstanceOf(ConnectingCancelledError)
    expect(transport.aborted).toBe(true)
    handshake.handshakeCompleted()
    expect(transport.text()).toBe('')
  })

  it('E15 there is always a name to verify', () => {
    const names = (tls: object, endpoint: IStreamClientEndpoint): unknown[] => {
      const transport = tlsTransport()
      wrapClientTLS(tls, { connect: (factory: IProtocolFactory) => {
        factory.buildProtocol({} as never)!.makeConnection(transport)
        return new Deferred<IProtocol>()
      }, ...'host' in endpoint ? { host: endpoint.host } : {} } as IStreamClientEndpoint).connect(new Factory())
      return transport.begun
    }
    const tcp = new TCP4ClientEndpoint(new MemoryReactor(), 'a.example', 1)
    expect(names({}, tcp)).toEqual([{ serverName: 'a.example' }])
    expect(names({ serverName: 'b.example' }, tcp)).toEqual([{ serverName: 'b.example' }])
    expect(() => wrapClientTLS({}, { connect: () => new Deferred<IProtocol>() })).toThrow('serverName')
    expect(names({ insecureSkipVerify: true }, { connect: () => new Deferred<IProtocol>() }))
      .toEqual([{ insecureSkipVerify: true }])
    expect(() => wrapClientTLS({}, undefined as never)).toThrow(TypeError)
  })

  it('E15 tls:…:endpoint=… connects elsewhere and verifies the name; the header of haproxy: comes first', () => {
    const reactor = new MemoryReactor()
    const transport = tlsTransport()
    const deferred = clientFromString(reactor,
      'haproxy:tls:example.com:443:endpoint=tcp\\:127.0.0.1\\:8443:timeout=20s:proxyVersion=1').connect(Factory.forProtocol(Recorder))
    expect(reactor.tcpClients[0]).toMatchObject({ host: '127.0.0.1', port: 8443 })
    const written: string[] = []
    transport.startTLS = (tls: object) => {
      written.push(transport.text())
      transport.begun.push(tls)
    }
    reactor.connectors[0]!.succeed(transport)
    expect(written).toEqual(['PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n'])
    expect(transport.begun).toEqual([{ serverName: 'example.com', handshakeTimeout: 20_000 }])
    reactor.advance(20_000)
    expect(failureOf(deferred)).toBeInstanceOf(TimeoutError)
    expect(transport.aborted).toBe(true)
    expect(reactor.getDelayedCalls()).toEqual([])
  })
})
