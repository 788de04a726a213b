/**
 * Compressed: a handler, or a tree, whose answers are compressed as the client likes it.
 *
 * Owns: which answers are worth it, the fields that change with it, and the choice of the coding. Must not know: how
 * bytes are compressed. Source: RFC 9110, 8.4, 8.8.3.3, 12.5.3, 12.5.5; RFC 9111, 5.2.2.6 (no-transform).
 *
 * Compressed, something is another representation with other bytes: a strong entity tag becomes a weak one, and ranges
 * of it are not offered. Secrets and what a stranger chose do not belong in one compressed answer: its length tells of
 * the one by the other (BREACH). Nobody but the program knows where that is so.
 */
import { NotSupportedError } from '../../errors/index.js'
import type { CompressionHost, ContentCoding, IReactorCompression } from '../../interfaces/compression-host.js'
import { hasToken } from '../headers.js'
import type { BodyWriter } from '../outgoing-body.js'
import type { HandlerResult, RequestHandler } from '../server/handler.js'
import type { ServerRequest } from '../server/request.js'
import type { ServerResponse } from '../server/response.js'
import { chooseCoding } from './accept.js'
import { CompressedBody } from './compressed-body.js'
import { markVaries } from './file-answer.js'
import { errorPage } from './pages.js'
import { Resource } from './resource.js'
import { renderResource } from './walk.js'

/** Options of {@link Compressed}. */
export interface CompressedOptions {
  /** Which codings, the best first; br, gzip and deflate, as far as the host has them, if not given. */
  codings?: readonly ('br' | 'gzip' | 'deflate')[]
  /** Bodies that are known to be shorter are left as they are, bytes; 1,024 if not given. */
  minimum?: number
  /** What is worth it, by its media type; text, and formats that are text inside, if not given. */
  types?: RegExp
  /** How hard to try; the host's choice for answers made on the fly if not given. */
  level?: number
  /** Whether what was written comes out at once; true if not given. False compresses better. */
  flush?: boolean
}

const CODINGS = ['br', 'gzip', 'deflate'] as const
const MINIMUM = 1024
/** Text, formats that are text inside, and those that are known to be worth it. */
const TYPES = new RegExp([
  'text/', 'application/(?:[\\w.-]+\\+)?(?:json|xml)\\b', 'model/[\\w.-]+\\+(?:json|xml)\\b',
  'application/(?:javascript|x-javascript|wasm|x-ndjson|graphql|rtf|vnd\\.ms-fontobject)\\b',
  'image/(?:svg\\+xml|bmp|x-icon|vnd\\.microsoft\\.icon)\\b', 'font/(?:otf|ttf)\\b',
].map((type) => `^${type}`).join('|'), 'i')
/** Said of the very bytes. */
const DIGESTS = ['content-digest', 'content-md5']

/**
 * Compresses what a handler or a resource answers with.
 *
 * @example
 * serve(reactor, 'tcp:8080', new Compressed(new File('/srv/www')))
 */
export class Compressed extends Resource {
  override isLeaf = true
  override takesRawPath = true
  readonly #inner: Resource | RequestHandler
  readonly #options: Required<Omit<CompressedOptions, 'level'>> & { readonly level: number | undefined }

  /** @throws TypeError, RangeError for options that are none */
  constructor(inner: Resource | RequestHandler, options: CompressedOptions = {}) {
    super()
    if (typeof inner !== 'function' && typeof inner?.getChildWithDefault !== 'function') {
      throw new TypeError('a handler or a Resource is needed')
    }
    const { codings = CODINGS, minimum = MINIMUM, types = TYPES, level, flush = true } = options
    if (!codings.every((coding) => (CODINGS as readonly string[]).includes(coding))) {
      throw new TypeError(`codings are ${CODINGS.join(', ')}`)
    }
    if (!Number.isSafeInteger(minimum) || minimum < 0) throw new RangeError('minimum is a number of bytes')
    this.#inner = inner
    this.#options = { codings, minimum, types, level, flush }
  }

  override render(request: ServerRequest, response: ServerResponse): HandlerResult {
    const inner = this.#inner
    const host = hostOf(request)
    if (host !== null && response.onHead === null) {
      const available = this.#options.codings.filter((coding) => host.codings.includes(coding))
      const choice = chooseCoding(request.headers.get('accept-encoding'), available)
      if (choice === null && (request.method === 'GET' || request.method === 'HEAD')) {
        markVaries(response.headers, 'Accept-Encoding')
        return errorPage(response, 406, undefined, 'There is no coding of the content that both sides know.')
      }
      const { coding, isForced } = choice ?? { coding: null, isForced: false }
      response.onHead = (length) => this.#wrap(response, host, coding, isForced ? 0 : this.#options.minimum, length)
    }
    return typeof inner === 'function' ? inner(request, response) : renderResource(inner, request, response)
  }

  /** @param whole length of the whole body; null if it comes in pieces */
  #wrap(
    response: ServerResponse, host: CompressionHost, coding: ContentCoding | null, minimum: number,
    whole: number | null,
  ): ((body: BodyWriter) => BodyWriter) | null {
    const { headers, status, request } = response
    const { types, level, flush } = this.#options
    if (status === 304) {
      // It speaks of what a GET would be answered with.
      if (coding !== null) weaken(response)
      markVaries(headers, 'Accept-Encoding')
      return null
    }
    // A part is as it is because it is one; the whole would depend on the field (RFC 9110, 15.3.7).
    if (status === 206) markVaries(headers, 'Accept-Encoding')
    if (status < 200 || status === 204 || status === 205 || status === 206 || headers.has('content-range')) return null
    const encoded = headers.get('content-encoding')
    if (encoded !== null && encoded.toLowerCase() !== 'identity') return null
    if (!types.test(headers.get('content-type') ?? '')) return null
    if (hasToken(headers.get('cache-control'), 'no-transform')) return null
    if (DIGESTS.some((name) => headers.has(name))) return null
    const said = headers.get('content-length')
    const length = said !== null ? Number(said) : whole ?? Infinity
    if (length < minimum) return null
    markVaries(headers, 'Accept-Encoding')
    if (coding === null) return null
    headers.set('Content-Encoding', coding)
    for (const name of ['Content-Length', 'Accept-Ranges']) headers.delete(name)
    weaken(response)
    return (body) => {
      const made = new CompressedBody(body, (sink) => host.compressor(coding, { level }, sink), flush)
      // A codec that nobody takes from would wait for ever.
      request.notifyFinish().addErrback(() => made.close())
      return made
    }
  }
}

function weaken({ headers }: ServerResponse): void {
  const etag = headers.get('etag')
  if (etag !== null && etag.startsWith('"')) headers.set('ETag', `W/${etag}`)
}

/** Null where the host has none: answers are then sent as they are. */
function hostOf(request: ServerRequest): CompressionHost | null {
  try {
    return (request.reactor as unknown as Partial<IReactorCompression>).compression?.() ?? null
  } catch (error) {
    if (error instanceof NotSupportedError) return null
    throw error
  }
}
