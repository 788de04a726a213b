/**
 * AbortSignal and Deferred: a signal that cancels one, and one whose cancelling aborts a signal.
 *
 * Owns: at most one listener on each signal, gone once every Deferred it would cancel has its result: signals may
 * live as long as the program. Must not know: who offers the signal.
 */
import { Logger } from '../logger/logger.js'
import { newAbortController } from './abort-controller.js'
import { cancelParts } from './cancel.js'
import { Deferred } from './deferred.js'
import { describe } from './describe.js'
import { Failure } from './failure.js'
import { maybeDeferred } from './make.js'
import { addReceiver, fireFrom, hasResult, isDeferred, takeResult } from './run.js'
import type { Receiver, Runnable, Settled, Waiter, Work } from './types.js'

const log = new Logger('whorl.defer')

/** Those that one signal cancels, in the order they came. */
interface Watch {
  readonly deferreds: Set<Deferred<any>>
  readonly listener: () => void
}

const watches = new WeakMap<AbortSignal, Watch>()

/** A signal that is being aborted by {@link abortFor}, and whom it cancels. */
interface Aborting {
  readonly signal: AbortSignal
  deferreds: readonly Deferred<any>[]
}

let aborting: Aborting | undefined

/**
 * Cancels `deferred` when `signal` aborts, or at once if it has; returns `deferred`.
 *
 * Covers the callbacks added so far. An error of the canceller is logged: nobody calls who could be told.
 *
 * @param signal undefined: nothing is done
 */
export function cancelOnAbort<T>(signal: AbortSignal | undefined, deferred: Deferred<T>): Deferred<T> {
  if (!isDeferred(deferred)) throw new TypeError(`cancelOnAbort() takes a Deferred, not ${describe(deferred)}.`)
  checkSignal(signal)
  if (signal === undefined || hasResult(deferred)) return deferred
  if (signal.aborted) {
    cancel(deferred)
    return deferred
  }
  const watch = watches.get(signal) ?? watchSignal(signal)
  if (watch.deferreds.has(deferred)) return deferred
  watch.deferreds.add(deferred)
  addReceiver(deferred, {
    receive(source) {
      watch.deferreds.delete(source)
      if (watch.deferreds.size === 0 && watches.get(signal) === watch) unwatchSignal(signal, watch)
      return undefined
    },
  })
  return deferred
}

/**
 * For calls that begin something before they have a Deferred: with a wrong signal nothing is to begin.
 *
 * @throws TypeError for what is neither a signal nor undefined
 * @internal
 */
export function checkSignal(signal: unknown): void {
  if (signal === undefined || typeof (signal as Partial<AbortSignal> | null)?.addEventListener === 'function') return
  throw new TypeError(`cancelOnAbort() takes an AbortSignal, not ${describe(signal)}.`)
}

/**
 * Calls a function that takes an AbortSignal, and gives what comes of it as a Deferred; cancelling that aborts the
 * signal, and fails with CancelledError.
 *
 * @param fn called at once, with a signal of its own
 * @example
 * const page = abortable((signal) => fetch(url, { signal })).addTimeout(5000, reactor)
 */
export function abortable<U>(fn: (signal: AbortSignal) => U): Deferred<Settled<U>> {
  const controller = newAbortController()
  const deferred = new Deferred<any>()
  const running = new Abortable(deferred, controller)
  deferred._canceller = running
  addReceiver(maybeDeferred(fn, controller.signal), running)
  return deferred
}

/** Hands the result of such a function on. */
class Abortable implements Receiver, Waiter {
  /** Never set: what the function does about its signal is its own affair. */
  readonly waitingFor = undefined
  readonly #deferred: Deferred<any>
  readonly #controller: AbortController

  constructor(deferred: Deferred<any>, controller: AbortController) {
    this.#deferred = deferred
    this.#controller = controller
  }

  receive(source: Deferred<any>): Runnable | undefined {
    const outcome = takeResult(source)
    // It may come late: nobody waits for it any more.
    return this.#deferred.called ? undefined : fireFrom(this.#deferred, outcome, source)
  }

  cancelAtWork(): Work {
    return cancelParts(this.#deferred, () => abortFor(this.#controller))
  }
}

/**
 * Aborts a signal of our own, and leaves those that {@link cancelOnAbort} would have cancelled for it to the caller.
 * @internal
 */
export function abortFor(controller: AbortController): readonly Deferred<any>[] {
  const before = aborting
  const own: Aborting = (aborting = { signal: controller.signal, deferreds: [] })
  try {
    controller.abort()
  } finally {
    aborting = before
  }
  return own.deferreds
}

function watchSignal(signal: AbortSignal): Watch {
  const deferreds = new Set<Deferred<any>>()
  const watch: Watch = {
    deferreds,
    listener() {
      unwatchSignal(signal, watch)
      if (aborting?.signal === signal) aborting.deferreds = [...deferreds]
      else for (const deferred of [...deferreds]) cancel(deferred)
    },
  }
  watches.set(signal, watch)
  signal.addEventListener('abort', watch.listener, { once: true })
  return watch
}

function unwatchSignal(signal: AbortSignal, watch: Watch): void {
  watches.delete(signal)
  signal.removeEventListener('abort', watch.listener)
}

function cancel(deferred: Deferred<any>): void {
  try {
    deferred.cancel()
  } catch (error) {
    log.failure('A canceller threw an error when its signal aborted.', new Failure(error))
  }
}
