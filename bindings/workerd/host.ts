/**
 * The clock, timers and chance of workerd for a reactor.
 *
 * Owns: the handles behind them. Must not know: what a reactor does with them. Timers belong to the event in which they
 * were set, and run after its answer only as long as its `ctx.waitUntil` holds it.
 */
import type { HostPort, HostTimer } from '../../src/interfaces/index.js'
import { HostBase, LONGEST_TIMER } from '../../src/reactor/host-base.js'
import { globals } from './api.js'

/** workerd, for one reactor: an event lives as long as its answer and its `ctx.waitUntil` take, and gets no signals. */
export class WorkerdHost extends HostBase implements HostPort {
  readonly name = 'workerd'
  #latest = 0

  /** Whole milliseconds; workerd's clock is the wall's, which may be set back. */
  now(): number {
    this.#latest = Math.max(this.#latest, performance.now())
    return this.#latest
  }

  wallClock(): number {
    return Date.now()
  }

  setTimer(delayMs: number, fn: () => void): HostTimer {
    return globals().setTimeout(fn, Math.min(Math.ceil(delayMs), LONGEST_TIMER))
  }

  clearTimer(timer: HostTimer): void {
    globals().clearTimeout(timer)
  }

  soon(fn: () => void): void {
    globals().setTimeout(fn, 0)
  }

  afterJobs(fn: () => void): void {
    queueMicrotask(fn)
  }

  protected fillRandom(bytes: Uint8Array): void {
    crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>)
  }
}
