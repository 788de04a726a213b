/**
 * CooperativeTask: one iterator that a Cooperator runs.
 *
 * Owns: its state, and who waits for its end. Must not know: when its steps come. Source:
 * twisted.internet.task.CooperativeTask; SEMANTICS T13, T14. Beyond Twisted, an iterator that is given up is told so
 * with `return()`, so that a generator's `finally` blocks run, yields in them included; and a failure that nobody waits
 * for is reported.
 *
 *   running ◄──► paused (as often as asked, and while a yielded Deferred is waited for)
 *      └──► done | failed | stopped
 */

import { bindContext, Deferred, fail, Failure, maybeDeferred } from '../defer/index.js'
import { NotPaused, TaskDone, TaskFailed, TaskStopped } from '../errors/index.js'
import type { WhorlError } from '../errors/index.js'
import { Logger } from '../logger/index.js'

const log = new Logger('whorl.cooperator')

/** Steps, between two waits, that an iterator may take to return when it is given up. */
const PUT_AWAY_STEPS = 10_000

/** Who runs tasks. @internal */
export interface TaskOwner {
  add(task: CooperativeTask): void
  remove(task: CooperativeTask): void
}

/** Handle of an iterator that runs beside others. */
export class CooperativeTask {
  readonly #iterator: Iterator<unknown>
  readonly #owner: TaskOwner
  readonly #next: () => IteratorResult<unknown>
  #waiting: Deferred<Iterator<unknown>>[] = []
  #pauses = 0
  #isStepping = false
  /** For what it yielded; one of the pauses is for that. */
  #isWaiting = false
  /** Why it does nothing any more. */
  #end: WhorlError | null = null
  /** What those who wait are told: the iterator, or a Failure. */
  #result: Iterator<unknown> | Failure | null = null
  /** Holds a failure that nobody has asked for, so that it is reported if nobody ever does. */
  #unclaimed: Deferred<never> | null = null

  /** @internal Made by `cooperate`. @throws TypeError for what is no iterator */
  constructor(iterator: Iterator<unknown> | Iterable<unknown>, owner: TaskOwner) {
    this.#iterator = toIterator(iterator)
    this.#owner = owner
    this.#next = bindContext(() => this.#iterator.next())
    owner.add(this)
  }

  /** Fires with the iterator at its end; fails with what it threw, with TaskStopped, or with SchedulerStopped. */
  whenDone(): Deferred<Iterator<unknown>> {
    const done = new Deferred<Iterator<unknown>>()
    this.tell(done)
    return done
  }

  /**
   * No more steps until {@link resume}, as often as it was called.
   * @throws TaskDone, TaskFailed, TaskStopped, SchedulerStopped
   */
  pause(): void {
    this.#requireRunning()
    if (++this.#pauses === 1) this.#owner.remove(this)
  }

  /** Takes one {@link pause} back. @throws NotPaused */
  resume(): void {
    // The pause of one that waits is not its user's to take back.
    if (this.#pauses === (this.#isWaiting ? 1 : 0)) throw new NotPaused('This task is not paused.')
    if (--this.#pauses === 0 && this.#end === null) this.#owner.add(this)
  }

  /** No more steps, ever. @throws TaskDone, TaskFailed, TaskStopped, SchedulerStopped */
  stop(): void {
    this.#requireRunning()
    this.end(new TaskStopped())
  }

  /** One step of the iterator. @internal */
  step(): void {
    let isDone: boolean
    let value: unknown
    let isWaiting = false
    this.#isStepping = true
    try {
      const result = this.#next()
      isDone = result.done === true
      value = isDone ? undefined : result.value
      isWaiting = isThenable(value)
    } catch (error) {
      this.#isStepping = false
      this.#fail(new Failure(error))
      return
    }
    this.#isStepping = false
    if (this.#end !== null) {
      // Stopped from inside the step.
      if (!isDone) this.#giveUp()
      return
    }
    if (isDone) this.#finish(new TaskDone(), this.#iterator)
    else if (isWaiting) this.#waitFor(value)
  }

  /** Ends it for a reason of somebody else's. @internal */
  end(reason: WhorlError): void {
    if (this.#end !== null) return
    this.#finish(reason, new Failure(reason))
    if (!this.#isStepping) this.#giveUp()
  }

  /** Fires `done` at the end. @internal */
  tell(done: Deferred<Iterator<unknown>>): void {
    const result = this.#result
    if (result === null) {
      this.#waiting.push(done)
      return
    }
    this.#unclaimed?.addErrback(() => undefined)
    this.#unclaimed = null
    done.callback(result)
  }

  /** The one who asked for `done` wants no more. @internal */
  abandon(done: Deferred<Iterator<unknown>>): void {
    this.#waiting = this.#waiting.filter((other) => other !== done)
    this.end(new TaskStopped())
  }

  #waitFor(value: unknown): void {
    this.pause()
    this.#isWaiting = true
    maybeDeferred(() => value).addCallbacks(
      () => {
        this.#isWaiting = false
        this.resume()
      },
      (failure) => {
        this.#isWaiting = false
        // Of one that was stopped meanwhile, it is somebody else's.
        if (this.#end !== null) return failure
        this.#fail(failure)
        this.#giveUp()
        return undefined
      },
    )
  }

  #fail(failure: Failure): void {
    if (this.#end !== null) {
      // It was stopped from inside the step that threw.
      fail(failure)
      return
    }
    if (this.#waiting.length === 0) this.#unclaimed = fail(failure)
    this.#finish(new TaskFailed(undefined, { cause: failure.value }), failure)
  }

  #finish(end: WhorlError, result: Iterator<unknown> | Failure): void {
    this.#end = end
    this.#result = result
    if (this.#pauses === 0) this.#owner.remove(this)
    const waiting = this.#waiting
    this.#waiting = []
    for (const done of waiting) if (!done.called) done.callback(result)
  }

  /**
   * The iterator may have something to put away: it is told to return, and what it yields on the way is waited for.
   * The steps of that come at once, not in turn with those of others: nobody may be left to take turns.
   */
  #giveUp(): void {
    try {
      this.#putAway(this.#iterator.return?.())
    } catch (error) {
      logGivenUp(new Failure(error))
    }
  }

  #putAway(step: IteratorResult<unknown> | undefined): void {
    let steps = 0
    // An iterator that is no generator may answer anything; only a plain no is one.
    while (step?.done === false) {
      const { value } = step
      if (isThenable(value)) {
        maybeDeferred(() => value)
          .addErrback(logGivenUp)
          .addCallback(() => this.#putAway(this.#next()))
          .addErrback(logGivenUp)
        return
      }
      if (++steps > PUT_AWAY_STEPS) throw new RangeError(`It yielded ${PUT_AWAY_STEPS} times instead of returning.`)
      step = this.#next()
    }
  }

  #requireRunning(): void {
    if (this.#end !== null) throw this.#end
  }
}

function logGivenUp(failure: Failure): void {
  log.failure('An iterator failed when it was given up.', failure)
}

function toIterator(value: Iterator<unknown> | Iterable<unknown>): Iterator<unknown> {
  if (typeof value === 'object' && value !== null) {
    if (typeof (value as Partial<Iterator<unknown>>).next === 'function') return value as Iterator<unknown>
    if (typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function') {
      return (value as Iterable<unknown>)[Symbol.iterator]()
    }
  }
  throw new TypeError('cooperate() takes an iterator, as a generator makes one')
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
