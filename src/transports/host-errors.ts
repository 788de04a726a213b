/**
 * What hosts call their errors, and what whorl calls them.
 *
 * Owns: the table from POSIX and resolver names to error classes. Hosts that spell theirs otherwise translate
 * to these names first. Source: twisted.internet.error.errnoMapping.
 */

import {
  ConnectBindError, ConnectError, ConnectionLost, ConnectionRefusedError, DNSLookupError, NoRouteError, TimeoutError,
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
  const Kind = CONNECT_ERRORS[hostErrorCode(error)] ?? ConnectError
  return new Kind(messageOf(error), { cause: error })
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
