/**
 * What goes wrong with files.
 *
 * Owns: one class. Must not know: what the file was to be read for.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** Why a file could not be read, as far as it matters to who asked. */
export type FileTrouble = 'missing' | 'denied' | 'busy' | 'other'

/** A file could not be read: `cause` says why. */
export class FileReadError extends WhorlError {
  static override readonly code: string = 'ERR_FILE_READ'
  static override readonly fault: Fault = 'local'

  /** There is none; it may not be read; too many are open. */
  readonly trouble: FileTrouble

  constructor(
    message = 'A file could not be read.', details?: ErrorDetails & { trouble?: FileTrouble }) {
    super(message, details)
    this.trouble = details?.trouble ?? 'other'
  }
}
