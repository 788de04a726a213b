/**
 * What a MemoryReactor gives for threads: tasks that are written down, and end when the test says so.
 *
 * Owns: those records. Must not know: what tasks do.
 */
import { Deferred, fail, succeed } from '../defer/index.js'
import { ThreadPoolStopped } from '../errors/index.js'
import type { IThreadPool, ThreadCallOptions, ThreadTask } from '../interfaces/index.js'

/** One call into a thread; fire `done` to end it. */
export interface ThreadCallRecord {
  readonly task: ThreadTask
  readonly args: readonly unknown[]
  readonly options: ThreadCallOptions
  readonly done: Deferred<unknown>
}

/** A pool without threads. */
export class MemoryThreadPool implements IThreadPool {
  /** Every call so far. */
  readonly calls: ThreadCallRecord[] = []
  size = 1
  #stopped = false

  get waiting(): number {
    return 0
  }

  get busy(): number {
    return this.calls.filter(({ done }) => !done.called).length
  }

  call(task: ThreadTask, args: readonly unknown[], options: ThreadCallOptions = {}): Deferred<unknown> {
    if (this.#stopped) return fail(new ThreadPoolStopped())
    const done = new Deferred<unknown>()
    this.calls.push({ task, args: [...args], options, done })
    return done
  }

  resize(size: number): void {
    this.size = size
  }

  stop(): Deferred<void> {
    this.#stopped = true
    for (const { done } of this.calls) if (!done.called) done.errback(new ThreadPoolStopped())
    return succeed()
  }
}
