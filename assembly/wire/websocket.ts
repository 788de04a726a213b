/**
 * WebSocket frames, as the pieces of messages and as whole control frames.
 *
 *      HEAD ──header──▶ BODY ──all of a data frame──▶ HEAD         HEAD, BODY, CONTROL ──anything wrong──▶ FAILED
 *           ──header──▶ CONTROL ──all of it──▶ HEAD, or CLOSED behind a close frame
 *
 * Payloads of data frames are told of as they come and never kept, whatever length they announce; those of control
 * frames, 125 bytes at most, are kept when they span inputs. Masked payloads are unmasked where they lie.
 *
 *      struct:  20 state   32 mode, 0 … 7; most fragments, 8 … 31   44 UTF-8 state of the message   56 message's length
 *               24 left    36 bytes of the header that were seen    52 header's first two bytes,    60 its frames
 *               40 key                                              message's flags, 16 … 31
 *
 * Must not know: what messages mean, extensions. Source: RFC 6455, 5, 7.4 and 8.1; RFC 7692, 6 (RSV1).
 */
import { RING_RECORDS } from "../abi/layout"
import { ERR_ARGUMENT, ERR_NO_MEMORY } from "../abi/errors"
import { MAX_FRAME } from "../abi/limits"
import { END_CLEAN, END_FAILED, END_INSIDE_FRAME } from "../abi/records"
import {
  EVENT_WEBSOCKET_BAD, EVENT_WEBSOCKET_CLOSE, EVENT_WEBSOCKET_DATA, EVENT_WEBSOCKET_MESSAGE, EVENT_WEBSOCKET_PING,
  EVENT_WEBSOCKET_PONG, UTF8_INSIDE, UTF8_INVALID, UTF8_WIDE, WEBSOCKET_ASCII, WEBSOCKET_BAD_CLOSE_CODE,
  WEBSOCKET_BAD_CLOSE_LENGTH, WEBSOCKET_BAD_CLOSE_REASON, WEBSOCKET_BAD_CONTINUATION, WEBSOCKET_BAD_CONTROL_FRAGMENT,
  WEBSOCKET_BAD_CONTROL_LENGTH, WEBSOCKET_BAD_FRAGMENT_LIMIT, WEBSOCKET_BAD_INTERLEAVED, WEBSOCKET_BAD_LENGTH,
  WEBSOCKET_BAD_LENGTH_FORM, WEBSOCKET_BAD_MASKED, WEBSOCKET_BAD_MESSAGE_LIMIT, WEBSOCKET_BAD_OPCODE,
  WEBSOCKET_BAD_RESERVED, WEBSOCKET_BAD_UNMASKED, WEBSOCKET_BAD_UTF8, WEBSOCKET_COMPRESSED, WEBSOCKET_COMPRESSION,
  WEBSOCKET_KEPT, WEBSOCKET_MORE_SHIFT, WEBSOCKET_MOST_FRAGMENTS, WEBSOCKET_SERVER, WEBSOCKET_TEXT
} from "../abi/websocket"
import { KIND_PARSER, resolve } from "../memory/handles"
import {
  FORMAT_WEBSOCKET, P_INLINE, P_KEPT, P_KEPT_LENGTH, P_LIMIT, P_SEEN, P_STATE, P_VALUE, P_WIDTH, STATE_BODY,
  STATE_FAILED, STATE_HEAD, deliver, done, dropDelivered, dropKept, keep, makeParser, record
} from "./parser"
import { utf8 } from "./utf8"
import { mask } from "./websocket-mask"

const STATE_CONTROL = 3
/** A close frame was received: what follows is ignored. */
const STATE_CLOSED = 4

const W_MODE = P_WIDTH
const W_KEY = P_INLINE
const W_UTF8 = 44
const W_FRAME = 52
const W_LENGTH = 56
const W_FRAMES = 60

const CONTINUATION: u32 = 0
const TEXT: u32 = 1
const CLOSE: u32 = 8
const PING: u32 = 9
const PONG: u32 = 10
const FIN: u32 = 0x80
const RSV1: u32 = 0x40
const RSV: u32 = 0x70
const MASKED: u32 = 0x80 << 8
/** In the upper half of W_FRAME: what the message is that has begun; 0 for none. */
const MESSAGE_TEXT: u32 = 1 << 16
const MESSAGE_BINARY: u32 = 2 << 16
const MESSAGE_COMPRESSED: u32 = 4 << 16
const MESSAGE: u32 = 7 << 16

/**
 * A parser of frames: what it expects (WEBSOCKET_…), bytes of a message at most, frames of one at most. A handle or
 * an error.
 */
export function websocketParserNew(mode: i32, limit: i32, fragments: i32): i32 {
  if (mode < 0 || mode > (WEBSOCKET_SERVER | WEBSOCKET_COMPRESSION) || limit < 0 || limit > MAX_FRAME) {
    return ERR_ARGUMENT
  }
  if (fragments < 1 || fragments > WEBSOCKET_MOST_FRAGMENTS) return ERR_ARGUMENT
  const handle = makeParser(FORMAT_WEBSOCKET, limit)
  if (handle > 0) store<u32>(resolve(handle, KIND_PARSER), <u32>mode | (<u32>fragments << 8), W_MODE)
  return handle
}

/** Whether this parser changes its input. */
export function unmasks(p: usize): bool {
  return (load<u32>(p, W_MODE) & WEBSOCKET_SERVER) != 0
}

/** Parses `length` bytes; see `parserReceive`. Nothing is left over, whatever the caller wants. */
export function receiveWebSocket(p: usize, input: usize, length: i32): i32 {
  dropDelivered(p)
  const end = input + length
  let at = input
  let count = 0
  while (at < end) {
    if (count == RING_RECORDS - 1) return done(count, <i32>(at - input))
    let state = load<u32>(p, P_STATE)
    if (state == STATE_CLOSED) return done(count, length)
    if (state == STATE_HEAD) {
      const taken = takeHeader(p, at, end)
      if (taken < 0) return bad(p, count, -taken, <i32>(at - input), length)
      at += taken
      state = load<u32>(p, P_STATE)
      if (state == STATE_HEAD) break
    }
    const left = load<u32>(p, P_VALUE)
    const here = min<u32>(left, <u32>(end - at))
    if (here == 0 && left != 0) break
    if (state == STATE_BODY) {
      const wrong = takeData(p, count, input, at, here)
      if (wrong < 0) return bad(p, count, -wrong, <i32>(at - input), length)
      count += wrong
    } else {
      const told = takeControl(p, count, input, at, here)
      if (told == ERR_NO_MEMORY) return count == 0 && at == input ? ERR_NO_MEMORY : done(count, <i32>(at - input))
      if (told < -1000) return bad(p, count, -told - 1000, <i32>(at - input), length)
      count += told
    }
    at += here
  }
  return done(count, length)
}

function bad(p: usize, count: i32, reason: i32, offset: i32, length: i32): i32 {
  store<u32>(p, STATE_FAILED, P_STATE)
  dropKept(p)
  record(count, EVENT_WEBSOCKET_BAD, offset, reason, offset)
  return done(count + 1, length)
}

/** Takes bytes of a header: how many, or what is wrong, negative. */
function takeHeader(p: usize, start: usize, end: usize): i32 {
  let at = start
  let seen = load<u32>(p, P_SEEN)
  let frame = load<u32>(p, W_FRAME)
  let value = load<u32>(p, P_VALUE)
  if (seen == 0) {
    const first = <u32>load<u8>(at++)
    const wrong = firstByte(p, first, frame & MESSAGE)
    if (wrong != 0) return -wrong
    frame = (frame & MESSAGE) | first
    value = 0
    seen = 1
  }
  if (seen == 1 && at < end) {
    const second = <u32>load<u8>(at++)
    const isServer = (load<u32>(p, W_MODE) & WEBSOCKET_SERVER) != 0
    if (((second & 0x80) != 0) != isServer) return isServer ? -WEBSOCKET_BAD_UNMASKED : -WEBSOCKET_BAD_MASKED
    value = second & 0x7f
    if ((frame & 8) != 0) {
      if (value > 125) return -WEBSOCKET_BAD_CONTROL_LENGTH
      if (value == 1 && (frame & 15) == CLOSE) return -WEBSOCKET_BAD_CLOSE_LENGTH
    }
    frame |= second << 8
    if (value < 126 && overLimit(p, frame, value)) return -WEBSOCKET_BAD_MESSAGE_LIMIT
    if (value > 125) value = 0
    seen = 2
  }
  if (seen >= 2) {
    const short = (frame >>> 8) & 0x7f
    const lengthEnd: u32 = short < 126 ? 2 : short == 126 ? 4 : 10
    while (seen < lengthEnd && at < end) {
      const byte = <u32>load<u8>(at++)
      // The upper half of 64 bits: no limit reaches there.
      if (lengthEnd == 10 && seen < 6) {
        if (seen == 2 && byte > 0x7f) return -WEBSOCKET_BAD_LENGTH
        if (byte != 0) return -WEBSOCKET_BAD_MESSAGE_LIMIT
      }
      value = (value << 8) | byte
      if (++seen == lengthEnd) {
        if (value < <u32>(short == 126 ? 126 : 65536)) return -WEBSOCKET_BAD_LENGTH_FORM
        if (overLimit(p, frame, value)) return -WEBSOCKET_BAD_MESSAGE_LIMIT
      }
    }
    if (seen >= lengthEnd) {
      const whole = (frame & MASKED) != 0 ? lengthEnd + 4 : lengthEnd
      let key = seen == lengthEnd ? 0 : load<u32>(p, W_KEY)
      while (seen < whole && at < end) {
        key |= <u32>load<u8>(at++) << ((seen - lengthEnd) << 3)
        seen++
      }
      store<u32>(p, key, W_KEY)
      if (seen == whole) {
        begin(p, frame, value)
        return <i32>(at - start)
      }
    }
  }
  store<u32>(p, seen, P_SEEN)
  store<u32>(p, frame, W_FRAME)
  store<u32>(p, value, P_VALUE)
  return <i32>(at - start)
}

/** What is wrong with a header's first byte, or 0. */
function firstByte(p: usize, byte: u32, message: u32): i32 {
  const opcode = byte & 15
  const reserved = byte & RSV
  const mode = load<u32>(p, W_MODE)
  if ((reserved & ~RSV1) != 0) return WEBSOCKET_BAD_RESERVED
  if (reserved != 0 && ((mode & WEBSOCKET_COMPRESSION) == 0 || opcode == CONTINUATION || opcode >= CLOSE)) {
    return WEBSOCKET_BAD_RESERVED
  }
  if (opcode >= CLOSE) {
    if (opcode > PONG) return WEBSOCKET_BAD_OPCODE
    return (byte & FIN) == 0 ? WEBSOCKET_BAD_CONTROL_FRAGMENT : 0
  }
  if (opcode > 2) return WEBSOCKET_BAD_OPCODE
  if (opcode == CONTINUATION) {
    if (message == 0) return WEBSOCKET_BAD_CONTINUATION
    return load<u32>(p, W_FRAMES) >= mode >>> 8 ? WEBSOCKET_BAD_FRAGMENT_LIMIT : 0
  }
  return message == 0 ? 0 : WEBSOCKET_BAD_INTERLEAVED
}

/** Whether a frame of so many bytes makes its message too long. */
// @ts-ignore: decorator
@inline
function overLimit(p: usize, frame: u32, length: u32): bool {
  if ((frame & 8) != 0) return false
  const had: u32 = (frame & 15) == CONTINUATION ? load<u32>(p, W_LENGTH) : 0
  const limit = load<u32>(p, P_LIMIT)
  return had > limit || length > limit - had
}

/** A header is whole. */
function begin(p: usize, header: u32, length: u32): void {
  let frame = header
  const opcode = frame & 15
  if (opcode < CLOSE) {
    if (opcode != CONTINUATION) {
      frame |= opcode == TEXT ? MESSAGE_TEXT : MESSAGE_BINARY
      if ((frame & RSV1) != 0) frame |= MESSAGE_COMPRESSED
      store<u32>(p, 0, W_LENGTH)
      store<u32>(p, 0, W_FRAMES)
      store<u32>(p, 0, W_UTF8)
    }
    store<u32>(p, load<u32>(p, W_LENGTH) + length, W_LENGTH)
    store<u32>(p, load<u32>(p, W_FRAMES) + 1, W_FRAMES)
  }
  store<u32>(p, opcode < CLOSE ? STATE_BODY : STATE_CONTROL, P_STATE)
  store<u32>(p, frame, W_FRAME)
  store<u32>(p, length, P_VALUE)
  store<u32>(p, 0, P_SEEN)
}

/** Takes bytes of a data frame: how many records it wrote, or what is wrong, negative. */
function takeData(p: usize, count: i32, input: usize, at: usize, length: u32): i32 {
  const frame = load<u32>(p, W_FRAME)
  const left = load<u32>(p, P_VALUE) - length
  if ((frame & MASKED) != 0) store<u32>(p, mask(at, length, load<u32>(p, W_KEY)), W_KEY)
  let kind = (frame & MESSAGE_COMPRESSED) != 0 ? WEBSOCKET_COMPRESSED : 0
  const isLast = left == 0 && (frame & FIN) != 0
  if ((frame & MESSAGE_TEXT) != 0) {
    kind |= WEBSOCKET_TEXT
    if ((frame & MESSAGE_COMPRESSED) == 0) {
      const text = utf8(at, length, load<u32>(p, W_UTF8))
      const inside = text & UTF8_INSIDE
      if (inside == UTF8_INVALID || (isLast && inside != 0)) return -WEBSOCKET_BAD_UTF8
      if ((text & UTF8_WIDE) == 0) kind |= WEBSOCKET_ASCII
      store<u32>(p, text, W_UTF8)
    }
  }
  store<u32>(p, left, P_VALUE)
  if (left == 0) {
    store<u32>(p, STATE_HEAD, P_STATE)
    if (isLast) store<u32>(p, frame & ~MESSAGE, W_FRAME)
    // Where a message begins the other side has to know of it, bytes or not: until it ends no other may begin.
    else if (length == 0 && (frame & 15) == CONTINUATION) return 0
  }
  const offset = <i32>(at - input)
  const event = isLast ? EVENT_WEBSOCKET_MESSAGE : EVENT_WEBSOCKET_DATA
  // At most 2^20 - 1 KiB, because no message has 2^30 bytes or more.
  kind |= event | <i32>(((left + 1023) >>> 10) << WEBSOCKET_MORE_SHIFT)
  record(count, kind, offset, <i32>length, offset + <i32>length)
  return 1
}

/** Takes bytes of a control frame: how many records it wrote, ERR_NO_MEMORY, or what is wrong below -1000. */
function takeControl(p: usize, count: i32, input: usize, at: usize, length: u32): i32 {
  const frame = load<u32>(p, W_FRAME)
  const had = load<u32>(p, P_KEPT_LENGTH)
  const left = load<u32>(p, P_VALUE) - length
  let payload = at
  if (had != 0 || left != 0) {
    if (!keep(p, at, length)) return ERR_NO_MEMORY
    payload = <usize>load<u32>(p, P_KEPT) + had
  }
  if ((frame & MASKED) != 0) store<u32>(p, mask(payload, length, load<u32>(p, W_KEY)), W_KEY)
  store<u32>(p, left, P_VALUE)
  if (left != 0) return 0
  store<u32>(p, STATE_HEAD, P_STATE)
  const next = <i32>(at - input) + <i32>length
  const opcode = frame & 15
  const event = opcode == PING ? EVENT_WEBSOCKET_PING : opcode == PONG ? EVENT_WEBSOCKET_PONG : EVENT_WEBSOCKET_CLOSE
  if (opcode == CLOSE) {
    const wrong = closeFrame(payload - had, had + length)
    if (wrong != 0) return -1000 - wrong
    store<u32>(p, STATE_CLOSED, P_STATE)
  }
  if (had == 0) record(count, event, <i32>(at - input), <i32>length, next)
  else record(count, event | WEBSOCKET_KEPT, deliver(p), <i32>(had + length), next)
  return 1
}

/** What is wrong with the payload of a close frame, or 0. Codes that may be sent: RFC 6455, 7.4, and its registry. */
function closeFrame(payload: usize, length: u32): i32 {
  if (length < 2) return 0
  const code = (<u32>load<u8>(payload) << 8) | load<u8>(payload, 1)
  const isKnown = code - 1000 < 15 && code != 1004 && code != 1005 && code != 1006
  if (!isKnown && code - 3000 >= 2000) return WEBSOCKET_BAD_CLOSE_CODE
  return (utf8(payload + 2, length - 2, 0) & UTF8_INSIDE) != 0 ? WEBSOCKET_BAD_CLOSE_REASON : 0
}

/** The stream ended: between two messages or after a close frame, inside of one, or after a failure. */
export function websocketEnd(p: usize): i32 {
  const state = load<u32>(p, P_STATE)
  if (state == STATE_FAILED) return END_FAILED
  if (state == STATE_CLOSED) return END_CLEAN
  const isBetween = state == STATE_HEAD && load<u32>(p, P_SEEN) == 0 && (load<u32>(p, W_FRAME) & MESSAGE) == 0
  return isBetween ? END_CLEAN : END_INSIDE_FRAME
}

/** Forgets a message that has begun. */
export function websocketReset(p: usize): void {
  store<u32>(p, 0, W_FRAME)
}
