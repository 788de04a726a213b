/**
 * Buckets: what a slot of the wheel holds, as chains of small arrays.
 *
 *      bucket (16 bytes):  | first chunk | where the next entry goes | f64, the wheel's |
 *      chunk (512 bytes):  | next chunk | entries, once sealed | – | entry 0 | … | entry 30 |
 *      entry (16 bytes):   | deadline (f64, ms) | number | version |
 *
 * Arrays, not linked timers: spreading a bucket reads memory in order, where a list would wait for every single
 * cache miss. An entry is never searched for: one whose version is not its record's is dead, and is dropped when
 * it is met. A chunk is aligned to its size, so "where the next entry goes" tells the chunk too.
 * Owns: chains of entries. Must not know: which slot is which.
 */
import { allocate, release } from "../memory/slab"
import { R_VERSION, recordAt } from "./record"

export const B_FIRST = 0
export const B_NEXT = 4
export const B_VALUE = 8
export const CHUNK_BYTES: u32 = 512
const CHUNK_MASK: u32 = CHUNK_BYTES - 1
export const C_SEALED = 4
export const C_ENTRIES = 16
export const ENTRY_BYTES: u32 = 16
export const E_NUMBER = 8
export const E_VERSION = 12
const CAPACITY: u32 = 31

// @ts-ignore: decorator
@inline
export function isEmptyBucket(bucket: usize): bool {
  return load<u32>(bucket, B_FIRST) == 0
}

/** How many entries a chunk of this bucket holds. */
// @ts-ignore: decorator
@inline
export function entriesIn(bucket: usize, chunk: usize): u32 {
  const next = load<u32>(bucket, B_NEXT)
  return load<u32>(chunk) != 0 ? CAPACITY : (next - <u32>chunk - C_ENTRIES) / ENTRY_BYTES
}

// @ts-ignore: decorator
@inline
export function isAlive(entry: usize): bool {
  return load<u32>(recordAt(load<u32>(entry, E_NUMBER)), R_VERSION) == load<u32>(entry, E_VERSION)
}

/** Adds a chunk to a bucket; false when memory is out. */
function extend(bucket: usize): bool {
  const chunk = allocate(CHUNK_BYTES)
  if (chunk == 0) return false
  store<u32>(chunk, 0)
  if (isEmptyBucket(bucket)) store<u32>(bucket, <u32>chunk, B_FIRST)
  // A full bucket's next entry would go right behind its last chunk.
  else store<u32>(load<u32>(bucket, B_NEXT) - CHUNK_BYTES, <u32>chunk)
  store<u32>(bucket, <u32>chunk + C_ENTRIES, B_NEXT)
  return true
}

/** Puts an entry behind the others of a bucket; false when memory is out. */
// @ts-ignore: decorator
@inline
export function append(bucket: usize, deadline: f64, number: u32, version: u32): bool {
  if (isEmptyBucket(bucket) || (load<u32>(bucket, B_NEXT) & CHUNK_MASK) == 0) {
    if (!extend(bucket)) return false
  }
  const entry = <usize>load<u32>(bucket, B_NEXT)
  store<f64>(entry, deadline)
  store<u32>(entry, number, E_NUMBER)
  store<u32>(entry, version, E_VERSION)
  store<u32>(bucket, <u32>entry + ENTRY_BYTES, B_NEXT)
  return true
}

/** Gives a chunk back; the one behind it. */
// @ts-ignore: decorator
@inline
export function dropChunk(chunk: usize): usize {
  const next = <usize>load<u32>(chunk)
  release(chunk, CHUNK_BYTES)
  return next
}

/** Empties a bucket without giving its chunks back; its first chunk. Every chunk says how many entries it has. */
export function takeChunks(bucket: usize): usize {
  const first = <usize>load<u32>(bucket, B_FIRST)
  for (let chunk = first; chunk != 0; chunk = load<u32>(chunk)) {
    store<u32>(chunk, entriesIn(bucket, chunk), C_SEALED)
  }
  store<u32>(bucket, 0, B_FIRST)
  store<u32>(bucket, 0, B_NEXT)
  return first
}

/** Makes sure that so many chunks can be taken without failing; false when memory is out. */
export function reserve(chunks: u32): bool {
  let taken: usize = 0
  let isEnough = true
  for (let i: u32 = 0; i < chunks && isEnough; i++) {
    const chunk = allocate(CHUNK_BYTES)
    if (chunk == 0) {
      isEnough = false
    } else {
      store<u32>(chunk, <u32>taken)
      taken = chunk
    }
  }
  while (taken != 0) taken = dropChunk(taken)
  return isEnough
}

/** Drops a bucket's dead entries, in place; how many. */
export function sweep(bucket: usize): u32 {
  let dead: u32 = 0
  let toChunk = <usize>load<u32>(bucket, B_FIRST)
  let to = toChunk + C_ENTRIES
  for (let chunk = toChunk; chunk != 0; chunk = load<u32>(chunk)) {
    const count = entriesIn(bucket, chunk)
    for (let i: u32 = 0; i < count; i++) {
      const entry = chunk + C_ENTRIES + <usize>(i * ENTRY_BYTES)
      if (!isAlive(entry)) {
        dead++
        continue
      }
      if ((<u32>to & CHUNK_MASK) == 0) {
        toChunk = load<u32>(toChunk)
        to = toChunk + C_ENTRIES
      }
      if (to != entry) memory.copy(to, entry, ENTRY_BYTES)
      to += ENTRY_BYTES
    }
  }
  if (dead == 0) return 0
  if (<u32>(to - toChunk) == C_ENTRIES) {
    // Only a bucket with nothing alive ends at a chunk's beginning.
    let chunk = <usize>load<u32>(bucket, B_FIRST)
    while (chunk != 0) chunk = dropChunk(chunk)
    store<u32>(bucket, 0, B_FIRST)
    store<u32>(bucket, 0, B_NEXT)
    return dead
  }
  let rest = <usize>load<u32>(toChunk)
  while (rest != 0) rest = dropChunk(rest)
  store<u32>(toChunk, 0)
  store<u32>(bucket, <u32>to, B_NEXT)
  return dead
}

/** Sorts a bucket by deadline (bottom-up merge); equal ones keep their order. False when memory is out. */
export function sortByDeadline(bucket: usize): bool {
  let count: u32 = 0
  for (let chunk = <usize>load<u32>(bucket, B_FIRST); chunk != 0; chunk = load<u32>(chunk)) {
    count += entriesIn(bucket, chunk)
  }
  const bytes = count * ENTRY_BYTES
  const area = allocate(bytes << 1)
  if (area == 0) return false
  let at = area
  for (let chunk = <usize>load<u32>(bucket, B_FIRST); chunk != 0; chunk = load<u32>(chunk)) {
    const length = entriesIn(bucket, chunk) * ENTRY_BYTES
    memory.copy(at, chunk + C_ENTRIES, length)
    at += length
  }
  let from = area
  let to = area + bytes
  for (let width: u32 = 1; width < count; width <<= 1) {
    for (let start: u32 = 0; start < count; start += width << 1) merge(from, to, start, width, count)
    const other = from
    from = to
    to = other
  }
  at = from
  for (let chunk = <usize>load<u32>(bucket, B_FIRST); chunk != 0; chunk = load<u32>(chunk)) {
    const length = entriesIn(bucket, chunk) * ENTRY_BYTES
    memory.copy(chunk + C_ENTRIES, at, length)
    at += length
  }
  release(area, bytes << 1)
  return true
}

/** Merges two neighbouring runs of `width` entries. */
function merge(from: usize, to: usize, start: u32, width: u32, count: u32): void {
  let left = start
  const leftEnd = min(start + width, count)
  let right = leftEnd
  const rightEnd = min(leftEnd + width, count)
  for (let i = start; i < rightEnd; i++) {
    const takesLeft = left < leftEnd && (right >= rightEnd ||
      load<f64>(from + <usize>(left * ENTRY_BYTES)) <= load<f64>(from + <usize>(right * ENTRY_BYTES)))
    const source = takesLeft ? left++ : right++
    memory.copy(to + <usize>(i * ENTRY_BYTES), from + <usize>(source * ENTRY_BYTES), ENTRY_BYTES)
  }
}
