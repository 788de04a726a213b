/** MemoryReactor: TLS, UNIX sockets, datagrams, processes, threads, files, names, and restricting. */
import { describe, expect, it } from 'vitest'
import type { Failure } from '../../../src/defer/index.js'
import { CannotListenError, CapabilityError, FileReadError, ProcessExitedAlready } from '../../../src/errors/index.js'
import { ClientFactory, Factory } from '../../../src/protocols/factory.js'
import { ProcessProtocol } from '../../../src/protocols/process-protocol.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { MemoryReactor, StringTransport } from '../../../src/testing/index.js'

class Secured extends Protocol {
  readonly seen: string[] = []
  override connectionMade(): void {
    this.seen.push('made')
  }
  handshakeCompleted(): void {
    this.seen.push('secured')
  }
}

const IDENTITY = { identity: { cert: 'c', key: 'k' } }

describe('MemoryReactor', () => {
  it('writes down listenSSL and connectSSL; their connections have TLS', () => {
    const reactor = new MemoryReactor()
    const factory = Factory.forProtocol(Secured)
    reactor.listenSSL(443, factory, IDENTITY, { backlog: 5 })
    expect(reactor.sslServers[0]).toMatchObject({ port: 443, factory, tls: IDENTITY, options: { backlog: 5 } })
    const server = reactor.sslServers[0]!.listening.accept() as Secured
    const clients = ClientFactory.forProtocol(Secured)
    reactor.connectSSL('example.test', 443, clients, { alpn: ['x'] })
    expect(reactor.sslClients[0]).toMatchObject({ host: 'example.test', port: 443, tls: { alpn: ['x'] } })
    const client = reactor.sslClients[0]!.connector.succeed() as Secured
    expect([server.seen, client.seen]).toEqual([['made', 'secured'], ['made', 'secured']])
    expect((client.transport as unknown as StringTransport).tlsBegun).toBe(true)
    expect(reactor.connectors).toHaveLength(1)
    expect(() => reactor.listenTCP(443, factory)).toThrow(CannotListenError)
  })

  it('writes down listenUNIX and connectUNIX', () => {
    const reactor = new MemoryReactor()
    const factory = Factory.forProtocol(Protocol)
    const port = reactor.listenUNIX('/run/x', factory, { mode: 0o600 })
    expect(port.getHost()).toEqual({ family: 'UNIX', type: 'UNIX', path: '/run/x' })
    expect(() => reactor.listenUNIX('/run/x', factory)).toThrow(CannotListenError)
    reactor.connectUNIX('/run/x', ClientFactory.forProtocol(Protocol))
    expect(reactor.unixClients[0]!.connector.getDestination()).toEqual(port.getHost())
    expect(reactor.unixServers[0]!.listening.accept()).toBeInstanceOf(Protocol)
  })

  it('keeps datagrams, and hands out those that a test sends', () => {
    const reactor = new MemoryReactor()
    const seen: unknown[] = []
    const protocol = {
      makeConnection() {}, connectionRefused: () => seen.push('refused'), doStop: () => seen.push('stop'),
      datagramReceived: (data: Uint8Array, { host, port }: { host: string, port: number }) => seen.push([...data, host, port]),
    }
    const port = reactor.listenUDP(0, protocol, { maxPacketSize: 2 })
    const { listening } = reactor.udpPorts[0]!
    port.write('hi', { host: '10.0.0.1', port: 5 })
    expect(listening.sent).toEqual([{ data: Uint8Array.of(0x68, 0x69), host: '10.0.0.1', port: 5 }])
    expect(() => port.write('x')).toThrow(TypeError)
    listening.receive(Uint8Array.of(1, 2, 3), '10.0.0.1', 5)
    port.connect('10.0.0.1', 5)
    listening.receive(Uint8Array.of(1), '10.0.0.2', 5)
    listening.refuse()
    void port.stopListening()
    expect(seen).toEqual([[1, 2, '10.0.0.1', 5], 'refused', 'stop'])
    const group = reactor.listenMulticast(9, protocol)
    void group.joinGroup('224.0.0.9')
    expect([...reactor.udpPorts[1]!.listening.groups]).toEqual(['224.0.0.9'])
  })

  it('refuses of datagrams what a real reactor refuses', () => {
    const reactor = new MemoryReactor()
    const silent = {
      makeConnection() {}, connectionRefused() {}, doStop() {}, datagramReceived() {},
    }
    const port = reactor.listenUDP(53, silent)
    expect(() => reactor.listenUDP(53, silent)).toThrow(CannotListenError)
    expect(() => reactor.listenUDP(54, {} as never)).toThrow(TypeError)
    expect(() => reactor.listenUDP(54, silent, { interface: 'a.name' })).toThrow(TypeError)
    expect(() => port.write('x', { host: 'a.name', port: 1 })).toThrow(/resolve names first/)
    expect(() => port.write('x', { host: '::1', port: 1 })).toThrow(TypeError)
    expect(() => port.write('x', { host: '10.0.0.1', port: 0 })).toThrow(RangeError)
    expect(() => port.write(new Uint8Array(65_508), { host: '10.0.0.1', port: 1 })).toThrow(RangeError)
    expect(() => port.connect('a.name', 1)).toThrow(TypeError)
    port.connect('10.0.0.1', 1)
    expect(() => port.write('x', { host: '10.0.0.2', port: 1 })).toThrow(/connected to 10\.0\.0\.1/)
    port.write('x', { host: '10.0.0.1', port: 1 })
    port.write('y')
    expect(reactor.udpPorts[0].listening.sent.map(({ data }) => data[0])).toEqual([0x78, 0x79])
    void port.stopListening()
    void reactor.listenUDP(53, silent).stopListening()
    const group = reactor.listenMulticast(5353, silent, { listenMultiple: true })
    reactor.listenMulticast(5353, silent, { listenMultiple: true })
    expect(() => reactor.listenUDP(5353, silent)).toThrow(CannotListenError)
    expect(() => group.setTTL(256)).toThrow(RangeError)
    expect(reactor.udpPorts).toHaveLength(4)
  })

  it('signals no child that has ended, and has no producer write to a descriptor that is closed', () => {
    const reactor = new MemoryReactor()
    const child = reactor.spawnProcess(new ProcessProtocol(), '/bin/cat')
    let stopped = 0
    const producer = { pauseProducing() {}, resumeProducing() {}, stopProducing: () => void (stopped += 1) }
    child.closeStdin()
    child.registerProducer(producer, true)
    expect(stopped).toBe(1)
    child.signalProcess('SIGTERM')
    expect(() => child.signalProcess(-1)).toThrow(TypeError)
    reactor.processes[0].process.end(new Error('ended'))
    expect(() => child.signalProcess('TERM')).toThrow(ProcessExitedAlready)
    expect(reactor.processes[0].process.signals).toEqual(['SIGTERM'])
  })

  it('keeps what is done to a child, and lets the test be the child', () => {
    const reactor = new MemoryReactor()
    const seen: unknown[] = []
    const protocol = {
      makeConnection() {}, connectionMade() {},
      childDataReceived: (fd: number, data: Uint8Array) => seen.push([fd, ...data]),
      childConnectionLost: (fd: number) => seen.push(fd),
      processExited: (reason: Failure) => seen.push(`exited ${reason.value.message}`),
      processEnded: () => seen.push('ended'),
    }
    const child = reactor.spawnProcess(protocol, '/bin/cat', ['-'])
    child.write('abc')
    child.closeStdin()
    child.write('lost')
    child.signalProcess('TERM')
    const { process } = reactor.processes[0]!
    process.output(1, Uint8Array.of(7))
    process.end(new Error('over'))
    expect([process.text(), process.signals, child.pid]).toEqual(['abc', ['TERM'], null])
    expect(seen).toEqual([0, [1, 7], 'exited over', 1, 2, 'ended'])
    const factory = new ClientFactory()
    const connector = reactor.connectProcess('/bin/cat', ['-'], factory, { env: null })
    expect(reactor.processClients).toEqual([{ executable: '/bin/cat', args: ['-'], factory, options: { env: null }, connector }])
    expect(connector.getDestination()).toEqual({ family: 'process', type: 'process', pid: null })
    expect(reactor.connectors).toEqual([connector])
  })

  it('keeps tasks for threads; files and names come from tables', async () => {
    const reactor = new MemoryReactor({ 'a.test': ['10.0.0.1', '::1'] })
    reactor.suggestThreadPoolSize(3)
    const pool = reactor.getThreadPool()
    const done = pool.call(new URL('file:///task.js'), [1])
    expect([pool.size, pool.busy, pool.calls[0]!.args]).toEqual([3, 1, [1]])
    pool.calls[0]!.done.callback('result')
    expect(await done).toBe('result')
    reactor.files.set('/etc/x', 'text')
    expect(new TextDecoder().decode(await reactor.readFile('/etc/x'))).toBe('text')
    await expect(reactor.readFile('/etc/y').asPromise()).rejects.toBeInstanceOf(FileReadError)
    expect(await reactor.nameResolver.resolve('a.test')).toMatchObject([{ host: '10.0.0.1' }, { host: '::1' }])
    let called = 0
    reactor.deferLater(5, () => (called += 1))
    const loop = reactor.loopingCall(() => (called += 1))
    void loop.start(5, false)
    reactor.cooperate([1, 2][Symbol.iterator]())
    reactor.advance(5)
    expect(called).toBe(2)
    loop.stop()
  })

  it('restrict() refuses what is not granted, and its time is the other\'s', async () => {
    const reactor = new MemoryReactor({ 'good.test': '10.0.0.1' })
    const restricted = reactor.restrict({ connect: ['tcp:good.test:80'], listen: ['tcp:127.0.0.1:80'] })
    const factory = ClientFactory.forProtocol(Protocol)
    restricted.connectTCP('good.test', 80, factory)
    restricted.listenTCP(80, factory, { interface: '127.0.0.1' })
    expect([restricted.tcpClients.length, restricted.tcpServers.length, reactor.tcpClients.length]).toEqual([1, 1, 0])
    const refused: (() => unknown)[] = [
      () => restricted.connectTCP('evil.test', 80, factory), () => restricted.listenTCP(80, factory),
      () => restricted.connectSSL('good.test', 443, factory), () => restricted.listenUNIX('/x', factory),
      () => restricted.listenUDP(0, {} as never), () => restricted.spawnProcess({} as never, '/bin/true'),
      () => restricted.connectProcess('/bin/true', [], {} as never),
      () => restricted.getThreadPool(), () => restricted.stop(), () => restricted.adoptStreamPort(3, 'IPv4', factory),
      () => restricted.restrict({ connect: ['tcp:*:*'] }).connectTCP('evil.test', 80, factory),
    ]
    for (const call of refused) expect(call).toThrow(CapabilityError)
    await expect(restricted.nameResolver.resolve('evil.test').asPromise()).rejects.toBeInstanceOf(CapabilityError)
    await expect(restricted.readFile('/x').asPromise()).rejects.toBeInstanceOf(CapabilityError)
    reactor.callLater(5, () => undefined)
    let called = false
    restricted.callLater(5, () => (called = true))
    expect([restricted.getDelayedCalls().length, reactor.getDelayedCalls().length]).toEqual([1, 2])
    reactor.advance(5)
    expect([called, restricted.now(), restricted.getDelayedCalls()]).toEqual([true, 5, []])
  })
})

describe('StringTransport', () => {
  it('notes startTLS, once, and switchProtocol', () => {
    const transport = new StringTransport()
    transport.startTLS({ serverName: 'x' })
    expect([transport.tlsBegun, transport.tlsOptions]).toEqual([true, { serverName: 'x' }])
    expect(() => transport.startTLS({})).toThrow(TypeError)
    expect([transport.tlsSession, transport.negotiatedProtocol, transport.getPeerCertificate()]).toEqual([null, null, null])
    const next = new (class extends Protocol {
      got: number[] = []
      override dataReceived(data: Uint8Array): void {
        this.got.push(...data)
      }
    })()
    const peer = { family: 'IPv4', type: 'TCP', host: '192.0.2.9', port: 9 } as const
    transport.switchProtocol(next, { rest: Uint8Array.of(4), peer })
    expect([transport.switchedTo, next.transport, next.got, transport.getPeer()]).toEqual([next, transport, [4], peer])
  })
})
