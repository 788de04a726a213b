/**
 * What goes wrong with compressed data.
 *
 * Owns: two classes. Must not know: what was compressed, and how.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** What should be decompressed is damaged, cut short, or of another kind: `cause` says what the host says. */
export class CompressionError extends WhorlError {
  static override readonly code: string = 'ERR_COMPRESSION'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'The compressed data is damaged.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** What was decompressed is longer than whoever asked for it will take. */
export class CompressionLimitError extends WhorlError {
  static override readonly code: string = 'ERR_COMPRESSION_LIMIT'
  static override readonly fault: Fault = 'remote'

  /** Bytes that would have been taken. */
  readonly limit: number

  constructor(limit: number, message = `Decompressed it is longer than ${limit} bytes.`, details?: ErrorDetails) {
    super(message, details)
    this.limit = limit
  }
}
