/**
 * What goes wrong with files.
 *
 * Owns: one class. Must not know: what the file was to be read for.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** A file could not be read: `cause` says why. */
export class FileReadError extends WhorlError {
  static override readonly code: string = 'ERR_FILE_READ'
  static override readonly fault: Fault = 'local'

  constructor(message = 'A file could not be read.', details?: ErrorDetails) {
    super(message, details)
  }
}
