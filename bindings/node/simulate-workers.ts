/**
 * Many seeds of a scenario, in worker threads.
 *
 * Owns: which thread gets which seeds, and which failure is the first: that of the earliest seed, whichever thread was
 * faster. Must not know: how a seed is run, nor what a thread is: simulate-thread.ts does.
 *
 *   here ── seeds ──▶ there: simulate(seeds, scenario) ── { report } or { failure } or { error } ──▶ here
 *   here ◀── how many seeds of its order each thread has run: an array that both see
 */

import { availableParallelism } from 'node:os'
import { SimulationError, SimulationFailure } from '../../src/errors/index.js'
import { repeatLine } from '../../src/testing/simulate/recipe.js'
import { givenOf, seedsOf, totalOf } from '../../src/testing/simulate/simulate.js'
import type { SimulateOptions, SimulateProgress, SimulateReport } from '../../src/testing/simulate/simulate.js'
import { failureFrom, Thread } from './simulate-thread.js'

/** Orders are large enough that handing them out costs nothing, and small enough that all threads end together. */
const ORDERS_PER_THREAD = 8
const LARGEST_ORDER = 64

/** How often progress is looked at, ms. */
const LOOK = 100

/** How long one run may take if nobody says, ms. */
const SEED_TIMEOUT = 60_000

/** How {@link simulateInWorkers} runs. */
export interface WorkersOptions extends SimulateOptions {
  /** See the `SimulateOptions` of Node. */
  seedTimeout?: number
}

/** How many threads there are if nobody says. */
export function defaultWorkers(): number {
  return availableParallelism()
}

/**
 * Runs the seeds in threads.
 *
 * @param testing URL of the module whose `simulate` the threads call
 * @param options plain data; what is not (functions, say) belongs into `options` of the scenario's module
 */
export async function simulateInWorkers(
  testing: string, seeds: number | Iterable<number | string>, scenario: URL, workers: number, options: WorkersOptions,
): Promise<SimulateReport> {
  const { seedTimeout = SEED_TIMEOUT, progress, shrink, core: _core, guard: _guard, pause: _pause, patience: _patience, ...settings } = options
  const field = new Field({ testing, scenario: scenario.href }, seeds, workers, seedTimeout, settings)
  const looking = progress === undefined ? undefined : setInterval(() => progress(field.progress), LOOK)
  try {
    await field.run()
    const found = field.failure
    if (found === null) return field.report
    // The thread that has found it may be at other seeds by now: any will do, they are all the same.
    const smallest = shrink === 0 || field.isOverdue ? null : await field.shrink(found.seed, shrink)
    throw smallest ?? found
  } finally {
    clearInterval(looking)
    await field.close()
    progress?.(field.progress)
  }
}

interface Order {
  readonly index: number
  readonly seeds: readonly (number | string)[]
}

class Field {
  failure: SimulationFailure | null = null
  /** The failure is that its seed has not ended. */
  isOverdue = false
  #failedAt = Infinity
  #done = 0
  #virtualMs = 0
  #orders = 0
  #isExhausted = false
  readonly #place: { testing: string, scenario: string }
  readonly #seeds: Iterator<number | string>
  readonly #total: number | null
  readonly #most: number
  readonly #limit: number
  readonly #options: SimulateOptions
  readonly #size: number
  readonly #threads: Thread[] = []

  constructor(
    place: { testing: string, scenario: string }, seeds: number | Iterable<number | string>, workers: number,
    limit: number, options: SimulateOptions) {
    this.#place = place
    this.#seeds = seedsOf(seeds)[Symbol.iterator]()
    this.#total = totalOf(seeds)
    const even = this.#total === null ? LARGEST_ORDER : Math.ceil(this.#total / (workers * ORDERS_PER_THREAD))
    this.#size = Math.max(1, Math.min(LARGEST_ORDER, even))
    this.#most = workers
    this.#limit = limit
    this.#options = options
  }

  get report(): SimulateReport {
    return { seeds: this.#done, virtualMs: this.#virtualMs }
  }

  get progress(): SimulateProgress {
    const under = this.#threads.reduce((sum, thread) => sum + thread.done, 0)
    return {
      done: this.#done + under, total: this.#total,
      shrinking: Math.max(0, ...this.#threads.map((thread) => thread.shrinking)),
    }
  }

  /** Runs all seeds, or those up to the first failure. */
  async run(): Promise<void> {
    const first: Order[] = []
    while (first.length < this.#most) {
      const order = this.#next()
      if (order === null) break
      first.push(order)
    }
    await Promise.all(first.map((order) => this.#work(order)))
  }

  /** The smallest recipe for a seed that fails; null if it does not fail any more. */
  async shrink(seed: number | string, shrink: number | undefined): Promise<SimulationFailure | null> {
    const thread = this.#threads.find((one) => one.isIdle) ?? this.#thread()
    const options = shrink === undefined ? this.#options : { ...this.#options, shrink }
    const answer = await thread.run([seed], options)
    return 'failure' in answer ? failureFrom(answer) : null
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()))
  }

  async #work(first: Order): Promise<void> {
    const thread = this.#thread()
    for (let order: Order | null = first; order !== null; order = this.#next()) {
      const answer = await thread.run(order.seeds, { ...this.#options, shrink: 0 })
      if ('report' in answer) {
        this.#done += answer.report.seeds
        this.#virtualMs += answer.report.virtualMs
      } else if (order.index < this.#failedAt) {
        this.#failedAt = order.index
        this.isOverdue = 'overdue' in answer
        this.failure = 'overdue' in answer ? this.#overdue(answer.overdue) : failureFrom(answer)
        this.#done += order.seeds.indexOf(this.failure.seed) + 1
      }
    }
  }

  /** Orders are handed out in turn: whoever works on an earlier one than that which failed ends it. */
  #next(): Order | null {
    if (this.#isExhausted || this.#failedAt < Infinity) return null
    const seeds: (number | string)[] = []
    while (seeds.length < this.#size) {
      const next = this.#seeds.next()
      if (next.done === true) {
        this.#isExhausted = true
        break
      }
      seeds.push(next.value)
    }
    return seeds.length === 0 ? null : { index: this.#orders++, seeds }
  }

  #thread(): Thread {
    const thread = new Thread(this.#place, this.#limit)
    this.#threads.push(thread)
    return thread
  }

  /** Of a seed that has not ended: its thread is gone, and all that it could have told. */
  #overdue(seed: number | string): SimulationFailure {
    const cause = new SimulationError(`It has not ended after ${this.#limit} ms of real time, which is the seedTimeout: ` +
      'there may be a loop without an end.')
    const recipe = { seed }
    const line = repeatLine(new URL(this.#place.scenario), recipe, givenOf(this.#options))
    return new SimulationFailure(`Seed ${String(seed)} fails: ${cause.name}: ${cause.message}\nAgain:\n${line}`, {
      cause, seed, recipe, faults: [], trace: new Uint8Array(0), digest: '',
    })
  }
}
