/**
 * Many seeds of a scenario, in worker threads.
 *
 * Owns: which thread gets which seeds, and which failure is the first: that of the earliest seed, whichever thread was
 * faster. Must not know: how a seed is run; every thread calls `simulate` of the same module, and so does the search
 * for a small recipe. A thread begins with a module of its own, given as text, as those of threads.ts do.
 *
 *   here ── seeds ──▶ there: simulate(seeds, scenario) ── { report } or { failure } or { error } ──▶ here
 *   here ◀── how many seeds of its order each thread has run: an array that both see
 */

import { availableParallelism } from 'node:os'
import process from 'node:process'
import { Worker } from 'node:worker_threads'
import { SimulationError, SimulationFailure } from '../../src/errors/index.js'
import type { SimulationFailureDetails } from '../../src/errors/index.js'
import { seedsOf, totalOf } from '../../src/testing/simulate/simulate.js'
import type { SimulateOptions, SimulateProgress, SimulateReport } from '../../src/testing/simulate/simulate.js'
import { readOutcome, THREAD_ENTRY } from './thread-entry.js'

const TEXT = `
import { parentPort, workerData } from 'node:worker_threads'
const { testing, scenario, entry, counter } = workerData
const { simulate } = await import(testing)
const { pack } = await import(entry)
const later = setImmediate
parentPort.on('message', async ({ seeds, options }) => {
  // What waits for nothing that Node knows of ends the thread, instead of waiting for ever.
  parentPort.unref()
  const progress = ({ done, shrinking }) => { counter[0] = done; counter[1] = shrinking }
  let answer
  try {
    const all = { ...options, workers: 0, progress, patience: undefined }
    answer = { report: await simulate(seeds, new URL(scenario), all) }
  } catch (error) {
    answer = error?.code === 'ERR_SIMULATION_FAILED' && error.recipe !== undefined
      ? { failure: { ...error, message: error.message, stack: error.stack }, cause: pack(error.cause, 0) }
      : { error: pack(error, 0) }
  }
  parentPort.ref()
  // A rejection that nobody has awaited ends the thread now, instead of being lost with it after the last order.
  await new Promise((resolve) => later(resolve))
  try {
    parentPort.postMessage(answer)
  } catch (error) {
    parentPort.postMessage({ error: pack(error, 0) })
  }
})
`

/** The module that a thread runs. */
const ENTRY = new URL(`data:text/javascript,${encodeURIComponent(TEXT)}`)

/** Orders are large enough that handing them out costs nothing, and small enough that all threads end together. */
const ORDERS_PER_THREAD = 8
const LARGEST_ORDER = 64

/** How often progress is looked at, ms. */
const LOOK = 100

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
  testing: string, seeds: number | Iterable<number | string>, scenario: URL, workers: number, options: SimulateOptions,
): Promise<SimulateReport> {
  const { progress, shrink, core: _core, guard: _guard, pause: _pause, patience: _patience, ...settings } = options
  const field = new Field({ testing, scenario: scenario.href }, seeds, workers, settings)
  const looking = progress === undefined ? undefined : setInterval(() => progress(field.progress), LOOK)
  try {
    await field.run()
    const found = field.failure
    if (found === null) return field.report
    // The thread that has found it may be at other seeds by now: any will do, they are all the same.
    const smallest = shrink === 0 ? null : await field.shrink(found.seed, shrink)
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

type Answer =
  | { readonly report: SimulateReport }
  | { readonly failure: SimulationFailureDetails & { message: string, stack?: string }, readonly cause: Packed }
  | { readonly error: Packed }
type Packed = Extract<Parameters<typeof readOutcome>[0], { error: unknown }>['error']

class Field {
  failure: SimulationFailure | null = null
  #failedAt = Infinity
  #done = 0
  #virtualMs = 0
  #orders = 0
  #isExhausted = false
  readonly #place: { testing: string, scenario: string }
  readonly #seeds: Iterator<number | string>
  readonly #total: number | null
  readonly #most: number
  readonly #options: SimulateOptions
  readonly #size: number
  readonly #threads: Thread[] = []

  constructor(
    place: { testing: string, scenario: string }, seeds: number | Iterable<number | string>, workers: number,
    options: SimulateOptions) {
    this.#place = place
    this.#seeds = seedsOf(seeds)[Symbol.iterator]()
    this.#total = totalOf(seeds)
    const even = this.#total === null ? LARGEST_ORDER : Math.ceil(this.#total / (workers * ORDERS_PER_THREAD))
    this.#size = Math.max(1, Math.min(LARGEST_ORDER, even))
    this.#most = workers
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
        this.failure = failureFrom(answer)
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
    const thread = new Thread(this.#place)
    this.#threads.push(thread)
    return thread
  }
}

/** One thread, which works on one order at a time. */
class Thread {
  readonly #worker: Worker
  readonly #counter = new Int32Array(new SharedArrayBuffer(8))
  #seeds: readonly (number | string)[] = []
  #settle: { resolve: (answer: Answer) => void, reject: (error: unknown) => void } | null = null
  #ended: unknown = null

  constructor(place: { testing: string, scenario: string }) {
    this.#worker = new Worker(ENTRY, {
      workerData: { ...place, entry: THREAD_ENTRY, counter: this.#counter },
      // Threads inherit the flags, and refuse that of a program which was given on the command line.
      ...(process.execArgv.some((flag) => flag.startsWith('--input-type')) ? { execArgv: [] } : {}),
    })
    this.#worker.on('message', (answer: Answer) => this.#take()?.resolve(answer))
    this.#worker.on('messageerror', (error) => this.#end(error))
    this.#worker.on('error', (error) => {
      const why = (error as Partial<Error> | null)?.message ?? String(error)
      this.#end(new SimulationError(`A thread ended ${this.#where}: ${why}`, { cause: error }))
    })
    this.#worker.on('exit', () => this.#end(new SimulationError(
      `The scenario ended its thread, or waits for something that is not simulated, ${this.#where}.`)))
  }

  get isIdle(): boolean {
    return this.#settle === null && this.#ended === null
  }

  get done(): number {
    return this.#settle === null ? 0 : Atomics.load(this.#counter, 0)
  }

  get shrinking(): number {
    return Atomics.load(this.#counter, 1)
  }

  get #where(): string {
    const seeds = this.#seeds
    const present = seeds[this.done]
    if (present !== undefined) return `under seed ${String(present)}`
    return seeds.length === 1 ? `under seed ${String(seeds[0])}`
      : `under one of the seeds ${String(seeds[0])} to ${String(seeds.at(-1))}`
  }

  /** Fails with what a scenario cannot be run for at all. */
  async run(seeds: readonly (number | string)[], options: SimulateOptions): Promise<Answer> {
    if (this.#ended !== null) throw this.#ended
    this.#seeds = seeds
    Atomics.store(this.#counter, 0, 0)
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#worker.postMessage({ seeds, options })
    })
    if ('error' in answer) throw errorFrom(answer.error)
    return answer
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #take(): { resolve: (answer: Answer) => void, reject: (error: unknown) => void } | null {
    const settle = this.#settle
    this.#settle = null
    return settle
  }

  #end(why: unknown): void {
    const first = this.#ended ??= why
    this.#take()?.reject(first)
  }
}

function failureFrom(answer: Answer): SimulationFailure {
  const { failure, cause } = answer as Extract<Answer, { failure: unknown }>
  const { message, stack, seed, recipe, faults, trace, digest } = failure
  const details = { seed, recipe, faults, trace, digest, cause: errorFrom(cause) } as SimulationFailureDetails
  const error = new SimulationFailure(message, details)
  if (stack !== undefined) Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true })
  return error
}

function errorFrom(packed: Packed): unknown {
  const outcome = readOutcome({ error: packed }) as { error: unknown }
  const { error } = outcome
  if (error instanceof Error && error.stack !== undefined) {
    // The module of the thread is its own text: nothing to look at.
    Object.defineProperty(error, 'stack', {
      value: error.stack.replaceAll(ENTRY.href, 'a thread of simulate'), configurable: true, writable: true,
    })
  }
  return error
}
