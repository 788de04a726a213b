/**
 * Errors of threads.
 *
 * Owns: what a call into a thread fails with when it is not the task itself that failed. Must not know: hosts.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** A thread ended while it ran a task: it exited, ran out of memory, or met an error that nobody caught. */
export class ThreadCrashed extends WhorlError {
  static override readonly code: string = 'ERR_THREAD_CRASHED'
  static override readonly fault: Fault = 'local'

  /** What it exited with, null when an error ended it; that is the `cause`. */
  readonly status: number | null

  constructor(status: number | null, details?: ErrorDetails) {
    super(crashMessage(status, details?.cause), details)
    this.status = status
  }
}

/** A task was given to, or still with, a pool of threads that was stopped. */
export class ThreadPoolStopped extends WhorlError {
  static override readonly code: string = 'ERR_THREAD_POOL_STOPPED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The pool of threads was stopped.', details?: ErrorDetails) {
    super(message, details)
  }
}

function crashMessage(status: number | null, cause: unknown): string {
  if (status !== null) return `The thread of this task exited with status ${status}.`
  const why = cause instanceof Error ? cause.message : 'nobody knows why'
  return `The thread of this task crashed: ${why}`
}
