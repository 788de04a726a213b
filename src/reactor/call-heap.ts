/**
 * CallHeap: delayed calls by due time, equal times in the order they were put in or moved.
 *
 * Owns: a binary heap whose members know their place (`call.slot`), so that moving and removing are cheap
 * and exact. Must not know: clocks. Used by Clock; reactors use the wheel of the core.
 */

import type { DelayedCall } from './delayed-call.js'

/** A heap of calls. @internal */
export class CallHeap {
  #heap: DelayedCall[] = []
  #serial = 0

  get size(): number {
    return this.#heap.length
  }

  /** The next one due, undefined if there is none. */
  first(): DelayedCall | undefined {
    return this.#heap[0]
  }

  /** All of them, in no particular order. */
  all(): DelayedCall[] {
    return this.#heap.slice()
  }

  add(call: DelayedCall): void {
    call.handle = this.#serial++
    this.#heap.push(call)
    this.#rise(call, this.#heap.length - 1)
  }

  remove(call: DelayedCall): void {
    const at = call.slot
    const last = this.#heap.pop() as DelayedCall
    call.slot = -1
    if (last === call) return
    this.#rise(last, at)
    this.#sink(last, last.slot)
  }

  /** Its time has changed: it now comes after others of the same time. */
  move(call: DelayedCall): void {
    call.handle = this.#serial++
    this.#rise(call, call.slot)
    this.#sink(call, call.slot)
  }

  #rise(call: DelayedCall, at: number): void {
    const heap = this.#heap
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(call, heap[parent])) break
      this.#put(heap[parent], at)
      at = parent
    }
    this.#put(call, at)
  }

  #sink(call: DelayedCall, at: number): void {
    const heap = this.#heap
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child += 1
      if (!before(heap[child], call)) break
      this.#put(heap[child], at)
      at = child
    }
    this.#put(call, at)
  }

  #put(call: DelayedCall, at: number): void {
    this.#heap[at] = call
    call.slot = at
  }
}

function before(a: DelayedCall, b: DelayedCall): boolean {
  return a.time < b.time || (a.time === b.time && a.handle < b.handle)
}
