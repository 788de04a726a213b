/**
 * fetchVia: an agent as the function `fetch`.
 *
 * Owns: the translation of requests, responses, bodies and failures. Must not know: the host's classes; they are handed
 * in. Source: Fetch Standard, 5.4 and 5.6, without CORS, caches, integrity and referrers, which are a browser's.
 */
import type { HTTPURL } from '../urls.js'
import { parseHTTPURL } from '../urls.js'
import { Headers } from '../headers.js'
import type { BodySource } from '../outgoing-body.js'
import { isBodySource } from '../outgoing-body.js'
import type { IAgent, RequestOptions } from './interfaces.js'
import { RedirectAgent } from './redirect-agent.js'
import type { ClientResponse } from './response.js'

/** Classes of the host that a `fetch` needs. */
export interface FetchClasses {
  Response: typeof Response
  ReadableStream: typeof ReadableStream
}

/** A `fetch`; what it is given and gives are the host's own. */
export type FetchLike = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** Methods that are written in any case. */
const NORMAL = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])
const BODILESS = new Set([101, 204, 205, 304])
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * A `fetch` that asks through an agent.
 *
 * Redirections are followed as `redirect` says; cookies, decompression and retries are the agent's. A failure is a
 * TypeError whose `cause` says what it was, as everywhere; an aborted signal's reason is thrown as it is.
 *
 * @param classes the host's; on Node, and wherever `whorl/http` finds a host, they need not be given
 * @example const fetch = fetchVia(new Agent(reactor), { Response, ReadableStream })
 */
export function fetchVia(agent: IAgent, classes: FetchClasses): FetchLike {
  if (typeof agent?.request !== 'function') throw new TypeError('fetchVia() takes an agent')
  if (typeof classes?.Response !== 'function' || typeof classes.ReadableStream !== 'function') {
    throw new TypeError('fetchVia() needs the classes Response and ReadableStream')
  }
  const following = new RedirectAgent(agent)
  return async (input, init = {}) => {
    const from = isRequest(input) ? input : null
    const url = parseHTTPURL(from === null ? input as string | URL : from.url)
    if (url.credentials !== null) throw new TypeError('fetch() takes no URL with credentials')
    const redirect = init.redirect ?? from?.redirect ?? 'follow'
    if (redirect !== 'follow' && redirect !== 'manual' && redirect !== 'error') {
      throw new TypeError(`${JSON.stringify(redirect)} is no way to treat redirections`)
    }
    // null takes the signal of a Request away.
    const signal = (init.signal === undefined ? from?.signal : init.signal) ?? undefined
    signal?.throwIfAborted()
    const method = methodOf(init.method ?? from?.method ?? 'GET')
    const options = await optionsOf(classes, method, init, from)
    if (signal !== undefined) options.signal = signal
    try {
      const response = await (redirect === 'follow' ? following : agent).request(method, url.href, options)
      if (redirect === 'error' && REDIRECTS.has(response.status)) {
        response.discard()
        throw new TypeError(`the server redirects ${url.href}`)
      }
      try {
        return responseOf(classes, response, url, signal)
      } catch (error) {
        response.discard()
        throw error
      }
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : new TypeError('fetch failed', { cause: error })
    }
  }
}

function isRequest(input: string | URL | Request): input is Request {
  return typeof input === 'object' && 'url' in input && 'headers' in input
}

function methodOf(method: string): string {
  const upper = method.toUpperCase()
  return NORMAL.has(upper) ? upper : method
}

async function optionsOf(classes: FetchClasses, method: string, init: RequestInit, from: Request | null):
  Promise<RequestOptions> {
  const headers = new Headers((init.headers ?? from?.headers ?? {}) as Iterable<[string, string]>)
  const given = init.body ?? from?.body ?? null
  if (given !== null && (method === 'GET' || method === 'HEAD')) throw new TypeError(`${method} has no body`)
  if (!headers.has('accept')) headers.set('Accept', '*/*')
  if (given === null) return { headers }
  const { body, type } = await bodyOf(classes, given)
  if (type !== null && !headers.has('content-type')) headers.set('Content-Type', type)
  return { headers, body }
}

/** Text, bytes and streams as they are; for whatever else there is, the host's Response knows what it means. */
async function bodyOf({ Response }: FetchClasses, given: unknown): Promise<{ body: BodySource, type: string | null }> {
  if (typeof given === 'string') return { body: given, type: 'text/plain;charset=UTF-8' }
  if (given instanceof Uint8Array) return { body: given, type: null }
  if (given instanceof ArrayBuffer) return { body: new Uint8Array(given), type: null }
  if (ArrayBuffer.isView(given)) {
    return { body: new Uint8Array(given.buffer as ArrayBuffer, given.byteOffset, given.byteLength), type: null }
  }
  const isStream = typeof (given as ReadableStream).getReader === 'function'
  const isOther = typeof (given as { append?: unknown }).append === 'function'
  if ((isStream || !isOther) && isBodySource(given)) return { body: given, type: null }
  const whole = new Response(given as BodyInit)
  return { body: new Uint8Array(await whole.arrayBuffer()), type: whole.headers.get('content-type') }
}

function responseOf(classes: FetchClasses, response: ClientResponse, asked: HTTPURL, signal: AbortSignal | undefined):
  Response {
  const { status, reason, method, url } = response
  const hasBody = method !== 'HEAD' && !BODILESS.has(status)
  if (status < 200 || status > 599) throw new TypeError(`fetch() has no responses with status ${status}`)
  if (!hasBody) response.discard()
  const headers = [...response.headers] as [string, string][]
  const body = hasBody ? streamOf(classes, response, signal) : null
  const isRedirected = response.previousResponse !== null || url !== asked.href
  const made = new classes.Response(body, { status, statusText: reason, headers })
  Object.defineProperty(made, 'url', { value: url, configurable: true, enumerable: true })
  Object.defineProperty(made, 'redirected', { value: isRedirected, configurable: true, enumerable: true })
  return made
}

function streamOf({ ReadableStream }: FetchClasses, response: ClientResponse, signal: AbortSignal | undefined):
  ReadableStream<Uint8Array<ArrayBuffer>> {
  const from = response[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = await from.next()
        if (done === true) controller.close()
        else controller.enqueue(value as Uint8Array<ArrayBuffer>)
      } catch (error) {
        throw signal?.aborted === true ? signal.reason : new TypeError('terminated', { cause: error })
      }
    },
    async cancel() {
      await from.return?.()
    },
  }, { highWaterMark: 0 })
}
