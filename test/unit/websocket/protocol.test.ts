/** The state machine of one WebSocket, against a raw peer: closing, deadlines, heartbeats, pausing, what callbacks throw. */
import { describe, expect, it } from 'vitest'
import type { Failure } from '../../../src/defer/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import { WebSocketServerFactory } from '../../../src/websocket/index.js'
import type { WebSocketOptions } from '../../../src/websocket/index.js'
import {
  BINARY, bytes, clientAndPeer, CLOSE, closeBody, Echo, frame, Listener, PING, PONG, serverAndPeer, TEXT,
} from './support.js'
import type { Pair } from './support.js'

type Side = 'server' | 'client'
const sides: Side[] = ['server', 'client']

function open<P extends Listener = Listener>(side: Side, options: WebSocketOptions = {}, kind?: new () => P): Pair<P> & {
  tell(opcode: number, payload?: Uint8Array | string): void
} {
  const pair = side === 'server' ? serverAndPeer(options, kind) : clientAndPeer(options, kind)
  return {
    ...pair,
    tell: (opcode, payload) => {
      pair.peer.send(frame(opcode, payload, { mask: side === 'server' }))
      pair.pump.flush()
    },
  }
}

/** What is logged while `fn` runs. */
function logged(fn: () => void): string[] {
  const found: string[] = []
  const observer = (event: { message: string }): void => void found.push(event.message)
  logPublisher.addObserver(observer as never)
  try {
    fn()
  } finally {
    logPublisher.removeObserver(observer as never)
  }
  return found
}

describe.each(sides)('our %s', (side) => {
  it('sends and receives', () => {
    const { ours, peer, pump, tell } = open(side)
    ours.sendText('gr\u00fc\u00df \ud83d\ude00 \ud800')
    ours.sendBinary(bytes('x'.repeat(70_000)))
    ours.ping(bytes('hey'))
    pump.flush()
    expect(peer.said).toEqual(['text gr\u00fc\u00df \ud83d\ude00 \ufffd', 'binary 70000 bytes', 'ping hey'])
    tell(PONG, 'hey')
    tell(TEXT, 'hello')
    tell(BINARY, 'data')
    expect(ours.heard).toEqual(['open', 'pong hey', 'text hello', 'binary 4'])
  })

  it('does not change what it sends', () => {
    const { ours, peer, pump } = open(side)
    const data = bytes('y'.repeat(300))
    ours.sendBinary(data)
    pump.flush()
    expect(data).toEqual(bytes('y'.repeat(300)))
    expect(peer.frames[0]!.payload).toEqual(data)
  })

  it('closes in order when it begins', () => {
    const { ours, peer, pump, tell, reactor } = open(side)
    ours.sendText('last')
    ours.close(1000, 'bye')
    ours.sendText('too late')
    ours.ping()
    ours.close(1001)
    pump.flush()
    expect(peer.said).toEqual(['text last', 'close 1000 bye'])
    // Messages on their way are dropped, pings are answered (RFC 6455, 5.5.2).
    tell(TEXT, 'crossing')
    tell(PING, 'still there?')
    expect(peer.said.slice(2)).toEqual(['pong still there?'])
    expect(ours.lost).toBeNull()
    tell(CLOSE, closeBody(1000, 'bye'))
    expect(ours.heard.slice(0, 2)).toEqual(['open', 'close 1000 bye'])
    if (side === 'client') {
      expect(peer.lost).toBeNull()
      peer.transport.loseConnection()
      pump.flush()
    }
    expect(ours.heard.at(-1)).toBe('lost ConnectionDone')
    expect([ours.closeCode, ours.closeReason]).toEqual([1000, 'bye'])
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('closes in order when the peer begins', () => {
    const { ours, peer, pump, tell, reactor } = open(side)
    expect(ours.closeCode).toBeNull()
    tell(CLOSE, closeBody(4321, 'enough'))
    expect(peer.said).toEqual(['close 4321'])
    if (side === 'client') {
      expect(peer.lost).toBeNull()
      peer.transport.loseConnection()
      pump.flush()
    }
    expect(peer.lost).not.toBeNull()
    expect(ours.heard).toEqual(['open', 'close 4321 enough', 'lost ConnectionDone'])
    expect([ours.closeCode, ours.closeReason]).toEqual([4321, 'enough'])
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('never sends 1005: an empty close frame is answered with another', () => {
    const { ours, peer, tell } = open(side)
    tell(CLOSE)
    expect(peer.said).toEqual(['close'])
    expect(ours.closeCode).toBe(1005)
  })

  it('may answer a close frame with words of its own', () => {
    class Polite extends Listener {
      override closeReceived(): void {
        this.sendText('not sent')
        this.close(4000, 'as you like')
        this.sendText('not sent either')
      }
    }
    const { peer, tell } = open(side, {}, Polite)
    tell(CLOSE, closeBody(1000))
    expect(peer.said).toEqual(['text not sent', 'close 4000 as you like'].map((said) => said))
  })

  it('both may begin at once', () => {
    const { ours, peer, pump, tell } = open(side)
    ours.close(1000)
    tell(CLOSE, closeBody(1001))
    if (side === 'client') peer.transport.loseConnection()
    pump.flush()
    expect(peer.said).toEqual(['close 1000'])
    expect(ours.heard).toEqual(['open', 'close 1001', 'lost ConnectionDone'])
  })

  it.each([1005, 1006, 1015, 999, 1004, 2999, 5000, 1.5])('refuses to close with %s', (code) => {
    const { ours, peer, pump } = open(side)
    expect(() => ours.close(code)).toThrow(RangeError)
    expect(() => ours.close(1000, 'x'.repeat(124))).toThrow(RangeError)
    pump.flush()
    expect(peer.said).toEqual([])
    ours.sendText('still open')
    pump.flush()
    expect(peer.said).toEqual(['text still open'])
  })

  it('refuses what cannot be sent', () => {
    const { ours } = open(side)
    expect(() => ours.sendText(5 as never)).toThrow(TypeError)
    expect(() => ours.sendBinary('x' as never)).toThrow(TypeError)
    expect(() => ours.ping('x' as never)).toThrow(TypeError)
    expect(() => ours.ping(new Uint8Array(126))).toThrow(RangeError)
  })

  it('does not wait for ever for the peer\'s close frame', () => {
    const { ours, peer, pump, reactor } = open(side, { timeouts: { close: 3000 } })
    ours.close()
    pump.flush()
    reactor.advance(2999)
    pump.flush()
    expect(ours.lost).toBeNull()
    reactor.advance(1)
    pump.flush()
    expect(ours.lost!.value).toMatchObject({ code: 'ERR_WEBSOCKET_TIMEOUT', closeCode: 1006 })
    expect(ours.closeCode).toBe(1006)
    expect(peer.lost!.value.name).toBe('ConnectionLost')
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('says when the connection ends without a close frame', () => {
    const { ours, peer, pump, reactor } = open(side)
    peer.transport.loseConnection()
    pump.flush()
    expect(ours.heard).toEqual(['open', 'lost WebSocketLost'])
    expect(ours.lost!.value).toMatchObject({ closeCode: 1006 })
    expect(ours.closeCode).toBe(1006)
    expect(reactor.getDelayedCalls()).toEqual([])
    const drained: unknown[] = []
    ours.drain().addErrback((failure: Failure) => drained.push(failure.value.name))
    expect(drained).toEqual(['WebSocketLost'])
    ours.sendText('to nobody')
    ours.close()
  })

  it('says when it was aborted here', () => {
    const { ours, pump } = open(side)
    ours.transport.abortConnection()
    pump.flush()
    expect(ours.heard).toEqual(['open', 'lost ConnectionAborted'])
  })

  it('closes at once when the peer breaks the protocol, and reads no more', () => {
    const { ours, peer, pump, reactor } = open(side)
    peer.send(frame(3, '', { mask: side === 'server' }), frame(TEXT, 'behind', { mask: side === 'server' }))
    pump.flush()
    expect(peer.closeCode).toBe(1002)
    expect(ours.heard).toEqual(['open', 'lost WebSocketLost'])
    expect(ours.lost!.value).toMatchObject({ closeCode: 1002, cause: { code: 'ERR_WEBSOCKET_PARSE' } })
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it.each(['textReceived', 'binaryReceived', 'pongReceived', 'closeReceived'] as const)('what %s throws is 1011', (name) => {
    const { ours, peer, tell } = open(side)
    Object.assign(ours, {
      [name]: () => {
        throw new Error('planted')
      },
    })
    const messages = logged(() => {
      tell({ textReceived: TEXT, binaryReceived: BINARY, pongReceived: PONG, closeReceived: CLOSE }[name])
    })
    expect(messages).toEqual([`${name} of a WebSocket failed`])
    expect(peer.closeCode).toBe(1011)
    expect(ours.lost!.value).toMatchObject({ closeCode: 1011, cause: { message: 'planted' } })
  })

  it('asks a silent peer for a sign of life', () => {
    const { ours, peer, pump, tell, reactor } = open(side, { timeouts: { ping: 1000, pong: 500 } })
    reactor.advance(1000)
    pump.flush()
    expect(peer.said).toEqual(['ping'])
    tell(PONG)
    reactor.advance(500)
    reactor.advance(499)
    pump.flush()
    expect(peer.said).toEqual(['ping'])
    reactor.advance(1)
    pump.flush()
    expect(peer.said).toEqual(['ping', 'ping'])
    // Anything is a sign.
    tell(TEXT, 'here')
    reactor.advance(500)
    expect(ours.lost).toBeNull()
    reactor.advance(500)
    pump.flush()
    expect(peer.said).toHaveLength(3)
    reactor.advance(500)
    pump.flush()
    expect(ours.lost!.value).toMatchObject({ code: 'ERR_WEBSOCKET_TIMEOUT' })
    expect(peer.lost!.value.name).toBe('ConnectionLost')
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  it('asks nobody where it is told not to', () => {
    const { peer, pump, reactor } = open(side, { timeouts: { ping: Infinity } })
    expect(reactor.getDelayedCalls()).toEqual([])
    reactor.advance(1e9)
    pump.flush()
    expect(peer.said).toEqual([])
  })

  it('does not take silence for death while it does not listen', () => {
    const { ours, pump, tell, reactor } = open(side, { timeouts: { ping: 1000, pong: 500 } })
    ours.pauseProducing()
    tell(TEXT, 'held back')
    for (let second = 0; second < 10; second++) reactor.advance(1000)
    pump.flush()
    expect(ours.heard).toEqual(['open'])
    ours.resumeProducing()
    pump.flush()
    expect(ours.heard).toEqual(['open', 'text held back'])
  })

  it('can be paused, in the middle of a burst and from inside a callback', () => {
    class Slow extends Listener {
      override textReceived(message: string): void {
        super.textReceived(message)
        this.pauseProducing()
      }
    }
    const { ours, peer, pump } = open(side, {}, Slow)
    peer.send(...['a', 'b', 'c'].map((one) => frame(TEXT, one, { mask: side === 'server' })))
    pump.flush()
    expect(ours.heard).toEqual(['open', 'text a'])
    ours.resumeProducing()
    expect(ours.heard).toEqual(['open', 'text a', 'text b'])
    ours.resumeProducing()
    ours.resumeProducing()
    pump.flush()
    expect(ours.heard).toEqual(['open', 'text a', 'text b', 'text c'])
  })

  it('reads on to the peer\'s close frame once it is closing, paused or not', () => {
    const { ours, peer, pump, tell } = open(side)
    ours.pauseProducing()
    tell(TEXT, 'never seen')
    ours.close()
    pump.flush()
    tell(CLOSE, closeBody(1000))
    if (side === 'client') peer.transport.loseConnection()
    pump.flush()
    expect(ours.heard).toEqual(['open', 'close 1000', 'lost ConnectionDone'])
  })

  it('holds a peer back that it does not read', () => {
    const { ours, peer, pump } = open(side)
    ours.pauseProducing()
    const large = frame(BINARY, new Uint8Array(500_000), { mask: side === 'server' })
    for (let count = 0; count < 8; count++) peer.send(large.slice())
    pump.flush()
    expect(peer.transport.writableLength).toBeGreaterThan(1_000_000)
    ours.resumeProducing()
    pump.flush()
    expect(peer.transport.writableLength).toBe(0)
    expect(ours.binaries).toHaveLength(8)
  })

  it('answers only the last of the pings of a peer that does not read', () => {
    const { ours, peer, pump } = open(side)
    peer.transport.pauseProducing()
    for (let count = 0; count < 1000; count++) {
      peer.send(...Array.from({ length: 20 }, () => frame(PING, 'x'.repeat(120), { mask: side === 'server' })))
      pump.flush()
    }
    // 20,000 pings of 120 bytes are 2.4 MB of answers.
    expect(ours.writableLength).toBeLessThan(200_000)
    peer.send(frame(PING, 'last', { mask: side === 'server' }))
    pump.flush()
    peer.transport.resumeProducing()
    pump.flush()
    expect(peer.said.at(-1)).toBe('pong last')
    expect(peer.said.length).toBeLessThan(2000)
  })

  it('drains', () => {
    const { ours, peer, pump } = open(side)
    const order: string[] = []
    ours.drain().addCallback(() => order.push('empty'))
    peer.transport.pauseProducing()
    for (let count = 0; count < 20; count++) ours.sendBinary(new Uint8Array(100_000))
    pump.flush()
    expect(ours.writableLength).toBeGreaterThan(1_000_000)
    ours.drain().addCallback(() => order.push('drained'))
    expect(order).toEqual(['empty'])
    peer.transport.resumeProducing()
    pump.flush()
    expect(order).toEqual(['empty', 'drained'])
  })

  it('gives a peer that is slow, but reads, the time to read what was sent before the close frame', () => {
    const { ours, peer, pump, reactor } = open(side, { timeouts: { close: 1000 } })
    peer.transport.pauseProducing()
    for (let count = 0; count < 32; count++) ours.sendBinary(new Uint8Array(100_000))
    ours.close()
    // 3.2 MB at 16 bytes a millisecond.
    reactor.advance(200_000)
    pump.flush()
    expect(ours.lost).toBeNull()
    reactor.advance(1100)
    pump.flush()
    expect(ours.lost!.value).toMatchObject({ code: 'ERR_WEBSOCKET_TIMEOUT' })
  })

  it('is told of each message once, however it is cut', () => {
    const mask = side === 'server'
    const whole = [frame(TEXT, 'one', { mask }), frame(PING, 'p', { mask }), frame(BINARY, 'x'.repeat(130), { mask }), frame(TEXT, '', { mask })]
      .reduce((all, one) => Uint8Array.from([...all, ...one]), new Uint8Array(0))
    for (let cut = 0; cut <= whole.length; cut++) {
      const { ours, peer, pump } = open(side)
      for (const piece of [whole.slice(0, cut), whole.slice(cut)]) {
        peer.transport.write(piece)
        pump.flush()
      }
      expect(ours.heard).toEqual(['open', 'text one', 'binary 130', 'text '])
      expect(peer.said).toEqual(['pong p'])
    }
  })

  it('one write of the transport carries all of a turn', () => {
    const { ours, peer, pump } = open(side)
    let chunks = 0
    const { dataReceived } = peer
    peer.dataReceived = (data) => {
      chunks += 1
      dataReceived.call(peer, data)
    }
    for (let count = 0; count < 50; count++) ours.sendText(`message ${count}`)
    pump.flush()
    expect(chunks).toBe(1)
    expect(peer.said).toHaveLength(50)
  })
})

describe('a factory', () => {
  it('knows who is open, and closes them all', () => {
    const { ours, peer, pump } = serverAndPeer()
    const factory = new WebSocketServerFactory()
    expect(factory.connections.size).toBe(0)
    const mine = ours.factory as WebSocketServerFactory
    expect([...mine.connections]).toEqual([ours])
    mine.closeAll()
    pump.flush()
    expect(peer.said).toEqual(['close 1001'])
    peer.send(frame(CLOSE, closeBody(1001), { mask: true }))
    pump.flush()
    expect(mine.connections.size).toBe(0)
    expect(ours.request).toMatchObject({ path: '/chat', method: 'GET', host: 'example.com' })
    expect([...ours.request!.query]).toEqual([])
  })

  it('echoes what its protocol echoes', () => {
    const { peer, pump } = serverAndPeer({}, Echo)
    peer.send(frame(TEXT, 'hello', { mask: true }))
    pump.flush()
    expect(peer.said).toEqual(['text hello'])
  })
})
