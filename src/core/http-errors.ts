/**
 * What the core finds wrong with HTTP, as an error with the status that answers it.
 *
 * Owns: the sentence, the status and the RFC section of each reason. Must not know: parsers, connections.
 */
import {
  HTTP_BAD_CHUNK_END, HTTP_BAD_CHUNK_EXTENSION, HTTP_BAD_CHUNK_SIZE, HTTP_BAD_CODING, HTTP_BAD_CODING_UNKNOWN,
  HTTP_BAD_COUNT_LIMIT, HTTP_BAD_EXTENSION_LIMIT, HTTP_BAD_FOLD, HTTP_BAD_HEADER_LIMIT, HTTP_BAD_HOST, HTTP_BAD_LENGTH,
  HTTP_BAD_LENGTHS, HTTP_BAD_LINE_END, HTTP_BAD_LINE_LIMIT, HTTP_BAD_MAJOR, HTTP_BAD_METHOD, HTTP_BAD_NAME,
  HTTP_BAD_REASON, HTTP_BAD_STATUS, HTTP_BAD_TARGET, HTTP_BAD_VALUE, HTTP_BAD_VERSION,
} from '../../assembly/abi/http.js'
import type { ErrorDetails, Fault } from '../errors/base.js'
import { WhorlError } from '../errors/base.js'

/** Reason → the status that a server answers with, and what is wrong. */
const REASONS: Readonly<Record<number, [status: number, sentence: string]>> = {
  [HTTP_BAD_METHOD]: [400, 'the method is no token, or no space follows it (RFC 9112, 3)'],
  [HTTP_BAD_TARGET]: [400, 'the target is empty or holds a byte that none may (RFC 9112, 3.2)'],
  [HTTP_BAD_VERSION]: [400, 'the version is none (RFC 9112, 2.3)'],
  [HTTP_BAD_MAJOR]: [505, 'the version is not HTTP/1 (RFC 9110, 15.6.6)'],
  [HTTP_BAD_STATUS]: [400, 'the status is none, or no space follows it (RFC 9112, 4)'],
  [HTTP_BAD_REASON]: [400, 'the reason phrase holds a control character (RFC 9112, 4)'],
  [HTTP_BAD_LINE_END]: [400, 'a line does not end in CR LF (RFC 9112, 2.2)'],
  [HTTP_BAD_NAME]: [400, 'the name of a field is no token, or no colon follows it (RFC 9112, 5.1)'],
  [HTTP_BAD_VALUE]: [400, 'the value of a field holds a control character (RFC 9110, 5.5)'],
  [HTTP_BAD_FOLD]: [400, 'a field is folded (RFC 9112, 5.2)'],
  [HTTP_BAD_LENGTH]: [400, 'the content length is none (RFC 9110, 8.6)'],
  [HTTP_BAD_LENGTHS]: [400, 'the message has more than one length (RFC 9112, 6.3)'],
  [HTTP_BAD_CODING]: [400, 'the transfer coding makes no sense here (RFC 9112, 6.1)'],
  [HTTP_BAD_CODING_UNKNOWN]: [501, 'the transfer coding is not "chunked" (RFC 9112, 6.1)'],
  [HTTP_BAD_HOST]: [400, 'there is not one Host (RFC 9112, 3.2)'],
  [HTTP_BAD_LINE_LIMIT]: [414, 'the first line is too long (RFC 9110, 15.5.15)'],
  [HTTP_BAD_HEADER_LIMIT]: [431, 'the head is too long (RFC 6585, 5)'],
  [HTTP_BAD_COUNT_LIMIT]: [431, 'there are too many fields (RFC 6585, 5)'],
  [HTTP_BAD_CHUNK_SIZE]: [400, 'a chunk has no size (RFC 9112, 7.1)'],
  [HTTP_BAD_CHUNK_EXTENSION]: [400, 'what follows the size of a chunk is no extension (RFC 9112, 7.1.1)'],
  [HTTP_BAD_CHUNK_END]: [400, 'a chunk does not end where it says (RFC 9112, 7.1)'],
  [HTTP_BAD_EXTENSION_LIMIT]: [413, 'the chunk extensions are too long (RFC 9112, 7.1.1)'],
}

/** What was received is not HTTP/1, or is over a limit. */
export class HTTPParseError extends WhorlError {
  static override readonly code: string = 'ERR_HTTP_PARSE'
  static override readonly fault: Fault = 'remote'
  /** The status that a server answers with, before it closes. */
  readonly status: number

  constructor(message = 'What was received is no HTTP/1.', details?: ErrorDetails, status = 400) {
    super(message, details)
    this.status = status
  }

  /** @internal @param reason one of `HTTP_BAD_…` @param isResponse it was an answer: whoever asked for it says 502 */
  static because(reason: number, isResponse: boolean): HTTPParseError {
    const [status, sentence] = REASONS[reason] ?? [400, 'unknown reason']
    return new HTTPParseError(`What was received is no HTTP/1: ${sentence}.`, undefined, isResponse ? 502 : status)
  }
}
