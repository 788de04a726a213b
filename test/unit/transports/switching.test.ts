/** switchProtocol: one connection, another protocol. */
import { describe, expect, it } from 'vitest'
import type { IAddress } from '../../../src/interfaces/index.js'
import { BufferedProtocol } from '../../../src/protocols/protocol.js'
import type { StreamTransport } from '../../../src/transports/index.js'
import { logged } from '../reactor/log.js'
import { bytes, connected, Recorder } from './fake-channel.js'

const ELSEWHERE: IAddress = { family: 'hostname', type: 'TCP', host: 'example.com', port: 443 }

class HalfCloseable extends Recorder {
  readConnectionLost(): void {
    this.events.push('read lost')
  }
  writeConnectionLost(): void {
    this.events.push('write lost')
  }
}

describe('switchProtocol', () => {
  it('bytes and the end go to the new protocol, and the former hears nothing more', () => {
    const { channel, transport, protocol } = connected()
    channel.sink!.received(bytes('a'))
    const next = new Recorder()
    transport.switchProtocol(next)
    expect(next.transport).toBe(transport)
    expect(transport.protocol).toBe(next)
    channel.sink!.received(bytes('b'))
    channel.sink!.closed(null)
    expect(protocol.events).toEqual(['data a'])
    expect(next.events).toEqual(['data b', 'lost ConnectionDone'])
  })

  it('from inside dataReceived: rest comes first, then what is received later', () => {
    const next = new Recorder()
    const { channel } = connected(new (class extends Recorder {
      override dataReceived(data: Uint8Array): void {
        super.dataReceived(data)
        if (this.events.length === 1) {
          (this.transport as never as StreamTransport).switchProtocol(next, { rest: data.subarray(2) })
        }
      }
    })())
    channel.sink!.received(bytes('12three'))
    channel.sink!.received(bytes('four'))
    expect(next.events).toEqual(['data three', 'data four'])
  })

  it('addresses that the former has learnt replace those of the channel', () => {
    const { transport } = connected()
    const seen: IAddress[] = []
    transport.switchProtocol(new (class extends Recorder {
      override connectionMade(): void {
        seen.push(this.transport.getPeer(), this.transport.getHost())
      }
    })(), { peer: ELSEWHERE })
    expect(seen).toEqual([ELSEWHERE, { family: 'memory', type: 'memory', name: 'host' }])
  })

  it('while paused, rest waits with the others, in order', () => {
    const { host, channel, transport } = connected()
    transport.pauseProducing()
    channel.sink!.received(bytes('2'))
    const next = new Recorder()
    transport.switchProtocol(next, { rest: bytes('1') })
    expect(next.events).toEqual([])
    transport.resumeProducing()
    host.settle()
    expect(next.events).toEqual(['data 1', 'data 2'])
  })

  it('a protocol that is read in place, and one that is not, follow each other', () => {
    const { channel, transport } = connected()
    class InPlace extends BufferedProtocol {
      room = new Uint8Array(4)
      got: string[] = []
      override getBuffer(): Uint8Array {
        return this.room
      }
      override bufferUpdated(length: number): void {
        this.got.push(new TextDecoder().decode(this.room.subarray(0, length)))
      }
    }
    const sink = channel.sink!
    const inPlace = new InPlace()
    transport.switchProtocol(inPlace, { rest: bytes('ab') })
    expect(sink.lendsBuffers).toBe(true)
    sink.borrow(10)!.set(bytes('cd'))
    sink.filled(2)
    const lent = sink.borrow(10)!
    const last = new Recorder()
    transport.switchProtocol(last)
    // A host that was in the middle of a read: what it read is not lost.
    lent.set(bytes('ef'))
    sink.filled(2)
    expect(inPlace.got).toEqual(['ab', 'cd'])
    expect(last.events).toEqual(['data ef'])
    const ours = sink.borrow(10)!
    ours.set(bytes('gh'))
    sink.filled(2)
    expect(last.events).toEqual(['data ef', 'data gh'])
  })

  it('the half that has ended already is told to the new one, after rest', () => {
    const { channel, transport } = connected(new HalfCloseable())
    channel.sink!.receivedEnd()
    const next = new HalfCloseable()
    transport.switchProtocol(next, { rest: bytes('x') })
    expect(next.events).toEqual(['data x', 'read lost'])
    expect(transport.disconnecting).toBe(false)
  })

  it('a new one that cannot half-close closes then', () => {
    const { host, channel, transport } = connected(new HalfCloseable())
    channel.sink!.receivedEnd()
    transport.switchProtocol(new Recorder())
    host.settle()
    expect(transport.disconnecting).toBe(true)
    expect(channel.take()).toContain('close')
  })

  it('an error of its connectionMade is the reason of the end, and it hears of it', async () => {
    const { host, transport, protocol } = connected()
    const next = new (class extends Recorder {
      override connectionMade(): void {
        throw new RangeError('made')
      }
    })()
    await logged(() => {
      transport.switchProtocol(next, { rest: bytes('x') })
      host.settle()
    })
    expect(next.events).toEqual(['lost RangeError'])
    expect(protocol.events).toEqual([])
  })

  it('is refused for what is no protocol, and after the end', () => {
    const { channel, transport } = connected()
    expect(() => transport.switchProtocol({} as never)).toThrow(TypeError)
    expect(() => transport.switchProtocol(new Recorder(), { rest: 'x' as never })).toThrow(TypeError)
    channel.sink!.closed(null)
    expect(() => transport.switchProtocol(new Recorder())).toThrow('no connection')
  })
})
