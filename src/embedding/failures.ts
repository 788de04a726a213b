/**
 * Errors as two texts, a code and a message, and back.
 *
 * Owns: which code stands for which error on the way between a gateway and who is inside. The codes are those of
 * hosts (`ECONNREFUSED`), so that the reactor inside names an error as it would have on a host of its own; what whorl
 * itself refused keeps the code of its class.
 */
import {
  CannotListenError, CapabilityError, ConnectBindError, ConnectionRefusedError, ConnectPermissionError, DNSLookupError,
  NoRouteError, NotSupportedError, TimeoutError, WhorlError,
} from '../errors/index.js'
import { hostErrorCode } from '../transports/host-errors.js'

const CODES = [
  [ConnectionRefusedError, 'ECONNREFUSED'], [TimeoutError, 'ETIMEDOUT'], [NoRouteError, 'EHOSTUNREACH'],
  [DNSLookupError, 'ENOTFOUND'], [ConnectBindError, 'EADDRNOTAVAIL'], [ConnectPermissionError, 'EACCES'],
] as const

/** Code and message of what went wrong; never empty. */
export function describeFailure(error: unknown): [code: string, message: string] {
  if (error instanceof CannotListenError && error.cause !== undefined) return describeFailure(error.cause)
  const { message, cause } = (error ?? {}) as { message?: unknown, cause?: unknown }
  const text = typeof message === 'string' && message !== '' ? message : 'It failed.'
  if (error instanceof WhorlError) {
    const found = CODES.find(([kind]) => error instanceof kind)
    return [hostErrorCode(cause) || found?.[1] || error.code, text]
  }
  return [hostErrorCode(error) || 'EFAILED', text]
}

/** An error again. */
export function failureOf(code: string, message: string): Error {
  if (code === CapabilityError.code) return new CapabilityError(message)
  if (code === NotSupportedError.code) return new NotSupportedError('none', 'this', { reason: message })
  return Object.assign(new Error(message), { code })
}
