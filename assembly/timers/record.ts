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
 * Records live in chunks of 4,096 (64 KiB), each with a map of its free ones; a directory finds a chunk by the record's
 * number, so that growing moves nothing:
 *
 *      directory:  chunk addresses (1,024) | map addresses (1,024) | bits of chunks with a free record (32 words)
 *      map:        bits of words that are not 0 (4 words) | a bit for each record, set while free (128 words)
 *
 * The next free record is looked for from the last one taken on, so that many that are taken one after another lie one
 * behind another: a list of free records would hand them out in the order in which they came free, and miss the cache
 * at each step. A handle is `generation (9 bits) << 22 | number`: never 0, never negative.
 * Owns: records and handles. Must not know: when a timer is due.
 */
import {
  HEADER_TIMERS, HEADER_TIMER_COUNT, HEADER_TIMER_CURSOR, HEADER_TIMER_DIRECTORY, HEADER_TIMER_FREE
} from "../abi/layout"
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
const CHUNKS: u32 = 1024
const D_MAPS = 4096
const D_BITS = 8192
const DIRECTORY_BYTES: u32 = 8320
const MAP_WORDS: u32 = 128
const M_BITS = 16
const MAP_BYTES: u32 = 528
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
  if ((number & ((1 << CHUNK_SHIFT) - 1)) == 0) {
    const entry = directory + (<usize>(number >>> CHUNK_SHIFT) << 2)
    // The map first, so that giving a record back cannot fail; it may be there from an attempt that went no further.
    if (load<u32>(entry, D_MAPS) == 0) {
      const map = allocate(MAP_BYTES)
      if (map == 0) return ERR_NO_MEMORY
      memory.fill(map, 0, MAP_BYTES)
      store<u32>(entry, <u32>map, D_MAPS)
    }
    const chunk = allocate(CHUNK_BYTES)
    if (chunk == 0) return ERR_NO_MEMORY
    store<u32>(entry, <u32>chunk)
  }
  store<u32>(HEADER_TIMER_COUNT, number + 1)
  const record = recordAt(number)
  store<u32>(record, 1)
  store<u32>(record, 1, R_GENERATION)
  return <i32>number
}

// @ts-ignore: decorator
@inline
function mapOf(chunk: u32): usize {
  return load<u32>(<usize>load<u32>(HEADER_TIMER_DIRECTORY) + (<usize>chunk << 2), D_MAPS)
}

/** The first set bit of `words` words from bit `from` on, or -1. */
// @ts-ignore: decorator
@inline
function firstBit(at: usize, words: u32, from: u32): i32 {
  let mask = <u32>-1 << (from & 31)
  for (let i = from >>> 5; i < words; i++) {
    const bits = load<u32>(at + (<usize>i << 2)) & mask
    if (bits != 0) return <i32>((i << 5) + ctz(bits))
    mask = <u32>-1
  }
  return -1
}

/** The first free record of a chunk from its record `from` on, or -1. */
function freeInChunk(chunk: u32, from: u32): i32 {
  const map = mapOf(chunk)
  const here = load<u32>(map + (<usize>(from >>> 5) << 2), M_BITS) & (<u32>-1 << (from & 31))
  if (here != 0) return <i32>((from & ~31) + ctz(here))
  if ((from >>> 5) + 1 == MAP_WORDS) return -1
  const word = firstBit(map, MAP_WORDS >>> 5, (from >>> 5) + 1)
  if (word < 0) return -1
  return (word << 5) + <i32>ctz(load<u32>(map + (<usize>word << 2), M_BITS))
}

/** A free record near behind the last one taken; there is one. */
function findFree(): u32 {
  const from = load<u32>(HEADER_TIMER_CURSOR)
  // A timer that is set and cleared over and over keeps its record, which the cache has.
  if (from != 0 && isMarked(from - 1)) return from - 1
  const bits = <usize>load<u32>(HEADER_TIMER_DIRECTORY) + D_BITS
  const inChunk = (1 << CHUNK_SHIFT) - 1
  let chunk = <i32>(from >>> CHUNK_SHIFT)
  if (from < load<u32>(HEADER_TIMER_COUNT)) {
    const found = freeInChunk(chunk, from & inChunk)
    if (found >= 0) return (<u32>chunk << CHUNK_SHIFT) + found
  }
  chunk = chunk + 1 < <i32>CHUNKS ? firstBit(bits, CHUNKS >>> 5, chunk + 1) : -1
  if (chunk < 0) chunk = firstBit(bits, CHUNKS >>> 5, 0)
  return (<u32>chunk << CHUNK_SHIFT) + freeInChunk(chunk, 0)
}

// @ts-ignore: decorator
@inline
function isMarked(number: u32): bool {
  const word = load<u32>(mapOf(number >>> CHUNK_SHIFT) + (<usize>((number >>> 5) & (MAP_WORDS - 1)) << 2), M_BITS)
  return (word >>> (number & 31) & 1) != 0
}

/** Marks a record as taken or free. */
// @ts-ignore: decorator
@inline
function unmark(number: u32): void {
  const chunk = number >>> CHUNK_SHIFT
  const map = mapOf(chunk)
  const word = (number >>> 5) & (MAP_WORDS - 1)
  const at = map + (<usize>word << 2)
  const bits = load<u32>(at, M_BITS) & ~(<u32>1 << (number & 31))
  store<u32>(at, bits, M_BITS)
  if (bits != 0) return
  const summary = map + (<usize>(word >>> 5) << 2)
  store<u32>(summary, load<u32>(summary) & ~(<u32>1 << (word & 31)))
  if ((load<u32>(map) | load<u32>(map, 4) | load<u32>(map, 8) | load<u32>(map, 12)) != 0) return
  const chunks = <usize>load<u32>(HEADER_TIMER_DIRECTORY) + D_BITS + (<usize>(chunk >>> 5) << 2)
  store<u32>(chunks, load<u32>(chunks) & ~(<u32>1 << (chunk & 31)))
}

// @ts-ignore: decorator
@inline
function mark(number: u32): void {
  const chunk = number >>> CHUNK_SHIFT
  const map = mapOf(chunk)
  const word = (number >>> 5) & (MAP_WORDS - 1)
  const at = map + (<usize>word << 2)
  const bits = load<u32>(at, M_BITS)
  store<u32>(at, bits | (<u32>1 << (number & 31)), M_BITS)
  if (bits != 0) return
  const summary = map + (<usize>(word >>> 5) << 2)
  store<u32>(summary, load<u32>(summary) | (<u32>1 << (word & 31)))
  const chunks = <usize>load<u32>(HEADER_TIMER_DIRECTORY) + D_BITS + (<usize>(chunk >>> 5) << 2)
  store<u32>(chunks, load<u32>(chunks) | (<u32>1 << (chunk & 31)))
}

/** A record for a pending timer; its number, or an error. */
// @ts-ignore: decorator
@inline
export function takeRecord(wheel: usize, id: i32): i32 {
  const free = load<u32>(HEADER_TIMER_FREE)
  let number: i32
  if (free != 0) {
    number = <i32>findFree()
    unmark(number)
    store<u32>(HEADER_TIMER_FREE, free - 1)
    store<u32>(HEADER_TIMER_CURSOR, number + 1)
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
  mark(number)
  store<u32>(HEADER_TIMER_FREE, load<u32>(HEADER_TIMER_FREE) + 1)
  store<u32>(HEADER_TIMERS, load<u32>(HEADER_TIMERS) - 1)
}
