/** Sockets without a host: two ends over connectInMemory, and what Deferreds come to. */
import type { Deferred, Failure } from '../../../src/defer/index.js'
import { SocketConnection, StreamSocket } from '../../../src/socket/index.js'
import { connectInMemory } from '../../../src/testing/index.js'
import type { Pump } from '../../../src/testing/index.js'

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (data: Uint8Array): string => new TextDecoder().decode(data)

export interface Pair {
  server: StreamSocket
  client: StreamSocket
  serverEnd: SocketConnection
  clientEnd: SocketConnection
  pump: Pump
}

/** Two connected sockets; nothing moves until `pump.flush()`. */
export function pair(): Pair {
  const factory = { buildProtocol: () => new SocketConnection() }
  const { server: serverEnd, client: clientEnd, pump } = connectInMemory(factory, factory)
  return { server: StreamSocket.around(serverEnd), client: StreamSocket.around(clientEnd), serverEnd, clientEnd, pump }
}

/** What it has come to: a text for bytes, an error for a failure, `waiting` for nothing yet. */
export function outcome(deferred: Deferred<unknown>): () => unknown {
  let result: unknown = 'waiting'
  deferred.addCallbacks((value) => {
    result = value instanceof Uint8Array ? text(value) : value
  }, (failure: Failure) => {
    result = failure.value
  })
  return () => result
}

/** Every way to cut a text in two, whole, and byte by byte. */
export function cuts(data: Uint8Array): Uint8Array[][] {
  const ways = [[data], [...data].map((byte) => new Uint8Array([byte]))]
  for (let at = 1; at < data.length; at++) ways.push([data.slice(0, at), data.slice(at)])
  return ways
}
