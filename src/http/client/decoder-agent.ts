/**
 * ContentDecoderAgent: says what it can decompress, and decompresses what comes.
 *
 *      body of the response ──▶ codec of the host ──▶ body that the user reads
 *            ◀── asked for when the codec has taken the last piece, and is not held back by the reader
 *
 * So a bomb costs the memory of one piece, as long as nobody reads all of it at once; `limit`, and that of `read`, hold
 * for what comes out. Owns: which codings are offered and taken off, and the fields that say so. Must not know: how
 * decompression is done. Source: twisted.web.client.ContentDecoderAgent; RFC 9110, 8.4, 12.5.3; RFC 1950 for `deflate`.
 */
import type { Deferred } from '../../defer/index.js'
import { CompressionError } from '../../errors/index.js'
import type {
  Codec, CodecSink, CompressionHost, ContentCoding, IReactorCompression,
} from '../../interfaces/compression-host.js'
import { Headers } from '../headers.js'
import { IncomingBody } from '../incoming-body.js'
import type { IAgent, RequestOptions } from './interfaces.js'
import type { ClientResponse } from './response.js'

/** Options of a ContentDecoderAgent. */
export interface ContentDecoderAgentOptions {
  /** Codings to offer, the best first; all that the reactor's host has if not given. */
  codings?: readonly ('gzip' | 'br' | 'deflate')[]
  /**
   * Bytes that a body may have once it is decompressed, else it fails with CompressionLimitError; null for any number.
   */
  limit?: number | null
}

/** Codings that are taken off one response; more are no honest server's. */
const MOST_LAYERS = 3
const OFFERED: readonly ContentCoding[] = ['gzip', 'br', 'deflate']

/** Decompresses. */
export class ContentDecoderAgent implements IAgent {
  readonly #agent: IAgent
  readonly #host: CompressionHost
  readonly #codings: readonly string[]
  readonly #limit: number | null

  /**
   * @param reactor whose host decompresses
   * @throws NotSupportedError where it cannot; RangeError for a coding that it does not have
   */
  constructor(reactor: IReactorCompression, agent: IAgent, options: ContentDecoderAgentOptions = {}) {
    this.#host = reactor.compression()
    const has = this.#host.codings
    const { codings = OFFERED.filter((coding) => has.includes(coding)), limit = null } = options
    for (const coding of codings) {
      if (!OFFERED.includes(coding) || !has.includes(coding)) {
        throw new RangeError(`this host has no coding "${coding}"`)
      }
    }
    if (limit !== null && !(Number.isSafeInteger(limit) && limit >= 0)) {
      throw new RangeError(`a limit is a number of bytes, not ${String(limit)}`)
    }
    this.#agent = agent
    this.#codings = codings
    this.#limit = limit
  }

  /**
   * See {@link IAgent.request}. A request that says itself which codings it wants, or asks for a range, gets what comes
   * as it is. A body that is damaged, or too long, fails with a CompressionError or CompressionLimitError.
   */
  request(method: string, url: string | URL, options: RequestOptions = {}): Deferred<ClientResponse> {
    let headers: Headers
    try {
      headers = new Headers(options.headers)
    } catch {
      // Refused by the agent, with words of its own.
      return this.#agent.request(method, url, options)
    }
    // A range would be one of the compressed bytes, of which no part can be read alone.
    const isLeft = headers.has('range') || headers.has('accept-encoding')
    if (isLeft || this.#codings.length === 0) return this.#agent.request(method, url, options)
    headers.set('Accept-Encoding', this.#codings.join(', '))
    return this.#agent.request(method, url, { ...options, headers })
      .addCallback((response) => this.#decoded(response)) as Deferred<ClientResponse>
  }

  #decoded(response: ClientResponse): ClientResponse {
    const { status, method } = response
    if (method === 'HEAD' || status === 204 || status === 304 || response.isUpgrade) return response
    const said = response.headers.get('content-encoding')
    if (said === null) return response
    // In the order in which they were put on; a part may be ours, the rest the user's.
    const left = said.split(',').map((one) => one.trim().toLowerCase()).filter((one) => one !== '')
    let { body } = response
    let layers = 0
    for (;;) {
      const coding = left.at(-1)
      if (coding === 'identity') {
        left.pop()
        continue
      }
      const known = coding === 'x-gzip' ? 'gzip' : coding
      if (known === undefined || !this.#codings.includes(known)) break
      left.pop()
      const decoded = new IncomingBody(response.body.limit)
      if (++layers > MOST_LAYERS) {
        body.discard()
        decoded.fail(new CompressionError(`The body was compressed more than ${MOST_LAYERS} times.`))
        body = decoded
        break
      }
      new Decoding(this.#host, known as ContentCoding, body, decoded, this.#limit)
      body = decoded
    }
    if (body === response.body) return response
    const headers = new Headers(response.headers)
    if (left.length === 0) headers.delete('content-encoding')
    else headers.set('content-encoding', left.join(', '))
    // Of what came, not of what is handed out.
    headers.delete('content-length')
    return response.withBody(body, headers)
  }
}

/** One coding of one body. */
class Decoding implements CodecSink {
  readonly #host: CompressionHost
  readonly #coding: ContentCoding
  readonly #source: IncomingBody
  readonly #target: IncomingBody
  readonly #limit: number | null
  #from: AsyncIterator<Uint8Array> | null = null
  #codec: Codec | null = null
  #isOver = false

  constructor(host: CompressionHost, coding: ContentCoding, source: IncomingBody, target: IncomingBody,
    limit: number | null) {
    this.#host = host
    this.#coding = coding
    this.#source = source
    this.#target = target
    this.#limit = limit
    // Nothing is begun for a body that nobody wants.
    target.onDemand = () => this.#begin()
    target.onAbandon = () => this.#leave()
    target.onPressure = (full) => {
      if (full) this.#codec?.pause()
      else this.#codec?.resume()
    }
  }

  output(bytes: Uint8Array): void {
    if (!this.#isOver) this.#target.push(bytes)
  }

  taken(): void {
    this.#pull()
  }

  ended(): void {
    this.#end(() => this.#target.end(this.#source.trailers))
  }

  failed(error: unknown): void {
    this.#leave()
    this.#target.fail(error)
  }

  #begin(): void {
    this.#from = this.#source[Symbol.asyncIterator]()
    this.#pull()
  }

  #pull(): void {
    if (this.#isOver) return
    this.#from!.next().then(
      ({ done, value }) => {
        if (this.#isOver) return
        if (done !== true) this.#write(value as Uint8Array)
        // A body without a byte is nothing compressed: some servers say so of empty ones.
        else if (this.#codec === null) this.#end(() => this.#target.end(this.#source.trailers))
        else this.#codec.end()
      },
      (error: unknown) => this.#end(() => this.#target.fail(error)))
  }

  #write(piece: Uint8Array): void {
    try {
      const options = this.#limit === null ? {} : { limit: this.#limit }
      this.#codec ??= this.#host.decompressor(this.#kindOf(piece), options, this)
      this.#codec.write(piece)
    } catch (error) {
      this.failed(error)
    }
  }

  /** `deflate` is zlib's format, and some servers send what it has inside. */
  #kindOf(piece: Uint8Array): ContentCoding {
    if (this.#coding !== 'deflate' || !this.#host.codings.includes('deflate-raw')) return this.#coding
    const first = piece[0]!
    // The first two bytes are a multiple of 31 (RFC 1950, 2.2).
    const isChecked = piece.length < 2 || ((first << 8) | piece[1]!) % 31 === 0
    const isZlib = (first & 0x0f) === 8 && first >> 4 <= 7 && isChecked
    return isZlib ? 'deflate' : 'deflate-raw'
  }

  #end(tell: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#codec?.close()
    tell()
  }

  /** The reader went away, or cannot be served. */
  #leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#codec?.close()
    if (this.#from === null) this.#source.discard()
    else void this.#from.return?.()
  }
}
