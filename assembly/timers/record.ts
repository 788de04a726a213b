/**
 * Timer records: who a timer handle stands for, 16 bytes each.
 *
 *       0 version   4 generation   8 id   12 wheel
 *
 * A version is even while the timer is pending and odd while it is not. It moves on with every change, so that a
 * bucket's entry that names an older one is known to be dead without being looked for:
 *
 *      scheduled (odd → even, + 1)    rescheduled (+ 2)    run (+ 1, by the façade)    cancelled (+ 3)
 *
 * Records live in chunks of 4,096 (64 KiB), and the numbers of the free ones on a stack in chunks of 16,384; a
 * directory finds a chunk by a record's number or the stack's height, so that growing moves nothing. The stack, and
 * not a list through the records, because a list would wait for a cache miss at each step. A handle is `generation (9 bits) << 22 | number`: never 0, never negative.
 * Owns: records and handles. Must not know: when a timer is due.
 */
import { HEADER_TIMERS, HEADER_TIMER_COUNT, HEADER_TIMER_DIRECTORY, HEADER_TIMER_FREE } from "../abi/layout"
import { ERR_LIMIT, ERR_NO_MEMORY } from "../abi/errors"
import { MAX_TIMERS } from "../abi/limits"
import { allocate } from "../memory/slab"

export const R_VERSION = 0
const R_GENERATION = 4
export const R_ID = 8
const R_WHEEL = 12
const RECORD_SHIFT: u32 = 4
const CHUNK_SHIFT: u32 = 12
const CHUNK_BYTES: u32 = 65536
/** 1,024 chunks of records, then 256 chunks of the stack. */
const STACK_DIRECTORY = 4096
const STACK_SHIFT: u32 = 14
const DIRECTORY_BYTES: u32 = 8192
const GENERATIONS: u32 = 511
const NUMBER_BITS: u32 = 22
const NUMBER_MASK: u32 = (1 << NUMBER_BITS) - 1

/** The record of a number that was made. */
// @ts-ignore: decorator
@inline
export function recordAt(number: u32): usize {
  const chunk = load<u32>(<usize>load<u32>(HEADER_TIMER_DIRECTORY) + (<usize>(number >>> CHUNK_SHIFT) << 2))
  return <usize>(chunk + ((number & ((1 << CHUNK_SHIFT) - 1)) << RECORD_SHIFT))
}

// @ts-ignore: decorator
@inline
export function timerHandle(number: u32): i32 {
  return <i32>((load<u32>(recordAt(number), R_GENERATION) << NUMBER_BITS) | number)
}

/** The number of a pending timer of this wheel, or -1. */
// @ts-ignore: decorator
@inline
export function findTimer(handle: i32, wheel: usize): i32 {
  const number = <u32>handle & NUMBER_MASK
  if (handle <= 0 || number >= load<u32>(HEADER_TIMER_COUNT)) return -1
  const record = recordAt(number)
  if (load<u32>(record, R_GENERATION) != <u32>handle >>> NUMBER_BITS) return -1
  if ((load<u32>(record) & 1) != 0 || load<u32>(record, R_WHEEL) != <u32>wheel) return -1
  return <i32>number
}

/** Makes the next record that never was; its number, or an error. */
function freshRecord(): i32 {
  const number = load<u32>(HEADER_TIMER_COUNT)
  if (number == MAX_TIMERS) return ERR_LIMIT
  let directory = <usize>load<u32>(HEADER_TIMER_DIRECTORY)
  if (directory == 0) {
    directory = allocate(DIRECTORY_BYTES)
    if (directory == 0) return ERR_NO_MEMORY
    memory.fill(directory, 0, DIRECTORY_BYTES)
    store<u32>(HEADER_TIMER_DIRECTORY, <u32>directory)
  }
  // The stack is made as high as there are records, so that giving one back cannot fail.
  if ((number & ((1 << STACK_SHIFT) - 1)) == 0) {
    const entry = directory + STACK_DIRECTORY + (<usize>(number >>> STACK_SHIFT) << 2)
    if (load<u32>(entry) == 0) {
      const chunk = allocate(CHUNK_BYTES)
      if (chunk == 0) return ERR_NO_MEMORY
      store<u32>(entry, <u32>chunk)
    }
  }
  if ((number & ((1 << CHUNK_SHIFT) - 1)) == 0) {
    const chunk = allocate(CHUNK_BYTES)
    if (chunk == 0) return ERR_NO_MEMORY
    store<u32>(directory + (<usize>(number >>> CHUNK_SHIFT) << 2), <u32>chunk)
  }
  store<u32>(HEADER_TIMER_COUNT, number + 1)
  const record = recordAt(number)
  store<u32>(record, 1)
  store<u32>(record, 1, R_GENERATION)
  return <i32>number
}

/** Where the number at this height of the stack is. */
// @ts-ignore: decorator
@inline
function stackAt(height: u32): usize {
  const chunk = load<u32>(<usize>load<u32>(HEADER_TIMER_DIRECTORY) + (<usize>(height >>> STACK_SHIFT) << 2), STACK_DIRECTORY)
  return <usize>(chunk + ((height & ((1 << STACK_SHIFT) - 1)) << 2))
}

/** A record for a pending timer; its number, or an error. */
// @ts-ignore: decorator
@inline
export function takeRecord(wheel: usize, id: i32): i32 {
  const free = load<u32>(HEADER_TIMER_FREE)
  let number: i32
  if (free != 0) {
    number = load<i32>(stackAt(free - 1))
    store<u32>(HEADER_TIMER_FREE, free - 1)
  } else {
    number = freshRecord()
    if (number < 0) return number
  }
  const record = recordAt(number)
  store<u32>(record, load<u32>(record) + 1)
  store<i32>(record, id, R_ID)
  store<u32>(record, <u32>wheel, R_WHEEL)
  store<u32>(HEADER_TIMERS, load<u32>(HEADER_TIMERS) + 1)
  return number
}

/** Gives a record back, whose version is odd again; its handle is stale from now on. */
// @ts-ignore: decorator
@inline
export function dropRecord(number: u32): void {
  const record = recordAt(number)
  const generation = load<u32>(record, R_GENERATION)
  store<u32>(record, generation == GENERATIONS ? 1 : generation + 1, R_GENERATION)
  const free = load<u32>(HEADER_TIMER_FREE)
  store<u32>(stackAt(free), number)
  store<u32>(HEADER_TIMER_FREE, free + 1)
  store<u32>(HEADER_TIMERS, load<u32>(HEADER_TIMERS) - 1)
}
