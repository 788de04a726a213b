/**
 * Errors of use: something was asked at the wrong moment, or of something that cannot do it.
 *
 * Owns: the errors of reactors, delayed calls, cooperative tasks, capabilities and endpoint strings.
 * Must not know: who throws them. Source: `twisted.internet.error`, `twisted.internet.task`.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** A reactor was asked to stop, or to do what only a running one can, while it does not run. */
export class ReactorNotRunning extends WhorlError {
  static override readonly code: string = 'ERR_REACTOR_NOT_RUNNING'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The reactor is not running.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** `run()` of a reactor that runs. */
export class ReactorAlreadyRunning extends WhorlError {
  static override readonly code: string = 'ERR_REACTOR_ALREADY_RUNNING'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The reactor is running already.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A delayed call was cancelled or moved after it had run. */
export class AlreadyCalled extends WhorlError {
  static override readonly code: string = 'ERR_TIMER_ALREADY_CALLED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'This delayed call has run already.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A delayed call was cancelled or moved after it had been cancelled. */
export class AlreadyCancelled extends WhorlError {
  static override readonly code: string = 'ERR_TIMER_ALREADY_CANCELLED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'This delayed call has been cancelled already.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A cooperative task was stopped, and is asked to go on. */
export class TaskStopped extends WhorlError {
  static override readonly code: string = 'ERR_TASK_STOPPED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The task was stopped.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A cooperative task had run to its end. */
export class TaskDone extends WhorlError {
  static override readonly code: string = 'ERR_TASK_DONE'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The task has finished.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A cooperative task had ended with an error. */
export class TaskFailed extends WhorlError {
  static override readonly code: string = 'ERR_TASK_FAILED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The task has failed.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** Something that was not paused was asked to resume: a cooperative task, a Deferred. */
export class NotPaused extends WhorlError {
  static override readonly code: string = 'ERR_TASK_NOT_PAUSED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'Resumed more often than paused.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The cooperator that a task belonged to was stopped. */
export class SchedulerStopped extends WhorlError {
  static override readonly code: string = 'ERR_TASK_SCHEDULER_STOPPED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The scheduler of this task was stopped.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** Something was to be started in a task group that has ended. */
export class TaskGroupClosed extends WhorlError {
  static override readonly code: string = 'ERR_TASK_GROUP_CLOSED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The task group has ended.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** Thrown by a program's main to end it with a status; see `react`. No failure of anything, unless the status is not 0. */
export class SystemExit extends WhorlError {
  static override readonly code: string = 'ERR_SYSTEM_EXIT'
  static override readonly fault: Fault = 'local'

  /** What the program is to end with, 0 to 255. */
  readonly status: number

  constructor(status = 0, message = `The program ends with status ${status}.`, details?: ErrorDetails) {
    super(message, details)
    this.status = status
  }
}

/** This host has no way to do what was asked. */
export class NotSupportedError extends WhorlError {
  static override readonly code: string = 'ERR_HOST_NOT_SUPPORTED'
  static override readonly fault: Fault = 'host'

  /** The host: `node`, `deno`, `bun`, `workerd`, `web`, … */
  readonly host: string
  /** What was asked of it, as a short noun: `listenUNIX`, `half-close`, … */
  readonly feature: string
  /** Why it cannot, where that is known: `a page cannot listen`, … */
  readonly reason: string | undefined

  constructor(host: string, feature: string, details?: ErrorDetails & { reason?: string }) {
    const reason = details?.reason
    super(`The host '${host}' does not support ${feature}${reason === undefined ? '' : `: ${reason}`}.`, details)
    this.host = host
    this.feature = feature
    this.reason = reason
  }
}

/** A restricted reactor was asked for something outside what it was made to allow. */
export class CapabilityError extends WhorlError {
  static override readonly code: string = 'ERR_REACTOR_CAPABILITY'
  static override readonly fault: Fault = 'local'

  constructor(message = 'This reactor was not given the capability to do that.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** An endpoint string that cannot be read. */
export class EndpointSyntaxError extends WhorlError {
  static override readonly code: string = 'ERR_ENDPOINT_SYNTAX'
  static override readonly fault: Fault = 'local'

  /** The field at fault: `port`, `backlog`, `type`, … */
  readonly field: string

  constructor(field: string, message = `The endpoint string's '${field}' is wrong.`, details?: ErrorDetails) {
    super(message, details)
    this.field = field
  }
}
