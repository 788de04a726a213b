/**
 * Heads seen before: a peer says most of a head again and again, and what was found in it need not be found twice.
 *
 *      slot:  0 fields' bytes   8 mode       16 count limit  24 flags  32 body length, 64 bits   44 target's offset
 *             4 line's bytes   12 line limit 20 fields       28 marks  40 status of the line     48 its length
 *            52 hosts          56 misses     60 the line's flags
 *            64 the line, LINE_ROOM bytes                   272 the fields, FIELDS_ROOM bytes
 *
 * A parser has one slot, and shares it with others, whoever they are: bytes that are the same under the same mode and
 * limits mean the same. How long a comparison takes tells of lengths, and whether all was the same; not how much of
 * it: what one peer says cannot be felt out by another.
 * Owns: the slots, comparing and copying. Must not know: what a head is.
 */
import { HTTP_AGAIN, HTTP_AGAIN_BYTES, HTTP_AGAIN_SLOTS } from "../abi/layout"

export const A_FIELDS_LENGTH = 0
export const A_LINE_LENGTH = 4
export const A_MODE = 8
export const A_LINE_LIMIT = 12
export const A_COUNT_LIMIT = 16
export const A_FIELDS = 20
export const A_FLAGS = 24
export const A_MARKS = 28
export const A_BODY_LENGTH = 32
export const A_STATUS = 40
export const A_TARGET = 44
export const A_TARGET_LENGTH = 48
export const A_HOSTS = 52
const A_MISSES = 56
export const A_LINE_FLAGS = 60
const A_LINE = 64
const LINE_ROOM: usize = 208
const A_FIELDS_AT = 272
const FIELDS_ROOM: usize = <usize>HTTP_AGAIN_BYTES - A_FIELDS_AT
const STEP: usize = 16
/** After so many misses in a row little is tried: to compare every fourth time, to copy once in SELDOM. */
const MANY: u32 = 8
const SELDOM: u32 = 32

/** The number of the slot that the parser at `p` has. */
// @ts-ignore: decorator
@inline
export function slotNumber(p: usize): u32 {
  return <u32>(p >>> 6) & (HTTP_AGAIN_SLOTS - 1)
}

// @ts-ignore: decorator
@inline
export function slotAt(number: u32): usize {
  return <usize>HTTP_AGAIN + <usize>number * HTTP_AGAIN_BYTES
}

/** Whether `length` bytes, STEP or more, are the same; looks at all of them whatever the first ones are. */
// @ts-ignore: decorator
@inline
function isSame(a: usize, b: usize, length: usize): bool {
  if (ASC_FEATURE_SIMD) {
    const last = length - STEP
    let odd = v128.xor(v128.load(a + last), v128.load(b + last))
    const stop = a + last
    // Four at a time: the loop itself would take longer than what is in it.
    while (a + 3 * STEP < stop) {
      const one = v128.or(v128.xor(v128.load(a), v128.load(b)), v128.xor(v128.load(a, 16), v128.load(b, 16)))
      const two = v128.or(v128.xor(v128.load(a, 32), v128.load(b, 32)), v128.xor(v128.load(a, 48), v128.load(b, 48)))
      odd = v128.or(odd, v128.or(one, two))
      a += 4 * STEP
      b += 4 * STEP
    }
    while (a < stop) {
      odd = v128.or(odd, v128.xor(v128.load(a), v128.load(b)))
      a += STEP
      b += STEP
    }
    return !v128.any_true(odd)
  }
  let odd: u32 = 0
  for (let i: usize = 0; i < length; i++) odd |= <u32>load<u8>(a + i) ^ <u32>load<u8>(b + i)
  return odd == 0
}

/** Copies `length` bytes, STEP or more. */
// @ts-ignore: decorator
@inline
function copy(to: usize, from: usize, length: usize): void {
  if (ASC_FEATURE_SIMD) {
    const last = length - STEP
    for (let i: usize = 0; i < last; i += STEP) v128.store(to + i, v128.load(from + i))
    v128.store(to + last, v128.load(from + last))
  } else memory.copy(to, from, length)
}

/** Whether the bytes that end a line, and the one two before, are at the end of these too: a cheap no. */
// @ts-ignore: decorator
@inline
function endsSame(a: usize, b: usize, length: usize): bool {
  return load<u8>(a + length - 1) == load<u8>(b + length - 1) && load<u8>(a + length - 3) == load<u8>(b + length - 3)
}

/** Whether the slot holds something that was found under the same rules, and is worth a comparison. */
// @ts-ignore: decorator
@inline
export function isUsable(slot: usize, mode: u32, lineLimit: usize, countLimit: i32): bool {
  const misses = load<u32>(slot, A_MISSES)
  return (misses < MANY || (misses & 3) == 0) && load<u32>(slot, A_FIELDS_LENGTH) != 0 &&
    load<u32>(slot, A_MODE) == mode && load<u32>(slot, A_LINE_LIMIT) == <u32>lineLimit &&
    load<i32>(slot, A_COUNT_LIMIT) == countLimit
}

/** Bytes of the slot's line, when they stand at `at`; otherwise 0. */
// @ts-ignore: decorator
@inline
export function sameLine(slot: usize, at: usize, end: usize): usize {
  const length = <usize>load<u32>(slot, A_LINE_LENGTH)
  if (length == 0 || length > end - at || !endsSame(at, slot + A_LINE, length)) return 0
  return isSame(at, slot + A_LINE, length) ? length : 0
}

/** The same for its fields, with the empty line behind them. */
// @ts-ignore: decorator
@inline
export function sameFields(slot: usize, at: usize, end: usize): usize {
  const length = <usize>load<u32>(slot, A_FIELDS_LENGTH)
  if (length > end - at || !endsSame(at, slot + A_FIELDS_AT, length)) return 0
  return isSame(at, slot + A_FIELDS_AT, length) ? length : 0
}

/** Puts a line into the slot; without one that fits, none will be the same. */
// @ts-ignore: decorator
@inline
export function keepLine(slot: usize, at: usize, length: usize): void {
  const fits = length >= STEP && length <= LINE_ROOM
  store<u32>(slot, fits ? <u32>length : 0, A_LINE_LENGTH)
  if (fits) copy(slot + A_LINE, at, length)
}

/**
 * Whether fields are worth their place in the slot, after a miss: not the first ones after a hit, since those of
 * before may come again; and seldom where nothing ever comes again.
 */
// @ts-ignore: decorator
@inline
export function isWorthKeeping(slot: usize, length: usize): bool {
  const misses = load<u32>(slot, A_MISSES)
  store<u32>(slot, misses + 1, A_MISSES)
  if (misses >= MANY ? (misses & (SELDOM - 1)) != 0 : misses == 0 && load<u32>(slot, A_FIELDS_LENGTH) != 0) return false
  return length >= STEP && length <= FIELDS_ROOM
}

/** Puts fields into the slot, with the empty line behind them. */
export function keepFields(slot: usize, at: usize, length: usize): void {
  store<u32>(slot, <u32>length, A_FIELDS_LENGTH)
  copy(slot + A_FIELDS_AT, at, length)
}

/** There was a hit. */
// @ts-ignore: decorator
@inline
export function forgetMisses(slot: usize): void {
  store<u32>(slot, 0, A_MISSES)
}

/** Forgets what all slots hold. */
export function clearSlots(): void {
  for (let i: u32 = 0; i < <u32>HTTP_AGAIN_SLOTS; i++) {
    store<u32>(slotAt(i), 0, A_FIELDS_LENGTH)
  }
}
