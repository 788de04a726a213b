/**
 * What the other end got wrong on the wire.
 *
 * Owns: errors of framing that have no more special place. Must not know: the parsers.
 * Source: `twisted.protocols.basic`.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** Bytes that are no netstring, or one over the limit. */
export class NetstringParseError extends WhorlError {
  static override readonly code: string = 'ERR_NETSTRING_PARSE'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'What was received is no netstring.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A string that is longer than its length prefix can say. */
export class StringTooLongError extends WhorlError {
  static override readonly code: string = 'ERR_STRING_TOO_LONG'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The string is longer than its length prefix can say.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** Whoever took the bytes of a transfer wants no more of them. */
export class ConsumerStoppedError extends WhorlError {
  static override readonly code: string = 'ERR_CONSUMER_STOPPED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The consumer asked for no more before all was sent.', details?: ErrorDetails) {
    super(message, details)
  }
}
