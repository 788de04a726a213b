/**
 * Reactors that can run code beside the reactor's thread, and the seam to hosts that have threads.
 *
 * Source: twisted.internet.interfaces.IReactorThreads. JavaScript cannot hand a closure to another thread: a task is
 * a module and the name of a function that it exports.
 */

import type { Deferred } from '../defer/index.js'

/** What runs in a thread: the `default` export of a module, or a named one. */
export type ThreadTask = URL | {
  readonly module: URL
  /** `default` if not given. */
  readonly export?: string
  /** Ends the task as cancelling its Deferred does. */
  readonly signal?: AbortSignal
}

/** Options of one call into a thread. */
export interface ThreadCallOptions {
  /** Objects that move to the thread instead of being copied: ArrayBuffers, MessagePorts. */
  transfer?: readonly object[]
  signal?: AbortSignal
}

/** A pool of threads. */
export interface IThreadPool {
  /** How many threads there may be. */
  readonly size: number
  /** Tasks that wait for a thread. */
  readonly waiting: number
  /** Tasks that have one. */
  readonly busy: number
  /**
   * Runs a task with arguments that can be cloned; they are taken now. Cancelling ends it, and its thread if it has
   * begun.
   * @throws TypeError for what is no task; what the host throws for arguments that it cannot clone
   */
  call(task: ThreadTask, args: readonly unknown[], options?: ThreadCallOptions): Deferred<unknown>
  /** At most so many threads from now on. @throws RangeError for what is no whole number above 0 */
  resize(size: number): void
  /** Ends all threads; what waits or runs fails with ThreadPoolStopped. Fires when they have ended. */
  stop(): Deferred<void>
}

/** Threads. */
export interface IReactorThreads {
  /** Runs a task and forgets it; a failure is logged. */
  callInThread(task: ThreadTask, ...args: unknown[]): void
  /** Calls `fn` in a turn of the reactor, before its timers; for callbacks of native code and of MessagePorts. */
  callFromThread<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): void
  /** How many threads the reactor's pool may have. @throws RangeError for what is no whole number above 0 */
  suggestThreadPoolSize(size: number): void
  /** The reactor's own pool, made at the first call, stopped with the reactor. */
  getThreadPool(): IThreadPool
}

/** One task for a host: where it is, and what it gets. */
export interface ThreadJob {
  /** URL of the module. */
  readonly module: string
  readonly name: string
  readonly args: readonly unknown[]
  readonly transfer: readonly object[]
}

/** What a task ended with: a value, or what it threw, as it was before it had to pass between threads. */
export type ThreadOutcome = { readonly result: unknown } | { readonly error: unknown }

/** Hears of one task; exactly one of these, unless it was dropped. */
export interface ThreadSink {
  ended(outcome: ThreadOutcome): void
  /** Its thread ended under it. @param status what the thread exited with, null when it was an error */
  crashed(status: number | null, error: unknown): void
  /** It could not be begun. */
  failed(error: unknown): void
}

/** A task whose arguments the host has taken. */
export interface ThreadCall {
  /** Called once, when there is room for it. */
  start(sink: ThreadSink): void
  /** Forgets it; if it has begun, its thread is ended. The sink hears nothing more. May come before `start`. */
  drop(): void
}

/** The threads of one pool. */
export interface ThreadRunner {
  /** Takes a task's arguments. @throws what cannot be cloned */
  prepare(job: ThreadJob): ThreadCall
  /** At most so many tasks will run at once. */
  resize(size: number): void
  /** Ends all threads. */
  close(): PromiseLike<void>
}

/** What a binding offers. */
export interface ThreadHost {
  /** How many threads make sense here. */
  readonly parallelism: number
  /** @param report told of a thread that failed while it ran no task */
  open(size: number, report: (error: unknown) => void): ThreadRunner
}
