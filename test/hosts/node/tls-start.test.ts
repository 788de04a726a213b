/** startTLS on both sides, over every kind of connection; N21; and TLS inside of TLS and of other transports. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTLS } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { createReactor } from '../../../bindings/node/index.js'
import type { Reactor } from '../../../bindings/node/index.js'
import { CertificateError, PlaintextAfterStartTLS, TLSHandshakeError } from '../../../src/errors/index.js'
import type { IProtocol, TLSClientOptions } from '../../../src/interfaces/index.js'
import {
  Int16StringReceiver, LineOnlyReceiver, LineReceiver, NetstringReceiver, StatefulProtocol,
} from '../../../src/protocols/index.js'
import type { Protocol, State } from '../../../src/protocols/index.js'
import { ProtocolWrapper, WrappingFactory } from '../../../src/protocols/policies/index.js'
import { TLSWrap } from '../../../src/transports/index.js'
import type { TLSOptions } from '../../../src/transports/tls-upgrade.js'
import { later, listen, LOOPBACK, portOf, rawPeer, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { CA, clientTLS, identity, SecureRecorder, securePair, serverTLS } from './tls-helpers.js'

checkNothingLeft()
const fresh = reactors(afterEach)

/** Speaks in plain text until one word is said. */
class Upgrading extends SecureRecorder {
  readonly #isServer: boolean
  readonly #tls: TLSClientOptions
  constructor(isServer: boolean, tls: TLSClientOptions = clientTLS()) {
    super()
    this.#isServer = isServer
    this.#tls = tls
  }

  override connectionMade(): void {
    super.connectionMade()
    if (!this.#isServer) this.transport.write('STARTTLS')
  }

  override dataReceived(data: Uint8Array): void {
    super.dataReceived(data)
    if (this.transport.tlsBegun) return
    if (this.#isServer) this.transport.write('GO')
    this.transport.startTLS(this.#isServer ? serverTLS() : this.#tls)
    // Written at once, and kept until the handshake is done.
    this.transport.write(this.#isServer ? 'from the server' : 'from the client')
  }
}

async function exchange(server: Upgrading, client: Upgrading): Promise<void> {
  await Promise.all([server.until('from the client'), client.until('from the server')])
  expect(server.received).toBe('STARTTLSfrom the client')
  expect(client.received).toBe('GOfrom the server')
  expect([server.events, client.events]).toEqual([
    ['made', 'data', 'handshake', 'data'], ['made', 'data', 'handshake', 'data'],
  ])
  expect(client.transport.tlsSession?.version).toBe('TLSv1.3')
  client.transport.loseConnection()
  const reasons = await Promise.all([client.lost, server.lost])
  expect(reasons.map(({ value }) => value.name)).toEqual(['ConnectionDone', 'ConnectionDone'])
}

async function upgradingPair(reactor: Reactor, tls?: TLSClientOptions, host = '127.0.0.1') {
  const servers = new TestFactory(() => new Upgrading(true))
  const clients = new TestFactory(() => new Upgrading(false, tls))
  const port = await listen(reactor, servers)
  reactor.connectTCP(host, portOf(port), clients)
  return { server: await servers.first, client: await clients.first }
}

describe('startTLS', () => {
  it('over TCP, both sides ours', async () => {
    const { server, client } = await upgradingPair(fresh())
    await exchange(server, client)
  })

  it('over UNIX, with a name to verify', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whorl-tls-'))
    const path = join(folder, 's')
    const reactor = fresh()
    const servers = new TestFactory(() => new Upgrading(true))
    const clients = new TestFactory(() => new Upgrading(false, clientTLS({ serverName: 'localhost' })))
    const port = reactor.listenUNIX(path, servers)
    await port.ready
    reactor.connectUNIX(path, clients)
    await exchange(await servers.first, await clients.first)
    await port.stopListening()
    rmSync(folder, { recursive: true })
  })

  it('verifies the name that was connected to', async () => {
    const { server, client } = await upgradingPair(fresh(), undefined, 'localhost')
    await exchange(server, client)
    expect(client.transport.tlsSession?.serverName).toBe('localhost')
  })

  it('a certificate that is not believed is the reason of the end', async () => {
    const { server, client } = await upgradingPair(fresh(), clientTLS({ serverName: 'other.example.test' }))
    const { value } = await client.lost
    expect(value).toBeInstanceOf(CertificateError)
    expect((value as CertificateError).reason).toBe('name-mismatch')
    expect(client.handshakes).toBe(0)
    await server.lost
    expect([client.reasons.length, server.reasons.length]).toEqual([1, 1])
  })

  it('text in place of a handshake is the reason of the end', async () => {
    const servers = new TestFactory(() => new Upgrading(true))
    const port = await listen(fresh(), servers)
    const peer = await rawPeer(portOf(port))
    peer.socket.write('STARTTLS')
    const server = await servers.first
    await server.until('STARTTLS')
    peer.socket.write('MAIL FROM:<nobody@example.test>\r\n')
    const { value } = await server.lost
    expect(value).toBeInstanceOf(TLSHandshakeError)
    expect(server.received).toBe('STARTTLS')
    await peer.closed
  })

  it('silence in place of a handshake ends after handshakeTimeout', async () => {
    class Impatient extends SecureRecorder {
      override dataReceived(): void {
        this.transport.startTLS(serverTLS({ handshakeTimeout: 40 }))
      }
    }
    const servers = new TestFactory(() => new Impatient())
    const port = await listen(fresh(), servers)
    const peer = await rawPeer(portOf(port))
    peer.socket.write('x')
    const { value } = await (await servers.first).lost
    expect((value as TLSHandshakeError).reason).toBe('timeout')
    await peer.closed
  })

  it('a client of Node\'s own', async () => {
    const servers = new TestFactory(() => new Upgrading(true))
    const port = await listen(fresh(), servers)
    const plain = connect({ port: portOf(port), host: '127.0.0.1' })
    plain.write('STARTTLS')
    await new Promise((resolve) => plain.once('data', resolve))
    const secure = connectTLS({ socket: plain, host: '127.0.0.1', ca: CA })
    const received = new Promise((resolve) => secure.once('data', (data: Buffer) => resolve(data.toString())))
    expect(await received).toBe('from the server')
    secure.end('from the client')
    const server = await servers.first
    expect((await server.lost).value.name).toBe('ConnectionDone')
    expect(server.received).toBe('STARTTLSfrom the client')
  })

  it('TLS inside of TLS', async () => {
    class Twice extends SecureRecorder {
      readonly isServer: boolean
      constructor(isServer: boolean) {
        super()
        this.isServer = isServer
      }

      override handshakeCompleted(): void {
        super.handshakeCompleted()
        if (this.handshakes > 1) return
        const client = clientTLS({ serverName: 'a.example.test' })
        this.transport.startTLS(this.isServer ? { identity: identity('a') } : client)
        this.transport.write(this.isServer ? 'inside s' : 'inside c')
      }
    }
    const { server, client } = await securePair(fresh(), {
      makeServer: () => new Twice(true), makeClient: () => new Twice(false),
    })
    await Promise.all([server.until('inside c'), client.until('inside s')])
    expect([server.handshakes, client.handshakes]).toEqual([2, 2])
    expect(client.transport.getPeerCertificate()?.subject).toBe('O=whorl tests, CN=a')
    client.transport.abortConnection()
    await Promise.all([server.lost, client.lost])
  })
})

/** Framing protocols that begin TLS at one frame, and write down what they are given. */
function framing(kind: string, frames: string[]): Protocol & { delayed?: boolean } {
  const onFrame = (protocol: Protocol, text: string): void => {
    frames.push(text)
    if (text === 'TLS!') protocol.transport.startTLS(serverTLS())
  }
  const text = (data: Uint8Array | string): string => typeof data === 'string' ? data : new TextDecoder().decode(data)
  class Lines extends LineReceiver {
    override lineReceived(line: string): void { onFrame(this, line) }
  }
  class OnlyLines extends LineOnlyReceiver {
    override lineReceived(line: string): void { onFrame(this, line) }
  }
  class Raw extends LineReceiver {
    override lineReceived(line: string): void {
      onFrame(this, line)
      this.setRawMode()
    }
    override rawDataReceived(data: Uint8Array): void { frames.push(`raw ${text(data)}`) }
  }
  class Netstrings extends NetstringReceiver {
    override stringReceived(data: Uint8Array): void { onFrame(this, text(data)) }
  }
  class Int16 extends Int16StringReceiver {
    override stringReceived(data: Uint8Array): void { onFrame(this, text(data)) }
  }
  class Fours extends StatefulProtocol {
    getInitialState(): State { return [(data) => onFrame(this, text(data)), 4] }
  }
  class Paused extends LineReceiver {
    override lineReceived(line: string): void {
      this.pauseProducing()
      onFrame(this, line)
      setTimeout(() => this.resumeProducing(), 5)
    }
  }
  const kinds: Record<string, new () => Protocol> = {
    lines: Lines, 'only lines': OnlyLines, raw: Raw, netstrings: Netstrings, int16: Int16, states: Fours,
    paused: Paused,
  }
  return new kinds[kind]!()
}

const SAID: Record<string, [first: string, second: string]> = {
  lines: ['TLS!\r\n', 'EVIL\r\n'], 'only lines': ['TLS!\r\n', 'EVIL\r\n'], raw: ['TLS!\r\n', 'EVIL'],
  netstrings: ['4:TLS!,', '4:EVIL,'], int16: ['\0\x04TLS!', '\0\x04EVIL'], states: ['TLS!', 'EVIL'],
  paused: ['TLS!\r\n', 'EVIL\r\n'],
}

describe('N21 plain text behind the command that begins TLS', () => {
  it.each(Object.keys(SAID))('%s: is never handed out, and the connection is aborted', async (kind) => {
    for (const length of [SAID[kind]![1].length, 1]) {
      const frames: string[] = []
      const lost = later<Error>()
      const servers = new TestFactory<IProtocol>(() => {
        const protocol = framing(kind, frames)
        const { connectionLost } = protocol
        return Object.assign(protocol, {
          connectionLost(reason: { value: Error }): void {
            connectionLost.call(protocol, reason as never)
            lost.resolve(reason.value)
          },
        })
      })
      const port = await listen(fresh(), servers)
      const peer = await rawPeer(portOf(port))
      const [first, second] = SAID[kind]!
      peer.socket.write(first + second.slice(0, length), 'latin1')
      expect(await lost.promise).toBeInstanceOf(PlaintextAfterStartTLS)
      expect(frames).toEqual(['TLS!'])
      await peer.closed
      await port.stopListening()
    }
  })

  it.each(Object.keys(SAID))('%s: nothing behind it, and the frames of TLS come through', async (kind) => {
    const frames: string[] = []
    const servers = new TestFactory<IProtocol>(() => framing(kind, frames))
    const port = await listen(fresh(), servers)
    const plain = connect({ port: portOf(port), host: '127.0.0.1' })
    const [first, second] = SAID[kind]!
    plain.write(first, 'latin1')
    while (frames.length === 0) await new Promise<void>((resolve) => setTimeout(resolve, 1))
    const secure = connectTLS({ socket: plain, host: '127.0.0.1', ca: CA }, () => secure.write(second, 'latin1'))
    secure.on('error', () => undefined)
    while (frames.length === 1) await new Promise<void>((resolve) => setTimeout(resolve, 1))
    expect(frames.map((frame) => frame.replace('raw ', ''))).toEqual(['TLS!', 'EVIL'])
    secure.destroy()
    await new Promise((resolve) => secure.once('close', resolve))
  })

  it('through a wrapper, which can only abort', async () => {
    const frames: string[] = []
    const lost = later<Error>()
    const inner = new TestFactory<IProtocol>(() => Object.assign(framing('lines', frames), {
      connectionLost: (reason: { value: Error }) => lost.resolve(reason.value),
    }))
    class Wrapper extends ProtocolWrapper {}
    const factory = new WrappingFactory(inner)
    factory.protocol = Wrapper
    const port = fresh().listenTCP(0, factory, LOOPBACK)
    await port.ready
    const peer = await rawPeer(portOf(port))
    peer.socket.write('TLS!\r\nEVIL\r\n')
    expect((await lost.promise).name).toBe('ConnectionAborted')
    expect(frames).toEqual(['TLS!'])
    await peer.closed
  })
})

describe('TLSWrap: TLS on a transport that has none', () => {
  /** A transport that can do no more than it must. */
  const bare = (protocol: Recorder): Recorder => {
    const { makeConnection } = protocol
    return Object.assign(protocol, {
      makeConnection(transport: Recorder['transport']): void {
        makeConnection.call(protocol, {
          write: (data: Uint8Array) => transport.write(data),
          writeSequence: (list: Uint8Array[]) => transport.writeSequence(list),
          loseConnection: () => transport.loseConnection(),
          getPeer: () => transport.getPeer(),
          getHost: () => transport.getHost(),
          get disconnecting() { return transport.disconnecting },
        } as never)
      },
    })
  }

  it.each(['whole', 'bare'])('%s transports below: data both ways, and a clean end', async (kind) => {
    const reactor = createReactor({ installSignalHandlers: false })
    const server = new SecureRecorder()
    const client = new SecureRecorder()
    const cover = (wrap: IProtocol): IProtocol => kind === 'bare' ? bare(wrap as never) : wrap
    const wrap = (tls: TLSOptions, above: SecureRecorder) =>
      new TestFactory<IProtocol>(() => cover(new TLSWrap(reactor, tls, { secured: () => above })))
    const servers = wrap(serverTLS(), server)
    const clients = wrap(clientTLS(), client)
    const port = await listen(reactor, servers)
    reactor.connectTCP('127.0.0.1', portOf(port), clients)
    await Promise.all([server.made, client.made])
    client.transport.write(new Uint8Array(1_000_000))
    client.transport.write('end of it')
    server.transport.write('hello')
    await client.until('hello')
    while (server.bytes < 1_000_009) await new Promise<void>((resolve) => setTimeout(resolve, 1))
    expect(client.transport.tlsSession?.version).toBe('TLSv1.3')
    expect([client.events[0], client.events[1]]).toEqual(['made', 'handshake'])
    client.transport.loseConnection()
    const reasons = await Promise.all([client.lost, server.lost])
    expect(reasons.map(({ value }) => value.name)).toEqual(['ConnectionDone', 'ConnectionDone'])
    await port.stopListening()
  })

  it('a certificate that is not believed is told to its user', async () => {
    const reactor = fresh()
    const failed = later<unknown>()
    const servers = new TestFactory<IProtocol>(() => new TLSWrap(
      reactor, { identity: identity('expired') }, { secured: () => new SecureRecorder(), failed: () => undefined }))
    const clients = new TestFactory<IProtocol>(() => new TLSWrap(reactor, clientTLS(), {
      secured: () => new SecureRecorder(), failed: failed.resolve,
    }))
    const port = await listen(reactor, servers)
    reactor.connectTCP('127.0.0.1', portOf(port), clients)
    expect(((await failed.promise) as CertificateError).reason).toBe('expired')
  })

  it('a transport below that is cut is TLSTruncated above', async () => {
    const reactor = fresh()
    const server = new SecureRecorder()
    const servers = new TestFactory<IProtocol>(() => new TLSWrap(reactor, serverTLS(), { secured: () => server }))
    const port = await listen(reactor, servers)
    const plain = connect({ port: portOf(port), host: '127.0.0.1' })
    const secure = connectTLS({ socket: plain, host: '127.0.0.1', ca: CA })
    secure.on('error', () => undefined)
    await server.made
    plain.end()
    expect((await server.lost).value.name).toBe('TLSTruncated')
    secure.destroy()
    await new Promise((resolve) => plain.once('close', resolve))
  })
})
