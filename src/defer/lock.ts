/**
 * Lock and semaphore: at most one, or so many, at a time.
 *
 * Owns: the tokens, their hand-over in the order of asking, and `run`. Must not know: what they guard.
 * A token that is handed over is never free in between. Hand-overs inside a hand-over are put in line after it,
 * so that no number of waiters uses stack.
 * Source: `twisted.internet.defer.DeferredLock`, `DeferredSemaphore`; SEMANTICS D39.
 */
import { NotAcquired } from '../errors/defer.js'
import type { Deferred } from './deferred.js'
import { fired } from './run.js'
import { Fifo } from './fifo.js'
import { maybeDeferred } from './make.js'
import type { Settled } from './types.js'
import { Waiters } from './waiters.js'

/** The part that lock and semaphore share: a number of tokens, and a line for them. */
abstract class TokenHolder {
  readonly #waiters = new Waiters<any>()
  /** Have a token, and are yet to be told. */
  readonly #told = new Fifo<Deferred<any>>()
  #isTelling = false
  readonly #limit: number
  #free: number

  protected constructor(limit: number) {
    this.#limit = limit
    this.#free = limit
  }

  protected get free(): number {
    return this.#free
  }

  protected get total(): number {
    return this.#limit
  }

  /** Those who wait for a token, first the one whose turn is next; a new array each time. */
  get waiting(): Deferred<this>[] {
    return this.#waiters.toArray()
  }

  /** Fires with this object once the caller has a token; cancel it to leave the line. */
  acquire(): Deferred<this> {
    if (this.#free === 0) return this.#waiters.add()
    this.#free--
    return fired(this)
  }

  /**
   * Gives a token back: to the next who waits, or to be free.
   *
   * @throws NotAcquired if none was taken
   */
  release(): void {
    if (this.#free === this.#limit) throw new NotAcquired()
    this.#passOn()
    if (this.#isTelling) return
    this.#isTelling = true
    for (let waiter = this.#told.shift(); waiter !== undefined; waiter = this.#told.shift()) {
      // Cancelled after it was given the token, and before it was told.
      if (waiter.called) this.#passOn()
      else waiter.callback(this)
    }
    this.#isTelling = false
  }

  /**
   * Calls a function with a token taken, and gives it back when the function's result is there, good or bad.
   *
   * @returns the function's result; cancel it to leave the line, or to cancel what the function does
   */
  run<U, A extends unknown[]>(fn: (...args: A) => U, ...args: A): Deferred<Settled<U>> {
    return this.acquire().addCallback(() =>
      maybeDeferred(fn, ...args).addBoth((result) => {
        this.release()
        return result
      }),
    ) as Deferred<any>
  }

  #passOn(): void {
    const waiter = this.#waiters.next()
    if (waiter === undefined) this.#free++
    else this.#told.push(waiter)
  }
}

/** One at a time. */
export class DeferredLock extends TokenHolder {
  constructor() {
    super(1)
  }

  /** Whether somebody has it. */
  get locked(): boolean {
    return this.free === 0
  }
}

/** So many at a time. */
export class DeferredSemaphore extends TokenHolder {
  /**
   * @param tokens how many may have one at a time
   * @throws RangeError unless it is a whole number of at least 1
   */
  constructor(tokens: number) {
    if (!Number.isSafeInteger(tokens) || tokens < 1) throw new RangeError('A semaphore has 1 token or more.')
    super(tokens)
  }

  /** How many are free. */
  get tokens(): number {
    return this.free
  }

  /** How many there are. */
  get limit(): number {
    return this.total
  }
}
