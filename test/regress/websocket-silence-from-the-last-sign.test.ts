/**
 * Found by test/sim/scenarios/websocket.ts, seed 0: silence was counted from the end of the interval in which the peer
 * was heard last, so that a peer that had gone was asked for a sign of life after up to twice `ping` ms.
 */
import { expect, it } from 'vitest'
import { clientAndPeer, frame, serverAndPeer, TEXT } from '../unit/websocket/support.js'

it.each(['server', 'client'])('the %s asks after `ping` ms of silence, and gives up `pong` ms later', (side) => {
  const options = { timeouts: { ping: 4_000, pong: 2_000 } }
  const { ours, peer, pump, reactor } = side === 'server' ? serverAndPeer(options) : clientAndPeer(options)
  reactor.advance(100)
  peer.send(frame(TEXT, 'the last that is heard', { mask: side === 'server' }))
  pump.flush()
  reactor.advance(3_999)
  pump.flush()
  expect(peer.said).toEqual([])
  reactor.advance(1)
  pump.flush()
  expect(peer.said).toEqual(['ping'])
  reactor.advance(1_999)
  expect(ours.lost).toBeNull()
  reactor.advance(1)
  pump.flush()
  expect(ours.lost!.value).toMatchObject({ code: 'ERR_WEBSOCKET_TIMEOUT' })
})
