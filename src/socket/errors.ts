/**
 * Errors of sockets: calls at the wrong moment, and reads that cannot be fulfilled.
 *
 * Owns: their codes and fields. What ends connections and attempts is named in src/errors/connection.ts.
 * Source: the errno values EBADF, ENOTCONN, EISCONN, EINVAL; asyncio's IncompleteReadError and LimitOverrunError.
 */
import { WhorlError } from '../errors/base.js'
import type { ErrorDetails, Fault } from '../errors/base.js'

/** The socket was closed by this program; what waited for it fails with this too. */
export class SocketClosed extends WhorlError {
  static override readonly code: string = 'ERR_SOCKET_CLOSED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'This socket is closed.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A call that the socket's state does not allow: `recv` before `connect`, `accept` without `listen`. */
export class SocketStateError extends WhorlError {
  static override readonly code: string = 'ERR_SOCKET_STATE'
  static override readonly fault: Fault = 'local'

  constructor(message = 'This call makes no sense on this socket now.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The stream ended before all that was asked for had come. */
export class IncompleteReadError extends WhorlError {
  static override readonly code: string = 'ERR_SOCKET_INCOMPLETE_READ'
  static override readonly fault: Fault = 'remote'

  /** What had come. */
  readonly partial: Uint8Array
  /** How many bytes were asked for; null when it was up to a delimiter. */
  readonly expected: number | null

  constructor(partial: Uint8Array, expected: number | null, details?: ErrorDetails) {
    const wanted = expected === null ? 'the delimiter' : `${expected} bytes`
    super(`The stream ended after ${partial.length} bytes, before ${wanted}.`, details)
    this.partial = partial
    this.expected = expected
  }
}

/** No delimiter within the limit. Nothing was taken: the bytes can still be read otherwise. */
export class ReadLimitError extends WhorlError {
  static override readonly code: string = 'ERR_SOCKET_READ_LIMIT'
  static override readonly fault: Fault = 'remote'

  /** Bytes. */
  readonly limit: number

  constructor(limit: number, details?: ErrorDetails) {
    super(`No delimiter came within ${limit} bytes.`, details)
    this.limit = limit
  }
}
