/**
 * Which timers were started meanwhile, and have neither run out nor been taken away.
 *
 * Owns: seeing timers start, those of `node:timers` and the global ones. The test runner keeps the functions that were
 * there before it loaded a test, so that its own timers are not among them; nor are those that Node starts inside
 * itself, as in `node:timers/promises`. Holds no timer: what is not alive by itself is collected as ever.
 */
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'

/** Those that the others stand in for. */
const { setImmediate, setTimeout } = timers

/** Timers that started between {@link TimersStarted.start} and {@link TimersStarted.stop}. */
export class TimersStarted {
  static #current: TimersStarted | null = null
  static #isSeeing = false
  #started: WeakRef<NodeJS.Timeout>[] = []
  #sweepAt = 1000

  /** Only one at a time: another that was started is stopped. */
  start(): this {
    TimersStarted.#see()
    TimersStarted.#current = this
    return this
  }

  stop(): void {
    if (TimersStarted.#current === this) TimersStarted.#current = null
  }

  /** How many of them will run, and keep the program alive until then. */
  get active(): number {
    // A timer that runs is `_destroyed` after that, and one that is cleared at once; what is public does not tell.
    return this.#started.filter((one) => {
      const timer = one.deref() as NodeJS.Timeout & { _destroyed: boolean } | undefined
      return timer !== undefined && !timer._destroyed && timer.hasRef()
    }).length
  }

  #add(timer: NodeJS.Timeout): void {
    this.#started.push(new WeakRef(timer))
    if (this.#started.length < this.#sweepAt) return
    // Whoever still has a timer may start it again.
    this.#started = this.#started.filter((one) => one.deref() !== undefined)
    this.#sweepAt = 2 * this.#started.length + 1000
  }

  static #see(): void {
    if (this.#isSeeing) return
    this.#isSeeing = true
    for (const name of ['setTimeout', 'setInterval'] as const) {
      const real = timers[name] as (...args: unknown[]) => NodeJS.Timeout
      const seeing = (...args: unknown[]): NodeJS.Timeout => {
        const timer = real(...args)
        if (this.#current !== null) this.#current.#add(timer)
        return timer
      }
      // Also what promisify() finds there.
      Object.defineProperties(seeing, Object.getOwnPropertyDescriptors(real))
      for (const holder of [timers, globalThis]) {
        const functions = holder as unknown as Record<string, unknown>
        if (functions[name] === real) functions[name] = seeing
      }
    }
    // For those who import them by name, also those who did before.
    syncBuiltinESMExports()
  }
}

/** Settles after that many milliseconds, or with the next immediate; its own timer has not been seen, and is over. */
export function rest(ms: number): Promise<void> {
  // A timer that has just run still counts as one: the rest is an immediate's.
  return new Promise((resolve) => {
    if (ms === 0) setImmediate(resolve)
    else setTimeout(() => setImmediate(resolve), ms)
  })
}
