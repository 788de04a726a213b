import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/defer/index.js'
import { ConnectionDone } from '../../../src/errors/index.js'
import type { IAddress, IConnector } from '../../../src/interfaces/index.js'
import { ClientFactory, Factory } from '../../../src/protocols/factory.js'
import { ProtocolWrapper, WrappingFactory } from '../../../src/protocols/policies/index.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { StringTransport } from '../../../src/testing/string-transport.js'

const ADDRESS: IAddress = { family: 'IPv4', type: 'TCP', host: '192.0.2.7', port: 7 }

class Recorder extends Protocol {
  readonly seen: unknown[] = []
  override connectionMade(): void {
    this.seen.push('made')
  }
  override dataReceived(data: Uint8Array): void {
    this.seen.push(data)
  }
  override connectionLost(reason: Failure): void {
    this.seen.push(reason)
  }
}

class HalfCloseable extends Recorder {
  readConnectionLost(): void {
    this.seen.push('read lost')
  }
  writeConnectionLost(): void {
    this.seen.push('write lost')
  }
}

function wrapped(kind: new () => Recorder = Recorder, transport = new StringTransport()) {
  const factory = new WrappingFactory(Factory.forProtocol(kind))
  const wrapper = factory.buildProtocol(ADDRESS) as ProtocolWrapper
  wrapper.makeConnection(transport)
  return { factory, wrapper, transport, protocol: wrapper.wrappedProtocol as Recorder }
}

describe('ProtocolWrapper', () => {
  it('relays data and the end, the identical objects', () => {
    const { wrapper, protocol } = wrapped()
    const data = Uint8Array.of(1)
    const reason = new Failure(new ConnectionDone())
    wrapper.dataReceived(data)
    wrapper.connectionLost(reason)
    expect(protocol.seen).toHaveLength(3)
    expect(protocol.seen[0]).toBe('made')
    expect(protocol.seen[1]).toBe(data)
    expect(protocol.seen[2]).toBe(reason)
  })

  it('is the transport of the wrapped protocol', () => {
    const { wrapper, protocol, transport } = wrapped()
    expect(protocol.transport).toBe(wrapper)
    protocol.transport.write('a')
    protocol.transport.writeSequence(['b', Uint8Array.of(0x63)])
    expect(transport.text()).toBe('abc')
    protocol.transport.pauseProducing()
    expect(transport.producerState).toBe('paused')
    protocol.transport.resumeProducing()
    expect(transport.producerState).toBe('producing')
    protocol.transport.setTcpNoDelay(true)
    expect(transport.getTcpNoDelay()).toBe(true)
    expect(protocol.transport.getPeer()).toBe(transport.getPeer())
    expect(protocol.transport.getHost()).toBe(transport.getHost())
    const producer = { resumeProducing() {}, stopProducing() {} }
    protocol.transport.registerProducer(producer, false)
    expect(transport.producer).toBe(producer)
    protocol.transport.unregisterProducer()
    expect(transport.producer).toBeNull()
    expect(protocol.transport.writableLength).toBe(0)
    protocol.transport.setWriteLimits({ high: 5 })
    expect(transport.writeLimits).toEqual({ high: 5 })
    protocol.transport.loseWriteConnection()
    expect(transport.writeDisconnected).toBe(true)
    expect(wrapper.disconnecting).toBe(false)
    protocol.transport.loseConnection()
    expect([wrapper.disconnecting, transport.disconnecting]).toEqual([true, true])
    protocol.transport.abortConnection()
    expect(transport.aborted).toBe(true)
    protocol.transport.stopProducing()
    expect(transport.producerState).toBe('stopped')
  })

  it('hands on what its transport can do beyond the common, and nothing that it cannot', () => {
    class Secure extends StringTransport {
      started = 0
      override get negotiatedProtocol(): string {
        return `p${this.started}`
      }
      override startTLS(): void {
        this.started += 1
      }
    }
    const { wrapper } = wrapped(Recorder, new Secure())
    const asTLS = wrapper as unknown as { startTLS(): void, negotiatedProtocol: string }
    asTLS.startTLS()
    expect(asTLS.negotiatedProtocol).toBe('p1')
    const plain = Object.assign(Object.create({ write() {}, getPeer() {} }) as StringTransport)
    expect('startTLS' in wrapped(Recorder, plain).wrapper).toBe(false)
    const overPlain = wrapped(Recorder, plain).wrapper
    expect(typeof overPlain.setTcpNoDelay).toBe('undefined')
    expect(typeof wrapped().wrapper.setTcpNoDelay).toBe('function')
  })

  it('does not hide what a class of wrappers defines itself', () => {
    class Transport extends StringTransport {
      special(): string {
        return 'transport'
      }
    }
    class Wrapper extends ProtocolWrapper {
      special(): string {
        return 'wrapper'
      }
    }
    const factory = new WrappingFactory(Factory.forProtocol(Recorder))
    factory.protocol = Wrapper
    const wrapper = factory.buildProtocol(ADDRESS) as Wrapper
    wrapper.makeConnection(new Transport())
    expect(wrapper.special()).toBe('wrapper')
  })

  it('is half-closeable only if the wrapped protocol is', () => {
    expect('readConnectionLost' in wrapped().wrapper).toBe(false)
    const { wrapper, protocol } = wrapped(HalfCloseable)
    const half = wrapper as unknown as HalfCloseable
    half.readConnectionLost()
    half.writeConnectionLost()
    expect(protocol.seen).toEqual(['made', 'read lost', 'write lost'])
  })

  it('lets an error of the wrapped protocol through', () => {
    const { wrapper, protocol } = wrapped()
    const error = new Error('planted')
    protocol.dataReceived = () => { throw error }
    expect(() => wrapper.dataReceived(Uint8Array.of(1))).toThrow(error)
  })
})

describe('WrappingFactory', () => {
  it('knows the open connections', () => {
    const { factory, wrapper } = wrapped()
    expect([...factory.protocols]).toEqual([wrapper])
    wrapper.connectionLost(new Failure(new ConnectionDone()))
    expect(factory.protocols.size).toBe(0)
  })

  it('refuses what the wrapped factory refuses', () => {
    const inner = new Factory()
    inner.buildProtocol = () => null
    expect(new WrappingFactory(inner).buildProtocol(ADDRESS)).toBeNull()
  })

  it('starts and stops the wrapped factory', () => {
    const inner = new Factory()
    const seen: string[] = []
    inner.startFactory = () => { seen.push('start') }
    inner.stopFactory = () => { seen.push('stop') }
    const factory = new WrappingFactory(inner)
    factory.doStart()
    factory.doStart()
    factory.doStop()
    expect(seen).toEqual(['start'])
    factory.doStop()
    expect(seen).toEqual(['start', 'stop'])
    expect(factory.numPorts).toBe(0)
  })

  it('tells a wrapped client factory of its connector, and asks nothing of another', () => {
    const inner = new ClientFactory()
    const seen: unknown[] = []
    inner.startedConnecting = (connector) => { seen.push(connector) }
    inner.clientConnectionFailed = (_connector, reason) => { seen.push(reason) }
    inner.clientConnectionLost = (_connector, reason) => { seen.push(reason) }
    const connector = {} as IConnector
    const [first, second] = [new Failure(new Error('1')), new Failure(new Error('2'))]
    for (const factory of [new WrappingFactory(inner), new WrappingFactory(new Factory())]) {
      factory.startedConnecting(connector)
      factory.clientConnectionFailed(connector, first)
      factory.clientConnectionLost(connector, second)
    }
    expect(seen).toHaveLength(3)
    expect(seen[0]).toBe(connector)
    expect(seen[1]).toBe(first)
    expect(seen[2]).toBe(second)
  })
})

describe('ProtocolWrapper and what else a transport tells', () => {
  it('hands on handshakeCompleted to a protocol that has it, and does not ask for it otherwise', () => {
    class Secured extends Recorder {
      handshakeCompleted(): void {
        this.seen.push('secured')
      }
    }
    const { wrapper, protocol } = wrapped(Secured)
    ;(wrapper as unknown as Secured).handshakeCompleted()
    expect(protocol.seen).toEqual(['made', 'secured'])
    expect('handshakeCompleted' in wrapped().wrapper).toBe(false)
  })

  it('hands on what its transport has by symbol', () => {
    class Iterable extends StringTransport {
      [Symbol.asyncIterator](): string {
        return 'iterator'
      }
    }
    const { wrapper } = wrapped(Recorder, new Iterable())
    expect((wrapper as unknown as Iterable)[Symbol.asyncIterator]()).toBe('iterator')
  })

  it('switchProtocol keeps the wrapper in the path: the new protocol gets the bytes, and the factory still counts', () => {
    const { wrapper, protocol, factory, transport } = wrapped(HalfCloseable)
    const next = new Recorder()
    const peer: IAddress = { family: 'IPv4', type: 'TCP', host: '203.0.113.1', port: 1 }
    wrapper.switchProtocol(next, { rest: Uint8Array.of(1), peer })
    expect(next.transport).toBe(wrapper)
    expect([wrapper.getPeer(), wrapper.getHost()]).toEqual([peer, transport.getHost()])
    // The new one cannot live on with half a connection, and so the wrapper cannot.
    expect('readConnectionLost' in wrapper).toBe(false)
    wrapper.dataReceived(Uint8Array.of(2))
    wrapper.connectionLost(new Failure(new ConnectionDone()))
    expect(next.seen.map((one) => one instanceof Uint8Array ? one[0] : one instanceof Failure ? 'lost' : one))
      .toEqual(['made', 1, 2, 'lost'])
    expect(protocol.seen).toEqual(['made'])
    expect([factory.protocols.size, wrapper.wrappedProtocol]).toEqual([0, next])
  })
})
