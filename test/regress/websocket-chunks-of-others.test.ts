/** A server unmasked every chunk where it was, also those that somebody else had: the writer of a stream, a wrapper. */
import { Duplex } from 'node:stream'
import { expect, it } from 'vitest'
import { createReactor, fromDuplex } from 'whorl'
import type { IProtocol } from 'whorl'
import { ProtocolWrapper, WrappingFactory } from '../../src/protocols/policies/index.js'
import { connectInMemory, MemoryReactor, StringTransport } from '../../src/testing/index.js'
import { WebSocketServerFactory } from '../../src/websocket/index.js'
import { BINARY, frame, Listener, RawPeer, request } from '../unit/websocket/support.js'

/** A server's end, and who listens there. */
function accepted(): { protocol: IProtocol, ours: () => Listener } {
  const factory = WebSocketServerFactory.forProtocol(Listener)
  const answer = factory.acceptRequest(request(), new MemoryReactor())
  if (!('protocol' in answer)) throw new Error('refused')
  return { protocol: answer.protocol, ours: () => [...factory.connections][0] as Listener }
}

const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

// Each has its own way through the parser.
const SIZES = [5, 600, 70_000]

it.each(SIZES)('%i bytes by hand, twice the same', (size) => {
  const { protocol, ours } = accepted()
  protocol.makeConnection(new StringTransport())
  const payload = new Uint8Array(size).fill(7)
  const message = frame(BINARY, payload, { mask: true })
  const before = message.slice()
  protocol.dataReceived(message)
  protocol.dataReceived(message)
  expect(same(message, before)).toBe(true)
  expect(ours().binaries.map((data) => same(data, payload))).toEqual([true, true])
})

it.each(SIZES)('%i bytes from a stream of the program', async (size) => {
  const reactor = createReactor({ installSignalHandlers: false })
  const { protocol, ours } = accepted()
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  fromDuplex(stream, { reactor, protocol })
  const payload = new Uint8Array(size).fill(7)
  const message = Buffer.from(frame(BINARY, payload, { mask: true }))
  const before = Buffer.from(message)
  stream.push(message)
  stream.push(message)
  await new Promise((resolve) => setImmediate(resolve))
  expect(same(message, before)).toBe(true)
  expect(ours().binaries.map((data) => same(data, payload))).toEqual([true, true])
  stream.destroy()
  reactor.free()
})

it.each(SIZES)('%i bytes that a wrapper keeps', (size) => {
  const kept: Uint8Array[] = []
  class Keeper extends ProtocolWrapper {
    override dataReceived(data: Uint8Array): void {
      kept.push(data)
      super.dataReceived(data)
    }
  }
  const { protocol, ours } = accepted()
  const wrapping = new WrappingFactory({ buildProtocol: () => protocol, doStart: () => undefined, doStop: () => undefined })
  const peer = new RawPeer()
  const { pump } = connectInMemory({ buildProtocol: () => new Keeper(wrapping, protocol) }, { buildProtocol: () => peer })
  const message = frame(BINARY, new Uint8Array(size).fill(7), { mask: true })
  peer.send(message)
  pump.flush()
  expect(same(Buffer.concat(kept), message)).toBe(true)
  expect(ours().binaries.map((data) => same(data, new Uint8Array(size).fill(7)))).toEqual([true])
})

it('what nobody else has is unmasked where it is', () => {
  const { protocol, ours } = accepted()
  const peer = new RawPeer()
  const { pump } = connectInMemory({ buildProtocol: () => protocol }, { buildProtocol: () => peer })
  peer.send(frame(BINARY, new Uint8Array(600), { mask: true }))
  pump.flush()
  // A view of the chunk, header and all.
  expect(ours().binaries[0]!.buffer.byteLength).toBeGreaterThan(600)
})
