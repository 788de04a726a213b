/**
 * What the tests of Deferred share: a clock moved by hand, a log that is read, and garbage collection on demand.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Deferred } from '../../../src/defer/index.js'
import { Failure } from '../../../src/defer/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'

interface Call {
  due: number
  run: (() => void) | null
  isCancelled: boolean
}

/** Just enough of IReactorTime for addTimeout. */
export class HandClock {
  time = 0
  readonly calls: Call[] = []

  callLater(ms: number, fn: (...args: any[]) => unknown, ...args: any[]) {
    if (!(ms >= 0)) throw new RangeError('bad delay')
    const call: Call = { due: this.time + ms, run: () => void fn(...args), isCancelled: false }
    this.calls.push(call)
    return {
      getTime: () => call.due,
      active: () => call.run !== null,
      cancel: () => {
        if (call.run === null) throw new Error('not active')
        call.run = null
        call.isCancelled = true
      },
      reset: () => {},
      delay: () => {},
    }
  }

  advance(ms: number): void {
    this.time += ms
    for (const call of [...this.calls]) {
      const { run } = call
      if (run === null || call.due > this.time) continue
      call.run = null
      run()
    }
  }

  /** How many calls are still to come. */
  get active(): number {
    return this.calls.filter((call) => call.run !== null).length
  }
}

/** Adds an observer while `body` runs, which is given what it sees; the events it saw. */
export async function logged(body: (events: readonly LogEvent[]) => unknown): Promise<LogEvent[]> {
  const events: LogEvent[] = []
  const observer = (event: LogEvent): void => void events.push(event)
  logPublisher.addObserver(observer)
  try {
    await body(events)
  } finally {
    logPublisher.removeObserver(observer)
  }
  return events
}

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/**
 * Collects what is unreachable, and lets the finalization callbacks run: at least four times, and then, up to a hundred
 * times, until `isDone`. The engine may hold what was used last for a while, and calls back when it likes.
 */
export async function collect(isDone: () => boolean = () => true): Promise<void> {
  for (let round = 0; round < 4 || (round < 100 && !isDone()); round++) {
    await new Promise((resolve) => setImmediate(resolve))
    gc()
    await new Promise((resolve) => setImmediate(resolve))
    if (round >= 4) await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** The Failure that a Deferred holds now, taken from it. */
export function failureOf(deferred: Deferred<any>): Failure {
  let taken: unknown
  deferred.addErrback((failure) => void (taken = failure))
  if (!(taken instanceof Failure)) throw new Error(`no failure: ${deferred}`)
  return taken
}

/** The result that a Deferred holds now, taken from it. */
export function resultOf(deferred: Deferred<any>): unknown {
  const seen: unknown[] = []
  deferred.addCallback((value) => void seen.push(value))
  if (seen.length === 0) throw new Error(`no result: ${deferred}`)
  return seen[0]
}
