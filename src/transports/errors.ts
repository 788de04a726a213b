/**
 * Errors of using a transport.
 *
 * Source: the write limit is the project's own; the second producer is twisted.internet.abstract's RuntimeError;
 * the codes of a WebSocket are those of RFC 6455 section 7.4.
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

/** A WebSocket was closed with a code that says something went wrong. */
export class WebSocketClosed extends WhorlError {
  static override readonly code: string = 'ERR_TRANSPORT_WEBSOCKET_CLOSED'
  static override readonly fault: Fault = 'remote'
  /** The code of the close frame; 1006 when there was none. */
  readonly closeCode: number

  constructor(message = 'The WebSocket was not closed in order.', closeCode = 1006, details?: ErrorDetails) {
    super(message, details)
    this.closeCode = closeCode
  }
}
