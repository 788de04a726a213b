/** ThrottlingFactory: bytes a second, and connections, on a clock that the test moves. */
import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/defer/index.js'
import { ConnectionDone } from '../../../src/errors/index.js'
import type { IAddress } from '../../../src/interfaces/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import { ThrottlingFactory } from '../../../src/protocols/policies/index.js'
import type { ProtocolWrapper, ThrottlingOptions } from '../../../src/protocols/policies/index.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { Clock } from '../../../src/reactor/clock.js'
import { StringTransport } from '../../../src/testing/string-transport.js'

const PEER: IAddress = { family: 'IPv4', type: 'TCP', host: '192.0.2.7', port: 7 }

function rig(options: ThrottlingOptions) {
  const clock = new Clock()
  const factory = new ThrottlingFactory(Factory.forProtocol(Protocol), { clock, ...options })
  const connect = () => {
    const transport = new StringTransport()
    const wrapper = factory.buildProtocol(PEER) as ProtocolWrapper
    wrapper.makeConnection(transport)
    return { transport, wrapper, user: (wrapper.wrappedProtocol as Protocol).transport }
  }
  return { clock, factory, connect }
}

describe('ThrottlingFactory', () => {
  it('needs a clock only for what is a second, and says so', () => {
    const bare = { clock: null }
    expect(() => rig({ readLimit: 1, ...bare }).factory.doStart()).toThrow(/`clock`/)
    expect(() => rig({ writeLimit: 1, ...bare }).connect()).toThrow(/`clock`/)
    expect(rig({ maxConnectionCount: 1, ...bare }).connect().transport.connected).toBe(true)
    expect(() => rig({ readLimit: 0 })).toThrow(RangeError)
    expect(() => rig({ maxConnectionCount: -1 })).toThrow(RangeError)
  })

  it('refuses connections beyond its number, until one ends', () => {
    const { factory, connect } = rig({ maxConnectionCount: 2 })
    const first = connect()
    connect()
    expect([factory.buildProtocol(PEER), factory.connectionCount]).toEqual([null, 2])
    first.wrapper.connectionLost(new Failure(new ConnectionDone()))
    expect(factory.connectionCount).toBe(1)
    connect()
    factory.wrappedFactory.buildProtocol = () => null
    factory.maxConnectionCount = 3
    expect([factory.buildProtocol(PEER), factory.connectionCount]).toEqual([null, 2])
  })

  it('pauses all reading once a second\'s bytes are read, for as long as the rest takes', () => {
    const { clock, connect, factory } = rig({ readLimit: 1_000 })
    const [one, two] = [connect(), connect()]
    one.wrapper.dataReceived(new Uint8Array(900))
    expect(one.transport.producerState).toBe('producing')
    two.wrapper.dataReceived(new Uint8Array(600))
    expect([one, two].map(({ transport }) => transport.producerState)).toEqual(['paused', 'paused'])
    expect(connect().transport.producerState).toBe('paused')
    expect(factory.readsHeld).toBe(true)
    clock.advance(499)
    expect(one.transport.producerState).toBe('paused')
    clock.advance(1)
    expect([one, two].map(({ transport }) => transport.producerState)).toEqual(['producing', 'producing'])
    // Nothing was saved up.
    one.wrapper.dataReceived(new Uint8Array(100))
    expect(one.transport.producerState).toBe('paused')
    clock.advance(10_000)
    // More than a second's bytes are never saved up.
    one.wrapper.dataReceived(new Uint8Array(1_001))
    expect(one.transport.producerState).toBe('paused')
  })

  it('over any time reads no more than the limit and one burst', () => {
    const { clock, connect } = rig({ readLimit: 1_000 })
    const { wrapper, transport } = connect()
    let read = 0
    for (let ms = 0; ms < 10_000; ms += 1) {
      if (transport.producerState === 'producing') {
        wrapper.dataReceived(new Uint8Array(70))
        read += 70
      }
      clock.advance(1)
    }
    expect(read).toBeGreaterThan(10_000)
    expect(read).toBeLessThan(11_000 + 140)
  })

  it('what a protocol paused itself stays paused', () => {
    const { clock, connect } = rig({ readLimit: 100 })
    const { wrapper, transport, user } = connect()
    wrapper.dataReceived(new Uint8Array(200))
    user.pauseProducing()
    clock.advance(1_000)
    expect(transport.producerState).toBe('paused')
    user.resumeProducing()
    expect(transport.producerState).toBe('producing')
    wrapper.dataReceived(new Uint8Array(300))
    user.resumeProducing()
    expect(transport.producerState).toBe('paused')
  })

  it('pauses a registered push producer, and resumes it; what the transport paused stays paused', () => {
    const { clock, connect } = rig({ writeLimit: 100 })
    const { transport, user } = connect()
    const events: string[] = []
    user.registerProducer({
      pauseProducing: () => events.push('pause'), resumeProducing: () => events.push('resume'),
      stopProducing: () => events.push('stop'),
    }, true)
    user.write(new Uint8Array(150))
    expect(events).toEqual(['pause'])
    clock.advance(500)
    expect(events).toEqual(['pause', 'resume'])
    const below = transport.producer as { pauseProducing(): void, resumeProducing(): void }
    below.pauseProducing()
    user.write('ä'.repeat(50))
    clock.advance(2_000)
    expect(events).toEqual(['pause', 'resume', 'pause'])
    below.resumeProducing()
    expect(events).toEqual(['pause', 'resume', 'pause', 'resume'])
    user.unregisterProducer()
    expect(transport.producer).toBeNull()
    expect(() => user.registerProducer({ resumeProducing() {}, stopProducing() {} }, true)).toThrow(TypeError)
  })

  it('a pull producer is asked for its next piece when there is room again', () => {
    const { clock, connect } = rig({ writeLimit: 100 })
    const { transport, user } = connect()
    let asked = 0
    user.registerProducer({ resumeProducing: () => (asked += 1), stopProducing() {} }, false)
    const below = transport.producer as { resumeProducing(): void }
    below.resumeProducing()
    user.writeSequence([new Uint8Array(100), 'x'])
    below.resumeProducing()
    expect(asked).toBe(1)
    clock.advance(10)
    expect(asked).toBe(2)
  })

  it('drain() waits, and fails when the connection ends first', () => {
    const { clock, connect } = rig({ writeLimit: 100 })
    const { wrapper, user } = connect()
    const seen: string[] = []
    user.drain().addCallback(() => seen.push('at once'))
    user.write(new Uint8Array(200))
    user.drain().addCallback(() => seen.push('later'))
    clock.advance(1_000)
    expect(seen).toEqual(['at once', 'later'])
    user.write(new Uint8Array(200))
    const waiting = user.drain()
    waiting.cancel()
    waiting.addErrback(() => seen.push('cancelled'))
    user.drain().addErrback((failure: Failure) => seen.push(failure.value.name))
    wrapper.connectionLost(new Failure(new ConnectionDone()))
    expect(seen).toEqual(['at once', 'later', 'cancelled', 'ConnectionDone'])
    expect(clock.getDelayedCalls()).toEqual([])
  })
})
