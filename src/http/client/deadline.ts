/**
 * Deadline: the one timer of a connection, for whatever it waits for now.
 *
 * A deadline that moves later costs nothing but a number: the timer that is set goes off too early, and is set again.
 * So a connection that is busy sets none at all. Owns: that. Must not know: what is done when it is late.
 */
import type { IDelayedCall, IReactorTime } from '../../interfaces/time.js'
import type { RequestPhase } from '../../errors/http-client.js'

/** What a connection waits for: see RequestTimeoutError, and what is between two requests or beside one. */
export type ClientPhase =
  Extract<RequestPhase, 'send' | 'response' | 'body'> | 'continue' | 'drain' | 'upgrade' | 'idle'

/** A time by which something must have happened. */
export class Deadline {
  readonly #clock: IReactorTime
  readonly #late: (phase: ClientPhase) => void
  readonly #onTimer = (): void => this.#due()
  #phase: ClientPhase = 'idle'
  #at = Infinity
  /** What the timer was set for. */
  #timerAt = Infinity
  #timer: IDelayedCall | null = null

  constructor(clock: IReactorTime, late: (phase: ClientPhase) => void) {
    this.#clock = clock
    this.#late = late
  }

  /** False when there is none. */
  get isOn(): boolean {
    return this.#at !== Infinity
  }

  /** @param ms from now; Infinity for none */
  set(phase: ClientPhase, ms: number): void {
    this.#phase = phase
    if (ms === Infinity) {
      this.#at = Infinity
      return
    }
    const at = this.#at = this.#clock.now() + ms
    const timer = this.#timer
    if (timer === null) this.#timer = this.#clock.callLater(ms, this.#onTimer)
    else if (timer.getTime() > at) timer.reset(ms)
    else return
    this.#timerAt = at
  }

  /** There is none for now; the timer stays. */
  clear(): void {
    this.#at = Infinity
  }

  /** There will be none any more. */
  end(): void {
    this.#at = Infinity
    const timer = this.#timer
    this.#timer = null
    if (timer !== null && timer.active()) timer.cancel()
  }

  #due(): void {
    this.#timer = null
    if (this.#at === Infinity) return
    const left = this.#at - this.#clock.now()
    // Not by the clock alone: a sum of numbers that are not exact may be a little more than the time it is due.
    if (this.#at > this.#timerAt && left > 0) {
      this.#timerAt = this.#at
      this.#timer = this.#clock.callLater(left, this.#onTimer)
      return
    }
    this.#at = Infinity
    this.#late(this.#phase)
  }
}
