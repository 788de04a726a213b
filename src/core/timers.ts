/**
 * Timers over the core's timing wheel: integers in, integers out, and time only as an argument.
 *
 * Owns: one wheel's handle and the loop over what it hands out. Must not know: what an id stands for.
 * A deadline is rounded up to the wheel's tick, so nothing is due early; within a tick exact deadlines order, and
 * equal ones run in the order they were scheduled.
 */
import { TIMER_RAN, WHEEL_COUNT, WHEEL_OUT, WHEEL_OUT_BYTES } from '../../assembly/abi/layout.js'
import { CoreError } from '../errors/core.js'
import type { Core } from './core.js'
import { check } from './status.js'

export interface TimersOptions {
  /** Length of a tick in ms; default 1. A simulation takes 0.001. */
  tick?: number
  /** The time in ms from which the wheel begins; default 0. */
  now?: number
}

const RECORD = WHEEL_OUT_BYTES >> 2

/** A timing wheel. */
export class Timers {
  readonly #core: Core
  readonly #wheel: number
  readonly #count: number
  readonly #out: number
  #isRunning = false
  #isFreed = false

  /** Made by {@link Core.createTimers}. */
  constructor(core: Core, options: TimersOptions = {}) {
    this.#core = core
    // Whole numbers of ticks per ms stay exact: 1 / 0.001 is not quite 1,000.
    const perMs = 1 / (options.tick ?? 1)
    const whole = Math.round(perMs)
    const scale = Math.abs(perMs - whole) < 1e-9 * whole ? whole : perMs
    this.#wheel = check(core.exports.timersNew(scale, options.now ?? 0), 'createTimers')
    const address = check(core.exports.timersAddress(this.#wheel), 'createTimers')
    this.#count = (address + WHEEL_COUNT) >> 2
    this.#out = (address + WHEEL_OUT) >> 2
    core.adopt(this, this.#wheel, core.exports.timersFree)
  }

  /**
   * Schedules `id` for a time.
   *
   * @param deadline - in ms, on the time line of `advance`; must be finite
   * @param id - an int32 of the caller's, handed back when due
   * @returns a handle for `cancel` and `reschedule`, a positive int32
   * @throws CoreError for a deadline that is no time, or when memory or handles (4,194,304 timers) are out
   */
  schedule(deadline: number, id: number): number {
    const handle = this.#core.exports.timerSchedule(this.#wheel, deadline, id)
    return handle < 0 ? check(handle, 'schedule') : handle
  }

  /** Takes a timer back; false when it ran, was cancelled, or never was. */
  cancel(handle: number): boolean {
    return this.#core.exports.timerCancel(this.#wheel, handle) === 0
  }

  /** Gives a timer another deadline (ms), behind those already scheduled for it; false as for `cancel`. */
  reschedule(handle: number, deadline: number): boolean {
    if (!(deadline < Infinity)) throw new CoreError(`reschedule: ${deadline} is no time.`)
    return this.#core.exports.timerReschedule(this.#wheel, handle, deadline) === 0
  }

  /** A time in ms before which nothing is due: what a host arms its one timer for. Infinity when there is nothing. */
  nextDeadline(): number {
    const next = this.#core.exports.timersNext(this.#wheel)
    if (next !== next) throw new CoreError('These timers were freed.')
    return next
  }

  /**
   * Hands out what is due.
   *
   * What `onDue` schedules waits for the next advance, even if it is due already. When `onDue` throws, the error
   * leaves `advance`, and the rest is due at the next one.
   *
   * @param now - in ms; a time before an earlier one makes nothing due that was not
   * @returns how many were due and not cancelled meanwhile
   */
  advance(now: number, onDue: (id: number) => void): number {
    if (this.#isRunning) throw new CoreError('advance was called from inside onDue.')
    const { exports } = this.#core
    let records = exports.timersAdvance(this.#wheel, now)
    if (records === 0) return 0
    if (records < 0) check(records, 'advance')
    let ran = 0
    let isWhole = false
    this.#isRunning = true
    try {
      while (records > 0) {
        const end = this.#out + records * RECORD
        for (let at = this.#out; at < end; at += RECORD) {
          const words = this.#core.words()
          const version = words[at + 2]
          const versionAt = words[at + 3] >> 2
          // Cancelled or scheduled anew since it was handed out.
          if (words[versionAt] !== version) continue
          words[versionAt] = version + TIMER_RAN
          words[this.#count]--
          ran++
          onDue(words[at])
        }
        records = exports.timersMore(this.#wheel)
      }
      isWhole = true
    } finally {
      this.#isRunning = false
      if (!isWhole && !this.#isFreed) exports.timersPutBack(this.#wheel)
    }
    return ran
  }

  /** How many timers are scheduled. */
  get size(): number {
    return this.#isFreed ? 0 : this.#core.words()[this.#count]
  }

  /** Gives the wheel back, with all its timers. Not from inside `onDue`. */
  free(): void {
    if (this.#isRunning) throw new CoreError('free was called from inside onDue.')
    if (this.#isFreed) return
    this.#isFreed = true
    this.#core.disown(this)
    this.#core.exports.timersFree(this.#wheel)
  }
}
