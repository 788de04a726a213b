/**
 * Applications that are written to the Fetch Standard, as handlers: a function from Request to Response.
 *
 * The classes are the host's own, which every host that such applications are written for has; this file is the one
 * that reaches for them, unless they are given. Bodies are streams in both directions, read no faster than they are
 * taken. What the application is given besides the request is `{ request, response }` of this library, which Hono shows
 * as `c.env`.
 * Owns: the way from one kind of request and response to the other. Must not know: applications.
 * Source: WHATWG Fetch, 5; the convention of workers, `fetch(request, env)`.
 */
import { ensureDeferred, maybeDeferred } from '../../defer/index.js'
import type { Deferred } from '../../defer/index.js'
import { NotSupportedError } from '../../errors/index.js'
import type { RequestHandler } from '../server/handler.js'
import type { ServerRequest } from '../server/request.js'
import type { ServerResponse } from '../server/response.js'
import { errorPage } from './pages.js'

/** What an application is given as its environment. */
export interface FetchEnvironment {
  readonly request: ServerRequest
  readonly response: ServerResponse
}

/** What of a WHATWG Response is used. */
export interface FetchResponse {
  readonly status: number
  readonly statusText: string
  readonly headers: Iterable<[string, string]> & { getSetCookie?(): string[] }
  readonly body: unknown
}

/** `app.fetch` of Hono and its like. */
export type FetchHandler = (
  request: Request, env: FetchEnvironment) => FetchResponse | PromiseLike<FetchResponse>

/** Options of `handlerFromFetch`. */
export interface FromFetchOptions {
  /** The class of what the application is given; the host's own if not given. */
  Request?: new (url: string, init: object) => Request
  /** The class of bodies; the host's own if not given. */
  ReadableStream?: typeof ReadableStream
}

const BODILESS = ['GET', 'HEAD']
/** A host as a URL may have it: nothing in it can end it. */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i

/**
 * A handler for a site that has a Fetch application answer.
 *
 * @param application called without a `this`; what it throws is a 500
 * @throws NotSupportedError where the host has no class Request and none is given
 * @example
 * serve(reactor, 'tcp:8080', handlerFromFetch(app.fetch))
 */
export function handlerFromFetch(
  application: FetchHandler, options: FromFetchOptions = {}): RequestHandler {
  if (typeof application !== 'function') throw new TypeError('a Fetch application is a function')
  const Class = options.Request ?? hostRequest()
  const Stream = options.ReadableStream ?? hostStream()
  return (request, response) => {
    const url = urlOf(request)
    if (url === null) return errorPage(response, 400)
    let made: Request
    try {
      made = new Class(url, initOf(request, Stream))
    } catch {
      // TRACE and its like, which the standard keeps from applications; or a target that is no URL.
      return errorPage(response, 400)
    }
    return maybeDeferred(() => ensureDeferred(Promise.resolve(application(made, { request, response }))))
      .addCallback((answer: FetchResponse) => send(answer, response) as never)
  }
}

function initOf(request: ServerRequest, Stream: typeof ReadableStream): object {
  const { method, signal, host } = request
  // An absolute target goes before Host, of which nobody is to see another one (RFC 9112, 3.2.2).
  const headers = [...request.headers].filter(([name]) => name !== 'host')
  if (host !== null) headers.push(['host', host])
  const init = { method, headers, signal }
  const isEmpty = BODILESS.includes(method) || !hasBody(request)
  return isEmpty ? init : { ...init, body: streamOf(request, Stream), duplex: 'half' }
}

/** Whether there is one is said by its framing (RFC 9112, 6.3). */
function hasBody({ headers }: ServerRequest): boolean {
  return headers.has('transfer-encoding') || (headers.get('content-length') ?? '0') !== '0'
}

/** Taken when it is asked for, one piece at a time. */
function streamOf(request: ServerRequest, Stream: typeof ReadableStream): ReadableStream<Uint8Array> {
  let pieces: AsyncIterator<Uint8Array> | null = null
  return new Stream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await (pieces ??= request.body[Symbol.asyncIterator]()).next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      if (pieces === null) request.body.discard()
      else await pieces.return?.()
    },
  }, { highWaterMark: 0 })
}

function send(answer: FetchResponse, response: ServerResponse): Deferred<void> | undefined {
  if (response.headersSent) return undefined
  if (typeof answer?.status !== 'number' || answer.headers === undefined) {
    throw new TypeError('a Fetch application answers with a Response')
  }
  // That of Response.error().
  if (answer.status === 0) throw new TypeError('the application answered with a network error')
  response.status = answer.status
  if (answer.statusText !== '') response.reason = answer.statusText
  const cookies = answer.headers.getSetCookie?.()
  for (const [name, value] of answer.headers) {
    if (name !== 'set-cookie' || cookies === undefined) response.headers.append(name, value)
  }
  for (const cookie of cookies ?? []) response.headers.append('Set-Cookie', cookie)
  if (answer.body === null || answer.body === undefined) {
    response.end()
    return undefined
  }
  return response.send(answer.body as AsyncIterable<Uint8Array>)
}

function urlOf({ isSecure, host, rawPath, target }: ServerRequest): string | null {
  // Requests of HTTP/1.0 may come without one.
  const authority = host ?? 'localhost'
  if (!HOST.test(authority)) return null
  const at = target.indexOf('?')
  return `${isSecure ? 'https' : 'http'}://${authority}${rawPath.startsWith('/') ? rawPath : '/'}${
    at < 0 ? '' : target.slice(at)}`
}

function hostRequest(): NonNullable<FromFetchOptions['Request']> {
  if (typeof Request === 'undefined') throw new NotSupportedError('this host', 'Request')
  return Request
}

function hostStream(): typeof ReadableStream {
  if (typeof ReadableStream === 'undefined') throw new NotSupportedError('this host', 'ReadableStream')
  return ReadableStream
}
