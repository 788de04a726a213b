/**
 * A stream or a WebSocket of the program's own that throws when it is written to left the reactor in the middle of a
 * turn for ever: no connection's output went out any more. And the protocol heard nothing of the end if a listener of
 * `toDuplex` threw at it.
 */
import { Duplex } from 'node:stream'
import { afterEach, expect, it } from 'vitest'
import { fromDuplex } from '../../bindings/node/index.js'
import type { Reactor } from '../../bindings/node/index.js'
import { fromWebSocket } from '../../src/transports/index.js'
import { checkNothingLeft } from '../hosts/node/left-behind.js'
import { pair, reactors, Recorder } from '../hosts/node/helpers.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

async function goesOn(reactor: Reactor): Promise<string> {
  const { client, server } = await pair(reactor)
  client.transport.write('still there')
  await server.until('still there')
  return server.received
}

class Throwing extends Duplex {
  override _read(): void {}

  override _write(): void {
    throw new Error('mine')
  }
}

it.each([
  ['a piece', ['x']],
  ['a list', [new Uint8Array(100_000), new Uint8Array(100_000)]],
])('a Duplex that throws at %s: ConnectionLost with the error, and the others go on', async (_name, pieces) => {
  const reactor = newReactor()
  const protocol = new Recorder()
  const transport = fromDuplex(new Throwing(), { reactor, protocol })
  transport.writeSequence(pieces)
  const reason = await protocol.lost
  expect(reason.value).toMatchObject({ name: 'ConnectionLost', cause: { message: 'mine' } })
  expect(await goesOn(reactor)).toBe('still there')
  expect(protocol.reasons).toHaveLength(1)
})

it('a WebSocket that throws: the same', async () => {
  const reactor = newReactor()
  const protocol = new Recorder()
  const ws = {
    binaryType: '', readyState: 1, bufferedAmount: 0, closed: 0,
    send(): void {
      throw new Error('mine')
    },
    close(): void {
      this.closed += 1
    },
    addEventListener(): void {},
  }
  const transport = fromWebSocket(ws, { reactor, protocol })
  transport.write('x')
  const reason = await protocol.lost
  expect(reason.value).toMatchObject({ name: 'ConnectionLost', cause: { message: 'mine' } })
  expect(ws.closed).toBe(1)
  expect(await goesOn(reactor)).toBe('still there')
})
