/**
 * Node's chance for what services do by chance.
 *
 * Owns: a default. Must not know: services.
 */
import { backoffPolicy as backoffWith } from '../../src/services/index.js'
import type { BackoffOptions, RetryPolicy } from '../../src/services/index.js'

/** A policy for waiting: `min(initialDelay × factor ** attempt, maxDelay) + jitter()` ms, by chance up to a second more. */
export function backoffPolicy(options: BackoffOptions = {}): RetryPolicy {
  return backoffWith({ jitter: () => Math.random() * 1_000, ...options })
}
