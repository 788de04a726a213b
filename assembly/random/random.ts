/**
 * The seeded generator: the same numbers from the same four words, on every machine.
 *
 *        0 state, 4 words     16 the block: RANDOM_WORDS words that were drawn at once
 *
 * Words are drawn a block at a time, so that one of them costs no call. Owns: generators. Must not know: what a seed
 * looks like outside, or what the numbers are for. Not for secrets: a few words tell all that follow.
 * Source: Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators" (2021): xoshiro128**, version 1.1.
 */
import { ERR_HANDLE, ERR_NO_MEMORY } from "../abi/errors"
import { RANDOM_WORDS } from "../abi/layout"
import { KIND_RANDOM, dropHandle, makeHandle, resolve } from "../memory/handles"
import { allocate, release } from "../memory/slab"

const RANDOM_BLOCK = 16
const BLOCK_BYTES: u32 = RANDOM_WORDS * 4
const RANDOM_BYTES: u32 = RANDOM_BLOCK + BLOCK_BYTES
/** Stands for the one state that would give zeros for ever. */
const NOT_ZERO: u32 = 0x9e3779b9

/** A generator in this state; a handle or an error. */
export function randomNew(s0: i32, s1: i32, s2: i32, s3: i32): i32 {
  const r = allocate(RANDOM_BYTES)
  if (r == 0) return ERR_NO_MEMORY
  store<u32>(r, (s0 | s1 | s2 | s3) == 0 ? NOT_ZERO : <u32>s0)
  store<i32>(r, s1, 4)
  store<i32>(r, s2, 8)
  store<i32>(r, s3, 12)
  memory.fill(r + RANDOM_BLOCK, 0, BLOCK_BYTES)
  const handle = makeHandle(r, KIND_RANDOM)
  if (handle < 0) release(r, RANDOM_BYTES)
  return handle
}

/** Ends a generator. */
export function randomFree(handle: i32): i32 {
  const r = resolve(handle, KIND_RANDOM)
  if (r == 0) return ERR_HANDLE
  release(r, RANDOM_BYTES)
  dropHandle(handle)
  return 0
}

/** Draws the next block; its address, which is always the same for one generator, or an error. */
export function randomBlock(handle: i32): i32 {
  const r = resolve(handle, KIND_RANDOM)
  if (r == 0) return ERR_HANDLE
  let s0 = load<u32>(r)
  let s1 = load<u32>(r, 4)
  let s2 = load<u32>(r, 8)
  let s3 = load<u32>(r, 12)
  const block = r + RANDOM_BLOCK
  for (let at: u32 = 0; at < BLOCK_BYTES; at += 4) {
    store<u32>(block + at, rotl<u32>(s1 * 5, 7) * 9)
    const t = s1 << 9
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = rotl<u32>(s3, 11)
  }
  store<u32>(r, s0)
  store<u32>(r, s1, 4)
  store<u32>(r, s2, 8)
  store<u32>(r, s3, 12)
  return <i32>block
}
