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
 *          0 count   8 base (u64)   16 ticks per ms (f64)   24 out: count   32 due list   40 overdue list, its last
 *         64 six bitmaps of 256 bits       256 slots: 6 × 256 of 16 bytes (next, prev, f64)     24960 out records
 *
 * The f64 of a slot: at level 0 the greatest deadline in it, Infinity once they are out of order; above, the
 * least deadline that entered it, for `nextDeadline`.
 * Time is an argument: nothing here asks what time it is. Source: Varghese and Lauck, 1987, scheme 6/7.
 */
import { HEADER_TIMERS, WHEEL_COUNT, WHEEL_OUT, WHEEL_OUT_BYTES, WHEEL_OUT_RECORDS, NODE_TAG } from "../abi/layout"
import { ERR_ARGUMENT, ERR_HANDLE, ERR_NO_MEMORY, ERR_STATE } from "../abi/errors"
import { KIND_WHEEL, dropHandle, makeHandle, resolve } from "../memory/handles"
import { allocate, release } from "../memory/slab"
import {
  NODE_DEADLINE, NODE_ID, NODE_NEXT, NODE_PREV, NODE_WHEEL, STATE_ACTIVE, STATE_FIRED, STATE_OUT, append, dropNode,
  emptyList, findNode, isEmptyList, nodeHandle, nodeState, prepend, setNodeState, sortByDeadline, splice, takeNode, unlink
} from "./node"

const LEVELS: u32 = 6
const W_BASE = 8
const W_SCALE = 16
const W_OUT_COUNT = 24
const W_DUE = 32
const W_OVERDUE = 40
const W_OVERDUE_LAST = 48
const W_BITMAPS = 64
const W_SLOTS = 256
const SLOT_VALUE = 8
const WHEEL_BYTES = 32768
const LAST_TICK: u64 = 0xffffffffffff
/** Ticks as f64 must be exact in u64 and stay below the last one. */
const MOST_TICKS: f64 = 281474976710655.0

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
function toTicks(wheel: usize, ms: f64, up: bool): u64 {
  const exact = ms * load<f64>(wheel, W_SCALE)
  if (!(exact > 0)) return 0
  if (exact >= MOST_TICKS) return LAST_TICK
  const near = Math.floor(exact + 0.5)
  const slack = Math.max(1e-6, exact * 1e-15)
  if (Math.abs(exact - near) <= slack) return <u64>near
  return <u64>(up ? Math.ceil(exact) : Math.floor(exact))
}

// @ts-ignore: decorator
@inline
function fromTicks(wheel: usize, ticks: u64): f64 {
  return <f64>ticks / load<f64>(wheel, W_SCALE)
}

/** A wheel of `ticksPerMs` ticks a millisecond (1 for a reactor, 1,000 for a simulation), at `now` ms; a handle or an error. */
export function timersNew(ticksPerMs: f64, now: f64): i32 {
  if (!(ticksPerMs > 0) || !(ticksPerMs <= 1e6) || !(now >= 0) || !(now <= 1e15)) return ERR_ARGUMENT
  const wheel = allocate(WHEEL_BYTES)
  if (wheel == 0) return ERR_NO_MEMORY
  memory.fill(wheel, 0, W_SLOTS)
  store<f64>(wheel, ticksPerMs, W_SCALE)
  store<u64>(wheel, toTicks(wheel, now, false), W_BASE)
  emptyList(wheel + W_DUE)
  emptyList(wheel + W_OVERDUE)
  for (let i: u32 = 0; i < LEVELS << 8; i++) emptyList(wheel + W_SLOTS + (<usize>i << 4))
  const handle = makeHandle(wheel, KIND_WHEEL)
  if (handle < 0) release(wheel, WHEEL_BYTES)
  return handle
}

/** Ends a wheel and all its timers. */
export function timersFree(handle: i32): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  reclaim(wheel)
  dropAll(wheel + W_DUE)
  dropAll(wheel + W_OVERDUE)
  for (let i: u32 = 0; i < LEVELS << 8; i++) dropAll(wheel + W_SLOTS + (<usize>i << 4))
  release(wheel, WHEEL_BYTES)
  dropHandle(handle)
  return 0
}

function dropAll(head: usize): void {
  while (!isEmptyList(head)) {
    const node = <usize>load<u32>(head, NODE_NEXT)
    unlink(node)
    dropNode(node)
  }
}

/** The address of the wheel's struct, for a façade that reads its count and its out records; or an error. */
export function timersAddress(handle: i32): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  return wheel == 0 ? ERR_HANDLE : <i32>wheel
}

// @ts-ignore: decorator
@inline
function count(wheel: usize, by: i32): void {
  store<i32>(wheel, load<i32>(wheel, WHEEL_COUNT) + by, WHEEL_COUNT)
}

/** Puts an active node where its deadline says, after those that are there. */
function place(wheel: usize, node: usize): void {
  const deadline = load<f64>(node, NODE_DEADLINE)
  const ticks = toTicks(wheel, deadline, true)
  const base = load<u64>(wheel, W_BASE)
  if (ticks < base) {
    // Its tick has passed: it waits for the next advance, in front of everything else.
    const list = wheel + W_OVERDUE
    if (isEmptyList(list)) store<f64>(wheel, deadline, W_OVERDUE_LAST)
    else if (deadline < load<f64>(wheel, W_OVERDUE_LAST)) store<f64>(wheel, Infinity, W_OVERDUE_LAST)
    else store<f64>(wheel, deadline, W_OVERDUE_LAST)
    append(list, node)
    return
  }
  const differs = ticks ^ base
  const level = differs < 256 ? 0 : (63 - <u32>clz(differs)) >>> 3
  const index = <u32>(ticks >>> <u64>(level << 3)) & 255
  const slot = slotAt(wheel, level, index)
  if (isEmptyList(slot)) {
    store<f64>(slot, deadline, SLOT_VALUE)
    const word = bitmapWord(wheel, level, index)
    store<u32>(word, load<u32>(word) | (1 << (index & 31)))
  } else if (level == 0) {
    if (deadline < load<f64>(slot, SLOT_VALUE)) store<f64>(slot, Infinity, SLOT_VALUE)
    else store<f64>(slot, Math.max(deadline, load<f64>(slot, SLOT_VALUE)), SLOT_VALUE)
  } else if (deadline < load<f64>(slot, SLOT_VALUE)) {
    store<f64>(slot, deadline, SLOT_VALUE)
  }
  append(slot, node)
}

/** Schedules `id` for `deadline` (ms, rounded up to a tick); a timer handle or an error. */
export function timerSchedule(handle: i32, deadline: f64, id: i32): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  if (!(deadline < Infinity)) return ERR_ARGUMENT
  const node = takeNode(wheel, deadline, id)
  if (node < 0) return node
  place(wheel, node)
  count(wheel, 1)
  return nodeHandle(node)
}

/** Takes a timer back; ERR_HANDLE when it ran, was cancelled, or never was. */
export function timerCancel(handle: i32, timer: i32): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  const node = findNode(timer, wheel)
  if (node == 0) return ERR_HANDLE
  if (nodeState(node) == STATE_ACTIVE) unlink(node)
  dropNode(node)
  count(wheel, -1)
  return 0
}

/** Gives a timer another deadline, behind what is scheduled for the same; its handle stays. */
export function timerReschedule(handle: i32, timer: i32, deadline: f64): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  if (!(deadline < Infinity)) return ERR_ARGUMENT
  const node = findNode(timer, wheel)
  if (node == 0) return ERR_HANDLE
  if (nodeState(node) == STATE_ACTIVE) unlink(node)
  else setNodeState(node, STATE_ACTIVE)
  store<f64>(node, deadline, NODE_DEADLINE)
  place(wheel, node)
  return 0
}

/** The first slot of a level that holds a timer, from `index` on, or -1; empty slots met are forgotten. */
function firstSlot(wheel: usize, level: u32, index: u32): i32 {
  for (let at = index; at < 256; at = (at | 31) + 1) {
    const word = bitmapWord(wheel, level, at)
    let bits = load<u32>(word) & (<u32>-1 << (at & 31))
    while (bits != 0) {
      const found = (at & ~31) + ctz(bits)
      if (!isEmptyList(slotAt(wheel, level, found))) return found
      store<u32>(word, load<u32>(word) & ~(<u32>1 << (found & 31)))
      bits &= bits - 1
    }
  }
  return -1
}

/**
 * A time in ms before which nothing is due: the tick of the earliest timer, or, when the earliest of a far slot
 * was cancelled, a time before that. Infinity when there is none; NaN for a wrong handle.
 */
export function timersNext(handle: i32): f64 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return NaN
  const base = load<u64>(wheel, W_BASE)
  if (!isEmptyList(wheel + W_DUE) || !isEmptyList(wheel + W_OVERDUE)) return fromTicks(wheel, base - min<u64>(base, 1))
  for (let level: u32 = 0; level < LEVELS; level++) {
    const index = <u32>(base >>> <u64>(level << 3)) & 255
    const found = firstSlot(wheel, level, index)
    if (found < 0) continue
    if (level == 0) return fromTicks(wheel, (base & ~(<u64>255)) | <u64>found)
    return fromTicks(wheel, toTicks(wheel, load<f64>(slotAt(wheel, level, found), SLOT_VALUE), true))
  }
  return Infinity
}

/** Moves `base` to a tick that nothing lies before, and spreads the slots that name its block. */
function moveBase(wheel: usize, ticks: u64): void {
  const old = load<u64>(wheel, W_BASE)
  store<u64>(wheel, ticks, W_BASE)
  for (let level = LEVELS - 1; level > 0; level--) {
    const shift = <u64>(level << 3)
    if (ticks >>> shift == old >>> shift) continue
    const index = <u32>(ticks >>> shift) & 255
    const slot = slotAt(wheel, level, index)
    if (isEmptyList(slot)) continue
    let node = <usize>load<u32>(slot, NODE_NEXT)
    emptyList(slot)
    while (node != slot) {
      const next = <usize>load<u32>(node, NODE_NEXT)
      place(wheel, node)
      node = next
    }
  }
}

/** Moves what is due at tick `until` to the due list, in order. */
function collect(wheel: usize, until: u64): void {
  const overdue = wheel + W_OVERDUE
  const due = wheel + W_DUE
  if (!isEmptyList(overdue)) {
    if (load<f64>(wheel, W_OVERDUE_LAST) == Infinity) sortByDeadline(overdue)
    splice(overdue, due)
  }
  while (true) {
    const base = load<u64>(wheel, W_BASE)
    if (base > until) return
    let found = firstSlot(wheel, 0, <u32>base & 255)
    if (found >= 0) {
      const ticks = (base & ~(<u64>255)) | <u64>found
      if (ticks > until) break
      const slot = slotAt(wheel, 0, found)
      if (load<f64>(slot, SLOT_VALUE) == Infinity) sortByDeadline(slot)
      splice(slot, due)
      moveBase(wheel, ticks + 1)
      continue
    }
    let isDone = true
    for (let level: u32 = 1; level < LEVELS; level++) {
      const shift = <u64>(level << 3)
      found = firstSlot(wheel, level, (<u32>(base >>> shift) & 255) + 1)
      if (found < 0) continue
      const block = ((base >>> (shift + 8)) << (shift + 8)) | (<u64>found << shift)
      if (block <= until) {
        moveBase(wheel, block)
        isDone = false
      }
      break
    }
    if (isDone) break
  }
  moveBase(wheel, until + 1)
}

/** Takes back the nodes of the last batch that ran. */
function reclaim(wheel: usize): void {
  const records = load<u32>(wheel, W_OUT_COUNT)
  for (let i: u32 = 0; i < records; i++) {
    const at = wheel + WHEEL_OUT + <usize>i * WHEEL_OUT_BYTES
    const node = <usize>load<u32>(at, 4)
    // A node that was cancelled or scheduled again since has another tag.
    if (load<u32>(node, NODE_TAG) == load<u32>(at, 8) + (STATE_FIRED - STATE_OUT)) dropNode(node)
  }
  store<u32>(wheel, 0, W_OUT_COUNT)
}

/** Hands out the next of what is due: the number of out records. */
function handOut(wheel: usize): i32 {
  const due = wheel + W_DUE
  let records = 0
  while (records < WHEEL_OUT_RECORDS) {
    const node = <usize>load<u32>(due, NODE_NEXT)
    if (node == due) break
    unlink(node)
    setNodeState(node, STATE_OUT)
    const at = wheel + WHEEL_OUT + <usize>records * WHEEL_OUT_BYTES
    store<u32>(at, load<u32>(node, NODE_ID))
    store<u32>(at, <u32>node, 4)
    store<u32>(at, load<u32>(node, NODE_TAG), 8)
    records++
  }
  store<u32>(wheel, records, W_OUT_COUNT)
  return records
}

/** Begins a pass at `now` ms: collects what is due and hands out the first batch; the number of its records, or an error. */
export function timersAdvance(handle: i32, now: f64): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  if (!(now <= Infinity)) return ERR_ARGUMENT
  if (load<u32>(wheel, W_OUT_COUNT) != 0) return ERR_STATE
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
  return handOut(wheel)
}

/** Breaks a pass off: what was handed out and not run is due again, first, at the next one. */
export function timersPutBack(handle: i32): i32 {
  const wheel = resolve(handle, KIND_WHEEL)
  if (wheel == 0) return ERR_HANDLE
  for (let i = load<i32>(wheel, W_OUT_COUNT) - 1; i >= 0; i--) {
    const at = wheel + WHEEL_OUT + <usize>i * WHEEL_OUT_BYTES
    const node = <usize>load<u32>(at, 4)
    if (load<u32>(node, NODE_TAG) != load<u32>(at, 8)) continue
    setNodeState(node, STATE_ACTIVE)
    prepend(wheel + W_DUE, node)
  }
  reclaim(wheel)
  return 0
}
