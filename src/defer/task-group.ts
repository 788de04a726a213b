/**
 * taskGroup: functions that run side by side, none of which outlives the block that started them.
 *
 * Owns: who still runs, and what the first failure does to the others. Must not know: what they do.
 * Source: nurseries of trio and `asyncio.TaskGroup`; here over Deferreds, with native promises as guests.
 *
 *   open ──(a failure, or cancelled)──► ending ──(all are done)──► closed
 *     └───────────────────(all are done)───────────────────────────► closed
 *
 * A Deferred is cancelled; a native promise cannot be, so its function is told by `group.signal`, and waited for.
 */
import { CancelledError, FailureGroup } from '../errors/defer.js'
import { TaskGroupClosed } from '../errors/control.js'
import { newAbortController } from './abort-controller.js'
import { abortFor, cancelOnAbort } from './abort.js'
import { cancelledFailure, CancelRound } from './cancel.js'
import { Deferred } from './deferred.js'
import { describe } from './describe.js'
import { Failure, isFailure, toFailure } from './failure.js'
import { fail } from './make.js'
import { addReceiver, fired, fireFrom, isThenable, markSeen, runAny } from './run.js'
import { SEEN } from './state.js'
import type { Receiver, Runnable, Settled, Waiter, Work } from './types.js'

/** What a group is made with. */
export interface TaskGroupOptions {
  /** Cancels the group when it aborts. */
  signal?: AbortSignal
}

/** What the body of a {@link taskGroup} starts others with. */
export interface TaskGroup {
  /** Aborted once the group is ending: for what cannot be cancelled in another way. */
  readonly signal: AbortSignal
  /** How many run, the body included. */
  readonly size: number
  /**
   * Calls a function at once, as one of the group.
   *
   * @returns its result; what is added here runs before the group ends. A failure is the group's to report, whether
   *   or not anybody looks here
   * @throws CancelledError if the group is ending; TaskGroupClosed if it has ended
   */
  start<U, A extends unknown[]>(fn: (...args: A) => U, ...args: A): Deferred<Settled<U>>
  /** Cancels all that run; the group then fails with CancelledError. */
  cancel(): void
}

/**
 * Calls `body` with a group, and fires with its result once it and everything that it started are done.
 *
 * The first failure cancels all others. When they have ended, the Deferred fails with a FailureGroup of everything
 * that failed, in the order it did; what ended as cancelled is no failure. Cancelling the Deferred cancels all, and it
 * fails with CancelledError once they have ended.
 *
 * @example
 * const sizes = await taskGroup(async (group) => {
 *   const all = urls.map((url) => group.start(sizeOf, url))
 *   return gatherResults(all)
 * })
 */
export function taskGroup<U>(body: (group: TaskGroup) => U, options: TaskGroupOptions = {}): Deferred<Settled<U>> {
  if (typeof body !== 'function') throw new TypeError(`taskGroup() takes a function, not ${describe(body)}.`)
  if (options.signal?.aborted === true) return fail(new CancelledError())
  const group = new Group()
  group.begin(body)
  return cancelOnAbort(options.signal, group.whole) as Deferred<any>
}

class Group implements TaskGroup, Waiter {
  /** Fires when all are done. */
  readonly whole = new Deferred<any>()
  /** Never set: to cancel the group is to cancel its members. */
  readonly waitingFor = undefined
  /** Those that can be cancelled. */
  readonly #members = new Set<Deferred<any>>()
  #running = 0
  #isEnding = false
  #isClosed = false
  /** By somebody, not by a failure of its own. */
  #isCancelled = false
  readonly #failures: Failure[] = []
  #result: unknown = undefined
  #controller: AbortController | undefined = undefined

  constructor() {
    this.whole._canceller = this
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = newAbortController()
      if (this.#isEnding) this.#controller.abort()
    }
    return this.#controller.signal
  }

  get size(): number {
    return this.#running
  }

  start<U, A extends unknown[]>(fn: (...args: A) => U, ...args: A): Deferred<Settled<U>> {
    if (typeof fn !== 'function') throw new TypeError(`start() takes a function, not ${describe(fn)}.`)
    if (this.#isClosed) throw new TaskGroupClosed()
    if (this.#isEnding) throw new CancelledError('The task group is ending.')
    return this.#follow(() => fn(...args), false)
  }

  begin(body: (group: TaskGroup) => unknown): void {
    this.#follow(() => body(this), true)
  }

  cancel(): void {
    runAny(this.cancelAtWork())
  }

  /** The Deferred of the group was cancelled. */
  cancelAtWork(): Work | undefined {
    this.#isCancelled = true
    return this.#isEnding ? undefined : this.#end(() => undefined)
  }

  /** A member is done. @returns the cancelling of the others, or the group's Deferred if that has its result now */
  ended(member: Deferred<any>, outcome: unknown, isBody: boolean): Runnable | undefined {
    this.#members.delete(member)
    if (isFailure(outcome)) this.#note(outcome, isBody)
    else if (isBody) this.#result = outcome
    const mustEnd = isFailure(outcome) && !this.#isEnding && (isBody || !isCancellation(outcome))
    return mustEnd ? this.#end(() => this.#left(member)) : this.#left(member)
  }

  /** @returns the group's Deferred, if this was the last */
  #left(member: Deferred<any>): Deferred<any> | undefined {
    if (--this.#running > 0) return undefined
    this.#isClosed = true
    return fireFrom(this.whole, this.#outcome(), member)
  }

  #follow(call: () => unknown, isBody: boolean): Deferred<any> {
    this.#running++
    let result: unknown
    try {
      result = call()
      if (result === this.whole) throw new TypeError('A task group cannot wait for itself.')
      if (typeof result === 'object' && result !== null && !(result instanceof Deferred) && isThenable(result)) {
        return this.#followPromise(result, isBody)
      }
    } catch (error) {
      result = toFailure(error)
    }
    const member = result instanceof Deferred ? result : fired(result)
    this.#members.add(member)
    const membership = new Membership(this, member, isBody)
    // Twice: what is added to the view runs before the group hears of it.
    addReceiver(member, membership)
    addReceiver(member, membership)
    // It may have ended the group while it was being called.
    if (this.#isEnding && this.#members.has(member)) runAny(new CancelRound([member], () => undefined))
    return membership.view
  }

  #followPromise(promise: PromiseLike<unknown>, isBody: boolean): Deferred<any> {
    const view = new Deferred<any>()
    const settle = (outcome: unknown): void => {
      if (!view.called) {
        // A failure is the group's to report.
        if (isFailure(outcome)) view._state |= SEEN
        try {
          view.callback(outcome)
        } catch (error) {
          // Refused: it is a thenable only since the promise got it.
          outcome = toFailure(error)
          view._state |= SEEN
          view.errback(outcome)
        }
      }
      runAny(this.ended(view, outcome, isBody))
    }
    Promise.resolve(promise).then(settle, (error: unknown) => settle(toFailure(error)))
    return view
  }

  #note(failure: Failure, isBody: boolean): void {
    if (!isCancellation(failure)) this.#failures.push(failure)
    else if (isBody && !this.#isEnding) this.#isCancelled = true
  }

  /** Cancels all that run; `last` is called after that. */
  #end(last: () => Runnable | undefined): Work {
    this.#isEnding = true
    // What waits for the signal first, as it is told first.
    const told = this.#controller === undefined ? [] : abortFor(this.#controller)
    return new CancelRound(told, () => new CancelRound([...this.#members], last))
  }

  #outcome(): unknown {
    const failures = this.#failures
    if (failures.length > 0) {
      const first = failures[0].getErrorMessage()
      return new Failure(new FailureGroup(failures, `${failures.length} of a task group failed, first: ${first}`))
    }
    return this.#isCancelled ? cancelledFailure() : this.#result
  }
}

/** In the chain of a member: hands its result to what `start` returned, then tells the group. */
class Membership implements Receiver, Waiter {
  /** What `start` returned; to cancel it is to cancel the member. */
  readonly view = new Deferred<any>()
  waitingFor: Deferred<any> | undefined
  readonly #group: Group
  readonly #isBody: boolean
  #outcome: unknown = undefined

  constructor(group: Group, member: Deferred<any>, isBody: boolean) {
    this.#group = group
    this.#isBody = isBody
    this.waitingFor = member
    this.view._canceller = this
  }

  receive(source: Deferred<any>, failing: boolean): Runnable | undefined {
    const { view } = this
    if (this.waitingFor === undefined) return this.#group.ended(source, this.#outcome, this.#isBody)
    this.waitingFor = undefined
    this.#outcome = source._result
    // A failure is the group's to report.
    if (failing) markSeen(source)
    if (view.called) return undefined
    if (failing) view._state |= SEEN
    return fireFrom(view, this.#outcome, source)
  }

  cancelAtWork(): undefined {}
}

function isCancellation(failure: Failure): boolean {
  return failure.check(CancelledError) !== null
}
