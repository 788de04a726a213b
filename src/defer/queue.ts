/**
 * DeferredQueue: items that are put in, and asked for before or after.
 *
 * Owns: the order of both sides and their limits. Must not know: what the items are.
 * Source: `twisted.internet.defer.DeferredQueue`; SEMANTICS D39.
 */
import { QueueOverflow, QueueUnderflow } from '../errors/defer.js'
import { fired, isThenable } from './run.js'
import type { Deferred } from './deferred.js'
import { Fifo } from './fifo.js'
import { Waiters } from './waiters.js'

/** First put, first got; first asked, first served. */
export class DeferredQueue<T> {
  readonly #items = new Fifo<T>()
  readonly #waiters = new Waiters<T>()
  readonly #size: number
  readonly #backlog: number

  /**
   * @param size how many items are kept while nobody asks; no limit without it
   * @param backlog how many may wait while there is none; no limit without it
   * @throws RangeError for a limit below 0
   */
  constructor(size?: number, backlog?: number) {
    this.#size = toLimit(size, 'size')
    this.#backlog = toLimit(backlog, 'backlog')
  }

  /** The items that nobody has asked for, oldest first; a new array each time. */
  get pending(): T[] {
    return this.#items.toArray()
  }

  /** Those who wait for an item, first the one who is served next; a new array each time. */
  get waiting(): Deferred<T>[] {
    return this.#waiters.toArray()
  }

  /**
   * Gives an item to the next who waits, or keeps it.
   *
   * @throws QueueOverflow if `size` items are kept already; TypeError for a Deferred or a promise
   */
  put(item: T): void {
    if (typeof item === 'object' && item !== null && isThenable(item)) {
      throw new TypeError('A DeferredQueue takes no Deferred or promise.')
    }
    const waiter = this.#waiters.next()
    if (waiter !== undefined) return waiter.callback(item)
    if (this.#items.length >= this.#size) throw new QueueOverflow()
    this.#items.push(item)
  }

  /**
   * The next item, now or when it is put in. Cancel it to leave the line: no item is lost.
   *
   * @throws QueueUnderflow if `backlog` wait already
   */
  get(): Deferred<T> {
    if (this.#items.length > 0) return fired(this.#items.shift())
    if (this.#waiters.length >= this.#backlog) throw new QueueUnderflow()
    return this.#waiters.add()
  }
}

function toLimit(limit: number | undefined, name: string): number {
  if (limit === undefined) return Infinity
  if (typeof limit !== 'number' || !(limit >= 0)) throw new RangeError(`The ${name} of a queue is 0 or more.`)
  return limit
}
