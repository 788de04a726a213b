/** Restricted reactors on real sockets: what is granted works, what is not is a CapabilityError. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, describe, expect, it } from 'vitest'
import { StaticResolver } from '../../../src/transports/resolve-static.js'
import type { Reactor } from '../../../bindings/node/index.js'
import { clientFromString, HostnameEndpoint, serverFromString, TCP4ClientEndpoint } from '../../../src/endpoints/index.js'
import { CapabilityError, ConnectionDone } from '../../../src/errors/index.js'
import type { IDatagramProtocol, IUDPTransport } from '../../../src/interfaces/index.js'
import { later, listen, LOOPBACK, portOf, rawPeer, reactors, Recorder, stopped, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft({ delayedCalls: false })
const newReactor = reactors(afterEach)

/** A reactor, and a port of it that echoes. */
async function served(): Promise<{ reactor: Reactor, port: number, servers: TestFactory }> {
  const reactor = newReactor()
  const servers = new TestFactory(() => new (class extends Recorder {
    override dataReceived(data: Uint8Array): void {
      super.dataReceived(data)
      this.transport.write(data)
    }
  })())
  return { reactor, port: portOf(await listen(reactor, servers)), servers }
}

describe('connecting from a restricted reactor', () => {
  it('works where a pattern grants it, and the connection is its own', async () => {
    const { reactor, port } = await served()
    const restricted = reactor.restrict({ connect: [`tcp:127.0.0.1:${port}`] })
    const clients = new TestFactory()
    restricted.connectTCP('127.0.0.1', port, clients)
    const client = await clients.first
    await client.made
    client.transport.write('hello')
    await client.until('hello')
    expect(restricted.openTransports()).toHaveLength(1)
    expect(reactor.openTransports()).toHaveLength(1)
    client.transport.loseConnection()
    expect((await client.lost).value).toBeInstanceOf(ConnectionDone)
    expect(restricted.openTransports()).toHaveLength(0)
  })

  it('is refused at once elsewhere: other ports, addresses, spellings and names', async () => {
    const { reactor, port } = await served()
    const restricted = reactor.restrict({ connect: [`tcp:127.0.0.1:${port}`] })
    const refused = (host: string, to = port): void => {
      const clients = new TestFactory()
      expect(() => restricted.connectTCP(host, to, clients), host).toThrow(CapabilityError)
      expect(clients.events).toEqual([])
    }
    refused('127.0.0.1', port === 1 ? 2 : 1)
    for (const host of ['127.0.0.2', '::1', '127.1', '0x7f000001', '2130706433', '0177.0.0.1', 'example.com', '']) {
      refused(host)
    }
    expect(() => restricted.connectSSL('127.0.0.2', port, new TestFactory())).toThrow(CapabilityError)
  })

  it('an IPv4 address mapped into IPv6 is the IPv4 address', async () => {
    const { reactor, port } = await served()
    const restricted = reactor.restrict({ connect: [`tcp:127.0.0.0/8:${port}`, '!tcp:127.0.0.9:*'] })
    expect(() => restricted.connectTCP('::ffff:127.0.0.9', port, new TestFactory())).toThrow(CapabilityError)
    const clients = new TestFactory()
    restricted.connectTCP('::ffff:127.0.0.1', port, clients)
    const client = await clients.first
    client.transport.loseConnection()
    await client.lost
  })

  it('through endpoints and their strings, the Deferred fails', async () => {
    const { reactor, port } = await served()
    const restricted = reactor.restrict({ connect: [`tcp:127.0.0.1:${port}`] })
    const clients = new TestFactory()
    for (const text of ['tcp:127.0.0.1:9', 'tcp:example.com:80', `tcp6:[\\:\\:1]:${port}`, 'unix:/run/x']) {
      let failure: unknown
      try {
        failure = await clientFromString(restricted, text).connect(clients).then(() => null, (error: unknown) => error)
      } catch (error) {
        failure = error
      }
      expect((failure as Error)?.name, text).toMatch(/CapabilityError/)
    }
    const client = await clientFromString(restricted, `tcp:127.0.0.1:${port}`).connect(clients) as Recorder
    client.transport.loseConnection()
    await client.lost
    const server = await serverFromString(restricted, 'tcp:0').listen(clients).then(() => null, (error: unknown) => error)
    expect(server).toBeInstanceOf(CapabilityError)
  })
})

describe('names and a restricted reactor', () => {
  const named = async (connect: (port: number) => string[]) => {
    const { reactor, port, servers } = await served()
    reactor.installNameResolver(new StaticResolver({
      'good.test': '127.0.0.1', 'sub.good.test': '127.0.0.1', 'evil.test': '127.0.0.1', 'localhost': '127.0.0.1',
    }))
    return { reactor, port, servers, restricted: reactor.restrict({ connect: connect(port) }) }
  }

  it('a name grants itself, however it is spelled, and not its address', async () => {
    const { restricted, port } = await named((port) => [`tcp:good.test:${port}`])
    const clients = new TestFactory()
    restricted.connectTCP('Good.Test.', port, clients)
    const client = await clients.first
    for (const host of ['127.0.0.1', 'evil.test', 'sub.good.test', 'xgood.test']) {
      expect(() => restricted.connectTCP(host, port, new TestFactory()), host).toThrow(CapabilityError)
    }
    // Nor is it granted by saying that it came from the name.
    expect(() => restricted.connectTCP('127.0.0.3', port, new TestFactory(), { resolvedFrom: 'good.test' }))
      .toThrow(CapabilityError)
    client.transport.loseConnection()
    await client.lost
  })

  it('HostnameEndpoint, which connects to addresses, may use those of a granted name', async () => {
    const { restricted, port } = await named((port) => [`tcp:*.test:${port}`, '!tcp:evil.test:*'])
    const client = await new HostnameEndpoint(restricted, 'good.test', port).connect(new TestFactory()) as Recorder
    client.transport.loseConnection()
    await client.lost
    const refused = await new HostnameEndpoint(restricted, 'evil.test', port).connect(new TestFactory())
      .then(() => null, (error: unknown) => error)
    expect(refused).toBeInstanceOf(CapabilityError)
  })

  it('a name that is not granted is not even asked about', async () => {
    const { reactor, port } = await served()
    const asked: string[] = []
    const table = new StaticResolver({ 'good.test': '127.0.0.1' })
    reactor.installNameResolver({
      resolve(name, options) {
        asked.push(name)
        return table.resolve(name, options)
      },
    })
    const restricted = reactor.restrict({ connect: [`tcp:*.good.test:${port}`, 'tcp:good.test:1', 'tcp:10.0.0.0/8:*'] })
    const resolve = (name: string): Promise<unknown> =>
      restricted.nameResolver.resolve(name).then((found) => found, (error: unknown) => error)
    expect(await resolve('secrets.evil.test')).toBeInstanceOf(CapabilityError)
    expect(await resolve('localhost')).toBeInstanceOf(CapabilityError)
    expect(asked).toEqual([])
    expect(await resolve('good.test')).toMatchObject([{ family: 'IPv4', host: '127.0.0.1' }])
    expect(await resolve('10.1.2.3')).toMatchObject([{ host: '10.1.2.3' }])
    expect(() => restricted.installNameResolver(table)).toThrow(CapabilityError)
  })

  it('an address that is taken away is not reached by a name that leads there', async () => {
    const { restricted, port, servers } = await named(() => ['tcp:*:*', '!tcp:127.0.0.0/8:*'])
    const clients = new TestFactory()
    restricted.connectTCP('good.test', port, clients)
    expect((await clients.failed).value).toBeInstanceOf(CapabilityError)
    const endpoint = await new HostnameEndpoint(restricted, 'good.test', port).connect(new TestFactory())
      .then(() => null, (error: unknown) => error)
    expect(endpoint).toBeInstanceOf(CapabilityError)
    // What some hosts take for this one.
    for (const host of ['0.0.0.0', '::ffff:0.0.0.0', '127.1', '0']) {
      expect(() => restricted.connectTCP(host, port, new TestFactory()), host).toThrow(CapabilityError)
    }
    expect(servers.built).toEqual([])
  })

  it('what a name leads to is asked at each attempt: rebinding between two of them helps nobody', async () => {
    const { reactor, port } = await served()
    const addresses = ['127.0.0.1', '127.0.0.2']
    const table = new StaticResolver()
    reactor.installNameResolver({
      resolve(name, options) {
        table.set(name, addresses.shift()!)
        return table.resolve(name, options)
      },
    })
    const restricted = reactor.restrict({ connect: [`tcp:good.test:${port}`, '!tcp:127.0.0.2:*'] })
    const clients = new TestFactory()
    const connector = restricted.connectTCP('good.test', port, clients)
    const client = await clients.first
    client.transport.loseConnection()
    await clients.lost
    connector.connect()
    expect((await clients.failed).value).toBeInstanceOf(CapabilityError)
  })

  it('localhost needs no server to be resolved: a pattern of a loopback address is enough', async () => {
    const { restricted, port } = await named((port) => [`tcp:127.0.0.1:${port}`])
    const client = await new TCP4ClientEndpoint(restricted, 'localhost', port).connect(new TestFactory()) as Recorder
    client.transport.loseConnection()
    await client.lost
    expect(() => restricted.connectTCP('localhost', 1, new TestFactory())).toThrow(CapabilityError)
  })
})

describe('listening at a restricted reactor', () => {
  it('works where a pattern grants it; port 0 is one of its own', async () => {
    const reactor = newReactor()
    const restricted = reactor.restrict({ listen: ['tcp:127.0.0.1:0'] })
    const port = restricted.listenTCP(0, new TestFactory(), LOOPBACK)
    await port.ready
    expect(portOf(port)).toBeGreaterThan(0)
    for (const [at, options] of [[0, {}], [0, { interface: '127.0.0.2' }], [0, { interface: '::' }], [1, LOOPBACK]] as const) {
      expect(() => restricted.listenTCP(at, new TestFactory(), options)).toThrow(CapabilityError)
    }
    await port.stopListening()
  })
})

describe('datagrams at a restricted reactor', () => {
  class Datagrams implements IDatagramProtocol {
    transport!: IUDPTransport
    readonly got: string[] = []
    wanted = later()
    makeConnection(transport: IUDPTransport): void {
      this.transport = transport
    }
    datagramReceived(data: Uint8Array, address: { host: string, port: number }): void {
      this.got.push(new TextDecoder().decode(data))
      expect(data.buffer.byteLength).toBe(data.byteLength)
      this.wanted.resolve()
      this.wanted = later()
      this.onDatagram(address)
    }
    onDatagram(_address: { host: string, port: number }): void {}
    connectionRefused(): void {}
    doStop(): void {}
  }

  it('go where a pattern grants it, come from there, and answers go to whoever asked', async () => {
    const reactor = newReactor()
    const echo = new Datagrams()
    echo.onDatagram = (address) => echo.transport.write('answer', address)
    const restrictedServer = reactor.restrict({ listen: ['udp:127.0.0.1:0'] })
    const server = restrictedServer.listenUDP(0, echo, LOOPBACK)
    await server.ready
    const { port } = server.getHost()
    expect(() => server.write('x', { host: '127.0.0.1', port: 9 })).toThrow(CapabilityError)

    const restricted = reactor.restrict({ connect: [`udp:127.0.0.1:${port}`] })
    expect(() => restricted.listenUDP(5353, new Datagrams(), LOOPBACK)).toThrow(CapabilityError)
    const asking = new Datagrams()
    const client = restricted.listenUDP(0, asking, LOOPBACK)
    await client.ready
    expect(() => client.write('x', { host: '127.0.0.1', port: port - 1 })).toThrow(CapabilityError)
    expect(() => client.write('x', { host: '127.0.0.2', port })).toThrow(CapabilityError)
    // Somebody else's, unasked: it does not arrive, and the answer that is sent after it does.
    const stranger = reactor.listenUDP(0, new Datagrams(), LOOPBACK)
    await stranger.ready
    stranger.write('unasked', { host: '127.0.0.1', port: client.getHost().port })
    const { promise } = asking.wanted
    client.write('question', { host: '127.0.0.1', port })
    await promise
    expect([echo.got, asking.got]).toEqual([['question'], ['answer']])
    await Promise.all([server, client, stranger].map((one) => one.stopListening()))
  })
})

describe('UNIX sockets and children of a restricted reactor', () => {
  it('paths that a pattern grants work, at both ends', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whorl-'))
    const reactor = newReactor()
    const restricted = reactor.restrict({ listen: [`unix:${folder}/*`], connect: [`unix:${folder}/a`] })
    const servers = new TestFactory()
    const port = restricted.listenUNIX(join(folder, 'a'), servers)
    await port.ready
    const clients = new TestFactory()
    restricted.connectUNIX(join(folder, 'a'), clients)
    const [client, server] = [await clients.first, await servers.first]
    client.transport.write('hello')
    await server.until('hello')
    expect(() => restricted.connectUNIX(join(folder, 'b'), clients)).toThrow(CapabilityError)
    expect(() => restricted.listenUNIX(`${folder}/a/b`, servers)).toThrow(CapabilityError)
    client.transport.loseConnection()
    await Promise.all([client.lost, server.lost, port.stopListening()])
    rmSync(folder, { recursive: true })
  })

  it('a program that is granted runs; another one, or with descriptors of this program, does not', async () => {
    const reactor = newReactor()
    const restricted = reactor.restrict({ processes: [process.execPath] })
    const ended = later()
    let out = ''
    const protocol = {
      makeConnection() {}, connectionMade() {}, childConnectionLost() {}, processExited() {},
      childDataReceived: (_fd: number, data: Uint8Array) => (out += new TextDecoder().decode(data)),
      processEnded: () => ended.resolve(),
    }
    expect(() => restricted.spawnProcess(protocol, '/bin/sh')).toThrow(CapabilityError)
    expect(() => restricted.spawnProcess(protocol, process.execPath, [], { childFDs: { 0: 'w', 1: 1 } })).toThrow(CapabilityError)
    restricted.spawnProcess(protocol, process.execPath, ['-p', '6 * 7'])
    await ended.promise
    expect(out).toBe('42\n')
  })
})

describe('the rest of a restricted reactor', () => {
  it('nothing is granted by nothing', async () => {
    const reactor = newReactor()
    const restricted = reactor.restrict({})
    const factory = new TestFactory()
    const refused: [string, () => unknown][] = [
      ['listenTCP', () => restricted.listenTCP(0, factory)],
      ['listenSSL', () => restricted.listenSSL(0, factory, {} as never)],
      ['connectTCP', () => restricted.connectTCP('127.0.0.1', 1, factory)],
      ['listenUNIX', () => restricted.listenUNIX('/tmp/x', factory)],
      ['connectUNIX', () => restricted.connectUNIX('/tmp/x', factory)],
      ['connectUNIX of an abstract name', () => restricted.connectUNIX('\0x', factory)],
      ['listenUDP', () => restricted.listenUDP(0, {} as never)],
      ['listenMulticast', () => restricted.listenMulticast(0, {} as never)],
      ['spawnProcess', () => restricted.spawnProcess({} as never, '/bin/true')],
      ['connectProcess', () => restricted.connectProcess('/bin/true', [], factory)],
      ['openStandardIO', () => restricted.openStandardIO()],
      ['adoptStreamPort', () => restricted.adoptStreamPort(3, 'IPv4', factory)],
      ['adoptStreamConnection', () => restricted.adoptStreamConnection(3, factory)],
      ['callInThread', () => restricted.callInThread(new URL('file:///x'))],
      ['getThreadPool', () => restricted.getThreadPool()],
      ['suggestThreadPoolSize', () => restricted.suggestThreadPoolSize(2)],
      ['installNameResolver', () => restricted.installNameResolver(new StaticResolver())],
      ['stop', () => restricted.stop()],
      ['crash', () => restricted.crash()],
      ['fireSystemEvent', () => restricted.fireSystemEvent('shutdown')],
    ]
    for (const [name, call] of refused) expect(call, name).toThrow(CapabilityError)
    await expect(restricted.run()).rejects.toBeInstanceOf(CapabilityError)
    await expect(restricted.readFile('/etc/passwd').asPromise()).rejects.toBeInstanceOf(CapabilityError)
    expect(factory.events).toEqual([])
  })

  it('its delayed calls are its own, and those of the other are not to be seen', async () => {
    const reactor = newReactor()
    const restricted = reactor.restrict({})
    const other = reactor.callLater(60_000, () => undefined)
    const done = later()
    const call = restricted.callLater(60_000, () => undefined)
    expect(restricted.getDelayedCalls()).toEqual([call])
    expect(reactor.getDelayedCalls()).toHaveLength(2)
    call.reset(50_000)
    call.delay(-50_000)
    expect(call.getTime()).toBeLessThanOrEqual(restricted.now())
    call.cancel()
    restricted.callLater(0, done.resolve)
    await done.promise
    expect(restricted.getDelayedCalls()).toEqual([])
    other.cancel()
  })

  it('stops with the other, which waits for what is open here', async () => {
    const reactor = newReactor()
    const restricted = reactor.restrict({ listen: ['tcp:127.0.0.1:*'], connect: ['tcp:127.0.0.1:*'] })
    const events: string[] = []
    void reactor.run()
    expect(restricted.running).toBe(reactor.running)
    restricted.addSystemEventTrigger('before', 'shutdown', () => events.push('before'))
    const servers = new TestFactory()
    const port = restricted.listenTCP(0, servers, LOOPBACK)
    await port.ready
    const peer = await rawPeer(portOf(port))
    const server = await servers.first
    server.transport.write('last words')
    await stopped(reactor)
    await peer.closed
    expect(events).toEqual(['before'])
    expect(server.reasons).toHaveLength(1)
    expect(peer.received()).toBe('last words')
    expect(servers.events).toEqual(['start', 'stop'])
    expect(restricted.running).toBe(false)
  })

  it('run, stop and crash are the other\'s, where that is granted', async () => {
    const reactor = newReactor()
    const restricted = reactor.restrict({ lifecycle: true })
    const done = restricted.run()
    expect(reactor.running).toBe(true)
    restricted.stop()
    await done
    expect(reactor.running).toBe(false)
  })

  it('a restricted reactor that is restricted can do what both allow', async () => {
    const { reactor, port } = await served()
    const outer = reactor.restrict({ connect: [`tcp:127.0.0.1:${port}`], listen: ['tcp:127.0.0.1:*'] })
    const inner = outer.restrict({ connect: ['tcp:*:*'], lifecycle: true, files: true, processes: true })
    expect(() => inner.connectTCP('127.0.0.2', port, new TestFactory())).toThrow(CapabilityError)
    expect(() => inner.listenTCP(0, new TestFactory(), LOOPBACK)).toThrow(CapabilityError)
    expect(() => inner.stop()).toThrow(CapabilityError)
    expect(() => inner.spawnProcess({} as never, '/bin/true')).toThrow(CapabilityError)
    await expect(inner.readFile('/etc/passwd').asPromise()).rejects.toBeInstanceOf(CapabilityError)
    const clients = new TestFactory()
    inner.connectTCP('127.0.0.1', port, clients)
    const client = await clients.first
    expect([inner, outer, reactor].map((one) => one.openTransports().length)).toEqual([1, 0, 1])
    client.transport.abortConnection()
    await client.lost
  })
})
