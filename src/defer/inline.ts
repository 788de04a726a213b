/**
 * inlineCallbacks: a generator as the body of an asynchronous function.
 *
 * Owns: going on with the generator whenever what it yielded has a result. Must not know: what it yields for.
 * Waiting generators take results as receivers, and are cancelled as waiters, so that no depth of generators that
 * wait for each other uses stack. Source: `twisted.internet.defer.inlineCallbacks`; SEMANTICS D38.
 */
import { runInContextOf } from './context.js'
import { Deferred } from './deferred.js'
import { fired, fireFrom, hasResult, isDeferred, isThenable, takeResult, waitFor } from './run.js'
import { describe } from './describe.js'
import { Failure, isFailure, toFailure } from './failure.js'
import { CONTEXT } from './state.js'
import type { Receiver, Settled, Waiter } from './types.js'

/**
 * Makes a function whose body may `yield` Deferreds and promises, and gets their results back, or their errors thrown.
 *
 * The body starts at once. What it returns is the result of the Deferred that the function returns; a Deferred or a
 * promise is waited for. A Failure that is yielded is thrown at the yield. Cancelling the Deferred cancels what the
 * body waits for.
 *
 * @param fn a generator function
 * @throws TypeError (the function made) if what `fn` returns is no generator
 * @example
 * const total = inlineCallbacks(function* (queue: DeferredQueue<number>) {
 *   const first: number = yield queue.get()
 *   const second: number = yield queue.get()
 *   return first + second
 * })
 */
export function inlineCallbacks<This, A extends unknown[], R>(
  fn: (this: This, ...args: A) => Generator<unknown, R, any>,
): (this: This, ...args: A) => Deferred<Settled<R>> {
  if (typeof fn !== 'function') throw new TypeError(`inlineCallbacks() takes a function, not ${describe(fn)}.`)
  return function (this: This, ...args: A): Deferred<Settled<R>> {
    const generator = fn.apply(this, args)
    if (!isGenerator(generator)) {
      throw new TypeError(`inlineCallbacks() needs a generator function; this one returned ${describe(generator)}.`)
    }
    return new GeneratorRun(generator).begin()
  }
}

/** One call of such a function. */
class GeneratorRun implements Receiver, Waiter {
  /** See the one of Deferred. */
  static readonly #kept = new GeneratorRun((function* () {})())

  waitingFor: Deferred<any> | undefined = undefined
  readonly #generator: Generator<unknown, unknown, unknown>
  /** Made at the first wait; a body that never waits needs none. */
  #deferred: Deferred<any> | undefined = undefined
  #outcome: unknown = undefined
  /** The body is done, and what it returned is waited for. */
  #isReturning = false
  #isCancelled = false

  constructor(generator: Generator<unknown, unknown, unknown>) {
    this.#generator = generator
  }

  /** Runs to the first wait, or to the end. */
  begin(): Deferred<any> {
    if (this.#goOn(undefined, false)) return fired(this.#outcome)
    this.#deferred = new Deferred<any>()
    this.#deferred._canceller = this
    return this.#deferred
  }

  receive(source: Deferred<any>, failing: boolean): Deferred<any> | undefined {
    this.waitingFor = undefined
    const deferred = this.#deferred!
    const value = takeResult(source)
    // What it waited for was made elsewhere; the body goes on where it began.
    const isDone = (deferred._state & CONTEXT) === 0
      ? this.#goOn(value, failing)
      : runInContextOf(deferred, (result) => this.#goOn(result, failing), value)
    return isDone ? fireFrom(deferred, this.#outcome, source) : undefined
  }

  cancelAtWork(): undefined {
    this.#isCancelled = true
  }

  /** Runs until the body waits (false), or is done and its outcome is known (true). */
  #goOn(value: unknown, failing: boolean): boolean {
    while (!this.#isReturning) {
      try {
        const step = failing ? this.#generator.throw((value as Failure).value) : this.#generator.next(value)
        value = step.value
        this.#isReturning = step.done === true
      } catch (error) {
        // What passed through the body unchanged is still the same Failure.
        if (!failing || (value as Failure).value !== error) value = toFailure(error)
        break
      }
      if (typeof value !== 'object') {
        failing = false
        continue
      }
      if (isDeferred(value) && hasResult(value) && !this.#isCancelled && value !== this.#deferred) {
        value = takeResult(value)
        failing = isFailure(value)
        continue
      }
      const awaited = this.#toWaitFor(value)
      if (awaited instanceof Deferred) {
        if (!hasResult(awaited)) {
          this.waitingFor = awaited
          waitFor(awaited, this)
          return false
        }
        value = takeResult(awaited)
      } else {
        value = awaited
      }
      failing = isFailure(value)
    }
    this.#outcome = value
    return true
  }

  /** What was yielded or returned: a Deferred if it is to be waited for, else the value, or what is wrong with it. */
  #toWaitFor(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (value === this.#deferred) return new Failure(new TypeError('A generator yielded the Deferred that it fires.'))
    try {
      if (value instanceof Failure || !isThenable(value)) return value
      const awaited = value instanceof Deferred ? value : Deferred.fromPromise(value)
      // Not spent on one that has its result already.
      if (this.#isCancelled && !hasResult(awaited)) {
        this.#isCancelled = false
        awaited.cancel()
      }
      return awaited
    } catch (error) {
      return toFailure(error)
    }
  }
}

function isGenerator(value: unknown): value is Generator<unknown, unknown, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const { next, throw: raise } = value as Partial<Generator>
  return typeof next === 'function' && typeof raise === 'function' && Symbol.iterator in value
}
