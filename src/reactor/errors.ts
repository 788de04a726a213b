/**
 * Errors of using a LoopingCall. Source: the assertions of twisted.internet.task.LoopingCall.
 */

import type { ErrorDetails, Fault } from '../errors/base.js'
import { WhorlError } from '../errors/base.js'

/** `start()` of a loop that runs. */
export class LoopAlreadyRunning extends WhorlError {
  static override readonly code: string = 'ERR_LOOP_ALREADY_RUNNING'
  static override readonly fault: Fault = 'local'

  constructor(message = 'This looping call is running already.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** `stop()` or `reset()` of a loop that does not run. */
export class LoopNotRunning extends WhorlError {
  static override readonly code: string = 'ERR_LOOP_NOT_RUNNING'
  static override readonly fault: Fault = 'local'

  constructor(message = 'This looping call is not running.', details?: ErrorDetails) {
    super(message, details)
  }
}
