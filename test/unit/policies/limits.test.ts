import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/defer/index.js'
import { ConnectionDone } from '../../../src/errors/index.js'
import type { IAddress, IProtocol } from '../../../src/interfaces/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import {
  LimitConnectionsByPeer, LimitTotalConnectionsFactory, ProtocolWrapper,
} from '../../../src/protocols/policies/index.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { StringTransport } from '../../../src/testing/string-transport.js'

const from = (host: string, port = 1): IAddress => ({ family: 'IPv4', type: 'TCP', host, port }) as IAddress

interface Buildable {
  buildProtocol(address: IAddress): IProtocol | null
}

/** Builds and connects a protocol, as a port does; null when it was refused. */
function connect(factory: Buildable, peer: IAddress): ProtocolWrapper | null {
  const protocol = factory.buildProtocol(peer)
  protocol?.makeConnection(new StringTransport({ peer }))
  return protocol as ProtocolWrapper | null
}

const end = (protocol: IProtocol | null): void => protocol!.connectionLost(new Failure(new ConnectionDone()))

describe('LimitConnectionsByPeer', () => {
  it('takes as many from one peer as it may, and lets others in', () => {
    const factory = new LimitConnectionsByPeer(Factory.forProtocol(Protocol))
    expect(factory.maxConnectionsPerPeer).toBe(5)
    factory.maxConnectionsPerPeer = 2
    const first = connect(factory, from('10.0.0.1', 1))
    expect(first).not.toBeNull()
    expect(connect(factory, from('10.0.0.1', 2))).not.toBeNull()
    expect(connect(factory, from('10.0.0.1', 3))).toBeNull()
    expect(connect(factory, from('10.0.0.2', 3))).not.toBeNull()
    expect([...factory.peerConnections]).toEqual([['10.0.0.1', 2], ['10.0.0.2', 1]])
    end(first)
    expect(connect(factory, from('10.0.0.1', 4))).not.toBeNull()
    expect(connect(factory, from('10.0.0.1', 5))).toBeNull()
  })

  it('forgets a peer that has no connection left', () => {
    const factory = new LimitConnectionsByPeer(Factory.forProtocol(Protocol))
    const protocols = [1, 2, 3].map((port) => connect(factory, from('10.0.0.1', port)))
    for (const protocol of protocols) end(protocol)
    expect(factory.peerConnections.size).toBe(0)
    expect(factory.protocols.size).toBe(0)
  })

  it('counts one IPv4 peer as one, also when it reaches an IPv6 socket', () => {
    const factory = new LimitConnectionsByPeer(Factory.forProtocol(Protocol))
    factory.maxConnectionsPerPeer = 1
    expect(connect(factory, from('10.0.0.1'))).not.toBeNull()
    expect(connect(factory, from('::ffff:10.0.0.1'))).toBeNull()
    expect(connect(factory, from('::ffff:10.0.0.2'))).not.toBeNull()
  })

  it('does not count what the wrapped factory refused or failed to build', () => {
    const inner = Factory.forProtocol(Protocol)
    const factory = new LimitConnectionsByPeer(inner)
    inner.buildProtocol = () => null
    expect(connect(factory, from('10.0.0.1'))).toBeNull()
    inner.buildProtocol = () => { throw new Error('planted') }
    expect(() => connect(factory, from('10.0.0.1'))).toThrow('planted')
    expect(factory.peerConnections.size).toBe(0)
  })
})

describe('LimitTotalConnectionsFactory', () => {
  class Sorry extends Protocol {
    override connectionMade(): void {
      this.transport.write('sorry')
      this.transport.loseConnection()
    }
  }

  it('has no limit unless one is set', () => {
    const factory = LimitTotalConnectionsFactory.forProtocol(Protocol)
    for (let port = 0; port < 100; port++) expect(connect(factory, from('10.0.0.1', port))).not.toBeNull()
    expect(factory.connectionCount).toBe(100)
  })

  it('refuses beyond the limit, and takes again when one ended', () => {
    const factory = LimitTotalConnectionsFactory.forProtocol(Protocol)
    factory.connectionLimit = 1
    const first = connect(factory, from('10.0.0.1'))
    expect((first!.wrappedProtocol as Protocol).factory).toBe(factory)
    expect(connect(factory, from('10.0.0.2'))).toBeNull()
    expect(factory.connectionCount).toBe(1)
    end(first)
    expect(factory.connectionCount).toBe(0)
    expect(connect(factory, from('10.0.0.2'))).not.toBeNull()
  })

  it('counts what was built before it is connected', () => {
    const factory = LimitTotalConnectionsFactory.forProtocol(Protocol)
    factory.connectionLimit = 1
    expect(factory.buildProtocol(from('10.0.0.1'))).not.toBeNull()
    expect(factory.buildProtocol(from('10.0.0.2'))).toBeNull()
  })

  it('speaks the overflow protocol with those that come too late', () => {
    const factory = LimitTotalConnectionsFactory.forProtocol(Protocol)
    factory.connectionLimit = 0
    factory.overflowProtocol = Sorry
    const transport = new StringTransport()
    const protocol = factory.buildProtocol(from('10.0.0.1')) as ProtocolWrapper
    protocol.makeConnection(transport)
    expect([transport.text(), transport.disconnecting]).toEqual(['sorry', true])
    expect((protocol.wrappedProtocol as Sorry).factory).toBe(factory)
    expect(factory.connectionCount).toBe(1)
    end(protocol)
    expect(factory.connectionCount).toBe(0)
  })
})
