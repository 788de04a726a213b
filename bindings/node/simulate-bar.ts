/**
 * What simulated runs have of the real time around them: a bar on a terminal that says how far they have come, time for
 * Node between two of them, and an end to waiting for nothing.
 *
 * Owns: Node's clock and timers for that, and that nothing of it is left behind. Must not know: what is run.
 */

import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import { SimulationError } from '../../src/errors/index.js'
import type { SimulateProgress } from '../../src/testing/simulate/simulate.js'

// Kept as values: while another simulation runs in this thread, their names stand for what must not be used.
const later = setImmediate
const start = setTimeout
const stop = clearTimeout
const now = performance.now.bind(performance)

/** What is over sooner needs no bar; ms. */
const PATIENCE = 1_000

/** How often it is drawn at most; ms. */
const EVERY = 100

/** How long runs may keep everything else in this thread waiting; ms. */
const LONGEST = 50

/** How long a scenario may wait for what is not simulated, an import say; ms. A run itself takes none of it. */
const STALLED = 10_000

const WIDTH = 30

/** The bar, on standard error; nothing where that is no terminal. */
export class SimulateBar {
  readonly #since = now()
  #last = 0
  #isDrawn = false

  show(progress: SimulateProgress): void {
    if (!process.stderr.isTTY) return
    const time = now()
    if (time - this.#since < PATIENCE || time - this.#last < EVERY) return
    this.#last = time
    this.#isDrawn = true
    process.stderr.write(`\r\u001b[K${barText(progress, time - this.#since)}`)
  }

  clear(): void {
    if (this.#isDrawn) process.stderr.write('\r\u001b[K')
    this.#isDrawn = false
  }
}

/** The bar as text. `elapsed`: real ms since the first seed. */
export function barText({ done, total, shrinking }: SimulateProgress, elapsed: number): string {
  const words = [total === null ? `${done} seeds` : `${done} of ${total} seeds`]
  if (shrinking > 0) words.push(`one fails, made smaller: run ${shrinking}`)
  else if (elapsed > 0) {
    const rate = done / elapsed * 1_000
    words.push(`${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`)
    if (total !== null && rate > 0) words.push(`${Math.ceil((total - done) / rate)} s to go`)
  }
  if (total === null) return words.join(', ')
  const full = total === 0 ? WIDTH : Math.floor(done / total * WIDTH)
  return `[${'#'.repeat(full)}${' '.repeat(WIDTH - full)}] ${words.join(', ')}`
}

/** Asked between runs: lets Node do what else there is when it has waited long enough. */
export function breather(): () => Promise<void> | undefined {
  let last = now()
  return () => {
    if (now() - last < LONGEST) return undefined
    return new Promise((resolve) => {
      later(() => {
        last = now()
        resolve()
      })
    })
  }
}

/**
 * Waits for a scenario. A run is one chain of promise jobs, in which no timer goes off: if one does, and this late, the
 * scenario waits for something that is not simulated.
 */
export function patience(playing: PromiseLike<unknown>, longest = STALLED): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = start(() => reject(new SimulationError('The scenario waits for something that is not simulated, or ' +
      'for something in the simulation while nothing runs it.')), longest)
    const end = (): void => stop(timer)
    playing.then(end, end)
    playing.then(resolve, reject)
  })
}
