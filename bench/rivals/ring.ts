/**
 * A rival for the event queue: one ring of int32 in JavaScript, a power of two long, grown when full. It has no
 * priorities and no budget per source. What is posted while it drains waits for the next drain.
 */
export class RingQueue {
  #ring = new Int32Array(1024)
  #mask = 1023
  #head = 0
  #tail = 0

  get size(): number {
    return (this.#tail - this.#head) | 0
  }

  push(id: number): void {
    if (((this.#tail - this.#head) | 0) > this.#mask) this.#grow()
    this.#ring[this.#tail & this.#mask] = id
    this.#tail = (this.#tail + 1) | 0
  }

  drain(budget: number, onEvent: (id: number) => void): number {
    const count = Math.min(this.size, budget)
    for (let i = 0; i < count; i++) {
      const id = this.#ring[this.#head & this.#mask]
      this.#head = (this.#head + 1) | 0
      onEvent(id)
    }
    return count
  }

  #grow(): void {
    const old = this.#ring
    const count = this.size
    const ring = new Int32Array(old.length * 2)
    for (let i = 0; i < count; i++) ring[i] = old[(this.#head + i) & this.#mask]
    this.#ring = ring
    this.#mask = ring.length - 1
    this.#head = 0
    this.#tail = count
  }
}
