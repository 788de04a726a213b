import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Reactor } from '../../../bindings/node/index.js'
import { isLocked, takeLock } from '../../../bindings/node-api/unix-lock.js'
import {
  CannotListenError, ConnectError, ConnectionAborted, ConnectionDone, ConnectionRefusedError, ConnectPermissionError,
  NoSocketError, NotSupportedError, SocketPathTooLong, TimeoutError, UserError,
} from '../../../src/errors/index.js'
import type { IListeningPort, ListenUNIXOptions, UNIXAddress } from '../../../src/interfaces/index.js'
import { Reactor as BareReactor } from '../../../src/reactor/index.js'
import { later, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whorl-unix-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const at = (name: string): string => join(folder, name)
const modeOf = (path: string): number => lstatSync(path).mode & 0o777

async function listen(
  reactor: Reactor, path: string, options: ListenUNIXOptions = {}, factory = new TestFactory(),
): Promise<IListeningPort<UNIXAddress>> {
  const port = reactor.listenUNIX(path, factory, options)
  await port.ready
  return port
}

/** Why nobody can listen there. */
async function refusal(reactor: Reactor, path: string, options: ListenUNIXOptions = {}): Promise<CannotListenError> {
  const error: unknown = await listen(reactor, path, options).then(() => null, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(CannotListenError)
  expect((error as CannotListenError).port).toBe(path)
  return error as CannotListenError
}

/** Why nobody can connect there. */
async function connectFailure(reactor: Reactor, path: string, options = {}): Promise<ConnectError> {
  const factory = new TestFactory()
  reactor.connectUNIX(path, factory, options)
  return (await factory.failed).value as ConnectError
}

async function pair(reactor: Reactor, path = at('socket')) {
  const servers = new TestFactory()
  const clients = new TestFactory()
  const port = await listen(reactor, path, {}, servers)
  const connector = reactor.connectUNIX(path, clients)
  const [server, client] = [await servers.first, await clients.first]
  return { server, client, port, connector }
}

/** A socket whose process has ended without tidying up. */
function deadSocket(path: string): void {
  const script = 'const s = require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, 9))'
  spawnSync(process.execPath, ['-e', script, path])
  expect(lstatSync(path).isSocket()).toBe(true)
}

/** The PID of a process that has ended. */
function deadPID(): number {
  return spawnSync(process.execPath, ['-e', '']).pid
}

async function foreignServer(path: string): Promise<Server> {
  const server = createServer((socket) => socket.end('foreign'))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return server
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))

describe('UNIX sockets on Node: connections', () => {
  it('go both ways, end cleanly, and know their addresses', async () => {
    const { server, client, port, connector } = await pair(newReactor())
    client.transport.write('question')
    await server.until('question')
    server.transport.write('answer')
    await client.until('answer')
    const named = { family: 'UNIX', type: 'UNIX', path: at('socket') }
    const unnamed = { family: 'UNIX', type: 'UNIX', path: null }
    expect([port.getHost(), connector.getDestination()]).toEqual([named, named])
    expect([server.transport.getHost(), server.transport.getPeer()]).toEqual([named, unnamed])
    expect([client.transport.getHost(), client.transport.getPeer()]).toEqual([unnamed, named])
    client.transport.setTcpNoDelay(true)
    client.transport.setTcpKeepAlive(true)
    client.transport.loseConnection()
    expect((await client.lost).value).toBeInstanceOf(ConnectionDone)
    expect((await server.lost).value).toBeInstanceOf(ConnectionDone)
  })

  it('N13 one direction is closed before the other', async () => {
    const readLost = later()
    class Half extends Recorder {
      readConnectionLost(): void {
        readLost.resolve()
      }
      writeConnectionLost(): void {}
    }
    const reactor = newReactor()
    const servers = new TestFactory<Half>(() => new Half())
    const clients = new TestFactory<Half>(() => new Half())
    await listen(reactor, at('half'), {}, servers as never)
    reactor.connectUNIX(at('half'), clients)
    const [server, client] = [await servers.first, await clients.first]
    client.transport.write('all of it')
    client.transport.loseWriteConnection()
    await readLost.promise
    expect(server.received).toBe('all of it')
    server.transport.write('late answer')
    server.transport.loseConnection()
    expect((await client.lost).value).toBeInstanceOf(ConnectionDone)
    expect(client.received).toBe('late answer')
  })

  it('N04 are aborted, also with output that nobody reads', async () => {
    const { server, client } = await pair(newReactor())
    client.transport.pauseProducing()
    server.transport.write(new Uint8Array(4 << 20))
    await new Promise((resolve) => setImmediate(resolve))
    expect(server.transport.writableLength).toBeGreaterThan(0)
    server.transport.abortConnection()
    expect((await server.lost).value).toBeInstanceOf(ConnectionAborted)
    client.transport.resumeProducing()
    await client.lost
    expect(client.bytes).toBeLessThan(4 << 20)
  })

  it('carry megabytes, whole', async () => {
    const { server, client } = await pair(newReactor())
    const sent = new Uint8Array(8 << 20).map((_, i) => (i * 7 + (i >> 8)) & 255)
    const chunks: Uint8Array[] = []
    client.dataReceived = (data) => void chunks.push(data)
    server.transport.write(sent)
    server.transport.loseConnection()
    await client.lost
    expect(Buffer.compare(Buffer.concat(chunks), sent)).toBe(0)
  })

  it('are taken again and again, also more at once than wait in the queue', async () => {
    const reactor = newReactor()
    const servers = new TestFactory()
    await listen(reactor, at('queue'), { backlog: 1 }, servers)
    const factories = Array.from({ length: 60 }, () => new TestFactory())
    for (const factory of factories) reactor.connectUNIX(at('queue'), factory)
    await Promise.all(factories.map((factory) => factory.first))
    expect(factories.flatMap((factory) => factory.failures)).toEqual([])
  })

  it('of an abstract name need no file', async () => {
    const name = `\0whorl-${process.pid}-${Date.now()}`
    const { server, client, port } = await pair(newReactor(), name)
    expect(port.getHost().path).toBe(name)
    client.transport.write('hello')
    await server.until('hello')
    expect((await refusal(newReactor(), name)).message).toMatch(/^Cannot listen on @whorl-/)
  })
})

describe('UNIX sockets on Node: the file', () => {
  it.each([0o600, 0o660, 0o666, 0o777])('has the mode %o whatever the umask is, and the umask stays', async (mode) => {
    const before = process.umask(0o027)
    try {
      await listen(newReactor(), at('mode'), { mode })
      expect(modeOf(at('mode'))).toBe(mode)
      expect(process.umask()).toBe(0o027)
    } finally {
      process.umask(before)
    }
  })

  it('has the mode 666 if none is given', async () => {
    await listen(newReactor(), at('mode'))
    expect(modeOf(at('mode'))).toBe(0o666)
  })

  it('is gone when the port has stopped, and back when it starts again', async () => {
    const port = await listen(newReactor(), at('again'))
    await port.stopListening()
    expect(existsSync(at('again'))).toBe(false)
    port.startListening()
    await port.ready
    expect(lstatSync(at('again')).isSocket()).toBe(true)
  })

  it('of somebody else who has taken the place is not removed', async () => {
    const port = await listen(newReactor(), at('place'))
    rmSync(at('place'))
    const foreign = await foreignServer(at('place'))
    await port.stopListening()
    const socket = connect(at('place'))
    const text = await new Promise<string>((resolve) => socket.on('data', (data) => resolve(data.toString())))
    expect(text).toBe('foreign')
    socket.destroy()
    await closed(foreign)
  })

  it('is not replaced if it is no socket, and says so', async () => {
    writeFileSync(at('file'), 'precious')
    for (const wantPID of [false, true]) {
      const error = await refusal(newReactor(), at('file'), { wantPID })
      expect(error.message).toBe(`Cannot listen on ${at('file')}: there is a file in the way that is no socket`)
    }
    expect(lstatSync(at('file')).isFile()).toBe(true)
    expect(existsSync(at('file.lock'))).toBe(false)
  })

  it('N11 two servers on one path: the second is told, and the first stays', async () => {
    for (const wantPID of [false, true]) {
      const reactor = newReactor()
      const path = at(`two-${wantPID}`)
      const servers = new TestFactory()
      await listen(reactor, path, { wantPID }, servers)
      expect((await refusal(newReactor(), path, { wantPID })).message).toContain(path)
      expect((await refusal(newReactor(), path)).message).toContain(path)
      const clients = new TestFactory()
      reactor.connectUNIX(path, clients)
      await clients.first
    }
  })

  it('N11 where there is no folder, and where one may not write', async () => {
    const missing = await refusal(newReactor(), at('no/such/folder'))
    expect(missing.message).toContain(at('no/such/folder'))
    chmodSync(folder, 0o555)
    await asNobody(async () => {
      const denied = await refusal(newReactor(), at('denied'))
      expect((denied.cause as NodeJS.ErrnoException).code).toBe('EACCES')
    })
  })

  it('path too long: refused, not cut short', async () => {
    const path = at('x'.repeat(120))
    const error = await refusal(newReactor(), path)
    expect(error.message).toMatch(/at most \d+ bytes here, not \d+$/)
    expect(await connectFailure(newReactor(), path)).toBeInstanceOf(SocketPathTooLong)
    // Bytes count, not characters.
    expect((await refusal(newReactor(), at('ä'.repeat(60)))).message).toMatch(/at most/)
  })

  it('wrong arguments are refused at once', () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    expect(() => reactor.listenUNIX(7 as never, factory)).toThrow(TypeError)
    expect(() => reactor.listenUNIX('', factory)).toThrow(RangeError)
    expect(() => reactor.listenUNIX('a\0b', factory)).toThrow(RangeError)
    expect(() => reactor.connectUNIX('\0', factory)).toThrow(RangeError)
    expect(() => reactor.listenUNIX(at('m'), factory, { mode: 0o1777 })).toThrow(RangeError)
    expect(() => reactor.connectUNIX(at('m'), factory, { timeout: -1 })).toThrow(RangeError)
    expect(() => reactor.connectUNIX(at('m'), {} as never)).toThrow(TypeError)
    const { core, host } = { core: () => { throw new Error('not asked') }, host: reactor.host }
    expect(() => new BareReactor({ core, host }).listenUNIX(at('m'), factory)).toThrow(NotSupportedError)
  })
})

describe('UNIX sockets on Node: the lock', () => {
  it('is there while the port listens, and names this process', async () => {
    const port = await listen(newReactor(), at('locked'), { wantPID: true })
    expect(readlinkSync(at('locked.lock'))).toBe(String(process.pid))
    expect(isLocked(at('locked'))).toBe(true)
    await port.stopListening()
    expect(existsSync(at('locked'))).toBe(false)
    expect(() => lstatSync(at('locked.lock'))).toThrow('ENOENT')
  })

  it('of a dead process is taken over, and its socket removed', async () => {
    deadSocket(at('stale'))
    symlinkSync(String(deadPID()), at('stale.lock'))
    expect((await refusal(newReactor(), at('stale'))).message).toContain('EADDRINUSE')
    await listen(newReactor(), at('stale'), { wantPID: true })
    expect(readlinkSync(at('stale.lock'))).toBe(String(process.pid))
  })

  it('of an earlier process that had our PID is taken over', async () => {
    deadSocket(at('same'))
    symlinkSync(String(process.pid), at('same.lock'))
    await listen(newReactor(), at('same'), { wantPID: true })
    expect(isLocked(at('same'))).toBe(true)
  })

  it('missing: a socket that refuses connections is removed, one that answers is not', async () => {
    deadSocket(at('dead'))
    await listen(newReactor(), at('dead'), { wantPID: true })
    const foreign = await foreignServer(at('alive'))
    expect((await refusal(newReactor(), at('alive'), { wantPID: true })).message).toContain('EADDRINUSE')
    expect(lstatSync(at('alive')).isSocket()).toBe(true)
    expect(existsSync(at('alive.lock'))).toBe(false)
    await closed(foreign)
  })

  it('of a live process is respected, also when its socket is gone', async () => {
    const parent = process.ppid
    symlinkSync(String(parent), at('theirs.lock'))
    const error = await refusal(newReactor(), at('theirs'), { wantPID: true })
    expect(error.message).toContain(`process ${parent} listens there`)
    expect(readlinkSync(at('theirs.lock'))).toBe(String(parent))
  })

  it('of a dead process does not condemn a live socket', async () => {
    const foreign = await foreignServer(at('live'))
    symlinkSync(String(deadPID()), at('live.lock'))
    await refusal(newReactor(), at('live'), { wantPID: true })
    expect(lstatSync(at('live')).isSocket()).toBe(true)
    await closed(foreign)
  })

  it('that is something else is left alone', async () => {
    writeFileSync(at('odd.lock'), 'precious')
    expect((await refusal(newReactor(), at('odd'), { wantPID: true })).message).toContain('is no lock')
    expect(lstatSync(at('odd.lock')).isFile()).toBe(true)
    symlinkSync('elsewhere', at('link.lock'))
    expect((await refusal(newReactor(), at('link'), { wantPID: true })).message).toContain('names no process')
  })

  it('is not given back by one who lost it', () => {
    const release = takeLock(at('moved'))
    renameSync(at('moved.lock'), at('kept.lock'))
    symlinkSync('1', at('moved.lock'))
    release()
    release()
    expect(readlinkSync(at('moved.lock'))).toBe('1')
    const other = takeLock(at('other'))
    expect(() => takeLock(at('other'))).toThrow(`process ${process.pid} listens there`)
    other()
    expect(existsSync(at('other.lock'))).toBe(false)
  })

  it('checkPID connects only if it names a live process', async () => {
    const reactor = newReactor()
    await listen(reactor, at('unlocked'))
    await listen(reactor, at('locked'), { wantPID: true })
    expect(await connectFailure(reactor, at('unlocked'), { checkPID: true })).toBeInstanceOf(ConnectionRefusedError)
    symlinkSync(String(deadPID()), at('unlocked.lock'))
    expect(await connectFailure(reactor, at('unlocked'), { checkPID: true })).toBeInstanceOf(ConnectionRefusedError)
    const clients = new TestFactory()
    reactor.connectUNIX(at('locked'), clients, { checkPID: true })
    await clients.first
  })
})

describe('UNIX sockets on Node: no connection', () => {
  it('N08 nobody listens, there is nothing, there is something else, one may not', async () => {
    const reactor = newReactor()
    deadSocket(at('dead'))
    writeFileSync(at('file'), '')
    mkdirSync(at('folder'))
    expect(await connectFailure(reactor, at('dead'))).toBeInstanceOf(ConnectionRefusedError)
    expect(await connectFailure(reactor, at('nothing'))).toBeInstanceOf(NoSocketError)
    expect(await connectFailure(reactor, at('file/below'))).toBeInstanceOf(NoSocketError)
    expect(await connectFailure(reactor, at('file'))).toBeInstanceOf(ConnectError)
    expect(await connectFailure(reactor, at('folder'))).toBeInstanceOf(ConnectError)
    await listen(reactor, at('private'), { mode: 0o600 })
    chmodSync(at('private'), 0)
    await asNobody(async () => {
      expect(await connectFailure(reactor, at('private'))).toBeInstanceOf(ConnectPermissionError)
    })
  })

  it('N10 times out, and is stopped, while the queue of the server is full', async () => {
    const reactor = newReactor()
    // Never accepts: its process is stopped as soon as it listens.
    const script = `require('net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => {
      require('fs').writeSync(1, 'listens')
      process.kill(process.pid, 'SIGSTOP')
    })`
    const child = spawn(process.execPath, ['-e', script, at('full')])
    const listens = new Promise((resolve) => child.stdout.on('data', resolve))
    const gone = new Promise((resolve) => child.on('exit', resolve))
    try {
      await listens
      const results: Promise<unknown>[] = []
      for (let i = 0; i < 8; i++) {
        const factory = new TestFactory()
        reactor.connectUNIX(at('full'), factory, { timeout: 100 })
        results.push(Promise.race([factory.first, factory.failed]))
      }
      const failures = (await Promise.all(results)).filter((result) => !(result instanceof Recorder))
      expect(failures.length).toBeGreaterThan(0)
      for (const failure of failures) expect((failure as { value: unknown }).value).toBeInstanceOf(TimeoutError)
      const stopped = new TestFactory()
      reactor.connectUNIX(at('full'), stopped).stopConnecting()
      expect((await stopped.failed).value).toBeInstanceOf(UserError)
    } finally {
      child.kill('SIGKILL')
      await gone
    }
  })
})

/** Runs with the rights of an ordinary user, whoever runs the tests. */
async function asNobody(fn: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return fn()
  const own = process.geteuid?.() ?? 0
  // The temporary folder is its owner's alone.
  chmodSync(folder, lstatSync(folder).mode | 0o055)
  process.seteuid?.(65534)
  try {
    await fn()
  } finally {
    process.seteuid?.(own)
  }
}
