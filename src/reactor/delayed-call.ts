/**
 * DelayedCall: a call that was put off, as Clock and every reactor hand it out.
 *
 * Owns: the call's state and what may be done in which. Must not know: how its owner orders calls; it tells
 * the owner when its time has changed. Source: twisted.internet.base.DelayedCall.
 *
 *   pending → called (just before it runs) | cancelled
 */

import { debugging, noteSite } from '../defer/debug.js'
import { bindContext } from '../defer/index.js'
import { AlreadyCalled, AlreadyCancelled } from '../errors/index.js'
import type { IDelayedCall } from '../interfaces/time.js'

/** Who orders calls and runs them. @internal */
export interface CallOwner {
  now(): number
  /** `call.time` has changed. @param isForNow it is the time that it was when that was changed */
  callMoved(call: DelayedCall, isForNow: boolean): void
  callCancelled(call: DelayedCall): void
}

/** A function with any arguments. @internal */
export type AnyFunction = (...args: never[]) => unknown

const PENDING = 0
const CALLED = 1
const CANCELLED = 2

const NOTHING: AnyFunction = () => undefined
const NO_ARGUMENTS: unknown[] = []

/** See {@link IDelayedCall}. */
export class DelayedCall implements IDelayedCall {
  /** When it is due; ms of the owner's clock. @internal */
  time: number
  /** The owner's place for this call. @internal */
  slot = -1
  /** The owner's second number for this call: a handle or a serial number. @internal */
  handle = 0
  #state = PENDING
  #owner: CallOwner
  #fn: AnyFunction
  #args: unknown[]

  /** @internal Made by `callLater` only. */
  constructor(owner: CallOwner, time: number, fn: AnyFunction, args: unknown[]) {
    this.#owner = owner
    this.time = time
    this.#fn = bindContext(fn)
    this.#args = args.length === 0 ? NO_ARGUMENTS : args
    if (debugging) noteSite(this)
  }

  getTime(): number {
    return this.time
  }

  active(): boolean {
    return this.#state === PENDING
  }

  cancel(): void {
    this.#requirePending()
    this.#state = CANCELLED
    this.#owner.callCancelled(this)
    this.#forget()
  }

  reset(ms: number): void {
    this.#requirePending()
    checkDelay(ms)
    this.time = this.#owner.now() + ms
    this.#owner.callMoved(this, ms === 0)
  }

  delay(ms: number): void {
    this.#requirePending()
    if (!Number.isFinite(this.time + ms) || typeof ms !== 'number') {
      throw new RangeError(`a delay must be a finite number of milliseconds, not ${ms}`)
    }
    this.time += ms
    this.#owner.callMoved(this, false)
  }

  /** Runs it, if it is still to run; errors pass through. @internal */
  run(): void {
    if (this.#state !== PENDING) return
    this.#state = CALLED
    const fn = this.#fn
    const args = this.#args
    this.#forget()
    fn(...(args as never[]))
  }

  /** A call that is kept by its maker must not keep what it would have called with. */
  #forget(): void {
    this.#fn = NOTHING
    this.#args = NO_ARGUMENTS
  }

  #requirePending(): void {
    if (this.#state === CALLED) throw new AlreadyCalled()
    if (this.#state === CANCELLED) throw new AlreadyCancelled()
  }
}

/** @throws RangeError for what is no delay from now. @internal */
export function checkDelay(ms: number): void {
  // Text would be added to the time as text.
  if (typeof ms !== 'number' || !(ms >= 0 && ms < Infinity)) {
    throw new RangeError(`a delay must be a number of milliseconds, zero or more, not ${ms}`)
  }
}

/** @throws TypeError for what cannot be called. @internal */
export function checkFunction(fn: unknown): void {
  if (typeof fn !== 'function') throw new TypeError(`a function is needed, not ${fn === null ? 'null' : typeof fn}`)
}
