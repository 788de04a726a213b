/**
 * Length-prefixed strings: an unsigned big-endian length of 1, 2 or 4 bytes, then that many bytes.
 *
 *      HEAD ──all of the prefix──▶ BODY ──all of the payload──▶ HEAD        HEAD ──over the limit──▶ FAILED
 *
 * Source: twisted.protocols.basic.Int8StringReceiver, Int16…, Int32…; cases B21, B22.
 */
import { RING_RECORDS } from "../abi/layout"
import { ERR_ARGUMENT, ERR_NO_MEMORY } from "../abi/errors"
import { EVENT_FRAME, EVENT_FRAME_KEPT, EVENT_LENGTH_LIMIT } from "../abi/records"
import { MAX_FRAME } from "../abi/limits"
import { KIND_PARSER, resolve } from "../memory/handles"
import {
  FORMAT_PREFIXED, P_KEPT_LENGTH, P_LIMIT, P_SEEN, P_STATE, P_VALUE, P_WIDTH, STATE_BODY,
  STATE_FAILED, STATE_HEAD, deliver, done, dropDelivered, keep, makeParser, record, suspend
} from "./parser"

/** A parser of strings behind a prefix of `width` (1, 2, 4) bytes, at most `limit` bytes long; a handle or an error. */
export function prefixedParserNew(width: i32, limit: i32): i32 {
  if (width != 1 && width != 2 && width != 4) return ERR_ARGUMENT
  if (limit < 0 || limit > MAX_FRAME) return ERR_ARGUMENT
  const handle = makeParser(FORMAT_PREFIXED, limit)
  if (handle > 0) store<i32>(resolve(handle, KIND_PARSER), width, P_WIDTH)
  return handle
}

/** The length that the prefix at `at` says. Byte by byte: the JavaScript build reads only aligned words. */
// @ts-ignore: decorator
@inline
function prefixAt(at: usize, width: u32): u32 {
  if (width == 1) return load<u8>(at)
  if (width == 2) return (<u32>load<u8>(at) << 8) | load<u8>(at, 1)
  return (<u32>load<u8>(at) << 24) | (<u32>load<u8>(at, 1) << 16) | (<u32>load<u8>(at, 2) << 8) | load<u8>(at, 3)
}

/** Parses `length` bytes; see `parserReceive`. */
export function receivePrefixed(p: usize, input: usize, length: i32, keepRest: bool): i32 {
  dropDelivered(p)
  const limit = load<u32>(p, P_LIMIT)
  const width = load<u32>(p, P_WIDTH)
  const end = input + length
  let state = load<u32>(p, P_STATE)
  let value = load<u32>(p, P_VALUE)
  let seen = load<u32>(p, P_SEEN)
  let at = input
  let frameStart = input
  let isFresh = state == STATE_HEAD && seen == 0
  let count = 0
  while (true) {
    if (state == STATE_HEAD) {
      if (seen == 0) {
        // Whole frames, which most are, need none of the state.
        while (count < RING_RECORDS - 1 && <usize>(end - at) >= <usize>width) {
          const body = at + width
          const long = prefixAt(at, width)
          if (long > limit || <usize>long > <usize>(end - body)) break
          record(count++, EVENT_FRAME, <i32>(body - input), <i32>long, <i32>(body + long - input))
          at = body + long
          frameStart = at
          isFresh = true
        }
        if (count == RING_RECORDS - 1) break
      }
      if (at == end) break
      value = (value << 8) | <u32>load<u8>(at++)
      if (++seen < width) continue
      state = STATE_BODY
      if (value > limit) {
        store<u32>(p, STATE_FAILED, P_STATE)
        record(count, EVENT_LENGTH_LIMIT, <i32>(at - input), <i32>value, <i32>(at - input))
        return done(count + 1, length)
      }
    }
    const kept = load<u32>(p, P_KEPT_LENGTH)
    const here = <u32>(end - at)
    if (kept == 0 && here >= value) {
      const next = <i32>(at + value - input)
      record(count, EVENT_FRAME, <i32>(at - input), value, next)
      at += value
      state = STATE_HEAD
      value = 0
      seen = 0
      frameStart = at
      isFresh = true
      if (++count == RING_RECORDS - 1) break
      continue
    }
    if (here == 0 || (isFresh && !keepRest)) break
    const lacking = value - kept
    if (here >= lacking) {
      if (!keep(p, at, lacking)) return ERR_NO_MEMORY
      const next = <i32>(at + lacking - input)
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
