/** What an inspector shows, over real sockets. */
import { afterEach, describe, expect, it } from 'vitest'
import { connections } from '../../../src/index.js'
import type { ConnectionInfo } from '../../../src/index.js'
import type { Reactor } from '../../../bindings/node/index.js'
import { listen, pair, portOf, rawPeer, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

class HalfCloseable extends Recorder {
  readConnectionLost(): void {}
  writeConnectionLost(): void {}
}

const rowOf = (reactor: Reactor, protocol: Recorder): ConnectionInfo =>
  [...connections(reactor)].find((row) => row.protocol === protocol)!

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

describe('connections', () => {
  it('has a row for each open connection, with what it has carried', async () => {
    const reactor = newReactor()
    const before = reactor.now()
    const { server, client } = await pair(reactor)
    client.transport.write('12345')
    await server.until('12345')
    const rows = [...connections(reactor)]
    expect(rows.map((row) => row.id).sort()).toEqual([1, 2])
    expect(rowOf(reactor, client)).toMatchObject({
      peer: client.transport.getPeer(), host: client.transport.getHost(), state: 'open', bytesIn: 0, bytesOut: 5,
      buffered: 0, waitingFor: 'data',
    })
    expect(rowOf(reactor, server)).toMatchObject({ peer: client.transport.getHost(), bytesIn: 5, bytesOut: 0 })
    for (const { since } of rows) {
      expect(since).toBeGreaterThanOrEqual(Math.floor(before))
      expect(since).toBeLessThanOrEqual(reactor.now())
    }
    client.transport.loseConnection()
    await Promise.all([server.lost, client.lost])
    expect([...connections(reactor)]).toEqual([])
  })

  it('says what a connection waits for', async () => {
    const reactor = newReactor()
    const { server, client } = await pair(reactor, () => new HalfCloseable(), () => new HalfCloseable())
    server.transport.pauseProducing()
    expect(rowOf(reactor, server).waitingFor).toBe('resume')
    client.transport.write(new Uint8Array(32 << 20))
    await until(() => rowOf(reactor, client).waitingFor === 'peer')
    expect(rowOf(reactor, client).buffered).toBeGreaterThan(0)
    client.transport.registerProducer({ pauseProducing() {}, resumeProducing() {}, stopProducing() {} }, true)
    client.transport.loseConnection()
    expect(rowOf(reactor, client).state).toBe('disconnecting')
    server.transport.resumeProducing()
    await until(() => rowOf(reactor, client).buffered === 0)
    expect(rowOf(reactor, client)).toMatchObject({ state: 'disconnecting', waitingFor: 'producer' })
    client.transport.unregisterProducer()
    await client.lost
    await until(() => rowOf(reactor, server).state === 'read-closed')
    expect(rowOf(reactor, server).waitingFor).toBe('write')
    server.transport.loseConnection()
    await server.lost
  })

  it('tells which half is closed, and an end under way', async () => {
    const reactor = newReactor()
    const { server, client } = await pair(reactor, () => new HalfCloseable(), () => new HalfCloseable())
    client.transport.loseWriteConnection()
    await until(() => rowOf(reactor, client).state === 'write-closed')
    server.transport.abortConnection()
    expect(rowOf(reactor, server)).toMatchObject({ state: 'closing', waitingFor: 'end' })
    await Promise.all([server.lost, client.lost])
  })

  it('a connection over its budget waits for its turn', async () => {
    const reactor = newReactor()
    const seen = new Set<string>()
    const factory = new TestFactory(() => new (class extends Recorder {
      override dataReceived(data: Uint8Array): void {
        super.dataReceived(data)
        void Promise.resolve().then(() => {
          const row = [...connections(reactor)][0]
          if (row !== undefined) seen.add(row.waitingFor)
        })
      }
    })())
    const peer = await rawPeer(portOf(await listen(reactor, factory)))
    peer.socket.end(new Uint8Array(8 << 20))
    await (await factory.first).lost
    await peer.closed
    expect([...seen].sort()).toEqual(['data', 'turn'])
  })

  it('is for reactors with connections only', () => {
    expect(() => connections({} as never)).toThrow(TypeError)
    expect(() => connections(null as never)).toThrow(TypeError)
    expect([...connections({ openTransports: () => [] })]).toEqual([])
    expect(() => connections({ openTransports: () => [{}] as never })).toThrow(TypeError)
  })
})
