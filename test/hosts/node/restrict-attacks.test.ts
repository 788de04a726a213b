/**
 * What was once a way out of a restricted reactor, each tried as somebody would who has nothing but what it handed him;
 * and that the freezing which keeps him in is not felt by anybody else.
 */
import { Socket } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { Deferred, Failure } from '../../../src/defer/index.js'
import { CapabilityError, ConnectionLost } from '../../../src/errors/index.js'
import type { IDatagramProtocol, StreamChannel, StreamSink } from '../../../src/interfaces/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import { LoopingCall } from '../../../src/reactor/index.js'
import { ChannelTaker } from '../../../src/transports/process.js'
import { StreamTransport } from '../../../src/transports/stream-transport.js'
import { later, listen, LOOPBACK, portOf, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { clientTLS, serverTLS } from './tls-helpers.js'

checkNothingLeft({ delayedCalls: false })
const newReactor = reactors(afterEach)

/** Whether anything of Node's is a property of these, or of what they are made of. */
function showsNode(...objects: unknown[]): boolean {
  return objects.some((object) => Object.values(object as object).some((value) => value instanceof Socket))
}

/** A channel of somebody's own. */
function forged(): StreamChannel & { sink: StreamSink | null, asked: string[] } {
  const asked: string[] = []
  const note = (name: string) => () => void asked.push(name)
  return {
    sink: null, asked,
    open(sink) {
      this.sink = sink
    },
    send: () => true, sendList: () => true, finish: note('finish'), close: note('close'), reset: note('reset'),
    pause: note('pause'), resume: note('resume'), setNoDelay: note('setNoDelay'), setKeepAlive: note('setKeepAlive'),
    peer: { family: 'memory', type: 'memory', name: 'x' } as never, host: { family: 'memory', type: 'memory', name: 'x' } as never,
    // What the host's own channels have, by which it would be given something that it takes for a socket.
    ...{ detach: note('detach') },
  }
}

describe('ways out of a restricted reactor', () => {
  it('TLS over a channel of one\'s own shows neither the host\'s sockets nor its streams', () => {
    const restricted = newReactor().restrict({})
    const below = forged()
    const secure = restricted.tlsHost().connect(below, { insecureSkipVerify: true }, 'x', 'x')
    expect([showsNode(secure), 'stream' in secure, Object.getPrototypeOf(secure)]).toEqual([false, false, Object.prototype])
    expect([showsNode(below.sink), Object.getPrototypeOf(below.sink)]).toEqual([false, Object.prototype])
    expect(below.asked).not.toContain('detach')
    secure.reset()
  })

  it('nobody is made a sender by telling the port of him', async () => {
    const real = newReactor()
    const restricted = real.restrict({ listen: ['udp:127.0.0.1:0'] })
    const heard: string[] = []
    const protocol = (): IDatagramProtocol => ({
      makeConnection() {}, connectionRefused() {}, doStop() {},
      datagramReceived: (data) => void heard.push(new TextDecoder().decode(data)),
    })
    const other = real.listenUDP(0, protocol(), LOOPBACK)
    const port = restricted.listenUDP(0, protocol(), LOOPBACK)
    await Promise.all([other.ready, port.ready])
    const { host, port: number } = other.getHost() as { host: string, port: number }
    const open = port as unknown as { whenOpen(fn: (handle: object) => void): void, received(...args: unknown[]): void }
    const handles: object[] = []
    open.whenOpen((handle) => handles.push(handle))
    expect(handles).toHaveLength(1)
    for (const name of ['received', 'bound', 'failed', 'closed']) expect(handles[0]).not.toHaveProperty(name)
    open.received(new Uint8Array([120]), host, number)
    expect(() => port.write('out', { host, port: number })).toThrow(CapabilityError)
    expect(heard).toEqual(['x'])
    await Promise.all([other.stopListening(), port.stopListening()])
  })

  it('standard input and output, where granted, and the pipes of a child show no sockets', async () => {
    const restricted = newReactor().restrict({ processes: ['/bin/cat'] })
    const taken = later<unknown[]>()
    const ended = later()
    class Taker extends ChannelTaker {
      take(_pid: number, handle: object, channels: ReadonlyMap<number, StreamChannel>): void {
        taken.resolve([handle, ...channels.values()])
        for (const channel of channels.values()) channel.close(false)
      }
      processExited(): void {
        ended.resolve()
      }
    }
    restricted.spawnProcess(new Taker(), '/bin/cat')
    const things = await taken.promise as object[]
    expect(things).toHaveLength(4)
    expect(showsNode(...things)).toBe(false)
    expect(things.map((one) => Object.getPrototypeOf(one) === Object.prototype)).toEqual([true, true, true, true])
    await ended.promise
  })

  it('what connectProcess makes is handed to no look-alike of a reactor', () => {
    const restricted = newReactor().restrict({})
    const base = Object.getPrototypeOf(Object.getPrototypeOf(restricted)) as typeof restricted
    const seen: unknown[] = []
    const fake = { spawnProcess: (child: unknown) => seen.push(child), queue: { post: (fn: () => void) => fn() } }
    expect(() => base.connectProcess.call(fake as never, '/bin/cat', [], new TestFactory())).toThrow(TypeError)
    expect(seen).toEqual([])
  })

  it('no class of which the inside could be seen, by giving it parts of one\'s own, is to be had from its instances', async () => {
    const real = newReactor()
    const port = portOf(await listen(real, new TestFactory()))
    const restricted = real.restrict({ connect: [`tcp:127.0.0.1:${port}`], listen: ['tcp:127.0.0.1:0'] })
    const clients = new TestFactory()
    const connector = restricted.connectTCP('127.0.0.1', port, clients)
    const client = await clients.first
    const own = restricted.listenTCP(0, new TestFactory(), LOOPBACK)
    await own.ready
    for (const object of [restricted, client.transport, connector, own, client.transport[Symbol.asyncIterator]()]) {
      for (let link = Object.getPrototypeOf(object) as object; link !== Object.prototype; link = Object.getPrototypeOf(link) as object) {
        const Kind = link.constructor as new (...args: unknown[]) => unknown
        expect(Kind.prototype === link, Kind.name).toBe(true)
        expect(() => new Kind(restricted, forged(), null), Kind.name).toThrow(TypeError)
      }
    }
    expect(client.transport).toBeInstanceOf(StreamTransport)
    client.transport.abortConnection()
    await Promise.all([client.lost, own.stopListening()])
  })

  it('the other reactor stops all the same when something here throws instead of closing', async () => {
    const real = newReactor()
    const restricted = real.restrict({ listen: ['tcp:127.0.0.1:0'] })
    const factory = new TestFactory()
    const bad = {
      stopListening() {
        throw new Error('no')
      },
    }
    restricted.addPort(bad)
    const own = restricted.listenTCP(0, factory, LOOPBACK)
    const other = real.listenTCP(0, new TestFactory(), LOOPBACK)
    await Promise.all([own.ready, other.ready])
    const told: string[] = []
    const observer = ({ message }: { message: string }): void => void told.push(message)
    logPublisher.addObserver(observer)
    const done = real.run()
    real.callWhenRunning(() => real.stop())
    await done
    logPublisher.removeObserver(observer)
    expect(told).toContain('Something that was open could not be closed')
    expect([own.stopListening(), other.stopListening()]).toEqual([undefined, undefined])
    restricted.removePort(bad)
  })

  it('sessions of TLS, certificates and their errors are in objects and memory of their own', async () => {
    const real = newReactor()
    const servers = new TestFactory()
    const port = real.listenSSL(0, servers, serverTLS(), LOOPBACK)
    await port.ready
    const restricted = real.restrict({ connect: [`tcp:127.0.0.1:${portOf(port)}`] })
    const kept = later<Uint8Array>()
    const sessions = { get: () => undefined, set: (_key: string, session: Uint8Array) => kept.resolve(session) }
    const clients = new TestFactory()
    restricted.connectSSL('127.0.0.1', portOf(port), clients, clientTLS({ serverName: 'localhost', sessions }))
    const client = await clients.first
    const transport = client.transport as StreamTransport
    const server = await servers.first
    server.transport.write('hello')
    await client.until('hello')
    const session = await kept.promise
    const certificate = transport.getPeerCertificate()!
    expect(certificate.subject).toMatch(/CN=/)
    expect(session.buffer.byteLength).toBe(session.byteLength)
    expect(certificate.raw.buffer.byteLength).toBe(certificate.raw.byteLength)
    expect([Object.getPrototypeOf(certificate), Object.isFrozen(certificate)]).toEqual([Object.prototype, true])
    expect(transport.tlsSession).toBe(transport.tlsSession)
    const untrusting = new TestFactory()
    restricted.connectSSL('127.0.0.1', portOf(port), untrusting)
    const { certificate: shown } = (await untrusting.failed).value as { certificate?: object }
    expect(Object.isFrozen(Object.getPrototypeOf(shown))).toBe(true)
    client.transport.loseConnection()
    await Promise.all([client.lost, server.lost, port.stopListening()])
  })
})

describe('a program that has restricted a reactor', () => {
  it('may still give an object a method of its own, and derive classes in every way', () => {
    const real = newReactor()
    real.restrict({})
    const deferred = new Deferred<number>()
    deferred.callback = () => undefined
    deferred.callback(1)
    expect([deferred.called, Object.hasOwn(deferred, 'callback')]).toEqual([false, true])
    real.getDelayedCalls = () => []
    expect(real.getDelayedCalls()).toEqual([])
    const loop = new LoopingCall(() => undefined)
    loop.stop = () => undefined
    expect(loop.stop()).toBeUndefined()

    class Derived extends Deferred<number> {
      override callback(result: number): void {
        super.callback(result + 1)
      }
    }
    const results: unknown[] = []
    const derived = new Derived()
    derived.addCallback((result) => results.push(result))
    derived.callback(1)
    expect(results).toEqual([2])
    // As code is written that was compiled for engines without classes.
    const Old = function Old() {} as unknown as { new (): Deferred, prototype: Deferred }
    Old.prototype = Object.create(Deferred.prototype) as Deferred
    Old.prototype.cancel = () => void results.push('cancelled')
    new Old().cancel()
    expect(results).toEqual([2, 'cancelled'])
    const error = new ConnectionLost('lost')
    error.name = 'Renamed'
    expect([String(error), Object.keys(error).includes('name')]).toEqual(['Renamed: lost', true])
    class OwnError extends ConnectionLost {}
    expect([new OwnError('x').name, new Failure(new OwnError('x')).check(ConnectionLost)]).toEqual(['OwnError', ConnectionLost])
    // What is the language's is as it was.
    expect([Error, Error.prototype, Object.prototype, Function.prototype].map((one) => Object.isFrozen(one))).not.toContain(true)
    expect(Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')).toMatchObject({ writable: true })
    // And the classes themselves stay what they are.
    expect(() => {
      Deferred.prototype.callback = () => undefined
    }).toThrow(TypeError)
    expect(() => {
      (StreamTransport.prototype as { write: unknown }).write = () => undefined
    }).toThrow(TypeError)
  })

  it('sees classes by their names', async () => {
    const real = newReactor()
    real.restrict({})
    const servers = new TestFactory(() => new Recorder())
    const port = await listen(real, servers)
    expect(port.constructor.name).toBe('StreamPort')
    expect(new Deferred().constructor).toBe(Deferred)
    expect([inspect(port), inspect(new Deferred())].map((text) => /^\w+/.exec(text)?.[0])).toEqual(['StreamPort', 'Deferred'])
  })
})
