/** Connections carry the AsyncLocalStorage context of where they were made: the call of listen or connect. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, describe, expect, it } from 'vitest'
import { carryContext } from '../../../bindings/node/index.js'
import type { Failure } from '../../../src/defer/index.js'
import type { IConnector } from '../../../src/interfaces/index.js'
import { LOOPBACK, portOf, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const store = new AsyncLocalStorage<string>()

/** Notes in which context each callback runs. */
class Noting extends Recorder {
  seen = new Map<string, string | undefined>()

  note(what: string): void {
    this.seen.set(what, store.getStore())
  }

  override connectionMade(): void {
    this.note('connectionMade')
    super.connectionMade()
  }

  override dataReceived(data: Uint8Array): void {
    this.note('dataReceived')
    super.dataReceived(data)
  }

  override connectionLost(reason: Failure): void {
    this.note('connectionLost')
    super.connectionLost(reason)
  }
}

class HalfNoting extends Noting {
  readConnectionLost(): void {
    this.note('readConnectionLost')
  }

  writeConnectionLost(): void {
    this.note('writeConnectionLost')
  }
}

class NotingFactory<P extends Noting> extends TestFactory<P> {
  seen: [string, string | undefined][] = []

  override startFactory(): void {
    this.seen.push(['start', store.getStore()])
  }

  override stopFactory(): void {
    this.seen.push(['stop', store.getStore()])
  }

  override clientConnectionFailed(connector: IConnector, reason: Failure): void {
    this.seen.push(['failed', store.getStore()])
    super.clientConnectionFailed(connector, reason)
  }

  override clientConnectionLost(connector: IConnector, reason: Failure): void {
    this.seen.push(['lost', store.getStore()])
    super.clientConnectionLost(connector, reason)
  }
}

async function connectedPair<P extends Noting>(make: () => P) {
  carryContext()
  const reactor = newReactor()
  const servers = new NotingFactory<P>(make)
  const clients = new NotingFactory<P>(make)
  const port = store.run('listen', () => reactor.listenTCP(0, servers, LOOPBACK))
  await port.ready
  const connector = store.run('connect', () => reactor.connectTCP('127.0.0.1', portOf(port), clients))
  return { reactor, port, connector, servers, clients, server: await servers.first, client: await clients.first }
}

describe('contexts', () => {
  it('every callback of both ends, whoever caused it', async () => {
    const { port, servers, clients, server, client } = await connectedPair(() => new HalfNoting())
    await store.run('elsewhere', async () => {
      client.transport.write('to the server')
      server.transport.write('to the client')
      await Promise.all([server.until('to the server'), client.until('to the client')])
      client.transport.loseWriteConnection()
      while (!server.seen.has('readConnectionLost')) await new Promise((resolve) => setImmediate(resolve))
      server.transport.loseConnection()
      await Promise.all([server.lost, client.lost])
      await port.stopListening()
    })
    expect([...server.seen]).toEqual(expect.arrayContaining([
      ['connectionMade', 'listen'], ['dataReceived', 'listen'], ['readConnectionLost', 'listen'],
      ['connectionLost', 'listen'],
    ]))
    expect(new Set(server.seen.values())).toEqual(new Set(['listen']))
    expect(client.seen.get('writeConnectionLost')).toBe('connect')
    expect(new Set(client.seen.values())).toEqual(new Set(['connect']))
    expect(servers.seen).toEqual([['start', 'listen'], ['stop', 'listen']])
    expect(clients.seen).toEqual([['start', 'connect'], ['lost', 'connect'], ['stop', 'connect']])
  })

  it('what is put off to a later turn: a pause that ends, an abort, a producer', async () => {
    const { server, client } = await connectedPair(() => new Noting())
    await store.run('elsewhere', async () => {
      server.transport.pauseProducing()
      client.transport.write('while paused')
      await new Promise((resolve) => setImmediate(resolve))
      server.transport.resumeProducing()
      await server.until('while paused')
      let left = 3
      client.transport.registerProducer({
        resumeProducing: () => {
          client.note(`resumeProducing ${left}`)
          if (left-- > 0) client.transport.write(`piece ${left}`)
          else client.transport.unregisterProducer()
        },
        stopProducing: () => client.note('stopProducing'),
      }, false)
      await server.until('piece 0')
      client.transport.abortConnection()
      await Promise.all([server.lost, client.lost])
    })
    expect(server.seen.get('dataReceived')).toBe('listen')
    expect(server.seen.get('connectionLost')).toBe('listen')
    // The first piece is asked for inside of registerProducer.
    expect(client.seen.get('resumeProducing 3')).toBe('elsewhere')
    expect(client.seen.get('resumeProducing 2')).toBe('connect')
    expect(client.seen.get('connectionLost')).toBe('connect')
  })

  it('attempts that fail, and one that is given up by somebody else', async () => {
    const { reactor, port } = await connectedPair(() => new Noting())
    const number = portOf(port)
    await port.stopListening()
    const refused = new NotingFactory()
    store.run('refused', () => reactor.connectTCP('127.0.0.1', number, refused))
    await refused.failed
    const given = new NotingFactory()
    const connector = store.run('given up', () => reactor.connectTCP('127.0.0.1', number, given))
    store.run('elsewhere', () => connector.stopConnecting())
    await given.failed
    expect(refused.seen).toEqual([['start', 'refused'], ['failed', 'refused'], ['stop', 'refused']])
    expect(given.seen).toEqual([['start', 'given up'], ['failed', 'given up'], ['stop', 'given up']])
  })
})
