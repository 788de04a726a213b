/**
 * How long to wait before the next attempt: longer each time, up to a limit, and a little by chance.
 *
 * Source: twisted.application.internet.backoffPolicy, in milliseconds.
 */
import { generator } from '../protocols/spread.js'

/** How long to wait after so many failures in a row; ms. */
export type RetryPolicy = (attempt: number) => number

/** Options of {@link backoffPolicy}. */
export interface BackoffOptions {
  /** ms; 1,000 if not given. */
  initialDelay?: number
  /** Before jitter, ms; 60,000 if not given. */
  maxDelay?: number
  /** Each wait is so many times the one before; 1.5 if not given. */
  factor?: number
  /** Added to each wait, ms; by chance up to a second if not given. */
  jitter?: () => number
}

/** What is added at most where nothing else was asked for, ms. */
export const JITTER = 1_000

/**
 * A policy that waits `min(initialDelay × factor ** attempt, maxDelay) + jitter()` milliseconds.
 *
 * The attempt may be any number up to infinity.
 */
export function backoffPolicy(options: BackoffOptions = {}): RetryPolicy {
  const { initialDelay = 1_000, maxDelay = 60_000, factor = 1.5, jitter = defaultJitter() } = options
  return (attempt) => {
    const delay = initialDelay * factor ** attempt
    // Infinity times zero is no number.
    return Math.min(Number.isNaN(delay) ? maxDelay : delay, maxDelay) + jitter()
  }
}

/** The same numbers in every run; bindings give {@link backoffPolicy} the chance of their host. */
function defaultJitter(): () => number {
  const random = generator(0)
  return () => random() * JITTER
}
