import { describe, expect, it } from 'vitest'
import { WriteLimitExceeded, ProducerAlreadyRegistered } from '../../../src/transports/index.js'
import { joinPieces } from '../../../src/transports/write-buffer.js'
import { logged } from '../reactor/log.js'
import { bytes, connected, Recorder } from './fake-channel.js'

const KB64 = 65_536

describe('writing', () => {
  it('all writes of a turn leave as one, at its end', () => {
    const { reactor, channel, transport } = connected()
    reactor.enter()
    transport.write('hé')
    transport.write(bytes('l'))
    transport.writeSequence([bytes('l'), 'o', ''])
    expect(channel.take()).toEqual([])
    expect(transport.writableLength).toBe(6)
    reactor.exit()
    expect(channel.take()).toEqual(['send héllo'])
    expect(transport.writableLength).toBe(0)
    expect(transport.bytesOut).toBe(6)
  })

  it('writes made outside a turn leave as one, when the code that made them is done', () => {
    const { host, channel, transport } = connected()
    transport.write('a')
    transport.write('b')
    expect(channel.take()).toEqual([])
    host.endJobs()
    expect(channel.take()).toEqual(['send ab'])
    transport.write('c')
    host.endJobs()
    expect(channel.take()).toEqual(['send c'])
  })

  it('what is written in answer to received data leaves with it, once', () => {
    class Echo extends Recorder {
      override dataReceived(data: Uint8Array): void {
        for (const byte of data) this.transport.write(Uint8Array.of(byte))
      }
    }
    const { channel } = connected(new Echo())
    channel.sink!.received(bytes('hello'))
    expect(channel.take()).toEqual(['send hello'])
  })

  it('large pieces are not copied, small ones between them are joined', () => {
    const { reactor, channel, transport } = connected()
    reactor.enter()
    transport.write(new Uint8Array(100_000))
    transport.write('a')
    transport.write('b')
    transport.write(new Uint8Array(9_000))
    reactor.exit()
    expect(channel.take()).toEqual(['sendList 100000 2 9000'])
  })

  it('joins every list of pieces to the same bytes', () => {
    const many = Array<number>(100).fill(1000)
    for (const lengths of [[], [1], [1, 1], [8192, 8192], [8193, 1, 1, 8193], many, [70_000, 1, 70_000]]) {
      let next = 0
      const pieces = lengths.map((length: number) => Uint8Array.from({ length }, () => next++ & 255))
      const joined = joinPieces(pieces, (length) => new Uint8Array(length).fill(0xaa))
      expect(joined.flatMap((piece) => [...piece])).toEqual(pieces.flatMap((piece: Uint8Array) => [...piece]))
      expect(joined.length).toBeLessThanOrEqual(pieces.length)
    }
  })

  it('waits for the host before it hands over more', () => {
    const { host, channel, transport } = connected()
    channel.takes = false
    transport.write('a')
    host.endJobs()
    transport.write('b')
    transport.write('c')
    host.endJobs()
    expect(channel.take()).toEqual(['send a'])
    expect(transport.writableLength).toBe(3)
    channel.takes = true
    channel.sink!.sent()
    expect(channel.take()).toEqual(['send bc'])
    expect(transport.writableLength).toBe(0)
  })

  it('refuses what is neither bytes nor text', () => {
    const { transport } = connected()
    for (const bad of [1, null, undefined, {}, [1]]) expect(() => transport.write(bad as never)).toThrow(TypeError)
  })

  it('over max a write throws, and nothing of it is kept', () => {
    const { host, channel, transport } = connected()
    transport.setWriteLimits({ high: 5, max: 10 })
    transport.write('12345678')
    expect(() => transport.write('901')).toThrow(WriteLimitExceeded)
    expect(() => transport.writeSequence(['9', '01'])).toThrow(WriteLimitExceeded)
    transport.write('90')
    host.endJobs()
    expect(channel.take()).toEqual(['send 1234567890'])
    expect(() => transport.setWriteLimits({ low: 6, high: 5 })).toThrow(RangeError)
    expect(() => transport.setWriteLimits({ max: 4 })).toThrow(RangeError)
  })

  it('drain fires at once below the mark, else when all went out, in a later turn', () => {
    const { host, channel, transport } = connected()
    const fired: string[] = []
    transport.drain().addCallback(() => fired.push('empty'))
    expect(fired).toEqual(['empty'])
    channel.takes = false
    transport.write(new Uint8Array(KB64 + 1))
    transport.drain().addCallback(() => fired.push('full'))
    host.settle()
    expect(fired).toEqual(['empty'])
    channel.sink!.sent()
    expect(fired).toEqual(['empty'])
    host.settle()
    expect(fired).toEqual(['empty', 'full'])
  })

  it('drain fails with the reason when the connection ends first, and later too', () => {
    const { host, channel, transport } = connected()
    channel.takes = false
    transport.write(new Uint8Array(KB64 + 1))
    const failed: string[] = []
    transport.drain().addErrback((failure) => failed.push((failure as { value: Error }).value.name))
    host.settle()
    channel.sink!.closed(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
    expect(failed).toEqual(['ConnectionLost'])
    transport.drain().addErrback((failure) => failed.push((failure as { value: Error }).value.name))
    expect(failed).toEqual(['ConnectionLost', 'ConnectionLost'])
  })
})

class Producer {
  calls: string[] = []
  onResume: (() => void) | null = null
  pauseProducing(): void {
    this.calls.push('pause')
  }
  resumeProducing(): void {
    this.calls.push('resume')
    this.onResume?.()
  }
  stopProducing(): void {
    this.calls.push('stop')
  }
}

describe('producers', () => {
  it('N15 a push producer is paused once above 65,536 bytes, resumed once when all went out', () => {
    const { host, channel, transport } = connected()
    const producer = new Producer()
    transport.registerProducer(producer, true)
    channel.takes = false
    transport.write(new Uint8Array(KB64))
    expect(producer.calls).toEqual([])
    transport.write('x')
    transport.write('y')
    expect(producer.calls).toEqual(['pause'])
    host.settle()
    transport.write('z')
    channel.sink!.sent()
    host.settle()
    expect(producer.calls).toEqual(['pause'])
    channel.takes = true
    channel.sink!.sent()
    host.settle()
    expect(producer.calls).toEqual(['pause', 'resume'])
    expect(transport.writableLength).toBe(0)
  })

  it('N15 the marks can be set', () => {
    const { host, channel, transport } = connected()
    const producer = new Producer()
    transport.setWriteLimits({ high: 10, low: 4 })
    transport.registerProducer(producer, true)
    channel.takes = false
    transport.write('1234567890')
    host.settle()
    expect(producer.calls).toEqual([])
    transport.write('abcd')
    expect(producer.calls).toEqual(['pause'])
    channel.sink!.sent()
    host.settle()
    expect(producer.calls).toEqual(['pause', 'resume'])
  })

  it('N16 a second producer throws; on a dead transport a producer is told to stop', () => {
    const { channel, transport } = connected()
    transport.registerProducer(new Producer(), true)
    expect(() => transport.registerProducer(new Producer(), false)).toThrow(ProducerAlreadyRegistered)
    transport.unregisterProducer()
    transport.registerProducer(new Producer(), true)
    transport.unregisterProducer()
    channel.sink!.closed(null)
    const late = new Producer()
    transport.registerProducer(late, false)
    expect(late.calls).toEqual(['stop'])
  })

  it('N16 a producer is told to stop when the connection ends', () => {
    const { channel, transport } = connected()
    const producer = new Producer()
    transport.registerProducer(producer, true)
    channel.sink!.closed(null)
    expect(producer.calls).toEqual(['stop'])
  })

  it('N17 loseConnection waits until the producer unregisters, whose writes still go out', () => {
    const { host, channel, transport } = connected()
    transport.registerProducer(new Producer(), true)
    transport.write('a')
    transport.loseConnection()
    host.settle()
    expect(channel.take()).toEqual(['send a'])
    transport.write('b')
    host.settle()
    transport.unregisterProducer()
    transport.write('dropped')
    host.settle()
    expect(channel.take()).toEqual(['send b', 'close'])
  })

  it('N18 a pull producer is resumed at registration and after each drain, once a turn', () => {
    const { host, channel, transport } = connected()
    const producer = new Producer()
    let left = 3
    producer.onResume = () => {
      if (left-- > 0) transport.write('x')
      else transport.unregisterProducer()
    }
    transport.registerProducer(producer, false)
    expect(producer.calls).toEqual(['resume'])
    host.turn()
    expect(producer.calls).toHaveLength(2)
    host.settle()
    expect(producer.calls).toHaveLength(4)
    expect(channel.take()).toEqual(['send x', 'send x', 'send x'])
  })

  it('a producer that throws ends the connection with its error', async () => {
    const { host, channel, transport, protocol } = connected()
    const producer = new Producer()
    producer.onResume = () => {
      throw new Error('no more')
    }
    const events = await logged(() => {
      transport.setWriteLimits({ high: 0 })
      transport.registerProducer(producer, true)
      transport.write('x')
      host.settle()
    })
    expect(events).toHaveLength(1)
    expect(channel.take()).toEqual(['send x', 'close'])
    expect(protocol.reasons.map((reason) => reason.getErrorMessage())).toEqual(['no more'])
  })
})
