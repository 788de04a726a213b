/**
 * Slabs: blocks of 2^4 … 2^30 bytes, one free list a size.
 *
 * A block is taken from its size's free list, else carved from that size's current 64 KiB page, else from
 * the end of memory, which grows by a quarter at a time; when it cannot, a larger free block is cut in halves.
 * Blocks go back to the list of their size and never to the host: what a program needed once it will need again.
 *
 *      class entry (12 bytes):  | free list head | carve pointer | carve end |
 *      free block:              | next free      | …                         |
 *
 * Owns: who has which bytes. Must not know: what they are for. Both calls are O(1), and blocks are not
 * cleared.
 */
import { HEADER_CLASSES, HEADER_TOP, HEADER_USED } from "../abi/layout"
import { memoryBytes } from "./map"

const SMALLEST: u32 = 4
const LARGEST: u32 = 30
const PAGE: u32 = 65536
const MOST_GROWTH: u32 = 256

// @ts-ignore: decorator
@inline
function sizeClass(bytes: u32): u32 {
  return bytes <= (<u32>1 << SMALLEST) ? SMALLEST : 32 - clz(bytes - 1)
}

// @ts-ignore: decorator
@inline
function classEntry(c: u32): usize {
  return HEADER_CLASSES + <usize>(c - SMALLEST) * 12
}

/** How many bytes a block that is asked for with `bytes` really has. */
// @ts-ignore: decorator
@inline
export function blockBytes(bytes: u32): u32 {
  return <u32>1 << sizeClass(bytes)
}

/** Takes `bytes` from the end of memory, growing it when needed; 0 when it cannot grow. */
function takeFromTop(bytes: u32): usize {
  const top = load<u32>(HEADER_TOP)
  // Without `initialize` there is no heap.
  if (top == 0) return 0
  const have = memoryBytes()
  if (bytes > have - top) {
    const lacking = bytes - (have - top)
    const pages = (lacking + (PAGE - 1)) >>> 16
    const pagesNow = have >>> 16
    const generous = max(pages, min(pagesNow >>> 2, MOST_GROWTH))
    // The size is read again rather than the result trusted: the JavaScript build reports failure otherwise.
    if (memory.grow(generous) < 0 || (memoryBytes() >>> 16) < pagesNow + generous) {
      memory.grow(pages)
      if ((memoryBytes() >>> 16) < pagesNow + pages) return 0
    }
  }
  store<u32>(HEADER_TOP, top + bytes)
  return top
}

/** When memory is out: a free block of a larger size, cut in halves; the halves not needed go to their lists. */
function splitLarger(c: u32): usize {
  let larger = c + 1
  while (larger <= LARGEST && load<u32>(classEntry(larger)) == 0) larger++
  if (larger > LARGEST) return 0
  const block = <usize>load<u32>(classEntry(larger))
  store<u32>(classEntry(larger), load<u32>(block))
  while (larger > c) {
    larger--
    const half = block + (<usize>1 << larger)
    store<u32>(half, load<u32>(classEntry(larger)))
    store<u32>(classEntry(larger), <u32>half)
  }
  return block
}

/** A block of at least `bytes` (1 … 2^30), aligned to 16; 0 when memory is out. */
export function allocate(bytes: u32): usize {
  const c = sizeClass(bytes)
  if (c > LARGEST) return 0
  const size = <u32>1 << c
  const entry = classEntry(c)
  let block: usize = load<u32>(entry)
  if (block != 0) {
    store<u32>(entry, load<u32>(block))
  } else if (size >= PAGE) {
    block = takeFromTop(size)
    if (block == 0) block = splitLarger(c)
    if (block == 0) return 0
  } else {
    let carve = load<u32>(entry, 4)
    if (carve == load<u32>(entry, 8)) {
      carve = <u32>takeFromTop(PAGE)
      if (carve != 0) store<u32>(entry, carve + PAGE, 8)
    }
    if (carve != 0) {
      store<u32>(entry, carve + size, 4)
      block = carve
    } else {
      block = splitLarger(c)
      if (block == 0) return 0
    }
  }
  store<u32>(HEADER_USED, load<u32>(HEADER_USED) + size)
  return block
}

/** Gives back a block that `allocate(bytes)` gave. */
export function release(block: usize, bytes: u32): void {
  const c = sizeClass(bytes)
  const entry = classEntry(c)
  store<u32>(block, load<u32>(entry))
  store<u32>(entry, <u32>block)
  store<u32>(HEADER_USED, load<u32>(HEADER_USED) - (<u32>1 << c))
}
