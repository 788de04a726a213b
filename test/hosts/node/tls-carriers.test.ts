/** TLS over pipes of a process and streams, through a restricted reactor, and with a peer that is silent at the end. */
import { once } from 'node:events'
import { connect as connectSocket, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import process from 'node:process'
import { PassThrough, Duplex } from 'node:stream'
import { connect as connectTLS } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { fromDuplex } from '../../../bindings/node/bridges.js'
import { fromWebSocket } from '../../../src/transports/index.js'
import { ProcessEndpoint, wrapClientTLS } from '../../../src/endpoints/index.js'
import { CapabilityError } from '../../../src/errors/index.js'
import type { IProtocol } from '../../../src/interfaces/index.js'
import { TLSWrap } from '../../../src/transports/index.js'
import { LOOPBACK, portOf, reactors, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { CA, clientTLS, openSockets, SecureRecorder, serve, serverTLS, untilSockets } from './tls-helpers.js'

checkNothingLeft()
const fresh = reactors(afterEach)

const vectors = fileURLToPath(new URL('../../vectors/tls/', import.meta.url))

/** A child that speaks TLS on its standard input and output, and answers in capitals until it is told to end. */
const CHILD = `
  const { Duplex } = require('node:stream'), { TLSSocket } = require('node:tls'), { readFileSync } = require('node:fs')
  const stream = Duplex.from({ readable: process.stdin, writable: process.stdout })
  const read = (name) => readFileSync(process.argv[1] + name)
  const socket = new TLSSocket(stream, { isServer: true, cert: read('localhost.pem'), key: read('localhost.key') })
  socket.on('error', () => process.exit(7))
  socket.on('data', (data) => socket.write(data.toString().toUpperCase()))
  socket.on('end', () => socket.end())`

describe('TLS over the pipes of a process', () => {
  it('a TLSWrap on connectProcess: data both ways, and a clean end', async () => {
    const reactor = fresh()
    const above = new SecureRecorder()
    const factory = new TestFactory<IProtocol>(() =>
      new TLSWrap(reactor, clientTLS({ serverName: 'localhost' }), { secured: () => above }))
    reactor.connectProcess(process.execPath, ['-e', CHILD, vectors], factory)
    await above.made
    above.transport.write('over pipes')
    await above.until('OVER PIPES')
    expect(above.events).toEqual(['made', 'handshake', 'data'])
    expect(above.transport.tlsSession).toMatchObject({ version: 'TLSv1.3', serverName: 'localhost' })
    above.transport.loseConnection()
    expect((await above.lost).value.name).toBe('ConnectionDone')
    expect(above.reasons).toHaveLength(1)
  })

  it('wrapClientTLS on a ProcessEndpoint: verified', async () => {
    const reactor = fresh()
    const endpoint = (): ProcessEndpoint => new ProcessEndpoint(reactor, process.execPath, ['-e', CHILD, vectors])
    const [protocol, error] = await Promise.all([
      wrapClientTLS(clientTLS({ serverName: 'localhost' }), endpoint())
        .connect(new TestFactory(() => new SecureRecorder())).asPromise() as Promise<SecureRecorder>,
      wrapClientTLS(clientTLS({ serverName: 'other.example.test' }), endpoint())
        .connect(new TestFactory(() => new SecureRecorder())).asPromise().catch((raised: unknown) => raised),
    ])
    protocol.transport.write('x')
    await protocol.until('X')
    expect(error).toMatchObject({ name: 'CertificateError', reason: 'name-mismatch' })
    protocol.transport.loseConnection()
    expect((await protocol.lost).value.name).toBe('ConnectionDone')
  })
})

describe('TLS over one of Node\'s streams', () => {
  it('startTLS on both ends of two Duplexes', async () => {
    const reactor = fresh()
    const [there, back] = [new PassThrough(), new PassThrough()]
    const [left, right] = [
      Duplex.from({ readable: there, writable: back }), Duplex.from({ readable: back, writable: there }),
    ]
    const [server, client] = [new SecureRecorder(), new SecureRecorder()]
    fromDuplex(left, { reactor, protocol: server })
    fromDuplex(right, { reactor, protocol: client })
    await Promise.all([server.made, client.made])
    server.transport.startTLS(serverTLS())
    client.transport.startTLS(clientTLS({ serverName: 'localhost' }))
    server.transport.write('from the server')
    client.transport.write('from the client')
    await Promise.all([server.until('from the client'), client.until('from the server')])
    expect([server.handshakes, client.handshakes]).toEqual([1, 1])
    client.transport.loseConnection()
    const reasons = await Promise.all([client.lost, server.lost])
    expect(reasons.map(({ value }) => value.name)).toEqual(['ConnectionDone', 'ConnectionDone'])
  })
})

/** One end of a pair of WebSockets: what one sends is a message of the other, in a later turn. */
class PairedWebSocket extends EventTarget {
  binaryType = 'blob'
  readyState = 1
  bufferedAmount = 0
  url = 'wss://example.test/tls'
  other!: PairedWebSocket

  send(data: Uint8Array): void {
    const copy = Uint8Array.from(data)
    setImmediate(() => this.other.#tell('message', { data: copy.buffer }))
  }

  close(code = 1000): void {
    if (this.readyState === 3) return
    this.readyState = 3
    setImmediate(() => {
      this.#tell('close', { code, reason: '', wasClean: true })
      if (this.other.readyState === 3) return
      this.other.readyState = 3
      this.other.#tell('close', { code, reason: '', wasClean: true })
    })
  }

  #tell(type: string, details: object): void {
    this.dispatchEvent(Object.assign(new Event(type), details))
  }
}

describe('TLS inside a WebSocket', () => {
  it('startTLS on both sides: verified, data both ways, ended once', async () => {
    const reactor = fresh()
    const [near, far] = [new PairedWebSocket(), new PairedWebSocket()]
    near.other = far
    far.other = near
    const [server, client] = [new SecureRecorder(), new SecureRecorder()]
    fromWebSocket(far as never, { reactor, protocol: server })
    fromWebSocket(near as never, { reactor, protocol: client })
    await Promise.all([server.made, client.made])
    server.transport.startTLS(serverTLS())
    client.transport.startTLS(clientTLS({ serverName: 'localhost' }))
    server.transport.write('from the server')
    client.transport.write('from the client')
    await Promise.all([server.until('from the client'), client.until('from the server')])
    expect(client.transport.tlsSession).toMatchObject({ serverName: 'localhost' })
    client.transport.loseConnection()
    await Promise.all([client.lost, server.lost])
    expect([client.reasons.length, server.reasons.length]).toEqual([1, 1])
  })
})

describe('TLS through a restricted reactor', () => {
  it('listenSSL and connectSSL work where granted, and are the restricted reactor\'s own', async () => {
    const reactor = fresh()
    const listening = reactor.restrict({ listen: ['tcp:127.0.0.1:*'] })
    const servers = new TestFactory(() => new SecureRecorder())
    const port = listening.listenSSL(0, servers, serverTLS(), LOOPBACK)
    await port.ready
    const connecting = reactor.restrict({ connect: [`tcp:127.0.0.1:${portOf(port)}`] })
    const clients = new TestFactory(() => new SecureRecorder())
    connecting.connectSSL('127.0.0.1', portOf(port), clients, clientTLS())
    const [client, server] = await Promise.all([clients.first, servers.first])
    client.transport.write('granted')
    await server.until('granted')
    expect([listening, connecting].map((one) => one.openTransports().length)).toEqual([1, 1])
    expect(client.events).toEqual(['made', 'handshake'])
    expect(() => listening.connectSSL('127.0.0.1', portOf(port), new TestFactory(), clientTLS()))
      .toThrow(CapabilityError)
    expect(() => connecting.listenSSL(0, new TestFactory(), serverTLS(), LOOPBACK)).toThrow(CapabilityError)
    client.transport.loseConnection()
    await Promise.all([client.lost, server.lost])
    await port.stopListening()
  })
})

describe('a peer that is silent when TLS ends', () => {
  it('is waited for only so long: then our descriptor is closed all the same', async () => {
    // Passes on what it hears, but no end; and from some moment on nothing any more, while all of it stays open.
    const between: Socket[] = []
    let isSilent = false
    const served = await serve(fresh())
    const relay = createServer({ allowHalfOpen: true }, (near) => {
      const far = connectSocket({ port: served.number, host: '127.0.0.1', allowHalfOpen: true })
      for (const [from, to] of [[near, far], [far, near]] as const) {
        between.push(from)
        from.on('error', () => undefined)
        from.on('data', (data) => isSilent || to.write(data))
      }
    })
    relay.listen(0, '127.0.0.1')
    await once(relay, 'listening')
    const { port } = relay.address() as AddressInfo
    const [first, second] = await Promise.all([0, 1].map(async () => {
      const socket = connectTLS({ port, host: '127.0.0.1', ca: CA })
      socket.on('error', () => undefined)
      await once(socket, 'secureConnect')
      return socket
    }))
    while (served.factory.built.length < 2) await new Promise((resolve) => setImmediate(resolve))
    const before = openSockets()
    isSilent = true
    for (const server of served.factory.built) server.transport.loseConnection()
    const reasons = await Promise.all(served.factory.built.map((server) => server.lost))
    expect(reasons.map(({ value }) => value.name)).toEqual(['ConnectionDone', 'ConnectionDone'])
    // Nobody but our server has any reason to close, and its peers say nothing.
    await untilSockets(before - 2)
    expect([...between, first!, second!].map((socket) => socket.destroyed)).toEqual(Array(6).fill(false))
    relay.close()
    for (const socket of [...between, first!, second!]) socket.destroy()
    await once(relay, 'close')
  })
})
