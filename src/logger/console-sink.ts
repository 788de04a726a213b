/**
 * consoleSink: where warnings go on hosts that have a console and nothing else.
 *
 * Owns: which of its two ways an event goes. Must not know: whose console it is.
 */
import { formatEvent } from './event.js'
import type { LogObserver } from './event.js'

/** What is used of a console. */
export interface ConsoleLike {
  warn(text: string): void
  error(text: string): void
}

/** @param current the console, as it is when something is logged @internal */
export function consoleSink(current: () => ConsoleLike): LogObserver {
  return (event) => {
    const isError = event.level === 'error' || event.level === 'critical'
    current()[isError ? 'error' : 'warn'](formatEvent(event))
  }
}
