import { describe, expect, it } from 'vitest'
import { ConnectionAborted, ConnectionDone, ConnectionLost } from '../../../src/errors/index.js'
import { BufferedProtocol } from '../../../src/protocols/protocol.js'
import type { Failure } from '../../../src/defer/index.js'
import { logged } from '../reactor/log.js'
import { bytes, connected, Recorder } from './fake-channel.js'

class HalfCloseable extends Recorder {
  readConnectionLost(): void {
    this.events.push('read lost')
  }
  writeConnectionLost(): void {
    this.events.push('write lost')
  }
}

describe('closing', () => {
  it('N01 writes after loseConnection are dropped, those before it go out first', () => {
    const { host, channel, transport, protocol } = connected()
    transport.write('before')
    transport.loseConnection()
    transport.loseConnection()
    transport.write('after')
    expect(transport.disconnecting).toBe(true)
    host.settle()
    expect(channel.take()).toEqual(['send before', 'close'])
    expect(protocol.events).toEqual([])
    channel.sink!.closed(null)
    expect(protocol.events).toEqual(['lost ConnectionDone'])
  })

  it('N01 the close waits for what the host has not taken', () => {
    const { host, channel, transport } = connected()
    channel.takes = false
    transport.write('before')
    transport.loseConnection()
    host.settle()
    expect(channel.take()).toEqual(['send before'])
    channel.sink!.sent()
    expect(channel.take()).toEqual(['close'])
  })

  it('N03 after connectionLost everything is a silent no-op', () => {
    const { host, channel, transport, protocol, ended } = connected()
    channel.sink!.closed(null)
    channel.take()
    transport.write('x')
    transport.writeSequence(['x'])
    transport.loseConnection()
    transport.abortConnection()
    transport.loseWriteConnection()
    transport.pauseProducing()
    transport.resumeProducing()
    transport.setTcpNoDelay(true)
    channel.sink!.received(bytes('late'))
    channel.sink!.receivedEnd()
    channel.sink!.sent()
    channel.sink!.finished()
    channel.sink!.closed(new Error('again'))
    host.settle()
    expect(channel.take()).toEqual([])
    expect(protocol.events).toEqual(['lost ConnectionDone'])
    expect(ended).toEqual(['ConnectionDone'])
    expect(transport.connected).toBe(false)
  })

  it('N04 abortConnection: reset at once, connectionLost in a later turn, nothing received in between', () => {
    const { host, channel, transport, protocol } = connected()
    transport.write('dropped')
    transport.abortConnection()
    transport.abortConnection()
    channel.sink!.received(bytes('late'))
    expect(protocol.events).toEqual([])
    expect(channel.take()).toEqual(['reset'])
    host.settle()
    expect(protocol.events).toEqual(['lost ConnectionAborted'])
    expect(protocol.reasons[0].value).toBeInstanceOf(ConnectionAborted)
    expect(channel.take()).toEqual([])
  })

  it('N04 abort while the close is under way still aborts', () => {
    const { host, channel, transport, protocol } = connected()
    transport.loseConnection()
    host.settle()
    transport.abortConnection()
    host.settle()
    channel.sink!.closed(null)
    expect(channel.take()).toEqual(['close', 'reset'])
    expect(protocol.events).toEqual(['lost ConnectionAborted'])
  })

  it('N05 an error in dataReceived is logged, closes the connection, and is the reason', async () => {
    class Broken extends Recorder {
      override dataReceived(): void {
        this.transport.write('last words')
        throw new TypeError('broken')
      }
    }
    const { host, channel, protocol } = connected(new Broken())
    const events = await logged(() => {
      channel.sink!.received(bytes('x'))
      expect(protocol.events).toEqual([])
      channel.sink!.received(bytes('y'))
      host.settle()
      channel.sink!.closed(null)
    })
    expect(events.map((event) => event.failure?.getErrorMessage())).toEqual(['broken'])
    expect(channel.take()).toEqual(['send last words', 'close'])
    expect(protocol.events).toEqual(['lost TypeError'])
  })

  it('an error in connectionMade closes the connection, and is the reason', async () => {
    class Broken extends Recorder {
      override connectionMade(): void {
        throw new TypeError('broken')
      }
    }
    const events = await logged(() => {
      const { host, protocol, channel } = connected(new Broken())
      host.settle()
      expect(protocol.events).toEqual(['lost TypeError'])
      expect(channel.sink).toBe(null)
    })
    expect(events).toHaveLength(1)
  })

  it('an error in connectionLost is logged, and the owner hears of the end all the same', async () => {
    class Broken extends Recorder {
      override connectionLost(): void {
        throw new TypeError('broken')
      }
    }
    const rig = connected(new Broken())
    const events = await logged(() => rig.channel.sink!.closed(null))
    expect(events).toHaveLength(1)
    expect(rig.ended).toEqual(['ConnectionDone'])
  })

  it('what the host reports becomes ConnectionLost with the cause', () => {
    const { channel, protocol } = connected()
    const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    channel.sink!.closed(cause)
    expect(protocol.reasons[0].value).toBeInstanceOf(ConnectionLost)
    expect(protocol.reasons[0].value.cause).toBe(cause)
  })

  it('N13 half-close: the peer is told, may still write, then closes', () => {
    const { host, channel, transport, protocol } = connected(new HalfCloseable())
    channel.sink!.received(bytes('before'))
    channel.sink!.receivedEnd()
    expect(protocol.events).toEqual(['data before', 'read lost'])
    expect(transport.disconnecting).toBe(false)
    transport.write('still')
    transport.loseConnection()
    host.settle()
    expect(channel.take()).toEqual(['send still', 'close'])
    channel.sink!.closed(null)
    expect(protocol.reasons[0].value).toBeInstanceOf(ConnectionDone)
  })

  it('N13 loseWriteConnection: after what was written; reading goes on; both ends closed is the end', () => {
    const { host, channel, transport, protocol } = connected(new HalfCloseable())
    transport.write('all')
    transport.loseWriteConnection()
    transport.loseWriteConnection()
    transport.write('dropped')
    host.settle()
    expect(channel.take()).toEqual(['send all', 'finish'])
    channel.sink!.finished()
    channel.sink!.received(bytes('answer'))
    channel.sink!.receivedEnd()
    expect(protocol.events).toEqual(['write lost', 'data answer', 'read lost'])
    expect(channel.take()).toEqual(['close'])
    channel.sink!.closed(null)
    expect(protocol.events.at(-1)).toBe('lost ConnectionDone')
  })

  it("N14 the peer's end with writes pending: they go out, then ConnectionDone", () => {
    const { host, channel, transport, protocol } = connected()
    channel.takes = false
    transport.write('pending')
    host.settle()
    channel.sink!.receivedEnd()
    transport.write('dropped')
    expect(channel.take()).toEqual(['send pending'])
    channel.sink!.sent()
    expect(channel.take()).toEqual(['close'])
    channel.sink!.closed(null)
    expect(protocol.events).toEqual(['lost ConnectionDone'])
  })

  it("N14 the peer's end stops a producer, which would go on for ever", () => {
    const { host, channel, transport, protocol } = connected()
    const told: string[] = []
    transport.registerProducer({
      pauseProducing: () => told.push('pause'),
      resumeProducing: () => told.push('resume'),
      stopProducing: () => told.push('stop'),
    }, true)
    channel.sink!.receivedEnd()
    host.settle()
    channel.sink!.closed(null)
    expect(told).toEqual(['stop'])
    expect(protocol.events).toEqual(['lost ConnectionDone'])
  })
})

describe('reading', () => {
  it('N19 pauseProducing holds back data and close; what was held comes first on resume, in a later turn', () => {
    const { host, channel, transport, protocol } = connected()
    transport.pauseProducing()
    transport.pauseProducing()
    expect(channel.take()).toEqual(['pause'])
    channel.sink!.received(bytes('a'))
    channel.sink!.received(bytes('b'))
    channel.sink!.receivedEnd()
    host.settle()
    expect(protocol.events).toEqual([])
    transport.resumeProducing()
    expect(protocol.events).toEqual([])
    channel.sink!.received(bytes('c'))
    host.settle()
    expect(protocol.events).toEqual(['data a', 'data b', 'data c'])
    expect(channel.take()).toEqual(['close'])
    channel.sink!.closed(null)
    expect(protocol.events.at(-1)).toBe('lost ConnectionDone')
  })

  it('N19 pausing again while held data is delivered keeps the rest', () => {
    class Stepwise extends Recorder {
      override dataReceived(data: Uint8Array): void {
        super.dataReceived(data)
        this.transport.pauseProducing()
      }
    }
    const { host, channel, transport, protocol } = connected(new Stepwise())
    channel.sink!.received(bytes('a'))
    channel.sink!.received(bytes('b'))
    channel.sink!.received(bytes('c'))
    for (const expected of [1, 2, 3]) {
      host.settle()
      expect(protocol.events).toHaveLength(expected)
      transport.resumeProducing()
    }
    host.settle()
    expect(protocol.events).toEqual(['data a', 'data b', 'data c'])
  })

  it('pausing in connectionMade holds from the first byte', () => {
    class Patient extends Recorder {
      override connectionMade(): void {
        this.transport.pauseProducing()
      }
    }
    const rig = connected(new Patient())
    rig.channel.sink!.received(bytes('a'))
    rig.host.settle()
    expect(rig.protocol.events).toEqual([])
    rig.transport.resumeProducing()
    rig.host.settle()
    expect(rig.protocol.events).toEqual(['data a'])
    expect(rig.channel.take()).toEqual(['resume'])
  })

  it('a flood rests after its budget while something else is to be done, and goes on in the next turn', () => {
    const { host, reactor, channel, transport } = connected()
    reactor.queue.post(() => undefined)
    for (let i = 0; i < 4; i++) channel.sink!.received(new Uint8Array(65_536))
    expect(channel.take()).toEqual(['pause'])
    host.turn()
    expect(channel.take()).toEqual(['resume'])
    expect(transport.bytesIn).toBe(262_144)
  })

  it('a flood that has its reactor for itself goes on for sixteen budgets, or until something else comes', () => {
    const { host, reactor, channel } = connected()
    for (let i = 0; i < 63; i++) channel.sink!.received(new Uint8Array(65_536))
    expect(channel.take()).toEqual([])
    channel.sink!.received(new Uint8Array(65_536))
    expect(channel.take()).toEqual(['pause'])
    host.turn()
    expect(channel.take()).toEqual(['resume'])
    for (let i = 0; i < 20; i++) channel.sink!.received(new Uint8Array(65_536))
    expect(channel.take()).toEqual([])
    reactor.callLater(0, () => undefined)
    channel.sink!.received(new Uint8Array(65_536))
    expect(channel.take()).toEqual(['pause'])
  })

  it('a rest and a pause do not undo each other', () => {
    const { host, reactor, channel, transport } = connected()
    reactor.queue.post(() => undefined)
    for (let i = 0; i < 4; i++) channel.sink!.received(new Uint8Array(65_536))
    transport.pauseProducing()
    host.turn()
    expect(channel.take()).toEqual(['pause'])
    transport.resumeProducing()
    expect(channel.take()).toEqual(['resume'])
  })

  it('stopProducing closes', () => {
    const { host, channel, transport } = connected()
    transport.stopProducing()
    host.settle()
    expect(channel.take()).toEqual(['close'])
  })
})

class Buffered extends BufferedProtocol {
  room = new Uint8Array(4)
  got: string[] = []
  reason: Failure | null = null
  hints: number[] = []
  override getBuffer(hint: number): Uint8Array {
    this.hints.push(hint)
    return this.room
  }
  override bufferUpdated(length: number): void {
    this.got.push(new TextDecoder().decode(this.room.subarray(0, length)))
  }
  override connectionLost(reason: Failure): void {
    this.reason = reason
  }
}

describe('buffered protocols', () => {
  it('lend their arrays to a host that can read into them', () => {
    const { channel, protocol } = connected(new Buffered())
    expect(channel.sink!.lendsBuffers).toBe(true)
    const room = channel.sink!.borrow(100)!
    room.set(bytes('abc'))
    channel.sink!.filled(3)
    expect(protocol.got).toEqual(['abc'])
    expect(protocol.hints).toEqual([100])
  })

  it('get copies from one that cannot', () => {
    const { channel, protocol } = connected(new Buffered())
    channel.sink!.received(bytes('abcdefghi'))
    expect(protocol.got).toEqual(['abcd', 'efgh', 'i'])
  })

  it('an empty array is an error, and ends the connection', async () => {
    const { host, channel, protocol } = connected(new Buffered())
    protocol.room = new Uint8Array(0)
    const events = await logged(() => {
      expect(channel.sink!.borrow(100)).toBe(null)
      host.settle()
    })
    expect(events).toHaveLength(1)
    expect(protocol.reason!.value).toBeInstanceOf(RangeError)
  })
})

describe('options', () => {
  it('no-delay and keep-alive are passed on and remembered', () => {
    const { channel, transport } = connected()
    expect([transport.getTcpNoDelay(), transport.getTcpKeepAlive()]).toEqual([false, false])
    transport.setTcpNoDelay(true)
    transport.setTcpKeepAlive(true)
    expect([transport.getTcpNoDelay(), transport.getTcpKeepAlive()]).toEqual([true, true])
    transport.setTcpNoDelay(false)
    expect(transport.getTcpNoDelay()).toBe(false)
    expect(channel.take()).toEqual(['noDelay true', 'keepAlive true', 'noDelay false'])
  })
})
