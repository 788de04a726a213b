/**
 * A server that echoes to a peer that sends and does not read kept all of it, without end: a peer that is heard of was
 * never asked whether it reads.
 */
import { expect, it } from 'vitest'
import { MemoryReactor } from '../../src/testing/index.js'
import { WebSocketServerFactory } from '../../src/websocket/index.js'
import { compressing, PeerDeflate, until } from '../unit/websocket/deflate-support.js'
import {
  BINARY, bytes, clientAndPeer, CLOSE, closeBody, Echo, frame, serverAndPeer, TEXT,
} from '../unit/websocket/support.js'

const MESSAGE = frame(BINARY, new Uint8Array(60_000), { mask: true })
const OPTIONS = { limits: { backlog: 200_000 }, timeouts: { ping: 1000, pong: 1000, close: 1000 } }

/** A server that is full, because its peer does not read. */
function full() {
  const pair = serverAndPeer(OPTIONS, Echo)
  pair.peer.transport.pauseProducing()
  for (let count = 0; count < 100; count++) {
    pair.peer.send(MESSAGE)
    pair.pump.flush()
  }
  return pair
}

it('keeps a bounded amount, and echoes all of it once the peer reads', () => {
  const { ours, peer, pump, reactor } = full()
  expect(ours.writableLength).toBeGreaterThan(200_000)
  // A chunk more than the limit, and what the pair keeps in between.
  expect(ours.writableLength).toBeLessThan(300_000)
  expect(peer.transport.writableLength).toBeGreaterThan(4_000_000)
  peer.transport.resumeProducing()
  pump.flush()
  expect(ours.heard).toHaveLength(101)
  expect(peer.frames).toHaveLength(100)
  expect(ours.writableLength).toBe(0)
  peer.send(frame(CLOSE, closeBody(1000), { mask: true }))
  pump.flush()
  expect(ours.lost!.value.name).toBe('ConnectionDone')
  expect(reactor.getDelayedCalls()).toEqual([])
})

it('gives a peer up that never reads, though it never stops sending', () => {
  const { ours, pump, reactor } = full()
  reactor.advance(1000)
  reactor.advance(1000)
  reactor.advance(1000)
  pump.flush()
  expect(ours.lost).toBeNull()
  // The time that 16 KB a second would take.
  reactor.advance(30_000)
  pump.flush()
  expect(ours.lost!.value).toMatchObject({ code: 'ERR_WEBSOCKET_TIMEOUT' })
  expect(reactor.getDelayedCalls()).toEqual([])
})

it('does not give a slow peer up that does read', () => {
  const { ours, peer, pump, reactor } = full()
  for (let round = 0; round < 10; round++) {
    reactor.advance(9000)
    peer.transport.resumeProducing()
    pump.flush()
    peer.transport.pauseProducing()
    for (let count = 0; count < 20; count++) {
      peer.send(MESSAGE)
      pump.flush()
    }
  }
  expect(ours.lost).toBeNull()
})

it('closes in order while it is full', () => {
  const { ours, peer, pump, reactor } = full()
  ours.close(4000)
  ours.pauseProducing()
  pump.flush()
  peer.transport.resumeProducing()
  peer.send(frame(CLOSE, closeBody(4000), { mask: true }))
  pump.flush()
  expect(peer.said.at(-1)).toBe('close 4000')
  expect(ours.lost!.value.name).toBe('ConnectionDone')
  expect(reactor.getDelayedCalls()).toEqual([])
})

it('a pause of the user outlasts it, and the other way round', () => {
  const { ours, peer, pump } = full()
  const heard = ours.heard.length
  ours.pauseProducing()
  peer.transport.resumeProducing()
  pump.flush()
  expect(ours.heard).toHaveLength(heard)
  ours.resumeProducing()
  pump.flush()
  expect(ours.heard).toHaveLength(101)
})

it('a limit of the transport that is higher is the one that counts', () => {
  const { ours, peer, pump } = serverAndPeer({ limits: { backlog: 0 } }, Echo)
  ours.transport.setWriteLimits({ high: 10_000_000 })
  peer.transport.pauseProducing()
  for (let count = 0; count < 50; count++) {
    peer.send(MESSAGE)
    pump.flush()
  }
  expect(ours.heard).toHaveLength(51)
})

it('holds for what is compressed, too: bombs that are echoed', async () => {
  const reactor = compressing()
  const { ours, peer, pump } = serverAndPeer({ compression: true, limits: { backlog: 2_000_000 } }, Echo,
    { 'Sec-WebSocket-Extensions': 'permessage-deflate' }, reactor)
  const bomb = frame(TEXT, new PeerDeflate(false).compress(bytes('\0'.repeat(1_000_000))), { mask: true, rsv: 4 })
  expect(bomb.length).toBeLessThan(1100)
  let most = 0
  const { textReceived } = ours
  ours.textReceived = (text) => {
    textReceived.call(ours, text)
    most = Math.max(most, ours.writableLength)
  }
  for (let count = 0; count < 12; count++) peer.send(bomb)
  await until(pump, () => ours.heard.length === 13 && ours.writableLength === 0)
  expect(peer.frames).toHaveLength(12)
  expect(most).toBeLessThanOrEqual(3_000_000)
})

it('a client has no such limit, unless it is told', () => {
  const { ours, peer, pump } = clientAndPeer({}, Echo)
  peer.transport.pauseProducing()
  for (let count = 0; count < 50; count++) {
    peer.send(frame(BINARY, new Uint8Array(60_000)))
    pump.flush()
  }
  expect(ours.heard).toHaveLength(51)
  for (const backlog of [-1, NaN, '1' as never]) {
    expect(() => new WebSocketServerFactory({ limits: { backlog } })).toThrow(RangeError)
  }
  expect(new MemoryReactor().getDelayedCalls()).toEqual([])
})
