/**
 * Threads on Node: worker_threads, kept by the pool library `tinypool`.
 *
 * Owns: loading that library when a task first needs it, and what became of the threads. Must not know: who waits for
 * a task; `ThreadPool` hands out no more tasks than there may be threads, so nothing waits in the library but what
 * waits for its thread to begin. Arguments and results go through a MessagePort of each task.
 */

import { availableParallelism } from 'node:os'
import process from 'node:process'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import type { MessagePort, TransferListItem } from 'node:worker_threads'
import { NotSupportedError } from '../../src/errors/index.js'
import type { ThreadCall, ThreadHost, ThreadJob, ThreadRunner, ThreadSink } from '../../src/interfaces/index.js'
import { readOutcome, THREAD_ENTRY, THREAD_EXPORT } from './thread-entry.js'

type Library = typeof import('tinypool')
type Pool = InstanceType<Library['Tinypool']>
type Thread = Pool['threads'][number]

/** Not a literal: no bundler is to take a package with it that its user may not need. */
const LIBRARY: string = 'tinypool'

/** A thread that had nothing to do for so long is ended, ms. Starting one takes some 50 ms. */
const IDLE_TIMEOUT = 30_000

/** Options of threads. */
export interface NodeThreadOptions {
  /** Most memory that one thread's JavaScript may take, MiB; as Node decides if not given. */
  memory?: number
}

/** Threads of this process. */
export class NodeThreads implements ThreadHost {
  readonly #options: NodeThreadOptions

  constructor(options: NodeThreadOptions = {}) {
    this.#options = options
  }

  get parallelism(): number {
    return availableParallelism()
  }

  open(size: number, report: (error: unknown) => void): ThreadRunner {
    return new Runner(size, this.#options, report)
  }
}

/** The exit of a thread that told of no error. */
class Exited extends Error {
  readonly status: number

  constructor(status: number) {
    super(`The thread exited with status ${status}.`)
    this.status = status
  }
}

class Runner implements ThreadRunner {
  readonly #options: NodeThreadOptions
  readonly #report: (error: unknown) => void
  #size: number
  #loading: Promise<Pool> | null = null
  #pool: Pool | null = null
  #alive = new Map<Thread, Promise<void>>()
  #isClosed = false
  /** Why threads could not be begun. */
  startError: unknown = null

  constructor(size: number, options: NodeThreadOptions, report: (error: unknown) => void) {
    this.#size = size
    this.#options = options
    this.#report = report
  }

  prepare({ module, name, args, transfer }: ThreadJob): ThreadCall {
    const { port1: near, port2: far } = new MessageChannel()
    try {
      near.postMessage([module, name, args], transfer as readonly TransferListItem[])
    } catch (error) {
      near.close()
      throw error
    }
    return new Call(this, near, far)
  }

  resize(size: number): void {
    this.#size = size
    if (this.#pool !== null) this.#pool.options.maxThreads = size
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const pool = await this.#loading?.catch(() => null)
    // It waits for the exits with `once`, which an error of a thread would make fail.
    await pool?.destroy().catch(this.#report)
    await Promise.all(this.#alive.values())
  }

  /** The library's pool, made when the first task begins. */
  pool(): Promise<Pool> {
    return (this.#loading ??= load().then((library) => this.#make(library)))
  }

  /** The library does not look after threads that simply exit: for it, they turn into threads with an error. */
  watch(pool: Pool): void {
    for (const thread of pool.threads) {
      if (this.#alive.has(thread)) continue
      this.#alive.set(thread, new Promise((resolve) => {
        thread.once('exit', (status: number) => {
          this.#alive.delete(thread)
          if (pool.threads.includes(thread)) (thread as Emitter).emit('error', new Exited(status))
          resolve()
        })
      }))
    }
  }

  #make({ Tinypool }: Library): Pool {
    const { memory } = this.#options
    const pool = new Tinypool({
      minThreads: 0,
      maxThreads: this.#size,
      idleTimeout: IDLE_TIMEOUT,
      // A thread that waits stays awake: what a task left behind in it fails there and then, not under the next task.
      useAtomics: false,
      ...(memory === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memory } }),
      // Threads inherit the flags, and refuse that of a program which was given on the command line.
      ...(process.execArgv.some((flag) => flag.startsWith('--input-type')) ? { execArgv: [] } : {}),
    })
    pool.on('error', (error: unknown) => {
      // The thread of a task that waits for one: it has none now, and nobody would make another.
      this.startError = error
      if (pool.queueSize > 0) pool.cancelPendingTasks()
      else if (!this.#isClosed) this.#report(error)
    })
    this.#pool = pool
    return pool
  }
}

interface Emitter {
  emit(event: string, ...data: unknown[]): void
}

class Call implements ThreadCall {
  readonly #runner: Runner
  readonly #near: MessagePort
  readonly #far: MessagePort
  readonly #abort = new AbortController()
  #isOver = false

  constructor(runner: Runner, near: MessagePort, far: MessagePort) {
    this.#runner = runner
    this.#near = near
    this.#far = far
  }

  start(sink: ThreadSink): void {
    this.#runner.pool().then((pool) => this.#run(pool, sink), (error: unknown) => {
      if (this.#end()) sink.failed(error)
    })
  }

  drop(): void {
    if (!this.#end()) return
    // Before it has begun nobody listens.
    this.#abort.abort()
  }

  #run(pool: Pool, sink: ThreadSink): void {
    if (this.#isOver) return
    try {
      const run = pool.run({ port: this.#far }, {
        filename: THREAD_ENTRY, name: THREAD_EXPORT, transferList: [this.#far], signal: this.#abort.signal,
      })
      this.#runner.watch(pool)
      run.then(() => this.#ended(sink, null), (error: unknown) => this.#ended(sink, error))
    } catch (error) {
      // The host makes no thread, and says so at once.
      if (this.#end()) sink.failed(error)
    }
  }

  #ended(sink: ThreadSink, error: unknown): void {
    if (this.#isOver) return
    try {
      // The answer was posted before the thread said that it is done, or ended.
      const answer = receiveMessageOnPort(this.#near)
      const reason = (error as Error | null)?.name === 'CancelError' ? this.#runner.startError : error
      if (answer !== undefined) sink.ended(readOutcome(answer.message))
      else if (reason instanceof Exited) sink.crashed(reason.status, undefined)
      else sink.crashed(null, reason)
    } catch (unreadable) {
      sink.failed(unreadable)
    }
    this.#end()
  }

  /** @returns false if it was over already */
  #end(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#near.close()
    this.#far.close()
    return true
  }
}

async function load(): Promise<Library> {
  try {
    return await import(/* @vite-ignore */ LIBRARY) as Library
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new NotSupportedError('node', `threads without the package '${LIBRARY}' (npm install ${LIBRARY})`, { cause })
  }
}
