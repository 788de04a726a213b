import process from 'node:process'
import { afterEach, describe, expect, it } from 'vitest'
import { createReactor, reactor as defaultReactor } from '../../../bindings/node/index.js'
import { ConnectionDone } from '../../../src/errors/index.js'
import { Reactor } from '../../../src/reactor/index.js'
import { later, listen, portOf, rawPeer, reactors, Recorder, stopped, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

describe('a reactor of Node', () => {
  it('run handles SIGINT and SIGTERM, stop takes the handlers away, what was written goes out', async () => {
    const reactor = createReactor()
    const before = [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')]
    const done = reactor.run()
    expect([process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')]).toEqual(before.map((n) => n + 1))
    const factory = new TestFactory()
    const peer = await rawPeer(portOf(await listen(reactor, factory)))
    const server = await factory.first
    server.transport.write(new Uint8Array(1 << 20))
    server.transport.write('good bye')
    process.emit('SIGTERM', 'SIGTERM')
    await done
    await peer.closed
    expect(peer.received().length).toBe((1 << 20) + 8)
    expect(factory.events).toEqual(['start', 'stop'])
    expect((await server.lost).value).toBeInstanceOf(ConnectionDone)
    expect([process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')]).toEqual(before)
    expect(reactor.running).toBe(false)
  })

  it('the default reactor is a reactor, the same at every import, and not running', async () => {
    const again = await import('../../../bindings/node/index.js')
    expect(again.reactor).toBe(defaultReactor)
    expect(defaultReactor).toBeInstanceOf(Reactor)
    expect(defaultReactor.running).toBe(false)
  })

  it('reactors are independent of each other', async () => {
    const one = newReactor()
    const two = newReactor()
    const ran: string[] = []
    const done = later()
    one.callLater(5, () => ran.push('one'))
    two.callLater(10, () => {
      ran.push('two')
      done.resolve()
    })
    void one.run()
    await stopped(one)
    await done.promise
    expect(ran).toEqual(['two'])
    expect(one.getDelayedCalls()).toHaveLength(1)
  })

  it('time passes, in order, and zero delays do not wait for a timer', async () => {
    const reactor = newReactor()
    const ran: string[] = []
    const done = later()
    const started = reactor.now()
    reactor.callLater(20, () => {
      ran.push('20')
      done.resolve()
    })
    reactor.callLater(10, () => ran.push('10'))
    reactor.callLater(0, () => ran.push('0'))
    setImmediate(() => ran.push('immediate'))
    await done.promise
    expect(ran).toEqual(['0', 'immediate', '10', '20'])
    expect(reactor.now() - started).toBeGreaterThanOrEqual(20)
  })

  it('a flood from one connection does not hold up another', async () => {
    const reactor = newReactor()
    const order: string[] = []
    const flooded = new (class extends Recorder {
      override dataReceived(data: Uint8Array): void {
        super.dataReceived(data)
        order.push('flood')
      }
    })()
    const pinged = new (class extends Recorder {
      override dataReceived(data: Uint8Array): void {
        super.dataReceived(data)
        order.push('ping')
      }
    })()
    const made = [flooded, pinged]
    const servers = new TestFactory(() => made.shift()!)
    const port = portOf(await listen(reactor, servers))
    const clients = new TestFactory()
    reactor.connectTCP('127.0.0.1', port, clients)
    await servers.first
    reactor.connectTCP('127.0.0.1', port, clients)
    await Promise.all([flooded.made, pinged.made])
    while (clients.built.length < 2) await new Promise((resolve) => setImmediate(resolve))
    // Fill the kernel while nobody reads, then read both in one round.
    flooded.transport.pauseProducing()
    pinged.transport.pauseProducing()
    const [flooder, pinger] = clients.built
    flooder.transport.write(new Uint8Array(16 << 20))
    pinger.transport.write('ping')
    for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve))
    flooded.transport.resumeProducing()
    pinged.transport.resumeProducing()
    await pinged.until('ping')
    // One budget, in chunks as small as the kernel cares to make them, at most twice.
    expect(flooded.bytes).toBeLessThanOrEqual(2 * 262_144)
    flooder.transport.loseConnection()
    await flooded.lost
    expect(flooded.bytes).toBe(16 << 20)
    expect(order.indexOf('ping')).toBeLessThan(order.length - 1)
  })
})
