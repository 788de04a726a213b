/**
 * UNIX sockets with programs that are not ours: socat and real Twisted at either end, and a socket that another program
 * has bound and handed over.
 */
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { CannotListenError, ClientFactory, createReactor, Protocol } from 'whorl'
import type { Failure, IConnector } from 'whorl'
import { build } from '../../scripts/build.mjs'
import { describeWith, Program, root, socat, twistedPython } from './programs.js'

const LENGTH = 300_000
const stream = (salt: number): Uint8Array => new Uint8Array(LENGTH).map((_, i) => i * 31 + salt)
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

let folder: string
let path: string
const reactor = createReactor({ installSignalHandlers: false })

beforeAll(async () => {
  await build()
}, 120_000)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whorl-unix-'))
  path = join(folder, 'socket')
})

afterEach(async () => {
  await Program.killAll()
  for (const transport of reactor.openTransports()) transport.abortConnection()
  rmSync(folder, { recursive: true, force: true })
})

/** Sends a stream, reads one to its end, and says what happened. */
class End extends Protocol {
  readonly chunks: Uint8Array[] = []
  readonly events: string[] = []
  readonly over: Promise<string>
  readonly isServer: boolean
  #end!: (reason: string) => void

  constructor(isServer: boolean) {
    super()
    this.isServer = isServer
    this.over = new Promise((resolve) => { this.#end = resolve })
  }

  get sha256(): string {
    return digest(Buffer.concat(this.chunks))
  }

  override connectionMade(): void {
    if (!this.isServer) this.send(1)
  }

  send(salt: number): void {
    this.transport.write(stream(salt))
    this.transport.loseWriteConnection()
  }

  override dataReceived(data: Uint8Array): void {
    this.chunks.push(data)
  }

  readConnectionLost(): void {
    this.events.push('read lost')
    if (this.isServer) this.send(2)
    else this.transport.loseConnection()
  }

  writeConnectionLost(): void {
    this.events.push('write lost')
  }

  override connectionLost(reason: Failure): void {
    this.#end(reason.value.name)
  }
}

/** Hands out one protocol. */
class One extends ClientFactory {
  readonly end: End
  readonly failed: Promise<string>
  #fail!: (name: string) => void

  constructor(end: End) {
    super()
    this.end = end
    this.failed = new Promise((resolve) => { this.#fail = resolve })
  }

  override buildProtocol(): End {
    return this.end
  }

  override clientConnectionFailed(_connector: IConnector, reason: Failure): void {
    this.#fail(reason.value.name)
  }
}

describeWith(twistedPython(), 'Twisted at a UNIX socket', (python) => {
  const start = (role: string, flag: boolean): Program =>
    new Program(python, ['-B', `${root}test/interop/peers/twisted_unix.py`, role, path, flag ? '1' : '0'])

  it('as client of our server: streams and half-closes both ways', async () => {
    const end = new End(true)
    const port = reactor.listenUNIX(path, new One(end), { wantPID: true })
    await port.ready
    // It looks for our lock.
    const client = start('client', true)
    const [line] = await client.prints(/^\{"reason".*\}$/m)
    expect(JSON.parse(line)).toEqual({ reason: 'ConnectionDone', events: ['write lost', 'read lost'], sha256: digest(stream(2)) })
    expect(await end.over).toBe('ConnectionDone')
    expect([end.sha256, end.events]).toEqual([digest(stream(1)), ['read lost', 'write lost']])
    await port.stopListening()
    const refused = start('client', true)
    await refused.prints(/"failed": "BadFileError"/)
  })

  it('as server of our client: streams and half-closes both ways', async () => {
    const server = start('server', true)
    await server.prints(/listening/)
    expect(readlinkSync(`${path}.lock`)).toBe(String(server.child.pid))
    const factory = new One(new End(false))
    reactor.connectUNIX(path, factory, { checkPID: true })
    expect(await factory.end.over).toBe('ConnectionDone')
    expect([factory.end.sha256, factory.end.events]).toEqual([digest(stream(2)), ['write lost', 'read lost']])
    const [line] = await server.prints(/^\{"reason".*\}$/m)
    expect(JSON.parse(line)).toMatchObject({ reason: 'ConnectionDone', sha256: digest(stream(1)) })
  })

  it('respects our lock, as we respect its; what it leaves behind when it is killed we take over', async () => {
    const server = start('server', true)
    await server.prints(/listening/)
    await expect(reactor.listenUNIX(path, new One(new End(true)), { wantPID: true }).ready.asPromise())
      .rejects.toThrow(CannotListenError)
    server.child.kill('SIGKILL')
    await server.ended
    expect(lstatSync(path).isSocket()).toBe(true)
    const port = reactor.listenUNIX(path, new One(new End(true)), { wantPID: true })
    await port.ready
    const second = start('server', true)
    await second.ended
    expect(second.errorText).toContain('CannotListenError')
    await port.stopListening()
    expect([existsSync(path), existsSync(`${path}.lock`)]).toEqual([false, false])
  })

  it('a socket that another program has bound is taken over as descriptor 3', async () => {
    const peer = [process.execPath, `${root}test/hosts/node/programs/peer.mjs`, 'port', 'UNIX']
    const server = new Program(python, ['-B', `${root}test/interop/peers/inherit.py`, path, ...peer])
    const client = new One(new End(false))
    while (!/listens on/.test(server.errorText)) await new Promise((resolve) => setTimeout(resolve, 10))
    reactor.connectUNIX(path, client)
    expect(await client.end.over).toBe('ConnectionDone')
    // It echoes.
    expect(client.end.sha256).toBe(digest(stream(1)))
    server.child.stdin.end()
    expect(await server.ended).toEqual({ status: 0, signal: null })
    // Whoever bound it may still want it.
    expect(statSync(path).isSocket()).toBe(true)
  })
})

/** Node up to some version fills abstract names up with NULs; to others those are other names, unless they do so too. */
async function abstractName(): Promise<{ name: string, options: string }> {
  const name = `whorl-${process.pid}-${path}`
  const port = reactor.listenUNIX(`\0${name}`, new One(new End(true)))
  await port.ready
  const isPadded = readFileSync('/proc/net/unix', 'latin1').includes(`@${name}@`)
  await port.stopListening()
  return { name, options: isPadded ? ',unix-tightsocklen=0' : '' }
}

describeWith(socat(), 'socat at a UNIX socket', (command) => {
  it.each(['a path', 'an abstract name'])('as client of our server: %s', async (kind) => {
    const { name, options } = await abstractName()
    const end = new End(true)
    const port = reactor.listenUNIX(kind === 'a path' ? path : `\0${name}`, new One(end))
    await port.ready
    const client = new Program(command, ['-', kind === 'a path' ? `UNIX-CONNECT:${path}` : `ABSTRACT-CONNECT:${name}${options}`])
    client.child.stdin.end(stream(1))
    expect(await client.ended).toEqual({ status: 0, signal: null })
    expect(digest(client.output)).toBe(digest(stream(2)))
    expect(end.sha256).toBe(digest(stream(1)))
    await port.stopListening()
  })

  it.each(['a path', 'an abstract name'])('as server of our client: %s', async (kind) => {
    const { name, options } = await abstractName()
    const listen = kind === 'a path' ? `UNIX-LISTEN:${path}` : `ABSTRACT-LISTEN:${name}${options}`
    const server = new Program(command, ['-d', '-d', '-d', listen, 'EXEC:cat'])
    while (!/listening on/.test(server.errorText)) await new Promise((resolve) => setTimeout(resolve, 10))
    const factory = new One(new End(false))
    reactor.connectUNIX(kind === 'a path' ? path : `\0${name}`, factory)
    expect(await factory.end.over).toBe('ConnectionDone')
    expect(factory.end.sha256).toBe(digest(stream(1)))
    await server.ended
  })
})
