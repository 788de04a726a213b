/**
 * ThreadPool: tasks that wait for threads, and Deferreds for what they come to.
 *
 * Owns: the line before the threads, cancelling, and which error a task that did not end by itself fails with. Must
 * not know: how a host makes threads and passes values between them. Results arrive in turns of the reactor.
 * Source: twisted.python.threadpool, twisted.internet.threads.
 */

import { checkSignal } from '../defer/abort.js'
import { cancelOnAbort, Deferred, fail } from '../defer/index.js'
import { Fifo } from '../defer/fifo.js'
import { ThreadCrashed, ThreadPoolStopped } from '../errors/threads.js'
import type {
  IThreadPool, ThreadCall, ThreadCallOptions, ThreadHost, ThreadOutcome, ThreadRunner, ThreadSink, ThreadTask,
} from '../interfaces/reactor-threads.js'
import { isTransfer } from './transfer.js'

/** What a pool asks of a reactor. */
export interface ThreadPoolReactor {
  callFromThread(fn: () => void): void
  logFailure(message: string, reason: unknown): void
}

/** Threads that run tasks. */
export class ThreadPool implements IThreadPool {
  readonly #reactor: ThreadPoolReactor
  readonly #runner: ThreadRunner
  readonly #line = new Fifo<Task>()
  readonly #running = new Set<Task>()
  #size: number
  #waiting = 0
  #stopped: Deferred<void>[] | null = null
  #hasEnded = false

  /** @param size how many threads there may be; as many as the host can run at once if not given */
  constructor(reactor: ThreadPoolReactor, host: ThreadHost, size: number = host.parallelism) {
    this.#size = checkSize(size)
    this.#reactor = reactor
    this.#runner = host.open(size, (error) => reactor.logFailure('A thread failed outside of any task', error))
  }

  get size(): number {
    return this.#size
  }

  get waiting(): number {
    return this.#waiting
  }

  get busy(): number {
    return this.#running.size
  }

  call(task: ThreadTask, args: readonly unknown[], options: ThreadCallOptions = {}): Deferred<unknown> {
    const { module, name, signal } = readTask(task)
    checkSignal(signal)
    checkSignal(options.signal)
    if (this.#stopped !== null) return fail(new ThreadPoolStopped())
    const { values, list } = unpack(args)
    const call = this.#runner.prepare({ module, name, args: values, transfer: [...list, ...options.transfer ?? []] })
    const made = new Task(call, (cancelled) => this.#cancelled(cancelled))
    this.#line.push(made)
    this.#waiting += 1
    this.#next()
    cancelOnAbort(signal, made.deferred)
    return cancelOnAbort(options.signal, made.deferred)
  }

  resize(size: number): void {
    this.#size = checkSize(size)
    this.#runner.resize(size)
    this.#next()
  }

  stop(): Deferred<void> {
    const done = new Deferred<void>()
    if (this.#hasEnded) {
      done.callback(undefined)
      return done
    }
    if (this.#stopped !== null) {
      this.#stopped.push(done)
      return done
    }
    const waiting = (this.#stopped = [done])
    const tasks = [...this.#running, ...this.#line.toArray()]
    this.#running.clear()
    this.#line.keep(() => false)
    this.#waiting = 0
    for (const task of tasks) {
      task.call.drop()
      this.#reactor.callFromThread(() => task.fail(new ThreadPoolStopped()))
    }
    const ended = (): void => this.#reactor.callFromThread(() => {
      this.#hasEnded = true
      for (const deferred of waiting) deferred.callback(undefined)
    })
    this.#runner.close().then(ended, (error: unknown) => {
      this.#reactor.logFailure('A pool of threads could not be stopped in order', error)
      ended()
    })
    return done
  }

  #next(): void {
    while (this.#running.size < this.#size && this.#stopped === null) {
      const task = this.#line.shift()
      if (task === undefined) return
      if (task.isOver) continue
      this.#waiting -= 1
      this.#running.add(task)
      task.begin(this.#reactor, () => {
        this.#running.delete(task)
        this.#next()
      })
    }
  }

  #cancelled(task: Task): void {
    task.call.drop()
    if (this.#stopped !== null) return
    if (!this.#running.delete(task)) this.#waiting -= 1
    // They leave the line when their turn comes; behind long tasks, once they are most of it.
    if (this.#line.length > this.#waiting * 2) this.#line.keep((one) => !one.isOver)
    this.#next()
  }
}

/** One call. */
class Task {
  readonly call: ThreadCall
  readonly deferred: Deferred<unknown>
  isOver = false

  constructor(call: ThreadCall, cancelled: (task: Task) => void) {
    this.call = call
    this.deferred = new Deferred<unknown>(() => {
      if (this.isOver) return
      this.isOver = true
      cancelled(this)
    })
  }

  /** @param then called once it is over, unless it was dropped */
  begin(reactor: ThreadPoolReactor, then: () => void): void {
    const end = (outcome: ThreadOutcome): void => reactor.callFromThread(() => {
      if (this.isOver) return
      then()
      if ('error' in outcome) this.fail(outcome.error)
      else this.#succeed(outcome.result)
    })
    const sink: ThreadSink = {
      ended: end,
      crashed: (status, error) => end({ error: new ThreadCrashed(status, { cause: error }) }),
      failed: (error) => end({ error }),
    }
    this.call.start(sink)
  }

  fail(reason: unknown): void {
    if (this.isOver) return
    this.isOver = true
    this.deferred.errback(reason)
  }

  #succeed(result: unknown): void {
    this.isOver = true
    try {
      this.deferred.callback(result)
    } catch (error) {
      // What was cloned may have become something that a Deferred refuses.
      this.deferred.errback(error)
    }
  }
}

function readTask(task: ThreadTask): { module: string, name: string, signal: AbortSignal | undefined } {
  const { module, name, signal } = isURL(task)
    ? { module: task, name: 'default', signal: undefined }
    : { module: task?.module, name: task?.export ?? 'default', signal: task?.signal }
  if (!isURL(module) || typeof name !== 'string') {
    const what = typeof task === 'function' ? 'A function cannot be handed to another thread' : 'This is no task'
    throw new TypeError(`${what}: a task is the URL of a module, or { module: URL, export: name }.`)
  }
  return { module: module.href, name, signal }
}

// Not by instanceof: a URL of another realm is one too.
function isURL(value: unknown): value is URL {
  return Object.prototype.toString.call(value) === '[object URL]'
}

function unpack(args: readonly unknown[]): { values: unknown[], list: object[] } {
  const list: object[] = []
  const values = args.map((arg) => {
    if (!isTransfer(arg)) return arg
    list.push(...arg.list)
    return arg.value
  })
  return { values, list }
}

/** @throws RangeError @internal */
export function checkSize(size: number): number {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new RangeError(`The size of a pool of threads is a whole number above 0, not ${String(size)}.`)
  }
  return size
}
