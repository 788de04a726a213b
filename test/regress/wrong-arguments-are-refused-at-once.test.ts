/**
 * Arguments of the wrong kind that were taken, and did harm later or none could tell where: factories without methods
 * (only logged), producers without methods (a TypeError inside a later turn), half of a `writeSequence` sent, a read
 * buffer of 16-bit numbers filled with widened bytes, arrays and text as the bytes of a parser.
 */
import { describe, expect, it } from 'vitest'
import { createCore } from '../../src/core/index.js'
import { clientFromString, serverFromString } from '../../src/endpoints/index.js'
import { BufferedProtocol, ClientFactory, Factory } from '../../src/protocols/index.js'
import { fakeReactor } from '../unit/reactor/fake-host.js'
import { logged } from '../unit/reactor/log.js'
import { bytes, connected, Recorder } from '../unit/transports/fake-channel.js'

const reactorWithTCP = () => fakeReactor(undefined, {
  listen: () => ({ close: () => undefined }),
  connect: () => ({ cancel: () => undefined }),
}).reactor

describe('a reactor', () => {
  it('wants a factory that can do its part', () => {
    const reactor = reactorWithTCP()
    for (const bad of [null, undefined, 5, {}, Factory, { buildProtocol: () => null }]) {
      expect(() => reactor.listenTCP(80, bad as never)).toThrow(TypeError)
      expect(() => reactor.connectTCP('10.0.0.1', 80, bad as never)).toThrow(TypeError)
    }
    expect(() => reactor.connectTCP('10.0.0.1', 80, new Factory() as never)).toThrow('client factory')
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('wants a host as text and a timeout as a number', () => {
    const reactor = reactorWithTCP()
    for (const bad of [null, undefined, 5, {}]) {
      expect(() => reactor.connectTCP(bad as never, 80, new ClientFactory())).toThrow('a host is')
    }
    for (const bad of [null, 5, {}]) {
      expect(() => reactor.listenTCP(80, new Factory(), { interface: bad as never })).toThrow('a host is')
    }
    for (const bad of ['5', null, 5n, -1, NaN]) {
      expect(() => reactor.connectTCP('10.0.0.1', 80, new ClientFactory(), { timeout: bad as never }))
        .toThrow(RangeError)
    }
  })

  it('is connected through strings only', () => {
    for (const bad of [null, undefined, 5, ['tcp:80']]) {
      expect(() => serverFromString(reactorWithTCP(), bad as never)).toThrow('an endpoint string is text')
      expect(() => clientFromString(reactorWithTCP(), bad as never)).toThrow('an endpoint string is text')
    }
  })
})

describe('a transport', () => {
  it('wants producers that can be told what they must be told', () => {
    const { transport } = connected()
    const pull = { resumeProducing: () => undefined, stopProducing: () => undefined }
    for (const bad of [null, undefined, 5, {}, { resumeProducing: () => undefined }]) {
      expect(() => transport.registerProducer(bad as never, false)).toThrow(TypeError)
      expect(() => transport.registerProducer(bad as never, true)).toThrow(TypeError)
    }
    expect(() => transport.registerProducer(pull, true)).toThrow('pauseProducing')
    transport.registerProducer(pull, false)
    expect(() => transport.registerProducer(pull, false)).toThrow('registered')
  })

  it('writes all of a sequence or nothing', () => {
    const { host, channel, transport } = connected()
    for (const bad of [null, undefined, 5, [1], new Uint16Array(2)]) {
      expect(() => transport.writeSequence(['a', bytes('b'), bad as never])).toThrow(TypeError)
    }
    host.settle()
    expect(channel.take()).toEqual([])
    expect(transport.writableLength).toBe(0)
  })

  it('reads into nothing but a Uint8Array', async () => {
    for (const bad of [new Uint16Array(8), new ArrayBuffer(8), [1, 2], 'text', undefined, { length: 5 }]) {
      const protocol = new (class extends BufferedProtocol {
        reasons: string[] = []

        override getBuffer(): Uint8Array {
          return bad as never
        }

        override bufferUpdated(): void {
          this.reasons.push('updated')
        }

        override connectionLost(reason: { value: Error }): void {
          this.reasons.push(reason.value.message)
        }
      })()
      const { host, channel } = connected(protocol as unknown as Recorder)
      await logged(() => {
        expect(channel.sink!.borrow(10)).toBe(null)
        host.settle()
      })
      expect(protocol.reasons).toEqual(['getBuffer() returned no Uint8Array'])
      expect(() => protocol.dataReceived(bytes('x'))).toThrow('getBuffer() returned no Uint8Array')
    }
  })
})

it('a parser takes nothing but a Uint8Array', () => {
  const core = createCore()
  const got: string[] = []
  const parser = core.lineParser({ handler: { line: (line) => got.push(line) } })
  for (const bad of ['a\r\n', [65, 13, 10], new Uint16Array([65, 13, 10]), new ArrayBuffer(3), null, undefined]) {
    expect(() => parser.receive(bad as never)).toThrow(TypeError)
  }
  parser.receive(bytes('good\r\n'))
  expect(got).toEqual(['good'])
})
