/**
 * What hosts call their errors, and what whorl calls them.
 *
 * Owns: the table from POSIX and resolver names to error classes. Hosts that spell theirs otherwise translate
 * to these names first. Source: twisted.internet.error.errnoMapping.
 */

import {
  CapabilityError, ConnectBindError, ConnectError, ConnectionDone, ConnectionLost, ConnectionRefusedError,
  ConnectPermissionError, DNSLookupError, NoRouteError, NoSocketError, NotSupportedError, SocketPathTooLong,
  TimeoutError,
} from '../errors/index.js'

type ConnectErrorClass = new (message?: string, details?: { cause?: unknown }) => ConnectError

const CONNECT_ERRORS: Readonly<Record<string, ConnectErrorClass>> = {
  ECONNREFUSED: ConnectionRefusedError,
  ETIMEDOUT: TimeoutError,
  ENETUNREACH: NoRouteError,
  EHOSTUNREACH: NoRouteError,
  ENETDOWN: NoRouteError,
  EHOSTDOWN: NoRouteError,
  ENOTFOUND: DNSLookupError,
  EAI_AGAIN: DNSLookupError,
  EAI_FAIL: DNSLookupError,
  EAI_NODATA: DNSLookupError,
  EAI_NONAME: DNSLookupError,
  ENODATA: DNSLookupError,
  ESERVFAIL: DNSLookupError,
  // Of UNIX sockets.
  ENOENT: NoSocketError,
  ENOTDIR: NoSocketError,
  ENOTSOCK: NoSocketError,
  EPROTOTYPE: NoSocketError,
  EACCES: ConnectPermissionError,
  EPERM: ConnectPermissionError,
  ENAMETOOLONG: SocketPathTooLong,
  EADDRINUSE: ConnectBindError,
  EADDRNOTAVAIL: ConnectBindError,
}

/** The host's name of an error, or of the first of several. */
export function hostErrorCode(error: unknown): string {
  const { code, errors } = (error ?? {}) as { code?: unknown, errors?: unknown }
  if (typeof code === 'string') return code
  return Array.isArray(errors) && errors.length > 0 ? hostErrorCode(errors[0]) : ''
}

/** Why an attempt to connect failed. */
export function connectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error
  // No failures of an attempt, and not to be mistaken for one: an address that a restricted reactor may not reach, a
  // kind of connection that the host does not have.
  if (error instanceof CapabilityError || error instanceof NotSupportedError) return error as unknown as ConnectError
  const Kind = CONNECT_ERRORS[hostErrorCode(error)] ?? ConnectError
  return new Kind(messageOf(error), { cause: error })
}

/**
 * That a connection ended in order. Without a stack: that would show the host's loop and nothing else, and takes longer
 * to make than all the rest of a connection's end.
 */
export function connectionDone(): ConnectionDone {
  const { stackTraceLimit } = Error as { stackTraceLimit?: unknown }
  // Not every engine has it, and where the built-ins are frozen it stays as it is.
  if (typeof stackTraceLimit !== 'number' || !Reflect.set(Error, 'stackTraceLimit', 0)) return new ConnectionDone()
  try {
    return new ConnectionDone()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

/** Why a connection broke. */
export function connectionLostError(error: unknown): ConnectionLost {
  return new ConnectionLost(messageOf(error), { cause: error })
}

/** Undefined selects the class's own message. */
function messageOf(error: unknown): string | undefined {
  const message = (error as { message?: unknown } | null | undefined)?.message
  return typeof message === 'string' && message !== '' ? message : hostErrorCode(error) || undefined
}
