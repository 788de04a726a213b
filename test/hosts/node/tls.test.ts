/** TLS over real sockets: the life of a connection whose handshake went well. */
import { once } from 'node:events'
import { connect as connectTLS } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { ConnectionAborted, ConnectionDone, ConnectionLost, TLSTruncated } from '../../../src/errors/index.js'
import { later, reactors } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import {
  CA, clientTLS, dial, identity, relay, SecureRecorder, securePair, serve, serverTLS, turns,
} from './tls-helpers.js'

checkNothingLeft()
const fresh = reactors(afterEach)

/** A client that is Node's own. */
async function rawClient(port: number): Promise<TLSSocket> {
  const socket = connectTLS({ port, host: '127.0.0.1', ca: CA, allowHalfOpen: true } as ConnectionOptions)
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

/** Lives on with one direction closed. */
class HalfOpen extends SecureRecorder {
  onReadEnd: () => void = () => undefined
  readConnectionLost(): void {
    this.events.push('end')
    this.onReadEnd()
  }

  writeConnectionLost(): void {
    this.events.push('finished')
  }
}

/** Counts bytes, checks that they are the right ones, and can be slow. */
class Bulk extends SecureRecorder {
  wrong = 0
  #all = later()
  readonly total: number
  constructor(total: number) {
    super()
    this.total = total
  }

  get all(): Promise<void> {
    return this.#all.promise
  }

  override dataReceived(data: Uint8Array): void {
    for (let i = 0; i < data.length; i += 997) if (data[i] !== (this.bytes + i) % 251) this.wrong += 1
    this.bytes += data.length
    if (this.bytes >= this.total) this.#all.resolve()
  }
}

function pattern(from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (from + i) % 251
  return bytes
}

/** Sends so much, no faster than it is taken. */
function pump(transport: SecureRecorder['transport'], total: number): { paused: number } {
  const state = { paused: 0 }
  let sent = 0
  let isPaused = false
  const run = (): void => {
    while (!isPaused && sent < total) {
      const length = Math.min(40_000, total - sent)
      transport.write(pattern(sent, length))
      sent += length
    }
    if (sent === total) transport.unregisterProducer()
  }
  transport.registerProducer({
    pauseProducing: () => {
      isPaused = true
      state.paused += 1
    },
    resumeProducing: () => {
      isPaused = false
      run()
    },
    stopProducing: () => {
      isPaused = true
    },
  }, true)
  run()
  return state
}

describe('a connection over TLS', () => {
  it('is made after the handshake: connectionMade, handshakeCompleted, data', async () => {
    const { server, client } = await securePair(fresh())
    expect([server.handshakes, client.handshakes]).toEqual([1, 1])
    client.transport.write('ping')
    await server.until('ping')
    server.transport.write('pong')
    await client.until('pong')
    expect(client.events).toEqual(['made', 'handshake', 'data'])
    expect(server.events).toEqual(['made', 'handshake', 'data'])
  })

  it('knows what was agreed on', async () => {
    const { server, client } = await securePair(fresh(), {
      server: serverTLS({ alpn: ['a/1', 'b/1'] }), client: clientTLS({ alpn: ['b/1', 'x/1'], serverName: 'localhost' }),
    })
    const session = client.transport.tlsSession!
    expect(session).toMatchObject({ version: 'TLSv1.3', protocol: 'b/1', serverName: 'localhost', resumed: false })
    expect(session.cipher).toMatch(/^TLS_/)
    expect(server.transport.tlsSession).toMatchObject({
      version: 'TLSv1.3', protocol: 'b/1', serverName: 'localhost', resumed: false, peerCertificate: null,
    })
    expect(client.transport.negotiatedProtocol).toBe('b/1')
    expect(client.transport.tlsBegun).toBe(true)
    const certificate = client.transport.getPeerCertificate()!
    expect(certificate.subject).toBe('O=whorl tests, CN=localhost')
    expect(certificate.issuer).toBe('O=whorl tests, CN=ca')
    expect(certificate.altNames).toEqual(['DNS:localhost', 'IP Address:127.0.0.1', 'IP Address:0:0:0:0:0:0:0:1'])
    expect(certificate.validFrom).toBe('2020-01-01T00:00:00.000Z')
    expect(certificate.validTo).toBe('2120-01-01T00:00:00.000Z')
    expect(certificate.fingerprint256).toMatch(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/)
    expect(certificate.raw[0]).toBe(0x30)
    expect(client.transport.getPeer()).toMatchObject({ family: 'IPv4', host: '127.0.0.1' })
    expect(server.transport.getPeer()).toEqual(client.transport.getHost())
  })

  it('what is known stays known after the end', async () => {
    const { server, client } = await securePair(fresh())
    const { transport } = client
    client.transport.loseConnection()
    await Promise.all([client.lost, server.lost])
    expect(transport.tlsSession?.version).toBe('TLSv1.3')
    expect(transport.getPeerCertificate()?.subject).toContain('CN=localhost')
    transport.write('nobody hears this')
    transport.setTcpNoDelay(true)
    transport.setTcpKeepAlive(true)
  })

  it('speaks TLS 1.2 where that is all there is', async () => {
    const { server, client } = await securePair(fresh(), { server: serverTLS({ maxVersion: 'TLSv1.2' }) })
    expect(client.transport.tlsSession?.version).toBe('TLSv1.2')
    server.transport.write('old but good')
    await client.until('old but good')
  })

  it('writes from connectionMade and from handshakeCompleted come in order', async () => {
    class Eager extends SecureRecorder {
      override connectionMade(): void {
        super.connectionMade()
        this.transport.write('one ')
      }

      override handshakeCompleted(): void {
        super.handshakeCompleted()
        this.transport.write('two')
      }
    }
    const { server, client } = await securePair(fresh(), {
      makeServer: () => new Eager(), makeClient: () => new Eager(),
    })
    await Promise.all([server.until('one two'), client.until('one two')])
  })

  it('N01, N02 what was written before loseConnection arrives; both ends are ConnectionDone', async () => {
    const { server, client } = await securePair(fresh())
    client.transport.write('last words')
    client.transport.loseConnection()
    client.transport.write('too late')
    const [ours, theirs] = await Promise.all([client.lost, server.lost])
    expect(ours.value.constructor).toBe(ConnectionDone)
    expect(theirs.value.constructor).toBe(ConnectionDone)
    expect(server.received).toBe('last words')
    expect([client.reasons.length, server.reasons.length]).toEqual([1, 1])
  })

  it('N04 an aborted connection is a reset for the other end', async () => {
    const { server, client } = await securePair(fresh())
    client.transport.abortConnection()
    const [ours, theirs] = await Promise.all([client.lost, server.lost])
    expect(ours.value.constructor).toBe(ConnectionAborted)
    // A reset may also be noticed as an end without close_notify, when it met a write.
    expect(theirs.value).toBeInstanceOf(ConnectionLost)
  })

  it('aborted while its end is on the way, it leaves nothing', async () => {
    for (const turns of [0, 1, 2]) {
      const { server, client } = await securePair(fresh())
      server.transport.pauseProducing()
      client.transport.write('x')
      client.transport.loseConnection()
      for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => setImmediate(resolve))
      client.transport.abortConnection()
      await client.lost
      server.transport.abortConnection()
      await server.lost
    }
  })

  it('N05 what a callback throws is the reason, and the connection closes in order', async () => {
    const { server, client } = await securePair(fresh(), {
      makeServer: () => Object.assign(new SecureRecorder(), {
        dataReceived: () => {
          throw new RangeError('no')
        },
      }),
    })
    client.transport.write('x')
    expect((await server.lost).value.message).toBe('no')
    expect((await client.lost).value.constructor).toBe(ConnectionDone)
  })

  it('an end without close_notify is TLSTruncated: somebody may have cut it', async () => {
    const reactor = fresh()
    const served = await serve(reactor)
    const between = await relay(served.number)
    const { factory } = dial(reactor, between.port)
    const [client, server] = [await factory.first, await served.factory.first]
    client.transport.write('a message that may go')
    await server.until('may go')
    between.cut()
    const reasons = [(await server.lost).value, (await client.lost).value]
    expect(reasons.map((reason) => reason.constructor)).toEqual([TLSTruncated, TLSTruncated])
    expect(reasons[0]).toBeInstanceOf(ConnectionLost)
    await between.close()
  })

  it('a record that somebody changed ends the connection at both ends', async () => {
    const reactor = fresh()
    const served = await serve(reactor)
    const between = await relay(served.number)
    const { factory } = dial(reactor, between.port)
    const [client, server] = [await factory.first, await served.factory.first]
    client.transport.write('one')
    await server.until('one')
    between.spoil()
    client.transport.write('two')
    const { value } = await server.lost
    expect(value.constructor).toBe(ConnectionLost)
    expect(value.message).toMatch(/TLS broke.*BAD_?RECORD_?MAC/i)
    expect((await client.lost).value.constructor).toBe(ConnectionLost)
    expect(server.received).toBe('one')
    await between.close()
  })

  it('a reset below TLS is ConnectionLost', async () => {
    const reactor = fresh()
    const served = await serve(reactor)
    const between = await relay(served.number)
    const { factory } = dial(reactor, between.port)
    const [client, server] = [await factory.first, await served.factory.first]
    between.reset()
    expect((await client.lost).value).toBeInstanceOf(ConnectionLost)
    expect((await server.lost).value).toBeInstanceOf(ConnectionLost)
    await between.close()
  })

  it('an end with close_notify and everything before it in one packet is clean', async () => {
    const served = await serve(fresh())
    for (let i = 0; i < 20; i++) {
      const socket = await rawClient(served.number)
      socket.cork()
      socket.write('x'.repeat(30_000))
      socket.end('end')
      socket.uncork()
      socket.resume()
      await once(socket, 'close')
    }
    const reasons = await Promise.all(served.factory.built.map((one) => one.lost))
    expect(reasons.map(({ value }) => value.name)).toEqual(Array(20).fill('ConnectionDone'))
    expect(served.factory.built.map((one) => one.bytes)).toEqual(Array(20).fill(30_003))
  })

  it('the end is still told apart when reading is paused in the middle of what comes with it', async () => {
    class Pausing extends SecureRecorder {
      override dataReceived(data: Uint8Array): void {
        super.dataReceived(data)
        this.transport.pauseProducing()
        setTimeout(() => this.transport.resumeProducing(), 1)
      }
    }
    const served = await serve(fresh(), serverTLS(), () => new Pausing())
    const socket = await rawClient(served.number)
    socket.cork()
    socket.write('x'.repeat(50_000))
    socket.end()
    socket.uncork()
    socket.resume()
    await once(socket, 'close')
    const server = await served.factory.first
    expect((await server.lost).value.name).toBe('ConnectionDone')
    expect(server.bytes).toBe(50_000)
  })
})

describe('half-close over TLS', () => {
  it('N13 our end is told to the peer, who may go on writing', async () => {
    const { server, client } = await securePair(fresh(), {
      makeServer: () => new HalfOpen(), makeClient: () => new HalfOpen(),
    })
    ;(server as HalfOpen).onReadEnd = () => {
      server.transport.write('still here')
      server.transport.loseConnection()
    }
    client.transport.write('question')
    client.transport.loseWriteConnection()
    await client.until('still here')
    const [ours, theirs] = await Promise.all([client.lost, server.lost])
    expect([ours.value.name, theirs.value.name]).toEqual(['ConnectionDone', 'ConnectionDone'])
    expect(server.received).toBe('question')
    expect(server.events).toEqual(['made', 'handshake', 'data', 'end'])
    expect(client.events.slice(0, 3)).toEqual(['made', 'handshake', 'finished'])
  })

  it('a large answer comes whole after our end', async () => {
    const total = 3_000_000
    const { server, client } = await securePair(fresh(), {
      makeServer: () => new HalfOpen(), makeClient: () => Object.assign(new Bulk(total), { readConnectionLost() {} }),
    })
    ;(server as HalfOpen).onReadEnd = () => {
      pump(server.transport, total)
      server.transport.loseConnection()
    }
    client.transport.loseWriteConnection()
    await (client as Bulk).all
    expect((client as Bulk).wrong).toBe(0)
    client.transport.loseConnection()
    await Promise.all([client.lost, server.lost])
  })

  it('N14 a protocol that cannot close half hears ConnectionDone after its output went out', async () => {
    const { server, client } = await securePair(fresh(), { makeClient: () => new HalfOpen() })
    server.transport.write('bye')
    client.transport.loseWriteConnection()
    expect((await server.lost).value.name).toBe('ConnectionDone')
    await client.until('bye')
    client.transport.loseConnection()
    await client.lost
  })

  it('an end without close_notify is no half-close', async () => {
    const reactor = fresh()
    const served = await serve(reactor, serverTLS(), () => new HalfOpen())
    const between = await relay(served.number)
    dial(reactor, between.port)
    const server = await served.factory.first
    between.cut()
    expect((await server.lost).value.name).toBe('TLSTruncated')
    expect(server.events).not.toContain('end')
    await between.close()
  })
})

describe('much over TLS', () => {
  it('N15 both ways at once, with backpressure, every byte', async () => {
    const total = 12_000_000
    const { server, client } = await securePair(fresh(), {
      makeServer: () => new Bulk(total), makeClient: () => new Bulk(total),
    })
    const states = [pump(server.transport, total), pump(client.transport, total)]
    await Promise.all([(server as Bulk).all, (client as Bulk).all])
    expect([(server as Bulk).wrong, (client as Bulk).wrong]).toEqual([0, 0])
    expect(states.every((state) => state.paused > 0)).toBe(true)
    expect([server.bytes, client.bytes]).toEqual([total, total])
  })

  it('a peer that does not read holds its writer back, and N19 pausing holds data and close', async () => {
    const total = 8_000_000
    const { server, client } = await securePair(fresh(), { makeServer: () => new Bulk(total) })
    server.transport.pauseProducing()
    const state = pump(client.transport, total)
    while (state.paused === 0) await new Promise<void>((resolve) => setTimeout(resolve, 1))
    // Until no buffer between them takes any more.
    let waiting = 0
    while (waiting === 0 || waiting !== client.transport.writableLength) {
      waiting = client.transport.writableLength
      await turns(50)
    }
    expect(server.bytes).toBe(0)
    expect(waiting).toBeGreaterThan(0)
    client.transport.loseConnection()
    server.transport.resumeProducing()
    await (server as Bulk).all
    expect((server as Bulk).wrong).toBe(0)
    await Promise.all([client.lost, server.lost])
  })

  it('a peer that never reads can be aborted', async () => {
    const { server, client } = await securePair(fresh())
    server.transport.pauseProducing()
    client.transport.write(new Uint8Array(20_000_000))
    client.transport.loseConnection()
    await turns(50)
    expect(client.reasons).toEqual([])
    client.transport.abortConnection()
    expect((await client.lost).value.name).toBe('ConnectionAborted')
    server.transport.resumeProducing()
    expect((await server.lost).value).toBeInstanceOf(ConnectionLost)
  })

  it('many small writes of a turn are few records', async () => {
    const { server, client } = await securePair(fresh())
    for (let i = 0; i < 1_000; i++) client.transport.write('0123456789')
    while (server.bytes < 10_000) await new Promise<void>((resolve) => setTimeout(resolve, 1))
    expect(server.events.filter((event) => event === 'data').length).toBeLessThan(5)
  })

  it('one context serves many connections, at once', async () => {
    const reactor = fresh()
    const tls = serverTLS()
    const client = clientTLS()
    const served = await serve(reactor, tls)
    const all = await Promise.all(Array.from({ length: 50 }, async () => {
      const pairOf = await securePair(reactor, { server: tls, client })
      pairOf.client.transport.write('x')
      await pairOf.server.until('x')
      return pairOf
    }))
    for (const one of all) one.client.transport.loseConnection()
    await Promise.all(all.flatMap((one) => [one.client.lost, one.server.lost]))
    expect(served.factory.built).toEqual([])
    expect(identity('localhost').cert).toBe(tls.identity.cert)
  })
})
