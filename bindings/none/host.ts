/**
 * A context without timers as a host for one reactor: the embedder tells the time, and comes back when it is time.
 *
 * Owns: the one timer, and what is to be called soon. Must not know: what a reactor does with them, or who drives.
 */
import { portableText } from '../../src/core/text.js'
import type { HostPort, HostTimer } from '../../src/interfaces/index.js'

/** What the embedder passes for a reactor. */
export interface DriveOptions {
  /** Milliseconds, with fractions, never backwards. Not given: time stands still but for what `turn(now)` says. */
  now?: () => number
  /** Wants `turn()` to be called in so many ms, 0 for soon; what was wanted before is forgotten. */
  wake?: (delayMs: number) => void
  wallClock?: () => number
  /** Fills an array with bytes that nobody can foretell. */
  entropy?: (bytes: Uint8Array) => void
}

interface Alarm {
  readonly at: number
  readonly fn: () => void
}

/** Who was told what to do, for one reactor. */
export class NoneHost implements HostPort {
  readonly name = 'none'
  readonly encode = portableText().encode
  readonly wallClock?: () => number
  readonly entropy?: (bytes: Uint8Array) => void
  readonly #clock: (() => number) | undefined
  readonly #wake: ((delayMs: number) => void) | undefined
  #time = 0
  #alarms = new Set<Alarm>()
  #soon: (() => void)[] = []
  #turning = false
  #wanted = Infinity

  constructor({ now, wake, wallClock, entropy }: DriveOptions) {
    this.#clock = now
    this.#wake = wake
    if (wallClock !== undefined) this.wallClock = () => wallClock()
    if (entropy !== undefined) this.entropy = (bytes) => entropy(bytes)
  }

  now(): number {
    if (this.#clock !== undefined) this.#time = Math.max(this.#time, this.#clock())
    return this.#time
  }

  setTimer(delayMs: number, fn: () => void): HostTimer {
    const alarm = { at: this.now() + delayMs, fn }
    this.#alarms.add(alarm)
    this.#tell()
    return alarm
  }

  clearTimer(timer: HostTimer): void {
    this.#alarms.delete(timer as Alarm)
  }

  soon(fn: () => void): void {
    this.#soon.push(fn)
    this.#tell()
  }

  afterJobs(fn: () => void): void {
    void Promise.resolve().then(fn)
  }

  keepAlive(_wanted: boolean): void {
    // The embedder keeps its program alive, or does not.
  }

  installSignals(_fn: (signal: string) => void): () => void {
    return () => undefined
  }

  allocate(length: number): Uint8Array {
    return new Uint8Array(length)
  }

  /** When `turn` is wanted, on the clock of `now`; -Infinity for at once, Infinity for never. */
  nextDeadline(): number {
    if (this.#soon.length > 0) return -Infinity
    let next = Infinity
    for (const { at } of this.#alarms) next = Math.min(next, at)
    return next
  }

  /**
   * Does what is due.
   * @param now where there is no clock: what time it is; never runs backwards
   * @returns ms until it wants to be called again, Infinity for never
   */
  turn(now?: number): number {
    if (now !== undefined && now > this.#time) this.#time = now
    if (!this.#turning) {
      this.#turning = true
      this.#wanted = Infinity
      const soon = this.#soon
      this.#soon = []
      const time = this.now()
      const due = [...this.#alarms].filter(({ at }) => at <= time)
      try {
        for (const fn of soon) fn()
        for (const alarm of due) if (this.#alarms.delete(alarm)) alarm.fn()
      } finally {
        this.#turning = false
      }
    }
    const next = this.nextDeadline()
    if (next < Infinity) this.#tell()
    return Math.max(0, next - this.now())
  }

  /** Only when it is sooner than what was said before. */
  #tell(): void {
    if (this.#turning || this.#wake === undefined) return
    const next = this.nextDeadline()
    if (next >= this.#wanted) return
    this.#wanted = next
    this.#wake(Math.max(0, next - this.now()))
  }
}
