/**
 * Failures that no errback took.
 *
 * Owns: the register of Deferreds whose chain ended in a Failure, and the policy for those that nobody picks up.
 * Asked at two moments: at the end of the reactor's turn (if a policy asks for it), and when the Deferred was
 * collected. Must not know: how a Deferred runs; it never keeps one alive. Source: `DebugInfo.__del__` of
 * `twisted.internet.defer`.
 */
import { Logger } from '../logger/logger.js'
import type { Deferred } from './deferred.js'
import type { Failure } from './failure.js'

/**
 * What becomes of a Failure that nobody handled.
 *
 * - `'log'`: logged at critical level once its Deferred was collected.
 * - `'throw'`: its error is thrown at the end of the turn that left it, into the host, which as a rule ends the process.
 * - a function: called at the end of the turn with the Failure and its Deferred, and, if nobody has taken the
 *   Failure by then, again at collection, without a Deferred as that is gone.
 */
export type UnhandledPolicy = 'log' | 'throw' | ((failure: Failure, deferred: Deferred<any> | undefined) => void)

/** Left in this turn; weak, as a program may run without a reactor that ends turns. */
interface Left {
  readonly deferred: WeakRef<object>
  readonly failure: Failure
}

/** When nobody ends turns, what was left is forgotten here from this many on; collection still reports it. */
const MAX_LEFT = 1024

const log = new Logger('whorl.defer')

let policy: UnhandledPolicy = 'log'
let registry: FinalizationRegistry<Failure> | undefined
let left: Left[] = []
const watched = new WeakMap<object, Failure>()

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

/** From now on `deferred` is left with `failure`. @internal */
export function watch(deferred: object, failure: Failure): void {
  // Hosts without the registry (an isolate with weak references switched off) still have the end of the turn.
  if (typeof FinalizationRegistry === 'function') {
    registry ??= new FinalizationRegistry(reportCollected)
    registry.register(deferred, failure, deferred)
  }
  if (policy !== 'log' && left.length < MAX_LEFT) {
    watched.set(deferred, failure)
    left.push({ deferred: new WeakRef(deferred), failure })
  }
}

/** Somebody took the Failure of `deferred`. @internal */
export function unwatch(deferred: object): void {
  registry?.unregister(deferred)
  watched.delete(deferred)
}

/**
 * For a reactor, at the end of each turn: asks the policy about what this turn left unhandled.
 *
 * @throws the error of the first such Failure under the policy `'throw'`; the others are logged. @internal
 */
export function endTurn(): void {
  if (left.length === 0) return
  const batch = left
  left = []
  const thrown: Failure[] = []
  for (const { deferred, failure } of batch) {
    const alive = deferred.deref()
    if (alive === undefined || watched.get(alive) !== failure) continue
    watched.delete(alive)
    if (policy === 'throw') {
      registry?.unregister(alive)
      thrown.push(failure)
    } else if (typeof policy === 'function') {
      ask(policy, failure, alive as Deferred<any>)
    }
  }
  if (thrown.length === 0) return
  for (const failure of thrown.slice(1)) logUnhandled(failure)
  throw thrown[0].value
}

/** The register's answer: a Deferred was collected while it still held `failure`. */
function reportCollected(failure: Failure): void {
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
