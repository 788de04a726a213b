/**
 * What goes wrong with a request that this program makes over HTTP.
 *
 * Owns: their codes, messages and fields. Must not know: how a request is made. That no connection could be made is a
 * ConnectError, as everywhere; that a body cannot be read is in http.ts. Source: twisted.web._newclient,
 * twisted.web.error.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'
import { TimeoutError } from './connection.js'

/** The response broke off, or was no HTTP: the reason is the `cause`. Whether the request had an effect is unknown. */
export class ResponseFailed extends WhorlError {
  static override readonly code: string = 'ERR_HTTP_RESPONSE_FAILED'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'The response broke off.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The connection ended before the first byte of a response. */
export class ResponseNeverReceived extends ResponseFailed {
  static override readonly code: string = 'ERR_HTTP_RESPONSE_NEVER_RECEIVED'

  constructor(message = 'The connection ended before there was a response.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The connection ended before the request was sent whole, and without a response. */
export class RequestTransmissionFailed extends WhorlError {
  static override readonly code: string = 'ERR_HTTP_REQUEST_TRANSMISSION_FAILED'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'The connection ended before the request was sent.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The body of a request could not be made: what its source failed with is the `cause`. */
export class RequestGenerationFailed extends WhorlError {
  static override readonly code: string = 'ERR_HTTP_REQUEST_GENERATION_FAILED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The body of the request could not be made.', details?: ErrorDetails) {
    super(message, details)
  }
}

/**
 * What took too long.
 *
 * - `connect`: the name's addresses, and a connection with one of them
 * - `tls`: the handshake
 * - `send`: the peer took nothing of the request
 * - `response`: the head of the response, once the request was sent
 * - `body`: the next piece of the response's body
 * - `total`: all of it, waiting for a free connection included
 */
export type RequestPhase = 'connect' | 'tls' | 'send' | 'response' | 'body' | 'total'

/** A request, or its response, took too long; `phase` says which part of it. */
export class RequestTimeoutError extends TimeoutError {
  static override readonly code: string = 'ERR_HTTP_REQUEST_TIMEOUT'
  /** What took too long. */
  readonly phase: RequestPhase

  constructor(phase: RequestPhase, message = `The request took too long (${phase}).`, details?: ErrorDetails) {
    super(message, details)
    this.phase = phase
  }
}

/** A URL whose scheme this agent does not speak. */
export class SchemeNotSupported extends WhorlError {
  static override readonly code: string = 'ERR_HTTP_SCHEME_NOT_SUPPORTED'
  static override readonly fault: Fault = 'local'

  constructor(message = 'The scheme of this URL is not supported.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** Details of a {@link RedirectError}. */
export interface RedirectErrorDetails extends ErrorDetails {
  status?: number
  location?: string | null
}

/** A redirection that cannot be followed: to no URL, to another scheme, or with a body that cannot be sent again. */
export class RedirectError extends WhorlError {
  static override readonly code: string = 'ERR_HTTP_REDIRECT'
  static override readonly fault: Fault = 'remote'
  /** The status that asked for it; 0 if unknown. */
  readonly status: number
  /** Where to; null if it was not said. */
  readonly location: string | null

  constructor(message = 'The redirection cannot be followed.', details?: RedirectErrorDetails) {
    super(message, details)
    this.status = details?.status ?? 0
    this.location = details?.location ?? null
  }
}

/** More redirections than were allowed. */
export class InfiniteRedirection extends RedirectError {
  static override readonly code: string = 'ERR_HTTP_INFINITE_REDIRECTION'

  constructor(message = 'There were too many redirections.', details?: RedirectErrorDetails) {
    super(message, details)
  }
}

/** A page that was asked for with `getPage` came with a status that is no success. */
export class PageError extends WhorlError {
  static override readonly code: string = 'ERR_HTTP_PAGE'
  static override readonly fault: Fault = 'remote'
  /** 300 to 599. */
  readonly status: number
  /** What came beside it, at most as much as was asked for. */
  readonly body: Uint8Array

  constructor(status = 500, message = `The server answered with status ${status}.`,
    details?: ErrorDetails & { body?: Uint8Array }) {
    super(message, details)
    this.status = status
    this.body = details?.body ?? new Uint8Array(0)
  }
}
