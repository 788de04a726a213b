/**
 * What a message may have at most, and how long its parts may take; the defaults of servers and clients.
 *
 * Owns: the numbers. Must not know: who keeps to them.
 */
import type { HTTPLimits } from '../core/http-parser.js'

/** What messages may have at most. */
export interface MessageLimits extends HTTPLimits {
  /**
   * Bytes of a body that is read whole (`read`, `text`, `json`) where the call does not say, and of any body whose
   * Content-Length says more (413); 1 MiB, as nginx. null: no limit.
   */
  bodyBytes?: number | null
  /** Requests of one connection that are answered in one turn; what came behind them waits, and nothing is read. 64. */
  pipelined?: number
  /** Bytes of a body that nobody reads, which are thrown away to keep the connection; 64 KiB. */
  unreadBytes?: number
}

/** The same with nothing left out. */
export interface SettledLimits {
  requestLine: number
  headerBytes: number
  headerCount: number
  chunkExtensionBytes: number
  bodyBytes: number | null
  pipelined: number
  unreadBytes: number
}

export const DEFAULT_LIMITS: Readonly<SettledLimits> = Object.freeze({
  requestLine: 8000,
  headerBytes: 16_384,
  headerCount: 100,
  chunkExtensionBytes: 4096,
  bodyBytes: 1_048_576,
  pipelined: 64,
  unreadBytes: 65_536,
})

/** How long a server waits; ms, Infinity for ever. */
export interface ServerTimeouts {
  /** For a whole head, from its first byte on; 10 s. */
  header?: number
  /** For the next piece of a body; 30 s. */
  body?: number
  /** For the next request; 60 s. */
  idle?: number
  /** For a peer that takes nothing of a response; 60 s, and a second for each 16,000 bytes of one piece. */
  write?: number
  /** For the connection to end once the last response is sent; then it is aborted. 5 s. */
  abort?: number
  /** What a body must bring over all of its time, once that is more than 5 s; bytes a second, 240 as Kestrel. */
  bodyRate?: number
}

export const DEFAULT_TIMEOUTS: Readonly<Required<ServerTimeouts>> = Object.freeze({
  header: 10_000,
  body: 30_000,
  idle: 60_000,
  write: 60_000,
  abort: 5000,
  bodyRate: 240,
})

/** Bytes of a body that wait for a reader before the peer is held back, and at which it may go on. */
export const BODY_HIGH = 65_536
export const BODY_LOW = 16_384

/** @throws RangeError, TypeError for limits that are none */
export function settleLimits(limits: MessageLimits = {}): SettledLimits {
  const settled = { ...DEFAULT_LIMITS }
  for (const [name, value] of Object.entries(limits) as [keyof SettledLimits, number | null | undefined][]) {
    if (!(name in DEFAULT_LIMITS)) throw new TypeError(`there is no limit "${name}"`)
    if (value === undefined) continue
    const isNone = value === null && name === 'bodyBytes'
    if (!isNone && !(Number.isSafeInteger(value) && value! >= (name === 'pipelined' ? 1 : 0))) {
      throw new RangeError(`the limit ${name} is a whole number, not ${String(value)}`)
    }
    settled[name] = value as never
  }
  return settled
}

/** @throws RangeError, TypeError for timeouts that are none */
export function settleTimeouts<T extends object>(defaults: Readonly<T>, timeouts: Partial<T> = {}): T {
  const settled: Record<string, unknown> = { ...defaults }
  for (const [name, value] of Object.entries(timeouts) as [string, unknown][]) {
    if (!(name in defaults)) throw new TypeError(`there is no timeout "${name}"`)
    if (value === undefined) continue
    if (typeof value !== 'number' || !(value >= 0)) {
      throw new RangeError(`the timeout ${name} is a number of milliseconds, zero or more, not ${String(value)}`)
    }
    settled[name] = value
  }
  return settled as T
}
