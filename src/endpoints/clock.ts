/**
 * Whose time an endpoint is on.
 *
 * Owns: remembering it, so that what is built over an endpoint, and is given no reactor of its own, has deadlines too.
 * Not as a property: whoever is handed an endpoint may connect to one place, and is not to find a whole reactor there.
 */
import type { IReactorTime } from '../interfaces/index.js'

const clocks = new WeakMap<object, IReactorTime>()

/** Remembers the time of an endpoint: a reactor, or another endpoint whose time it shares. */
export function keepClock(endpoint: object, from: unknown): void {
  const isClock = typeof (from as Partial<IReactorTime> | null | undefined)?.callLater === 'function'
  const clock = isClock ? from as IReactorTime : clockOf(from)
  if (clock !== null) clocks.set(endpoint, clock)
}

/** The time of an endpoint; null if it is not known. */
export function clockOf(endpoint: unknown): IReactorTime | null {
  return typeof endpoint === 'object' && endpoint !== null ? clocks.get(endpoint) ?? null : null
}

/** @throws RangeError for what is no duration */
export function checkTimeout(timeout: number): void {
  if (typeof timeout !== 'number' || !(timeout >= 0)) {
    throw new RangeError(`a timeout is a number of milliseconds, zero or more, not ${String(timeout)}`)
  }
}
