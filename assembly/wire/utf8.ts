/**
 * Is it UTF-8? Told byte by byte, so that a wrong one is known as soon as it is there.
 *
 *      state:  | 0 … 7: bytes that the code point lacks | 8 … 15: least | 16 … 23: greatest next byte | 24: wide |
 *
 * State 0 is the start; between two code points only bit 24 (a byte above 0x7f was seen) may be set. Blocks of ASCII
 * are skipped. Must not know: what the bytes are part of.
 * Source: RFC 3629, 4; the Unicode Standard, table 3-7.
 */
import { ERR_ARGUMENT, ERR_RANGE } from "../abi/errors"
import { UTF8_INSIDE, UTF8_INVALID, UTF8_WIDE } from "../abi/websocket"
import { isInside } from "../memory/map"

const ANY: u32 = (0x80 << 8) | (0xbf << 16)

/** What a byte above 0x7f begins: a state without its wide bit. */
// @ts-ignore: decorator
@inline
function begins(byte: u32): u32 {
  if (byte < 0xc2 || byte > 0xf4) return UTF8_INVALID
  if (byte < 0xe0) return 1 | ANY
  if (byte < 0xf0) {
    if (byte == 0xe0) return 2 | (0xa0 << 8) | (0xbf << 16)
    if (byte == 0xed) return 2 | (0x80 << 8) | (0x9f << 16)
    return 2 | ANY
  }
  if (byte == 0xf0) return 3 | (0x90 << 8) | (0xbf << 16)
  if (byte == 0xf4) return 3 | (0x80 << 8) | (0x8f << 16)
  return 3 | ANY
}

/** Where the ASCII that begins at `at` ends, or a little before: the last block is looked at byte by byte. */
// @ts-ignore: decorator
@inline
function skipASCII(start: usize, end: usize): usize {
  let at = start
  if (ASC_FEATURE_SIMD) {
    for (; at + 64 <= end; at += 64) {
      const any = v128.or(
        v128.or(v128.load(at), v128.load(at, 16)), v128.or(v128.load(at, 32), v128.load(at, 48)))
      if (i8x16.bitmask(any) != 0) break
    }
    for (; at + 16 <= end; at += 16) {
      const high = i8x16.bitmask(v128.load(at))
      if (high != 0) return at + <usize>ctz(high)
    }
  } else {
    while ((at & 7) != 0 && at < end && load<u8>(at) < 0x80) at++
    if ((at & 7) == 0) {
      while (at + 8 <= end && (load<u64>(at) & 0x8080808080808080) == 0) at += 8
    }
  }
  while (at < end && load<u8>(at) < 0x80) at++
  return at
}

/**
 * Where the first code point begins that 16 bytes at a time could not be seen to be right and whole; SIMD only.
 *
 * What may follow a byte is looked up by both halves of it and the upper half of its follower, a bit for each kind of
 * mistake; third and fourth bytes must be where a lead byte wants them. After Keiser and Lemire, "Validating UTF-8 In
 * Less Than One Instruction Per Byte" (2021).
 */
function skipWide(start: usize, end: usize): usize {
  const first = i8x16(
    0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
    <i8>0x80, <i8>0x80, <i8>0x80, <i8>0x80, 0x21, 0x01, 0x15, 0x49)
  const low = i8x16(
    <i8>0xe7, <i8>0xa3, <i8>0x83, <i8>0x83, <i8>0x8b, <i8>0xcb, <i8>0xcb, <i8>0xcb,
    <i8>0xcb, <i8>0xcb, <i8>0xcb, <i8>0xcb, <i8>0xcb, <i8>0xdb, <i8>0xcb, <i8>0xcb)
  const second = i8x16(
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    <i8>0xe6, <i8>0xae, <i8>0xba, <i8>0xba, 0x01, 0x01, 0x01, 0x01)
  let before = i8x16.splat(0)
  let at = start
  for (; at + 16 <= end; at += 16) {
    const block = v128.load(at)
    const one = i8x16.shuffle(before, block, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)
    const two = i8x16.shuffle(before, block, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29)
    const three = i8x16.shuffle(before, block, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28)
    const mistakes = v128.and(
      v128.and(
        i8x16.swizzle(first, i8x16.shr_u(one, 4)),
        i8x16.swizzle(low, v128.and(one, i8x16.splat(15)))),
      i8x16.swizzle(second, i8x16.shr_u(block, 4)))
    const follows = v128.or(
      i8x16.sub_sat_u(two, i8x16.splat(0x60)), i8x16.sub_sat_u(three, i8x16.splat(0x70)))
    if (v128.any_true(v128.xor(mistakes, v128.and(follows, i8x16.splat(<i8>0x80))))) break
    before = block
  }
  // The last code point may lack bytes.
  for (let back: usize = 1; back <= 3 && at - back >= start; back++) {
    const byte = <u32>load<u8>(at - back)
    if (byte < 0x80) break
    if (byte >= 0xc0) {
      if (back < <usize>(byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4)) at -= back
      break
    }
  }
  return at
}

/** The state behind [start, start + length). */
export function utf8(start: usize, length: u32, before: u32): u32 {
  const end = start + length
  let at = start
  let wide = before & UTF8_WIDE
  let state = before & ~UTF8_WIDE
  if ((state & UTF8_INSIDE) == UTF8_INVALID) return before
  while (true) {
    if (state == 0) at = skipASCII(at, end)
    if (at >= end) return state | wide
    if (ASC_FEATURE_SIMD) {
      if (state == 0 && at + 16 <= end) {
        const next = skipWide(at, end)
        if (next > at) {
          at = next
          wide = UTF8_WIDE
          continue
        }
      }
    }
    const byte = <u32>load<u8>(at++)
    if (state == 0) {
      wide = UTF8_WIDE
      state = begins(byte)
      if (state == UTF8_INVALID) return UTF8_INVALID | UTF8_WIDE
      continue
    }
    if (byte < ((state >>> 8) & 255) || byte > ((state >>> 16) & 255)) return UTF8_INVALID | UTF8_WIDE
    const lacks = (state & 255) - 1
    state = lacks == 0 ? 0 : lacks | ANY
  }
}

/** Looks at bytes in memory: the state behind them, from the state before them. */
export function utf8Check(input: usize, length: i32, state: i32): i32 {
  if (!isInside(input, length)) return ERR_RANGE
  const inside = <u32>state & UTF8_INSIDE
  if (state < 0 || (inside > 3 && inside != UTF8_INVALID)) return ERR_ARGUMENT
  return <i32>utf8(input, length, inside == 0 ? <u32>state & UTF8_WIDE : <u32>state & (UTF8_WIDE | 0xffffff))
}
