/**
 * The streaming digest: 128 bits of any number of bytes, in pieces.
 *
 *        0 state, 4 words     16 bytes so far     32 a block that lacks bytes     48 the result, 4 words
 *
 * All arithmetic is of 32 bits, so that the build without WebAssembly is quick too. Owns: digests. Must not know: what
 * is hashed. It tells equal from different where nobody tries to deceive; it is no defence against anyone who does.
 * Source: Austin Appleby's MurmurHash3, the variant x86_128.
 */
import { ERR_HANDLE, ERR_NO_MEMORY, ERR_RANGE } from "../abi/errors"
import { KIND_DIGEST, dropHandle, makeHandle, resolve } from "../memory/handles"
import { isInside } from "../memory/map"
import { allocate, release } from "../memory/slab"

const DIGEST_BYTES: u32 = 64
const D_LENGTH = 16
const D_REST = 32
const D_RESULT = 48
const BLOCK: u32 = 16

const C1: u32 = 0x239b961b
const C2: u32 = 0xab0e9789
const C3: u32 = 0x38b34ae5
const C4: u32 = 0xa1e38b93

// What of a block goes into the first to fourth word of the state.
// @ts-ignore: decorator
@inline
function one(at: usize): u32 {
  return rotl<u32>(load<u32>(at) * C1, 15) * C2
}
// @ts-ignore: decorator
@inline
function two(at: usize): u32 {
  return rotl<u32>(load<u32>(at, 4) * C2, 16) * C3
}
// @ts-ignore: decorator
@inline
function three(at: usize): u32 {
  return rotl<u32>(load<u32>(at, 8) * C3, 17) * C4
}
// @ts-ignore: decorator
@inline
function four(at: usize): u32 {
  return rotl<u32>(load<u32>(at, 12) * C4, 18) * C1
}

/** Mixes `blocks` blocks at an address that is a multiple of four into a digest's state. */
function mix(d: usize, from: usize, blocks: u32): void {
  let h1 = load<u32>(d)
  let h2 = load<u32>(d, 4)
  let h3 = load<u32>(d, 8)
  let h4 = load<u32>(d, 12)
  let at = from
  for (let i: u32 = 0; i < blocks; i++) {
    h1 = (rotl<u32>(h1 ^ one(at), 19) + h2) * 5 + 0x561ccd1b
    h2 = (rotl<u32>(h2 ^ two(at), 17) + h3) * 5 + 0x0bcaa747
    h3 = (rotl<u32>(h3 ^ three(at), 15) + h4) * 5 + 0x96cd1c35
    h4 = (rotl<u32>(h4 ^ four(at), 13) + h1) * 5 + 0x32ac3b17
    at += BLOCK
  }
  store<u32>(d, h1)
  store<u32>(d, h2, 4)
  store<u32>(d, h3, 8)
  store<u32>(d, h4, 12)
}

/** Spreads each bit of a word over all of it. */
function spread(word: u32): u32 {
  let h = word
  h = (h ^ (h >>> 16)) * 0x85ebca6b
  h = (h ^ (h >>> 13)) * 0xc2b2ae35
  return h ^ (h >>> 16)
}

/** A digest of nothing yet; a handle or an error. */
export function digestNew(seed: i32): i32 {
  const d = allocate(DIGEST_BYTES)
  if (d == 0) return ERR_NO_MEMORY
  memory.fill(d, 0, DIGEST_BYTES)
  for (let at: usize = 0; at < 16; at += 4) store<i32>(d + at, seed)
  const handle = makeHandle(d, KIND_DIGEST)
  if (handle < 0) release(d, DIGEST_BYTES)
  return handle
}

/** Ends a digest. */
export function digestFree(handle: i32): i32 {
  const d = resolve(handle, KIND_DIGEST)
  if (d == 0) return ERR_HANDLE
  release(d, DIGEST_BYTES)
  dropHandle(handle)
  return 0
}

/** Takes bytes in; 0 or an error. */
export function digestUpdate(handle: i32, input: usize, length: i32): i32 {
  const d = resolve(handle, KIND_DIGEST)
  if (d == 0) return ERR_HANDLE
  if (!isInside(input, length)) return ERR_RANGE
  const before = load<u32>(d, D_LENGTH)
  store<u32>(d, before + <u32>length, D_LENGTH)
  const rest = d + D_REST
  let at = input
  let left = <u32>length
  const held = before & (BLOCK - 1)
  if (held != 0) {
    const lacks = min(BLOCK - held, left)
    memory.copy(rest + held, at, lacks)
    at += lacks
    left -= lacks
    if (held + lacks < BLOCK) return 0
    mix(d, rest, 1)
  }
  if ((at & 3) == 0) {
    mix(d, at, left >>> 4)
    at += left & ~(BLOCK - 1)
  } else {
    // Loads are aligned: the build without WebAssembly knows no others.
    for (let blocks = left >>> 4; blocks > 0; blocks--) {
      memory.copy(rest, at, BLOCK)
      mix(d, rest, 1)
      at += BLOCK
    }
  }
  memory.copy(rest, at, left & (BLOCK - 1))
  return 0
}

/** The address of the digest of all that came so far, 16 bytes; or an error. More may come. */
export function digestResult(handle: i32): i32 {
  const d = resolve(handle, KIND_DIGEST)
  if (d == 0) return ERR_HANDLE
  const length = load<u32>(d, D_LENGTH)
  const rest = d + D_REST
  const held = length & (BLOCK - 1)
  memory.fill(rest + held, 0, BLOCK - held)
  // Words of zeros change nothing.
  let h1 = load<u32>(d) ^ one(rest) ^ length
  let h2 = load<u32>(d, 4) ^ two(rest) ^ length
  let h3 = load<u32>(d, 8) ^ three(rest) ^ length
  let h4 = load<u32>(d, 12) ^ four(rest) ^ length
  h1 += h2 + h3 + h4
  h2 = spread(h2 + h1)
  h3 = spread(h3 + h1)
  h4 = spread(h4 + h1)
  h1 = spread(h1)
  h1 += h2 + h3 + h4
  const result = d + D_RESULT
  store<u32>(result, h1)
  store<u32>(result, h2 + h1, 4)
  store<u32>(result, h3 + h1, 8)
  store<u32>(result, h4 + h1, 12)
  return <i32>result
}
