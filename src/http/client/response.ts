/**
 * ClientResponse: what a server answered.
 *
 * Owns: the head, and the way to the body. Must not know: connections; what switches protocols is handed in.
 * Source: twisted.web.iweb.IResponse; the members that both have are named as those of Fetch's Response.
 */
import type { HTTPFields } from '../../core/http-head.js'
import type { Deferred } from '../../defer/index.js'
import { NotSupportedError } from '../../errors/index.js'
import type { IProtocol } from '../../interfaces/protocol.js'
import { Headers } from '../headers.js'
import type { IncomingBody } from '../incoming-body.js'

/** What a response is made of. */
export interface ResponseParts {
  status: number
  reason: string
  version: '1.0' | '1.1'
  fields: HTTPFields | Headers
  /** Of the request it answers, without credentials and fragment. */
  url: string
  /** Of the request it answers. */
  method: string
  body: IncomingBody
}

/** A response; its body may still be on its way. */
export class ClientResponse implements AsyncIterable<Uint8Array> {
  readonly status: number
  /** The words beside the status; often none. */
  readonly reason: string
  readonly version: '1.0' | '1.1'
  /** What was asked for in the end, after redirections, without credentials and fragment. */
  readonly url: string
  /** The method of the request that this answers. */
  readonly method: string
  /** Read it, or `discard` it: a connection waits for either. */
  readonly body: IncomingBody
  /** The redirection that led here; null if none did. */
  previousResponse: ClientResponse | null = null
  #fields: HTTPFields | Headers
  #headers: Headers | null = null
  #takeOver: ((protocol: IProtocol) => void) | null = null

  constructor(parts: ResponseParts) {
    this.status = parts.status
    this.reason = parts.reason
    this.version = parts.version
    this.url = parts.url
    this.method = parts.method
    this.body = parts.body
    this.#fields = parts.fields
  }

  get headers(): Headers {
    return this.#headers ??= this.#fields instanceof Headers ? this.#fields : new Headers(this.#fields)
  }

  /** True for 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  /** Fields behind a body that came in chunks; empty until its end. */
  get trailers(): Headers {
    return this.body.trailers
  }

  /**
   * The whole body.
   * @param limit bytes, null for any number; 64 MiB if neither this nor the agent says so
   * @returns fails with BodyTooLargeError, ResponseFailed, RequestTimeoutError, BodyTakenError
   */
  read(limit?: number | null): Deferred<Uint8Array> {
    return this.body.read(limit)
  }

  /** The whole body as UTF-8; see `read`. */
  text(limit?: number | null): Deferred<string> {
    return this.body.text(limit)
  }

  /** The whole body as JSON; see `read`. Fails with BodySyntaxError for what is none. */
  json(limit?: number | null): Deferred<unknown> {
    return this.body.json(limit)
  }

  /** The body piece by piece, as it comes. Leaving the loop early gives the rest up. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    return this.body[Symbol.asyncIterator]()
  }

  /** Nobody wants the body, or any more of it. */
  discard(): void {
    this.body.discard()
  }

  /** Whether the connection can be given to another protocol: after 101, and after 2xx to CONNECT. */
  get isUpgrade(): boolean {
    return this.#takeOver !== null
  }

  /**
   * Gives the connection to another protocol, once: it is connected, and then receives what came behind the head.
   *
   * @throws NotSupportedError for a response that is no upgrade; ConnectionLost when the connection has ended
   */
  switchProtocol(protocol: IProtocol): void {
    const takeOver = this.#takeOver
    if (takeOver === null) throw new NotSupportedError('this response', 'switchProtocol')
    this.#takeOver = null
    takeOver(protocol)
  }

  /** The same response with another body, and other fields. @internal */
  withBody(body: IncomingBody, headers: Headers): ClientResponse {
    const { status, reason, version, url, method } = this
    const made = new ClientResponse({ status, reason, version, fields: headers, url, method, body })
    made.previousResponse = this.previousResponse
    return made
  }

  /** @internal */
  offerTakeOver(takeOver: (protocol: IProtocol) => void): void {
    this.#takeOver = takeOver
  }
}
