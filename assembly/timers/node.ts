/**
 * Timer nodes: what one scheduled call costs the core, 32 bytes.
 *
 *       0 next     8 deadline (f64, ms)     16 id       24 tag: generation << 3 | state
 *       4 prev                              20 wheel    28 number of the node
 *
 * Nodes live in chunks of 2,048 (64 KiB); a directory finds a chunk by the node's number, so that growing
 * moves nothing. A handle is `generation (9 bits) << 22 | number`, never 0, never negative.
 * Owns: nodes, their handles, doubly linked lists of them. Must not know: how a wheel orders them.
 */
import { HEADER_NODE_COUNT, HEADER_NODE_DIRECTORY, HEADER_NODE_FREE, HEADER_TIMERS, NODE_TAG } from "../abi/layout"
import { ERR_LIMIT, ERR_NO_MEMORY } from "../abi/errors"
import { MAX_TIMERS } from "../abi/limits"
import { allocate } from "../memory/slab"

export const NODE_NEXT = 0
export const NODE_PREV = 4
export const NODE_DEADLINE = 8
export const NODE_ID = 16
export const NODE_WHEEL = 20
const NODE_NUMBER = 28
const NODE_BYTES = 32
const CHUNK_SHIFT = 11
const CHUNK_BYTES = 65536
const DIRECTORY_BYTES = 8192

/** In no list, waiting to be used again. */
export const STATE_FREE: u32 = 0
/** In a wheel. */
export const STATE_ACTIVE: u32 = 1
/** Handed out as due, not yet run. */
export const STATE_OUT: u32 = 2
/** Handed out and run: the façade adds NODE_FIRED to the tag. */
export const STATE_FIRED: u32 = 3

const STATE_MASK: u32 = 7
const GENERATION_SHIFT = 3
const GENERATIONS: u32 = 511
const NUMBER_BITS = 22
const NUMBER_MASK: u32 = (1 << NUMBER_BITS) - 1

// @ts-ignore: decorator
@inline
export function nodeState(node: usize): u32 {
  return load<u32>(node, NODE_TAG) & STATE_MASK
}

// @ts-ignore: decorator
@inline
export function setNodeState(node: usize, state: u32): void {
  store<u32>(node, (load<u32>(node, NODE_TAG) & ~STATE_MASK) | state, NODE_TAG)
}

// @ts-ignore: decorator
@inline
export function nodeHandle(node: usize): i32 {
  return <i32>(((load<u32>(node, NODE_TAG) >>> GENERATION_SHIFT) << NUMBER_BITS) | load<u32>(node, NODE_NUMBER))
}

/** The node of a live timer of this wheel, or 0. */
export function findNode(handle: i32, wheel: usize): usize {
  const number = <u32>handle & NUMBER_MASK
  if (handle <= 0 || number >= load<u32>(HEADER_NODE_COUNT)) return 0
  const chunk = <usize>load<u32>(<usize>load<u32>(HEADER_NODE_DIRECTORY) + (<usize>(number >>> CHUNK_SHIFT) << 2))
  const node = chunk + (<usize>(number & ((1 << CHUNK_SHIFT) - 1)) << 5)
  const tag = load<u32>(node, NODE_TAG)
  if (tag >>> GENERATION_SHIFT != <u32>handle >>> NUMBER_BITS) return 0
  const state = tag & STATE_MASK
  if (state != STATE_ACTIVE && state != STATE_OUT) return 0
  return load<u32>(node, NODE_WHEEL) == <u32>wheel ? node : 0
}

/** Makes the next node that never was; its address, or an error. */
function freshNode(): i32 {
  const number = load<u32>(HEADER_NODE_COUNT)
  if (number == MAX_TIMERS) return ERR_LIMIT
  let directory = <usize>load<u32>(HEADER_NODE_DIRECTORY)
  if (directory == 0) {
    directory = allocate(DIRECTORY_BYTES)
    if (directory == 0) return ERR_NO_MEMORY
    store<u32>(HEADER_NODE_DIRECTORY, <u32>directory)
  }
  const inChunk = number & ((1 << CHUNK_SHIFT) - 1)
  const entry = directory + (<usize>(number >>> CHUNK_SHIFT) << 2)
  if (inChunk == 0) {
    const chunk = allocate(CHUNK_BYTES)
    if (chunk == 0) return ERR_NO_MEMORY
    store<u32>(entry, <u32>chunk)
  }
  const node = <usize>load<u32>(entry) + (<usize>inChunk << 5)
  store<u32>(node, 1 << GENERATION_SHIFT, NODE_TAG)
  store<u32>(node, number, NODE_NUMBER)
  store<u32>(HEADER_NODE_COUNT, number + 1)
  return <i32>node
}

/** An active node for this wheel, in no list yet; its address, or an error. */
export function takeNode(wheel: usize, deadline: f64, id: i32): i32 {
  let node = load<i32>(HEADER_NODE_FREE)
  if (node != 0) {
    store<u32>(HEADER_NODE_FREE, load<u32>(node, NODE_NEXT))
  } else {
    node = freshNode()
    if (node < 0) return node
  }
  store<f64>(node, deadline, NODE_DEADLINE)
  store<i32>(node, id, NODE_ID)
  store<u32>(node, <u32>wheel, NODE_WHEEL)
  store<u32>(node, load<u32>(node, NODE_TAG) | STATE_ACTIVE, NODE_TAG)
  store<u32>(HEADER_TIMERS, load<u32>(HEADER_TIMERS) + 1)
  return node
}

/** Gives a node back; its handle is stale from now on. */
export function dropNode(node: usize): void {
  const generation = load<u32>(node, NODE_TAG) >>> GENERATION_SHIFT
  store<u32>(node, (generation == GENERATIONS ? 1 : generation + 1) << GENERATION_SHIFT, NODE_TAG)
  store<u32>(node, load<u32>(HEADER_NODE_FREE), NODE_NEXT)
  store<u32>(HEADER_NODE_FREE, <u32>node)
  store<u32>(HEADER_TIMERS, load<u32>(HEADER_TIMERS) - 1)
}

/** Makes an empty list of the two words at `head`: a list is a ring through its head. */
// @ts-ignore: decorator
@inline
export function emptyList(head: usize): void {
  store<u32>(head, <u32>head, NODE_NEXT)
  store<u32>(head, <u32>head, NODE_PREV)
}

// @ts-ignore: decorator
@inline
export function isEmptyList(head: usize): bool {
  return load<u32>(head, NODE_NEXT) == <u32>head
}

// @ts-ignore: decorator
@inline
export function append(head: usize, node: usize): void {
  const last = <usize>load<u32>(head, NODE_PREV)
  store<u32>(node, <u32>head, NODE_NEXT)
  store<u32>(node, <u32>last, NODE_PREV)
  store<u32>(last, <u32>node, NODE_NEXT)
  store<u32>(head, <u32>node, NODE_PREV)
}

// @ts-ignore: decorator
@inline
export function unlink(node: usize): void {
  const next = <usize>load<u32>(node, NODE_NEXT)
  const prev = <usize>load<u32>(node, NODE_PREV)
  store<u32>(prev, <u32>next, NODE_NEXT)
  store<u32>(next, <u32>prev, NODE_PREV)
}

/** Puts a node in front of a list. */
// @ts-ignore: decorator
@inline
export function prepend(head: usize, node: usize): void {
  const first = <usize>load<u32>(head, NODE_NEXT)
  store<u32>(node, <u32>first, NODE_NEXT)
  store<u32>(node, <u32>head, NODE_PREV)
  store<u32>(first, <u32>node, NODE_PREV)
  store<u32>(head, <u32>node, NODE_NEXT)
}

/** Moves all of one list behind another, and leaves it empty. */
export function splice(from: usize, to: usize): void {
  if (isEmptyList(from)) return
  const first = <usize>load<u32>(from, NODE_NEXT)
  const last = <usize>load<u32>(from, NODE_PREV)
  const tail = <usize>load<u32>(to, NODE_PREV)
  store<u32>(tail, <u32>first, NODE_NEXT)
  store<u32>(first, <u32>tail, NODE_PREV)
  store<u32>(last, <u32>to, NODE_NEXT)
  store<u32>(to, <u32>last, NODE_PREV)
  emptyList(from)
}

/** Sorts a list by deadline, bottom-up merge; equal deadlines keep their order. */
export function sortByDeadline(head: usize): void {
  let first = <usize>load<u32>(head, NODE_NEXT)
  store<u32>(<usize>load<u32>(head, NODE_PREV), 0, NODE_NEXT)
  for (let width: u32 = 1; ; width <<= 1) {
    let rest = first
    let tail: usize = 0
    let merges = 0
    first = 0
    while (rest != 0) {
      merges++
      let left = rest
      let lefts: u32 = 0
      while (lefts < width && rest != 0) {
        rest = load<u32>(rest, NODE_NEXT)
        lefts++
      }
      let right = rest
      let rights: u32 = 0
      while (rights < width && rest != 0) {
        rest = load<u32>(rest, NODE_NEXT)
        rights++
      }
      while (lefts != 0 || rights != 0) {
        let taken: usize
        if (rights == 0 || (lefts != 0 && load<f64>(left, NODE_DEADLINE) <= load<f64>(right, NODE_DEADLINE))) {
          taken = left
          left = load<u32>(left, NODE_NEXT)
          lefts--
        } else {
          taken = right
          right = load<u32>(right, NODE_NEXT)
          rights--
        }
        if (tail == 0) first = taken
        else store<u32>(tail, <u32>taken, NODE_NEXT)
        tail = taken
      }
      store<u32>(tail, 0, NODE_NEXT)
    }
    if (merges <= 1) break
  }
  emptyList(head)
  while (first != 0) {
    const next = <usize>load<u32>(first, NODE_NEXT)
    append(head, first)
    first = next
  }
}
