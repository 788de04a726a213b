/**
 * The clock, timers, text and chance of workerd for a reactor.
 *
 * Owns: the handles behind them. Must not know: what a reactor does with them. Timers belong to the event in which they
 * were set, and run after its answer only as long as its `ctx.waitUntil` holds it.
 */
import type { HostPort, HostTimer } from '../../src/interfaces/index.js'
import { globals } from './api.js'
import { encodeText } from './load.js'

/** The longest that timers can wait; a reactor looks again when one went off early. */
const LONGEST = 2 ** 31 - 1

/** The most that `crypto.getRandomValues` fills at once, bytes. */
const MOST_RANDOM = 65_536

/** workerd, for one reactor. */
export class WorkerdHost implements HostPort {
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
    return globals().setTimeout(fn, Math.min(Math.ceil(delayMs), LONGEST))
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

  keepAlive(_wanted: boolean): void {
    // An event lives as long as its answer and its `ctx.waitUntil` take, which is not the reactor's to decide.
  }

  installSignals(): () => void {
    // There are none; `run` goes on without.
    return () => undefined
  }

  encode(text: string): Uint8Array {
    return encodeText(text)
  }

  allocate(length: number): Uint8Array {
    return new Uint8Array(length)
  }

  entropy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += MOST_RANDOM) {
      crypto.getRandomValues(bytes.subarray(at, at + MOST_RANDOM) as Uint8Array<ArrayBuffer>)
    }
  }
}
