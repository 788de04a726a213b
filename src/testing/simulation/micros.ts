/**
 * Microseconds: the whole numbers in which a simulated world counts its time.
 *
 * Owns: how a time in ms becomes one of them, and which is the last. Must not know: what happens then.
 *
 * The world's clock shows `micros / 1_000`, a double that is next to the true number. A call must not run before its
 * time by that clock: a program that finds that it is too early, and sets a timer for what is left, would do so for
 * ever, since the clock stands still. So the microsecond is the first at which the clock shows the time or a later
 * one: neither `ms * 1_000` nor its ceiling, since the product is rounded in its own way (9.95 * 1_000 is below 9,950).
 */

/** The wheel counts 2^48 - 1 ticks, the last of which never comes. */
export const LAST_MICROS = 281_474_976_000_000
/** Some 8.9 years, ms. */
export const LAST_MS = LAST_MICROS / 1_000

/** The first microsecond at which a clock that shows `micros / 1_000` has come to a time. @param ms any number */
export function microsOf(ms: number): number {
  const micros = Math.ceil(ms * 1_000)
  if (micros / 1_000 < ms) return micros + 1
  return (micros - 1) / 1_000 >= ms ? micros - 1 : micros
}
