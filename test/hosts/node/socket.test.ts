/** Sockets over real ones: every family, faults, backpressure, STARTTLS, datagrams, and netcat and socat as peers. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Reactor } from '../../../bindings/node/index.js'
import type { Deferred, Failure } from '../../../src/defer/index.js'
import {
  CannotListenError, CertificateError, ConnectionLost, ConnectionRefusedError, DNSLookupError, PlaintextAfterStartTLS,
} from '../../../src/errors/index.js'
import type { IPv4Address, TLSServerOptions } from '../../../src/interfaces/index.js'
import {
  accept, bind, close, connect, DatagramSocket, getsockname, listen, recv, recvfrom, send, sendto, socket, StreamSocket,
} from '../../../src/socket/index.js'
import type { SocketAddress, SocketFamily } from '../../../src/socket/index.js'
import { describeWith, netcat, Program } from '../../interop/programs.js'
import type { Peer } from '../../interop/programs.js'
import { rawPeer, reactors } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const folders: string[] = []
afterEach(async () => {
  await Program.killAll()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)
const vector = (name: string): string => readFileSync(new URL(`../../vectors/tls/${name}`, import.meta.url), 'utf8')

const errorOf = (deferred: Deferred<unknown>): PromiseLike<Error> =>
  deferred.addCallbacks((value) => { throw new Error(`no failure, but ${String(value)}`) },
    (failure: Failure) => failure.value) as Deferred<Error>

function anyAddress(family: SocketFamily): SocketAddress {
  if (family === 'inet') return { host: '127.0.0.1', port: 0 }
  if (family === 'inet6') return { host: '::1', port: 0 }
  const folder = mkdtempSync(join(tmpdir(), 'whorl-socket-'))
  folders.push(folder)
  return { path: join(folder, 'socket') }
}

async function listening(reactor: Reactor, family: SocketFamily = 'inet'): Promise<StreamSocket> {
  const server = new StreamSocket(reactor, family)
  await server.bind(anyAddress(family))
  await server.listen()
  return server
}

const addressOf = async (server: StreamSocket | DatagramSocket): Promise<SocketAddress> =>
  await server.getsockname() as SocketAddress
const portOf = async (server: StreamSocket | DatagramSocket): Promise<number> =>
  (await server.getsockname() as IPv4Address).port

async function pairOf(reactor: Reactor, family: SocketFamily = 'inet'): Promise<[StreamSocket, StreamSocket]> {
  const server = await listening(reactor, family)
  const client = new StreamSocket(reactor, family)
  const [accepted] = await Promise.all([server.accept(), addressOf(server).then((to) => client.connect(to))])
  await server.close()
  return [accepted, client]
}

/** Sends back what comes, to everybody, until the server is closed. */
async function echo(server: StreamSocket): Promise<void> {
  const serve = async (client: StreamSocket): Promise<void> => {
    for await (const chunk of client) await client.sendall(chunk)
    await client.close()
  }
  const all: Promise<void>[] = []
  for await (const client of server.connections()) all.push(serve(client).catch(() => client.abort()))
  await Promise.all(all)
}

describe('sockets: streams', () => {
  it.each(['inet', 'inet6', 'unix'] as const)('the Berkeley calls over %s', async (family) => {
    const reactor = newReactor()
    const server = await socket(reactor, family)
    await bind(server, anyAddress(family))
    await listen(server)
    const client = await socket(reactor, family)
    const accepting = accept(server)
    await connect(client, await getsockname(server) as SocketAddress)
    const accepted = await accepting
    expect(await send(client, 'ping')).toBe(4)
    expect(text(await recv(accepted, 2))).toBe('pi')
    expect(text(await accepted.readExactly(2))).toBe('ng')
    await accepted.sendall('pong\n')
    expect(await client.readLine()).toBe('pong')
    await client.shutdown()
    expect((await recv(accepted)).length).toBe(0)
    await accepted.sendall('after the end')
    await close(accepted)
    expect(text(await client.readExactly(13))).toBe('after the end')
    expect((await client.recv()).length).toBe(0)
    await close(client)
    await close(server)
  })

  it('an echo server and clients that send a lot, all at once', async () => {
    const reactor = newReactor()
    const server = await listening(reactor)
    const serving = echo(server)
    const size = 1 << 20
    const clients = Array.from({ length: 8 }, async (_, i) => {
      const client = new StreamSocket(reactor)
      await client.connect(await addressOf(server))
      const sent = new Uint8Array(size).fill(i)
      const sending = client.sendall(sent).addCallback(() => client.shutdown())
      const got = await client.readExactly(size)
      await sending
      expect((await client.recv()).length).toBe(0)
      await client.close()
      return got.every((byte) => byte === i)
    })
    expect(await Promise.all(clients)).toEqual(Array(8).fill(true))
    await server.close()
    await serving
  })

  it('a sender feels a receiver that does not read, and memory stays bounded', async () => {
    const [server, client] = await pairOf(newReactor())
    const chunk = new Uint8Array(1 << 16).fill(7)
    let sent = 0
    let isBlocked = false
    const flood = (async () => {
      for (let i = 0; i < 400; i++) {
        const sending = client.send(chunk)
        isBlocked = !sending.called
        await sending
        sent += chunk.length
      }
      await client.shutdown()
    })()
    // Fills what the two kernels keep; then the sender waits.
    const isStuck = async (): Promise<boolean> => {
      const before = sent
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
      return isBlocked && sent === before
    }
    while (!await isStuck());
    expect(sent).toBeLessThan(400 << 16)
    expect(client.transport?.writableLength).toBeLessThanOrEqual(4 << 16)
    let got = 0
    for await (const piece of server) got += piece.length
    await flood
    expect([got, sent]).toEqual([400 << 16, 400 << 16])
    await Promise.all([server.close(), client.close()])
  })

  it('refused, no such name, no such path, an address in use: named errors', async () => {
    const reactor = newReactor()
    const server = await listening(reactor)
    const address = await addressOf(server)
    const other = new StreamSocket(reactor)
    await other.bind(address)
    expect(await errorOf(other.listen())).toBeInstanceOf(CannotListenError)
    await server.close()
    expect(await errorOf(new StreamSocket(reactor).connect(address))).toBeInstanceOf(ConnectionRefusedError)
    expect(await errorOf(new StreamSocket(reactor).connect({ host: 'no-such-host.invalid', port: 1 })))
      .toBeInstanceOf(DNSLookupError)
    expect((await errorOf(new StreamSocket(reactor, 'unix').connect(anyAddress('unix')))).name).toMatch(/Error$/)
  })

  it('a peer that resets: before anything is read, while a read waits, while a send waits', async () => {
    const reactor = newReactor()
    for (const when of ['before', 'reading', 'sending']) {
      const server = await listening(reactor)
      const peer = await rawPeer(await portOf(server), { paused: when === 'sending' })
      const accepted = await server.accept()
      const failed: PromiseLike<Error>[] = []
      if (when === 'reading') failed.push(errorOf(accepted.recv()), errorOf(accepted.readExactly(5)))
      if (when === 'sending') {
        accepted.send(new Uint8Array(16 << 20)).addErrback(() => undefined)
        failed.push(errorOf(accepted.send('x')))
        // What a reset meets before it has left counts as sent, as with any kernel.
        while (peer.socket.bytesRead === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      peer.socket.resetAndDestroy()
      await peer.closed
      if (when === 'before') failed.push(errorOf(accepted.recv()))
      for (const error of failed) expect(await error).toBeInstanceOf(ConnectionLost)
      await Promise.all([accepted.close(), server.close()])
    }
  })

  it('a stream that ends inside of what was asked for', async () => {
    const [server, client] = await pairOf(newReactor())
    await client.sendall('12345')
    await client.close()
    expect(await errorOf(server.readExactly(10))).toMatchObject({ name: 'IncompleteReadError', expected: 10 })
    await server.close()
  })

  it('abort makes a reset; what waits at this end fails with SocketClosed', async () => {
    const [server, client] = await pairOf(newReactor())
    const waiting = errorOf(client.recv())
    const reading = errorOf(server.recv())
    client.abort()
    expect((await waiting).name).toBe('SocketClosed')
    expect(await reading).toBeInstanceOf(ConnectionLost)
    await server.close()
  })

  it('a connection attempt that is cancelled', async () => {
    const reactor = newReactor()
    const server = await listening(reactor)
    const client = new StreamSocket(reactor)
    const attempt = client.connect(await addressOf(server), { signal: AbortSignal.abort() })
    expect((await errorOf(attempt)).name).toBe('ConnectingCancelledError')
    await server.close()
  })

  it('requests one after the other over one connection, as lines', async () => {
    const [server, client] = await pairOf(newReactor())
    const serving = (async () => {
      for await (const line of server.lines()) await server.sendall(`${line.toUpperCase()}\r\n`)
      await server.close()
    })()
    for (let i = 0; i < 200; i++) {
      await client.sendall(`line ${i}\n`)
      expect(await client.readLine()).toBe(`LINE ${i}`)
    }
    await client.sendall('a\nb\nc\n')
    expect([await client.readLine(), await client.readLine(), await client.readLine()]).toEqual(['A', 'B', 'C'])
    await client.close()
    await serving
  })
})

describe('sockets: TLS', () => {
  const identity: TLSServerOptions = { identity: { cert: vector('localhost.pem'), key: vector('localhost.key') } }

  it('starttls after a line each way', async () => {
    const [server, client] = await pairOf(newReactor())
    const serving = (async () => {
      expect(await server.readLine()).toBe('STARTTLS')
      await server.sendall('go ahead\n')
      await server.starttls(identity)
      for await (const chunk of server) await server.sendall(chunk)
      await server.close()
    })()
    await client.sendall('STARTTLS\n')
    expect(await client.readLine()).toBe('go ahead')
    await client.starttls({ ca: vector('ca.pem'), serverName: 'localhost' })
    await client.sendall('secret')
    expect(text(await client.readExactly(6))).toBe('secret')
    await client.close()
    await serving
  })

  it('a certificate that is not trusted fails both', async () => {
    const [server, client] = await pairOf(newReactor())
    const failing = errorOf(server.starttls(identity))
    expect(await errorOf(client.starttls({ serverName: 'localhost' }))).toBeInstanceOf(CertificateError)
    expect((await failing).name).toMatch(/Error|Lost|Truncated/)
    await Promise.all([server.close(), client.close()])
  })

  it('plain bytes behind the command are never taken for encrypted ones', async () => {
    const [server, client] = await pairOf(newReactor())
    await client.sendall('STARTTLS\nMAIL FROM: somebody\n')
    expect(await server.readLine()).toBe('STARTTLS')
    expect(await errorOf(server.starttls(identity))).toBeInstanceOf(PlaintextAfterStartTLS)
    expect(await errorOf(client.recv())).toBeInstanceOf(ConnectionLost)
    await Promise.all([server.close(), client.close()])
  })
})

describe('sockets: datagrams', () => {
  it.each(['inet', 'inet6'] as const)('sendto and recvfrom over %s', async (family) => {
    const reactor = newReactor()
    const server = await socket(reactor, family, 'dgram')
    await bind(server, anyAddress(family))
    const client = await socket(reactor, family, 'dgram')
    const array = bytes('ping')
    await sendto(client, array, await addressOf(server))
    array.fill(0)
    const [data, from] = await recvfrom(server)
    expect(text(data)).toBe('ping')
    await sendto(server, 'pong', from)
    const [answer, again] = await recvfrom(client)
    expect([text(answer), again]).toEqual(['pong', await server.getsockname()])
    await sendto(client, new Uint8Array(0), await addressOf(server))
    expect((await recv(server)).length).toBe(0)
    await Promise.all([close(server), close(client)])
  })

  it('a connected socket hears its peer only, and that nobody listens', async () => {
    const reactor = newReactor()
    const [one, two] = [new DatagramSocket(reactor), new DatagramSocket(reactor)]
    await one.bind({ host: '127.0.0.1', port: 0 })
    await two.connect(await addressOf(one))
    await two.send('hello')
    const [, from] = await one.recvfrom()
    await one.sendto('back', from)
    expect(text(await two.recv())).toBe('back')
    await one.close()
    const refused = errorOf(two.recv())
    await two.send('anybody?')
    expect(await refused).toBeInstanceOf(ConnectionRefusedError)
    await two.close()
  })

  it('a port in use is CannotListenError', async () => {
    const reactor = newReactor()
    const [one, two] = [new DatagramSocket(reactor), new DatagramSocket(reactor)]
    await one.bind({ host: '127.0.0.1', port: 0 })
    expect(await errorOf(two.bind(await addressOf(one)))).toBeInstanceOf(CannotListenError)
    await one.close()
  })
})

describeWith(netcat(), 'sockets and netcat', (nc) => {
  it('netcat as client of an echo server: the end passes both ways', async () => {
    const server = await listening(newReactor())
    const serving = echo(server)
    const sent = 'x'.repeat(300_000)
    const client = new Program(nc, ['-N', '127.0.0.1', String(await portOf(server))])
    client.child.stdin.end(sent)
    expect(await client.ended).toEqual({ status: 0, signal: null })
    expect(client.text === sent).toBe(true)
    await server.close()
    await serving
  })
})

function socat(): Peer {
  const found = spawnSync('socat', ['-V'], { encoding: 'utf8' })
  const works = found.error === undefined && found.stdout.includes('socat version')
  return { name: 'socat', package: 'socat', command: works ? 'socat' : null }
}

describeWith(socat(), 'sockets and socat', (command) => {
  it('socat as server: over a UNIX socket', async () => {
    const reactor = newReactor()
    const address = anyAddress('unix') as { path: string }
    const peer = new Program(command, ['-d', '-d', `UNIX-LISTEN:${address.path}`, 'EXEC:cat'])
    while (!/listening on/.test(peer.errorText)) await new Promise((resolve) => peer.child.stderr.once('data', resolve))
    const client = new StreamSocket(reactor, 'unix')
    await client.connect(address)
    await client.sendall('through cat\n')
    expect(await client.readLine()).toBe('through cat')
    await client.shutdown()
    expect((await client.recv()).length).toBe(0)
    await client.close()
    await peer.ended
  })

  it('socat sends datagrams and gets answers', async () => {
    const server = new DatagramSocket(newReactor())
    await server.bind({ host: '127.0.0.1', port: 0 })
    const peer = new Program(command, ['-T', '10', '-', `UDP:127.0.0.1:${await portOf(server)}`])
    peer.type('datagram')
    const [data, from] = await server.recvfrom()
    expect(text(data)).toBe('datagram')
    await server.sendto('answer\n', from)
    await peer.prints(/answer/)
    peer.child.kill()
    await peer.ended
    await server.close()
  })
})
