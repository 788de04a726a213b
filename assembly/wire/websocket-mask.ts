/**
 * Masking: each byte with the next of the key's four, in place; doing it twice undoes it.
 *
 *      key:  | byte 0 | byte 1 | byte 2 | byte 3 |    as a little-endian word; it turns with every byte
 *
 * Owns: the difference between the SIMD and the baseline build. Must not know: frames.
 * Source: RFC 6455, 5.3.
 */
import { ERR_RANGE } from "../abi/errors"
import { isOnStage } from "../memory/map"

/** Below this, bytes one by one are quicker. */
const WORTH: u32 = 24

/** Masks [start, start + length), and gives the key as it stands behind. Loads and stores are aligned. */
export function mask(start: usize, length: u32, key: u32): u32 {
  const end = start + length
  let at = start
  let k = key
  if (length >= WORTH) {
    while ((at & (ASC_FEATURE_SIMD ? 15 : 7)) != 0) {
      store<u8>(at, load<u8>(at) ^ <u8>k)
      k = rotr(k, 8)
      at++
    }
    if (ASC_FEATURE_SIMD) {
      const wide = i32x4.splat(<i32>k)
      for (; at + 64 <= end; at += 64) {
        v128.store(at, v128.xor(v128.load(at), wide))
        v128.store(at, v128.xor(v128.load(at, 16), wide), 16)
        v128.store(at, v128.xor(v128.load(at, 32), wide), 32)
        v128.store(at, v128.xor(v128.load(at, 48), wide), 48)
      }
      for (; at + 16 <= end; at += 16) v128.store(at, v128.xor(v128.load(at), wide))
    } else {
      const wide = (<u64>k << 32) | <u64>k
      for (; at + 32 <= end; at += 32) {
        store<u64>(at, load<u64>(at) ^ wide)
        store<u64>(at, load<u64>(at, 8) ^ wide, 8)
        store<u64>(at, load<u64>(at, 16) ^ wide, 16)
        store<u64>(at, load<u64>(at, 24) ^ wide, 24)
      }
      for (; at + 8 <= end; at += 8) store<u64>(at, load<u64>(at) ^ wide)
    }
  }
  while (at < end) {
    store<u8>(at, load<u8>(at) ^ <u8>k)
    k = rotr(k, 8)
    at++
  }
  return k
}

/** Masks bytes on the stage. */
export function websocketMask(input: usize, length: i32, key: i32): i32 {
  if (!isOnStage(input, length)) return ERR_RANGE
  mask(input, length, key)
  return 0
}
