/**
 * A hierarchical timing wheel: six levels of 256 slots, 2^48 ticks.
 *
 * `base` is the first tick not yet passed. A timer lies at the level of the highest byte in which its tick
 * differs from `base`, in the slot that byte names:
 *
 *      level 0: this block of 256 ticks, one tick a slot        base = … b3 b2 b1 b0
 *      level 1: the 256 blocks of which this is one                          ▲  ▲
 *      level 2: …                                         a tick … b3 b2 x1 x0: level 1, slot x1
 *
 * When `base` enters another block, the slot that names it is spread over the levels below. So all timers of
 * one tick are in one slot at any time, in the order they were scheduled: ties are first in, first out.
 * Within a tick the exact deadlines order; a slot remembers whether it must be sorted.
 *
 *       0 count   4 dead entries   8 base (u64)   16 ticks per ms (f64)   24 out records   28 in a pass
 *      32 overdue bucket   48 due: first chunk, last chunk, next entry   64 six bitmaps of 256 bits
 *     256 slots: 6 × 256 buckets   24832 out records
 *
 * The f64 of a slot: at level 0 the greatest deadline in it, Infinity once they are out of order; above, the
 * least deadline that entered it, for `timersNext`.
 * Time is an argument: nothing here asks what time it is. Source: Varghese and Lauck, 1987, scheme 6/7.
 */
import { WHEEL_COUNT, WHEEL_OUT, WHEEL_OUT_BYTES, WHEEL_OUT_RECORDS } from "../abi/layout"
import { ERR_ARGUMENT, ERR_HANDLE, ERR_NO_MEMORY, ERR_STATE } from "../abi/errors"
import { KIND_WHEEL, dropHandle, makeHandle, resolve } from "../memory/handles"
import { allocate, release } from "../memory/slab"
import {
  B_FIRST, B_VALUE, C_ENTRIES, C_SEALED, ENTRY_BYTES, E_NUMBER, E_VERSION, append, dropChunk, entriesIn, isAlive,
  isEmptyBucket, reserve, sortByDeadline, sweep, takeChunks
} from "./bucket"
import { R_ID, dropRecord, findTimer, recordAt, takeRecord, timerHandle } from "./record"

const LEVELS: u32 = 6
const W_DEAD = 4
const W_BASE = 8
const W_SCALE = 16
const W_OUT_COUNT = 24
const W_IN_PASS = 28
const W_OVERDUE = 32
const W_DUE_FIRST = 48
const W_DUE_LAST = 52
const W_DUE_AT = 56
const W_BITMAPS = 64
const W_SLOTS = 256
const SLOTS: u32 = LEVELS << 8
const WHEEL_BYTES: u32 = 32768
const LAST_TICK: u64 = 0xffffffffffff
const MOST_TICKS: f64 = 281474976710655.0
/** Dead entries that are not worth a sweep. */
const SOME_DEAD: i32 = 4096

// @ts-ignore: decorator
@inline
function slotAt(wheel: usize, level: u32, index: u32): usize {
  return wheel + W_SLOTS + (<usize>((level << 8) | index) << 4)
}

// @ts-ignore: decorator
@inline
function bitmapWord(wheel: usize, level: u32, index: u32): usize {
  return wheel + W_BITMAPS + (<usize>level << 5) + (<usize>(index >>> 5) << 2)
}

/** The number of ticks in `ms`, a hair's breadth of rounding error forgiven; up for a deadline, down for a time. */
// @ts-ignore: decorator
@inline
function toTicks(wheel: usize, ms: f64, up: bool): u64 {
  const exact = ms * load<f64>(wheel, W_SCALE)
  if (!(exact > 0)) return 0
  if (exact >= MOST_TICKS) return LAST_TICK
  const near = nearest<f64>(exact)
  if (near == exact || Math.abs(exact - near) <= Math.max(1e-6, exact * 4e-16)) return <u64>near
  return <u64>(up ? Math.ceil(exact) : Math.floor(exact))
}

// @ts-ignore: decorator
@inline
function fromTicks(wheel: usize, ticks: u64): f64 {
  return <f64>ticks / load<f64>(wheel, W_SCALE)
}

// @ts-ignore: decorator
@inline
function add(wheel: usize, by: i32, at: usize): void {
  store<i32>(wheel + at, load<i32>(wheel + at) + by)
}

/** A wheel of `ticksPerMs` ticks a ms (1 for a reactor, 1,000 for a simulation), at `now` ms; a handle or an error. */
export function timersNew(ticksPerMs: f64, now: f64): i32 {
  if (!(ticksPerMs > 0) || !(ticksPerMs <= 1e6) || !(now >= 0) || !(now * ticksPerMs < MOST_TICKS)) return ERR_ARGUMENT
  const wheel = allocate(WHEEL_BYTES)
  if (wheel == 0) return ERR_NO_MEMORY
  memory.fill(wheel, 0, W_SLOTS + (<usize>SLOTS << 4))
  store<f64>(wheel, ticksPerMs, W_SCALE)
  store<u64>(wheel, toTicks(wheel, now, false), W_BASE)
  const handle = makeHandle(wheel, KIND_WHEEL)
  if (handle < 0) release(wheel, WHEEL_BYTES)
  return handle
}

/** Ends a wheel and all its timers. */
export function timersFree(handle: i32): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  reclaim(wheel)
  for (let i: u32 = 0; i < load<u32>(wheel, W_OUT_COUNT); i++) {
    const at = outAt(wheel, i)
    cancelEntry(load<u32>(at, 4), load<u32>(at, 8))
  }
  forgetChunks(load<u32>(wheel, W_DUE_FIRST), load<u32>(wheel, W_DUE_AT))
  forgetChunks(takeChunks(wheel + W_OVERDUE), 0)
  for (let i: u32 = 0; i < SLOTS; i++) forgetChunks(takeChunks(slotAt(wheel, 0, i)), 0)
  release(wheel, WHEEL_BYTES)
  dropHandle(handle)
  return 0
}

/** Frees the record that an entry names, if it still does. */
function cancelEntry(number: u32, version: u32): void {
  const record = recordAt(number)
  if (load<u32>(record) != version) return
  store<u32>(record, version + 3)
  dropRecord(number)
}

/** Gives back sealed chunks and all their timers, from entry `from` of the first on. */
function forgetChunks(first: usize, from: u32): void {
  let chunk = first
  while (chunk != 0) {
    const count = load<u32>(chunk, C_SEALED)
    for (let i = from; i < count; i++) {
      const entry = chunk + C_ENTRIES + <usize>(i * ENTRY_BYTES)
      cancelEntry(load<u32>(entry, E_NUMBER), load<u32>(entry, E_VERSION))
    }
    from = 0
    chunk = dropChunk(chunk)
  }
}

/** The address of the wheel's struct, for a façade that reads its count and its out records; or an error. */
export function timersAddress(handle: i32): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  return wheel == 0 ? ERR_HANDLE : <i32>wheel
}

/** Puts an entry where its deadline says, behind those that are there; false when memory is out. */
function place(wheel: usize, deadline: f64, number: u32, version: u32): bool {
  const ticks = toTicks(wheel, deadline, true)
  const base = load<u64>(wheel, W_BASE)
  let bucket: usize
  let level: u32 = 0
  if (ticks < base) {
    // Its tick has passed: it waits for the next advance, in front of everything else.
    bucket = wheel + W_OVERDUE
  } else {
    const differs = ticks ^ base
    level = differs < 256 ? 0 : (63 - <u32>clz(differs)) >>> 3
    const index = <u32>(ticks >>> <u64>(level << 3)) & 255
    bucket = slotAt(wheel, level, index)
    if (isEmptyBucket(bucket)) {
      const word = bitmapWord(wheel, level, index)
      store<u32>(word, load<u32>(word) | (1 << (index & 31)))
    }
  }
  if (isEmptyBucket(bucket)) {
    store<f64>(bucket, deadline, B_VALUE)
  } else {
    const value = load<f64>(bucket, B_VALUE)
    if (level == 0) store<f64>(bucket, deadline < value ? Infinity : deadline, B_VALUE)
    else if (deadline < value) store<f64>(bucket, deadline, B_VALUE)
  }
  return append(bucket, deadline, number, version)
}

/** Schedules `id` for `deadline` (ms, rounded up to a tick); a timer handle or an error. */
export function timerSchedule(handle: i32, deadline: f64, id: i32): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  if (!(deadline < Infinity)) return ERR_ARGUMENT
  const number = takeRecord(wheel, id)
  if (number < 0) return number
  const version = load<u32>(recordAt(number))
  if (!place(wheel, deadline, number, version)) {
    cancelEntry(number, version)
    return ERR_NO_MEMORY
  }
  add(wheel, 1, WHEEL_COUNT)
  return timerHandle(number)
}

/** Takes a timer back; ERR_HANDLE when it ran, was cancelled, or never was. */
export function timerCancel(handle: i32, timer: i32): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  const number = findTimer(timer, wheel)
  if (number < 0) return ERR_HANDLE
  const record = recordAt(number)
  store<u32>(record, load<u32>(record) + 3)
  dropRecord(number)
  add(wheel, -1, WHEEL_COUNT)
  buried(wheel)
  return 0
}

/** Gives a timer another deadline, behind what is scheduled for the same; its handle stays. */
export function timerReschedule(handle: i32, timer: i32, deadline: f64): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  if (!(deadline < Infinity)) return ERR_ARGUMENT
  const number = findTimer(timer, wheel)
  if (number < 0) return ERR_HANDLE
  const record = recordAt(number)
  const version = load<u32>(record) + 2
  if (!place(wheel, deadline, number, version)) return ERR_NO_MEMORY
  store<u32>(record, version)
  buried(wheel)
  return 0
}

/** One more entry is dead; once more are dead than alive, all buckets are swept. */
// @ts-ignore: decorator
@inline
function buried(wheel: usize): void {
  const dead = load<i32>(wheel, W_DEAD) + 1
  store<i32>(wheel, dead, W_DEAD)
  if (dead > SOME_DEAD && dead > load<i32>(wheel, WHEEL_COUNT)) sweepAll(wheel)
}

function sweepAll(wheel: usize): void {
  sweep(wheel + W_OVERDUE)
  for (let i: u32 = 0; i < SLOTS; i++) {
    const bucket = slotAt(wheel, 0, i)
    if (!isEmptyBucket(bucket)) sweep(bucket)
  }
  // Those that are due already are dropped as they are handed out.
  store<i32>(wheel, 0, W_DEAD)
}

/** Counts dead entries off that were dropped. */
function forgetDead(wheel: usize, dropped: i32): void {
  store<i32>(wheel, max(0, load<i32>(wheel, W_DEAD) - dropped), W_DEAD)
}

/** Drops the dead of a bucket of one chunk; true when there were any. A longer one is not worth it. */
function clean(wheel: usize, bucket: usize): bool {
  if (load<i32>(wheel, W_DEAD) == 0 || load<u32>(load<u32>(bucket, B_FIRST)) != 0) return false
  const dropped = sweep(bucket)
  forgetDead(wheel, dropped)
  return dropped != 0
}

/** The first slot of a level that has an entry, from `index` on, or -1; empty slots met are forgotten. */
function firstSlot(wheel: usize, level: u32, index: u32): i32 {
  for (let at = index; at < 256; at = (at | 31) + 1) {
    const word = bitmapWord(wheel, level, at)
    let bits = load<u32>(word) & (<u32>-1 << (at & 31))
    while (bits != 0) {
      const found = (at & ~31) + ctz(bits)
      if (!isEmptyBucket(slotAt(wheel, level, found))) return found
      store<u32>(word, load<u32>(word) & ~(<u32>1 << (found & 31)))
      bits &= bits - 1
    }
  }
  return -1
}

/**
 * A time in ms before which nothing is due: the tick of the earliest timer, or, where many timers share a slot and
 * the earliest was cancelled, a time before that. Infinity when there is none; NaN for a wrong handle.
 */
export function timersNext(handle: i32): f64 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return NaN
  if (load<i32>(wheel, WHEEL_COUNT) == 0) return Infinity
  const base = load<u64>(wheel, W_BASE)
  const passed = fromTicks(wheel, base - min<u64>(base, 1))
  if (load<u32>(wheel, W_OUT_COUNT) != 0 || load<u32>(wheel, W_DUE_FIRST) != 0) return passed
  const overdue = wheel + W_OVERDUE
  if (!isEmptyBucket(overdue)) {
    clean(wheel, overdue)
    if (!isEmptyBucket(overdue)) return passed
  }
  for (let level: u32 = 0; level < LEVELS; level++) {
    let index = <u32>(base >>> <u64>(level << 3)) & 255
    while (index < 256) {
      const found = firstSlot(wheel, level, index)
      if (found < 0) break
      const bucket = slotAt(wheel, level, found)
      index = found + 1
      if (clean(wheel, bucket)) {
        if (isEmptyBucket(bucket)) continue
        if (level > 0) store<f64>(bucket, leastDeadline(bucket), B_VALUE)
      }
      return earliest(wheel, base, level, found)
    }
  }
  return Infinity
}

/** When the first of a slot is due, as far as the slot knows. */
function earliest(wheel: usize, base: u64, level: u32, index: u32): f64 {
  if (level == 0) return fromTicks(wheel, (base & ~(<u64>255)) | <u64>index)
  return fromTicks(wheel, toTicks(wheel, load<f64>(slotAt(wheel, level, index), B_VALUE), true))
}

/** The least deadline in a bucket of one chunk. */
function leastDeadline(bucket: usize): f64 {
  const chunk = <usize>load<u32>(bucket, B_FIRST)
  let least = Infinity
  const count = entriesIn(bucket, chunk)
  for (let i: u32 = 0; i < count; i++) least = Math.min(least, load<f64>(chunk + C_ENTRIES + <usize>(i * ENTRY_BYTES)))
  return least
}

/** Moves `base` to a tick that nothing lies before, and spreads what names its block; false when memory is out. */
function moveBase(wheel: usize, ticks: u64): bool {
  const old = load<u64>(wheel, W_BASE)
  const changed = ticks ^ old
  if (changed > 255) {
    // Chunks for what will be spread are made sure of first: halfway there is no way back.
    let chunks: u32 = 0
    for (let level: u32 = 1; level < LEVELS && changed >>> <u64>(level << 3) != 0; level++) {
      chunks += chunksToSpread(slotAt(wheel, level, <u32>(ticks >>> <u64>(level << 3)) & 255), level)
    }
    if (!reserve(chunks)) return false
  }
  store<u64>(wheel, ticks, W_BASE)
  if (changed <= 255) return true
  for (let level = LEVELS - 1; level > 0; level--) {
    const shift = <u64>(level << 3)
    if (changed >>> shift == 0) continue
    const bucket = slotAt(wheel, level, <u32>(ticks >>> shift) & 255)
    if (!isEmptyBucket(bucket)) spreadBucket(wheel, bucket)
  }
  return true
}

/** How many chunks the entries of a slot take at most before its own come free. */
function chunksToSpread(bucket: usize, level: u32): u32 {
  if (isEmptyBucket(bucket)) return 0
  const first = <usize>load<u32>(bucket, B_FIRST)
  return load<u32>(first) != 0 ? (level << 8) + 32 : entriesIn(bucket, first)
}

/** Places the entries of a slot anew. */
function spreadBucket(wheel: usize, bucket: usize): void {
  let chunk = takeChunks(bucket)
  // Asking each is a cache miss each. The count is no more than a hint: whoever is handed out is asked again.
  const mayBeDead = load<i32>(wheel, W_DEAD) != 0
  let dead = 0
  while (chunk != 0) {
    const count = load<u32>(chunk, C_SEALED)
    for (let i: u32 = 0; i < count; i++) {
      const entry = chunk + C_ENTRIES + <usize>(i * ENTRY_BYTES)
      if (mayBeDead && !isAlive(entry)) {
        dead++
        continue
      }
      place(wheel, load<f64>(entry), load<u32>(entry, E_NUMBER), load<u32>(entry, E_VERSION))
    }
    chunk = dropChunk(chunk)
  }
  forgetDead(wheel, dead)
}

/** Puts what a bucket holds behind what is due. */
function makeDue(wheel: usize, bucket: usize): void {
  // Out of memory, what shares a tick runs in the order it was scheduled.
  if (load<f64>(bucket, B_VALUE) == Infinity) sortByDeadline(bucket)
  const first = takeChunks(bucket)
  if (first == 0) return
  let last = first
  while (load<u32>(last) != 0) last = load<u32>(last)
  if (load<u32>(wheel, W_DUE_FIRST) == 0) {
    store<u32>(wheel, <u32>first, W_DUE_FIRST)
    store<u32>(wheel, 0, W_DUE_AT)
  } else {
    store<u32>(load<u32>(wheel, W_DUE_LAST), <u32>first)
  }
  store<u32>(wheel, <u32>last, W_DUE_LAST)
}

/** Makes due, in order, what is due at tick `until`; out of memory, as much of it as can be. */
function collect(wheel: usize, until: u64): void {
  // Time went back: what was not due before is not due now.
  if (until + 1 < load<u64>(wheel, W_BASE)) return
  makeDue(wheel, wheel + W_OVERDUE)
  while (true) {
    const base = load<u64>(wheel, W_BASE)
    if (base > until) return
    let found = firstSlot(wheel, 0, <u32>base & 255)
    if (found >= 0) {
      const ticks = (base & ~(<u64>255)) | <u64>found
      if (ticks > until) break
      makeDue(wheel, slotAt(wheel, 0, found))
      if (!moveBase(wheel, ticks + 1)) return
      continue
    }
    let isDone = true
    for (let level: u32 = 1; level < LEVELS; level++) {
      const shift = <u64>(level << 3)
      found = firstSlot(wheel, level, (<u32>(base >>> shift) & 255) + 1)
      if (found < 0) continue
      const block = ((base >>> (shift + 8)) << (shift + 8)) | (<u64>found << shift)
      if (block <= until) {
        if (!moveBase(wheel, block)) return
        isDone = false
      }
      break
    }
    if (isDone) break
  }
  moveBase(wheel, until + 1)
}

// @ts-ignore: decorator
@inline
function outAt(wheel: usize, index: u32): usize {
  return wheel + WHEEL_OUT + <usize>(index * WHEEL_OUT_BYTES)
}

/** Takes back the records of what ran, and leaves in the out records what did not and is still to run. */
function reclaim(wheel: usize): void {
  const count = load<u32>(wheel, W_OUT_COUNT)
  let left: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const at = outAt(wheel, i)
    const number = load<u32>(at, 4)
    const version = load<u32>(at, 8)
    const now = load<u32>(recordAt(number))
    if (now == version + 1) {
      dropRecord(number)
    } else if (now == version) {
      memory.copy(outAt(wheel, left), at, WHEEL_OUT_BYTES)
      left++
    }
  }
  store<u32>(wheel, left, W_OUT_COUNT)
}

/** Hands out the next of what is due: the number of out records. */
function handOut(wheel: usize): i32 {
  let count = load<u32>(wheel, W_OUT_COUNT)
  let chunk = <usize>load<u32>(wheel, W_DUE_FIRST)
  let at = load<u32>(wheel, W_DUE_AT)
  let dead = 0
  while (chunk != 0 && count < <u32>WHEEL_OUT_RECORDS) {
    const entry = chunk + C_ENTRIES + <usize>(at * ENTRY_BYTES)
    const number = load<u32>(entry, E_NUMBER)
    const record = recordAt(number)
    const version = load<u32>(entry, E_VERSION)
    if (load<u32>(record) == version) {
      const out = outAt(wheel, count++)
      store<u32>(out, load<u32>(record, R_ID))
      store<u32>(out, number, 4)
      store<u32>(out, version, 8)
      store<u32>(out, <u32>record, 12)
    } else {
      dead++
    }
    if (++at == load<u32>(chunk, C_SEALED)) {
      chunk = dropChunk(chunk)
      at = 0
    }
  }
  store<u32>(wheel, <u32>chunk, W_DUE_FIRST)
  store<u32>(wheel, at, W_DUE_AT)
  store<u32>(wheel, count, W_OUT_COUNT)
  store<u32>(wheel, count != 0 ? 1 : 0, W_IN_PASS)
  forgetDead(wheel, dead)
  return <i32>count
}

/** Begins a pass at `now` ms: hands out the first batch of what is due; the number of its records, or an error. */
export function timersAdvance(handle: i32, now: f64): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  if (load<u32>(wheel, W_IN_PASS) != 0) return ERR_STATE
  if (!(now >= 0) || !(now <= MOST_TICKS)) return ERR_ARGUMENT
  const until = toTicks(wheel, now, false)
  if (until >= LAST_TICK) return ERR_ARGUMENT
  collect(wheel, until)
  return handOut(wheel)
}

/** Goes on with a pass: the number of records of its next batch, 0 at its end, or an error. */
export function timersMore(handle: i32): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  reclaim(wheel)
  store<u32>(wheel, 0, W_OUT_COUNT)
  return handOut(wheel)
}

/** Breaks a pass off: what was handed out and not run is due again, first, at the next one. */
export function timersPutBack(handle: i32): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  reclaim(wheel)
  store<u32>(wheel, 0, W_IN_PASS)
  return 0
}
