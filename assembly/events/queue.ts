/**
 * The reactor's event queue: four priorities, first in first out within each, and a budget for each source.
 *
 *      inbox ──accept──▶ lanes 0…3 (rings) ──drain──▶ out         0 runs first
 *                            └── a source over its budget ──▶ its backlog ──▶ first in the next drain
 *
 * A drain takes a snapshot: what comes later waits for the next one. When the snapshot is larger than the
 * drain's budget, the lower lanes still get their share (4, 2 and 1 sixteenths), carried over in credits, so
 * that even drains of one event serve every lane. An event of a source that had its budget moves to the
 * source's backlog, and so do all that follow it: each event moves at most once, and a source's events keep
 * their order.
 *
 *        0 lanes: 4 × 32 (ring, mask, head, tail, snapshot, credit, quota)    128 … 176 sources, see sources.ts
 *      156 waiting    512 inbox    6656 out
 *
 * Owns: the order. Must not know: what an event means.
 */
import {
  QUEUE_INBOX, QUEUE_INBOX_BYTES, QUEUE_INBOX_RECORDS, QUEUE_OUT, QUEUE_OUT_RECORDS
} from "../abi/layout"
import { ERR_ARGUMENT, ERR_HANDLE, ERR_LIMIT, ERR_NO_MEMORY } from "../abi/errors"
import { DEFAULT_SOURCE_BUDGET, MAX_EVENTS, PRIORITIES } from "../abi/limits"
import { KIND_QUEUE, dropHandle, makeHandle, resolve } from "../memory/handles"
import { allocate, release } from "../memory/slab"
import { Q_SOURCE_BUDGET, freeSources, heldCount, hold, makeSources, mayRun, nextDrain, takeHeld } from "./sources"

const QUEUE_BYTES = 8192
const LANE_BYTES = 32
const L_RING = 0
const L_MASK = 4
const L_HEAD = 8
const L_TAIL = 12
const L_SNAPSHOT = 16
const L_CREDIT = 20
const L_QUOTA = 24
const FIRST_RING = 64
const Q_WAITING = 156

// @ts-ignore: decorator
@inline
function lane(q: usize, priority: u32): usize {
  return q + <usize>priority * LANE_BYTES
}

/** An empty queue; a handle or an error. */
export function queueNew(): i32 {
  const q = allocate(QUEUE_BYTES)
  if (q == 0) return ERR_NO_MEMORY
  memory.fill(q, 0, QUEUE_INBOX)
  if (!makeSources(q)) {
    release(q, QUEUE_BYTES)
    return ERR_NO_MEMORY
  }
  store<u32>(q, DEFAULT_SOURCE_BUDGET, Q_SOURCE_BUDGET)
  const handle = makeHandle(q, KIND_QUEUE)
  if (handle < 0) {
    freeSources(q)
    release(q, QUEUE_BYTES)
  }
  return handle
}

/** Ends a queue and forgets its events. */
export function queueFree(handle: i32): i32 {
  const q = resolve(handle, KIND_QUEUE)
  if (q == 0) return ERR_HANDLE
  for (let p: u32 = 0; p < <u32>PRIORITIES; p++) {
    const l = lane(q, p)
    if (load<u32>(l, L_RING) != 0) release(load<u32>(l, L_RING), (load<u32>(l, L_MASK) + 1) << 3)
  }
  freeSources(q)
  release(q, QUEUE_BYTES)
  dropHandle(handle)
  return 0
}

/** The address of the queue's struct, for a façade that fills its inbox and reads its out; or an error. */
export function queueAddress(handle: i32): i32 {
  const q = resolve(handle, KIND_QUEUE)
  return q == 0 ? ERR_HANDLE : <i32>q
}

/** How many events wait, those of backlogs included; or an error. */
export function queueSize(handle: i32): i32 {
  const q = resolve(handle, KIND_QUEUE)
  return q == 0 ? ERR_HANDLE : load<i32>(q, Q_WAITING)
}

/** At most `events` (1 …) of one source run in one drain. */
export function queueSetSourceBudget(handle: i32, events: i32): i32 {
  const q = resolve(handle, KIND_QUEUE)
  if (q == 0) return ERR_HANDLE
  if (events < 1) return ERR_ARGUMENT
  store<i32>(q, events, Q_SOURCE_BUDGET)
  return 0
}

/** Doubles a lane's ring; false when memory is out or the lane is as long as it may be. */
function growLane(l: usize): i32 {
  const old = <usize>load<u32>(l, L_RING)
  const had = old == 0 ? 0 : load<u32>(l, L_MASK) + 1
  if (had >= MAX_EVENTS) return ERR_LIMIT
  const wanted = had == 0 ? FIRST_RING : had << 1
  const ring = allocate(wanted << 3)
  if (ring == 0) return ERR_NO_MEMORY
  const head = load<u32>(l, L_HEAD)
  const length = load<u32>(l, L_TAIL) - head
  for (let i: u32 = 0; i < length; i++) {
    const from = old + (<usize>((head + i) & (had - 1)) << 3)
    memory.copy(ring + (<usize>i << 3), from, 8)
  }
  if (old != 0) release(old, had << 3)
  store<u32>(l, <u32>ring, L_RING)
  store<u32>(l, wanted - 1, L_MASK)
  store<u32>(l, 0, L_HEAD)
  store<u32>(l, length, L_TAIL)
  return 0
}

/** Takes `records` events from the inbox; how many, or an error when not all could be taken. */
export function queueAccept(handle: i32, records: i32): i32 {
  const q = resolve(handle, KIND_QUEUE)
  if (q == 0) return ERR_HANDLE
  if (records < 0 || records > QUEUE_INBOX_RECORDS) return ERR_ARGUMENT
  for (let i = 0; i < records; i++) {
    const at = q + QUEUE_INBOX + <usize>i * QUEUE_INBOX_BYTES
    const l = lane(q, min(load<u32>(at, 4), <u32>PRIORITIES - 1))
    const ring = <usize>load<u32>(l, L_RING)
    if (ring == 0 || load<u32>(l, L_TAIL) - load<u32>(l, L_HEAD) > load<u32>(l, L_MASK)) {
      const failed = growLane(l)
      if (failed < 0) {
        store<i32>(q, load<i32>(q, Q_WAITING) + i, Q_WAITING)
        return failed
      }
    }
    const tail = load<u32>(l, L_TAIL)
    const slot = <usize>load<u32>(l, L_RING) + (<usize>(tail & load<u32>(l, L_MASK)) << 3)
    store<u32>(slot, load<u32>(at))
    store<u32>(slot, load<u32>(at, 8), 4)
    store<u32>(l, tail + 1, L_TAIL)
  }
  store<i32>(q, load<i32>(q, Q_WAITING) + records, Q_WAITING)
  return records
}

/** Gives each lane its quota of a drain of `budget` events. */
function share(q: usize, budget: u32): void {
  let left = budget
  for (let p: u32 = <u32>PRIORITIES - 1; p > 0; p--) {
    const l = lane(q, p)
    const waiting = load<u32>(l, L_SNAPSHOT)
    // Credits are in sixteenths of an event.
    const gain = budget << (3 - p)
    const credit = waiting == 0 ? 0 : min(load<u32>(l, L_CREDIT) + gain, (budget << 4) + 15)
    const quota = min(min(credit >>> 4, waiting), left)
    store<u32>(l, credit - (quota << 4), L_CREDIT)
    store<u32>(l, quota, L_QUOTA)
    left -= quota
  }
  store<u32>(lane(q, 0), 0, L_QUOTA)
  for (let p: u32 = 0; p < <u32>PRIORITIES && left > 0; p++) {
    const l = lane(q, p)
    const more = min(left, load<u32>(l, L_SNAPSHOT) - load<u32>(l, L_QUOTA))
    store<u32>(l, load<u32>(l, L_QUOTA) + more, L_QUOTA)
    left -= more
  }
}

/** Begins a drain of at most `budget` events (1 … 2^24): takes the snapshot; how many events wait, or an error. */
export function queueBegin(handle: i32, budget: i32): i32 {
  const q = resolve(handle, KIND_QUEUE)
  if (q == 0) return ERR_HANDLE
  if (budget < 1) return ERR_ARGUMENT
  nextDrain(q)
  for (let p: u32 = 0; p < <u32>PRIORITIES; p++) {
    const l = lane(q, p)
    store<u32>(l, load<u32>(l, L_TAIL) - load<u32>(l, L_HEAD) + heldCount(q, p), L_SNAPSHOT)
  }
  share(q, min(<u32>budget, MAX_EVENTS))
  // From here on a lane's snapshot counts what is in its ring only.
  for (let p: u32 = 0; p < <u32>PRIORITIES; p++) {
    const l = lane(q, p)
    store<u32>(l, load<u32>(l, L_TAIL) - load<u32>(l, L_HEAD), L_SNAPSHOT)
  }
  return load<i32>(q, Q_WAITING)
}

/** Goes on with a drain: writes the next ids to out; how many, 0 at the drain's end, or an error. */
export function queueNext(handle: i32): i32 {
  const q = resolve(handle, KIND_QUEUE)
  if (q == 0) return ERR_HANDLE
  const out = q + QUEUE_OUT
  let written: u32 = 0
  for (let p: u32 = 0; p < <u32>PRIORITIES; p++) {
    const l = lane(q, p)
    let quota = load<u32>(l, L_QUOTA)
    if (quota == 0) continue
    const held = takeHeld(q, p, out + (<usize>written << 2), min(quota, <u32>QUEUE_OUT_RECORDS - written))
    written += held
    quota -= held
    let snapshot = load<u32>(l, L_SNAPSHOT)
    let head = load<u32>(l, L_HEAD)
    const ring = <usize>load<u32>(l, L_RING)
    const mask = load<u32>(l, L_MASK)
    while (quota > 0 && snapshot > 0 && written < <u32>QUEUE_OUT_RECORDS) {
      const slot = ring + (<usize>(head & mask) << 3)
      const id = load<i32>(slot)
      const source = load<i32>(slot, 4)
      if (source != 0) {
        const may = mayRun(q, source, p)
        if (may < 0) break
        if (may == 0) {
          if (!hold(q, source, p, id)) break
          head++
          snapshot--
          continue
        }
      }
      store<i32>(out + (<usize>written << 2), id)
      head++
      snapshot--
      quota--
      written++
    }
    store<u32>(l, head, L_HEAD)
    store<u32>(l, snapshot, L_SNAPSHOT)
    store<u32>(l, quota, L_QUOTA)
    if (written == <u32>QUEUE_OUT_RECORDS) break
  }
  store<u32>(q, load<u32>(q, Q_WAITING) - written, Q_WAITING)
  return <i32>written
}
