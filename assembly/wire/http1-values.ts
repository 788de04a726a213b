/**
 * Values of the fields that say how a message is framed, and what becomes of its connection.
 *
 * Each takes bytes [at, end) without blanks around them, all of which may stand in a value.
 * Owns: their grammar. Must not know: fields, heads.
 * Source: RFC 9110, 7.6.1 (Connection), 8.6 (Content-Length), 10.1.1 (Expect); RFC 9112, 6.1 (Transfer-Encoding).
 */
import { isBlank, isToken } from "./http1-scan"

const COMMA: u32 = 44
const ZERO: u32 = 48

/** Most digits of a length: fifteen are less than 2^53. */
const MOST_DIGITS: usize = 15

/** Options of a `Connection` field. */
export const CONNECTION_CLOSE: u32 = 1
export const CONNECTION_KEEP: u32 = 2
export const CONNECTION_UPGRADE: u32 = 4

/** The byte at `at`, a letter in lower case. */
// @ts-ignore: decorator
@inline
function lower(at: usize): u32 {
  return <u32>load<u8>(at) | 0x20
}

/** What a length says, or -1 when it is none. `isList`: it may be said more than once, as long as it is the same. */
export function lengthValue(at: usize, end: usize, isList: bool): i64 {
  let value: i64 = -1
  let isMore = true
  while (isMore) {
    let said: i64 = 0
    const first = at
    while (at < end) {
      const digit = <u32>load<u8>(at) - ZERO
      if (digit > 9) break
      said = said * 10 + <i64>digit
      if (++at - first > MOST_DIGITS) return -1
    }
    if (at == first || (value >= 0 && value != said)) return -1
    value = said
    isMore = at < end
    if (isMore) {
      if (!isList) return -1
      while (at < end && isGap(load<u8>(at))) at++
      if (at == end || load<u8>(at) != COMMA) return -1
      at++
      while (at < end && isGap(load<u8>(at))) at++
    }
  }
  return value
}

/** `chunked`, in any case. */
export function isChunked(at: usize, end: usize): bool {
  return end - at == 7 && lower(at) == 0x63 && lower(at + 1) == 0x68 && lower(at + 2) == 0x75 &&
    lower(at + 3) == 0x6e && lower(at + 4) == 0x6b && lower(at + 5) == 0x65 && lower(at + 6) == 0x64
}

/** `100-continue`, in any case. */
export function isContinue(at: usize, end: usize): bool {
  return end - at == 12 && load<u8>(at) == 0x31 && load<u8>(at + 1) == 0x30 && load<u8>(at + 2) == 0x30 &&
    load<u8>(at + 3) == 0x2d && lower(at + 4) == 0x63 && lower(at + 5) == 0x6f && lower(at + 6) == 0x6e &&
    lower(at + 7) == 0x74 && lower(at + 8) == 0x69 && lower(at + 9) == 0x6e && lower(at + 10) == 0x75 &&
    lower(at + 11) == 0x65
}

/** `keep-alive`, in any case. */
// @ts-ignore: decorator
@inline
function isKeepAlive(at: usize): bool {
  return lower(at) == 0x6b && lower(at + 1) == 0x65 && lower(at + 2) == 0x65 && lower(at + 3) == 0x70 &&
    load<u8>(at + 4) == 0x2d && lower(at + 5) == 0x61 && lower(at + 6) == 0x6c && lower(at + 7) == 0x69 &&
    lower(at + 8) == 0x76 && lower(at + 9) == 0x65
}

/** `close` and `upgrade`, in any case. */
// @ts-ignore: decorator
@inline
function isClose(at: usize): bool {
  return lower(at) == 0x63 && lower(at + 1) == 0x6c && lower(at + 2) == 0x6f && lower(at + 3) == 0x73 &&
    lower(at + 4) == 0x65
}

// @ts-ignore: decorator
@inline
function isUpgrade(at: usize): bool {
  return lower(at) == 0x75 && lower(at + 1) == 0x70 && lower(at + 2) == 0x67 && lower(at + 3) == 0x72 &&
    lower(at + 4) == 0x61 && lower(at + 5) == 0x64 && lower(at + 6) == 0x65
}

/** A blank, or the end of a folded line. */
// @ts-ignore: decorator
@inline
function isGap(byte: u32): bool {
  return isBlank(byte) || byte == 13 || byte == 10
}

/** Which options of a `Connection` field there are, of those that mean something to us. */
export function connectionValue(at: usize, end: usize): u32 {
  // Nearly always it is this one word.
  if (end - at == 10 && isKeepAlive(at)) return CONNECTION_KEEP
  let options: u32 = 0
  while (true) {
    while (at < end && (load<u8>(at) == COMMA || isGap(load<u8>(at)))) at++
    if (at == end) return options
    const word = at
    while (at < end && isToken(load<u8>(at))) at++
    const length = at - word
    while (at < end && isGap(load<u8>(at))) at++
    // An option is a token and nothing else.
    if (at == end || load<u8>(at) == COMMA) {
      if (length == 5 && isClose(word)) options |= CONNECTION_CLOSE
      else if (length == 10 && isKeepAlive(word)) options |= CONNECTION_KEEP
      else if (length == 7 && isUpgrade(word)) options |= CONNECTION_UPGRADE
    } else {
      while (at < end && load<u8>(at) != COMMA) at++
    }
  }
}
