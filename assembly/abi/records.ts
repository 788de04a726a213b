/**
 * The event records of `parserReceive`: four int32 each, (kind, offset, length, end).
 *
 *      0        4        8        12       16
 *      | kind   | offset | length | end    |
 *
 * `offset` and `end` count from the first byte of the input; `end` is where the next frame begins.
 */

/** A whole frame inside the input: `offset`, `length`. */
export const EVENT_FRAME = 1
/** A frame that began in earlier input: `offset` is an address in memory, good until the next call for this parser. */
export const EVENT_FRAME_KEPT = 2
/** A line that is over its limit, or will be: `length` bytes of it are known; `offset` is where it begins, 0 if earlier. */
export const EVENT_LINE_TOO_LONG = 3
/** A length prefix over the limit: `length` is what it says, unsigned. The parser ignores input until it is reset. */
export const EVENT_LENGTH_LIMIT = 4
/** A netstring broke its grammar: `length` is one of the reasons below. The parser ignores input until it is reset. */
export const EVENT_MALFORMED = 5

export const MALFORMED_NO_LENGTH = 1
export const MALFORMED_LEADING_ZERO = 2
export const MALFORMED_NOT_A_DIGIT = 3
export const MALFORMED_TOO_LONG = 4
export const MALFORMED_NO_COMMA = 5

/** `parserEnd`: nothing is kept; or the stream ended inside a frame; or the parser had failed before. */
export const END_CLEAN = 0
export const END_INSIDE_FRAME = 1
export const END_FAILED = 2
