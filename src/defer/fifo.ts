/**
 * A list that is filled at one end and emptied at the other, both in constant time.
 *
 * Owns the order and nothing else. `Array.shift` moves all that is left once a list is long.
 */

/** First in, first out. @internal */
export class Fifo<T> {
  #items: T[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** The oldest item, which leaves; undefined if there is none. */
  shift(): T | undefined {
    const items = this.#items
    if (this.#head === items.length) return undefined
    const item = items[this.#head]
    items[this.#head++] = undefined as T
    if (this.#head === items.length) {
      this.#items = []
      this.#head = 0
    } else if (this.#head > 64 && this.#head * 2 > items.length) {
      this.#items = items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** Keeps only what the test holds for. */
  keep(test: (item: T) => boolean): void {
    this.#items = this.#items.slice(this.#head).filter(test)
    this.#head = 0
  }

  /** The items, oldest first, as a new array. */
  toArray(): T[] {
    return this.#items.slice(this.#head)
  }
}
