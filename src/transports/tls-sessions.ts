/**
 * Sessions that a client may resume: the cache that `sessions` takes.
 *
 * Owns: how many, and which one goes when there are too many. Must not know: what a session is.
 */

import type { TLSSessionCache } from '../interfaces/tls.js'
import { SESSIONS } from './tls-limits.js'

/** Options of {@link sessionCache}. */
export interface SessionCacheOptions {
  /** Sessions to keep; 100 if not given. Beyond, the one that was used longest ago goes. */
  max?: number
}

/**
 * Keeps sessions in memory. Share one among connections to the same servers.
 *
 * @throws RangeError for a `max` that is no whole number above 0
 * @example
 * const sessions = sessionCache()
 * reactor.connectSSL('example.com', 443, factory, { sessions })
 */
export function sessionCache(options: SessionCacheOptions = {}): TLSSessionCache {
  const { max = SESSIONS } = options
  if (!Number.isInteger(max) || max < 1) throw new RangeError(`max is a whole number above 0, not ${String(max)}`)
  // In the order of their last use.
  const kept = new Map<string, Uint8Array>()
  return {
    get(key) {
      const session = kept.get(key)
      if (session === undefined) return undefined
      kept.delete(key)
      kept.set(key, session)
      return session
    },
    set(key, session) {
      kept.delete(key)
      kept.set(key, session)
      if (kept.size > max) kept.delete(kept.keys().next().value as string)
    },
  }
}
