/**
 * The head of an HTTP/1 message: start line and fields, in one pass over bytes that lie together.
 *
 * Strict unless told otherwise: lines end in CR LF, a name is followed by its colon, nothing is folded, a message has
 * one length. A head that is not whole gives HEAD_UNFINISHED and leaves nothing behind; whoever has the rest later
 * parses it from its start, and finds the same: what is wrong does not depend on what follows it.
 * Owns: the grammar, and what the fields say of the message's body and connection. Must not know: where the bytes
 * came from, what follows them, what a target or a host is (any visible ASCII will do here).
 * Source: RFC 9112, 2 to 6; RFC 9110, 5.
 */
import {
  HTTP_BAD_CODING, HTTP_BAD_CODING_UNKNOWN, HTTP_BAD_COUNT_LIMIT, HTTP_BAD_FOLD, HTTP_BAD_HOST, HTTP_BAD_LENGTH,
  HTTP_BAD_LENGTHS, HTTP_BAD_LINE_END, HTTP_BAD_LINE_LIMIT, HTTP_BAD_MAJOR, HTTP_BAD_METHOD, HTTP_BAD_NAME,
  HTTP_BAD_REASON, HTTP_BAD_STATUS, HTTP_BAD_TARGET, HTTP_BAD_VALUE, HTTP_BAD_VERSION, HTTP_BODY_FOLLOWS, HTTP_CHUNKED,
  HTTP_CONNECT, HTTP_DELETE, HTTP_EXPECT_CONTINUE, HTTP_EXPECT_OTHER, HTTP_FOLDED, HTTP_GET, HTTP_HAS_LENGTH, HTTP_HEAD,
  HTTP_HEAD_WORDS, HTTP_LET_BARE_FEEDS, HTTP_LET_FOLDS, HTTP_LET_NAME_BLANKS, HTTP_LET_NO_REASON,
  HTTP_LET_SAME_LENGTHS, HTTP_METHOD_OTHER, HTTP_MINOR_1, HTTP_NAME_CONNECTION, HTTP_NAME_CONTENT_LENGTH,
  HTTP_NAME_EXPECT, HTTP_NAME_HOST, HTTP_NAME_TRANSFER_ENCODING, HTTP_NAME_UPGRADE, HTTP_OPTIONS, HTTP_PATCH,
  HTTP_PERSISTENT, HTTP_POST, HTTP_PUT, HTTP_RESPONSES, HTTP_SAME_FIELDS, HTTP_SAME_LINE, HTTP_STORED, HTTP_TRACE,
  HTTP_UNTIL_CLOSE, HTTP_UPGRADE
} from "../abi/http"
import { RING } from "../abi/layout"
import {
  A_BODY_LENGTH, A_COUNT_LIMIT, A_FIELDS, A_FLAGS, A_HOSTS, A_LINE_FLAGS, A_LINE_LIMIT, A_MARKS, A_MODE, A_STATUS,
  A_TARGET, A_TARGET_LENGTH, forgetMisses, isUsable, isWorthKeeping, keepFields, keepLine, sameFields, sameLine
} from "./http1-again"
import { nameId } from "./http1-names"
import { isBlank, isRoomy, isToken, targetEnd, tokenEnd, valueEnd } from "./http1-scan"
import {
  CONNECTION_CLOSE, CONNECTION_KEEP, CONNECTION_UPGRADE, connectionValue, isChunked, isContinue, lengthValue
} from "./http1-values"

export const HEAD_UNFINISHED = 0

const CR: u32 = 13
const LF: u32 = 10
const SP: u32 = 32
const COLON: u32 = 58
const SLASH: u32 = 47
const ZERO: u32 = 48
/** Beside the options of a connection: fields that were seen. */
const SEEN_LENGTH: u32 = 8
const SEEN_CODING: u32 = 16
const SEEN_UPGRADE: u32 = 32
/** Where the words of fields go. */
const FIELDS: usize = <usize>RING + (<usize>HTTP_HEAD_WORDS << 2)

// What a pass has found so far. Globals, because a call gives back one number; nothing outlives a call.
let flags: u32 = 0
let marks: u32 = 0
let hosts: u32 = 0
let status: i32 = 0
let bodyLength: i64 = 0
let targetAt: usize = 0
let targetLength: usize = 0
let fields: i32 = 0
let firstField: usize = 0

/** A version's eight bytes: its minor digit, or what is wrong, negative. */
function version(at: usize): i32 {
  const major = <u32>load<u8>(at + 5) - ZERO
  const minor = <u32>load<u8>(at + 7) - ZERO
  if (load<u8>(at) != 0x48 || load<u8>(at + 1) != 0x54 || load<u8>(at + 2) != 0x54 || load<u8>(at + 3) != 0x50) {
    return -HTTP_BAD_VERSION
  }
  if (load<u8>(at + 4) != SLASH || major > 9 || minor > 9 || load<u8>(at + 6) != 0x2e) return -HTTP_BAD_VERSION
  return major == 1 ? <i32>minor : -HTTP_BAD_MAJOR
}

function methodId(at: usize, length: usize): i32 {
  const first = load<u8>(at)
  const second = length > 1 ? load<u8>(at + 1) : 0
  if (length == 3) {
    if (matches(at, 0x47, 0x45, 0x54)) return HTTP_GET
    if (matches(at, 0x50, 0x55, 0x54)) return HTTP_PUT
  } else if (length == 4) {
    if (matches(at, 0x48, 0x45, 0x41) && load<u8>(at + 3) == 0x44) return HTTP_HEAD
    if (matches(at, 0x50, 0x4f, 0x53) && load<u8>(at + 3) == 0x54) return HTTP_POST
  } else if (length == 5) {
    if (first == 0x50 && second == 0x41 && matches(at + 2, 0x54, 0x43, 0x48)) return HTTP_PATCH
    if (first == 0x54 && second == 0x52 && matches(at + 2, 0x41, 0x43, 0x45)) return HTTP_TRACE
  } else if (length == 6) {
    if (matches(at, 0x44, 0x45, 0x4c) && matches(at + 3, 0x45, 0x54, 0x45)) return HTTP_DELETE
  } else if (length == 7) {
    if (first == 0x43 && matches(at + 1, 0x4f, 0x4e, 0x4e) && matches(at + 4, 0x45, 0x43, 0x54)) return HTTP_CONNECT
    if (first == 0x4f && matches(at + 1, 0x50, 0x54, 0x49) && matches(at + 4, 0x4f, 0x4e, 0x53)) return HTTP_OPTIONS
  }
  return HTTP_METHOD_OTHER
}

// @ts-ignore: decorator
@inline
function matches(at: usize, a: u32, b: u32, c: u32): bool {
  return load<u8>(at) == a && load<u8>(at + 1) == b && load<u8>(at + 2) == c
}

/** Bytes of a line's end at `at`; HEAD_UNFINISHED, or what is wrong, negative. */
// @ts-ignore: decorator
@inline
function lineEnd(at: usize, end: usize, mode: u32): i32 {
  if (at >= end) return HEAD_UNFINISHED
  if (load<u8>(at) == CR) {
    if (at + 1 == end) return HEAD_UNFINISHED
    return load<u8>(at + 1) == LF ? 2 : -HTTP_BAD_LINE_END
  }
  return load<u8>(at) == LF && (mode & HTTP_LET_BARE_FEEDS) != 0 ? 1 : -HTTP_BAD_LINE_END
}

/** Takes the start line of a request; where the next line begins, HEAD_UNFINISHED, or what is wrong, negative. */
function requestLine(start: usize, end: usize, limit: usize, mode: u32): i32 {
  // What is over the limit is not looked at.
  const stop = end - start > limit ? start + limit + 1 : end
  const unfinished = stop - start > limit ? -HTTP_BAD_LINE_LIMIT : HEAD_UNFINISHED
  let afterMethod = start + 3
  if (end - start > 15 && matches(start, 0x47, 0x45, 0x54) && load<u8>(afterMethod) == SP && limit > 3) {
    status = HTTP_GET
  } else {
    afterMethod = tokenEnd(start, stop)
    if (afterMethod == stop) return unfinished
    if (afterMethod == start || load<u8>(afterMethod) != SP) return -HTTP_BAD_METHOD
    status = methodId(start, afterMethod - start)
  }
  const target = afterMethod + 1
  const afterTarget = targetEnd(target, stop)
  if (afterTarget == stop) return unfinished
  if (afterTarget == target || load<u8>(afterTarget) != SP) return -HTTP_BAD_TARGET
  targetAt = target
  targetLength = afterTarget - target
  const line = afterTarget + 1
  if (end - line < 9) return HEAD_UNFINISHED
  const minor = version(line)
  if (minor < 0) return minor
  if (minor > 0) flags |= HTTP_MINOR_1
  const size = lineEnd(line + 8, end, mode)
  if (size <= 0) return size
  return <i32>(line + 8 - start) + size
}

/** The same for a response: its target is the reason. */
function statusLine(start: usize, end: usize, limit: usize, mode: u32): i32 {
  if (end - start < 13) return HEAD_UNFINISHED
  const minor = version(start)
  if (minor < 0) return minor
  if (minor > 0) flags |= HTTP_MINOR_1
  if (load<u8>(start + 8) != SP) return -HTTP_BAD_VERSION
  const hundreds = <u32>load<u8>(start + 9) - ZERO
  const tens = <u32>load<u8>(start + 10) - ZERO
  const ones = <u32>load<u8>(start + 11) - ZERO
  if (hundreds - 1 > 8 || tens > 9 || ones > 9) return -HTTP_BAD_STATUS
  status = <i32>(hundreds * 100 + tens * 10 + ones)
  const after = <u32>load<u8>(start + 12)
  const isSpace = after == SP
  if (!isSpace && ((after != CR && after != LF) || (mode & HTTP_LET_NO_REASON) == 0)) return -HTTP_BAD_STATUS
  targetAt = start + (isSpace ? 13 : 12)
  const most = end - start > limit ? start + limit + 1 : end
  const stop = targetAt < most ? valueEnd(targetAt, most) : targetAt
  if (<i32>(stop - start) > <i32>limit) return -HTTP_BAD_LINE_LIMIT
  if (stop == end) return HEAD_UNFINISHED
  targetLength = stop - targetAt
  if (load<u8>(stop) != CR && load<u8>(stop) != LF) return -HTTP_BAD_REASON
  const size = lineEnd(stop, end, mode)
  return size <= 0 ? size : <i32>(stop - start) + size
}

/** What a field that the core knows means for the message; 0, or what is wrong, negative. */
function meaning(id: u32, at: usize, end: usize, mode: u32): i32 {
  // Blanks around a value are not part of it, nor is the end of a folded line.
  while (at < end && (isBlank(load<u8>(at)) || load<u8>(at) == CR || load<u8>(at) == LF)) at++
  while (end > at && (isBlank(load<u8>(end - 1)) || load<u8>(end - 1) == CR || load<u8>(end - 1) == LF)) end--
  switch (id) {
    case HTTP_NAME_HOST:
      hosts++
      return 0
    case HTTP_NAME_CONTENT_LENGTH: {
      const isLoose = (mode & HTTP_LET_SAME_LENGTHS) != 0
      const said = lengthValue(at, end, isLoose)
      if ((marks & SEEN_LENGTH) != 0 && (!isLoose || said != bodyLength)) return -HTTP_BAD_LENGTHS
      if (said < 0) return -HTTP_BAD_LENGTH
      marks |= SEEN_LENGTH
      bodyLength = said
      return 0
    }
    case HTTP_NAME_TRANSFER_ENCODING:
      if ((marks & SEEN_CODING) != 0) return -HTTP_BAD_CODING
      marks |= SEEN_CODING
      return isChunked(at, end) ? 0 : -HTTP_BAD_CODING_UNKNOWN
    case HTTP_NAME_CONNECTION:
      marks |= connectionValue(at, end)
      return 0
    case HTTP_NAME_UPGRADE:
      marks |= SEEN_UPGRADE
      return 0
    case HTTP_NAME_EXPECT:
      flags |= isContinue(at, end) ? HTTP_EXPECT_CONTINUE : HTTP_EXPECT_OTHER
      return 0
  }
  return 0
}

/**
 * Takes fields and the empty line behind them, and writes their words. How many bytes they are,
 * HEAD_UNFINISHED, or what is wrong, negative. `knows`: the fields of a head, not of a trailer.
 */
function takeFields(start: usize, end: usize, limit: i32, mode: u32, knows: bool): i32 {
  let at = start
  let out = FIELDS
  fields = 0
  const roomy = isRoomy(end)
  while (true) {
    if (at >= end) return HEAD_UNFINISHED
    let colon: usize = 0
    let id: u32 = 0
    if (ASC_FEATURE_SIMD && roomy) {
      const colons = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(<i8>COLON)))
      if (colons != 0) {
        colon = at + <usize>ctz(colons)
        if (colon > at) id = nameId(at, <u32>(colon - at), true)
      }
    }
    // What has an id is a token; a colon beyond the end is stale.
    if (id == 0 || colon >= end) {
      colon = tokenEnd(at, end)
      if (colon == end) return HEAD_UNFINISHED
      if (colon == at) {
        const first = <u32>load<u8>(at)
        if (first == CR || first == LF) {
          const size = lineEnd(at, end, mode)
          if (size <= 0) return size
          store<u32>(out, <u32>(at - start) << 8)
          return <i32>(at - start) + size
        }
        return isBlank(first) ? -HTTP_BAD_FOLD : -HTTP_BAD_NAME
      }
      id = nameId(at, <u32>(colon - at), roomy)
      if ((mode & (HTTP_LET_NAME_BLANKS | HTTP_RESPONSES)) == (HTTP_LET_NAME_BLANKS | HTTP_RESPONSES)) {
        while (colon < end && isBlank(load<u8>(colon))) colon++
        if (colon == end) return HEAD_UNFINISHED
      }
      if (load<u8>(colon) != COLON) return -HTTP_BAD_NAME
    }
    let stop = valueEnd(colon + 1, end)
    let next: usize = 0
    while (true) {
      if (stop >= end) return HEAD_UNFINISHED
      const byte = <u32>load<u8>(stop)
      if (byte == CR) {
        if (stop + 1 == end) return HEAD_UNFINISHED
        if (load<u8>(stop + 1) != LF) return -HTTP_BAD_LINE_END
        next = stop + 2
      } else {
        if (byte != LF) return -HTTP_BAD_VALUE
        if ((mode & HTTP_LET_BARE_FEEDS) == 0) return -HTTP_BAD_LINE_END
        next = stop + 1
      }
      if ((mode & HTTP_LET_FOLDS) == 0) break
      if (next == end) return HEAD_UNFINISHED
      if (!isBlank(load<u8>(next))) break
      if ((mode & HTTP_RESPONSES) == 0) return -HTTP_BAD_FOLD
      flags |= HTTP_FOLDED
      stop = valueEnd(next, end)
    }
    if (fields == limit) return -HTTP_BAD_COUNT_LIMIT
    if (knows && id - 1 < <u32>HTTP_NAME_EXPECT) {
      const wrong = meaning(id, colon + 1, stop, mode)
      if (wrong < 0) return wrong
    }
    store<u32>(out, id | (<u32>(at - start) << 8))
    out += 4
    fields++
    at = next
  }
}

/** Where the fields of the last head begin. */
export function firstFieldGiven(): usize {
  return firstField
}

/** How many fields the last call took. */
export function fieldsTaken(): i32 {
  return fields
}

/** The body's length that the last head gave; meant only with HTTP_HAS_LENGTH. */
export function lengthGiven(): u64 {
  return bodyLength
}

/** Flags of the last head or trailers. */
export function flagsGiven(): u32 {
  return flags
}

/** Method or status of the last head. */
export function statusGiven(): i32 {
  return status
}

/** Where the target or reason of the last head begins, and its length. */
export function targetGiven(): usize {
  return targetAt
}

export function targetLengthGiven(): usize {
  return targetLength
}

/**
 * Takes a head that begins at `start`, of at most `limit` fields and a first line of at most `lineLimit` bytes: its
 * length, HEAD_UNFINISHED, or what is wrong, negative. `bodiless`: a response that has no body whatever it says.
 * `slot`: where heads seen before are, or 0; `mode` has nothing in it then but what it was made with.
 */
export function takeHead(
  start: usize, end: usize, mode: u32, bodiless: bool, lineLimit: usize, limit: i32, slot: usize
): i32 {
  flags = 0
  marks = 0
  hosts = 0
  bodyLength = 0
  const isRequest = (mode & HTTP_RESPONSES) == 0
  const usable = slot != 0 && isUsable(slot, mode, lineLimit, limit)
  let line = usable ? <i32>sameLine(slot, start, end) : 0
  if (line > 0) {
    flags = load<u32>(slot, A_LINE_FLAGS) | HTTP_SAME_LINE
    status = load<i32>(slot, A_STATUS)
    targetAt = start + <usize>load<u32>(slot, A_TARGET)
    targetLength = <usize>load<u32>(slot, A_TARGET_LENGTH)
  } else {
    line = isRequest ? requestLine(start, end, lineLimit, mode) : statusLine(start, end, lineLimit, mode)
    if (line <= 0) return line
  }
  firstField = start + <usize>line
  const same = usable ? <i32>sameFields(slot, firstField, end) : 0
  let length = line + same
  if (same > 0) {
    flags |= load<u32>(slot, A_FLAGS) | HTTP_SAME_FIELDS
    marks = load<u32>(slot, A_MARKS)
    hosts = load<u32>(slot, A_HOSTS)
    bodyLength = load<i64>(slot, A_BODY_LENGTH)
    fields = load<i32>(slot, A_FIELDS)
  } else {
    flags &= HTTP_MINOR_1
    const size = takeFields(firstField, end, limit, mode, true)
    if (size <= 0) return size
    length += size
  }
  const found = flags
  const wrong = isRequest ? framingOfRequest() : framingOfResponse(bodiless)
  if (wrong < 0) return wrong
  // Only now: whoever reads what is told must hear of all that the slot holds.
  if (same > 0) {
    if ((found & HTTP_SAME_LINE) == 0) rememberLine(slot, start, line, found)
    forgetMisses(slot)
  } else if (slot != 0 && isWorthKeeping(slot, <usize>(length - line))) {
    remember(slot, start, line, length - line, mode, lineLimit, limit, found)
  }
  return length
}

/** What was found in the first line goes into the slot. */
function rememberLine(slot: usize, start: usize, line: i32, found: u32): void {
  keepLine(slot, start, <usize>line)
  store<u32>(slot, found & HTTP_MINOR_1, A_LINE_FLAGS)
  store<i32>(slot, status, A_STATUS)
  store<u32>(slot, <u32>(targetAt - start), A_TARGET)
  store<u32>(slot, <u32>targetLength, A_TARGET_LENGTH)
}

/** And what was found in all of the head, before its framing was known. */
function remember(
  slot: usize, start: usize, line: i32, size: i32, mode: u32, lineLimit: usize, limit: i32, found: u32
): void {
  rememberLine(slot, start, line, found)
  keepFields(slot, firstField, <usize>size)
  store<u32>(slot, mode, A_MODE)
  store<u32>(slot, <u32>lineLimit, A_LINE_LIMIT)
  store<i32>(slot, limit, A_COUNT_LIMIT)
  store<u32>(slot, found & ~HTTP_MINOR_1, A_FLAGS)
  store<u32>(slot, marks, A_MARKS)
  store<u32>(slot, hosts, A_HOSTS)
  store<i64>(slot, bodyLength, A_BODY_LENGTH)
  store<i32>(slot, fields, A_FIELDS)
  flags |= HTTP_STORED
}

/** Takes the fields behind a chunked body, and the line behind them: as `takeHead`. */
export function takeTrailers(start: usize, end: usize, mode: u32, limit: i32): i32 {
  flags = 0
  return takeFields(start, end, limit, mode, false)
}

/** RFC 9112, 6.3 and 9.3, for a request. */
function framingOfRequest(): i32 {
  const isNew = (flags & HTTP_MINOR_1) != 0
  if (hosts > 1 || (isNew && hosts == 0)) return -HTTP_BAD_HOST
  if ((marks & SEEN_CODING) != 0) {
    // Both at once, or a coding that the version does not have: somebody before us may have seen another message.
    if ((marks & SEEN_LENGTH) != 0) return -HTTP_BAD_LENGTHS
    if (!isNew) return -HTTP_BAD_CODING
    flags |= HTTP_CHUNKED | HTTP_BODY_FOLLOWS
  } else if ((marks & SEEN_LENGTH) != 0) {
    flags |= HTTP_HAS_LENGTH | HTTP_BODY_FOLLOWS
  }
  connectionFlags(isNew)
  return 0
}

/** RFC 9112, 6.3 and 9.3, for a response. */
function framingOfResponse(bodiless: bool): i32 {
  const isNew = (flags & HTTP_MINOR_1) != 0
  const isCoded = (marks & SEEN_CODING) != 0
  const isLong = (marks & SEEN_LENGTH) != 0
  if (isCoded && isLong) return -HTTP_BAD_LENGTHS
  if (isCoded && !isNew) return -HTTP_BAD_CODING
  connectionFlags(isNew)
  if (isLong) flags |= HTTP_HAS_LENGTH
  if (isCoded) flags |= HTTP_CHUNKED
  if (bodiless || status < 200 || status == 204 || status == 304) return 0
  flags |= HTTP_BODY_FOLLOWS
  if (!isCoded && !isLong) {
    flags |= HTTP_UNTIL_CLOSE
    flags &= ~HTTP_PERSISTENT
  }
  return 0
}

function connectionFlags(isNew: bool): void {
  if ((marks & CONNECTION_CLOSE) == 0 && (isNew || (marks & CONNECTION_KEEP) != 0)) flags |= HTTP_PERSISTENT
  if ((marks & CONNECTION_UPGRADE) != 0 && (marks & SEEN_UPGRADE) != 0) flags |= HTTP_UPGRADE
}
