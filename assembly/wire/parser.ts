/**
 * What all parsers of the core share: their struct, what they keep between two calls, and records.
 *
 *       0 format     8 kept: address    16 kept: capacity   24 value       32 delimiter   40 inline       48 delivered:
 *       4 limit     12 kept: length     20 state            28 delivered   36 its length     delimiter (8)   capacity,
 *                                                                                          52 … 63 of HTTP, WebSocket
 *
 * A frame that lies in one input is handed out as an offset into it. Only the bytes of a frame that spans
 * inputs are kept, in one slab that grows by doubling and never beyond the parser's limit; a frame made that way is
 * "delivered": its bytes stay until the parser's next call.
 * Owns: the struct, the kept bytes, writing records. Must not know: any wire format.
 */
import { HEADER_ASCII, HEADER_CONSUMED, HEADER_PARSERS, HEADER_PENDING, RECORD_BYTES, RING } from "../abi/layout"
import { ERR_HANDLE, ERR_NO_MEMORY } from "../abi/errors"
import { END_CLEAN, END_FAILED, END_INSIDE_FRAME } from "../abi/records"
import { KIND_PARSER, dropHandle, makeHandle, resolve } from "../memory/handles"
import { allocate, blockBytes, release } from "../memory/slab"

export const FORMAT_LINE = 1
export const FORMAT_NETSTRING = 2
export const FORMAT_PREFIXED = 3
export const FORMAT_HTTP = 4
export const FORMAT_WEBSOCKET = 5

/** States: what is read next. A line parser is always in the first. */
export const STATE_HEAD = 0
export const STATE_BODY = 1
export const STATE_FAILED = 2

export const PARSER_BYTES = 64
export const P_FORMAT = 0
export const P_LIMIT = 4
export const P_KEPT = 8
export const P_KEPT_LENGTH = 12
export const P_KEPT_CAPACITY = 16
export const P_STATE = 20
export const P_VALUE = 24
const P_DELIVERED = 28
export const P_DELIMITER = 32
export const P_DELIMITER_LENGTH = 36
export const P_INLINE = 40
const P_DELIVERED_CAPACITY = 48
/** In a prefixed parser: bytes of the prefix. In both prefixed and netstring: bytes of it seen. */
export const P_WIDTH = 32
export const P_SEEN = 36

const FIRST_KEPT = 64

/** Makes a parser struct of this format; a handle or an error. */
export function makeParser(format: u32, limit: u32): i32 {
  const p = allocate(PARSER_BYTES)
  if (p == 0) return ERR_NO_MEMORY
  memory.fill(p, 0, PARSER_BYTES)
  store<u32>(p, format, P_FORMAT)
  store<u32>(p, limit, P_LIMIT)
  const handle = makeHandle(p, KIND_PARSER)
  if (handle < 0) {
    release(p, PARSER_BYTES)
    return handle
  }
  store<u32>(HEADER_PARSERS, load<u32>(HEADER_PARSERS) + 1)
  return handle
}

/** Appends bytes to what the parser keeps; false when memory is out. */
export function keep(p: usize, source: usize, length: u32): bool {
  const had = load<u32>(p, P_KEPT_LENGTH)
  const capacity = load<u32>(p, P_KEPT_CAPACITY)
  const needed = had + length
  let kept = <usize>load<u32>(p, P_KEPT)
  if (needed > capacity) {
    const wanted = blockBytes(max(needed, FIRST_KEPT))
    const block = allocate(wanted)
    if (block == 0) return false
    if (kept != 0) {
      memory.copy(block, kept, had)
      release(kept, capacity)
    }
    store<u32>(p, <u32>block, P_KEPT)
    store<u32>(p, wanted, P_KEPT_CAPACITY)
    kept = block
  }
  memory.copy(kept + had, source, length)
  store<u32>(p, needed, P_KEPT_LENGTH)
  return true
}

/** Forgets what the parser keeps, and gives its slab back: an idle parser costs its struct only. */
export function dropKept(p: usize): void {
  const kept = <usize>load<u32>(p, P_KEPT)
  if (kept != 0) {
    release(kept, load<u32>(p, P_KEPT_CAPACITY))
    store<u32>(p, 0, P_KEPT)
    store<u32>(p, 0, P_KEPT_CAPACITY)
  }
  store<u32>(p, 0, P_KEPT_LENGTH)
}

/** Hands out what the parser keeps as a whole frame: its bytes stay until the parser's next call. Their address. */
export function deliver(p: usize): i32 {
  const kept = load<u32>(p, P_KEPT)
  store<u32>(p, kept, P_DELIVERED)
  store<u32>(p, load<u32>(p, P_KEPT_CAPACITY), P_DELIVERED_CAPACITY)
  store<u32>(p, 0, P_KEPT)
  store<u32>(p, 0, P_KEPT_CAPACITY)
  store<u32>(p, 0, P_KEPT_LENGTH)
  return <i32>kept
}

/** Gives back the frame that the last call handed out, if it was a kept one. */
// @ts-ignore: decorator
@inline
export function dropDelivered(p: usize): void {
  const delivered = <usize>load<u32>(p, P_DELIVERED)
  if (delivered != 0) {
    release(delivered, load<u32>(p, P_DELIVERED_CAPACITY))
    store<u32>(p, 0, P_DELIVERED)
  }
}

/** Writes record number `index`. */
// @ts-ignore: decorator
@inline
export function record(index: i32, kind: i32, offset: i32, length: i32, end: i32): void {
  const at = <usize>RING + <usize>index * RECORD_BYTES
  store<i32>(at, kind)
  store<i32>(at, offset, 4)
  store<i32>(at, length, 8)
  store<i32>(at, end, 12)
}

/** Leaves the results of a call in the header, and returns its count of records. */
// @ts-ignore: decorator
@inline
export function done(count: i32, consumed: i32): i32 {
  store<i32>(HEADER_CONSUMED, consumed)
  return count
}

// @ts-ignore: decorator
@inline
export function setASCII(ascii: bool): void {
  store<u32>(HEADER_ASCII, ascii ? 1 : 0)
}

/** Remembers what is read next, and returns as `done` does: for formats whose frames begin with a length. */
export function suspend(p: usize, state: u32, value: u32, seen: u32, count: i32, consumed: i32): i32 {
  store<u32>(p, state, P_STATE)
  store<u32>(p, value, P_VALUE)
  store<u32>(p, seen, P_SEEN)
  return done(count, consumed)
}

/** Back to the start of a frame: nothing kept, nothing failed. */
export function resetFrames(p: usize): void {
  dropKept(p)
  dropDelivered(p)
  store<u32>(p, STATE_HEAD, P_STATE)
  store<u32>(p, 0, P_VALUE)
  if (load<u32>(p, P_FORMAT) != FORMAT_LINE) store<u32>(p, 0, P_SEEN)
}

/** How many bytes of an unfinished frame the parser keeps; their address goes to the header. */
export function parserPending(handle: i32): i32 {
  const p = resolve(handle, KIND_PARSER)
  if (p == 0) return ERR_HANDLE
  dropDelivered(p)
  store<u32>(HEADER_PENDING, load<u32>(p, P_KEPT))
  return load<i32>(p, P_KEPT_LENGTH)
}

/** The stream ended: was it between two frames? */
export function endFrames(p: usize): i32 {
  const state = load<u32>(p, P_STATE)
  if (state == STATE_FAILED) return END_FAILED
  if (state == STATE_BODY || load<u32>(p, P_KEPT_LENGTH) != 0) return END_INSIDE_FRAME
  if (load<u32>(p, P_FORMAT) != FORMAT_LINE && load<u32>(p, P_SEEN) != 0) return END_INSIDE_FRAME
  return END_CLEAN
}

/** Gives back all that a parser has. */
export function freeParser(handle: i32, p: usize): void {
  dropKept(p)
  dropDelivered(p)
  release(p, PARSER_BYTES)
  dropHandle(handle)
  store<u32>(HEADER_PARSERS, load<u32>(HEADER_PARSERS) - 1)
}
