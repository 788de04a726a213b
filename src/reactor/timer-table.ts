/**
 * TimerTable: a reactor's delayed calls on the core's timing wheel.
 *
 * Owns: the table from the wheel's ids to calls, and running what is due, errors logged. Must not know: the
 * host's timers; it tells when something earlier than before is due.
 *
 * A call may be cancelled or moved by one that runs in the same pass, after the wheel has already counted it
 * as due. If the wheel still reports its id, that id stays taken, by nothing, until then.
 *
 * The wheel turns in whole milliseconds and rounds up. What is to run at once is put into the tick that has
 * begun instead, so that `callLater(0)` waits for the next turn and not for the next millisecond.
 */

import type { TimersPart } from '../interfaces/host.js'
import type { IDelayedCall } from '../interfaces/time.js'
import { checkDelay, checkFunction, DelayedCall } from './delayed-call.js'
import type { AnyFunction, CallOwner } from './delayed-call.js'

/** What a table asks of its reactor. @internal */
export interface TimerTableOwner {
  now(): number
  /** A call that is due at `time` was scheduled or moved. */
  timerSet(time: number): void
  /** The last call was cancelled. */
  timersGone(): void
  callFailed(error: unknown): void
}

/** Delayed calls on the wheel. @internal */
export class TimerTable implements CallOwner {
  #timers: TimersPart
  #owner: TimerTableOwner
  #calls: (DelayedCall | null)[] = []
  #free: number[] = []
  #live = 0
  #onDue = (slot: number): void => this.#due(slot)

  constructor(timers: TimersPart, owner: TimerTableOwner) {
    this.#timers = timers
    this.#owner = owner
  }

  /** Calls still to run. */
  get size(): number {
    return this.#live
  }

  now(): number {
    return this.#owner.now()
  }

  callLater(ms: number, fn: AnyFunction, args: unknown[]): IDelayedCall {
    checkDelay(ms)
    checkFunction(fn)
    const now = this.#owner.now()
    const call = new DelayedCall(this, now + ms, fn, args)
    this.#place(call, ms === 0 ? Math.floor(now) : call.time)
    this.#live += 1
    this.#owner.timerSet(call.time)
    return call
  }

  all(): IDelayedCall[] {
    return this.#calls.filter((call) => call !== null)
  }

  callMoved(call: DelayedCall, isForNow: boolean): void {
    // A time that has passed stays what it is: others may have been made for it before.
    const deadline = isForNow ? Math.floor(call.time) : Math.max(call.time, 0)
    if (!this.#timers.reschedule(call.handle, deadline)) {
      this.#calls[call.slot] = null
      this.#place(call, deadline)
    }
    this.#owner.timerSet(call.time)
  }

  callCancelled(call: DelayedCall): void {
    this.#calls[call.slot] = null
    if (this.#timers.cancel(call.handle)) this.#free.push(call.slot)
    this.#live -= 1
    if (this.#live === 0) this.#owner.timersGone()
  }

  /** Runs everything due; what that schedules waits for the next pass. */
  advance(now: number): void {
    this.#timers.advance(now, this.#onDue)
  }

  /** A time before which nothing is due; Infinity if there is nothing. */
  nextDeadline(): number {
    return this.#live === 0 ? Infinity : this.#timers.nextDeadline()
  }

  free(): void {
    this.#timers.free()
  }

  #place(call: DelayedCall, deadline: number): void {
    const last = this.#free.length - 1
    const slot = last >= 0 ? this.#free[last] : this.#calls.length
    // First what may throw: a core that is full must not leave a call in the table that never runs.
    call.handle = this.#timers.schedule(deadline, slot)
    if (last >= 0) this.#free.pop()
    this.#calls[slot] = call
    call.slot = slot
  }

  #due(slot: number): void {
    const call = this.#calls[slot]
    this.#calls[slot] = null
    this.#free.push(slot)
    if (call === null) return
    this.#live -= 1
    try {
      call.run()
    } catch (error) {
      this.#owner.callFailed(error)
    }
  }
}
