/**
 * Values as short text, for messages and `String(deferred)`.
 *
 * Owns nothing but the wording. Must not throw, whatever it is given.
 */

/** Longer text is cut here, in UTF-16 units. */
const MAX_TEXT = 200

/** A value in a few words. @internal */
export function describe(value: unknown): string {
  try {
    const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
    return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
  } catch {
    return `(${typeof value})`
  }
}
