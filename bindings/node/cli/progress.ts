/**
 * A line that says how far a transfer has come, on a terminal.
 *
 * Owns: when it is drawn, and that nothing of it is left behind. Must not know: what is transferred.
 */

import process from 'node:process'
import type { IReactorTime } from '../../../src/interfaces/index.js'
import { LoopingCall } from '../../../src/reactor/index.js'

/** A transfer that is over sooner needs no line; ms. */
const PATIENCE = 1_000

/** How often the line is drawn; ms. */
const EVERY = 250

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** What has been transferred so far, in bytes. */
export interface Transferred {
  sent: number
  received: number
}

/** Draws progress until stopped; does nothing where standard error is no terminal. */
export class Progress {
  readonly #clock: IReactorTime
  readonly #measure: () => Transferred | null
  readonly #loop: LoopingCall
  readonly #words: (done: Transferred, rate: number) => string
  #since: number | null = null
  #last = 0
  #lastAt = 0
  #isDrawn = false

  /**
   * @param measure null while nothing is going on
   * @param words what the line says of it; `rate` is bytes a second
   */
  constructor(clock: IReactorTime, measure: () => Transferred | null, words = bothWays) {
    this.#clock = clock
    this.#measure = measure
    this.#words = words
    this.#loop = new LoopingCall(() => this.#draw())
    this.#loop.clock = clock
  }

  start(): void {
    if (process.stderr.isTTY) void this.#loop.start(EVERY, false)
  }

  stop(): void {
    if (this.#loop.running) this.#loop.stop()
    this.#wipe()
  }

  #draw(): void {
    const done = this.#measure()
    if (done === null) {
      this.#since = null
      this.#wipe()
      return
    }
    const now = this.#clock.now()
    const total = done.sent + done.received
    if (this.#since === null) {
      this.#since = now
      this.#last = total
      this.#lastAt = now
    }
    if (now - this.#since < PATIENCE) return
    const rate = (total - this.#last) / Math.max(1, now - this.#lastAt) * 1000
    this.#last = total
    this.#lastAt = now
    process.stderr.write(`\r\u001b[K${this.#words(done, rate)}`)
    this.#isDrawn = true
  }

  #wipe(): void {
    if (this.#isDrawn) process.stderr.write('\r\u001b[K')
    this.#isDrawn = false
  }
}

function bothWays({ sent, received }: Transferred, rate: number): string {
  return `${bytes(sent)} sent, ${bytes(received)} received, ${bytes(rate)}/s`
}

/** A number of bytes for people. */
export function bytes(count: number): string {
  let unit = 0
  let value = count
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}
