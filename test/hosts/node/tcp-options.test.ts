/** Options of TCP: what is asked for reaches the socket, or is refused by name. */
import { createServer, Server, Socket } from 'node:net'
import process from 'node:process'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { reusesPorts } from '../../../bindings/node/tcp-reuse-port.js'
import { CannotListenError, NotSupportedError } from '../../../src/errors/index.js'
import { later, listen, pair, portOf, rawPeer, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

afterEach(() => {
  vi.restoreAllMocks()
})

const canReuse = (): Promise<boolean> => new Promise((resolve) => reusesPorts(resolve))

describe('options of a connection', () => {
  it('no-delay and keep-alive, with a delay in ms, reach the socket', async () => {
    const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay')
    const keepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive')
    const { client } = await pair(newReactor())
    const { transport } = client
    transport.setTcpNoDelay(true)
    transport.setTcpNoDelay(false)
    transport.setTcpKeepAlive(true)
    transport.setTcpKeepAlive(true, 30_000)
    transport.setTcpKeepAlive(false)
    expect(noDelay.mock.calls).toEqual([[true], [false]])
    expect(keepAlive.mock.calls).toEqual([[true, 0], [true, 30_000], [false, 0]])
    expect([transport.getTcpNoDelay(), transport.getTcpKeepAlive()]).toEqual([false, false])
    for (const bad of [-1, NaN, Infinity, '5' as never]) {
      expect(() => transport.setTcpKeepAlive(true, bad)).toThrow(RangeError)
    }
  })

  it('setting them after the end does nothing', async () => {
    const { client, server } = await pair(newReactor())
    client.transport.loseConnection()
    await Promise.all([client.lost, server.lost])
    client.transport.setTcpNoDelay(true)
    client.transport.setTcpKeepAlive(true, 1000)
    expect(client.transport.getTcpNoDelay()).toBe(true)
  })

  it('bindAddress is where a connection comes from, also with a port', async () => {
    const reactor = newReactor()
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.7', resolve))
    const { port } = free.address() as { port: number }
    await new Promise((resolve) => free.close(resolve))
    const servers = new TestFactory()
    const listening = portOf(await listen(reactor, servers))
    const clients = new TestFactory()
    reactor.connectTCP('127.0.0.1', listening, clients, { bindAddress: { host: '127.0.0.7', port } })
    expect((await clients.first).transport.getHost()).toMatchObject({ host: '127.0.0.7', port })
    expect((await servers.first).transport.getPeer()).toMatchObject({ host: '127.0.0.7', port })
  })

  it('an address that is not ours cannot be connected from', async () => {
    const reactor = newReactor()
    const clients = new TestFactory()
    reactor.connectTCP('127.0.0.1', 9, clients, { bindAddress: { host: '192.0.2.77' } })
    expect((await clients.failed).value.name).toBe('ConnectBindError')
  })
})

describe('options of a port', () => {
  it('backlog reaches the host', async () => {
    const spy = vi.spyOn(Server.prototype, 'listen')
    const port = newReactor().listenTCP(0, new TestFactory(), { interface: '127.0.0.1', backlog: 7 })
    await port.ready
    expect(spy.mock.calls.map(([options]) => (options as { backlog?: number }).backlog)).toEqual([7])
  })

  it(':: takes both families, unless ipv6Only; no interface is all of IPv4', async () => {
    const reactor = newReactor()
    const reached = async (options: object, host: string): Promise<string> => {
      const servers = new TestFactory()
      const port = reactor.listenTCP(0, servers, options)
      await port.ready
      const clients = new TestFactory()
      reactor.connectTCP(host, portOf(port), clients)
      const failed = clients.failed.then((failure) => failure.value.name)
      const which = await Promise.race([clients.first.then(() => 'connected'), failed])
      if (which === 'connected') {
        const server = await servers.first
        expect(server.transport.getPeer().family).toBe(options.hasOwnProperty('interface') ? 'IPv6' : 'IPv4')
        server.transport.loseConnection()
        await Promise.all([server.lost, (await clients.first).lost])
      }
      await port.stopListening()
      return which
    }
    expect(await reached({ interface: '::' }, '127.0.0.1')).toBe('connected')
    expect(await reached({ interface: '::' }, '::1')).toBe('connected')
    expect(await reached({ interface: '::', ipv6Only: true }, '::1')).toBe('connected')
    expect(await reached({ interface: '::', ipv6Only: true }, '127.0.0.1')).toBe('ConnectionRefusedError')
    expect(await reached({}, '127.0.0.1')).toBe('connected')
    expect(await reached({}, '::1')).toBe('ConnectionRefusedError')
  })

  it('an interface that is not ours cannot be listened on', async () => {
    const port = newReactor().listenTCP(0, new TestFactory(), { interface: '192.0.2.77' })
    const error = await port.ready.then(() => null, (raised: unknown) => raised)
    expect(error).toBeInstanceOf(CannotListenError)
    expect(error).toMatchObject({ interface: '192.0.2.77', port: 0, cause: { code: 'EADDRNOTAVAIL' } })
  })

  it('reusePort: two ports share one number where this Node can, else it is an error that says so', async () => {
    const reactor = newReactor()
    const one = reactor.listenTCP(0, new TestFactory(), { interface: '127.0.0.1', reusePort: true })
    if (await canReuse()) {
      await one.ready
      const two = reactor.listenTCP(portOf(one), new TestFactory(), { interface: '127.0.0.1', reusePort: true })
      await two.ready
      expect(portOf(two)).toBe(portOf(one))
    } else {
      const error = await one.ready.then(() => null, (raised: unknown) => raised)
      expect(error).toBeInstanceOf(NotSupportedError)
      expect(error).toMatchObject({ feature: 'reusePort', reason: 'Node has it from 22.12 and from 23.1 on' })
    }
    // What was found out is right: versions of Node from 23.1 on, and 22 from 22.12 on, know the option.
    const [major, minor] = process.versions.node.split('.').map(Number)
    expect(await canReuse()).toBe(major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12))
  })

  it('reusePort, stopped before it is known whether that can be', async () => {
    const factory = new TestFactory()
    const port = newReactor().listenTCP(0, factory, { interface: '127.0.0.1', reusePort: true })
    const settled = later()
    void port.ready.then(() => settled.resolve(), () => settled.resolve())
    await port.stopListening()
    await settled.promise
    expect(factory.events.filter((event) => event === 'start').length)
      .toBe(factory.events.filter((event) => event === 'stop').length)
  })
})

describe('half-closing', () => {
  class HalfCloseable extends Recorder {
    events: string[] = []
    readConnectionLost(): void {
      this.events.push('read lost')
      this.transport.write('answer')
      this.transport.loseWriteConnection()
    }
    writeConnectionLost(): void {
      this.events.push('write lost')
    }
  }

  it('N13 a peer that has ended reads what is answered to its end', async () => {
    const reactor = newReactor()
    const factory = new TestFactory(() => new HalfCloseable())
    const peer = await rawPeer(portOf(await listen(reactor, factory)), { allowHalfOpen: true })
    peer.socket.end('question')
    await peer.ended
    expect(peer.received()).toBe('answer')
    const server = await factory.first
    expect((await server.lost).value.name).toBe('ConnectionDone')
    expect([server.received, server.events]).toEqual(['question', ['read lost', 'write lost']])
    await peer.closed
  })

  it('N13 loseWriteConnection comes after everything that was written, also what waits for the peer', async () => {
    const reactor = newReactor()
    const factory = new TestFactory(() => new HalfCloseable())
    const peer = await rawPeer(portOf(await listen(reactor, factory)), { paused: true, allowHalfOpen: true })
    const server = await factory.first
    server.transport.write(new Uint8Array(8 << 20))
    server.transport.loseWriteConnection()
    let bytes = 0
    peer.socket.on('data', (data) => (bytes += data.length))
    await peer.ended
    expect(bytes).toBe(8 << 20)
    peer.socket.end('done')
    expect((await server.lost).value.name).toBe('ConnectionDone')
    expect(server.received).toBe('done')
    await peer.closed
  })
})
