/** Small things that a review of the WebSockets found; each says what was wrong. */
import { describe, expect, it } from 'vitest'
import { MemoryReactor } from '../../src/testing/index.js'
import { WriteLimitExceeded } from '../../src/transports/index.js'
import { parseSubprotocols } from '../../src/websocket/extensions.js'
import { WebSocketProtocol, WebSocketServerFactory } from '../../src/websocket/index.js'
import { compressing, until } from '../unit/websocket/deflate-support.js'
import {
  clientAndPeer, CLOSE, closeBody, frame, Listener, PING, request, serverAndPeer, TEXT,
} from '../unit/websocket/support.js'

describe.each(['server', 'client'] as const)('our %s', (side) => {
  const mask = side === 'server'
  const open = <P extends Listener>(options = {}, kind: new () => P = Listener as never) =>
    side === 'server' ? serverAndPeer(options, kind) : clientAndPeer(options, kind)

  // The timer was armed again behind the end.
  it.each([false, true])('aborted inside closeReceived, closing before: %s', (isFirst) => {
    class Rude extends Listener {
      override closeReceived(): void {
        this.transport.abortConnection()
      }
    }
    const { ours, peer, pump, reactor } = open({}, Rude)
    if (isFirst) ours.close()
    peer.send(frame(CLOSE, closeBody(1000), { mask }))
    pump.flush()
    expect(ours.lost).not.toBeNull()
    expect(reactor.getDelayedCalls()).toEqual([])
  })

  // A ping or pong over the transport's limit threw: out of the timer, or as the end of the connection.
  it('pings and pongs that are over the limit of the transport are left out', () => {
    const { ours, peer, pump, reactor } = open({ timeouts: { ping: 1000, pong: 1000 } })
    ours.transport.setWriteLimits({ high: 10, max: 100 })
    peer.transport.pauseProducing()
    ours.sendText('x'.repeat(90))
    peer.send(frame(PING, 'x'.repeat(50), { mask }))
    pump.flush()
    expect(() => reactor.advance(1000)).not.toThrow()
    reactor.advance(1000)
    expect(ours.lost).toBeNull()
    reactor.advance(1000)
    reactor.advance(1000)
    pump.flush()
    expect(ours.lost!.value).toMatchObject({ code: 'ERR_WEBSOCKET_TIMEOUT' })
  })

  // The close frame threw instead of ending the connection.
  it('is given up when not even the close frame is under that limit', () => {
    const { ours, peer, pump } = open()
    ours.transport.setWriteLimits({ high: 10, max: 100 })
    peer.transport.pauseProducing()
    ours.sendText('x'.repeat(90))
    peer.send(frame(3, '', { mask }))
    pump.flush()
    expect(ours.lost!.value).toMatchObject({ code: 'ERR_WEBSOCKET_LOST', closeCode: 1002 })
  })
})

// It threw in the codec's callback, where nobody could catch it.
it('a compressed message that is over the limit of the transport ends the connection', async () => {
  const { ours, peer, pump } = serverAndPeer({ compression: true }, Listener,
    { 'Sec-WebSocket-Extensions': 'permessage-deflate' }, compressing())
  ours.transport.setWriteLimits({ high: 10, max: 100 })
  const noise = Array.from({ length: 20_000 }, (_, at) => String.fromCharCode(32 + at * at * 7919 % 90)).join('')
  peer.transport.pauseProducing()
  ours.sendText('x'.repeat(80))
  pump.flush()
  // Short ones are compressed at once, and whoever sends them can catch it.
  expect(() => ours.sendText(noise.slice(0, 4000))).toThrow(WriteLimitExceeded)
  ours.sendText(noise)
  await until(pump, () => ours.lost !== null)
  expect(ours.lost!.value).toMatchObject({ closeCode: 1011, cause: { code: 'ERR_TRANSPORT_WRITE_LIMIT' } })
})

// The peer of a server was not told why.
it('connectionMade that throws is 1011', () => {
  class Broken extends Listener {
    override connectionMade(): void {
      throw new Error('planted')
    }
  }
  const { peer, pump, reactor } = serverAndPeer({}, Broken)
  pump.flush()
  expect(peer.said).toEqual(['close 1011 connectionMade failed'])
  expect(peer.lost).not.toBeNull()
  expect(reactor.getDelayedCalls()).toEqual([])
})

// A TypeError about undefined.
it('a protocol that was accepted and is not connected yet says so', () => {
  const factory = WebSocketServerFactory.forProtocol(Listener)
  let made: WebSocketProtocol | null = null
  const { buildProtocol } = factory
  factory.buildProtocol = (address) => made = buildProtocol.call(factory, address) as WebSocketProtocol
  factory.acceptRequest(request(), new MemoryReactor())
  expect(() => made!.sendText('early')).toThrow('has no connection yet')
  expect(made!.writableLength).toBe(0)
})

it('whoever forgets super still gets messages, and an end', () => {
  class Forgetful extends Listener {
    override makeConnection(): void {}
    override connectionLost(): void {
      this.heard.push('lost')
    }
  }
  const { ours, peer, pump, reactor } = serverAndPeer({}, Forgetful)
  peer.send(frame(TEXT, 'hi', { mask: true }), frame(CLOSE, closeBody(1000), { mask: true }))
  pump.flush()
  expect(ours.heard).toEqual(['text hi', 'close 1000', 'lost'])
  expect(reactor.getDelayedCalls()).toEqual([])
})

describe('requests', () => {
  const ask = (fields: Record<string, string | string[] | null>, rest = {}, options = {}) => {
    const answer = new WebSocketServerFactory(options)
    answer.protocol = Listener
    return answer.acceptRequest(request(fields, rest), new MemoryReactor())
  }

  // RFC 9110, 15.5.22: it has to.
  it('426 for a version says what to upgrade to', () => {
    expect(ask({ 'Sec-WebSocket-Version': '8' })).toMatchObject({
      status: 426, headers: { 'Upgrade': 'websocket', 'Connection': 'Upgrade', 'Sec-WebSocket-Version': '13' },
    })
  })

  // A page that came without TLS counted as the same as one that came with it.
  it.each([
    ['https://example.com', true, true], ['http://example.com', true, false], ['http://example.com', false, true],
    ['https://example.com', false, true], ['ftp://example.com', false, false], ['null', false, false],
    ['https://example.com.evil.example', true, false], ['HTTPS://EXAMPLE.com', true, true],
  ])('the origin %s, with TLS: %s, is the same: %s', (origin, isSecure, isSame) => {
    expect('protocol' in ask({ Origin: origin }, { isSecure }, { origins: 'same' })).toBe(isSame)
  })

  it.each([
    ['Upgrade', 'WebSocket', 101], ['Upgrade', 'h2c, WEBSOCKET', 101], ['Upgrade', ['h2c', 'websocket'], 101],
    ['Upgrade', 'websockets', 426], ['Connection', 'close, UPGRADE', 101], ['Connection', ['keep-alive', 'upgrade'], 101],
    ['Sec-WebSocket-Key', ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ=='], 400],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZR==', 400], ['Sec-WebSocket-Key', '', 400],
    ['Sec-WebSocket-Version', ['13', '13'], 400], ['Sec-WebSocket-Version', '13, 8', 400],
    ['Sec-WebSocket-Version', '013', 426], ['Origin', ['https://a.example', 'https://b.example'], 400],
    ['Transfer-Encoding', 'chunked', 400], ['Content-Length', '0', 101],
    ['Sec-WebSocket-Extensions', 'permessage-deflate; server_max_window_bits=99', 101],
  ])('%s: %s gets %i', (name, value, status) => {
    const answer = ask({ [name]: value as string })
    expect('status' in answer ? answer.status : 101).toBe(status)
  })

  it('subprotocols are read as a list of tokens', () => {
    expect(parseSubprotocols(' a\t, ,b,,')).toEqual(['a', 'b'])
    for (const field of ['', ',', 'a b', 'a,\u00a0b', 'a, a', 'a;b']) expect(parseSubprotocols(field)).toBeNull()
  })

  // Blanks inside of a name took a time that grew with the square of their number.
  it('and a field of blanks takes no longer than others', () => {
    // The square of it would be an hour; the test's own time limit would end it.
    expect(parseSubprotocols(`a${' '.repeat(3_000_000)}b`)).toBeNull()
  })
})
