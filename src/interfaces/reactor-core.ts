/**
 * The life of a reactor: run, stop, system events, calls that are put off to a later turn.
 *
 * Source: twisted.internet.interfaces.IReactorCore, IReactorFromThreads.
 */

/** When a trigger runs: `during` follows once everything that `before` triggers returned has fired. */
export type TriggerPhase = 'before' | 'during' | 'after'

/** What `addSystemEventTrigger` returns; only good for removing it. */
export interface Trigger {
  readonly phase: TriggerPhase
  readonly event: string
}

/** Run, stop, and what happens at both. */
export interface IReactorCore {
  /** True from the startup event until the reactor has stopped. */
  readonly running: boolean
  /**
   * Fires `startup`, installs the signal handlers, and settles once the reactor has stopped and everything
   * that shutdown triggers returned has fired. Rejects with ReactorAlreadyRunning.
   */
  run(): Promise<void>
  /** Fires `shutdown`. @throws ReactorNotRunning */
  stop(): void
  /** Ends `run` without firing anything and without closing anything. @throws ReactorNotRunning */
  crash(): void
  /** Calls in a later turn if running, else at startup; null then or the trigger. */
  callWhenRunning<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): Trigger | null
  /** Calls in the next turn, before any timer. */
  callFromThread<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): void
  /** `startup` and `shutdown` are fired by the reactor; any other name only by `fireSystemEvent`. */
  addSystemEventTrigger<A extends unknown[]>(
    phase: TriggerPhase, event: string, fn: (...args: A) => unknown, ...args: A): Trigger
  /** Does nothing if it has already run. @throws TypeError for what is no trigger of this reactor */
  removeSystemEventTrigger(trigger: Trigger): void
  fireSystemEvent(event: string): void
}
