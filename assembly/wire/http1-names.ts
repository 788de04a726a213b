/**
 * Names of HTTP fields that have a number, so that the other side needs no string for them.
 *
 *      HTTP_NAME_TABLE:  index, 512 × u8 (id or 0)  |  128 names, 32 bytes each: 31 of the name, its length
 *
 * Owns: the table, filled once for an instance by `httpNames`. Must not know: which names these are, but for the
 * first few (see abi/http.ts).
 */
import { ERR_ARGUMENT, ERR_RANGE } from "../abi/errors"
import { HTTP_NAME_BYTES, HTTP_NAME_EXPECT, HTTP_NAMES } from "../abi/http"
import { HTTP_NAME_TABLE } from "../abi/layout"
import { isInside } from "../memory/map"
import { clearSlots } from "./http1-again"

const INDEX_BYTES: usize = 512
const NAMES: usize = <usize>HTTP_NAME_TABLE + INDEX_BYTES
const NAME_ROOM: usize = 32
/** Tried out: with these only two pairs of names share a slot. */
const HASH_FIRST: u32 = 108
const HASH_MIDDLE: u32 = 470
const HASH_LAST: u32 = 115
const HASH_LENGTH: u32 = 351

/** Where to look first for a name, by its length and three of its letters, in which nearly all of today's differ. */
// @ts-ignore: decorator
@inline
function slotOf(at: usize, length: u32): u32 {
  const first = <u32>load<u8>(at) | 0x20
  const middle = <u32>load<u8>(at + (length >>> 1)) | 0x20
  const last = <u32>load<u8>(at + length - 1) | 0x20
  return (first * HASH_FIRST + middle * HASH_MIDDLE + last * HASH_LAST + length * HASH_LENGTH) & 511
}

/** A letter in lower case; any other byte as it is. */
// @ts-ignore: decorator
@inline
function lower(byte: u32): u32 {
  return byte - 65 < 26 ? byte | 0x20 : byte
}

/** True when `length` bytes at `at`, of which nothing is known, are that name in any case. */
// @ts-ignore: decorator
@inline
function isName(at: usize, name: usize, length: u32, roomy: bool): bool {
  if (<u32>load<u8>(name, 31) != length) return false
  if (ASC_FEATURE_SIMD) {
    if (roomy) {
      // What `or 0x20` makes of the bytes from 0x40 on that are no letters is in no name.
      let block = v128.load(at)
      block = v128.or(block, v128.and(i8x16.gt_s(block, i8x16.splat(0x3f)), i8x16.splat(0x20)))
      const same = i8x16.bitmask(i8x16.eq(block, v128.load(name)))
      if (length <= 16) return (same | (-1 << length)) == -1
      if (same != 0xffff) return false
      block = v128.load(at, 16)
      block = v128.or(block, v128.and(i8x16.gt_s(block, i8x16.splat(0x3f)), i8x16.splat(0x20)))
      return (i8x16.bitmask(i8x16.eq(block, v128.load(name, 16))) | (-1 << (length - 16))) == -1
    }
  }
  for (let i: u32 = 0; i < length; i++) {
    if (lower(load<u8>(at + i)) != <u32>load<u8>(name + i)) return false
  }
  return true
}

/**
 * The id of a name of `length` bytes, 1 or more and of any kind, or 0: whatever has an id is a token. `roomy`: 32
 * bytes can be read at `at`.
 */
// @ts-ignore: decorator
@inline
export function nameId(at: usize, length: u32, roomy: bool): u32 {
  if (length > <u32>HTTP_NAME_BYTES) return 0
  let slot = slotOf(at, length)
  while (true) {
    const id = <u32>load<u8>(<usize>HTTP_NAME_TABLE + slot)
    if (id == 0) return 0
    if (isName(at, NAMES + <usize>id * NAME_ROOM, length, roomy)) return id
    slot = (slot + 1) & 511
  }
}

/**
 * Gives names their ids, from 1 in the order in which they stand: each is a byte of length and its bytes, lower-case
 * letters, digits and hyphens. Again: forgets those given before.
 */
export function httpNames(list: usize, length: i32): i32 {
  if (!isInside(list, length)) return ERR_RANGE
  memory.fill(HTTP_NAME_TABLE, 0, INDEX_BYTES + NAME_ROOM)
  clearSlots()
  const end = list + length
  let id: u32 = 0
  for (let at = list; at < end;) {
    const size = <u32>load<u8>(at)
    if (size == 0 || size > <u32>HTTP_NAME_BYTES || at + 1 + size > end || ++id > <u32>HTTP_NAMES ||
      !isPlain(at + 1, size)) {
      memory.fill(HTTP_NAME_TABLE, 0, INDEX_BYTES + NAME_ROOM)
      return ERR_ARGUMENT
    }
    const name = NAMES + <usize>id * NAME_ROOM
    memory.fill(name, 0, NAME_ROOM)
    memory.copy(name, at + 1, size)
    store<u8>(name, size, 31)
    let slot = slotOf(name, size)
    while (load<u8>(<usize>HTTP_NAME_TABLE + slot) != 0) slot = (slot + 1) & 511
    store<u8>(<usize>HTTP_NAME_TABLE + slot, id)
    at += 1 + size
  }
  store<u32>(NAMES, id)
  return <i32>id
}

/** Lower-case letters, digits and hyphens only. */
function isPlain(at: usize, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) {
    const byte = <u32>load<u8>(at + i)
    if (byte - 97 > 25 && byte - 48 > 9 && byte != 45) return false
  }
  return true
}

/** Whether names have been given: without them no head means anything. */
export function hasNames(): bool {
  return load<u32>(NAMES) >= <u32>HTTP_NAME_EXPECT
}
