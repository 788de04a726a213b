/**
 * Lines: bytes up to a delimiter of any length (default CR LF), as Twisted's LineReceiver frames them.
 *
 * The scan looks for the delimiter's last byte, a block at a time, and compares the rest backwards; a lone
 * CR or LF is data. A line over the limit, or limit + delimiter bytes without one, ends the batch with
 * EVENT_LINE_TOO_LONG and consumes nothing of it: the receiver decides what becomes of those bytes.
 * Must not know: what encoding a line has; it only tells whether all it saw was ASCII.
 * Source: twisted.protocols.basic.LineReceiver; cases B01, B02, B06, B07, B15.
 */
import { HEADER_CONSUMED, RING_RECORDS } from "../abi/layout"
import { ERR_ARGUMENT, ERR_HANDLE, ERR_NO_MEMORY, ERR_RANGE } from "../abi/errors"
import { EVENT_FRAME, EVENT_FRAME_KEPT, EVENT_LINE_TOO_LONG } from "../abi/records"
import { MAX_DELIMITER, MAX_FRAME } from "../abi/limits"
import { KIND_PARSER, resolve } from "../memory/handles"
import { isInside } from "../memory/map"
import { BLOCK, firstHit, highs, hits, maskBefore, maskFrom, same, spread } from "../memory/scan"
import { allocate, release } from "../memory/slab"
import {
  FORMAT_LINE, P_DELIMITER, P_DELIMITER_LENGTH, P_FORMAT, P_INLINE, P_KEPT, P_KEPT_LENGTH, P_LIMIT,
  deliver, done, dropDelivered, freeParser, keep, makeParser, record, setASCII
} from "./parser"

const INLINE_DELIMITER: u32 = 8

/** Takes a copy of the delimiter, in the struct when it is short. */
function setDelimiter(p: usize, delimiter: usize, length: u32): bool {
  let block = p + P_INLINE
  if (length > INLINE_DELIMITER) {
    block = allocate(length)
    if (block == 0) return false
  }
  memory.copy(block, delimiter, length)
  dropDelimiter(p)
  store<u32>(p, <u32>block, P_DELIMITER)
  store<u32>(p, length, P_DELIMITER_LENGTH)
  return true
}

/** Gives back the slab of a long delimiter. */
export function dropDelimiter(p: usize): void {
  const length = load<u32>(p, P_DELIMITER_LENGTH)
  if (length > INLINE_DELIMITER) release(load<u32>(p, P_DELIMITER), length)
  store<u32>(p, 0, P_DELIMITER_LENGTH)
}

function checkLine(delimiter: usize, delimiterLength: i32, limit: i32): i32 {
  if (delimiterLength < 1 || delimiterLength > MAX_DELIMITER) return ERR_ARGUMENT
  if (limit < 0 || limit > MAX_FRAME) return ERR_ARGUMENT
  return isInside(delimiter, delimiterLength) ? 0 : ERR_RANGE
}

/** A parser of lines that end in the delimiter at `delimiter`, of at most `limit` bytes; a handle or an error. */
export function lineParserNew(delimiter: usize, delimiterLength: i32, limit: i32): i32 {
  const bad = checkLine(delimiter, delimiterLength, limit)
  if (bad < 0) return bad
  const handle = makeParser(FORMAT_LINE, limit)
  if (handle < 0) return handle
  const p = resolve(handle, KIND_PARSER)
  if (!setDelimiter(p, delimiter, delimiterLength)) {
    freeParser(handle, p)
    return ERR_NO_MEMORY
  }
  return handle
}

/** Gives a line parser another delimiter and limit, for what it has not consumed yet. */
export function lineParserConfigure(handle: i32, delimiter: usize, delimiterLength: i32, limit: i32): i32 {
  const p = resolve(handle, KIND_PARSER)
  if (p == 0 || load<u32>(p, P_FORMAT) != FORMAT_LINE) return ERR_HANDLE
  const bad = checkLine(delimiter, delimiterLength, limit)
  if (bad < 0) return bad
  if (!setDelimiter(p, delimiter, delimiterLength)) return ERR_NO_MEMORY
  store<i32>(p, limit, P_LIMIT)
  return 0
}

/** True when a delimiter of `length` bytes ends right before `end`, and does not begin before `first`. */
// @ts-ignore: decorator
@inline
function endsAt(end: usize, first: usize, delimiter: usize, length: usize): bool {
  if (end - first < length) return false
  // The two delimiters that nearly everyone uses need no loop: the last byte is known to match.
  if (length == 1) return true
  if (length == 2) return load<u8>(end - 2) == load<u8>(delimiter)
  return same(end - length, delimiter, length - 1)
}

/** Where the first delimiter in [start, end) ends, or 0. */
function findDelimiter(start: usize, end: usize, delimiter: usize, length: usize): usize {
  const last = <u32>load<u8>(delimiter + length - 1)
  const wide = spread(last)
  let block = start & ~(BLOCK - 1)
  let mask = maskFrom(start - block)
  while (block < end) {
    if (end - block < BLOCK) mask &= maskBefore(end - block)
    mask &= hits(block, last, wide)
    while (mask != 0) {
      const stop = block + firstHit(mask) + 1
      if (endsAt(stop, start, delimiter, length)) return stop
      mask &= mask - 1
    }
    block += BLOCK
    mask = ~(<u32>0)
  }
  return 0
}

/** Goes on with a line that earlier input began: at most one record, see `parserReceive`. */
function finishLine(p: usize, input: usize, length: i32): i32 {
  const limit = load<u32>(p, P_LIMIT)
  const delimiter = <usize>load<u32>(p, P_DELIMITER)
  const size = <usize>load<u32>(p, P_DELIMITER_LENGTH)
  const had = load<u32>(p, P_KEPT_LENGTH)
  // A delimiter may lie across the seam: look there first, it would be the earlier one.
  const kept = <usize>load<u32>(p, P_KEPT)
  const seam = min(<u32>size - 1, <u32>length)
  for (let i: u32 = 0; i < seam; i++) {
    // `head` bytes of it would be the last that are kept, and i + 1 the first of the input.
    const head = <u32>size - 1 - i
    if (head > had || load<u8>(input + i) != load<u8>(delimiter + size - 1)) continue
    const line = had - head
    if (!same(kept + line, delimiter, head) || !same(input, delimiter + head, i)) continue
    if (line > limit) {
      record(0, EVENT_LINE_TOO_LONG, 0, line, 0)
      return done(1, 0)
    }
    record(0, EVENT_FRAME_KEPT, deliver(p), line, i + 1)
    return done(1, i + 1)
  }
  const stop = findDelimiter(input, input + length, delimiter, size)
  if (stop == 0) {
    if (had + <u32>length >= limit + <u32>size) {
      record(0, EVENT_LINE_TOO_LONG, 0, had + length, 0)
      return done(1, 0)
    }
    return keep(p, input, length) ? done(0, length) : ERR_NO_MEMORY
  }
  const more = <u32>(stop - input - size)
  if (had + more > limit) {
    record(0, EVENT_LINE_TOO_LONG, 0, had + more, 0)
    return done(1, 0)
  }
  if (!keep(p, input, more)) return ERR_NO_MEMORY
  record(0, EVENT_FRAME_KEPT, deliver(p), had + more, <i32>(stop - input))
  return done(1, <i32>(stop - input))
}

/** Parses `length` bytes; see `parserReceive`. */
export function receiveLines(p: usize, input: usize, length: i32, keepRest: bool): i32 {
  dropDelivered(p)
  let lineStart = input
  let count = 0
  if (load<u32>(p, P_KEPT_LENGTH) != 0) {
    setASCII(false)
    count = finishLine(p, input, length)
    // Only a whole line consumes part of the input: all or nothing means there is no more to look at.
    const consumed = load<i32>(HEADER_CONSUMED)
    if (count <= 0 || consumed == 0 || consumed == length) return count
    lineStart = input + consumed
  }
  const limit = load<u32>(p, P_LIMIT)
  const delimiter = <usize>load<u32>(p, P_DELIMITER)
  const size = <usize>load<u32>(p, P_DELIMITER_LENGTH)
  const last = <u32>load<u8>(delimiter + size - 1)
  const wide = spread(last)
  const end = input + length
  let high: u32 = 0
  let block = lineStart & ~(BLOCK - 1)
  let inside = maskFrom(lineStart - block)
  while (block < end) {
    if (end - block < BLOCK) inside &= maskBefore(end - block)
    const here = highs(block) & inside
    let mask = hits(block, last, wide) & inside
    while (mask != 0) {
      const stop = block + firstHit(mask) + 1
      mask &= mask - 1
      if (!endsAt(stop, lineStart, delimiter, size)) continue
      const line = <u32>(stop - size - lineStart)
      const offset = <i32>(lineStart - input)
      if (line > limit) {
        record(count, EVENT_LINE_TOO_LONG, offset, line, offset)
        setASCII((high | (here & maskBefore(stop - block))) == 0)
        return done(count + 1, offset)
      }
      record(count, EVENT_FRAME, offset, line, <i32>(stop - input))
      lineStart = stop
      if (++count == RING_RECORDS - 1) {
        setASCII((high | (here & maskBefore(stop - block))) == 0)
        return done(count, <i32>(lineStart - input))
      }
    }
    high |= here
    block += BLOCK
    inside = ~(<u32>0)
  }
  setASCII(high == 0)
  const rest = <u32>(end - lineStart)
  const consumed = <i32>(lineStart - input)
  if (rest >= limit + <u32>size) {
    record(count, EVENT_LINE_TOO_LONG, consumed, rest, consumed)
    return done(count + 1, consumed)
  }
  if (!keepRest || rest == 0) return done(count, consumed)
  if (keep(p, lineStart, rest)) return done(count, length)
  // What is whole is handed out first; the next call tells of it.
  return count == 0 ? ERR_NO_MEMORY : done(count, consumed)
}
