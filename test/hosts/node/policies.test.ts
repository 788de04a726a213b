/** Policies on each other over real sockets, plain and with TLS: every byte, half-close, producers, and nothing left. */
import { afterEach, describe, expect, it } from 'vitest'
import type { IPushProducer, ITCPTransport } from '../../../src/interfaces/index.js'
import {
  LimitConnectionsByPeer, ThrottlingFactory, TimeoutFactory, TrafficLoggingFactory,
} from '../../../src/protocols/policies/index.js'
import type { TrafficEntry } from '../../../src/protocols/policies/index.js'
import { LOOPBACK, portOf, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { clientTLS, serverTLS } from './tls-helpers.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

const SIZE = 400_000

/** Answers with what it gets, held back as its transport asks, and closes its own half after the peer's. */
class Echo extends Recorder implements IPushProducer {
  override connectionMade(): void {
    super.connectionMade()
    this.transport.registerProducer(this, true)
  }
  override dataReceived(data: Uint8Array): void {
    this.transport.write(data)
  }
  readConnectionLost(): void {
    this.transport.unregisterProducer()
    this.transport.loseConnection()
  }
  writeConnectionLost(): void {}
  pauseProducing(): void {
    (this.transport as ITCPTransport).pauseProducing()
  }
  resumeProducing(): void {
    (this.transport as ITCPTransport).resumeProducing()
  }
  stopProducing(): void {}
}

/** Sends what it has, ends, and counts what comes back. */
class Asking extends Recorder {
  count = 0
  sum = 0
  override connectionMade(): void {
    super.connectionMade()
    const data = new Uint8Array(SIZE).map((_, at) => at % 251)
    for (let at = 0; at < SIZE; at += 50_000) this.transport.write(data.subarray(at, at + 50_000))
    this.transport.loseWriteConnection()
  }
  override dataReceived(data: Uint8Array): void {
    for (const byte of data) this.sum += byte === this.count++ % 251 ? 0 : 1
  }
  readConnectionLost(): void {
    this.transport.loseConnection()
  }
  writeConnectionLost(): void {}
}

describe.each(['TCP', 'TLS'])('policies on each other, over %s', (kind) => {
  it('hand on every byte, pauses, and both ends of the stream, and leave nothing behind', async () => {
    const reactor = newReactor()
    const entries: TrafficEntry[] = []
    const echoes = new TestFactory(() => new Echo())
    const throttled = new ThrottlingFactory(echoes, { readLimit: 2_000_000, writeLimit: 1_000_000, clock: reactor })
    const limited = new LimitConnectionsByPeer(new TimeoutFactory(throttled, 60_000, { clock: reactor }))
    const logged = new TrafficLoggingFactory(limited, { sink: (entry) => void entries.push(entry) })
    const port = kind === 'TCP' ? reactor.listenTCP(0, logged, LOOPBACK) : reactor.listenSSL(0, logged, serverTLS(), LOOPBACK)
    await port.ready
    const clients = new TestFactory(() => new Asking())
    const [host, number] = ['127.0.0.1', portOf(port)] as const
    if (kind === 'TCP') reactor.connectTCP(host, number, clients)
    else reactor.connectSSL(host, number, clients, clientTLS({ serverName: 'localhost' }))
    const client = await clients.first
    await client.lost
    await (await echoes.first).lost
    expect([client.count, client.sum]).toEqual([SIZE, 0])
    expect(limited.peerConnections.size).toBe(0)
    expect([throttled.connectionCount, throttled.protocols.size, logged.protocols.size]).toEqual([0, 0, 0])
    expect(entries.length).toBeGreaterThan(3)
    await port.stopListening()
  })
})
