/**
 * Why a connection ended, or never came to be.
 *
 * Owns: the reasons that reach `connectionLost` and those that a connection attempt fails with. Must not
 * know: host error codes; a binding translates those and keeps the original as `cause`.
 * Source: `twisted.internet.error`.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** Any end of a connection that had been made. */
export class ConnectionClosed extends WhorlError {
  static override readonly code: string = 'ERR_CONNECTION_CLOSED'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'The connection is closed.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The connection ended in order, whoever closed it. */
export class ConnectionDone extends ConnectionClosed {
  static override readonly code: string = 'ERR_CONNECTION_DONE'

  constructor(message = 'The connection ended cleanly.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The connection ended out of order: reset, or failed while in use. */
export class ConnectionLost extends ConnectionClosed {
  static override readonly code: string = 'ERR_CONNECTION_LOST'

  constructor(message = 'The connection ended in a way that was not clean.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** This side ended the connection with `abortConnection()`. */
export class ConnectionAborted extends ConnectionLost {
  static override readonly code: string = 'ERR_CONNECTION_ABORTED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The connection was aborted by this side.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A connection could not be made, for a reason that no subclass names. */
export class ConnectError extends WhorlError {
  static override readonly code: string = 'ERR_CONNECT_FAILED'
  static override readonly fault: Fault = 'host'

  constructor(message = 'The connection could not be made.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The local address asked for cannot be used. */
export class ConnectBindError extends ConnectError {
  static override readonly code: string = 'ERR_CONNECT_BIND'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The local address could not be bound.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** Nothing listens at the other end. */
export class ConnectionRefusedError extends ConnectError {
  static override readonly code: string = 'ERR_CONNECT_REFUSED'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'The connection was refused.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** It took too long: a connection attempt, or anything else under `addTimeout`. */
export class TimeoutError extends ConnectError {
  static override readonly code: string = 'ERR_TIMEOUT'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'The time for it ran out.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The host name has no address, or none could be looked up. */
export class DNSLookupError extends ConnectError {
  static override readonly code: string = 'ERR_CONNECT_DNS_LOOKUP'

  constructor(message = 'The host name could not be resolved.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** No way leads to the other end's network or host. */
export class NoRouteError extends ConnectError {
  static override readonly code: string = 'ERR_CONNECT_NO_ROUTE'

  constructor(message = 'There is no route to the host.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The Deferred of a connection attempt was cancelled before it was made. */
export class ConnectingCancelledError extends ConnectError {
  static override readonly code: string = 'ERR_CONNECT_CANCELLED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The connection attempt was cancelled.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The program stopped the attempt with `stopConnecting()`. */
export class UserError extends ConnectError {
  static override readonly code: string = 'ERR_CONNECT_STOPPED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The connection attempt was stopped.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A port could not be opened for listening. */
export class CannotListenError extends WhorlError {
  static override readonly code: string = 'ERR_LISTEN_FAILED'
  static override readonly fault: Fault = 'host'

  /** The address asked for; empty means all. */
  readonly interface: string
  /** The port number, or the path of a UNIX socket. */
  readonly port: number | string

  constructor(address: string, port: number | string, details?: ErrorDetails) {
    super(listenMessage(address, port, details?.cause), details)
    this.interface = address
    this.port = port
  }
}

function listenMessage(address: string, port: number | string, cause: unknown): string {
  const why = cause instanceof Error ? cause.message : 'the host gave no reason'
  // An abstract name of a UNIX socket begins with a NUL, which is usually shown as @.
  if (typeof port === 'string') return `Cannot listen on ${port.replace(/^\0/, '@')}: ${why}`
  return `Cannot listen on ${address === '' ? 'any address' : address}, port ${port}: ${why}`
}
