/** Port forwarding over real sockets: bytes, ends, refusals, and what a target that never reads can cost. */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { TCP4ClientEndpoint } from '../../../src/endpoints/index.js'
import type { Failure } from '../../../src/defer/index.js'
import type { Relay } from '../../../src/protocols/portforward.js'
import { PortForwardFactory } from '../../../src/protocols/portforward.js'
import type { Reactor } from '../../../src/reactor/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'
import { later, listen, portOf, rawPeer, reactors } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const makeReactor = reactors(afterEach)
const servers: Server[] = []
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
})

/** A target that is not ours. */
async function target(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

class Recording extends PortForwardFactory {
  readonly events: string[] = []
  readonly joined = later<{ client: Relay, target: Relay }>()
  readonly over = later<Failure>()

  override forwarding(client: Relay, target: Relay): void {
    super.forwarding(client, target)
    this.events.push('forwarding')
    this.joined.resolve({ client, target })
  }

  override forwardingFailed(_client: Relay, reason: Failure): void {
    this.events.push(`failed ${reason.value.name}`)
  }

  override forwardingEnded(client: Relay, reason: Failure): void {
    super.forwardingEnded(client, reason)
    this.events.push(`ended ${reason.value.name}`)
    this.over.resolve(reason)
  }
}

async function forwarder(reactor: Reactor, to: number): Promise<{ factory: Recording, port: number }> {
  const factory = new Recording(new TCP4ClientEndpoint(reactor, '127.0.0.1', to))
  return { factory, port: portOf(await listen(reactor, factory)) }
}

describe('PortForwardFactory', () => {
  it('carries bytes both ways, and what was sent before the target was there', async () => {
    const to = await target((socket) => {
      socket.on('data', (data) => socket.write(`<${data.toString()}>`))
      socket.on('end', () => socket.end())
    })
    const { factory, port } = await forwarder(makeReactor(), to)
    const peer = await rawPeer(port)
    peer.socket.write('hello')
    await expect.poll(peer.received, { timeout: 10_000 }).toBe('<hello>')
    const { client, target: far } = await factory.joined.promise
    expect([client.bytes, far.bytes]).toEqual([5, 7])
    peer.socket.destroy()
    await factory.over.promise
    expect(factory.forwarded.size).toBe(0)
  })

  it('hands on the end of one direction, and goes on with the other', async () => {
    const to = await target((socket) => {
      let got = ''
      socket.on('data', (data) => (got += data.toString()))
      socket.on('end', () => socket.end(`all of ${got}`))
    })
    const { factory, port } = await forwarder(makeReactor(), to)
    const peer = await rawPeer(port, { allowHalfOpen: true })
    peer.socket.end('question')
    await peer.ended
    expect(peer.received()).toBe('all of question')
    expect((await factory.over.promise).value.name).toBe('ConnectionDone')
    expect(factory.events).toEqual(['forwarding', 'ended ConnectionDone'])
  })

  it('hands on a reset as a reset', async () => {
    const to = await target((socket) => socket.on('data', () => socket.resetAndDestroy()))
    const { factory, port } = await forwarder(makeReactor(), to)
    const peer = await rawPeer(port)
    peer.socket.write('x')
    expect(await peer.closed).toEqual({ error: 'ECONNRESET' })
    await factory.over.promise
    expect(factory.events.at(-1)).toBe('ended ConnectionAborted')
  })

  it('resets those it has nobody to join to', async () => {
    const to = await target(() => undefined)
    await new Promise((resolve) => servers.pop()!.close(resolve))
    const { factory, port } = await forwarder(makeReactor(), to)
    const peer = await rawPeer(port)
    expect(await peer.closed).toEqual({ error: 'ECONNRESET' })
    expect(factory.events).toEqual(['failed ConnectionRefusedError'])
  })

  it('what an owner throws resets the connection, and does not leave it waiting', async () => {
    const to = await target(() => undefined)
    const { factory, port } = await forwarder(makeReactor(), to)
    factory.forwarding = () => { throw new Error('planted') }
    const logged: unknown[] = []
    const observer = (event: LogEvent): void => void logged.push(event.failure?.value.message)
    logPublisher.addObserver(observer)
    const peer = await rawPeer(port)
    const closed = await peer.closed
    logPublisher.removeObserver(observer)
    expect(closed).toEqual({ error: 'ECONNRESET' })
    expect(logged).toEqual(['planted'])
  })

  it('nothing is left of 200 connections that end in every way, at every time, on both sides', async () => {
    // The same mixture of ends each time, if not the same order.
    let state = 20_261_122
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor(state / 2 ** 32 * below)
    }
    const act = (socket: Socket): void => {
      if (socket.destroyed) return
      const what = random(10)
      if (what < 5) {
        if (!socket.writableEnded) socket.write(Buffer.alloc(random(200_000)))
        if (what === 0) socket.pause()
        if (what === 1) socket.resume()
      } else if (what < 8) socket.end()
      else if (what === 8) socket.destroy()
      else socket.resetAndDestroy()
      setImmediate(act, socket)
    }
    const to = await target((socket) => {
      socket.resume()
      act(socket)
    })
    const reactor = makeReactor()
    const { factory, port } = await forwarder(reactor, to)
    const left = new Set<Socket>()
    for (let made = 0; made < 200; made++) {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      left.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => left.delete(socket))
      socket.resume()
      if (random(2) === 0) socket.once('connect', () => act(socket))
      else setImmediate(act, socket)
    }
    await expect.poll(() => [left.size, factory.forwarded.size, [...reactor.openTransports()].length],
      { timeout: 18_000 }).toEqual([0, 0, 0])
  }, 30_000)

  it('keeps no more than its write limits for a target that does not read', async () => {
    const to = await target((socket) => socket.pause())
    const { factory, port } = await forwarder(makeReactor(), to)
    const peer = await rawPeer(port)
    const chunk = Buffer.alloc(65_536)
    const { target: far } = await factory.joined.promise
    let most = 0
    // Until the sender is held back: the kernels' buffers are full, and the forwarder takes nothing more.
    for (let quiet = 0, last = -1; quiet < 20;) {
      if (peer.socket.writableLength < 2 ** 20) peer.socket.write(chunk)
      await new Promise((resolve) => setTimeout(resolve, 5))
      most = Math.max(most, far.transport.writableLength)
      const taken = peer.socket.bytesWritten - peer.socket.writableLength
      quiet = taken === last ? quiet + 1 : 0
      last = taken
    }
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(65_536 + 65_536)
    peer.socket.destroy()
    sockets[0]!.destroy()
    await factory.over.promise
  })
})
