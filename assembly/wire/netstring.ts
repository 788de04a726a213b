/**
 * Netstrings: `length ":" bytes ","`, with the length in decimal and no leading zero.
 *
 *      HEAD ──":"──▶ BODY ──","──▶ HEAD          HEAD, BODY ──anything else──▶ FAILED
 *
 * A length over the limit fails at the digit that passes it, before any of the payload came.
 * Must not know: what a failed parser's owner does; it ignores input until it is reset.
 * Source: cr.yp.to/proto/netstrings.txt; twisted.protocols.basic.NetstringReceiver; cases B17 to B20.
 */
import { RING_RECORDS } from "../abi/layout"
import { ERR_ARGUMENT, ERR_NO_MEMORY } from "../abi/errors"
import {
  EVENT_FRAME, EVENT_FRAME_KEPT, EVENT_MALFORMED, MALFORMED_LEADING_ZERO, MALFORMED_NOT_A_DIGIT, MALFORMED_NO_COMMA,
  MALFORMED_NO_LENGTH, MALFORMED_TOO_LONG
} from "../abi/records"
import { MAX_FRAME } from "../abi/limits"
import {
  FORMAT_NETSTRING, P_KEPT_LENGTH, P_LIMIT, P_SEEN, P_STATE, P_VALUE, STATE_BODY, STATE_FAILED,
  STATE_HEAD, deliver, done, dropDelivered, dropKept, keep, makeParser, record, suspend
} from "./parser"

const COLON: u32 = 0x3a
const COMMA: u32 = 0x2c
const ZERO: u32 = 0x30
/** No length that has one more digit than this is within MAX_FRAME, so a length never wraps around. */
const MOST_BEFORE_DIGIT: u32 = <u32>MAX_FRAME / 10

/** A parser of netstrings of at most `limit` bytes; a handle or an error. */
export function netstringParserNew(limit: i32): i32 {
  return limit < 0 || limit > MAX_FRAME ? ERR_ARGUMENT : makeParser(FORMAT_NETSTRING, limit)
}

function fail(p: usize, count: i32, reason: i32, offset: i32, length: i32): i32 {
  store<u32>(p, STATE_FAILED, P_STATE)
  record(count, EVENT_MALFORMED, offset, reason, offset)
  return done(count + 1, length)
}

/** Where the colon behind a well-formed length of at most nine digits is, or 0: byte by byte finds out what is wrong. */
// @ts-ignore: decorator
@inline
function lengthEnd(at: usize, end: usize): usize {
  let i = at
  const last = min(end, at + 10)
  while (i < last && <u32>load<u8>(i) - ZERO < 10) i++
  if (i == last || i == at || load<u8>(i) != COLON) return 0
  return load<u8>(at) == ZERO && i - at > 1 ? 0 : i
}

/** The length between `at` and its colon. */
// @ts-ignore: decorator
@inline
function lengthOf(at: usize, colon: usize): u32 {
  let value: u32 = 0
  for (let i = at; i < colon; i++) value = value * 10 + (<u32>load<u8>(i) - ZERO)
  return value
}

/** Parses `length` bytes; see `parserReceive`. */
export function receiveNetstrings(p: usize, input: usize, length: i32, keepRest: bool): i32 {
  dropDelivered(p)
  const limit = load<u32>(p, P_LIMIT)
  const end = input + length
  let state = load<u32>(p, P_STATE)
  let value = load<u32>(p, P_VALUE)
  let seen = load<u32>(p, P_SEEN)
  let at = input
  // Where the frame being read began, if it began in this input: what is left unconsumed unless kept.
  let frameStart = input
  let isFresh = state == STATE_HEAD && seen == 0
  let count = 0
  while (at < end) {
    if (state == STATE_HEAD) {
      if (seen == 0) {
        // Whole and well-formed ones, which most are, need none of the state.
        while (count < RING_RECORDS - 1 && at < end) {
          const colon = lengthEnd(at, end)
          if (colon == 0) break
          const long = lengthOf(at, colon)
          const body = colon + 1
          if (long > limit || <usize>long >= <usize>(end - body) || load<u8>(body + long) != COMMA) break
          at = body + long + 1
          record(count++, EVENT_FRAME, <i32>(body - input), <i32>long, <i32>(at - input))
          frameStart = at
          isFresh = true
        }
        if (count == RING_RECORDS - 1 || at == end) break
      }
      const byte = <u32>load<u8>(at)
      const digit = byte - ZERO
      if (digit < 10) {
        if (seen != 0 && value == 0) return fail(p, count, MALFORMED_LEADING_ZERO, <i32>(at - input), length)
        if (value > MOST_BEFORE_DIGIT || value * 10 + digit > limit) {
          return fail(p, count, MALFORMED_TOO_LONG, <i32>(at - input), length)
        }
        value = value * 10 + digit
        seen++
        at++
        continue
      }
      if (byte != COLON || seen == 0) {
        const reason = byte == COLON ? MALFORMED_NO_LENGTH : MALFORMED_NOT_A_DIGIT
        return fail(p, count, reason, <i32>(at - input), length)
      }
      at++
      state = STATE_BODY
      continue
    }
    const kept = load<u32>(p, P_KEPT_LENGTH)
    const here = <u32>(end - at)
    if (kept == 0 && here > value) {
      // All of the payload lies in this input.
      const comma = at + value
      if (load<u8>(comma) != COMMA) return fail(p, count, MALFORMED_NO_COMMA, <i32>(comma - input), length)
      record(count, EVENT_FRAME, <i32>(at - input), value, <i32>(comma + 1 - input))
      at = comma + 1
      state = STATE_HEAD
      value = 0
      seen = 0
      frameStart = at
      isFresh = true
      if (++count == RING_RECORDS - 1) break
      continue
    }
    if (isFresh && !keepRest) break
    const lacking = value - kept
    if (here > lacking) {
      if (load<u8>(at + lacking) != COMMA) {
        dropKept(p)
        return fail(p, count, MALFORMED_NO_COMMA, <i32>(at + lacking - input), length)
      }
      if (!keep(p, at, lacking)) return ERR_NO_MEMORY
      const next = <i32>(at + lacking + 1 - input)
      record(count++, EVENT_FRAME_KEPT, deliver(p), value, next)
      at = input + next
      state = STATE_HEAD
      value = 0
      seen = 0
      frameStart = at
      isFresh = true
      continue
    }
    if (!keep(p, at, here)) {
      if (count == 0) return ERR_NO_MEMORY
      // What is whole is handed out first; the next call tells of it.
      keepRest = false
      break
    }
    at = end
  }
  // An unfinished frame that is not to be kept is left to the caller, who will hand it in again.
  if (isFresh && !keepRest) return suspend(p, STATE_HEAD, 0, 0, count, <i32>(frameStart - input))
  return suspend(p, state, value, seen, count, <i32>(at - input))
}
