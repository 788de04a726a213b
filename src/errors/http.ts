/**
 * What goes wrong with HTTP messages, on either end.
 *
 * Owns: their codes, messages and the status that answers them. Must not know: how messages are read or written; what
 * the parser refuses is HTTPParseError (src/core/http-errors.ts). Source: RFC 9110, 15.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/**
 * Something that a server answers with a status of its own: a handler throws it, or fails with it.
 *
 * @example throw new HTTPError(404, 'There is no such room.')
 */
export class HTTPError extends WhorlError {
  static override readonly code: string = 'ERR_HTTP'
  static override readonly fault: Fault = 'remote'
  /** The status, 400 to 599. */
  readonly status: number

  /** @param message what the peer is shown too */
  constructor(status = 500, message = 'The request failed.', details?: ErrorDetails) {
    super(message, details)
    this.status = status
  }
}

/** A body is longer than it may be. */
export class BodyTooLargeError extends HTTPError {
  static override readonly code: string = 'ERR_HTTP_BODY_TOO_LARGE'

  constructor(message = 'The body is too large.', details?: ErrorDetails) {
    super(413, message, details)
  }
}

/** A body was cut short: its connection ended first, or was given up. */
export class BodyIncompleteError extends HTTPError {
  static override readonly code: string = 'ERR_HTTP_BODY_INCOMPLETE'

  constructor(message = 'The body is not complete: the connection ended first.', details?: ErrorDetails) {
    super(400, message, details)
  }
}

/** Nothing came of a body for too long, or it came too slowly. */
export class BodyTimeoutError extends HTTPError {
  static override readonly code: string = 'ERR_HTTP_BODY_TIMEOUT'

  constructor(message = 'The body came too slowly.', details?: ErrorDetails) {
    super(408, message, details)
  }
}

/** A body is not what it was to be read as; the reason is the `cause`. */
export class BodySyntaxError extends HTTPError {
  static override readonly code: string = 'ERR_HTTP_BODY_SYNTAX'

  constructor(message = 'The body is not JSON.', details?: ErrorDetails) {
    super(400, message, details)
  }
}

/** A body was to be read a second time. */
export class BodyTakenError extends WhorlError {
  static override readonly code: string = 'ERR_HTTP_BODY_TAKEN'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The body has been read, or is being read, already.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** More or fewer bytes were written than Content-Length says; the connection is closed. */
export class BodyLengthError extends WhorlError {
  static override readonly code: string = 'ERR_HTTP_BODY_LENGTH'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The body does not have the length that its head says.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A head was to be changed, or sent, after it had been sent. */
export class HeadSentError extends WhorlError {
  static override readonly code: string = 'ERR_HTTP_HEAD_SENT'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The head has been sent already.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** Something was written behind the end of a message. */
export class MessageEndedError extends WhorlError {
  static override readonly code: string = 'ERR_HTTP_MESSAGE_ENDED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The message has ended already.', details?: ErrorDetails) {
    super(message, details)
  }
}
