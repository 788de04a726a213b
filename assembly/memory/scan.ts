/**
 * Scan primitives: look at a block of bytes at once.
 *
 * A block is 16 bytes with SIMD and 4 without. Blocks are read at addresses aligned to their size, so a
 * read never leaves memory; bits of bytes outside the asked range are masked away. `hits` gives a mask with
 * one bit for each byte of the block that equals the wanted one, `highs` one for each byte above 0x7f.
 * The lowest hit is at `firstHit(mask)`; `mask & (mask - 1)` takes it away.
 * Owns: the difference between the SIMD and the baseline build. Must not know: any wire format.
 */

/** Bytes in a block. */
// @ts-ignore: decorator
@inline
export const BLOCK: usize = ASC_FEATURE_SIMD ? 16 : 4

// Without SIMD each byte's answer is its top bit: bits 7, 15, 23, 31.
const TOPS: u32 = 0x80808080
const REST: u32 = 0x7f7f7f7f

/** The wanted byte, spread for `hits` in the baseline build. */
// @ts-ignore: decorator
@inline
export function spread(byte: u32): u32 {
  return byte * 0x01010101
}

/** One bit for each byte of the block at `address` (aligned) that equals the wanted one. */
// @ts-ignore: decorator
@inline
export function hits(address: usize, byte: u32, spreadByte: u32): u32 {
  if (ASC_FEATURE_SIMD) return <u32>i8x16.bitmask(i8x16.eq(v128.load(address), i8x16.splat(<i8>byte)))
  const x = load<u32>(address) ^ spreadByte
  return ~(((x & REST) + REST) | x | REST)
}

/** One bit for each byte of the block at `address` (aligned) that is no ASCII. */
// @ts-ignore: decorator
@inline
export function highs(address: usize): u32 {
  if (ASC_FEATURE_SIMD) return <u32>i8x16.bitmask(v128.load(address))
  return load<u32>(address) & TOPS
}

/** Where in its block the lowest bit of a mask lies, in bytes. */
// @ts-ignore: decorator
@inline
export function firstHit(mask: u32): usize {
  if (ASC_FEATURE_SIMD) return <usize>ctz(mask)
  return <usize>(ctz(mask) >>> 3)
}

/** The mask of a block's bytes from its byte `from` on. */
// @ts-ignore: decorator
@inline
export function maskFrom(from: usize): u32 {
  if (ASC_FEATURE_SIMD) return <u32>-1 << <u32>from
  return <u32>-1 << (<u32>from << 3)
}

/** The mask of a block's bytes before its byte `to` (1 … BLOCK). */
// @ts-ignore: decorator
@inline
export function maskBefore(to: usize): u32 {
  if (ASC_FEATURE_SIMD) return ((<u32>1 << <u32>to) - 1)
  return <u32>-1 >>> (32 - (<u32>to << 3))
}

/** True when two ranges hold the same bytes. */
// @ts-ignore: decorator
@inline
export function same(a: usize, b: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false
  }
  return true
}
