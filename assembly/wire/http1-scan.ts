/**
 * What bytes may stand where in an HTTP/1 head, looked at a block at a time.
 *
 * `tokenEnd` gives the first byte that is no tchar, `valueEnd` the first that may not stand in a field's value (a
 * CR, usually), `targetEnd` the first that may not stand in a request target. Each gives `end` at most, but may read up
 * to ROOM bytes beyond it: `isRoomy` says where that is safe.
 * Owns: the difference between the SIMD and the baseline build. Must not know: what a head is.
 * Source: RFC 9110, 5.6.2 (token), 5.5 (field value); RFC 3986, 2 (target).
 */
import { memoryBytes } from "../memory/map"

const STEP: usize = 16
const ROOM: usize = 32

const TAB: u32 = 9

/** Whether blocks can be read at any place before `end`. */
// @ts-ignore: decorator
@inline
export function isRoomy(end: usize): bool {
  return end + ROOM <= <usize>memoryBytes()
}

/** One of `!#$%&'*+-.^_`|~`, a digit or a letter. */
// @ts-ignore: decorator
@inline
export function isToken(byte: u32): bool {
  if (byte >= 128) return false
  // 32 bits for each quarter of ASCII.
  const quarter = byte >>> 5
  const bits: u32 = quarter == 0 ? 0 : quarter == 1 ? 0x03ff6cfa : quarter == 2 ? 0xc7fffffe : 0x57ffffff
  return ((bits >>> (byte & 31)) & 1) != 0
}

/** Visible ASCII. */
// @ts-ignore: decorator
@inline
function isTarget(byte: u32): bool {
  return byte - 0x21 < 0x5e
}

/** Visible, a space, a tab, or not ASCII. */
// @ts-ignore: decorator
@inline
export function isValue(byte: u32): bool {
  return (byte >= 0x20 && byte != 0x7f) || byte == TAB
}

/** A space or a tab. */
// @ts-ignore: decorator
@inline
export function isBlank(byte: u32): bool {
  return byte == 0x20 || byte == TAB
}

export function tokenEnd(at: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    if (isRoomy(end)) {
      // A byte is a tchar when the bit of its upper half is set in the entry of its lower half.
      const lower = i8x16(
        <i8>0xe8, <i8>0xfc, <i8>0xf8, <i8>0xfc, <i8>0xfc, <i8>0xfc, <i8>0xfc, <i8>0xfc,
        <i8>0xf8, <i8>0xf8, <i8>0xf4, <i8>0x54, <i8>0xd0, <i8>0x54, <i8>0xf4, <i8>0x70)
      const upper = i8x16(
        1, 2, 4, 8, 16, 32, 64, <i8>128, 0, 0, 0, 0, 0, 0, 0, 0)
      while (at < end) {
        const block = v128.load(at)
        const low = i8x16.swizzle(lower, v128.and(block, i8x16.splat(15)))
        const high = i8x16.swizzle(upper, i8x16.shr_u(block, 4))
        const bad = i8x16.bitmask(i8x16.eq(v128.and(low, high), i8x16.splat(0)))
        if (bad != 0) return min(end, at + <usize>ctz(bad))
        at += STEP
      }
      return end
    }
  }
  while (at < end && isToken(load<u8>(at))) at++
  return at
}

// @ts-ignore: decorator
@inline
export function valueEnd(at: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD && isRoomy(end)) {
    // With one added, controls and what is not visible ASCII are below 0x21 as signed numbers. Tabs and bytes above
    // ASCII are rare: they are looked at by themselves.
    while (at < end) {
      const odd = i8x16.bitmask(i8x16.lt_s(i8x16.add(v128.load(at), i8x16.splat(1)), i8x16.splat(0x21)))
      if (odd != 0) {
        const first = at + <usize>ctz(odd)
        if (first >= end) return end
        return load<u8>(first) == 13 ? first : oddValueEnd(first, end)
      }
      at += STEP
    }
    return end
  }
  return oddValueEnd(at, end)
}

function oddValueEnd(at: usize, end: usize): usize {
  while (at < end && isValue(load<u8>(at))) at++
  return at
}

export function targetEnd(at: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    if (isRoomy(end)) {
      while (at < end) {
        const bad = i8x16.bitmask(i8x16.lt_s(i8x16.add(v128.load(at), i8x16.splat(1)), i8x16.splat(0x22)))
        if (bad != 0) return min(end, at + <usize>ctz(bad))
        at += STEP
      }
      return end
    }
  }
  while (at < end && isTarget(load<u8>(at))) at++
  return at
}
