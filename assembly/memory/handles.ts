/**
 * Handles: the names by which the other side holds objects of the core.
 *
 *      handle:  0 | generation (11 bits) | entry (20 bits)
 *      entry:   | address, or next free entry | generation << 8 | kind (0 = free) |
 *
 * A freed entry's generation moves on, so that a stale handle is told from a live one, until the same
 * entry was reused 2,047 times. Handles are positive, so that an error can take their place.
 * Owns: the table. Must not know: what the objects are.
 */
import { HEADER_HANDLES, HEADER_HANDLES_CAPACITY, HEADER_HANDLES_FREE } from "../abi/layout"
import { ERR_LIMIT, ERR_NO_MEMORY } from "../abi/errors"
import { MAX_HANDLES } from "../abi/limits"
import { allocate, release } from "./slab"

export const KIND_PARSER = 1
export const KIND_WHEEL = 2
export const KIND_QUEUE = 3
export const KIND_RANDOM = 4
export const KIND_DIGEST = 5

const ENTRY_BITS = 20
const ENTRY_MASK = (1 << ENTRY_BITS) - 1
const GENERATIONS = 2047
const FIRST_CAPACITY = 512

function grow(): i32 {
  const capacity = load<u32>(HEADER_HANDLES_CAPACITY)
  if (capacity > <u32>MAX_HANDLES) return ERR_LIMIT
  const wanted: u32 = capacity == 0 ? FIRST_CAPACITY : capacity << 1
  const table = allocate(wanted << 3)
  if (table == 0) return ERR_NO_MEMORY
  const old = <usize>load<u32>(HEADER_HANDLES)
  if (old != 0) {
    memory.copy(table, old, capacity << 3)
    release(old, capacity << 3)
  }
  // Entry 0 stays unused: it ends the free list.
  let free: u32 = 0
  for (let i = wanted - 1; i >= max<u32>(capacity, 1); i--) {
    store<u32>(table + (<usize>i << 3), free)
    store<u32>(table + (<usize>i << 3), 1 << 8, 4)
    free = i
  }
  store<u32>(HEADER_HANDLES, <u32>table)
  store<u32>(HEADER_HANDLES_CAPACITY, wanted)
  store<u32>(HEADER_HANDLES_FREE, free)
  return 0
}

/** A handle for the object at `address`, or an error. */
export function makeHandle(address: usize, kind: u32): i32 {
  if (load<u32>(HEADER_HANDLES_FREE) == 0) {
    const failed = grow()
    if (failed < 0) return failed
  }
  const entry = load<u32>(HEADER_HANDLES_FREE)
  const slot = <usize>load<u32>(HEADER_HANDLES) + (<usize>entry << 3)
  store<u32>(HEADER_HANDLES_FREE, load<u32>(slot))
  const generation = load<u32>(slot, 4) >>> 8
  store<u32>(slot, <u32>address)
  store<u32>(slot, (generation << 8) | kind, 4)
  return <i32>((generation << ENTRY_BITS) | entry)
}

/** The address behind a handle of this kind, or 0. */
export function resolve(handle: i32, kind: u32): usize {
  const entry = <u32>handle & ENTRY_MASK
  if (handle <= 0 || entry >= load<u32>(HEADER_HANDLES_CAPACITY)) return 0
  const slot = <usize>load<u32>(HEADER_HANDLES) + (<usize>entry << 3)
  if (load<u32>(slot, 4) != (((<u32>handle >>> ENTRY_BITS) << 8) | kind)) return 0
  return load<u32>(slot)
}

/** Ends a handle that `resolve` accepted. */
export function dropHandle(handle: i32): void {
  const entry = <u32>handle & ENTRY_MASK
  const slot = <usize>load<u32>(HEADER_HANDLES) + (<usize>entry << 3)
  const generation = load<u32>(slot, 4) >>> 8
  store<u32>(slot, load<u32>(HEADER_HANDLES_FREE))
  store<u32>(slot, (generation == GENERATIONS ? 1 : generation + 1) << 8, 4)
  store<u32>(HEADER_HANDLES_FREE, entry)
}
