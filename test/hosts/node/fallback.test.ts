/** Where sockets cannot be armed, 'data' events serve, and nothing else changes. */
import { afterEach, describe, expect, it } from 'vitest'
import { NodeHost } from '../../../bindings/node/host.js'
import { nodeCore } from '../../../bindings/node/load.js'
import { Reader } from '../../../bindings/node-api/reader.js'
import { NodeTCP } from '../../../bindings/node/tcp.js'
import { ConnectionDone, ConnectionLost } from '../../../src/errors/index.js'
import { BufferedProtocol } from '../../../src/protocols/protocol.js'
import { Reactor } from '../../../src/reactor/index.js'
import { later, listen, pair, portOf, rawPeer, Recorder, stopped, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()

class UnarmedReader extends Reader {
  override arm(): boolean {
    return false
  }
}

let reactor: Reactor | null = null

function unarmed(): Reactor {
  const tcp = new NodeTCP(() => new UnarmedReader())
  return reactor = new Reactor({ core: nodeCore, host: new NodeHost(), tcp }, { installSignalHandlers: false })
}

afterEach(async () => {
  void reactor!.run()
  await stopped(reactor!)
})

describe("reading by 'data' events", () => {
  it('is not needed on this Node: accepted sockets can be armed', async () => {
    const factory = new TestFactory()
    const armed: boolean[] = []
    class Noting extends Reader {
      override arm(socket: Parameters<Reader['arm']>[0]): boolean {
        const done = super.arm(socket)
        armed.push(done)
        return done
      }
    }
    const tcp = new NodeTCP(() => new Noting())
    reactor = new Reactor({ core: nodeCore, host: new NodeHost(), tcp }, { installSignalHandlers: false })
    const peer = await rawPeer(portOf(await listen(reactor, factory)))
    peer.socket.write('hello')
    await (await factory.first).until('hello')
    expect(armed).toEqual([true])
  })

  it('echoes every byte, small and large', async () => {
    const { server, client } = await pair(unarmed(), () => new (class extends Recorder {
      override dataReceived(data: Uint8Array): void {
        this.bytes += data.length
        this.transport.write(data)
      }
    })())
    client.transport.write('x')
    client.transport.write(new Uint8Array(3 << 20))
    client.transport.loseConnection()
    await server.lost
    expect(server.bytes).toBe((3 << 20) + 1)
  })

  it('N19 pauseProducing holds back both data and close', async () => {
    const factory = new TestFactory()
    const peer = await rawPeer(portOf(await listen(unarmed(), factory)))
    const server = await factory.first
    server.transport.pauseProducing()
    peer.socket.end('data, then the end')
    await new Promise((resolve) => peer.socket.once('finish', resolve))
    for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve))
    expect([server.received, server.reasons]).toEqual(['', []])
    server.transport.resumeProducing()
    expect((await server.lost).value).toBeInstanceOf(ConnectionDone)
    expect(server.received).toBe('data, then the end')
  })

  it('N19 a close without data is held back too', async () => {
    const factory = new TestFactory()
    const peer = await rawPeer(portOf(await listen(unarmed(), factory)))
    const server = await factory.first
    server.transport.pauseProducing()
    peer.socket.end()
    await new Promise((resolve) => peer.socket.once('finish', resolve))
    for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve))
    expect(server.reasons).toEqual([])
    server.transport.resumeProducing()
    expect((await server.lost).value).toBeInstanceOf(ConnectionDone)
  })

  it('N01 an answer before loseConnection arrives whole, though the peer still sends', async () => {
    const { server, client } = await pair(unarmed())
    client.transport.write(new Uint8Array(1 << 20))
    server.transport.pauseProducing()
    server.transport.write(new Uint8Array(4 << 20))
    server.transport.loseConnection()
    await client.lost
    expect(client.bytes).toBe(4 << 20)
  })

  it('a reset is ConnectionLost', async () => {
    const factory = new TestFactory()
    const peer = await rawPeer(portOf(await listen(unarmed(), factory)))
    const server = await factory.first
    peer.socket.resetAndDestroy()
    expect((await server.lost).value).toBeInstanceOf(ConnectionLost)
  })

  it('a buffered protocol gets copies', async () => {
    class Buffered extends BufferedProtocol {
      room = new Uint8Array(7)
      got = ''
      whole = later()
      override getBuffer(): Uint8Array {
        return this.room
      }
      override bufferUpdated(length: number): void {
        this.got += Buffer.from(this.room.subarray(0, length)).toString('latin1')
        if (this.got.endsWith('!')) this.whole.resolve()
      }
    }
    const { server, client } = await pair(unarmed(), () => new Buffered())
    client.transport.write('a buffered protocol without its own reads!')
    await server.whole.promise
    expect(server.got).toBe('a buffered protocol without its own reads!')
  })
})
