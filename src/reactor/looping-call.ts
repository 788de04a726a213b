/**
 * LoopingCall: a function called again and again, in step with the time it was started.
 *
 * Owns: the phase. Must not know: which clock it is; `clock` must be set before `start`. Source:
 * twisted.internet.task.LoopingCall; SEMANTICS T07 to T12.
 *
 * The n-th call is due n intervals after the start, however long calls take; those that came due while one
 * ran, or while the clock stood still, are left out.
 */

import { Deferred, maybeDeferred } from '../defer/index.js'
import type { Failure } from '../defer/index.js'
import type { IDelayedCall, IReactorTime } from '../interfaces/time.js'
import { checkDelay, checkFunction } from './delayed-call.js'
import { LoopAlreadyRunning, LoopNotRunning } from './errors.js'

/** Part of an interval by which sums of floating-point times may be off. */
const EPSILON = 1e-9
/** And part of the number of intervals: after some millions of them that is more. */
const ROUNDING = 4 * Number.EPSILON

/**
 * Calls a function at regular times.
 *
 * @example
 * const loop = new LoopingCall(() => console.log('tick'))
 * loop.clock = reactor
 * loop.start(1000)
 */
export class LoopingCall {
  /** Whose time is meant. */
  clock: IReactorTime | null = null
  #fn: () => unknown
  #running = false
  #interval: number | null = null
  #started = 0
  #call: IDelayedCall | null = null
  #deferred: Deferred<LoopingCall> | null = null
  #countsFrom = 0

  /**
   * @param fn what to call; while a Deferred or Promise that it returned waits, the next call is held back
   * @param args what to call it with
   */
  constructor(fn: (...args: never[]) => unknown, ...args: unknown[]) {
    checkFunction(fn)
    this.#fn = () => fn(...(args as never[]))
  }

  /**
   * A loop whose function is told how many intervals have passed since it was last called: 1, or more when
   * calls were left out.
   */
  static withCount(fn: (count: number) => unknown): LoopingCall {
    checkFunction(fn)
    const loop = new LoopingCall(() => {
      const count = loop.#count()
      return count > 0 ? fn(count) : undefined
    })
    return loop
  }

  get running(): boolean {
    return this.#running
  }

  /** What `start` was given last, ms; null before. */
  get interval(): number | null {
    return this.#interval
  }

  /**
   * @param ms between calls; 0 calls once a turn
   * @param now whether the first call is made at once, or after an interval
   * @returns fires with this loop when it is stopped, fails when the function does, which stops it
   * @throws LoopAlreadyRunning; RangeError for a negative interval; TypeError if `clock` is not set
   */
  start(ms: number, now = true): Deferred<LoopingCall> {
    if (this.#running) throw new LoopAlreadyRunning()
    checkDelay(ms)
    const clock = this.#needClock()
    const deferred = new Deferred<LoopingCall>()
    this.#running = true
    this.#deferred = deferred
    this.#interval = ms
    this.#started = clock.now()
    // The interval that ends with the first call is counted, too.
    this.#countsFrom = now ? -1 : 0
    try {
      if (now) this.#run()
      else this.#schedule()
    } catch (error) {
      this.#running = false
      throw error
    }
    return deferred
  }

  /** No more calls. If one waits for a Deferred, that of `start` fires after it. @throws LoopNotRunning */
  stop(): void {
    if (!this.#running) throw new LoopNotRunning()
    this.#running = false
    if (this.#call === null) return
    this.#call.cancel()
    this.#call = null
    this.#deferred!.callback(this)
  }

  /** The next call comes an interval from now, and the phase counts from now. @throws LoopNotRunning */
  reset(): void {
    if (!this.#running) throw new LoopNotRunning()
    if (this.#call === null) return
    this.#call.cancel()
    this.#started = this.#needClock().now()
    this.#countsFrom = 0
    this.#schedule()
  }

  #run(): void {
    this.#call = null
    // Of this start: while the function's Deferred is waited for, the loop may be stopped and started again.
    const deferred = this.#deferred!
    maybeDeferred(this.#fn)
      .addCallback(() => {
        if (!this.#running || this.#deferred !== deferred) deferred.callback(this)
        else this.#schedule()
      })
      // Of the function, or of a clock that refuses the next call: an interval may be too small or too large for it.
      .addErrback((failure: Failure) => {
        if (this.#deferred === deferred) this.#running = false
        deferred.errback(failure)
      })
  }

  #schedule(): void {
    const clock = this.#needClock()
    const interval = this.#interval as number
    const delay = interval === 0 ? 0 : this.#started + (this.#passed() + 1) * interval - clock.now()
    this.#call = clock.callLater(Math.max(delay, 0), () => this.#run())
  }

  /** Whole intervals since the start. */
  #passed(): number {
    const passed = (this.#needClock().now() - this.#started) / (this.#interval as number)
    return Math.floor(passed + Math.max(EPSILON, passed * ROUNDING))
  }

  /** Intervals since the last time this was asked. */
  #count(): number {
    if (this.#interval === 0) return 1
    const passed = this.#passed()
    const count = passed - this.#countsFrom
    // A clock that was set back counts on from where it was, not twice.
    if (count > 0) this.#countsFrom = passed
    return count
  }

  #needClock(): IReactorTime {
    if (this.clock === null) throw new TypeError('a LoopingCall needs its `clock` set to a reactor or Clock')
    return this.clock
  }
}
