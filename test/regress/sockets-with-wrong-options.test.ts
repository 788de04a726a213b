/**
 * Options that are wrong are refused before anything begins. A send buffer of -1 set on a listening socket made every
 * accept fail and left the connection open for good; a signal that is none left a read or an accept behind, which took
 * what the next call was to get; a second starttls made the first one's Deferred forget its handshake.
 */
import { describe, expect, it } from 'vitest'
import { Deferred, succeed } from '../../src/defer/index.js'
import { NotSupportedError } from '../../src/errors/index.js'
import type { IListeningPort, IProtocol, IProtocolFactory } from '../../src/interfaces/index.js'
import { readExactly, readLine, readUntil, SocketStateError, StreamSocket } from '../../src/socket/index.js'
import { MemoryReactor, StringTransport } from '../../src/testing/index.js'
import { bytes, outcome, pair } from '../unit/socket/support.js'

const WRONG = { signal: {} as AbortSignal }

describe('options of sockets', () => {
  it('a size that is none is refused when it is set, connected or not', () => {
    for (const size of [-1, NaN, -Infinity]) {
      for (const socket of [new StreamSocket(new MemoryReactor()), pair().client]) {
        expect(outcome(socket.setsockopt('SO_SNDBUF', size))()).toBeInstanceOf(RangeError)
      }
    }
  })

  it('a connection that cannot have the options of its socket is dropped, and the call says so', async () => {
    class Plain extends StringTransport {
      override setTcpNoDelay = undefined as never
    }
    let factory: IProtocolFactory | null = null
    const listener = new StreamSocket(new MemoryReactor())
    await listener.setsockopt('TCP_NODELAY', true)
    await listener.listenAt({ listen: (one: IProtocolFactory) => {
      factory = one
      return succeed({ stopListening: () => undefined } as unknown as IListeningPort) as Deferred<IListeningPort>
    } })
    const accepted = outcome(listener.accept())
    const transport = new Plain()
    factory!.buildProtocol({ family: 'IPv4', type: 'TCP', host: '10.0.0.1', port: 1 })!.makeConnection(transport)
    expect(accepted()).toBeInstanceOf(NotSupportedError)
    expect(transport.aborted).toBe(true)

    const client = new StreamSocket(new MemoryReactor())
    await client.setsockopt('TCP_NODELAY', true)
    const own = new Plain()
    const connect = (one: IProtocolFactory): Deferred<IProtocol> => {
      const protocol = one.buildProtocol({ family: 'IPv4', type: 'TCP', host: '10.0.0.1', port: 1 })!
      protocol.makeConnection(own)
      return succeed(protocol) as Deferred<IProtocol>
    }
    expect(outcome(client.connectTo({ connect }))()).toBeInstanceOf(NotSupportedError)
    expect(own.aborted).toBe(true)
    expect(client.transport).toBe(null)
  })

  it('an endpoint that throws leaves the socket as it was', async () => {
    const socket = new StreamSocket(new MemoryReactor())
    const broken = (): never => {
      throw new Error('broken')
    }
    await expect(socket.listenAt({ listen: broken })).rejects.toThrow('broken')
    await expect(socket.connectTo({ connect: broken })).rejects.toThrow('broken')
    await socket.listen()
    expect(outcome(socket.accept())()).toBe('waiting')
  })
})

describe('a signal that is none', () => {
  it('leaves no read behind', () => {
    const { server, client, pump } = pair()
    for (const read of [() => server.recv(5, WRONG), () => server.readExactly(1, WRONG), () => server.readLine(WRONG),
      () => server.readUntil(';', WRONG), () => client.send('lost', WRONG)]) expect(read).toThrow(TypeError)
    const got = outcome(server.recv())
    client.send('all of it')
    pump.flush()
    expect(got()).toBe('all of it')
  })

  it('leaves no accept and no attempt behind', async () => {
    const reactor = new MemoryReactor()
    const listener = new StreamSocket(reactor)
    await listener.listen()
    expect(() => listener.accept(WRONG)).toThrow(TypeError)
    const accepted = outcome(listener.accept())
    reactor.tcpServers[0].listening.accept(new StringTransport())
    expect(accepted()).toBeInstanceOf(StreamSocket)
    const client = new StreamSocket(reactor)
    expect(() => client.connect({ port: 1 }, WRONG)).toThrow(TypeError)
    expect(reactor.tcpClients).toEqual([])
  })
})

describe('starttls', () => {
  it('a second one is refused, and the first goes on', () => {
    const { server } = pair()
    const begun: unknown[] = []
    Object.assign(server.transport as object, { startTLS: (settings: unknown) => void begun.push(settings) })
    const first = outcome(server.starttls({}))
    expect(outcome(server.starttls({}))()).toBeInstanceOf(SocketStateError)
    expect([first(), begun.length]).toEqual(['waiting', 1])
    server.abort()
  })
})

describe('the reads as functions', () => {
  it('are the methods', () => {
    const { server, client, pump } = pair()
    const results = [readExactly(server, 2), readUntil(server, ';'), readLine(server)].map(outcome)
    client.send(bytes('abc;d\r\n'))
    pump.flush()
    expect(results.map((result) => result())).toEqual(['ab', 'c', 'd'])
  })
})
