/**
 * What the core finds wrong with WebSocket frames, as an error with the close code that answers it.
 *
 * Owns: the sentence, the code and the RFC section of each reason. Must not know: parsers, connections.
 */
import {
  WEBSOCKET_BAD_CLOSE_CODE, WEBSOCKET_BAD_CLOSE_LENGTH, WEBSOCKET_BAD_CLOSE_REASON, WEBSOCKET_BAD_CONTINUATION,
  WEBSOCKET_BAD_CONTROL_FRAGMENT, WEBSOCKET_BAD_CONTROL_LENGTH, WEBSOCKET_BAD_FRAGMENT_LIMIT,
  WEBSOCKET_BAD_INTERLEAVED, WEBSOCKET_BAD_LENGTH, WEBSOCKET_BAD_LENGTH_FORM, WEBSOCKET_BAD_MASKED,
  WEBSOCKET_BAD_MESSAGE_LIMIT, WEBSOCKET_BAD_OPCODE, WEBSOCKET_BAD_RESERVED, WEBSOCKET_BAD_UNMASKED,
  WEBSOCKET_BAD_UTF8,
} from '../../assembly/abi/websocket.js'
import type { ErrorDetails, Fault } from '../errors/base.js'
import { WhorlError } from '../errors/base.js'

/** Reason → the code that the connection is closed with, and what is wrong. */
const REASONS: Readonly<Record<number, [closeCode: number, sentence: string]>> = {
  [WEBSOCKET_BAD_RESERVED]: [1002, 'a reserved bit is set (RFC 6455, 5.2)'],
  [WEBSOCKET_BAD_OPCODE]: [1002, 'the opcode is reserved (RFC 6455, 5.2)'],
  [WEBSOCKET_BAD_CONTROL_FRAGMENT]: [1002, 'a control frame is fragmented (RFC 6455, 5.5)'],
  [WEBSOCKET_BAD_CONTROL_LENGTH]: [1002, 'a control frame is longer than 125 bytes (RFC 6455, 5.5)'],
  [WEBSOCKET_BAD_CONTINUATION]: [1002, 'a continuation has nothing to continue (RFC 6455, 5.4)'],
  [WEBSOCKET_BAD_INTERLEAVED]: [1002, 'a message begins inside of another (RFC 6455, 5.4)'],
  [WEBSOCKET_BAD_UNMASKED]: [1002, 'a frame from a client is not masked (RFC 6455, 5.1)'],
  [WEBSOCKET_BAD_MASKED]: [1002, 'a frame from a server is masked (RFC 6455, 5.1)'],
  [WEBSOCKET_BAD_LENGTH]: [1002, 'a length has its top bit set (RFC 6455, 5.2)'],
  [WEBSOCKET_BAD_LENGTH_FORM]: [1002, 'a length has more bytes than it needs (RFC 6455, 5.2)'],
  [WEBSOCKET_BAD_MESSAGE_LIMIT]: [1009, 'a message is too long (RFC 6455, 10.4)'],
  [WEBSOCKET_BAD_FRAGMENT_LIMIT]: [1008, 'a message has too many fragments (RFC 6455, 10.4)'],
  [WEBSOCKET_BAD_UTF8]: [1007, 'a text is no UTF-8 (RFC 6455, 8.1)'],
  [WEBSOCKET_BAD_CLOSE_LENGTH]: [1002, 'a close frame has a payload of one byte (RFC 6455, 5.5.1)'],
  [WEBSOCKET_BAD_CLOSE_CODE]: [1002, 'a close frame has a code that may not be sent (RFC 6455, 7.4)'],
  [WEBSOCKET_BAD_CLOSE_REASON]: [1007, 'the reason of a close frame is no UTF-8 (RFC 6455, 5.5.1)'],
}

/** What was received is not WebSocket, or is over a limit. */
export class WebSocketParseError extends WhorlError {
  static override readonly code: string = 'ERR_WEBSOCKET_PARSE'
  static override readonly fault: Fault = 'remote'
  /** The code that the connection is closed with: 1002, 1007, 1008 or 1009. */
  readonly closeCode: number

  constructor(message = 'What was received is no WebSocket.', details?: ErrorDetails, closeCode = 1002) {
    super(message, details)
    this.closeCode = closeCode
  }

  /** @internal @param reason one of `WEBSOCKET_BAD_…` */
  static because(reason: number): WebSocketParseError {
    const [closeCode, sentence] = REASONS[reason] ?? [1002, 'unknown reason']
    return new WebSocketParseError(`What was received is no WebSocket: ${sentence}.`, undefined, closeCode)
  }
}
