/**
 * Deadline: one timer for all the deadlines of a connection, of which there is one at a time.
 *
 * A deadline that is put off costs no more than a number: the timer goes off at the earlier time, sees that it is too
 * early, and is set anew. Only one that comes sooner moves the timer.
 * Owns: the timer. Must not know: what is waited for.
 */
import type { IDelayedCall, IReactorTime } from '../interfaces/time.js'

/** Whoever is late, or might be. */
export interface DeadlineOwner {
  /** The deadline has passed. */
  deadlinePassed(now: number): void
  /** The timer has gone off, and the deadline was put off since: time to look whether all goes well. */
  deadlineAhead?(now: number): void
}

/** One deadline. */
export class Deadline {
  readonly #clock: IReactorTime
  readonly #owner: DeadlineOwner
  readonly #onTimer: () => void
  #timer: IDelayedCall | null = null
  #timerAt = Infinity
  #at = Infinity

  constructor(clock: IReactorTime, owner: DeadlineOwner) {
    this.#clock = clock
    this.#owner = owner
    this.#onTimer = () => this.#look()
  }

  /** @param at on the clock, ms; Infinity for none */
  set(at: number): void {
    this.#at = at
    if (at < this.#timerAt) this.#arm(at)
  }

  /** There is no deadline, and there will be none. */
  cancel(): void {
    this.#at = Infinity
    const timer = this.#timer
    this.#timer = null
    this.#timerAt = Infinity
    if (timer !== null && timer.active()) timer.cancel()
  }

  #arm(at: number): void {
    this.#timerAt = at
    const delay = Math.max(0, at - this.#clock.now())
    if (this.#timer === null) this.#timer = this.#clock.callLater(delay, this.#onTimer)
    else this.#timer.reset(delay)
  }

  #look(): void {
    const wanted = this.#timerAt
    this.#timer = null
    this.#timerAt = Infinity
    const now = this.#clock.now()
    const at = this.#at
    // Not by the clock alone: a sum of numbers that are not exact may be a little more than the time it is due.
    if (at > now && at > wanted) {
      if (at !== Infinity) this.#arm(at)
      this.#owner.deadlineAhead?.(now)
    } else {
      this.#at = Infinity
      this.#owner.deadlinePassed(Math.max(now, at))
    }
  }
}
