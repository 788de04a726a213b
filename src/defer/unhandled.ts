/**
 * Failures that no errback took.
 *
 * Owns: the register of Deferreds whose chain ended in a Failure, and the policy for those that nobody picks up.
 * Asked at two moments: at the end of the turn, promise jobs included (if a policy wants it), and when the Deferred
 * was collected, or the program ends.
 * Must not know: how a Deferred runs. Source: `DebugInfo.__del__` of `twisted.internet.defer`.
 *
 * Most Failures are taken right after they came up, and registering is dear. So what is left is first noted in a short
 * list, and registered when the job that is running ends (a microtask), or the list is full; only that long is it
 * kept alive from here.
 */
import { Logger } from '../logger/logger.js'
import type { Deferred } from './deferred.js'
import type { Failure } from './failure.js'
import { REGISTERED, SEEN, WATCHED } from './state.js'

/**
 * What becomes of a Failure that nobody handled.
 *
 * - `'log'`: logged at critical level once its Deferred was collected, or the program ends.
 * - `'throw'`: its error is thrown at the end of the turn that left it, into the host, which as a rule ends there;
 *   logged if the program ends first.
 * - a function: called at the end of the turn with the Failure and its Deferred, and, if nobody takes it after that,
 *   again at collection or at the end of the program, without a Deferred.
 */
export type UnhandledPolicy = 'log' | 'throw' | ((failure: Failure, deferred: Deferred<any> | undefined) => void)

/** Left in this turn, with the promise jobs it left; weak, as a program may run without a reactor that ends turns. */
interface Left {
  readonly deferred: Pick<WeakRef<Deferred<any>>, 'deref'>
  readonly failure: Failure
}

/** In the place of a weak reference where turns are sure to end: engines keep what those lead to for long, too. */
class Held {
  readonly #deferred: Deferred<any>

  constructor(deferred: Deferred<any>) {
    this.#deferred = deferred
  }

  deref(): Deferred<any> {
    return this.#deferred
  }
}

/** A Deferred that the collector is to tell of. Must not lead to it. */
interface Registration {
  readonly failure: Failure
}

/** From this many on, those left in one turn that somebody took meanwhile are let go before it ends. */
const MANY_LEFT = 1024
/** Promise jobs that a turn may take to look at its Failures, where no host tells when it ended. */
const JOBS = 16
/** Noted at most, before they are registered. */
const MAX_NOTED = 256

const log = new Logger('whorl.defer')

let policy: UnhandledPolicy = 'log'
let callAtTurnEnd = afterSomeJobs
let callAtProgramEnd: ((fn: () => void) => void) | undefined
let isProgramEndAwaited = false
let areTurnsSure = false
let registry: FinalizationRegistry<Registration> | undefined
/** All that are registered, in the order they were: when the program ends, nobody collects them any more. */
const registrations = new Set<Registration>()
const registrationOf = new WeakMap<Deferred<any>, Registration>()
let noted: Deferred<any>[] = []
let left: Left[] = []
let sweepAt = MANY_LEFT

/** Sets what becomes of Failures that nobody handled; returns what was set before. */
export function setUnhandledPolicy(next: UnhandledPolicy): UnhandledPolicy {
  if (next !== 'log' && next !== 'throw' && typeof next !== 'function') {
    throw new TypeError(`The policy is 'log', 'throw' or a function, not ${String(next)}.`)
  }
  const previous = policy
  policy = next
  if (next === 'log') left = []
  return previous
}

/** From now on `deferred` is left with the Failure that it holds. @internal */
export function watch(deferred: Deferred<any>): void {
  deferred._state |= WATCHED
  if (noted.push(deferred) === 1) {
    void Promise.resolve().then(register)
    if (!isProgramEndAwaited) awaitProgramEnd()
  } else if (noted.length >= MAX_NOTED) {
    register()
  }
  if (policy === 'log') return
  const reference = areTurnsSure ? new Held(deferred) : new WeakRef(deferred)
  if (left.push({ deferred: reference, failure: deferred._result as Failure }) === 1) {
    callAtTurnEnd(endTurn)
  } else if (left.length >= sweepAt) {
    left = left.filter((one) => stillLeft(one) !== undefined)
    sweepAt = Math.max(MANY_LEFT, left.length * 2)
  }
}

/**
 * For a binding: how to call something when the code that runs now is done, with all promise jobs that come of it.
 * Not before those: what is awaited in the same turn is looked at by a promise job.
 *
 * @param areSure `endTurn` is called soon, whatever happens
 * @returns what was set before @internal
 */
export function setTurnEnd(
  schedule: (fn: () => void) => void = afterSomeJobs, areSure = false): (fn: () => void) => void {
  const previous = callAtTurnEnd
  areTurnsSure = areSure
  callAtTurnEnd = schedule
  return previous
}

/**
 * For a binding: how to have something called when the program ends, in whatever way. Asked at the first Failure that
 * is left, and never again. What it calls has done all when it returns. @internal
 */
export function setProgramEnd(subscribe?: (fn: () => void) => void): void {
  callAtProgramEnd = subscribe
  isProgramEndAwaited = false
}

function awaitProgramEnd(): void {
  isProgramEndAwaited = true
  callAtProgramEnd?.(endProgram)
}

/** Without a host only promise jobs are there to wait with: so many of them, one after the other. */
function afterSomeJobs(fn: () => void): void {
  let job = Promise.resolve()
  for (let i = 0; i < JOBS; i++) job = job.then(nothing)
  void job.then(fn)
}

function nothing(): void {}

/** Somebody took the Failure of `deferred`. @internal */
export function unwatch(deferred: Deferred<any>): void {
  if ((deferred._state & REGISTERED) !== 0) unregister(deferred)
  deferred._state &= ~(WATCHED | REGISTERED)
}

function unregister(deferred: Deferred<any>): void {
  const registration = registrationOf.get(deferred)!
  registry!.unregister(registration)
  registrations.delete(registration)
  registrationOf.delete(deferred)
}

/**
 * At the end of a turn: asks the policy about what it left unhandled.
 *
 * @throws the error of the first such Failure under the policy `'throw'`; the others are logged. @internal
 */
export function endTurn(): void {
  if (left.length === 0) return
  const batch = left
  left = []
  const thrown: Failure[] = []
  for (const one of batch) {
    const deferred = stillLeft(one)
    if (deferred === undefined) continue
    const { failure } = one
    if (policy === 'throw') {
      unwatch(deferred)
      deferred._state |= SEEN
      thrown.push(failure)
    } else if (typeof policy === 'function') {
      ask(policy, failure, deferred)
    }
  }
  if (thrown.length === 0) return
  for (const failure of thrown.slice(1)) logUnhandled(failure)
  throw thrown[0].value
}

/** The Deferred, if it still holds the Failure that it was left with. */
function stillLeft({ deferred: reference, failure }: Left): Deferred<any> | undefined {
  const deferred = reference.deref()
  return deferred !== undefined && (deferred._state & WATCHED) !== 0 && deferred._result === failure
    ? deferred : undefined
}

/** Whether a Deferred still holds the Failure that it was left with, and nobody has taken it. @internal */
export function isLeftWith(deferred: Deferred<any>, failure: Failure): boolean {
  return (deferred._state & WATCHED) !== 0 && deferred._result === failure
}

/** At the end of the program: reports what nobody took. Nothing waits any more, so `'throw'` logs as well. */
function endProgram(): void {
  if (typeof policy === 'function') endTurn()
  register()
  // Not those that a log observer or the policy leaves meanwhile: that might have no end.
  for (const registration of [...registrations]) {
    registrations.delete(registration)
    registry!.unregister(registration)
    if (typeof policy === 'function') ask(policy, registration.failure, undefined)
    else logUnhandled(registration.failure)
  }
}

/** Registers those noted that are still left with a Failure. */
function register(): void {
  const batch = noted
  noted = []
  // Hosts without the registry (isolates with weak references switched off) still have the end of the turn.
  if (typeof FinalizationRegistry !== 'function') return
  registry ??= new FinalizationRegistry(reportCollected)
  for (const deferred of batch) {
    if ((deferred._state & (WATCHED | REGISTERED)) !== WATCHED) continue
    const failure = deferred._result as Failure
    // Until an error's stack is read, V8 keeps the frames with their `this`: the Deferred would hold itself.
    failure.settleStack()
    deferred._state |= REGISTERED
    const registration = { failure }
    registrations.add(registration)
    registrationOf.set(deferred, registration)
    registry.register(deferred, registration, registration)
  }
}

/** The register's answer: a Deferred was collected while it still held a Failure. */
function reportCollected(registration: Registration): void {
  registrations.delete(registration)
  const { failure } = registration
  if (policy === 'throw') throw failure.value
  if (typeof policy === 'function') ask(policy, failure, undefined)
  else logUnhandled(failure)
}

function ask(judge: Exclude<UnhandledPolicy, string>, failure: Failure, deferred: Deferred<any> | undefined): void {
  try {
    judge(failure, deferred)
  } catch (error) {
    // The policy's own error must not hide the Failure it was asked about.
    log.critical('The policy for unhandled failures threw an error.', { error })
    logUnhandled(failure)
  }
}

function logUnhandled(failure: Failure): void {
  log.failure('Unhandled error in a Deferred.', failure)
}
