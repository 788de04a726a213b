/**
 * The calls that take any parser: receive, set a limit, reset, end, free.
 *
 * Owns: checking the arguments and choosing the wire format by the struct's first word.
 * Must not know: how a format is parsed.
 */
import { ERR_ARGUMENT, ERR_HANDLE, ERR_RANGE } from "../abi/errors"
import { HTTP_MAX_HEAD } from "../abi/http"
import { MAX_FRAME } from "../abi/limits"
import { KIND_PARSER, resolve } from "../memory/handles"
import { isInside, isOnStage } from "../memory/map"
import { dropDelimiter, receiveLines } from "./line"
import { httpEnd, httpReset, receiveHTTP } from "./http1"
import { receiveNetstrings } from "./netstring"
import {
  FORMAT_HTTP, FORMAT_LINE, FORMAT_NETSTRING, FORMAT_WEBSOCKET, P_FORMAT, P_LIMIT, P_STATE, STATE_FAILED, done,
  dropDelivered, endFrames, freeParser, resetFrames
} from "./parser"
import { receivePrefixed } from "./prefixed"
import { receiveWebSocket, unmasks, websocketEnd, websocketReset } from "./websocket"

/**
 * Parses `length` bytes at `input` and writes event records to the ring.
 *
 * With `keepRest` 0, an unfinished frame that begins in this input is not consumed; with 1 its bytes are kept
 * and all is consumed. Returns the number of records, or an error; HEADER_CONSUMED tells how far it came.
 */
export function parserReceive(handle: i32, input: usize, length: i32, keepRest: i32): i32 {
  const p = resolve(handle, KIND_PARSER)
  if (p == 0) return ERR_HANDLE
  if (!isInside(input, length)) return ERR_RANGE
  if (load<u32>(p, P_STATE) == STATE_FAILED) return done(0, length)
  const format = load<u32>(p, P_FORMAT)
  if (format == FORMAT_LINE) return receiveLines(p, input, length, keepRest != 0)
  if (format == FORMAT_NETSTRING) return receiveNetstrings(p, input, length, keepRest != 0)
  if (format == FORMAT_HTTP) return receiveHTTP(p, input, length)
  if (format == FORMAT_WEBSOCKET) {
    // What it changes must be nobody's but the host's.
    if (unmasks(p) && !isOnStage(input, length)) return ERR_RANGE
    return receiveWebSocket(p, input, length)
  }
  return receivePrefixed(p, input, length, keepRest != 0)
}

/** Another limit, in bytes, for the frames to come. */
export function parserSetLimit(handle: i32, limit: i32): i32 {
  const p = resolve(handle, KIND_PARSER)
  if (p == 0) return ERR_HANDLE
  const most = load<u32>(p, P_FORMAT) == FORMAT_HTTP ? HTTP_MAX_HEAD : MAX_FRAME
  if (limit < 0 || limit > most) return ERR_ARGUMENT
  store<i32>(p, limit, P_LIMIT)
  return 0
}

/** Ends a parser; its handle is stale from now on. */
export function parserFree(handle: i32): i32 {
  const p = resolve(handle, KIND_PARSER)
  if (p == 0) return ERR_HANDLE
  if (load<u32>(p, P_FORMAT) == FORMAT_LINE) dropDelimiter(p)
  freeParser(handle, p)
  return 0
}

/** Back to the start of a frame or message. */
export function parserReset(handle: i32): i32 {
  const p = resolve(handle, KIND_PARSER)
  if (p == 0) return ERR_HANDLE
  resetFrames(p)
  if (load<u32>(p, P_FORMAT) == FORMAT_HTTP) httpReset(p)
  if (load<u32>(p, P_FORMAT) == FORMAT_WEBSOCKET) websocketReset(p)
  return 0
}

/** What the end of the stream means now. */
export function parserEnd(handle: i32): i32 {
  const p = resolve(handle, KIND_PARSER)
  if (p == 0) return ERR_HANDLE
  dropDelivered(p)
  if (load<u32>(p, P_FORMAT) == FORMAT_HTTP) return httpEnd(p)
  return load<u32>(p, P_FORMAT) == FORMAT_WEBSOCKET ? websocketEnd(p) : endFrames(p)
}
