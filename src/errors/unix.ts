/**
 * Errors of connecting to UNIX sockets.
 *
 * Owns: what can be wrong with a path. Must not know: hosts; `src/transports/host-errors.ts` maps theirs to these.
 */
import type { ErrorDetails, Fault } from './base.js'
import { ConnectError } from './connection.js'

/** There is nothing at the path of a UNIX socket, or something that is none. */
export class NoSocketError extends ConnectError {
  static override readonly code: string = 'ERR_CONNECT_NO_SOCKET'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'There is no socket at this path.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The system does not let this program connect there. */
export class ConnectPermissionError extends ConnectError {
  static override readonly code: string = 'ERR_CONNECT_PERMISSION'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The system does not permit this connection.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The path of a UNIX socket is longer than the system's addresses can hold. */
export class SocketPathTooLong extends ConnectError {
  static override readonly code: string = 'ERR_SOCKET_PATH_TOO_LONG'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The path is too long for a UNIX socket.', details?: ErrorDetails) {
    super(message, details)
  }
}
