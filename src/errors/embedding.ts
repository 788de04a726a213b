/**
 * Errors of programs inside programs: what crosses the border between the two.
 *
 * Owns: the one error of a border whose rules were broken. Must not know: what the rules are.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** The other side of an embedding broke its protocol, or wanted more than its limits; everything of it was closed. */
export class EmbeddingViolation extends WhorlError {
  static override readonly code: string = 'ERR_EMBEDDING_VIOLATION'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'The embedded program broke the rules of its border.', details?: ErrorDetails) {
    super(message, details)
  }
}
