/** Graceful shutdown: a process of its own is told to stop, and lets its connections end; a second signal does not wait. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../../scripts/build.mjs'
import { ConnectionAborted, ConnectionDone } from '../../../src/errors/index.js'
import { later, listen, portOf, rawPeer, reactors, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { GOOD, killAll, Run } from './programs/run.js'

checkNothingLeft({ delayedCalls: false })
const newReactor = reactors(afterEach)
const program = fileURLToPath(new URL('programs/drain.mjs', import.meta.url))

beforeAll(async () => {
  await build()
}, 120_000)

afterEach(killAll)

/** A long time: nothing waits for it. */
const NEVER = '3600000'

async function serving(deadline: string, ...more: string[]): Promise<{ run: Run, port: number }> {
  const run = new Run(process.execPath, [program, deadline, ...more])
  await run.says(/^listens at/)
  return { run, port: Number(/\d+/.exec(run.said.find((line) => line.startsWith('listens'))!)![0]) }
}

/** A connection that says `what`, and has had it back. */
async function client(to: { port: number, host: string } | { path: string }, what: string): Promise<Socket & { over: Promise<string> }> {
  const socket = connect(to as { port: number, host: string }) as Socket & { over: Promise<string> }
  let got = ''
  let error = ''
  socket.on('error', (raised: NodeJS.ErrnoException) => (error = raised.code ?? ''))
  const { promise, resolve } = later()
  socket.on('data', (data) => {
    got += data.toString()
    if (got === what) resolve()
  })
  socket.over = new Promise((done) => socket.on('close', () => done(`${got}${error === '' ? '' : ` ${error}`}`)))
  socket.write(what)
  await promise
  return socket
}

describe('a server that is told to stop', () => {
  it('takes no more connections, lets the open ones end, and ends with them', async () => {
    const { run, port } = await serving(NEVER)
    const socket = await client({ port, host: '127.0.0.1' }, 'hello')
    run.child.kill('SIGTERM')
    await run.says('stopping')
    const refused = connect(port, '127.0.0.1')
    await new Promise((resolve) => refused.once('error', resolve))
    expect(run.said).not.toContain('stopped')
    socket.write(', bye')
    expect(await socket.over).toBe('hello, bye')
    expect(await run.ended).toEqual(GOOD)
    expect(run.said.slice(-3)).toEqual(['stopping', 'lost ConnectionDone', 'stopped'])
  })

  it('aborts at the deadline those that do not end', async () => {
    const { run, port } = await serving('50')
    const socket = await client({ port, host: '127.0.0.1' }, 'hello')
    run.child.kill('SIGTERM')
    expect(await socket.over).toBe('hello ECONNRESET')
    expect(await run.ended).toEqual(GOOD)
    expect(run.said.slice(-3)).toEqual(['stopping', 'lost ConnectionAborted', 'stopped'])
  })

  it('a second signal does not wait', async () => {
    const { run, port } = await serving(NEVER)
    const socket = await client({ port, host: '127.0.0.1' }, 'hello')
    run.child.kill('SIGTERM')
    await run.says('stopping')
    run.child.kill('SIGTERM')
    expect(await socket.over).toBe('hello ECONNRESET')
    expect(await run.ended).toEqual(GOOD)
    expect(run.said).toContain('stopped')
  })

  it('the same over a UNIX socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whorl-'))
    const path = join(folder, 'socket')
    const { run } = await serving(NEVER, path)
    const socket = await client({ path }, 'hello')
    run.child.kill('SIGTERM')
    await run.says('stopping')
    socket.write(', bye')
    expect(await socket.over).toBe('hello, bye')
    expect(await run.ended).toEqual(GOOD)
    rmSync(folder, { recursive: true })
  })
})

describe('port.drain()', () => {
  it('fires when the last connection has ended, aborts nothing then, and leaves no timer', async () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    const port = await listen(reactor, factory)
    const peer = await rawPeer(portOf(port))
    const server = await factory.first
    let done = false
    const drained = port.drain(3_600_000).addCallback(() => (done = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(done).toBe(false)
    server.transport.loseConnection()
    await drained
    await peer.closed
    expect(server.reasons[0]!.value).toBeInstanceOf(ConnectionDone)
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('aborts only its own connections at the deadline; a second drain may be shorter', async () => {
    const reactor = newReactor()
    const [factory, other] = [new TestFactory(), new TestFactory()]
    const port = await listen(reactor, factory)
    const peer = await rawPeer(portOf(port))
    const spared = await rawPeer(portOf(await listen(reactor, other)))
    const server = await factory.first
    await other.first
    const long = port.drain(3_600_000)
    await port.drain(0)
    await long
    expect(server.reasons[0]!.value).toBeInstanceOf(ConnectionAborted)
    expect((await peer.closed).error).toBe('ECONNRESET')
    expect(reactor.openTransports()).toHaveLength(1)
    spared.socket.destroy()
  })

  it('without connections, and on a port that has stopped, there is nothing to wait for', async () => {
    const port = await listen(newReactor(), new TestFactory())
    await port.drain(1_000)
    await port.drain(1_000)
    expect(port.stopListening()).toBeUndefined()
  })
})
