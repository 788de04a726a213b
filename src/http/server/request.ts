/**
 * ServerRequest: a request as a handler sees it.
 *
 * Most of it is made when it is asked for: a handler that looks at the path pays for no headers, query or body.
 * Owns: what is derived from the head. Must not know: how responses are written.
 * Source: twisted.web.http.Request, with the names of the Fetch Standard where both have one.
 */
import type { HTTPHead } from '../../core/http-head.js'
import { newAbortController } from '../../defer/abort-controller.js'
import type { Failure } from '../../defer/index.js'
import { Deferred, fail as failed, succeed } from '../../defer/index.js'
import type { IAddress } from '../../interfaces/address.js'
import type { ITLSTransport } from '../../interfaces/tls.js'
import { Headers } from '../headers.js'
import type { IncomingBody } from '../incoming-body.js'
import { queryOf } from '../urls.js'
import type { HTTPChannel } from './channel.js'
import type { Site, SiteReactor } from './site.js'
import { decodePath, parseTarget } from './target.js'
import type { RequestTarget } from './target.js'

const NO_SEGMENTS: readonly string[] = []

/** A request that has come in. */
export class ServerRequest implements AsyncIterable<Uint8Array> {
  /** As it was sent; methods are case-sensitive. */
  readonly method: string
  /** As it was sent: `/path?query`, or an absolute URL, `*`, or `host:port` (RFC 9112, 3.2). */
  readonly target: string
  /** What the core says of it. @internal */
  readonly head: HTTPHead
  /** When its head was complete, on the reactor's clock, in ms; 0 without an access log. @internal */
  began = 0
  /** In a tree of resources: the segments of the path that were walked so far, decoded, and those that are left. */
  prepath: readonly string[] = NO_SEGMENTS
  postpath: readonly string[] = NO_SEGMENTS
  /** Its body, once asked for. @internal */
  ownBody: IncomingBody | null = null
  readonly #channel: HTTPChannel
  #parts: RequestTarget | null | undefined = undefined
  #path: string | null = null
  #query: URLSearchParams | null = null
  #headers: Headers | null = null
  #controller: AbortController | null = null
  #finished: Deferred<void>[] | null = null
  /** Undefined until the response is over or the connection lost; then null or why. */
  #end: Failure | null | undefined = undefined

  /** @internal */
  constructor(channel: HTTPChannel, head: HTTPHead) {
    this.#channel = channel
    this.head = head
    this.method = head.method
    this.target = head.target
  }

  /** The target, taken apart; null if it is none. @internal */
  get parts(): RequestTarget | null {
    if (this.#parts === undefined) this.#parts = parseTarget(this.method, this.target)
    return this.#parts
  }

  /** The path as it was sent, without the query. */
  get rawPath(): string {
    return this.parts?.rawPath ?? ''
  }

  /** The path, decoded where that changes nothing of its meaning: `%2F`, `%5C`, `%25` and `%00` stay as they are. */
  get path(): string {
    return this.#path ??= decodePath(this.rawPath)
  }

  /** The query's parameters. */
  get query(): URLSearchParams {
    return this.#query ??= queryOf(this.parts?.query ?? '')
  }

  get version(): '1.0' | '1.1' {
    return this.head.minorVersion === 0 ? '1.0' : '1.1'
  }

  get headers(): Headers {
    return this.#headers ??= new Headers(this.head.fields)
  }

  /** Whom the request is for, with the port if it was said: by an absolute target, else by Host; null without both. */
  get host(): string | null {
    return this.parts?.authority ?? this.head.fields.get('host')
  }

  /** Whether it came through TLS. */
  get isSecure(): boolean {
    return (this.#channel.transport as Partial<ITLSTransport>).tlsBegun === true
  }

  /** Who sent it: the other end of the connection. */
  get peer(): IAddress {
    return this.#channel.transport.getPeer()
  }

  get reactor(): SiteReactor {
    return this.#channel.site.reactor
  }

  get site(): Site {
    return this.#channel.site
  }

  // --- its body

  /** The body; empty if there is none. */
  get body(): IncomingBody {
    return this.#channel.bodyOf(this)
  }

  /** Fields behind a chunked body; empty until its end. */
  get trailers(): Headers {
    return this.body.trailers
  }

  /** The whole body. @param limit bytes; the site's `bodyBytes` if not given. See {@link IncomingBody.read} */
  read(limit?: number | null): Deferred<Uint8Array> {
    return this.body.read(limit)
  }

  /** The whole body as UTF-8. */
  text(limit?: number | null): Deferred<string> {
    return this.body.text(limit)
  }

  /** The whole body as JSON; fails with BodySyntaxError, which is answered with 400. */
  json(limit?: number | null): Deferred<unknown> {
    return this.body.json(limit)
  }

  /** The body, piece by piece. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    return this.body[Symbol.asyncIterator]()
  }

  // --- its end

  /** Aborts when the connection is lost before the response has ended. Made when it is first asked for. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = newAbortController()
      if (this.#end !== undefined && this.#end !== null) this.#controller.abort(this.#end.value)
    }
    return this.#controller.signal
  }

  /** Fires when the response has ended; fails when the connection is lost before. */
  notifyFinish(): Deferred<void> {
    if (this.#end === null) return succeed(undefined) as Deferred<void>
    if (this.#end !== undefined) return failed(this.#end) as unknown as Deferred<void>
    const deferred = new Deferred<void>()
    this.#finished ??= []
    this.#finished.push(deferred)
    return deferred
  }

  /** Whether the connection was lost before the response had ended. @internal */
  get wasLost(): boolean {
    return this.#end !== undefined && this.#end !== null
  }

  /** The response has ended, or `reason` keeps it from ending. @internal */
  finish(reason: Failure | null): void {
    if (this.#end !== undefined) return
    this.#end = reason
    if (this.#controller !== null && reason !== null) this.#controller.abort(reason.value)
    const waiting = this.#finished
    if (waiting === null) return
    this.#finished = null
    for (const deferred of waiting) {
      if (deferred.called) continue
      if (reason === null) deferred.callback(undefined)
      else deferred.errback(reason)
    }
  }
}
