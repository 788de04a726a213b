/** Endpoints over real sockets and programs, and proxies that misbehave. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { createReactor } from '../../../bindings/node/index.js'
import {
  clientFromString, connectProtocol, quoteStringArgument, serverFromString, SOCKS5ClientEndpoint, TCP4ClientEndpoint,
  wrapClientTLS,
} from '../../../src/endpoints/index.js'
import {
  ConnectError, ConnectingCancelledError, ConnectionDone, FileReadError, ProxyClosedError, ProxyReplyError, TimeoutError,
  TLSError, TLSHandshakeError, TLSOptionsError,
} from '../../../src/errors/index.js'
import type { IProtocol, IStreamClientEndpoint } from '../../../src/interfaces/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import { proxyHeaderOf } from '../../../src/protocols/haproxy.js'
import { writeVersion2 } from '../../../src/protocols/haproxy-v2.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { StreamTransport, TLSServerContext } from '../../../src/transports/index.js'
import { LimitTotalConnectionsFactory, WrappingFactory } from '../../../src/protocols/policies/index.js'
import { TLSServerEndpoint } from '../../../src/endpoints/index.js'
import { later, portOf, Recorder } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function reactor() {
  const made = createReactor({ installSignalHandlers: false })
  const ran = made.run()
  cleanups.push(async () => {
    made.stop()
    await ran
  })
  return made
}

/** A server of Node's, whose sockets end with the test. */
async function rawServer(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

async function errorOf(endpoint: IStreamClientEndpoint): Promise<Error> {
  try {
    await connectProtocol(endpoint, new Protocol())
  } catch (error) {
    return error as Error
  }
  throw new Error('it connected')
}

const vector = (name: string): string => fileURLToPath(new URL(`../../vectors/tls/${name}`, import.meta.url))
const quoted = (name: string): string => quoteStringArgument(vector(name))
const TLS = `privateKey=${quoted('localhost.key')}:certificate=${quoted('localhost.pem')}`
const TRUST = `trustRoots=${quoted('ca.pem')}`

class Echo extends Recorder {
  override dataReceived(data: Uint8Array): void {
    super.dataReceived(data)
    this.transport.write(data)
  }
}

/** A factory of echoes, and the first of them. */
function echoes(): { factory: Factory, first: Promise<Echo>, built: Echo[] } {
  const { promise, resolve } = later<Echo>()
  const built: Echo[] = []
  const factory = new Factory()
  factory.buildProtocol = (): IProtocol => {
    const echo = new Echo()
    built.push(echo)
    resolve(echo)
    return echo
  }
  return { factory, first: promise, built }
}

async function roundTrip(endpoint: IStreamClientEndpoint): Promise<Recorder> {
  const client = await connectProtocol(endpoint, new Recorder())
  client.transport.write('ping')
  await client.until('ping')
  return client
}

describe.each(['socks5', 'connect'])('a %s proxy', (prefix) => {
  const through = (port: number, rest = ''): string => `${prefix}:example.test:80:proxy=tcp\\:127.0.0.1\\:${port}${rest}`

  it.each([
    ['closes at once', (socket: Socket) => socket.end()],
    ['resets', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['closes in the middle of its answer', (socket: Socket) => socket.once('data', (data) =>
      socket.end(data[0] === 5 ? '\x05' : 'HTTP/1.1 2'))],
  ])('that %s is a ProxyClosedError', async (_what, serve) => {
    expect(await errorOf(clientFromString(reactor(), through(await rawServer(serve))))).toBeInstanceOf(ProxyClosedError)
  })

  it.each([
    ['garbage', Buffer.from('SSH-2.0-x\r\n')], ['zeros', Buffer.alloc(1000)], ['noise', Buffer.alloc(70_000, 0xa5)],
  ])('that answers with %s is a ProxyReplyError', async (_what, answer) => {
    const port = await rawServer((socket) => socket.write(answer))
    expect(await errorOf(clientFromString(reactor(), through(port)))).toBeInstanceOf(ProxyReplyError)
  })

  it('that stalls is a TimeoutError, and is closed', async () => {
    const closed = later()
    const port = await rawServer((socket) => socket.on('close', () => closed.resolve()))
    expect(await errorOf(clientFromString(reactor(), through(port, ':timeout=50ms')))).toBeInstanceOf(TimeoutError)
    await closed.promise
  })

  it('can be given up in the middle', async () => {
    const closed = later()
    const asked = later()
    const port = await rawServer((socket) => {
      socket.on('close', () => closed.resolve())
      socket.once('data', () => asked.resolve())
    })
    const attempt = connectProtocol(clientFromString(reactor(), through(port)), new Protocol())
    await asked.promise
    attempt.cancel()
    await expect(attempt.asPromise()).rejects.toBeInstanceOf(ConnectingCancelledError)
    await closed.promise
  })

  it('that answers and speaks in one piece: what follows is the tunnel\'s, then its end', async () => {
    const answer = prefix === 'socks5' ? ['\x05\x00', '\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00'] : ['HTTP/1.1 200 OK\r\n\r\n']
    const port = await rawServer((socket) => socket.on('data', () => {
      const next = answer.shift()!
      if (answer.length === 0) socket.end(`${next}welcome`)
      else socket.write(next)
    }))
    const protocol = await connectProtocol(clientFromString(reactor(), through(port)), new Recorder())
    expect((await protocol.lost).value).toBeInstanceOf(ConnectionDone)
    expect(protocol.received).toBe('welcome')
    expect(protocol.transport.getPeer()).toEqual({ family: 'hostname', type: 'TCP', host: 'example.test', port: 80 })
  })
})

describe('TLS', () => {
  it('E15 strings on both sides, over TCP, UNIX and policies', async () => {
    const on = reactor()
    const { factory, built } = echoes()
    const limited = new LimitTotalConnectionsFactory()
    limited.buildProtocol = (address) => factory.buildProtocol(address)
    const port = await serverFromString(on, `tls:0:interface=127.0.0.1:${TLS}:alpn=whorl/1`).listen(new WrappingFactory(limited))
    const number = portOf(port)
    for (const [name, elsewhere] of [['localhost', ''], ['localhost', `:endpoint=tcp\\:127.0.0.1\\:${number}`]] as const) {
      const client = await roundTrip(clientFromString(on, `tls:${name}:${number}${elsewhere}:${TRUST}:alpn=whorl/1`))
      expect(client.transport.negotiatedProtocol).toBe('whorl/1')
      client.transport.loseConnection()
      await client.lost
    }
    expect(built).toHaveLength(2)
  })

  it('E15 the name in the string is verified, whatever is connected to', async () => {
    const on = reactor()
    const port = portOf(await serverFromString(on, `tls:0:interface=127.0.0.1:${TLS}`).listen(echoes().factory))
    const endpoint = `endpoint=tcp\\:127.0.0.1\\:${port}`
    expect(await errorOf(clientFromString(on, `tls:other.example:443:${endpoint}:${TRUST}`))).toBeInstanceOf(TLSError)
    expect(await errorOf(clientFromString(on, `tls:localhost:443:${endpoint}`))).toBeInstanceOf(TLSError)
    const client = await roundTrip(clientFromString(on, `tls:other.example:443:${endpoint}:insecureSkipVerify=yes`))
    client.transport.loseConnection()
    await client.lost
  })

  it('E15 a client shows the certificate of its string', async () => {
    const on = reactor()
    const { factory, first } = echoes()
    const port = portOf(await serverFromString(on,
      `tls:0:interface=127.0.0.1:${TLS}:${TRUST}:clientCertificate=require`).listen(factory))
    const own = `privateKey=${quoted('client.key')}:certificate=${quoted('client.pem')}`
    const client = await roundTrip(clientFromString(on, `tls:127.0.0.1:${port}:${TRUST}:${own}`))
    expect((await first).transport.getPeerCertificate()?.subject).toContain('client')
    client.transport.loseConnection()
    await client.lost
  })

  it('files that are not there, or are no keys, fail where they are needed', async () => {
    const on = reactor()
    const none = `privateKey=${quoteStringArgument(join(tmpdir(), 'whorl-none', 'key.pem'))}`
    await expect(serverFromString(on, `tls:0:${none}`).listen(new Factory()).asPromise()).rejects.toBeInstanceOf(FileReadError)
    await expect(serverFromString(on, `tls:0:privateKey=${quoteStringArgument(fileURLToPath(import.meta.url))}`)
      .listen(new Factory()).asPromise()).rejects.toBeInstanceOf(TLSOptionsError)
    expect(await errorOf(clientFromString(on, `tls:localhost:1:endpoint=tcp\\:127.0.0.1\\:1:trustRoots=${
      quoteStringArgument('/dev/zero')}`))).toBeInstanceOf(FileReadError)
    await expect(on.readFile(vector('ca.pem')).asPromise()).resolves.toEqual(readFileSync(vector('ca.pem')))
    await expect(on.readFile(vector('ca.pem'), { limit: 10 }).asPromise()).rejects.toThrow('10 bytes')
    expect(() => on.readFile('')).toThrow(TypeError)
    const cancelled = on.readFile(vector('ca.pem'))
    cancelled.cancel()
    await expect(cancelled.asPromise()).rejects.toThrow('cancelled')
  })

  it('a server that stalls, or speaks no TLS, is a named error', async () => {
    const on = reactor()
    const silent = await rawServer(() => undefined)
    expect(await errorOf(clientFromString(on, `tls:localhost:1:endpoint=tcp\\:127.0.0.1\\:${silent}:timeout=60ms`)))
      .toBeInstanceOf(ConnectError)
    const plain = await rawServer((socket) => socket.write('220 hello\r\n'))
    expect(await errorOf(wrapClientTLS({ serverName: 'localhost' }, new TCP4ClientEndpoint(on, '127.0.0.1', plain))))
      .toBeInstanceOf(TLSHandshakeError)
  })
})

describe('haproxy: in front of TLS', () => {
  const SOURCE = { family: 'IPv4', type: 'TCP', host: '203.0.113.7', port: 1234 } as const

  /** A proxy that sends its header, and the first bytes of TLS, as `cut` says. */
  const proxy = (to: number, cut: (header: Buffer, hello: Buffer) => Buffer[]): Promise<number> => rawServer((socket) => {
    socket.once('data', (hello) => {
      const header = Buffer.from(writeVersion2(SOURCE, { ...SOURCE, port: 443 }, { checksum: true }))
      const onward = connect(to, '127.0.0.1')
      onward.setNoDelay(true)
      onward.on('error', () => undefined)
      socket.on('close', () => onward.destroy())
      const [first, ...others] = cut(header, hello)
      onward.write(first!)
      // Each after the one before has gone, so that they are not put together again.
      const next = (): void => {
        const piece = others.shift()
        if (piece === undefined) {
          socket.pipe(onward)
          onward.pipe(socket)
        } else onward.write(piece, () => setImmediate(next))
      }
      next()
    })
  })

  it.each([
    ['in one piece', (header: Buffer, hello: Buffer) => [Buffer.concat([header, hello])]],
    ['one after the other', (header: Buffer, hello: Buffer) => [header, hello]],
    ['cut in the header', (header: Buffer, hello: Buffer) => [header.subarray(0, 20), Buffer.concat([header.subarray(20), hello])]],
    ['cut in the record', (header: Buffer, hello: Buffer) => [Buffer.concat([header, hello.subarray(0, 3)]), hello.subarray(3)]],
  ])('header and handshake %s', async (_how, cut) => {
    const on = reactor()
    const { factory, first } = echoes()
    const port = portOf(await serverFromString(on, `haproxy:tls:0:interface=127.0.0.1:${TLS}`).listen(factory))
    const front = await proxy(port, cut)
    const client = await roundTrip(clientFromString(on, `tls:localhost:443:endpoint=tcp\\:127.0.0.1\\:${front}:${TRUST}`))
    const { transport } = await first
    expect(transport.getPeer()).toEqual(SOURCE)
    expect(proxyHeaderOf(transport)?.source).toEqual(SOURCE)
    expect(transport.tlsSession).not.toBeNull()
    client.transport.loseConnection()
    await client.lost
    await (await first).lost
  })

  it('plain text behind the header, or no header, is dropped and logged, and nobody sees it', async () => {
    const events: LogEvent[] = []
    const two = later()
    const observer = (event: LogEvent): void => {
      if (event.namespace !== 'whorl.haproxy' && event.namespace !== 'whorl.tls') return
      events.push(event)
      if (events.length === 2) two.resolve()
    }
    logPublisher.addObserver(observer)
    cleanups.push(() => logPublisher.removeObserver(observer))
    const on = reactor()
    const { factory, built } = echoes()
    const context = new TLSServerContext({ identity: { cert: readFileSync(vector('localhost.pem')), key: readFileSync(vector('localhost.key')) } })
    const { HAProxyServerEndpoint } = await import('../../../src/endpoints/index.js')
    const port = portOf(await new TLSServerEndpoint(on, 0, context, { interface: '127.0.0.1' })
      .over((plain) => new HAProxyServerEndpoint(plain)).listen(factory))
    for (const bytes of [Buffer.concat([writeVersion2(SOURCE, SOURCE), Buffer.from('GET / HTTP/1.1\r\n\r\n')]), Buffer.from('GET /')]) {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
      await new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve).resume())
    }
    await two.promise
    expect(events.map(({ level, error }) => [level, (error as Error).name]).sort()).toEqual(
      [['info', 'ProxyProtocolError'], ['info', 'TLSHandshakeError']])
    expect(built).toEqual([])
  })
})

describe('other endpoints', () => {
  it('unix: on both sides', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whorl-endpoints-'))
    cleanups.push(() => rmSync(folder, { recursive: true }))
    const on = reactor()
    const path = quoteStringArgument(join(folder, 'socket'))
    const { factory, first } = echoes()
    const port = await serverFromString(on, `unix:${path}:mode=600`).listen(factory)
    const client = await roundTrip(clientFromString(on, `unix:${path}`))
    client.transport.loseConnection()
    await client.lost
    await (await first).lost
    await port.stopListening()
  })

  it('haproxy: over unix: on both sides', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whorl-endpoints-'))
    cleanups.push(() => rmSync(folder, { recursive: true }))
    const on = reactor()
    const path = quoteStringArgument(join(folder, 'socket'))
    const { factory, first } = echoes()
    await serverFromString(on, `haproxy:unix:${path}`).listen(factory)
    const client = await roundTrip(clientFromString(on, `haproxy:unix:${path}`))
    expect(proxyHeaderOf((await first).transport)).toMatchObject({ version: 2, command: 'PROXY' })
    client.transport.loseConnection()
    await client.lost
  })

  it('process: speaks with a program, and hears how it ends', async () => {
    const on = reactor()
    const script = quoteStringArgument('process.stdin.pipe(process.stdout)')
    const client = await roundTrip(clientFromString(on, `process:${quoteStringArgument(process.execPath)}:-e:${script}`))
    expect(client.transport.getPeer().family).toBe('process')
    client.transport.loseWriteConnection()
    expect((await client.lost).value).toBeInstanceOf(ConnectionDone)
  })

  it('process: that fails, or is not there', async () => {
    const on = reactor()
    const program = quoteStringArgument(process.execPath)
    class Half extends Recorder {
      readConnectionLost(): void {}
    }
    const client = await connectProtocol(clientFromString(on, `process:${program}:-e:process.exit(3)`), new Half())
    expect((await client.lost).value).toMatchObject({ name: 'ProcessTerminated', exitCode: 3 })
    expect(await errorOf(clientFromString(on, 'process:/nowhere/none'))).toBeInstanceOf(ConnectError)
  })

  it('TLS over the pipes of a program', async () => {
    const on = reactor()
    const { factory, first } = echoes()
    const port = portOf(await serverFromString(on, `tls:0:interface=127.0.0.1:${TLS}`).listen(factory))
    const script = quoteStringArgument(
      `const s=require("net").connect(${port},"127.0.0.1");process.stdin.pipe(s);s.pipe(process.stdout)`)
    const pipe = quoteStringArgument(`process:${quoteStringArgument(process.execPath)}:-e:${script}`)
    const client = await roundTrip(clientFromString(on, `tls:localhost:443:endpoint=${pipe}:${TRUST}`))
    expect(client.transport.tlsSession?.peerCertificate?.subject).toContain('localhost')
    expect(client.transport).toBeInstanceOf(StreamTransport)
    expect(await errorOf(clientFromString(on, `tls:other.example:443:endpoint=${pipe}:${TRUST}`))).toBeInstanceOf(TLSError)
    client.transport.abortConnection()
    await client.lost
    await (await first).lost
  })

  it('SOCKS5 over a program, as ssh -W is used', async () => {
    const on = reactor()
    const script = quoteStringArgument(
      'process.stdin.once("data",()=>{process.stdout.write("\\x05\\x00\\x05\\x00\\x00\\x01\\0\\0\\0\\0\\0\\0ping")})')
    const proxy = clientFromString(on, `process:${quoteStringArgument(process.execPath)}:-e:${script}`)
    const client = await connectProtocol(new SOCKS5ClientEndpoint(proxy, 'h', 1), new Recorder())
    await client.until('ping')
    expect(client.transport.getPeer()).toMatchObject({ host: 'h', port: 1 })
    client.transport.abortConnection()
    await client.lost
  })
})
