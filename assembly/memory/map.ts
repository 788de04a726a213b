/**
 * The map of linear memory, and the first words in it.
 *
 *        0 ┌──────────────────────────────┐
 *          │ never used: address 0 is     │  Binaryen folds constant offsets below 1,024 into loads,
 *          │ "none", and so is all of it  │  so no pointer may point there.
 *     1024 ├──────────────────────────────┤
 *          │ header: results of the last  │  counters, slab lists, the handle table's address
 *          │ call, counters, list heads   │
 *     4096 ├──────────────────────────────┤
 *          │ ring: 1,024 event records    │  written by parserReceive, read by the façade
 *    20480 ├──────────────────────────────┤
 *          │ names of HTTP fields         │  written by httpNames
 *    28672 ├──────────────────────────────┤
 *          │ HTTP heads of before         │  see wire/http1-again.ts
 *    65536 ├──────────────────────────────┤
 *          │ stage: 64 KiB of input       │  written by the façade, read by parserReceive
 *   131072 ├──────────────────────────────┤
 *          │ slabs                        │  everything else; see slab.ts
 *      top ├──────────────────────────────┤
 *          │ not yet given to a slab      │
 *          └──────────────────────────────┘  memory.size() × 64 KiB
 *
 * Owns: reading and writing the header, and the question whether a range lies inside memory.
 * Must not know: what any struct behind a handle looks like.
 */
import { ABI_VERSION } from "../abi/version"
import { HEADER_ABI_VERSION, HEADER_TOP, HEAP, STAGE, STAGE_BYTES } from "../abi/layout"

/** Writes the header once; calling it again changes nothing. */
export function initialize(): i32 {
  if (load<u32>(HEADER_ABI_VERSION) == 0) {
    store<u32>(HEADER_TOP, HEAP)
    store<u32>(HEADER_ABI_VERSION, ABI_VERSION)
  }
  return ABI_VERSION
}

// @ts-ignore: decorator
@inline
export function memoryBytes(): u32 {
  return <u32>memory.size() << 16
}

/** True when [pointer, pointer + length) lies inside memory, and not where records are written while it is read. */
// @ts-ignore: decorator
@inline
export function isInside(pointer: usize, length: i32): bool {
  const end = <usize>memoryBytes()
  return length >= 0 && pointer >= <usize>STAGE && pointer <= end && <usize>length <= end - pointer
}

/** True when [pointer, pointer + length) lies on the stage: the only place where input may be changed. */
// @ts-ignore: decorator
@inline
export function isOnStage(pointer: usize, length: i32): bool {
  return length >= 0 && pointer >= <usize>STAGE && pointer - <usize>STAGE <= <usize>STAGE_BYTES &&
    <usize>length <= <usize>STAGE_BYTES - (pointer - <usize>STAGE)
}
