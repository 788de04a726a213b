/**
 * One worker thread that runs seeds of a scenario.
 *
 * Owns: its life, and what crosses to it and back. Must not know: which seeds others get. It begins with a module of its
 * own, given as text, as those of threads.ts do, and calls `simulate` of the same module as its parent.
 */

import process from 'node:process'
import { Worker } from 'node:worker_threads'
import { SimulationError, SimulationFailure } from '../../src/errors/index.js'
import type { SimulationFailureDetails } from '../../src/errors/index.js'
import type { SimulateOptions, SimulateReport } from '../../src/testing/simulate/simulate.js'
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
  counter[2] = 1
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

/** What a thread made of an order. */
export type Answer =
  | { readonly report: SimulateReport }
  | { readonly overdue: number | string }
  | { readonly failure: SimulationFailureDetails & { message: string, stack?: string }, readonly cause: Packed }
  | { readonly error: Packed }
type Found = Extract<Answer, { failure: unknown }>
type Packed = Extract<Parameters<typeof readOutcome>[0], { error: unknown }>['error']

/** How often a thread is looked at while it works; ms, and a part of what it may take. */
const LOOK = 1_000
const PART = 8

/** One thread, which works on one order at a time. */
export class Thread {
  readonly #worker: Worker
  readonly #limit: number
  readonly #counter = new Int32Array(new SharedArrayBuffer(12))
  #seeds: readonly (number | string)[] = []
  #settle: { resolve: (answer: Answer) => void, reject: (error: unknown) => void } | null = null
  #ended: unknown = null

  /** @param limit ms that one run may take; a thread that takes longer is ended. Infinity: no such limit */
  constructor(place: { testing: string, scenario: string }, limit: number) {
    this.#limit = limit
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
  async run(seeds: readonly (number | string)[], options: SimulateOptions): Promise<Exclude<Answer, { error: unknown }>> {
    if (this.#ended !== null) throw this.#ended
    this.#seeds = seeds
    Atomics.store(this.#counter, 0, 0)
    const looking = this.#watch()
    try {
      const answer = await new Promise<Answer>((resolve, reject) => {
        this.#settle = { resolve, reject }
        this.#worker.postMessage({ seeds, options })
      })
      if ('error' in answer) throw errorFrom(answer.error)
      return answer
    } finally {
      clearInterval(looking)
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  /**
   * Ends the thread when a run takes too long: it may be in a loop without an end, and hear nothing. Counts how often it
   * was looked at in vain, and not the time: while the machine sleeps nobody gets any further.
   */
  #watch(): NodeJS.Timeout | undefined {
    if (this.#limit === Infinity) return undefined
    const every = Math.max(1, Math.min(LOOK, this.#limit / PART))
    let last = ''
    let vain = 0
    return setInterval(() => {
      const present = this.#counter.join()
      // A thread that has not begun is being loaded.
      vain = present === last && this.#counter[2] === 1 ? vain + 1 : 0
      last = present
      if (vain * every < this.#limit) return
      const overdue = this.#seeds[this.done] ?? this.#seeds.at(-1)!
      const settle = this.#take()
      this.#ended ??= new SimulationError(`A thread was ended that took more than ${this.#limit} ms ${this.#where}.`)
      void this.#worker.terminate()
      settle?.resolve({ overdue })
    }, every)
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

/** The failure that a thread has found, as it was there. */
export function failureFrom(answer: Found): SimulationFailure {
  const { failure, cause } = answer
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
