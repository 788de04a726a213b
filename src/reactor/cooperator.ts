/**
 * Cooperator: runs many iterators side by side, a step of each in turn, without keeping the host from its events.
 *
 * Owns: whose turn it is, and when a tick has lasted long enough. Must not know: what the iterators do; a task's own
 * state is in cooperative-task.ts. Source: twisted.internet.task.Cooperator; SEMANTICS T13, T14.
 */

import { Deferred } from '../defer/index.js'
import { SchedulerStopped } from '../errors/index.js'
import type { IDelayedCall, IReactorTime } from '../interfaces/time.js'
import { CooperativeTask } from './cooperative-task.js'

/** How long a tick lasts, ms of the clock, where nothing else was asked for. Twisted's is the same 10 ms. */
const TICK = 10
/** Steps of a tick at most, so that one ends on a clock that stands still, too. */
const TICK_STEPS = 10_000

/** Options of a {@link Cooperator}. */
export interface CooperatorOptions {
  /** Has `run` called once, later; the default is the clock's `callLater(0, run)`. */
  scheduler?: (run: () => void) => Pick<IDelayedCall, 'cancel'>
  /** Whose time is meant; may be left out if there is a scheduler. */
  clock?: IReactorTime | null
  /** Called at the start of a tick; what it returns is asked after every step whether the tick is over. */
  terminationPredicateFactory?: () => () => boolean
  /** Whether tasks run before `start` is called; true if not given. */
  started?: boolean
}

/**
 * A scheduler of iterators.
 *
 * @example
 * const cooperator = new Cooperator({ clock: reactor })
 * cooperator.cooperate(function* () {
 *   for (const file of files) yield upload(file)
 * }())
 */
export class Cooperator {
  /** Whose time is meant. */
  clock: IReactorTime | null
  readonly #scheduler: CooperatorOptions['scheduler']
  readonly #makePredicate: () => () => boolean
  readonly #tasks = new Set<CooperativeTask>()
  /** Goes through the tasks; a set's iterator also meets those added on the way. */
  #round: Iterator<CooperativeTask> = this.#tasks.values()
  #scheduled: Pick<IDelayedCall, 'cancel'> | null = null
  #isStarted = false
  #isStopped = false

  /** @throws TypeError if it is to be started, and has neither a clock nor a scheduler */
  constructor(options: CooperatorOptions = {}) {
    this.clock = options.clock ?? null
    this.#scheduler = options.scheduler
    this.#makePredicate = options.terminationPredicateFactory ?? (() => this.#tickPredicate())
    if (options.started !== false) this.start()
  }

  /** Whether tasks are being run. */
  get running(): boolean {
    return this.#isStarted && !this.#isStopped
  }

  /** Adds an iterator, of which every step is then called in turn with others; a step that yields a Deferred waits. */
  cooperate(iterator: Iterator<unknown> | Iterable<unknown>): CooperativeTask {
    return new CooperativeTask(iterator, this)
  }

  /**
   * As {@link cooperate}, and gives the Deferred of its end: fires with the iterator, or fails with what it threw.
   * Cancelling it stops the task.
   */
  coiterate(iterator: Iterator<unknown> | Iterable<unknown>): Deferred<Iterator<unknown>> {
    const task = this.cooperate(iterator)
    const done = new Deferred<Iterator<unknown>>(() => task.abandon(done))
    task.tell(done)
    return done
  }

  /** Begins, or begins again after `stop`. @throws TypeError with neither a clock nor a scheduler */
  start(): void {
    this.#needScheduler()
    this.#isStopped = false
    this.#isStarted = true
    this.#schedule()
  }

  /** Ends all tasks, and those that are added later, with SchedulerStopped. */
  stop(): void {
    this.#isStopped = true
    for (const task of [...this.#tasks]) task.end(new SchedulerStopped())
    this.#tasks.clear()
    this.#unschedule()
  }

  /** A task is to take part. @internal */
  add(task: CooperativeTask): void {
    if (this.#isStopped) {
      task.end(new SchedulerStopped())
      return
    }
    this.#tasks.add(task)
    this.#schedule()
  }

  /** A task ended or was paused. @internal */
  remove(task: CooperativeTask): void {
    this.#tasks.delete(task)
    if (this.#tasks.size === 0) this.#unschedule()
  }

  #tick = (): void => {
    this.#scheduled = null
    try {
      const isOver = this.#makePredicate()
      while (this.#tasks.size > 0) {
        const next = this.#round.next()
        if (next.done === true) {
          this.#round = this.#tasks.values()
          continue
        }
        next.value.step()
        if (isOver()) break
      }
    } finally {
      this.#schedule()
    }
  }

  #schedule(): void {
    if (!this.running || this.#scheduled !== null || this.#tasks.size === 0) return
    const scheduler = this.#scheduler
    this.#scheduled = scheduler === undefined ? this.#needScheduler().callLater(0, this.#tick) : scheduler(this.#tick)
  }

  #unschedule(): void {
    this.#scheduled?.cancel()
    this.#scheduled = null
  }

  /** The clock, which is only missing if there is a scheduler. */
  #needScheduler(): IReactorTime {
    if (this.clock === null && this.#scheduler === undefined) {
      throw new TypeError('a Cooperator needs its `clock` set to a reactor or Clock')
    }
    return this.clock as IReactorTime
  }

  #tickPredicate(): () => boolean {
    const { clock } = this
    const end = clock === null ? 0 : clock.now() + TICK
    let steps = 0
    return () => ++steps >= TICK_STEPS || (clock !== null && clock.now() >= end)
  }
}

const cooperators = new WeakMap<IReactorTime, Cooperator>()

/** The one cooperator of a clock, for those that need none of their own. @internal */
export function cooperatorOf(clock: IReactorTime | undefined): Cooperator {
  if (typeof clock !== 'object' || clock === null) {
    throw new TypeError('cooperate() needs its `clock` given: a reactor or Clock')
  }
  let cooperator = cooperators.get(clock)
  if (cooperator === undefined) cooperators.set(clock, (cooperator = new Cooperator({ clock })))
  return cooperator
}

/** Runs an iterator beside others, on the cooperator that all users of this clock share. See {@link Cooperator}. */
export function cooperate(iterator: Iterator<unknown> | Iterable<unknown>, clock: IReactorTime): CooperativeTask {
  return cooperatorOf(clock).cooperate(iterator)
}

/** Runs an iterator beside others, and gives the Deferred of its end. See {@link Cooperator}. */
export function coiterate(
  iterator: Iterator<unknown> | Iterable<unknown>, clock: IReactorTime): Deferred<Iterator<unknown>> {
  return cooperatorOf(clock).coiterate(iterator)
}
