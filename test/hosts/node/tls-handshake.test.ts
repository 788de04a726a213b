/** Handshakes that come to nothing, on either side, and that they leave nothing. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect as connectTLS } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { TLSError, TLSHandshakeError } from '../../../src/errors/index.js'
import type { TLSClientOptions, TLSServerOptions } from '../../../src/interfaces/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'
import { ClientFactory } from '../../../src/protocols/factory.js'
import { later, listen, portOf, rawPeer, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { CA, clientTLS, dial, openSockets, serve, serverTLS, untilSockets } from './tls-helpers.js'

checkNothingLeft()
const fresh = reactors(afterEach)

/** What the log says of handshakes, and a wait for so many lines. */
function watchLog() {
  const events: (LogEvent & { error?: TLSHandshakeError })[] = []
  let wake: () => void = () => undefined
  const observer = (event: LogEvent): void => {
    if (event.namespace !== 'whorl.tls') return
    events.push(event)
    wake()
  }
  logPublisher.addObserver(observer)
  return {
    events,
    async until(count: number): Promise<void> {
      while (events.length < count) await new Promise<void>((resolve) => { wake = resolve })
      logPublisher.removeObserver(observer)
    },
  }
}

/** A plain server of Node's own. */
async function plainServer(onSocket: (socket: Socket) => void): Promise<{ port: number, close(): Promise<void> }> {
  const sockets: Socket[] = []
  const server: Server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

describe('a handshake with what is no TLS', () => {
  it.each([
    ['text', 'GET / HTTP/1.0\r\n\r\n'], ['zeros', '\0'.repeat(200)], ['noise', '\x05\xff\x01\x02'.repeat(50)],
  ])('%s on a TLS port is refused, logged as information, and the port goes on', async (_name, rubbish) => {
    const log = watchLog()
    const reactor = fresh()
    const served = await serve(reactor)
    const peer = await rawPeer(served.number)
    peer.socket.write(rubbish, 'latin1')
    await peer.closed
    await log.until(1)
    expect(log.events[0]).toMatchObject({ level: 'info', message: 'A TLS handshake failed' })
    expect(log.events[0]!.error).toBeInstanceOf(TLSHandshakeError)
    expect(served.factory.built).toEqual([])
    const client = await dial(reactor, served.number).factory.first
    expect(client.handshakes).toBe(1)
  })

  it('text from a server is a named error for the client', async () => {
    const server = await plainServer((socket) => socket.write('220 mail.example.test ready\r\n'))
    const { factory } = dial(fresh(), server.port)
    const { value } = await factory.failed
    expect(value).toBeInstanceOf(TLSError)
    expect((value as TLSHandshakeError).reason).toBe('not-tls')
    await server.close()
  })

  it('TLS on a plain port is bytes like others', async () => {
    const reactor = fresh()
    const servers = new TestFactory()
    const port = await listen(reactor, servers)
    const socket = connectTLS({ port: portOf(port), host: '127.0.0.1', ca: CA })
    socket.on('error', () => undefined)
    const server = await servers.first
    while (server.bytes === 0) await new Promise<void>((resolve) => setTimeout(resolve, 1))
    server.transport.write('this is no TLS\r\n')
    await new Promise((resolve) => socket.once('close', resolve))
    await server.lost
  })
})

describe('two ends that do not agree', () => {
  it.each<[string, string, Partial<TLSServerOptions>, Partial<TLSClientOptions>]>([
    ['version', 'version', { minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' }],
    ['cipher', 'cipher', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
      { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }],
    ['ALPN protocol', 'protocol', { alpn: ['a/1'] }, { alpn: ['b/1'] }],
  ])('on a %s: both hear so', async (_what, reason, server, client) => {
    const log = watchLog()
    const reactor = fresh()
    const served = await serve(reactor, serverTLS(server))
    const { factory } = dial(reactor, served.number, clientTLS(client))
    const { value } = await factory.failed
    expect(value).toBeInstanceOf(TLSHandshakeError)
    expect((value as TLSHandshakeError).reason).toBe(reason)
    expect(value.message).toMatch(/in common/)
    await log.until(1)
    expect(served.factory.built).toEqual([])
  })

  it('ALPN that only one end knows is no reason to fail', async () => {
    const reactor = fresh()
    const served = await serve(reactor, serverTLS({ alpn: ['a/1'] }))
    expect((await dial(reactor, served.number).factory.first).transport.negotiatedProtocol).toBe(null)
    const plain = await serve(reactor)
    const client = await dial(reactor, plain.number, clientTLS({ alpn: ['a/1'] })).factory.first
    expect(client.transport.negotiatedProtocol).toBe(null)
  })
})

describe('a peer that goes away or says nothing', () => {
  it.each(['end', 'destroy', 'resetAndDestroy'] as const)('%s by the client during the handshake', async (how) => {
    const log = watchLog()
    const served = await serve(fresh())
    const before = openSockets()
    const peer = await rawPeer(served.number)
    // The head of a ClientHello, and no more.
    peer.socket.write(Buffer.from('160301020001000', 'hex'))
    await untilSockets(before + 2)
    peer.socket[how]()
    await log.until(1)
    expect(log.events[0]!.error!.reason).toBe('closed')
    expect(served.factory.built).toEqual([])
  })

  it.each(['end', 'resetAndDestroy'] as const)('%s by the server during the handshake', async (how) => {
    const server = await plainServer((socket) => socket.once('data', () => socket[how]()))
    const { factory } = dial(fresh(), server.port)
    expect(((await factory.failed).value as TLSHandshakeError).reason).toBe('closed')
    await server.close()
  })

  it('silence from a client ends after handshakeTimeout', async () => {
    const log = watchLog()
    const served = await serve(fresh(), serverTLS({ handshakeTimeout: 50 }))
    const peer = await rawPeer(served.number)
    await peer.closed
    await log.until(1)
    expect(log.events[0]!.error!.reason).toBe('timeout')
  })

  it('silence from a server ends after handshakeTimeout, or after the timeout of connecting', async () => {
    const server = await plainServer(() => undefined)
    const reactor = fresh()
    const first = dial(reactor, server.port, clientTLS({ handshakeTimeout: 50 }))
    expect(((await first.factory.failed).value as TLSHandshakeError).reason).toBe('timeout')
    const second = new TestFactory()
    reactor.connectSSL('127.0.0.1', server.port, second, clientTLS(), { timeout: 50 })
    expect((await second.failed).value.name).toBe('TimeoutError')
    expect(second.events).toEqual(['start', 'connecting', 'failed TimeoutError', 'stop'])
    await server.close()
  })

  it('the program may give up during the handshake', async () => {
    const asked = later()
    const server = await plainServer((socket) => socket.once('data', () => asked.resolve()))
    const reactor = fresh()
    const factory = new TestFactory()
    const connector = reactor.connectSSL('127.0.0.1', server.port, factory, clientTLS())
    await asked.promise
    connector.stopConnecting()
    expect((await factory.failed).value.name).toBe('UserError')
    await server.close()
  })
})

describe('a port with handshakes under way', () => {
  it('closes them when it stops, and its factory hears of none', async () => {
    const served = await serve(fresh())
    const before = openSockets()
    const peers = await Promise.all(Array.from({ length: 5 }, () => rawPeer(served.number)))
    await untilSockets(before + 10)
    await served.port.stopListening()
    await Promise.all(peers.map((peer) => peer.closed))
    expect(served.factory.events).toEqual(['start', 'stop'])
    expect(served.factory.built).toEqual([])
  })

  it('with too many of them gives up the oldest', async () => {
    const log = watchLog()
    const reactor = fresh()
    const served = await serve(reactor, serverTLS({ maxHandshakes: 2 }))
    const peers = []
    const before = openSockets()
    for (let i = 0; i < 2; i++) {
      peers.push(await rawPeer(served.number))
      await untilSockets(before + 2 * (i + 1))
    }
    peers.push(await rawPeer(served.number))
    await peers[0]!.closed
    await log.until(1)
    expect(log.events[0]!.message).toMatch(/given up: too many/)
    // Those who do speak still get in.
    expect((await dial(reactor, served.number).factory.first).handshakes).toBe(1)
  })

  it('a factory that refuses gets a close, in order', async () => {
    const reactor = fresh()
    const factory = new ClientFactory()
    factory.buildProtocol = () => null
    const port = reactor.listenSSL(0, factory, serverTLS(), { interface: '127.0.0.1' })
    await port.ready
    const client = await dial(reactor, portOf(port)).factory.first
    await client.lost
    expect(client.reasons.length).toBe(1)
  })

  it('one that was stopped and started again works', async () => {
    const reactor = fresh()
    const served = await serve(reactor)
    await served.port.stopListening()
    served.port.startListening()
    await served.port.ready
    const { factory } = dial(reactor, portOf(served.port))
    expect((await factory.first).handshakes).toBe(1)
  })

  it('a used port is CannotListenError, as without TLS', async () => {
    const reactor = fresh()
    const served = await serve(reactor)
    const second = reactor.listenSSL(served.number, new TestFactory(), serverTLS(), { interface: '127.0.0.1' })
    await expect(second.ready.asPromise()).rejects.toMatchObject({ name: 'CannotListenError' })
  })

  it('refused stays refused', async () => {
    const server = await plainServer(() => undefined)
    await server.close()
    const factory = new TestFactory<Recorder>()
    fresh().connectSSL('127.0.0.1', server.port, factory, clientTLS())
    expect((await factory.failed).value.name).toBe('ConnectionRefusedError')
  })
})
