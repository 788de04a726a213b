/**
 * Deferred: a result that may come later, and the chain of callbacks that waits for it.
 *
 * Owns: what users call: firing, adding levels, pausing, cancelling, and the ways to promises and back; how a chain
 * runs is in run.ts, whom a cancellation reaches in cancel.ts. Must not know: clocks, reactors, or what is built on top
 * (lists, locks, generators).
 * Source: `twisted.internet.defer.Deferred`; SEMANTICS D01 to D30, D40.
 */
import { NotPaused } from '../errors/control.js'
import type { IReactorTime } from '../interfaces/time.js'
import { cancelFrom } from './cancel.js'
import { noteMaking, noting } from './context.js'
import { debugging, noteFiring } from './debug.js'
import { describe, describeChain } from './describe.js'
import { Failure, isFailure, toFailure } from './failure.js'
import { notePromiseJob } from './jobs.js'
import {
  add, alreadyCalled, Bound, fireFrom, forget, hasResult, isDeferred, isThenable, leave, markSeen, noteOrigin, run,
  runAny, start,
} from './run.js'
import { CALLED, CHAINED, isIdle, PAUSED, RUNNING, SUPPRESS } from './state.js'
import { limitTime } from './timeout.js'
import type { Canceller, Receiver, Settled, Waiter } from './types.js'

/** A result that may come later. */
export class Deferred<T = unknown> implements PromiseLike<T>, Receiver {
  /**
   * Never fired. V8 drops the shape of objects of which a full collection finds none, and all code that it compiled
   * for it: where no Deferred waits at that moment, the next ones would run at half the speed for a while.
   */
  static readonly #kept: Deferred<any> = new Deferred()

  // Declared, not defined: the constructor sets each once, in this order, so all have one shape.
  /** @internal */ declare _state: number
  /** @internal */ declare _next: number
  /** @internal */ declare _result: unknown
  /** @internal */ declare _calls: unknown[] | undefined
  /** @internal */ declare _canceller: Canceller<any> | Waiter | undefined
  /** Only there if the state says so. @internal */ declare _context?: object

  /**
   * @param canceller called by {@link cancel} with this Deferred, if it has not fired; it should stop the work, and
   *   may fire the Deferred. Without one, a late result is dropped once.
   */
  constructor(canceller?: Canceller<T>) {
    this._state = 0
    this._next = 0
    this._result = undefined
    this._calls = undefined
    this._canceller = canceller ?? undefined
    if (typeof this._canceller !== 'function' && this._canceller !== undefined) throw notCallable(canceller)
    if (noting) noteMaking(this)
  }

  /** Whether it has been fired; also true while its chain is paused or waits for another Deferred. */
  get called(): boolean {
    return (this._state & CALLED) !== 0
  }

  /** The chain's current result: undefined before it fired, the other Deferred while it waits for one. */
  get result(): unknown {
    return this._result
  }

  /**
   * Fires with a result, and runs the chain before it returns. A Failure goes down the errback side.
   *
   * @throws AlreadyCalledError if it has fired; TypeError if given a Deferred or a promise
   */
  callback(result: T | Failure): void {
    const state = this._state
    if ((state & CALLED) !== 0) return fireLate(this)
    if (typeof result === 'object') refuseThenable(result)
    this._state = state | CALLED
    this._result = result
    if (debugging) noteFiring(this)
    start(this)
  }

  /**
   * Fires with a failure, and runs the chain before it returns.
   *
   * @param reason a Failure, an Error, or anything else, which is wrapped
   * @throws AlreadyCalledError if it has fired; TypeError without a reason or if given a Deferred
   */
  errback(reason: unknown): void {
    if ((this._state & CALLED) !== 0) return fireLate(this)
    if (arguments.length === 0) throw new TypeError('errback() needs a reason.')
    if (isDeferred(reason)) throw new TypeError('A Deferred is no reason for a failure.')
    this._state |= CALLED
    this._result = toFailure(reason)
    if (debugging) {
      noteFiring(this)
      noteOrigin(this, this._result as Failure)
    }
    start(this)
  }

  /**
   * Adds one level to the chain: a function for a result, one for a failure; what is missing lets it pass.
   * Neither sees what the other throws. On a Deferred that has its result already, it runs before this returns.
   *
   * @param callbackArgs further arguments for `callback`
   * @param errbackArgs further arguments for `errback`
   */
  addCallbacks<U, V = never>(
    callback: (value: T, ...args: any[]) => U,
    errback?: ((failure: Failure, ...args: any[]) => V) | null,
    callbackArgs?: readonly unknown[],
    errbackArgs?: readonly unknown[],
  ): Deferred<Settled<U> | Settled<V>>
  addCallbacks<V>(
    callback: undefined | null,
    errback: (failure: Failure, ...args: any[]) => V,
    callbackArgs?: readonly unknown[],
    errbackArgs?: readonly unknown[],
  ): Deferred<T | Settled<V>>
  addCallbacks(callback: unknown, errback?: unknown, callbackArgs?: unknown[], errbackArgs?: unknown[]): Deferred<any> {
    return add(this, place(callback, callbackArgs), place(errback, errbackArgs))
  }

  /**
   * Adds a function that gets the result; what it returns is the next result. It may return a Deferred or a promise:
   * the chain waits. What it throws goes to the next errback.
   */
  addCallback<U, A extends unknown[]>(fn: (value: T, ...args: A) => U, ...args: A): Deferred<Settled<U>>
  addCallback(fn: unknown): Deferred<any> {
    // Neither a rest parameter nor a plain use of `arguments`: either would cost an array for every call.
    if (arguments.length !== 1 || typeof fn !== 'function') fn = bind.apply(undefined, arguments as never)
    return add(this, fn, undefined)
  }

  /** Adds a function that gets the failure; what it returns is the next result, as after a success. */
  addErrback<U, A extends unknown[]>(fn: (failure: Failure, ...args: A) => U, ...args: A): Deferred<T | Settled<U>>
  addErrback(fn: unknown): Deferred<any> {
    if (arguments.length !== 1 || typeof fn !== 'function') fn = bind.apply(undefined, arguments as never)
    return add(this, undefined, fn)
  }

  /** Adds a function that gets the result or the failure, whichever it is. */
  addBoth<U, A extends unknown[]>(fn: (result: T | Failure, ...args: A) => U, ...args: A): Deferred<Settled<U>>
  addBoth(fn: unknown): Deferred<any> {
    if (arguments.length !== 1 || typeof fn !== 'function') fn = bind.apply(undefined, arguments as never)
    return add(this, fn, fn)
  }

  /** Hands the result, or the failure, on to another Deferred; this one goes on with undefined. */
  chainDeferred(d: Deferred<T>): Deferred<undefined> {
    if (!(d instanceof Deferred)) throw new TypeError('chainDeferred() takes a Deferred.')
    const link = new ChainLink(d)
    return add(this, link, link)
  }

  /** Holds the chain back until {@link unpause}, as often as it was called. A run in progress is not stopped. */
  pause(): void {
    this._state += PAUSED
  }

  /**
   * Takes one {@link pause} back; after the last, what waited runs before this returns.
   *
   * @throws NotPaused if there is none to take back
   */
  unpause(): void {
    if (this._state < PAUSED) throw new NotPaused('This Deferred is not paused.')
    this._state -= PAUSED
    if (isIdle(this._state)) run(this)
  }

  /**
   * Says that nobody wants the result any more.
   *
   * Before it fired: the canceller is called; if that fires nothing, it fails with CancelledError. While it waits
   * for another Deferred: cancels that one. Otherwise nothing happens.
   *
   * @throws what the canceller throws; the Deferred is then still unfired
   */
  cancel(): void {
    const runnable = cancelFrom(this)
    if (runnable !== undefined) runAny(runnable)
  }

  /**
   * Cancels the chain as it stands now if it has no result after `ms` milliseconds; the failure is then a TimeoutError.
   * Callbacks added later are not covered.
   *
   * @param ms milliseconds from now
   * @param clock what measures them; a reactor
   * @param onTimeoutCancel gets what the cancellation brought and `ms`; its result replaces the translation
   */
  addTimeout(
    ms: number,
    clock: Pick<IReactorTime, 'callLater'>,
    onTimeoutCancel?: (result: T | Failure, ms: number) => unknown,
  ): Deferred<T> {
    return limitTime(this, ms, clock, onTimeoutCancel)
  }

  /** As of a native promise, which it makes; a failure then counts as handled here. */
  then<R = T, S = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    onRejected?: ((error: any) => S | PromiseLike<S>) | null,
  ): Promise<R | S> {
    return this.asPromise().then(onFulfilled, onRejected)
  }

  /** As of a native promise, which it makes. */
  catch<S = never>(onRejected?: ((error: any) => S | PromiseLike<S>) | null): Promise<T | S> {
    return this.asPromise().then(undefined, onRejected)
  }

  /** As of a native promise, which it makes. */
  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.asPromise().finally(onFinally)
  }

  /**
   * A native promise of the result at this place of the chain, which itself goes on unchanged; a failure counts as
   * handled.
   */
  asPromise(): Promise<T> {
    notePromiseJob()
    if (hasResult(this)) return promiseOfResult(this)
    return new Promise<T>((resolve, reject) => {
      const observer = new PromiseObserver(resolve, reject)
      add(this, observer, observer)
    })
  }

  /** A Deferred that fires with what the promise settles to. Cancelling it drops that. */
  static fromPromise<T>(p: PromiseLike<T>): Deferred<T> {
    const deferred = new Deferred<T>()
    notePromiseJob()
    // Through a native promise: other thenables may call back at once, twice, or with another thenable.
    Promise.resolve(p).then(
      (value) => settleFromPromise(deferred, value),
      (error: unknown) => settleFromPromise(deferred, toFailure(error)),
    )
    return deferred
  }

  /** What it waits for, through all that wait for each other; or its current result. */
  toString(): string {
    return describeChain(this)
  }

  /** The Deferred this one waits for hands its result over. @internal */
  receive(source: Deferred<any>, failing: boolean): Deferred<any> | undefined {
    if ((this._state & CHAINED) === 0 || this._result !== source) return undefined
    this._result = source._result
    this._state &= ~CHAINED
    source._result = undefined
    if (failing) forget(source)
    if (this._state >= PAUSED) {
      if (failing) leave(this)
      return undefined
    }
    // What is added to the source meanwhile runs at once: nothing of its own is in progress.
    source._state &= ~RUNNING
    return this
  }
}

/** Hands a result on to a Deferred that is fired with it. */
class ChainLink implements Receiver {
  readonly target: Deferred<any>

  constructor(target: Deferred<any>) {
    this.target = target
  }

  receive(source: Deferred<any>, failing: boolean): Deferred<any> | undefined {
    const result = source._result
    source._result = undefined
    if (failing) forget(source)
    return fireFrom(this.target, result, source)
  }
}

/** Shows a result to a promise. */
class PromiseObserver implements Receiver {
  readonly resolve: (value: any) => void
  readonly reject: (error: unknown) => void

  constructor(resolve: (value: any) => void, reject: (error: unknown) => void) {
    this.resolve = resolve
    this.reject = reject
  }

  receive(source: Deferred<any>, failing: boolean): undefined {
    notePromiseJob()
    if (!failing) {
      this.resolve(source._result)
      return
    }
    markSeen(source)
    this.reject((source._result as Failure).value)
  }
}

function promiseOfResult(deferred: Deferred<any>): Promise<any> {
  const { _result: result } = deferred
  if (!isFailure(result)) return Promise.resolve(result)
  markSeen(deferred)
  return Promise.reject(result.value)
}

function refuseThenable(result: object | null): void {
  // A proxy that throws when asked what it is must do so before anything has changed.
  if (result === null || result instanceof Failure || !isThenable(result)) return
  throw new TypeError('A Deferred is not fired with a Deferred or a promise: return it from a callback instead.')
}

function fireLate(deferred: Deferred<any>): void {
  if ((deferred._state & SUPPRESS) === 0) throw alreadyCalled(deferred)
  deferred._state &= ~SUPPRESS
}

function settleFromPromise(deferred: Deferred<any>, result: unknown): void {
  notePromiseJob()
  // Whoever fired or cancelled it first has decided.
  if ((deferred._state & CALLED) !== 0) return
  try {
    deferred.callback(result)
  } catch (error) {
    // Refused: it was no thenable when the promise got it, and is one now, or says so only each second time.
    deferred.errback(error)
  }
}

function bind(fn: unknown, ...args: unknown[]): Bound {
  if (typeof fn !== 'function') throw notCallable(fn)
  return new Bound(fn, args)
}

function place(fn: unknown, args: unknown[] | undefined): unknown {
  if (fn === undefined || fn === null) return undefined
  if (typeof fn !== 'function') throw notCallable(fn)
  return args === undefined || args.length === 0 ? fn : new Bound(fn, [...args])
}

function notCallable(fn: unknown): TypeError {
  return new TypeError(`A callback is a function, not ${describe(fn)}.`)
}
