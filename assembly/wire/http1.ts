/**
 * HTTP/1.x messages, one after the other: heads, bodies by length, by chunks, or until the end, and trailers.
 *
 *      HEAD ─▶ LENGTH ─▶ HEAD          CHUNK_SIZE ─▶ EXTENSION ─▶ CHUNK ─▶ CHUNK_END ─▶ CHUNK_SIZE
 *           ─▶ CLOSE                        └─ 0 ─▶ … ─▶ TRAILERS ─▶ HEAD
 *
 * A call stops behind each head and each end of a message, so that its reader may pause, take the connection away, or
 * say what it expects, before anything behind them is looked at. Only heads, trailers and chunk sizes that span inputs
 * are kept. Owns: the struct's fields behind those that all parsers have, and the order of events. Must not know: the
 * grammar of a head. Source: RFC 9112, 6 and 7.
 */
import { ERR_ARGUMENT, ERR_HANDLE, ERR_NO_MEMORY, ERR_STATE } from "../abi/errors"
import {
  EVENT_HTTP_BAD, EVENT_HTTP_BODY, EVENT_HTTP_END, EVENT_HTTP_HEAD, EVENT_HTTP_TRAILERS, HTTP_BAD_CHUNK_END,
  HTTP_BAD_CHUNK_EXTENSION, HTTP_BAD_CHUNK_SIZE, HTTP_BAD_EXTENSION_LIMIT, HTTP_BAD_HEADER_LIMIT, HTTP_BAD_LINE_END,
  HTTP_BODY_FOLLOWS, HTTP_CHUNKED, HTTP_HAS_LENGTH, HTTP_HEAD_WORDS, HTTP_KEPT, HTTP_LET_BARE_FEEDS,
  HTTP_LET_EMPTY_LINES, HTTP_MAX_EXTENSIONS, HTTP_MAX_FIELDS, HTTP_MAX_HEAD, HTTP_MODES, HTTP_RESPONSES,
  HTTP_SAME_FIELDS, HTTP_SHARES, HTTP_SLOT_SHIFT, HTTP_UNTIL_CLOSE
} from "../abi/http"
import { HEADER_HTTP_MORE, RECORD_BYTES, RING, RING_RECORDS } from "../abi/layout"
import { END_CLEAN, END_FAILED, END_INSIDE_FRAME } from "../abi/records"
import { KIND_PARSER, resolve } from "../memory/handles"
import { slotAt, slotNumber } from "./http1-again"
import { EXT_BLANK, EXT_WRONG, extensionStep, isExtensionOver } from "./http1-chunks"
import {
  HEAD_UNFINISHED, fieldsTaken, firstFieldGiven, flagsGiven, lengthGiven, statusGiven, takeHead, takeTrailers,
  targetGiven, targetLengthGiven
} from "./http1-head"
import { hasNames } from "./http1-names"
import { isBlank } from "./http1-scan"
import {
  FORMAT_HTTP, P_FORMAT, P_INLINE, P_KEPT, P_KEPT_LENGTH, P_LIMIT, P_SEEN, P_STATE, P_WIDTH, STATE_FAILED, STATE_HEAD,
  deliver, done, dropDelivered, dropKept, keep, makeParser, record
} from "./parser"

const STATE_LENGTH = 3
const STATE_CLOSE = 4
const STATE_CHUNK_SIZE = 5
const STATE_EXTENSION = 6
const STATE_CHUNK = 7
const STATE_CHUNK_END = 8
const STATE_TRAILERS = 9
/** The message is whole, and its reader is still to be told. */
const STATE_OVER = 10

// The struct's own fields. What is left of a body or chunk is 64 bits wide.
const H_MODE = P_WIDTH
/** Bytes of chunk extensions seen in a message. */
const H_EXTENSION = P_SEEN
const H_LEFT = P_INLINE
const H_LINE_LIMIT = 52
const H_COUNT_LIMIT = 56
/** Longest chunk extensions of a message; and in the upper half the digits of a chunk size that were seen. */
const H_EXTENSION_LIMIT = 60

// In H_MODE, beside HTTP_MODES.
/** The next head has no body, whatever it says. */
const MODE_BODILESS: u32 = 1024
/** A carriage return was the last byte. */
const MODE_CR: u32 = 256
/** An empty line came before this message. */
const MODE_BLANK: u32 = 512
/** Where in a chunk extension we are, four bits. */
const EXTENSION_SHIFT: u32 = 12
const EXTENSION_BITS: u32 = 15 << 12

const CR: u32 = 13
const LF: u32 = 10
const SEMICOLON: u32 = 59
/** More could not be added to what has been counted. */
const MOST_CHUNK_DIGITS: u32 = 13

/**
 * A parser of requests or responses; `mode` is HTTP_REQUESTS or HTTP_RESPONSES, and what is let pass. Limits: bytes of
 * a head or trailer, of a start line, number of fields, bytes of chunk extensions in a message. A handle or an error.
 */
export function httpParserNew(mode: i32, headLimit: i32, lineLimit: i32, countLimit: i32, extensionLimit: i32): i32 {
  if (mode < 0 || mode > HTTP_MODES || headLimit < 0 || headLimit > HTTP_MAX_HEAD || lineLimit < 0) return ERR_ARGUMENT
  if (countLimit < 0 || countLimit > HTTP_MAX_FIELDS) return ERR_ARGUMENT
  if (extensionLimit < 0 || extensionLimit > HTTP_MAX_EXTENSIONS) return ERR_ARGUMENT
  if (!hasNames()) return ERR_STATE
  const handle = makeParser(FORMAT_HTTP, headLimit)
  if (handle < 0) return handle
  const p = resolve(handle, KIND_PARSER)
  store<u32>(p, mode, H_MODE)
  store<u32>(p, min(lineLimit, HTTP_MAX_HEAD), H_LINE_LIMIT)
  store<u32>(p, countLimit, H_COUNT_LIMIT)
  store<u32>(p, extensionLimit, H_EXTENSION_LIMIT)
  return handle
}

/** The next response answers a HEAD: it has no body. */
export function httpExpectBodiless(handle: i32, bodiless: i32): i32 {
  const p = resolve(handle, KIND_PARSER)
  if (p == 0 || load<u32>(p, P_FORMAT) != FORMAT_HTTP) return ERR_HANDLE
  const mode = load<u32>(p, H_MODE)
  store<u32>(p, bodiless != 0 ? mode | MODE_BODILESS : mode & ~MODE_BODILESS, H_MODE)
  return 0
}

function bad(p: usize, count: i32, reason: i32, offset: i32, length: i32): i32 {
  store<u32>(p, STATE_FAILED, P_STATE)
  dropKept(p)
  record(count, EVENT_HTTP_BAD, offset, reason, offset)
  return done(count + 1, length)
}

/** Whether a line may end in what came now: without it a head is not whole, and seldom found to be wrong. */
function hasFeed(input: usize, length: i32): bool {
  for (let at = input; at < input + length; at++) {
    if (load<u8>(at) == LF) return true
  }
  return false
}

/** Parses `length` bytes; see `parserReceive`. Keeps what is unfinished. */
export function receiveHTTP(p: usize, input: usize, length: i32): i32 {
  dropDelivered(p)
  const count = receiveMore(p, input, length)
  store<i32>(HEADER_HTTP_MORE, more(p))
  return count
}

/** Bytes of a body or chunk that are still to come. */
// @ts-ignore: decorator
@inline
function more(p: usize): i32 {
  const state = load<u32>(p, P_STATE)
  if (state == STATE_HEAD) return 0
  if (state == STATE_CLOSE) return i32.MAX_VALUE
  return state == STATE_LENGTH || state == STATE_CHUNK ? <i32>min<u64>(load<u64>(p, H_LEFT), i32.MAX_VALUE) : 0
}

/**
 * The host has dealt with so many bytes of a body or chunk itself, at most as many as HEADER_HTTP_MORE said; how many
 * are still to come. When none are, `parserReceive` goes on, with no input if there is none.
 */
export function httpSkipBody(handle: i32, length: i32): i32 {
  const p = resolve(handle, KIND_PARSER)
  if (p == 0 || load<u32>(p, P_FORMAT) != FORMAT_HTTP) return ERR_HANDLE
  const state = load<u32>(p, P_STATE)
  if (length < 0 || length > more(p)) return ERR_ARGUMENT
  if (state == STATE_LENGTH || state == STATE_CHUNK) {
    const left = load<u64>(p, H_LEFT) - <u64>length
    store<u64>(p, left, H_LEFT)
    if (left == 0) store<u32>(p, state == STATE_LENGTH ? STATE_OVER : STATE_CHUNK_END, P_STATE)
  }
  return more(p)
}

function receiveMore(p: usize, input: usize, length: i32): i32 {
  const end = input + length
  let at = input
  let count = 0
  while (true) {
    const state = load<u32>(p, P_STATE)
    if (state == STATE_OVER) {
      record(count++, EVENT_HTTP_END, <i32>(at - input), 0, <i32>(at - input))
      store<u32>(p, STATE_HEAD, P_STATE)
      return done(count, <i32>(at - input))
    }
    // Without input, what is kept is looked at once more: nothing follows it.
    if (at == end && (length > 0 || load<u32>(p, P_KEPT_LENGTH) == 0)) return done(count, length)
    // Room for the records of a head, which are written before it is known to be whole.
    if (state == STATE_HEAD) {
      if (count > 0) return done(count, <i32>(at - input))
      return receiveHead(p, input, length)
    }
    if (state == STATE_TRAILERS) {
      // They are read from where the input begins: what ends the last chunk may stand before them.
      if (at != input) return done(count, <i32>(at - input))
      return receiveTrailers(p, input, length)
    }
    if (count == RING_RECORDS - 2) return done(count, <i32>(at - input))
    if (state == STATE_CLOSE) {
      record(count++, EVENT_HTTP_BODY, <i32>(at - input), <i32>(end - at), length)
      return done(count, length)
    }
    if (state == STATE_LENGTH || state == STATE_CHUNK) {
      const left = load<u64>(p, H_LEFT)
      const here = <u64>(end - at)
      const size = <u32>min(left, here)
      record(count++, EVENT_HTTP_BODY, <i32>(at - input), <i32>size, <i32>(at - input) + <i32>size)
      at += size
      store<u64>(p, left - <u64>size, H_LEFT)
      if (left == <u64>size) store<u32>(p, state == STATE_LENGTH ? STATE_OVER : STATE_CHUNK_END, P_STATE)
      continue
    }
    const wrong = chunkFraming(p, state, at, end)
    if (wrong < 0) return bad(p, count, -wrong, <i32>(at - input), length)
    at += wrong
  }
}

/** Takes bytes between the data of chunks: how many, at least one, or what is wrong, negative. */
function chunkFraming(p: usize, state: u32, start: usize, end: usize): i32 {
  let at = start
  if (state == STATE_CHUNK_END) {
    const wanted = (load<u32>(p, H_MODE) & MODE_CR) != 0 ? LF : CR
    if (<u32>load<u8>(at) != wanted) return -HTTP_BAD_CHUNK_END
    if (wanted == CR) setCR(p, true)
    else {
      setCR(p, false)
      beginChunkSize(p)
    }
    return 1
  }
  if (state == STATE_CHUNK_SIZE) {
    let size = load<u64>(p, H_LEFT)
    let digits = load<u32>(p, H_EXTENSION_LIMIT) >>> 16
    while (at < end) {
      const digit = hexDigit(load<u8>(at))
      if (digit > 15) break
      if (++digits > MOST_CHUNK_DIGITS) return -HTTP_BAD_CHUNK_SIZE
      size = (size << 4) | <u64>digit
      at++
    }
    store<u64>(p, size, H_LEFT)
    store<u32>(p, (load<u32>(p, H_EXTENSION_LIMIT) & 0xffff) | (digits << 16), H_EXTENSION_LIMIT)
    if (at == end) return <i32>(at - start)
    const byte = <u32>load<u8>(at)
    const isPlain = byte == CR
    if (digits == 0 || (!isPlain && byte != SEMICOLON && !isBlank(byte))) return -HTTP_BAD_CHUNK_SIZE
    setExtension(p, EXT_BLANK)
    store<u32>(p, STATE_EXTENSION, P_STATE)
    if (!isPlain) return at > start ? <i32>(at - start) : extension(p, at, end)
    setCR(p, true)
    return <i32>(at + 1 - start)
  }
  return extension(p, start, end)
}

/** Takes what stands between a chunk's size and its data. */
function extension(p: usize, start: usize, end: usize): i32 {
  if ((load<u32>(p, H_MODE) & MODE_CR) != 0) {
    if (load<u8>(start) != LF) return -HTTP_BAD_LINE_END
    setCR(p, false)
    store<u32>(p, load<u64>(p, H_LEFT) == 0 ? STATE_TRAILERS : STATE_CHUNK, P_STATE)
    return 1
  }
  let state = (load<u32>(p, H_MODE) & EXTENSION_BITS) >>> EXTENSION_SHIFT
  let seen = load<u32>(p, H_EXTENSION)
  const limit = load<u32>(p, H_EXTENSION_LIMIT) & 0xffff
  for (let at = start; at < end; at++) {
    const byte = <u32>load<u8>(at)
    if (byte == CR && isExtensionOver(state)) {
      store<u32>(p, seen, H_EXTENSION)
      setCR(p, true)
      return <i32>(at + 1 - start)
    }
    if (++seen > limit) return -HTTP_BAD_EXTENSION_LIMIT
    state = extensionStep(state, byte)
    if (state == EXT_WRONG) return -HTTP_BAD_CHUNK_EXTENSION
  }
  store<u32>(p, seen, H_EXTENSION)
  setExtension(p, state)
  return <i32>(end - start)
}

function setExtension(p: usize, state: u32): void {
  store<u32>(p, (load<u32>(p, H_MODE) & ~EXTENSION_BITS) | (state << EXTENSION_SHIFT), H_MODE)
}

function beginChunkSize(p: usize): void {
  store<u64>(p, 0, H_LEFT)
  store<u32>(p, load<u32>(p, H_EXTENSION_LIMIT) & 0xffff, H_EXTENSION_LIMIT)
  store<u32>(p, STATE_CHUNK_SIZE, P_STATE)
}

function setCR(p: usize, on: bool): void {
  const mode = load<u32>(p, H_MODE)
  store<u32>(p, on ? mode | MODE_CR : mode & ~MODE_CR, H_MODE)
}

// @ts-ignore: decorator
@inline
function hexDigit(byte: u32): u32 {
  const digit = byte - 48
  if (digit < 10) return digit
  const letter = (byte | 0x20) - 97
  return letter < 6 ? letter + 10 : 16
}

/** Takes a head that begins here or began earlier. */
function receiveHead(p: usize, input: usize, length: i32): i32 {
  const had = load<u32>(p, P_KEPT_LENGTH)
  const end = input + length
  if (had == 0) {
    const mode = load<u32>(p, H_MODE)
    let at = input
    let next = mode
    const first = <u32>load<u8>(at)
    if (first == CR || first == LF || (mode & MODE_CR) != 0) {
      while (at < end) {
        const byte = <u32>load<u8>(at)
        if ((next & MODE_CR) != 0) {
          if (byte != LF) return bad(p, 0, HTTP_BAD_LINE_END, <i32>(at - input), length)
          next = (next & ~MODE_CR) | MODE_BLANK
        } else {
          // One empty line before a request is what is left of an old client's last one (RFC 9112, 2.2).
          const isFree = (next & HTTP_LET_EMPTY_LINES) != 0 || (next & (HTTP_RESPONSES | MODE_BLANK)) == 0
          if (isFree && byte == CR) next |= MODE_CR
          else if (isFree && byte == LF && (next & HTTP_LET_BARE_FEEDS) != 0) next |= MODE_BLANK
          else break
        }
        at++
      }
    }
    const slot = (mode & HTTP_SHARES) == 0 ? 0 : slotAt(slotNumber(p))
    const taken = head(p, at, end, slot)
    if (taken > 0) return tellHead(p, at, <i32>(at - input), taken, <i32>(at - input) + taken, 0)
    if (taken < 0) return bad(p, 0, -taken, <i32>(at - input), length)
    if (at < end && !keep(p, at, <u32>(end - at))) return ERR_NO_MEMORY
    store<u32>(p, next, H_MODE)
    return done(0, length)
  }
  const limit = load<u32>(p, P_LIMIT)
  const line = load<u32>(p, H_LINE_LIMIT)
  // What cannot belong to a head within the limit need not be copied.
  const more = min(<u32>length, had <= limit ? limit + 1 - had : 0)
  if (!keep(p, input, more)) return ERR_NO_MEMORY
  const all = had + more
  if (length == 0 || all > limit || (had <= line && all > line) || hasFeed(input, length)) {
    const whole = <usize>load<u32>(p, P_KEPT)
    const taken = head(p, whole, whole + all, 0)
    if (taken < 0) return bad(p, 0, -taken, 0, length)
    if (taken > 0) {
      const address = deliver(p)
      return tellHead(p, <usize>address, address, taken, taken - <i32>had, HTTP_KEPT)
    }
  }
  return done(0, length)
}

/** A whole head, or what `takeHead` gives; what is over the limit is not looked at. */
// @ts-ignore: decorator
@inline
function head(p: usize, start: usize, end: usize, slot: usize): i32 {
  const mode = load<u32>(p, H_MODE)
  const limit = <usize>load<u32>(p, P_LIMIT)
  const isOver = end - start > limit
  const taken = takeHead(start, isOver ? start + limit : end, mode & HTTP_MODES, (mode & MODE_BODILESS) != 0,
    load<u32>(p, H_LINE_LIMIT), load<i32>(p, H_COUNT_LIMIT), slot)
  return isOver && taken == HEAD_UNFINISHED ? -HTTP_BAD_HEADER_LIMIT : taken
}

/** Writes the words of a head or of trailers but for those of its fields; the number of records. */
// @ts-ignore: decorator
@inline
function tell(kind: i32, where: i32, length: i32, next: i32, flags: u32): i32 {
  record(0, kind, where, length, next)
  store<u32>(<usize>RING + RECORD_BYTES, flags)
  store<i32>(<usize>RING + RECORD_BYTES, fieldsTaken(), 4)
  return (HTTP_HEAD_WORDS + ((flags & HTTP_SAME_FIELDS) != 0 ? 0 : 4 + fieldsTaken())) >>> 2
}

function tellHead(p: usize, origin: usize, where: i32, length: i32, next: i32, kept: u32): i32 {
  const flags = flagsGiven() | (slotNumber(p) << HTTP_SLOT_SHIFT)
  const size = lengthGiven()
  const status = statusGiven()
  const count = tell(EVENT_HTTP_HEAD, where, length, next, flags | kept)
  store<u32>(<usize>RING + RECORD_BYTES, <u32>(targetGiven() - origin), 8)
  store<u32>(<usize>RING + RECORD_BYTES, <u32>targetLengthGiven(), 12)
  record(2, status, <i32>size, <i32>(size >>> 32), <i32>(firstFieldGiven() - origin))
  // An informational response comes before the one that was expected.
  const mode = load<u32>(p, H_MODE) & ~(MODE_CR | MODE_BLANK)
  store<u32>(p, status >= 200 ? mode & ~MODE_BODILESS : mode, H_MODE)
  store<u32>(p, 0, H_EXTENSION)
  if ((flags & HTTP_BODY_FOLLOWS) != 0) {
    if ((flags & HTTP_CHUNKED) != 0) {
      beginChunkSize(p)
      return done(count, next)
    }
    if ((flags & HTTP_UNTIL_CLOSE) != 0) {
      store<u32>(p, STATE_CLOSE, P_STATE)
      return done(count, next)
    }
    if ((flags & HTTP_HAS_LENGTH) != 0 && size > 0) {
      store<u64>(p, size, H_LEFT)
      store<u32>(p, STATE_LENGTH, P_STATE)
      return done(count, next)
    }
  }
  return over(p, count, next)
}

/** Tells the end of a message. */
function over(p: usize, count: i32, next: i32): i32 {
  record(count, EVENT_HTTP_END, next, 0, next)
  store<u32>(p, STATE_HEAD, P_STATE)
  return done(count + 1, next)
}

/** Takes the fields behind the last chunk, which begin here or began earlier. */
function receiveTrailers(p: usize, input: usize, length: i32): i32 {
  const had = load<u32>(p, P_KEPT_LENGTH)
  if (had == 0) {
    const taken = trailers(p, input, input + length)
    if (taken > 0) return tellTrailers(p, 0, taken, taken, 0)
    if (taken < 0) return bad(p, 0, -taken, 0, length)
    return keep(p, input, length) ? done(0, length) : ERR_NO_MEMORY
  }
  const limit = load<u32>(p, P_LIMIT)
  const more = min(<u32>length, had <= limit ? limit + 1 - had : 0)
  if (!keep(p, input, more)) return ERR_NO_MEMORY
  const all = had + more
  if (length == 0 || all > limit || hasFeed(input, length)) {
    const whole = <usize>load<u32>(p, P_KEPT)
    const taken = trailers(p, whole, whole + all)
    if (taken < 0) return bad(p, 0, -taken, 0, length)
    if (taken > 0) return tellTrailers(p, deliver(p), taken, taken - <i32>had, HTTP_KEPT)
  }
  return done(0, length)
}

/** Whole trailers, or what `takeTrailers` gives; what is over the limit is not looked at. */
function trailers(p: usize, start: usize, end: usize): i32 {
  const limit = <usize>load<u32>(p, P_LIMIT)
  const isOver = end - start > limit
  const taken = takeTrailers(start, isOver ? start + limit : end, load<u32>(p, H_MODE), load<i32>(p, H_COUNT_LIMIT))
  return isOver && taken == HEAD_UNFINISHED ? -HTTP_BAD_HEADER_LIMIT : taken
}

function tellTrailers(p: usize, where: i32, length: i32, next: i32, kept: u32): i32 {
  // Without fields there is nothing to tell.
  if (fieldsTaken() == 0) {
    if (kept != 0) dropDelivered(p)
    return over(p, 0, next)
  }
  const count = tell(EVENT_HTTP_TRAILERS, where, length, next, flagsGiven() | kept)
  store<u64>(<usize>RING + RECORD_BYTES, 0, 8)
  record(2, 0, 0, 0, 0)
  return over(p, count, next)
}

/** The stream ended: between two messages or at the end of one that ends so, inside of one, or after a failure. */
export function httpEnd(p: usize): i32 {
  const state = load<u32>(p, P_STATE)
  if (state == STATE_FAILED) return END_FAILED
  if (state == STATE_CLOSE) return END_CLEAN
  return state == STATE_HEAD && load<u32>(p, P_KEPT_LENGTH) == 0 ? END_CLEAN : END_INSIDE_FRAME
}

/** Forgets a message that has begun; what kind of messages it parses stays. */
export function httpReset(p: usize): void {
  store<u32>(p, load<u32>(p, H_MODE) & HTTP_MODES, H_MODE)
}
