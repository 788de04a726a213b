/**
 * A race of attempts that start one after another: the next when the last has had its time, or at once when one failed.
 *
 * Owns: who has started, who is still under way, the timer. Must not know: what an attempt is; the caller starts it
 * and is told to cancel it. Source: RFC 8305 §4 (order of families) and §5 (staggered attempts).
 *
 *   running → won | lost | cancelled        the one callback comes in the first two; nothing comes after any
 */

import type { IReactorTime } from '../interfaces/time.js'
import { addressFamily } from './resolve-literal.js'

/** One attempt of a race, told by whoever carries it out; calls after the first do nothing. */
export interface Runner<Prize> {
  /** @returns false when the race has been decided already: what was won is not wanted, and the caller's to close */
  won(prize: Prize): boolean
  failed(error: unknown): void
}

/** What a race asks of its caller. */
export interface RaceCourse<Target, Prize> {
  /**
   * Begins an attempt. What it throws is its failure.
   * @returns gives the attempt up; not called for one that won or failed
   */
  start(target: Target, runner: Runner<Prize>): () => void
  /** One has won; the others have been given up. */
  won(prize: Prize): void
  /** Every one has failed. @param errors in the order in which they failed; empty when there were no targets */
  lost(errors: unknown[]): void
}

interface Attempt {
  cancel: (() => void) | null
  over: boolean
}

/** A race under way. */
export class StaggeredRace<Target, Prize> {
  readonly #clock: IReactorTime
  readonly #targets: readonly Target[]
  readonly #course: RaceCourse<Target, Prize>
  readonly #delay: number
  readonly #running = new Set<Attempt>()
  readonly #errors: unknown[] = []
  #next = 0
  #over = false
  #starting = false
  #hurry = false
  #stopTimer: (() => void) | null = null

  /** @param delay what each attempt gets before the next begins beside it, ms */
  constructor(clock: IReactorTime, targets: readonly Target[], delay: number, course: RaceCourse<Target, Prize>) {
    this.#clock = clock
    this.#targets = targets
    this.#delay = delay
    this.#course = course
  }

  /** Begins; a race without targets is lost at once. */
  start(): void {
    this.#go()
  }

  /** Gives up every attempt; the course hears nothing more. */
  cancel(): void {
    this.#end(null)
  }

  /** Starts the next one, and those after it as long as they fail at once. */
  #go(): void {
    if (this.#starting) {
      this.#hurry = true
      return
    }
    this.#stopTimer?.()
    this.#stopTimer = null
    this.#starting = true
    do {
      this.#hurry = false
      if (this.#next < this.#targets.length) this.#begin(this.#targets[this.#next++]!)
    } while (this.#hurry && !this.#over)
    this.#starting = false
    if (this.#over) return
    if (this.#next < this.#targets.length) {
      const call = this.#clock.callLater(this.#delay, () => {
        this.#stopTimer = null
        this.#go()
      })
      this.#stopTimer = () => call.cancel()
    } else if (this.#running.size === 0) {
      this.#over = true
      this.#course.lost(this.#errors)
    }
  }

  #begin(target: Target): void {
    const attempt: Attempt = { cancel: null, over: false }
    this.#running.add(attempt)
    const runner: Runner<Prize> = {
      won: (prize) => {
        if (attempt.over || this.#over) return false
        attempt.over = true
        this.#end(attempt)
        this.#course.won(prize)
        return true
      },
      failed: (error) => {
        if (attempt.over || this.#over) return
        attempt.over = true
        this.#running.delete(attempt)
        this.#errors.push(error)
        this.#go()
      },
    }
    try {
      const cancel = this.#course.start(target, runner)
      // Given up while it was being started.
      if (this.#over && !attempt.over) {
        attempt.over = true
        cancel()
      } else attempt.cancel = cancel
    } catch (error) {
      runner.failed(error)
    }
  }

  #end(winner: Attempt | null): void {
    this.#over = true
    this.#stopTimer?.()
    this.#stopTimer = null
    const running = [...this.#running]
    this.#running.clear()
    for (const attempt of running) {
      if (attempt === winner || attempt.cancel === null) continue
      attempt.over = true
      attempt.cancel()
    }
  }
}

/**
 * Addresses in the order in which they are to be tried: families take turns, beginning with that of the first, and
 * within a family the order stays (RFC 8305 §4).
 */
export function interleaveFamilies(hosts: readonly string[]): string[] {
  const family = hosts.length === 0 ? 0 : addressFamily(hosts[0]!)
  const first = hosts.filter((host) => addressFamily(host) === family)
  const other = hosts.filter((host) => addressFamily(host) !== family)
  const ordered: string[] = []
  for (let at = 0; at < Math.max(first.length, other.length); at++) {
    if (at < first.length) ordered.push(first[at]!)
    if (at < other.length) ordered.push(other[at]!)
  }
  return ordered
}
