/**
 * What the façade of core.wasm throws.
 *
 * Owns: one class; its `status` is the core's own error code. Must not know: linear memory.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** The core refused: a freed object, an argument out of range, memory that is out, a module of another version. */
export class CoreError extends WhorlError {
  static override readonly code: string = 'ERR_CORE'
  static override readonly fault: Fault = 'local'

  /** The core's error code (docs/abi.md), or 0 when the façade itself refused. */
  readonly status: number

  constructor(message = 'The core refused the call.', status = 0, details?: ErrorDetails) {
    super(message, details)
    this.status = status
  }
}
