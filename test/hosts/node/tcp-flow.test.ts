import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { succeed } from '../../../src/defer/index.js'
import { ConnectionDone } from '../../../src/errors/index.js'
import type { IAddress, IPullProducer } from '../../../src/interfaces/index.js'
import { BufferedProtocol, Protocol } from '../../../src/protocols/protocol.js'
import { later, listen, pair, portOf, rawPeer, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

describe('TCP on Node: flow', () => {
  it('N15 a push producer is paused by a peer that does not read, and resumed once it has read', async () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    const peer = await rawPeer(portOf(await listen(reactor, factory)), { paused: true })
    const server = await factory.first
    const calls: string[] = []
    const resumed = later()
    server.transport.registerProducer({
      pauseProducing: () => calls.push('pause'),
      resumeProducing: () => {
        calls.push('resume')
        resumed.resolve()
      },
      stopProducing: () => calls.push('stop'),
    }, true)
    for (let i = 0; i < 8; i++) server.transport.write(new Uint8Array(1 << 20))
    expect(calls).toEqual(['pause'])
    await new Promise((resolve) => setImmediate(resolve))
    expect(calls).toEqual(['pause'])
    expect(server.transport.writableLength).toBeGreaterThan(65_536)
    peer.socket.on('data', () => undefined)
    await resumed.promise
    expect(calls).toEqual(['pause', 'resume'])
    expect(server.transport.writableLength).toBe(0)
  })

  it('N18 a pull producer sends a file-sized stream through, one piece for each drain', async () => {
    const { server, client } = await pair(newReactor())
    let left = 100
    const producer: IPullProducer = {
      resumeProducing() {
        if (left-- > 0) {
          server.transport.write(new Uint8Array(65_536))
        } else {
          server.transport.unregisterProducer()
          server.transport.loseConnection()
        }
      },
      stopProducing: () => undefined,
    }
    server.transport.registerProducer(producer, false)
    await client.lost
    expect(client.bytes).toBe(100 * 65_536)
  })

  it('a writer that awaits drain never has more than a piece above the mark waiting', async () => {
    const { server, client } = await pair(newReactor())
    let most = 0
    for (let i = 0; i < 200; i++) {
      server.transport.write(new Uint8Array(65_536))
      most = Math.max(most, server.transport.writableLength)
      await server.transport.drain()
    }
    server.transport.loseConnection()
    await client.lost
    expect(client.bytes).toBe(200 * 65_536)
    expect(most).toBeLessThanOrEqual(2 * 65_536)
  })

  it('N19 pauseProducing holds back both data and close', async () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    const peer = await rawPeer(portOf(await listen(reactor, factory)))
    const server = await factory.first
    server.transport.pauseProducing()
    peer.socket.end('data, then the end')
    await new Promise((resolve) => peer.socket.once('finish', resolve))
    // Whole rounds of the loop, in which both would have been read.
    for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve))
    expect([server.received, server.reasons]).toEqual(['', []])
    server.transport.resumeProducing()
    expect((await server.lost).value).toBeInstanceOf(ConnectionDone)
    expect(server.received).toBe('data, then the end')
  })

  it('a slow reader gets every byte, in order, through a small buffer', async () => {
    const { server, client } = await pair(newReactor(), () => {
      const protocol = new Recorder()
      const seen: Uint8Array[] = []
      return Object.assign(protocol, {
        seen,
        dataReceived(data: Uint8Array) {
          seen.push(data)
          protocol.transport.pauseProducing()
          setImmediate(() => protocol.transport.resumeProducing())
        },
      })
    })
    const total = 1 << 20
    const all = Uint8Array.from({ length: total }, (_, i) => (i * 31 + (i >> 8) + (i >> 15) * 13) & 255)
    for (let at = 0; at < total; at += 10_007) client.transport.write(all.subarray(at, at + 10_007))
    client.transport.loseConnection()
    await server.lost
    const { seen } = server as unknown as { seen: Uint8Array[] }
    const got = Buffer.concat(seen)
    expect(got.equals(all)).toBe(true)
  })

  it('received bytes are the receiver\'s to keep, on both sides and at every size', async () => {
    class Keeper extends Protocol {
      kept: Uint8Array[] = []
      lost = later()
      override dataReceived(data: Uint8Array): void {
        this.kept.push(data)
      }
      override connectionLost(): void {
        this.lost.resolve()
      }
    }
    const { server, client } = await pair(newReactor(), () => new Keeper(), () => new Keeper())
    const messages = [1, 3, 64, 1000, 5000, 40_000, 65_536, 200_000, 70_000, 7, 300_000]
    for (const [from, to] of [[client, server], [server, client]]) {
      let sent = ''
      for (const [index, length] of messages.entries()) {
        const text = String.fromCharCode(97 + index).repeat(length)
        sent += text
        from.transport.write(text)
        const total = sent.length
        while (to.kept.reduce((sum, chunk) => sum + chunk.length, 0) < total) {
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      expect(Buffer.concat(to.kept).toString() === sent).toBe(true)
    }
  })

  it('connecting in the middle of a bulk read does not mix up what is read into what', async () => {
    const reactor = newReactor()
    const chunks: Uint8Array[] = []
    const other = new TestFactory()
    const otherPort = portOf(await listen(reactor, new TestFactory(() => new (class extends Recorder {
      override connectionMade(): void {
        this.transport.write(new Uint8Array(1 << 20).fill(0xee))
        this.transport.loseConnection()
      }
    })())))
    const { server, client } = await pair(reactor, () => new (class extends Recorder {
      override dataReceived(data: Uint8Array): void {
        chunks.push(data)
        if (chunks.length % 20 === 5) reactor.connectTCP('127.0.0.1', otherPort, other)
      }
    })())
    const total = 16 << 20
    const all = Uint8Array.from({ length: total }, (_, i) => (i * 31 + (i >> 8) + (i >> 15) * 13) & 127)
    client.transport.write(all)
    client.transport.loseConnection()
    await server.lost
    expect(Buffer.concat(chunks).equals(all)).toBe(true)
    await Promise.all(other.built.map((protocol) => protocol.lost))
    expect(new Set(other.built.map((protocol) => protocol.bytes))).toEqual(new Set([1 << 20]))
  })

  it('a name with several addresses is tried until one answers, and is then read right', async () => {
    const reactor = newReactor()
    const servers = new TestFactory(() => new (class extends Recorder {
      override connectionMade(): void {
        this.transport.write('right')
      }
    })())
    const port = portOf(await listen(reactor, servers))
    let asked = 0
    reactor.installNameResolver({
      resolve: () => {
        asked += 1
        return succeed<IAddress[]>([
          { family: 'IPv6', type: 'TCP', host: '::1', port: 0 },
          { family: 'IPv4', type: 'TCP', host: '127.0.0.1', port: 0 },
        ])
      },
    })
    const clients = new TestFactory()
    reactor.connectTCP('two.invalid', port, clients)
    const client = await clients.first
    await client.until('right')
    expect(client.transport.getPeer()).toMatchObject({ host: '127.0.0.1', port })
    expect(asked).toBe(1)
  })

  it('a buffered protocol is read in place, on both sides', async () => {
    class Buffered extends BufferedProtocol {
      room = new Uint8Array(1000)
      own = new Set<unknown>([this.room])
      got = ''
      sum = later()
      override getBuffer(): Uint8Array {
        return this.room
      }
      override bufferUpdated(length: number): void {
        this.got += Buffer.from(this.room.subarray(0, length)).toString('latin1')
        this.room = new Uint8Array(1000)
        if (this.got.endsWith('!')) this.sum.resolve()
      }
    }
    const { server, client } = await pair(newReactor(), () => new Buffered(), () => new Buffered())
    const text = 'abcdefghij'.repeat(1000) + '!'
    client.transport.write(text)
    server.transport.write(text)
    await Promise.all([server.sum.promise, client.sum.promise])
    expect(server.got === text).toBe(true)
    expect(client.got === text).toBe(true)
  })

  it('options reach the socket', async () => {
    const { server } = await pair(newReactor())
    server.transport.setTcpNoDelay(true)
    server.transport.setTcpKeepAlive(true)
    expect(server.transport.getTcpNoDelay()).toBe(true)
    expect(server.transport.getTcpKeepAlive()).toBe(true)
  })

  it('a server that is not ours, and addresses of IPv6', async () => {
    const raw = createServer((socket) => socket.end('hello'))
    await new Promise<void>((resolve) => raw.listen(0, '::1', resolve))
    const { port } = raw.address() as AddressInfo
    const factory = new TestFactory()
    newReactor().connectTCP('::1', port, factory)
    const client = await factory.first
    const peer: IAddress = client.transport.getPeer()
    await client.lost
    raw.close()
    expect(client.received).toBe('hello')
    expect(peer).toEqual({ family: 'IPv6', type: 'TCP', host: '::1', port })
  })
})
