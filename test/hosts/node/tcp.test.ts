import { createServer } from 'node:net'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import type { Failure } from '../../../src/defer/index.js'
import {
  CannotListenError, ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionRefusedError, DNSLookupError, TimeoutError, UserError,
} from '../../../src/errors/index.js'
import type { IConnector } from '../../../src/interfaces/index.js'
import { logged } from '../../unit/reactor/log.js'
import { later, listen, LOOPBACK, pair, portOf, rawPeer, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

class HalfCloseable extends Recorder {
  events: string[] = []
  readLost = later()
  readConnectionLost(): void {
    this.events.push(`read lost after ${this.received}`)
    this.readLost.resolve()
  }
  writeConnectionLost(): void {
    this.events.push('write lost')
  }
}

describe('TCP on Node: closing', () => {
  it('N01 writes after loseConnection are dropped, those before it delivered', async () => {
    const { server, client } = await pair(newReactor())
    server.transport.write('x'.repeat(500))
    server.transport.write('before')
    server.transport.loseConnection()
    server.transport.write('after')
    await client.lost
    expect(client.received).toBe('x'.repeat(500) + 'before')
  })

  it('N01 a large answer before loseConnection arrives whole, though the peer still sends', async () => {
    const size = 8 << 20
    const { server, client } = await pair(newReactor())
    // Input that nobody reads makes kernels answer a plain close with a reset, and the answer would be lost.
    client.transport.write(new Uint8Array(1 << 20))
    server.transport.pauseProducing()
    server.transport.write(new Uint8Array(size))
    server.transport.loseConnection()
    const reason = await client.lost
    expect(client.bytes).toBe(size)
    expect(reason.value).toBeInstanceOf(ConnectionDone)
    expect((await server.lost).value).toBeInstanceOf(ConnectionDone)
  })

  it('N02 a clean close is ConnectionDone on both sides, whoever closes', async () => {
    for (const closer of ['server', 'client'] as const) {
      const ends = await pair(newReactor())
      ends[closer].transport.loseConnection()
      expect((await ends.server.lost).value).toBeInstanceOf(ConnectionDone)
      expect((await ends.client.lost).value).toBeInstanceOf(ConnectionDone)
    }
  })

  it('N03 a write after connectionLost is a silent no-op', async () => {
    const { server, client } = await pair(newReactor())
    client.transport.loseConnection()
    await server.lost
    const events = await logged(async () => {
      server.transport.write('x')
      server.transport.loseConnection()
      server.transport.abortConnection()
      await new Promise((resolve) => setImmediate(resolve))
    })
    expect(events).toEqual([])
    expect(server.reasons).toHaveLength(1)
  })

  it('N04 abortConnection inside dataReceived: it finishes first, the end comes later, the peer is reset', async () => {
    const order: string[] = []
    class Aborting extends Recorder {
      override dataReceived(): void {
        this.transport.abortConnection()
        order.push('dataReceived finished')
      }
      override connectionLost(reason: Failure): void {
        order.push(reason.value.name)
        super.connectionLost(reason)
      }
    }
    const { server, client } = await pair(newReactor(), () => new Aborting())
    client.transport.write('x')
    expect((await server.lost).value).toBeInstanceOf(ConnectionAborted)
    const reason = (await client.lost).value
    expect(reason).toBeInstanceOf(ConnectionLost)
    expect((reason.cause as NodeJS.ErrnoException).code).toBe('ECONNRESET')
    expect(order).toEqual(['dataReceived finished', 'ConnectionAborted'])
  })

  it('N04 abort gets through to a peer that does not read, with output pending', async () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    const peer = await rawPeer(portOf(await listen(reactor, factory)), { paused: true })
    const server = await factory.first
    server.transport.write(new Uint8Array(16 << 20))
    await new Promise((resolve) => setImmediate(resolve))
    expect(server.transport.writableLength).toBeGreaterThan(0)
    server.transport.abortConnection()
    expect((await server.lost).value).toBeInstanceOf(ConnectionAborted)
    // Node itself may report a reset that follows data as an end; that most of the data never comes shows it.
    let received = 0
    peer.socket.on('data', (data) => (received += data.length))
    await peer.closed
    expect(received).toBeLessThan(16 << 20)
  })

  it('N05 dataReceived throws: logged, the connection closes, and that error is the reason', async () => {
    class Broken extends Recorder {
      override dataReceived(): void {
        throw new RangeError('broken')
      }
    }
    const events = await logged(async () => {
      const { server, client } = await pair(newReactor(), () => new Broken())
      client.transport.write('x')
      expect((await server.lost).getErrorMessage()).toBe('broken')
      expect((await client.lost).value).toBeInstanceOf(ConnectionDone)
    })
    expect(events.map((event) => event.failure?.getErrorMessage())).toEqual(['broken'])
  })

  it('N13 half-close: data before it is delivered, the peer may still write, then closes', async () => {
    const { server, client } = await pair(newReactor(), () => new HalfCloseable(), () => new HalfCloseable())
    client.transport.write('question')
    client.transport.loseWriteConnection()
    client.transport.write('dropped')
    await server.readLost.promise
    expect(server.events).toEqual(['read lost after question'])
    server.transport.write('answer')
    await client.until('answer')
    expect(client.events).toEqual(['write lost'])
    server.transport.loseConnection()
    expect((await server.lost).value).toBeInstanceOf(ConnectionDone)
    expect((await client.lost).value).toBeInstanceOf(ConnectionDone)
  })

  it('N13 both directions closed one after the other is a clean end', async () => {
    const { server, client } = await pair(newReactor(), () => new HalfCloseable(), () => new HalfCloseable())
    client.transport.loseWriteConnection()
    await server.readLost.promise
    server.transport.write('bye')
    server.transport.loseWriteConnection()
    expect((await server.lost).value).toBeInstanceOf(ConnectionDone)
    expect((await client.lost).value).toBeInstanceOf(ConnectionDone)
    expect(client.received).toBe('bye')
  })

  it('N14 FIN to a protocol that cannot half-close: ConnectionDone after its pending writes went out', async () => {
    const size = 4 << 20
    const reactor = newReactor()
    const factory = new TestFactory()
    const peer = await rawPeer(portOf(await listen(reactor, factory)), { allowHalfOpen: true })
    const server = await factory.first
    server.transport.write(new Uint8Array(size))
    peer.socket.end()
    expect((await server.lost).value).toBeInstanceOf(ConnectionDone)
    await peer.closed
    expect(peer.received().length).toBe(size)
  })
})

describe('TCP on Node: connecting and listening', () => {
  it('N06 buildProtocol returns null: the connection is closed', async () => {
    const reactor = newReactor()
    const refusing = new TestFactory(() => null)
    const clients = new TestFactory()
    const port = await listen(reactor, refusing)
    reactor.connectTCP('127.0.0.1', portOf(port), clients)
    const client = await clients.first
    expect((await client.lost).value).toBeInstanceOf(ConnectionDone)
    expect(refusing.built).toEqual([])
  })

  it('N07 buildProtocol throws: logged, and the connection closed', async () => {
    const events = await logged(async () => {
      const reactor = newReactor()
      const port = await listen(reactor, new TestFactory(() => {
        throw new Error('no protocol')
      }))
      const clients = new TestFactory()
      reactor.connectTCP('127.0.0.1', portOf(port), clients)
      await (await clients.first).lost
    })
    expect(events.map((event) => event.failure?.getErrorMessage())).toEqual(['no protocol'])
  })

  it('N06 N07 on the client side: the factory hears of a connection that was lost', async () => {
    const reactor = newReactor()
    const port = await listen(reactor, new TestFactory())
    const refusing = new TestFactory(() => null)
    reactor.connectTCP('127.0.0.1', portOf(port), refusing)
    await refusing.lost
    expect(refusing.events).toEqual(['start', 'connecting', 'lost ConnectionDone', 'stop'])
    const events = await logged(async () => {
      const throwing = new TestFactory(() => {
        throw new RangeError('no protocol')
      })
      reactor.connectTCP('127.0.0.1', portOf(port), throwing)
      expect((await throwing.lost).value).toBeInstanceOf(RangeError)
    })
    expect(events).toHaveLength(1)
  })

  it('N08 refused → ConnectionRefusedError, and never inside connectTCP', async () => {
    const reactor = newReactor()
    const port = await listen(reactor, new TestFactory())
    const number = portOf(port)
    await port.stopListening()
    const factory = new TestFactory()
    const connector = reactor.connectTCP('127.0.0.1', number, factory)
    expect(factory.events).toEqual(['start', 'connecting'])
    const reason = await factory.failed
    expect(reason.value).toBeInstanceOf(ConnectionRefusedError)
    expect((reason.value.cause as NodeJS.ErrnoException).code).toBe('ECONNREFUSED')
    expect(factory.events).toEqual(['start', 'connecting', 'failed ConnectionRefusedError', 'stop'])
    expect(connector.getDestination()).toEqual({ family: 'IPv4', type: 'TCP', host: '127.0.0.1', port: number })
  })

  it('N09 a stopped attempt fails once, in a later turn, and nothing connects', async () => {
    const reactor = newReactor()
    const servers = new TestFactory()
    const port = await listen(reactor, servers)
    const factory = new TestFactory()
    const connector = reactor.connectTCP('127.0.0.1', portOf(port), factory)
    connector.stopConnecting()
    expect(factory.failures).toEqual([])
    expect((await factory.failed).value).toBeInstanceOf(UserError)
    expect(() => connector.stopConnecting()).toThrow()
    expect(factory.built).toEqual([])
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('N10 the time for an attempt runs out → TimeoutError', async () => {
    // A thread that listens with the shortest queue and then accepts nothing: the kernel leaves the rest unanswered.
    const release = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(`
      const { parentPort, workerData } = require('node:worker_threads')
      const server = require('node:net').createServer((socket) => socket.destroy())
      server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
        parentPort.postMessage(server.address().port)
        setTimeout(() => Atomics.wait(workerData, 0, 0), 0)
      })
    `, { eval: true, workerData: release })
    try {
      const port = await new Promise<number>((resolve) => worker.once('message', resolve))
      const reactor = newReactor()
      const factory = new TestFactory()
      for (let i = 0; i < 12; i++) reactor.connectTCP('127.0.0.1', port, factory, { timeout: 300 })
      expect((await factory.failed).value).toBeInstanceOf(TimeoutError)
    } finally {
      Atomics.store(release, 0, 1)
      Atomics.notify(release, 0)
      await worker.terminate()
    }
  })

  it('a name that does not resolve → DNSLookupError', async () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    reactor.connectTCP('name.invalid', 1, factory)
    expect((await factory.failed).value).toBeInstanceOf(DNSLookupError)
  })

  it('a connector connects again from inside its callbacks, and the factory stays started', async () => {
    const reactor = newReactor()
    const servers = new TestFactory()
    const port = await listen(reactor, servers)
    let tries = 0
    const third = later()
    class Again extends TestFactory {
      override clientConnectionLost(connector: IConnector, reason: Failure): void {
        super.clientConnectionLost(connector, reason)
        tries += 1
        if (tries < 3) connector.connect()
        else third.resolve()
      }
    }
    const factory = new Again(() => {
      const protocol = new Recorder()
      void protocol.made.then(() => protocol.transport.loseConnection())
      return protocol
    })
    reactor.connectTCP('127.0.0.1', portOf(port), factory)
    await third.promise
    await new Promise((resolve) => setImmediate(resolve))
    expect(factory.events.filter((event) => event === 'start' || event === 'stop')).toEqual(['start', 'stop'])
    expect(factory.built).toHaveLength(3)
  })

  it('disconnect gives up or loses, whichever there is', async () => {
    const reactor = newReactor()
    const { connector, client } = await pair(reactor)
    expect(() => connector.stopConnecting()).toThrow()
    expect(() => connector.connect()).toThrow()
    connector.disconnect()
    expect((await client.lost).value).toBeInstanceOf(ConnectionDone)
    connector.disconnect()
  })

  it('bindAddress is where the connection comes from', async () => {
    const reactor = newReactor()
    const servers = new TestFactory()
    const port = await listen(reactor, servers)
    const clients = new TestFactory()
    reactor.connectTCP('127.0.0.1', portOf(port), clients, { bindAddress: { host: '127.0.0.9' } })
    const client = await clients.first
    expect(client.transport.getHost()).toMatchObject({ family: 'IPv4', host: '127.0.0.9' })
    expect((await servers.first).transport.getPeer()).toMatchObject({ host: '127.0.0.9' })
  })

  it('N11 a used port: ready fails with CannotListenError, and the factory is never started', async () => {
    const reactor = newReactor()
    const port = await listen(reactor, new TestFactory())
    const factory = new TestFactory()
    const second = reactor.listenTCP(portOf(port), factory, LOOPBACK)
    const error = await second.ready.then(() => null, (raised: unknown) => raised)
    expect(error).toBeInstanceOf(CannotListenError)
    expect(error).toMatchObject({ interface: '127.0.0.1', port: portOf(port) })
    expect(((error as Error).cause as NodeJS.ErrnoException).code).toBe('EADDRINUSE')
    expect(factory.events).toEqual([])
    expect(second.stopListening()).toBe(undefined)
  })

  it('N11 what is no port is refused at once', () => {
    const reactor = newReactor()
    for (const bad of [-1, 65536, 1.5, NaN, '80' as never]) {
      expect(() => reactor.listenTCP(bad, new TestFactory())).toThrow(RangeError)
      expect(() => reactor.connectTCP('127.0.0.1', bad, new TestFactory())).toThrow(RangeError)
    }
  })

  it('port 0 is a real port after ready, before run, and addresses say who is who', async () => {
    const reactor = newReactor()
    const { server, client, port } = await pair(reactor)
    expect(reactor.running).toBe(false)
    expect(portOf(port)).toBeGreaterThan(0)
    expect(client.transport.getPeer()).toEqual(port.getHost())
    expect(server.transport.getHost()).toEqual(port.getHost())
    expect(server.transport.getPeer()).toEqual(client.transport.getHost())
  })

  it('N12 stopListening leaves open connections; again it is undefined; the port is free', async () => {
    const reactor = newReactor()
    const { server, client, port } = await pair(reactor)
    const number = portOf(port)
    await port.stopListening()
    expect(port.stopListening()).toBe(undefined)
    client.transport.write('still here')
    await server.until('still here')
    const again = reactor.listenTCP(number, new TestFactory(), LOOPBACK)
    await again.ready
    expect(portOf(again)).toBe(number)
  })

  it('N12 stopListening before the port is bound waits for it', async () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    const port = reactor.listenTCP(0, factory, LOOPBACK)
    await port.stopListening()
    expect(factory.events).toEqual(['start', 'stop'])
    expect(port.stopListening()).toBe(undefined)
    expect(() => port.startListening()).not.toThrow()
    expect(() => port.startListening()).toThrow(CannotListenError)
    await port.ready
    expect(factory.events).toEqual(['start', 'stop', 'start'])
  })

  it('drain: no more connections, the open ones may end, the rest is aborted at the deadline', async () => {
    const reactor = newReactor()
    const servers = new TestFactory()
    const port = await listen(reactor, servers)
    const quick = await rawPeer(portOf(port))
    const slow = await rawPeer(portOf(port))
    while (servers.built.length < 2) await new Promise((resolve) => setImmediate(resolve))
    const drained = port.drain(50)
    quick.socket.end()
    await drained
    expect(servers.built.map((server) => server.reasons[0].value.name).sort())
      .toEqual(['ConnectionAborted', 'ConnectionDone'])
    expect(await slow.closed).toEqual({ error: 'ECONNRESET' })
    const late = new TestFactory()
    reactor.connectTCP('127.0.0.1', portOf(port), late)
    expect((await late.failed).value).toBeInstanceOf(ConnectionRefusedError)
  })

  it('drain is done at once when nothing is open', async () => {
    const reactor = newReactor()
    const port = await listen(reactor, new TestFactory())
    await port.drain(60_000)
    expect(reactor.getDelayedCalls()).toEqual([])
    await port.drain(60_000)
    expect(port.stopListening()).toBe(undefined)
  })

  it('N20 startFactory and stopFactory once over two ports', async () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    const first = await listen(reactor, factory)
    const second = await listen(reactor, factory)
    expect(factory.numPorts).toBe(2)
    await first.stopListening()
    expect(factory.events).toEqual(['start'])
    await second.stopListening()
    expect(factory.events).toEqual(['start', 'stop'])
  })
})
