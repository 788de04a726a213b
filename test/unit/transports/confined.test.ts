/**
 * Whoever was given a transport, a port or a connector reaches through it neither the reactor nor the channel nor the
 * connection behind it: not by properties, prototypes, symbols, or what is handed to its own objects.
 */
import { describe, expect, it } from 'vitest'
import type { ListenSink, StreamSink } from '../../../src/interfaces/index.js'
import { ClientFactory, Factory } from '../../../src/protocols/factory.js'
import type { Reactor } from '../../../src/reactor/index.js'
import { fakeReactor } from '../reactor/fake-host.js'
import { connected, FakeChannel, Recorder } from './fake-channel.js'

/** Everything that can be reached from a value without calling anything but getters. */
function reachable(from: unknown): Set<unknown> {
  const seen = new Set<unknown>()
  const queue: unknown[] = [from]
  while (queue.length > 0) {
    const value = queue.pop()
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue
    if (value === globalThis) continue
    seen.add(value)
    queue.push(Object.getPrototypeOf(value))
    for (const key of Reflect.ownKeys(value)) {
      const found = Object.getOwnPropertyDescriptor(value, key)!
      queue.push(found.value, found.get, found.set)
      if (found.get !== undefined) {
        try {
          queue.push(Reflect.get(value, key, from))
        } catch {
          // Not for this object.
        }
      }
    }
  }
  return seen
}

function names(values: Set<unknown>): string[] {
  const found = new Set<string>()
  for (const value of values) {
    const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null
    found.add(prototype?.constructor?.name ?? '')
  }
  return [...found]
}

describe('what can be reached', () => {
  it.each(['fresh', 'with everything in use'])('from a transport, %s', (state) => {
    const { reactor, channel, transport } = connected(new Recorder())
    if (state !== 'fresh') {
      void transport.readable
      void transport.writable
      transport.setWriteLimits({ high: 0 })
      transport.registerProducer({ pauseProducing() {}, resumeProducing() {}, stopProducing() {} }, true)
      transport.write('x')
      void transport.drain()
    }
    const found = reachable(transport)
    expect(found.size).toBeGreaterThan(20)
    expect(found.has(reactor)).toBe(false)
    expect(found.has(channel)).toBe(false)
    expect(found.has(channel.sink)).toBe(false)
    expect(names(found)).not.toContain('StreamConnection')
    expect(names(found)).not.toContain('TurnQueue')
  })

  it('the search finds what is not hidden', () => {
    const { reactor, transport } = connected()
    for (const open of [{ a: { get b() { return reactor } } }, Object.assign(() => 1, { [Symbol('x')]: reactor })]) {
      expect(reachable(open).has(reactor)).toBe(true)
    }
    expect(reachable({ transport }).has(transport)).toBe(true)
  })

  it('from a port and a connector, and by pretending to be a host to them', () => {
    const sinks: ListenSink[] = []
    const { reactor } = fakeReactor({}, {
      listen: (_request, sink) => {
        sinks.push(sink)
        return { close: () => undefined }
      },
      connect: () => ({ cancel: () => undefined }),
    })
    const port = reactor.listenTCP(0, Factory.forProtocol(Recorder))
    const connector = reactor.connectTCP('127.0.0.1', 1, new ClientFactory())
    for (const object of [port, connector]) {
      const found = reachable(object)
      expect(found.has(reactor)).toBe(false)
      expect(found.has(sinks[0])).toBe(false)
    }
    expect('accepted' in port).toBe(false)
    const stolen: StreamSink[] = []
    const channel = new (class extends FakeChannel {
      override open(sink: StreamSink): void {
        stolen.push(sink)
      }
    })()
    const forged = connector as unknown as { attemptConnected(attempt: object, channel: FakeChannel): void }
    forged.attemptConnected({}, channel)
    expect(stolen).toEqual([])
  })

  it('a transport that is made from its class has nothing that its maker did not have', () => {
    const { transport } = connected()
    const Made = transport.constructor as new (reactor: Reactor, channel: FakeChannel, owner: null) => typeof transport
    expect(() => new Made({} as Reactor, new FakeChannel(), null)).toThrow()
    expect(() => transport.start(new Recorder())).toThrow(TypeError)
  })
})
