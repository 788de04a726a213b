/**
 * Refusal: what is answered to a request before the program is asked, or instead of it.
 *
 * Owns: which requests make no sense to any handler, and the form of such answers. Must not know: connections.
 * Source: RFC 9112, 3.2; RFC 9110, 9.3.6, 10.1.1 and 15.5.
 */
import type { HTTPHead } from '../../core/http-head.js'
import type { HTTPError } from '../../errors/http.js'
import { isASCII, statusLine } from '../messages.js'
import type { ServerRequest } from './request.js'
import type { ServerResponse } from './response.js'
import type { Site } from './site.js'
import { isAuthority } from './target.js'

const TEXT = 'text/plain; charset=utf-8'

/** An answer of the server's own. */
export class Refusal {
  readonly status: number
  readonly message: string
  /** No other request follows. */
  readonly isLast: boolean

  constructor(status: number, message: string, isLast = false) {
    this.status = status
    this.message = message
    this.isLast = isLast
  }

  /** Answers with an error instead of the handler; what that still answers goes nowhere. */
  static replace(response: ServerResponse, { status, message }: HTTPError): void {
    response.reset(status)
    new Refusal(status, message).answer(response)
    response.lost()
  }

  /** Ends a response with it. */
  answer(response: ServerResponse): void {
    response.status = this.status
    response.headers.set('Content-Type', TEXT)
    response.end(`${this.message}\n`)
  }
}

/** What is wrong with a request whatever it asks for; null for nothing. */
export function refuse(request: ServerRequest, head: HTTPHead, site: Site): Refusal | null {
  const { target, method } = request
  // Only a target that does not look like a path and a query is taken apart here.
  const isPlain = target.charCodeAt(0) === 0x2f && !target.includes('#') && method !== 'CONNECT'
  if (!isPlain && request.parts === null) return new Refusal(400, 'The target of the request is none (RFC 9112, 3.2).')
  const host = head.fields.get('host')
  if (host !== null && host !== site.lastHost) {
    if (!isAuthority(host)) return new Refusal(400, 'The value of Host is no host (RFC 9112, 3.2).')
    site.lastHost = host
  }
  if (method === 'CONNECT' && !site.tunnels) {
    return new Refusal(501, 'This server makes no tunnels (RFC 9110, 9.3.6).', true)
  }
  if (head.expectsUnknown) return new Refusal(417, 'Nobody here knows what the request expects (RFC 9110, 10.1.1).')
  const { bodyBytes } = site.limits
  const length = head.hasBody && bodyBytes !== null ? head.contentLength : null
  if (length !== null && length > (bodyBytes as number)) {
    return new Refusal(413, `The body is longer than ${bodyBytes} bytes.`, true)
  }
  return null
}

/**
 * A whole response to what is no request, as text: what is wrong, and that the connection ends.
 * @param dateLine the field Date with its end, or nothing
 */
export function refusalText(status: number, message: string, dateLine: string): string {
  const body = `${isASCII(message) ? message : 'What was received is no request.'}\n`
  return `${statusLine(status)}${dateLine}Content-Type: ${TEXT}\r\nConnection: close\r\n`
    + `Content-Length: ${body.length}\r\n\r\n${body}`
}
