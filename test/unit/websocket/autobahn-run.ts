/** Runs a case of the Autobahn list against one of our ends. */
import { expect } from 'vitest'
import type { AutobahnCase } from './autobahn-cases.js'
import { piecesOf } from './autobahn-cases.js'
import { clientAndPeer, CLOSE, closeBody, Echo, frame, serverAndPeer } from './support.js'

export function runCase(one: AutobahnCase, side: 'server' | 'client'): void {
  const limits = { limits: { message: one.room ?? 1_048_576, fragments: 100_000 } }
  const { ours, peer, pump } = side === 'server' ? serverAndPeer(limits, Echo) : clientAndPeer(limits, Echo)
  const mask = side === 'server'
  for (const piece of piecesOf(one, mask)) {
    peer.transport.write(piece)
    pump.flush()
  }
  const said = peer.said
  if (one.close === undefined) {
    expect(said).toEqual(one.said)
    // It is alive and well: it closes when it is asked to.
    peer.send(frame(CLOSE, closeBody(1000), { mask }))
    pump.flush()
    expect(peer.closeCode).toBe(1000)
  } else {
    expect(said.slice(0, -1)).toEqual(one.said)
    expect(peer.closeCode).toBe(one.close)
    expect(said.filter((words) => words.startsWith('close'))).toHaveLength(1)
  }
  if (side === 'client') peer.transport.loseConnection()
  pump.flush()
  expect(ours.lost).not.toBeNull()
  expect(peer.lost).not.toBeNull()
  const isClean = one.close === undefined || ours.heard.some((heard) => heard.startsWith('close'))
  expect(ours.lost!.value.name).toBe(isClean ? 'ConnectionDone' : 'WebSocketLost')
}
