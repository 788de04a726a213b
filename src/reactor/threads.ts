/**
 * Threads of a reactor: its own pool, and functions to use one with.
 *
 * Owns: when the pool is made, and that it ends with the reactor. Must not know: hosts.
 * Source: twisted.internet.base.ReactorBase (threadpool), twisted.internet.threads.
 */

import type { Deferred, Failure } from '../defer/index.js'
import type { IReactorCore, Trigger } from '../interfaces/reactor-core.js'
import type { IThreadPool, ThreadHost, ThreadTask } from '../interfaces/reactor-threads.js'
import { checkSize, ThreadPool } from './thread-pool.js'
import type { ThreadPoolReactor } from './thread-pool.js'

/** What {@link ReactorThreads} asks of its reactor. @internal */
export type ThreadsReactor =
  ThreadPoolReactor & Pick<IReactorCore, 'addSystemEventTrigger' | 'removeSystemEventTrigger'>

/** The pool of a reactor; a new one is made when it is used after it was stopped. @internal */
export class ReactorThreads {
  readonly #reactor: ThreadsReactor
  readonly #host: ThreadHost
  #pool: ThreadPool | null = null
  #trigger: Trigger | null = null
  #size: number | undefined

  constructor(reactor: ThreadsReactor, host: ThreadHost) {
    this.#reactor = reactor
    this.#host = host
  }

  get pool(): IThreadPool {
    if (this.#pool !== null) return this.#pool
    this.#trigger = this.#reactor.addSystemEventTrigger('during', 'shutdown', () => this.stop())
    return (this.#pool = new ThreadPool(this.#reactor, this.#host, this.#size))
  }

  suggestSize(size: number): void {
    this.#size = checkSize(size)
    this.#pool?.resize(size)
  }

  callInThread(task: ThreadTask, args: readonly unknown[]): void {
    this.pool.call(task, args).addErrback((failure: Failure) => {
      this.#reactor.logFailure('A call in a thread failed', failure)
    })
  }

  /** Also when the reactor ends without its shutdown triggers. */
  stop(): Deferred<void> | undefined {
    const pool = this.#pool
    if (pool === null) return undefined
    this.#pool = null
    if (this.#trigger !== null) this.#reactor.removeSystemEventTrigger(this.#trigger)
    this.#trigger = null
    return pool.stop()
  }
}

/**
 * Runs a task in a thread.
 *
 * @param _reactor whose turn results arrive in; asked nothing, since a pool has one
 * @param pool `reactor.getThreadPool()`, or one of the program's own
 * @param task URL of a module, whose `default` export is called; or `{ module, export, signal }`
 * @param args what it is called with: copied as by `structuredClone`, or moved, see `transfer`
 * @returns fires with what the task returned, or what its promise came to; fails with what it threw, with
 *   ThreadCrashed when its thread ended, with NotSupportedError where the host lacks something for it. Cancelling ends
 *   the task, and its thread with it.
 * @throws TypeError for what is no task; DataCloneError for arguments that cannot be cloned
 */
export function deferToThreadPool<T = unknown>(
  _reactor: unknown, pool: IThreadPool, task: ThreadTask, ...args: unknown[]): Deferred<T> {
  return pool.call(task, args) as Deferred<T>
}
