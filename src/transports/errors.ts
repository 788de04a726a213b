/**
 * Errors of using a transport.
 *
 * Source: the write limit is the project's own; the second producer is twisted.internet.abstract's
 * RuntimeError.
 */

import type { ErrorDetails, Fault } from '../errors/base.js'
import { WhorlError } from '../errors/base.js'

/** A write would have left more bytes waiting than `setWriteLimits({ max })` allows; nothing of it was kept. */
export class WriteLimitExceeded extends WhorlError {
  static override readonly code: string = 'ERR_TRANSPORT_WRITE_LIMIT'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'Too much is waiting to be sent.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A producer was registered while another one was. */
export class ProducerAlreadyRegistered extends WhorlError {
  static override readonly code: string = 'ERR_TRANSPORT_PRODUCER_REGISTERED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'A producer is registered with this transport already.', details?: ErrorDetails) {
    super(message, details)
  }
}
