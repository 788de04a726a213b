/**
 * What goes wrong with WebSockets, on either end.
 *
 * Owns: the classes. Must not know: handshakes, frames; what the core refuses of a stream of frames is
 * WebSocketParseError. Source: RFC 6455, 4.1, 7.1.7 and 7.4.
 */
import type { ErrorDetails, Fault } from './base.js'
import { ConnectError, ConnectionLost } from './connection.js'

/** What answers the request for a WebSocket is none: not HTTP, the wrong key, or something that nobody asked for. */
export class WebSocketHandshakeError extends ConnectError {
  static override readonly code: string = 'ERR_WEBSOCKET_HANDSHAKE'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'What answers is no WebSocket.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** What the server said instead of yes. */
export interface Rejection {
  /** The status, 200 to 599; anything but 101. */
  readonly status: number
  /** The reason phrase, often empty. */
  readonly reason: string
  /** Its fields. */
  readonly headers: RejectionHeaders
  /** The beginning of its body, 64 KiB at most. */
  readonly body: Uint8Array
}

/** The fields of an answer, as `Headers` of `whorl/http` has them. */
export interface RejectionHeaders extends Iterable<[name: string, value: string]> {
  get(name: string): string | null
  has(name: string): boolean
}

/** The server understood, and answered something else than a WebSocket. */
export class ConnectionRejected extends ConnectError implements Rejection {
  static override readonly code: string = 'ERR_WEBSOCKET_REJECTED'
  static override readonly fault: Fault = 'remote'
  readonly status: number
  readonly reason: string
  readonly headers: RejectionHeaders
  readonly body: Uint8Array

  constructor(message: string, { status, reason, headers, body }: Rejection, details?: ErrorDetails) {
    super(message, details)
    this.status = status
    this.reason = reason
    this.headers = headers
    this.body = body
  }
}

/** A WebSocket ended without both of its close frames, or with one that says that something went wrong. */
export class WebSocketLost extends ConnectionLost {
  static override readonly code: string = 'ERR_WEBSOCKET_LOST'
  /** The code that this side gave up with; 1006 where it was the connection that ended. */
  readonly closeCode: number

  constructor(message = 'The WebSocket ended without a close frame.', closeCode = 1006, details?: ErrorDetails) {
    super(message, details)
    this.closeCode = closeCode
  }
}

/** The peer of a WebSocket did not answer a ping, or a close frame, in time. */
export class WebSocketTimeout extends WebSocketLost {
  static override readonly code: string = 'ERR_WEBSOCKET_TIMEOUT'

  constructor(message = 'The peer of the WebSocket did not answer in time.', closeCode = 1006, details?: ErrorDetails) {
    super(message, closeCode, details)
  }
}
