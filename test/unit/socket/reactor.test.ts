/** Sockets on a MemoryReactor: what they ask of a reactor, and what they make of its answers. */
import { describe, expect, it } from 'vitest'
import { Deferred, fail, succeed } from '../../../src/defer/index.js'
import {
  CannotListenError, ConnectingCancelledError, ConnectionRefusedError, NotSupportedError,
} from '../../../src/errors/index.js'
import type { IDatagramProtocol, IUDPTransport, UDPAddress } from '../../../src/interfaces/index.js'
import {
  accept, bind, close, connect, DatagramSocket, getpeername, getsockname, listen, recv, recvfrom, send, sendall, sendto,
  setsockopt, shutdown, socket, SocketClosed, SocketStateError, StreamSocket,
} from '../../../src/socket/index.js'
import { MemoryReactor, StringTransport } from '../../../src/testing/index.js'
import { bytes, outcome, text } from './support.js'

describe('stream sockets on a MemoryReactor', () => {
  it('the Berkeley calls: a server', async () => {
    const reactor = new MemoryReactor()
    const server = await socket(reactor)
    await setsockopt(server, 'TCP_NODELAY', true)
    await bind(server, { host: '127.0.0.1', port: 8007 })
    await listen(server, 5)
    expect(reactor.tcpServers[0]).toMatchObject({ port: 8007, options: { interface: '127.0.0.1', backlog: 5 } })
    expect(await getsockname(server)).toMatchObject({ family: 'IPv4', port: 8007 })
    const accepting = accept(server)
    const transport = new StringTransport()
    const protocol = reactor.tcpServers[0].listening.accept(transport)
    const client = await accepting
    expect(transport.getTcpNoDelay()).toBe(true)
    expect(await getpeername(client)).toEqual(transport.getPeer())
    protocol?.dataReceived(bytes('ping'))
    expect(text(await recv(client))).toBe('ping')
    expect(await send(client, 'pong')).toBe(4)
    await sendall(client, '!')
    await shutdown(client)
    expect([transport.text(), transport.writeDisconnected]).toEqual(['pong!', true])
    await close(server)
    expect(reactor.tcpServers[0].listening.listening).toBe(false)
  })

  it('the Berkeley calls: a client', async () => {
    const reactor = new MemoryReactor()
    const client = await socket(reactor, 'inet', 'stream')
    await bind(client, { host: '127.0.0.2', port: 99 })
    const connecting = connect(client, { host: 'example.com', port: 80 }, { timeout: 5 })
    expect(reactor.tcpClients[0]).toMatchObject({ host: 'example.com', port: 80,
      options: { timeout: 5, bindAddress: { host: '127.0.0.2', port: 99 } } })
    expect(outcome(connect(client, { port: 80 }))()).toBeInstanceOf(SocketStateError)
    reactor.tcpClients[0].connector.succeed()
    expect(await connecting).toBe(undefined)
    expect(await getpeername(client)).toMatchObject({ host: 'example.com' })
  })

  it('a refused connection is ConnectionRefusedError, and may be tried again', () => {
    const reactor = new MemoryReactor()
    const client = new StreamSocket(reactor)
    const refused = outcome(client.connect({ port: 80 }))
    reactor.tcpClients[0].connector.fail(new ConnectionRefusedError())
    expect(refused()).toBeInstanceOf(ConnectionRefusedError)
    const connected = outcome(client.connect({ port: 80 }))
    reactor.tcpClients[1].connector.succeed()
    expect(connected()).toBe(undefined)
  })

  it('connecting can be cancelled: by its Deferred, by a signal, by close', () => {
    const reactor = new MemoryReactor()
    const controller = new AbortController()
    const sockets = [0, 1, 2].map(() => new StreamSocket(reactor))
    const attempts = [sockets[0].connect({ port: 1 }), sockets[1].connect({ port: 1 }, { signal: controller.signal }),
      sockets[2].connect({ port: 1 })]
    const results = attempts.map(outcome)
    attempts[0].cancel()
    controller.abort()
    const closed = outcome(sockets[2].close())
    for (const result of results) expect(result()).toBeInstanceOf(ConnectingCancelledError)
    expect(reactor.connectors.map((connector) => connector.state)).toEqual(Array(3).fill('disconnected'))
    expect(closed()).toBe(undefined)
    expect(outcome(sockets[2].connect({ port: 1 }))()).toBeInstanceOf(SocketClosed)
  })

  it('an address that is taken is the failure of listen; the socket can listen elsewhere', async () => {
    const reactor = new MemoryReactor()
    const [one, two] = [new StreamSocket(reactor), new StreamSocket(reactor)]
    await one.bind({ port: 8007 })
    await one.listen()
    await two.bind({ port: 8007 })
    expect(outcome(two.listen())()).toBeInstanceOf(CannotListenError)
    await one.close()
    expect(outcome(two.listen())()).toBe(undefined)
  })

  it('no more connections wait than the backlog says; those on top are turned away', async () => {
    const reactor = new MemoryReactor()
    const server = new StreamSocket(reactor)
    await server.listen(2)
    const { listening } = reactor.tcpServers[0]
    const transports = [0, 1, 2].map(() => new StringTransport())
    expect(transports.map((transport) => listening.accept(transport) !== null)).toEqual([true, true, false])
    expect(transports.map((transport) => transport.producerState)).toEqual(['paused', 'paused', 'producing'])
    const first = await server.accept()
    expect(first.transport).toBe(transports[0])
    expect(listening.accept(new StringTransport())).not.toBe(null)
    const cancelled = server.accept()
    await cancelled
    const waiting = [server.accept(), server.accept(), server.accept()]
    const results = waiting.map(outcome)
    waiting[1].cancel()
    const closed = server.close()
    expect((results[0]() as StreamSocket).transport).not.toBe(null)
    expect((results[1]() as Error).name).toBe('CancelledError')
    expect(results[2]()).toBeInstanceOf(SocketClosed)
    await closed
  })

  it('close drops what nobody has accepted', async () => {
    const reactor = new MemoryReactor()
    const server = new StreamSocket(reactor)
    await server.listen()
    const transport = new StringTransport()
    reactor.tcpServers[0].listening.accept(transport)
    await server.close()
    expect(transport.aborted).toBe(true)
    const none: unknown[] = []
    for await (const one of server.connections()) none.push(one)
    expect(none).toEqual([])
  })

  it('what a reactor does not have is NotSupportedError', () => {
    const reactor = new MemoryReactor()
    const unix = new StreamSocket({}, 'unix')
    expect(outcome(unix.connect({ path: 'x' }))()).toBeInstanceOf(NotSupportedError)
    expect(outcome(new StreamSocket({}).connect({ port: 1 }))()).toBeInstanceOf(NotSupportedError)
    expect(outcome(new StreamSocket({}).listen())()).toBeInstanceOf(NotSupportedError)
    expect(outcome(socket(reactor, 'unix', 'dgram'))()).toBeInstanceOf(NotSupportedError)
    expect(outcome(new DatagramSocket({}).bind({ port: 1 }))()).toBeInstanceOf(NotSupportedError)
    expect(outcome(unix.listen())()).toBeInstanceOf(SocketStateError)
    expect(() => socket(reactor, 'inet', 'raw' as never)).toThrow(RangeError)
  })

  it('sockets of endpoints', async () => {
    const reactor = new MemoryReactor()
    const { TCP4ClientEndpoint, TCP4ServerEndpoint } = await import('../../../src/endpoints/index.js')
    const server = new StreamSocket(reactor, null)
    await server.listenAt(new TCP4ServerEndpoint(reactor, 8007), 1)
    const client = new StreamSocket(reactor, null)
    const connected = client.connectTo(new TCP4ClientEndpoint(reactor, 'example.com', 80))
    reactor.tcpClients[0].connector.succeed()
    await connected
    const accepted = server.accept()
    reactor.tcpServers[0].listening.accept()
    expect((await accepted).transport).not.toBe(null)
    expect(() => client.connect({ port: 1 })).toThrow(TypeError)
    expect(outcome(new StreamSocket(reactor, null).listen())()).toBeInstanceOf(SocketStateError)
  })
})

const PEER: UDPAddress = { family: 'IPv4', type: 'UDP', host: '192.0.2.9', port: 9 }

/** A reactor whose ports are the test's. */
class UDPReactor {
  protocol!: IDatagramProtocol
  asked: unknown[] = []
  sent: unknown[] = []
  ready = new Deferred<IUDPTransport>()
  nameResolver = { resolve: (name: string) => name === 'peer.test'
    ? succeed([PEER]) as never : fail(new Error(`no ${name}`)) }

  listenUDP(port: number, protocol: IDatagramProtocol, options: unknown): IUDPTransport {
    this.protocol = protocol
    this.asked.push([port, options])
    const transport = {
      ready: this.ready,
      getHost: () => ({ ...PEER, host: '127.0.0.1', port: 4711 }),
      write: (data: Uint8Array | string, to?: { host: string, port: number }) => {
        this.sent.push([typeof data === 'string' ? data : text(data), to])
      },
      connect: (host: string, to: number) => this.sent.push(['connect', host, to]),
      setBroadcastAllowed: (allowed: boolean) => this.sent.push(['broadcast', allowed]),
      getBroadcastAllowed: () => false,
      stopListening: () => {
        this.protocol.doStop()
        return succeed()
      },
    } as unknown as IUDPTransport
    return transport
  }
}

describe('datagram sockets', () => {
  function bound(): { reactor: UDPReactor, udp: DatagramSocket } {
    const reactor = new UDPReactor()
    const udp = new DatagramSocket(reactor)
    const binding = outcome(udp.bind({ host: '127.0.0.1', port: 5 }))
    expect(binding()).toBe('waiting')
    reactor.ready.callback(undefined as never)
    expect(binding()).toBe(undefined)
    return { reactor, udp }
  }

  it('bind, sendto, recvfrom, getsockname, close', async () => {
    const { reactor, udp } = bound()
    expect(reactor.asked).toEqual([[5, { interface: '127.0.0.1', maxPacketSize: 65_535 }]])
    expect(await sendto(udp, 'ping', { host: '192.0.2.9', port: 9 })).toBe(4)
    expect(await sendto(udp, bytes('again'), { host: 'peer.test', port: 9 })).toBe(5)
    expect(reactor.sent).toEqual([['ping', { host: '192.0.2.9', port: 9 }], ['again', { host: '192.0.2.9', port: 9 }]])
    const waiting = recvfrom(udp)
    reactor.protocol.datagramReceived(bytes('pong'), PEER)
    const [data, from] = await waiting
    expect([text(data), from]).toEqual(['pong', PEER])
    expect(await getsockname(udp)).toMatchObject({ port: 4711 })
    const last = outcome(recv(udp))
    await close(udp)
    expect(last()).toBeInstanceOf(SocketClosed)
    for (const call of [udp.recvfrom(), udp.sendto('x', PEER), udp.bind({ port: 1 }), udp.setsockopt('SO_RCVBUF', 1)]) {
      expect(outcome(call)()).toBeInstanceOf(SocketClosed)
    }
  })

  it('sendto binds a socket that is not bound', () => {
    const reactor = new UDPReactor()
    const udp = new DatagramSocket(reactor)
    const results = [udp.sendto('a', PEER), udp.sendto('b', PEER)].map(outcome)
    reactor.ready.callback(undefined as never)
    expect(results.map((result) => result())).toEqual([1, 1])
    expect(reactor.asked).toEqual([[0, { interface: '0.0.0.0', maxPacketSize: 65_535 }]])
    expect(reactor.sent).toHaveLength(2)
  })

  it('a connected socket sends to its peer; that nobody listens there is told once', async () => {
    const { reactor, udp } = bound()
    expect(outcome(send(udp, 'x'))()).toBeInstanceOf(SocketStateError)
    await connect(udp, { host: 'peer.test', port: 9 })
    expect(outcome(udp.connect(PEER))()).toBeInstanceOf(SocketStateError)
    expect(await send(udp, 'x')).toBe(1)
    expect(reactor.sent).toEqual([['connect', '192.0.2.9', 9], ['x', undefined]])
    const waiting = [outcome(udp.recv()), outcome(udp.recv())]
    reactor.protocol.connectionRefused()
    expect(waiting[0]()).toBeInstanceOf(ConnectionRefusedError)
    expect(waiting[1]()).toBe('waiting')
    reactor.protocol.datagramReceived(bytes('y'), PEER)
    expect(waiting[1]()).toBe('y')
    reactor.protocol.connectionRefused()
    expect(outcome(udp.send('x'))()).toBeInstanceOf(ConnectionRefusedError)
    expect(outcome(udp.send('x'))()).toBe(1)
  })

  it('keeps no more unread bytes than SO_RCVBUF; what comes on top is lost', async () => {
    const { reactor, udp } = bound()
    await udp.setsockopt('SO_RCVBUF', 1000)
    for (let i = 0; i < 10; i++) reactor.protocol.datagramReceived(new Uint8Array([i]), PEER)
    expect([...await udp.recv(), ...await udp.recv(), ...await udp.recv()]).toEqual([0, 1, 2])
    const next = outcome(udp.recvfrom())
    expect(next()).toBe('waiting')
    reactor.protocol.datagramReceived(new Uint8Array([11]), PEER)
    expect((next() as [Uint8Array])[0][0]).toBe(11)
  })

  it('a cancelled recv takes no datagram', () => {
    const { reactor, udp } = bound()
    const controller = new AbortController()
    const waiting = [udp.recv(), udp.recv({ signal: controller.signal }), udp.recv()]
    const results = waiting.map(outcome)
    waiting[0].cancel()
    controller.abort()
    reactor.protocol.datagramReceived(bytes('x'), PEER)
    expect(results.map((result) => (result() as Error).name ?? result()))
      .toEqual(['CancelledError', 'CancelledError', 'x'])
  })

  it('a port that cannot be bound, or breaks, fails what waits', () => {
    const reactor = new UDPReactor()
    const udp = new DatagramSocket(reactor)
    const results = [udp.bind({ port: 5 }), udp.getsockname(), udp.sendto('x', PEER)].map(outcome)
    reactor.ready.errback(new CannotListenError('', 5))
    for (const result of results) expect(result()).toBeInstanceOf(CannotListenError)
    const other = bound()
    const waiting = outcome(other.udp.recv())
    other.reactor.protocol.doStop()
    expect(waiting()).toBeInstanceOf(SocketClosed)
  })

  it('options: what the port lacks is NotSupportedError, wrong ones are refused at once', () => {
    const { reactor, udp } = bound()
    outcome(udp.setsockopt('SO_BROADCAST', true))
    expect(reactor.sent).toEqual([['broadcast', true]])
    expect(outcome(udp.setsockopt('IP_ADD_MEMBERSHIP', { group: '239.1.2.3' }))()).toBeInstanceOf(NotSupportedError)
    expect(outcome(udp.setsockopt('SO_REUSEADDR', true))()).toBeInstanceOf(SocketStateError)
    expect(() => udp.setsockopt('SO_X' as never, 1 as never)).toThrow(TypeError)
    expect(() => udp.setsockopt('SO_RCVBUF', -1)).toThrow(RangeError)
    expect(() => udp.sendto(5 as never, PEER)).toThrow(TypeError)
    expect(() => udp.bind({ path: 'x' })).toThrow(TypeError)
    expect(() => new DatagramSocket(reactor, 'ipx' as never)).toThrow(RangeError)
    expect(outcome(new DatagramSocket(reactor).recv())()).toBeInstanceOf(SocketStateError)
  })
})
