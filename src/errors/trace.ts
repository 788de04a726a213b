/**
 * Errors of trace files.
 *
 * Owns: what reading the trace of a simulation fails with. Must not know: the format.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** Why a trace cannot be read. */
export type TraceTrouble = 'no trace' | 'version' | 'cut off' | 'damaged'

export interface TraceErrorDetails extends ErrorDetails {
  readonly trouble?: TraceTrouble
}

/** A trace cannot be read: it is none, of another version, cut off, or damaged. */
export class TraceError extends WhorlError {
  static override readonly code: string = 'ERR_SIMULATION_TRACE'
  static override readonly fault: Fault = 'local'

  readonly trouble: TraceTrouble

  constructor(message = 'The trace cannot be read.', details?: TraceErrorDetails) {
    super(message, details)
    this.trouble = details?.trouble ?? 'damaged'
  }
}
