/**
 * A message that began with an empty fragment was not known of outside of the core: behind a control frame in a chunk
 * of its own, another short message was taken from its chunk as it was, inside of the first one.
 */
import { describe, expect, it } from 'vitest'
import {
  BINARY, clientAndPeer, CONTINUATION, frame, PING, serverAndPeer, TEXT,
} from '../unit/websocket/support.js'

describe.each(['server', 'client'] as const)('our %s', (side) => {
  const mask = side === 'server'

  it.each([TEXT, BINARY])('takes no message %i inside of it', (opcode) => {
    const { ours, peer, pump } = side === 'server' ? serverAndPeer() : clientAndPeer()
    for (const one of [frame(TEXT, '', { fin: false, mask }), frame(PING, 'x', { mask }), frame(opcode, 'no', { mask })]) {
      peer.send(one)
      pump.flush()
    }
    expect(peer.closeCode).toBe(1002)
    expect(ours.heard).toEqual(['open', 'lost WebSocketLost'])
  })

  it('takes what continues it', () => {
    const { ours, peer, pump } = side === 'server' ? serverAndPeer() : clientAndPeer()
    const frames = [
      frame(TEXT, '', { fin: false, mask }), frame(PING, 'x', { mask }), frame(CONTINUATION, '', { fin: false, mask }),
      frame(CONTINUATION, 'yes', { mask }), frame(TEXT, 'next', { mask }),
    ]
    for (const one of frames) {
      peer.send(one)
      pump.flush()
    }
    expect(ours.heard).toEqual(['open', 'text yes', 'text next'])
  })
})
