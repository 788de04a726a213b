/**
 * What a relay has at most, and how long it waits.
 *
 * Owns: the numbers and their checks. Must not know: messages, connections.
 */
import { CREDIT_WINDOW } from '../transports/index.js'
import { LEAST_WINDOW } from './wire.js'

/** Limits of a relay; none may be left out by giving Infinity where a number of things is meant. */
export interface TunnelLimits {
  /** Tunnels of one client at once: of one IPv4 address, or one IPv6 network of 64 bits; 64 if not given. */
  perClient?: number
  /** Tunnels of all clients at once; 1,024. */
  total?: number
  /** Bytes a second of one client, both directions of all of its tunnels together; Infinity. */
  bytesPerSecond?: number
  /** Bytes that may be under way to the relay in one tunnel, and wait there for a host that is slow; 262,144. */
  window?: number
}

/** How long a relay waits; ms, Infinity for ever. */
export interface TunnelTimeouts {
  /** For the request, once the WebSocket is open; 10 s. */
  open?: number
  /** For authentication, names and the connection together; 30 s. */
  connect?: number
  /** Without a byte in either direction; 5 minutes. */
  idle?: number
}

/** With nothing left out. */
export interface SettledLimits {
  readonly perClient: number
  readonly total: number
  readonly bytesPerSecond: number
  readonly window: number
  readonly open: number
  readonly connect: number
  readonly idle: number
}

const LIMITS = { perClient: 64, total: 1024, bytesPerSecond: Infinity, window: CREDIT_WINDOW }
const TIMEOUTS = { open: 10_000, connect: 30_000, idle: 300_000 }

/** @throws TypeError, RangeError for options that are none */
export function settleLimits(limits: TunnelLimits = {}, timeouts: TunnelTimeouts = {}): SettledLimits {
  const numbers = { ...fill('limit', limits, LIMITS), ...fill('timeout', timeouts, TIMEOUTS) }
  const settled = numbers as unknown as SettledLimits
  for (const name of ['perClient', 'total', 'window'] as const) {
    if (!Number.isSafeInteger(settled[name])) throw new RangeError(`the limit ${name} is a whole number`)
  }
  if (settled.window < LEAST_WINDOW || settled.window > 0x7fffffff) {
    throw new RangeError(`the limit window is ${LEAST_WINDOW} bytes or more`)
  }
  return Object.freeze(settled)
}

function fill(what: string, given: object, defaults: Readonly<Record<string, number>>): Record<string, number> {
  if (typeof given !== 'object' || given === null) throw new TypeError(`${what}s are an object`)
  const settled = { ...defaults }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) throw new TypeError(`there is no ${what} "${name}"`)
    if (value === undefined) continue
    if (typeof value !== 'number' || !(value > 0)) throw new RangeError(`the ${what} ${name} is a number above zero`)
    settled[name] = value
  }
  return settled
}
