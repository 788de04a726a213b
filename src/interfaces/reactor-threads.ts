/**
 * Reactors that can run code beside the reactor's thread.
 *
 * Source: twisted.internet.interfaces.IReactorThreads. JavaScript cannot hand a closure to another thread: a task is
 * a module and the name of a function that it exports.
 */

import type { Deferred } from '../defer/index.js'

/** What runs in a thread: the `default` export of a module, or a named one. */
export type ThreadTask = URL | { readonly module: URL, readonly export: string }

/** Options of one call into a thread. */
export interface ThreadCallOptions {
  /** Objects that move to the thread instead of being copied: ArrayBuffers, MessagePorts. */
  transfer?: readonly object[]
  signal?: AbortSignal
}

/** A pool of threads. */
export interface IThreadPool {
  readonly size: number
  /** Tasks that wait for a thread. */
  readonly waiting: number
  /** Runs a task with arguments that can be cloned; cancelling ends it, and its thread if it has begun. */
  call(task: ThreadTask, args: readonly unknown[], options?: ThreadCallOptions): Deferred<unknown>
  /** At most so many threads from now on. */
  resize(size: number): void
  /** Ends all threads. */
  stop(): Deferred<void>
}

/** Threads. */
export interface IReactorThreads {
  /** Runs a task and forgets it; a failure is logged. */
  callInThread(task: ThreadTask, ...args: unknown[]): void
  callFromThread<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): void
  suggestThreadPoolSize(size: number): void
  getThreadPool(): IThreadPool
}

/** What a binding offers. */
export interface ThreadHost {
  /** @throws NotSupportedError that says what is missing */
  makePool(size: number): IThreadPool
}
