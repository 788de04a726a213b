/**
 * Why a relay makes no tunnel: numbers on the wire, and the errors that they stand for on both sides.
 *
 * Owns: the table. Must not know: messages, connections. Source: the project's own (docs/tunnel.md).
 */
import {
  ConnectError, ConnectionRefusedError, DNSLookupError, NoRouteError, TimeoutError, TunnelRefusedError,
} from '../errors/index.js'
import type { TunnelRefusal } from '../errors/index.js'

/** The numbers. */
export const REFUSAL = Object.freeze({
  /** The connection could not be made, for a reason that has no number. */
  failed: 1,
  /** Nothing listens there. */
  refused: 2,
  timeout: 3,
  /** The name has no address. */
  noName: 4,
  noRoute: 5,
  /** Not on the relay's list: the name, the port, or every address that the name has. */
  notAllowed: 6,
  /** The token is missing or wrong. */
  unauthenticated: 7,
  /** There are too many, of this client or in all. */
  busy: 8,
  /** What was sent is no request. */
  malformed: 9,
})

const OWN: Readonly<Record<number, TunnelRefusal>> = {
  [REFUSAL.notAllowed]: 'not-allowed', [REFUSAL.unauthenticated]: 'unauthenticated', [REFUSAL.busy]: 'busy',
  [REFUSAL.malformed]: 'malformed',
}

const CONNECTING = [
  [REFUSAL.refused, ConnectionRefusedError], [REFUSAL.timeout, TimeoutError], [REFUSAL.noName, DNSLookupError],
  [REFUSAL.noRoute, NoRouteError],
] as const

/** The error that a refusal stands for. @param text of the relay's; what a person may read, never parsed */
export function errorOf(code: number, text: string): ConnectError {
  const said = text === '' ? undefined : `The relay says: ${text}`
  if (code === REFUSAL.failed) return new ConnectError(said)
  const found = CONNECTING.find(([number]) => number === code)
  return found === undefined ? new TunnelRefusedError(said, { refusal: OWN[code] ?? 'unknown' }) : new found[1](said)
}

/** The number for a failed attempt of the relay's own. */
export function codeOf(error: unknown): number {
  return CONNECTING.find(([, kind]) => error instanceof kind)?.[0] ?? REFUSAL.failed
}
