/**
 * A rival for the timing wheel: a 4-ary heap over typed arrays with a position index, so that cancel and reschedule
 * find their entry at once. Keys lie beside each other in heap order; a sift moves a hole instead of swapping. It
 * promises less than the wheel (equal deadlines in any order, no stale-handle check), which makes it faster.
 */
export class HeapTimers {
  #keys: Float64Array
  #slots: Int32Array
  #position: Int32Array
  #ids: Int32Array
  #free: Int32Array
  #freeCount = 0
  #used = 0
  #size = 0

  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity)
    this.#slots = new Int32Array(capacity)
    this.#position = new Int32Array(capacity)
    this.#ids = new Int32Array(capacity)
    this.#free = new Int32Array(capacity)
  }

  get size(): number {
    return this.#size
  }

  schedule(deadline: number, id: number): number {
    let slot: number
    if (this.#freeCount > 0) slot = this.#free[--this.#freeCount]
    else {
      if (this.#used === this.#ids.length) this.#grow()
      slot = this.#used++
    }
    this.#ids[slot] = id
    this.#up(this.#size++, deadline, slot)
    return slot
  }

  cancel(slot: number): boolean {
    const at = this.#position[slot]
    if (at < 0) return false
    this.#remove(at, slot)
    return true
  }

  reschedule(slot: number, deadline: number): boolean {
    const at = this.#position[slot]
    if (at < 0) return false
    if (deadline < this.#keys[at]) this.#up(at, deadline, slot)
    else this.#down(at, deadline, slot)
    return true
  }

  nextDeadline(): number {
    return this.#size === 0 ? Infinity : this.#keys[0]
  }

  advance(now: number, onDue: (id: number) => void): number {
    let fired = 0
    while (this.#size > 0 && this.#keys[0] <= now) {
      const slot = this.#slots[0]
      this.#remove(0, slot)
      fired++
      onDue(this.#ids[slot])
    }
    return fired
  }

  #remove(at: number, slot: number): void {
    this.#position[slot] = -1
    this.#free[this.#freeCount++] = slot
    const last = --this.#size
    if (at === last) return
    const key = this.#keys[last]
    const moved = this.#slots[last]
    if (at > 0 && key < this.#keys[(at - 1) >> 2]) this.#up(at, key, moved)
    else this.#down(at, key, moved)
  }

  #up(from: number, key: number, slot: number): void {
    const keys = this.#keys
    const slots = this.#slots
    const position = this.#position
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 2
      const other = keys[parent]
      if (other <= key) break
      keys[at] = other
      const moved = slots[parent]
      slots[at] = moved
      position[moved] = at
      at = parent
    }
    keys[at] = key
    slots[at] = slot
    position[slot] = at
  }

  #down(from: number, key: number, slot: number): void {
    const keys = this.#keys
    const slots = this.#slots
    const position = this.#position
    const size = this.#size
    let at = from
    for (;;) {
      const first = (at << 2) + 1
      if (first >= size) break
      let child = first
      let least = keys[first]
      const end = first + 4 < size ? first + 4 : size
      for (let i = first + 1; i < end; i++) {
        const other = keys[i]
        if (other < least) {
          least = other
          child = i
        }
      }
      if (least >= key) break
      keys[at] = least
      const moved = slots[child]
      slots[at] = moved
      position[moved] = at
      at = child
    }
    keys[at] = key
    slots[at] = slot
    position[slot] = at
  }

  #grow(): void {
    const capacity = Math.max(64, this.#ids.length * 2)
    this.#keys = larger(this.#keys, new Float64Array(capacity))
    this.#slots = larger(this.#slots, new Int32Array(capacity))
    this.#position = larger(this.#position, new Int32Array(capacity))
    this.#ids = larger(this.#ids, new Int32Array(capacity))
    this.#free = larger(this.#free, new Int32Array(capacity))
  }
}

function larger<T extends Float64Array | Int32Array>(old: T, fresh: T): T {
  fresh.set(old)
  return fresh
}
