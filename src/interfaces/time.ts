/**
 * Time as an argument: who knows what time it is, and calls back later.
 *
 * All times are milliseconds on one clock that never runs backwards; its zero means nothing.
 * Source: twisted.internet.interfaces.IReactorTime, IDelayedCall.
 */

/** A call that was put off. */
export interface IDelayedCall {
  /** When it is due, on the clock that made it; ms. */
  getTime(): number
  /** @throws AlreadyCalled, AlreadyCancelled */
  cancel(): void
  /** Due `ms` from now. @throws AlreadyCalled, AlreadyCancelled, RangeError */
  reset(ms: number): void
  /** Due `ms` later than it was; may be negative. @throws AlreadyCalled, AlreadyCancelled, RangeError */
  delay(ms: number): void
  /** Neither run nor cancelled. */
  active(): boolean
}

/** Who knows the date. */
export interface IReactorWallClock {
  /** Milliseconds since 1970-01-01 UTC; may be set back or forth at any time. @throws NotSupportedError */
  wallClock(): number
}

/** A clock. */
export interface IReactorTime {
  /** Milliseconds. */
  now(): number
  /** @throws RangeError for a delay that is negative or not a number */
  callLater<A extends unknown[]>(ms: number, fn: (...args: A) => unknown, ...args: A): IDelayedCall
  /** Those still to come, in no particular order. */
  getDelayedCalls(): IDelayedCall[]
}
