/**
 * The run through chains of callbacks.
 *
 * Owns: levels and their order, taking results over from Deferreds and promises that callbacks return, and leaving
 * a Failure at the end. Must not know: pausing and cancelling, beyond the flags they set.
 * Source: `twisted.internet.defer.Deferred._runCallbacks`; SEMANTICS D01 to D21, D30.
 *
 * Nothing here recurses on the length or depth of chains. A chain is one flat array of levels:
 *
 *     _calls:  | callback 0 | errback 0 | callback 1 | errback 1 | …        _next: index of the next level's callback
 *
 * made with the first level and dropped when all have run. A place holds a function; undefined (pass through); FREE;
 * a {@link Bound} (a function with further arguments); or, in both places of its level, a {@link Receiver}, which
 * takes the result somewhere else. A Deferred is itself a receiver: so one that waits for another gets its result.
 */
import { AlreadyCalledError } from '../errors/defer.js'
import { runInContextOf } from './context.js'
import { debugging, noteFiring, storyOf } from './debug.js'
import { Deferred } from './deferred.js'
import { Failure, isFailure, toFailure } from './failure.js'
import { CALLED, CHAINED, CONTEXT, isIdle, RUNNING, SEEN, SUPPRESS, WATCHED } from './state.js'
import type { Receiver, Runnable } from './types.js'
import { unwatch, watch } from './unhandled.js'

/** A place in _calls that no level has taken yet. */
const FREE = Symbol('free')
/** Instead of a result: there is none yet. */
const WAITING = Symbol('waiting')

/** A callback with further arguments. */
export class Bound {
  readonly fn: Function
  readonly args: unknown[]

  constructor(fn: Function, args: unknown[]) {
    this.fn = fn
    this.args = args
  }
}

/**
 * Fires a Deferred from inside a receiver: gives it the result, and leaves the running to the run loop.
 *
 * @returns the Deferred if it is to run now. If it had fired before, `source` gets the error for that. @internal
 */
export function fireFrom(target: Deferred<any>, result: unknown, source: Deferred<any>): Deferred<any> | undefined {
  if ((target._state & CALLED) !== 0) {
    if ((target._state & SUPPRESS) !== 0) target._state &= ~SUPPRESS
    else source._result = new Failure(alreadyCalled(target))
    return undefined
  }
  return fireFresh(target, result)
}

/** Fires one that has not fired, and leaves the running to the run loop. @returns it, if it is to run now @internal */
export function fireFresh(target: Deferred<any>, result: unknown): Deferred<any> | undefined {
  target._state |= CALLED
  target._result = result
  if (debugging) {
    noteFiring(target)
    if (isFailure(result)) noteOrigin(target, result)
  }
  return toRun(target)
}

/** One that just got its result: itself if it may run; otherwise it is left with it. @internal */
export function toRun(deferred: Deferred<any>): Deferred<any> | undefined {
  if (isIdle(deferred._state)) return deferred
  if (isFailure(deferred._result)) leave(deferred)
  return undefined
}

/** Adds a level that takes the result elsewhere. @internal */
export function addReceiver(deferred: Deferred<any>, receiver: Receiver): void {
  if (isIdle(deferred._state)) add(deferred, receiver, receiver)
  else waitFor(deferred, receiver)
}

/**
 * Adds a receiver to a Deferred that has no final result. Runs nothing: one that is idle with levels left is on the
 * stack of a run loop, which comes back to it. @internal
 */
export function waitFor(deferred: Deferred<any>, receiver: Receiver): void {
  // As a rule it is the only level, and no room is kept for others.
  if (deferred._calls === undefined) deferred._calls = [receiver, receiver]
  else appendTo(deferred._calls, receiver, receiver)
}

/** Whether it has a final result that may be taken now: fired, and nothing runs, waits or is paused. @internal */
export function hasResult(deferred: Deferred<any>): boolean {
  return isIdle(deferred._state) && deferred._calls === undefined
}

/** Takes the result of a Deferred that {@link hasResult}; it goes on with undefined. @internal */
export function takeResult(deferred: Deferred<any>): unknown {
  const result = deferred._result
  deferred._result = undefined
  forget(deferred)
  return result
}

/** Makes a fired Deferred from a result or a Failure. @internal */
export function fired(result: unknown): Deferred<any> {
  const deferred = new Deferred<any>()
  deferred._state |= CALLED
  deferred._result = result
  if (debugging) noteFiring(deferred)
  if (isFailure(result)) {
    if (debugging) noteOrigin(deferred, result)
    start(deferred)
  }
  return deferred
}

/** True for what a chain waits for. @internal */
export function isThenable(value: object): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown }).then === 'function'
}

/** True for a Deferred. A proxy may throw when asked what it is: then it is none. @internal */
export function isDeferred(value: unknown): value is Deferred<any> {
  try {
    return value instanceof Deferred
  } catch {
    return false
  }
}

/** Adds one level; runs it, if nothing is in its way. */
export function add(deferred: Deferred<any>, callback: unknown, errback: unknown): Deferred<any> {
  if (isIdle(deferred._state)) addToIdle(deferred, callback, errback)
  else append(deferred, callback, errback)
  return deferred
}

function addToIdle(deferred: Deferred<any>, callback: unknown, errback: unknown): void {
  const handler = isFailure(deferred._result) ? errback : callback
  if (deferred._calls === undefined && (deferred._state & CONTEXT) === 0 && typeof handler === 'function') {
    runOnly(deferred, handler)
  } else {
    append(deferred, callback, errback)
    run(deferred)
  }
}

/** Runs a level that need not be kept: it is the only one there is, and its turn is now. */
function runOnly(deferred: Deferred<any>, handler: Function): void {
  forget(deferred)
  deferred._state |= RUNNING
  let result: unknown
  try {
    result = handler(deferred._result)
  } catch (error) {
    result = caught(deferred, error)
  }
  let failing = false
  if (typeof result === 'object' && result !== null) {
    result = resolve(deferred, result, 0, 0)
    if (result === WAITING) return
    failing = isFailure(result)
  }
  deferred._result = result
  // It may have added others.
  if (deferred._calls !== undefined) return run(deferred)
  deferred._state &= ~RUNNING
  if (failing) leave(deferred)
}

function append(deferred: Deferred<any>, callback: unknown, errback: unknown): void {
  const calls = deferred._calls
  if (calls === undefined) deferred._calls = makeCalls(callback, errback)
  else appendTo(calls, callback, errback)
}

/** Room for three levels: growing an array by its first push costs more, in time and memory. */
function makeCalls(callback: unknown, errback: unknown): unknown[] {
  return [callback, errback, FREE, FREE, FREE, FREE]
}

function appendTo(calls: unknown[], callback: unknown, errback: unknown): void {
  if (calls.length === 6 && calls[4] === FREE) {
    const level = calls[2] === FREE ? 2 : 4
    calls[level] = callback
    calls[level + 1] = errback
  } else {
    calls.push(callback, errback)
  }
}

/** A Deferred was just fired: run it, if it may run. */
export function start(deferred: Deferred<any>): void {
  if (deferred._state < CHAINED) run(deferred)
  else leaveHeld(deferred)
}

function leaveHeld(deferred: Deferred<any>): void {
  if (isFailure(deferred._result)) leave(deferred)
}

// Every firing goes through what follows, down to runLevels. It is kept small, so that a JIT inlines it: that makes a
// third of the time. Whatever is rarer has functions of its own further down.

/** Runs a Deferred that has its result, and every one that gets its result from it. */
export function run(first: Deferred<any>): void {
  const next = runLevels(first)
  if (next !== undefined) runOthers(first, next)
}

/** As {@link run}, for whatever there is to run. */
export function runAny(first: Runnable | undefined): void {
  if (first === undefined) return
  if (first instanceof Deferred) return run(first)
  const next = first.step()
  if (next !== undefined) runOthers(first, next)
}

/**
 * Runs levels of one Deferred until there are none left or it has to wait.
 *
 * @returns what is to run first, as a Deferred that got its result from this one; this one has not ended then
 */
function runLevels(deferred: Deferred<any>): Runnable | undefined {
  if ((deferred._state & CONTEXT) !== 0) return runInContextOf(deferred, runLevelsHere, deferred)
  return runLevelsHere(deferred)
}

function runLevelsHere(deferred: Deferred<any>): Runnable | undefined {
  const calls = deferred._calls
  let result = deferred._result
  let failing = isFailure(result)
  if (calls !== undefined) {
    const begin = deferred._next
    let next = begin
    deferred._state |= RUNNING
    while (next < calls.length) {
      const handler = failing ? calls[next + 1] : calls[next]
      next += 2
      if (typeof handler === 'function') {
        if (failing) forget(deferred)
        try {
          result = handler(result)
        } catch (error) {
          result = caught(deferred, error)
        }
      } else {
        if (handler === undefined) continue
        if (handler === FREE) break
        deferred._next = next
        const other = callOther(deferred, handler as Bound | Receiver, failing)
        if (other !== undefined) return other
        result = deferred._result
      }
      failing = false
      if (typeof result === 'object' && result !== null) {
        result = resolve(deferred, result, begin, next)
        if (result === WAITING) return undefined
        failing = isFailure(result)
      }
      deferred._result = result
    }
    dropCalls(deferred)
    deferred._state &= ~RUNNING
  }
  if (failing) leave(deferred)
  return undefined
}

/** Goes on with those that got their result from others: what received a result runs before its source goes on. */
function runOthers(source: Runnable, receiver: Runnable): void {
  const stack: Runnable[] = []
  let current = source
  let next: Runnable | undefined = receiver
  for (;;) {
    if (isToGoOn(current)) stack.push(current)
    current = next
    next = runOne(current)
    while (next === undefined) {
      const below = stack.pop()
      if (below === undefined) return
      // What is not marked as running may have been run, paused or chained by others in the meantime.
      if (below instanceof Deferred && (below._state & RUNNING) === 0 && !isIdle(below._state)) continue
      current = below
      next = runOne(current)
    }
  }
}

function runOne(runnable: Runnable): Runnable | undefined {
  return runnable instanceof Deferred ? runLevels(runnable) : runnable.step()
}

/** Whether something is left to do once what it gave to run has run. */
function isToGoOn(runnable: Runnable): boolean {
  if (!(runnable instanceof Deferred)) return !runnable.isOver
  if ((runnable._state & RUNNING) !== 0 || hasLevels(runnable)) return true
  dropCalls(runnable)
  return false
}

/** Calls what is no plain function; the result is then in the Deferred, or with the Deferred that is returned. */
function callOther(deferred: Deferred<any>, handler: Bound | Receiver, failing: boolean): Runnable | undefined {
  if (!(handler instanceof Bound)) return handler.receive(deferred, failing)
  if (failing) forget(deferred)
  try {
    deferred._result = handler.fn(deferred._result, ...handler.args)
  } catch (error) {
    deferred._result = caught(deferred, error)
  }
  return undefined
}

/**
 * What an object that a callback returned comes to: itself, or the result of the Deferred that it is; {@link WAITING}
 * if that has none yet.
 */
function resolve(deferred: Deferred<any>, object: object, begin: number, next: number): unknown {
  let wait: Deferred<any>
  try {
    // A proxy may throw when asked what it is: that must not leave the chain half-run.
    if (object instanceof Failure || !isThenable(object)) return object
    if (object === deferred) throw new TypeError('A callback returned the Deferred that it was added to.')
    wait = object instanceof Deferred ? object : Deferred.fromPromise(object)
  } catch (error) {
    return caught(deferred, error)
  }
  if (hasResult(wait)) return takeResult(wait)
  deferred._next = next
  deferred._result = wait
  deferred._state = (deferred._state & ~RUNNING) | CHAINED
  release(deferred, deferred._calls, begin)
  waitFor(wait, deferred)
  return WAITING
}

/** Whether levels are left to run. */
function hasLevels(deferred: Deferred<any>): boolean {
  const { _calls: calls, _next: next } = deferred
  return calls !== undefined && next < calls.length && calls[next] !== FREE
}

/** The chain came to its end. */
function dropCalls(deferred: Deferred<any>): void {
  deferred._calls = undefined
  deferred._next = 0
}

/** Lets go of the levels that have run, as a Deferred that waits may live long; costs no more than running them did. */
function release(deferred: Deferred<any>, calls: unknown[] | undefined, begin: number): void {
  const next = deferred._next
  if (calls === undefined || !hasLevels(deferred)) {
    dropCalls(deferred)
  } else if (next > 32 && next * 2 > calls.length) {
    calls.splice(0, next)
    deferred._next = 0
  } else {
    calls.fill(undefined, begin, next)
  }
}

/** The Failure for what a callback threw; the same one, if it threw what it had got. */
function caught(deferred: Deferred<any>, error: unknown): Failure {
  const before = deferred._result
  // A cancellation that nobody has looked at has no error yet, which is not to say that `undefined` was thrown again.
  if (error !== undefined && isFailure(before) && before._value === error) return before
  const failure = toFailure(error)
  if (debugging) noteOrigin(deferred, failure)
  return failure
}

/** The chain stands still with a Failure. */
export function leave(deferred: Deferred<any>): void {
  if ((deferred._state & (WATCHED | SEEN)) === 0) watch(deferred)
}

/** The Failure, if there was one, was taken by somebody or moved on. */
export function forget(deferred: Deferred<any>): void {
  if ((deferred._state & WATCHED) !== 0) unwatch(deferred)
  deferred._state &= ~SEEN
}

/** The Failure that it holds is somebody's to handle who did not take it. */
export function markSeen(deferred: Deferred<any>): void {
  forget(deferred)
  deferred._state |= SEEN
}

/** The error for a second firing. */
export function alreadyCalled(deferred: Deferred<any>): AlreadyCalledError {
  const story = storyOf(deferred)
  return new AlreadyCalledError(story && `This Deferred has been fired already.\n${story}`)
}

/** While debugging: the failure's story begins with its Deferred's. */
export function noteOrigin(deferred: Deferred<any>, failure: Failure): void {
  if (failure.origin === undefined && !Object.isFrozen(failure)) failure.origin = storyOf(deferred)
}
