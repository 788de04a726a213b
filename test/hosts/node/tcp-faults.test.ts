/** Peers and hosts that misbehave: resets at any time, no reading, no closing, floods, no descriptors left. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../../scripts/build.mjs'
import { connections } from '../../../src/transports/index.js'
import { Program, root } from '../../interop/programs.js'
import { listen, pair, portOf, rawPeer, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

const rounds = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** A peer that is reset as soon as `when` says. */
function resetting(port: number, when: (socket: Socket, reset: () => void) => void): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => undefined)
  socket.on('connect', () => when(socket, () => socket.resetAndDestroy()))
  return new Promise((resolve) => socket.on('close', () => resolve()))
}

describe('a peer that resets', () => {
  it.each([
    ['before any data', (_socket: Socket, reset: () => void) => reset()],
    ['between data', (socket: Socket, reset: () => void) => {
      socket.write(new Uint8Array(4 << 20))
      socket.once('data', reset)
    }],
    ['after its data and its end', (socket: Socket, reset: () => void) => {
      socket.on('data', () => undefined)
      socket.end('all of it', () => setImmediate(reset))
    }],
  ])('%s: the end is told once, and the server goes on', async (_name, when) => {
    const reactor = newReactor()
    const factory = new TestFactory(() => new (class extends Recorder {
      override dataReceived(data: Uint8Array): void {
        super.dataReceived(data)
        this.transport.write(data)
      }
    })())
    const port = portOf(await listen(reactor, factory))
    for (let i = 0; i < 10; i++) await resetting(port, when)
    const last = await rawPeer(port)
    last.socket.end('still there')
    await last.ended
    expect(last.received()).toBe('still there')
    await Promise.all(factory.built.map((protocol) => protocol.lost))
    await rounds(5)
    for (const { reasons } of factory.built) {
      expect(reasons).toHaveLength(1)
      expect(['ConnectionLost', 'ConnectionDone']).toContain(reasons[0].value.name)
    }
    expect(factory.built.length).toBeGreaterThanOrEqual(1)
    await last.closed
  })
})

describe('a peer that never reads', () => {
  it('holds its own output only; what waits is bounded by the limit, and abortConnection ends it', async () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    const port = portOf(await listen(reactor, factory))
    const deaf = await rawPeer(port, { paused: true })
    const server = await factory.first
    const { transport } = server
    transport.setWriteLimits({ max: 8 << 20 })
    let refused: unknown = null
    for (let i = 0; i < 1000 && refused === null; i++) {
      try {
        transport.write(new Uint8Array(1 << 20))
      } catch (error) {
        refused = error
      }
      await rounds(1)
    }
    expect(refused).toMatchObject({ name: 'WriteLimitExceeded' })
    expect(transport.writableLength).toBeLessThanOrEqual(8 << 20)
    transport.loseConnection()
    await rounds(20)
    expect([...connections(reactor)][0]).toMatchObject({ state: 'disconnecting', waitingFor: 'peer' })
    const other = await rawPeer(port)
    other.socket.end('x')
    await other.ended
    expect(server.reasons).toEqual([])
    transport.abortConnection()
    expect((await server.lost).value.name).toBe('ConnectionAborted')
    deaf.socket.destroy()
    await Promise.all([deaf.closed, other.closed])
  })

  it('drain with a deadline bounds it', async () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    const port = await listen(reactor, factory)
    const deaf = await rawPeer(portOf(port), { paused: true })
    const server = await factory.first
    server.transport.write(new Uint8Array(32 << 20))
    server.transport.loseConnection()
    await port.drain(100)
    expect(server.reasons.map((reason) => reason.value.name)).toEqual(['ConnectionAborted'])
    deaf.socket.destroy()
    await deaf.closed
  })
})

describe('a peer that never closes', () => {
  it('is not waited for: the end is told at once, and the socket is gone after the linger', async () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    const peer = await rawPeer(portOf(await listen(reactor, factory)), { allowHalfOpen: true })
    const server = await factory.first
    server.transport.write('bye')
    server.transport.loseConnection()
    expect((await server.lost).value.name).toBe('ConnectionDone')
    await peer.ended
    expect(peer.received()).toBe('bye')
    // It goes on talking; what it says is discarded, until the kernel refuses it.
    const talk = setInterval(() => peer.socket.write('and another thing'), 20)
    const { error } = await peer.closed
    clearInterval(talk)
    expect(['ECONNRESET', 'EPIPE']).toContain(error)
    expect(server.received).toBe('')
  })
})

describe('a flood on one connection', () => {
  it('delays timers by its budget and no more', async () => {
    const reactor = newReactor()
    const { client, server } = await pair(reactor)
    const between: number[] = []
    let before = 0
    const tick = (): void => {
      between.push(server.bytes - before)
      before = server.bytes
      if (server.reasons.length === 0) reactor.callLater(0, tick)
    }
    reactor.callLater(0, tick)
    client.transport.write(new Uint8Array(16 << 20))
    client.transport.loseConnection()
    await server.lost
    expect(server.bytes).toBe(16 << 20)
    // A budget, and the read in which it was used up.
    expect(Math.max(...between)).toBeLessThanOrEqual(262_144 + 65_536)
  })

  it('gives each of several that flood the same share', async () => {
    const reactor = newReactor()
    const servers = new TestFactory()
    const port = portOf(await listen(reactor, servers))
    const peers = await Promise.all([1, 2, 3].map(() => rawPeer(port)))
    while (servers.built.length < 3) await rounds(1)
    const protocols = servers.built
    for (const { transport } of protocols) transport.pauseProducing()
    for (const { socket } of peers) socket.end(new Uint8Array(8 << 20))
    await rounds(50)
    const most: number[] = []
    for (const { transport } of protocols) transport.resumeProducing()
    while (protocols.every(({ bytes }) => bytes < 4 << 20)) {
      await rounds(1)
      const counts = protocols.map(({ bytes }) => bytes)
      most.push(Math.max(...counts) - Math.min(...counts))
    }
    await Promise.all(protocols.map(({ lost }) => lost))
    await Promise.all(peers.map(({ closed }) => closed))
    expect(protocols.map(({ bytes }) => bytes)).toEqual([8 << 20, 8 << 20, 8 << 20])
    // Nobody is far behind while there is something to read for everybody.
    expect(most.slice(0, 3).every((gap) => gap <= 3 * 262_144)).toBe(true)
  })
})

describe('no descriptors left', () => {
  let server: Program

  beforeAll(async () => {
    await build()
  }, 120_000)

  it('connections are turned away, open ones go on, and new ones come in again when there are some', async () => {
    const run = 'ulimit -n 60; exec "$0" "$@"'
    server = new Program('/bin/sh', [
      '-c', run, process.execPath, `${root}test/hosts/node/tcp-few-descriptors.mjs`, `${root}dist/whorl.node.js`])
    const [, number] = await server.prints(/"port":(\d+)/)
    const port = Number(number)
    const early = await rawPeer(port)
    server.type('take\n')
    expect((await server.prints(/"full":"(\w+)"/))[1]).toBe('EMFILE')
    for (let i = 0; i < 5; i++) {
      const refused = await rawPeer(port)
      refused.socket.write('anybody?')
      await refused.closed
      expect(refused.received()).toBe('')
    }
    early.socket.write('early')
    await new Promise<void>((resolve) => early.socket.once('data', () => resolve()))
    expect(early.received()).toBe('early')
    server.type('free\n')
    await server.prints(/"free":true/)
    const late = await rawPeer(port)
    late.socket.end('late')
    await late.ended
    expect(late.received()).toBe('late')
    early.socket.end()
    await Promise.all([early.closed, late.closed])
    server.child.stdin.end()
    expect(await server.ended).toEqual({ status: 0, signal: null })
    expect(server.errorText).toBe('')
  })
})
