/**
 * Connections over what a program has already, with a host's own reactor where none is given.
 *
 * Owns: the default, and nothing else. Must not know: any host.
 */
import { fromWebSocket } from './bridges-websocket.js'
import type { FromWebSocketOptions, WebSocketLike } from './bridges-websocket.js'
import { fromMessagePort } from './message-link.js'
import type { FromMessagePortOptions, MessagePortLike } from './message-link.js'
import type { StreamReactor } from './stream-reactor.js'
import type { StreamTransport } from './stream-transport.js'

/** A connection over a WebSocket: see `fromWebSocket` of all hosts. Of the host's reactor if none is given. */
export type FromWebSocket = (ws: WebSocketLike, options?: Partial<FromWebSocketOptions>) => StreamTransport

/** A connection over a MessagePort, whose other end is one as well. Of the host's reactor if none is given. */
export type FromMessagePort = (port: MessagePortLike, options?: Partial<FromMessagePortOptions>) => StreamTransport

/** `fromWebSocket` of a host. @internal */
export function fromWebSocketWith(reactor: StreamReactor): FromWebSocket {
  return (ws, options = {}) => fromWebSocket(ws, { reactor, ...options })
}

/** `fromMessagePort` of a host. @internal */
export function fromMessagePortWith(reactor: StreamReactor): FromMessagePort {
  return (port, options = {}) => fromMessagePort(port, { reactor, ...options })
}
