/**
 * ServerResponse: the answer to a request, on its way out.
 *
 *   open ── write ──▶ streaming ── end ──▶ ended          head sent with the first write: chunked, or of a known length
 *     └───── end (head and body as one piece) ──▶
 *     └───── switchProtocol ──▶ the connection is another protocol's
 *
 * Owns: the head, which framing the body has, and that nothing comes behind the end. Must not know: what comes before
 * and behind it on the connection. Source: RFC 9110, 6 and 15; RFC 9112, 6.
 */
import { BodyLengthError, HeadSentError, MessageEndedError } from '../../errors/http.js'
import type { Deferred, Failure } from '../../defer/index.js'
import { fail as failed, succeed } from '../../defer/index.js'
import { ConnectionLost } from '../../errors/index.js'
import type { IProtocol } from '../../interfaces/protocol.js'
import { FramingFields, hasToken, Headers } from '../headers.js'
import type { HeadersInit } from '../headers.js'
import { isASCII, headBytes, shown, statusLine, utf8Length } from '../messages.js'
import { endSource } from '../outgoing-body.js'
import type { BodyFraming, BodySource, BodyWriter } from '../outgoing-body.js'
import type { HTTPChannel } from './channel.js'
import type { ServerRequest } from './request.js'

/** Longer text than this goes out by itself: as a part of one string it would be copied once more. */
const SHORT = 8192
const NUMBER = /^\d{1,15}$/
/** What text is said to be, so that nobody has to guess in which encoding. */
const TEXT = 'text/plain; charset=utf-8'
const TEXT_LINE = `Content-Type: ${TEXT}\r\n`

/** One at a time is made. */
const framing = /* @__PURE__ */ new FramingFields()

/** An answer. */
export class ServerResponse {
  /** The status, 200 to 999; see `informational` for those below. */
  status = 200
  /** The words beside the status; those of REASON_PHRASES if undefined. */
  reason: string | undefined = undefined
  readonly request: ServerRequest
  /** Bytes of the body that were written, framing not counted. */
  bytesWritten = 0
  /**
   * Asked once, just before the head is made: it may change status and headers, and put something between the program
   * and the body. @param length of the whole body, null where it is not known @internal
   */
  onHead: ((length: number | null) => ((body: BodyWriter) => BodyWriter) | null) | null = null
  readonly #channel: HTTPChannel
  #headers: Headers | null = null
  /** There is one field so far, which says that this is text. */
  #isText = false
  #trailers: Headers | null = null
  #body: BodyWriter | null = null
  #isDirect = false
  /** The head says that nothing follows it, as in an answer to HEAD. */
  #isBodiless = false
  #headSent = false
  #ended = false
  #lost = false

  /** @internal */
  constructor(channel: HTTPChannel, request: ServerRequest) {
    this.#channel = channel
    this.request = request
  }

  /** What goes into the head. The framing is this object's affair: Transfer-Encoding is not taken from here. */
  get headers(): Headers {
    return this.#headers ??= new Headers(this.#isText ? { 'Content-Type': TEXT } : undefined)
  }

  /** Fields behind a chunked body, sent if the request said `TE: trailers` (RFC 9110, 6.5.1). */
  get trailers(): Headers {
    return this.#trailers ??= new Headers()
  }

  /** Once the head is on its way it cannot be changed. */
  get headersSent(): boolean {
    return this.#headSent
  }

  /** True once nothing can be sent any more, because the connection is gone. */
  get isLost(): boolean {
    return this.#channel.isLost || this.#lost
  }

  /** True after `end`. */
  get isEnded(): boolean {
    return this.#ended
  }

  /**
   * Sends a piece of the body, and before the first one the head: with Content-Length if `headers` has it, or chunked.
   * @returns fires when it is sensible to write more
   * @throws MessageEndedError, BodyLengthError
   */
  write(chunk: Uint8Array | string): Deferred<void> {
    if (this.isLost) return this.#gone()
    if (this.#ended) throw new MessageEndedError()
    const body = this.#body ?? this.#begin()
    const room = body.write(chunk)
    this.bytesWritten = body.bytesWritten
    return room
  }

  /**
   * Ends the response. When nothing was written before, head and body leave as one piece, with Content-Length.
   * @param chunk the last of the body, or all of it
   * @throws MessageEndedError, BodyLengthError
   */
  end(chunk?: Uint8Array | string): void {
    if (this.isLost) {
      this.#ended = true
      return
    }
    if (this.#ended) throw new MessageEndedError()
    if (chunk !== undefined && typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
      throw new TypeError('a body is made of Uint8Arrays and strings')
    }
    const body = this.#body
    if (body === null) {
      this.#whole(chunk)
      return
    }
    this.#ended = true
    try {
      body.end(chunk, this.#trailers !== null && this.#wantsTrailers() ? this.#trailers : undefined)
    } finally {
      this.bytesWritten = body.bytesWritten
      if (body.isEnded) {
        this.#channel.responseEnded()
      } else {
        // What stands between has yet to hand on the last of it.
        body.onEnd = () => {
          this.bytesWritten = body.bytesWritten
          this.#channel.responseEnded()
        }
      }
    }
  }

  /** As `end`, with the text that a handler gave back: unless it has said what that is, the head says. @internal */
  endText(text: string): void {
    if (this.#headers === null) this.#isText = !this.#headSent
    else if (!this.#headSent && !this.#headers.has('content-type')) this.#headers.set('Content-Type', TEXT)
    this.end(text)
  }

  /**
   * Sends a whole body and ends the response: text, bytes, or what gives them piece by piece, no faster than the peer
   * takes it.
   * @returns fires when it is written; fails, and cuts the response off, when the source does
   */
  send(source: BodySource): Deferred<void> {
    if (typeof source === 'string' || source instanceof Uint8Array) {
      this.end(source)
      return succeed(undefined) as Deferred<void>
    }
    if (this.isLost) {
      endSource(source)
      return this.#gone()
    }
    if (this.#ended) throw new MessageEndedError()
    const body = this.#body ?? this.#begin()
    if (this.#isBodiless) {
      // Nobody would hold the source back, or ever see what comes of it.
      endSource(source)
      this.end()
      return succeed(undefined) as Deferred<void>
    }
    return body.pipe(source).addCallbacks(
      () => {
        if (!this.#ended) this.end()
      },
      (failure: Failure) => {
        this.abort()
        return failure
      }) as Deferred<void>
  }

  /**
   * Sends a response that comes before the real one: 103 with links to load, for one. HTTP/1.0 knows none: dropped.
   * @param status 100 to 199, but not 101
   * @throws RangeError, HeadSentError
   */
  informational(status: number, headers?: HeadersInit): void {
    if (!(status >= 100 && status < 200 && status !== 101)) {
      throw new RangeError(`an informational status is one from 100 to 199, and not 101: not ${shown(status)}`)
    }
    if (this.#headSent || this.#ended) throw new HeadSentError()
    if (this.request.head.minorVersion === 0) return
    const lines = headers === undefined ? '' : new Headers(headers).linesWithout(framing)
    this.#channel.put(headBytes(`${statusLine(status)}${lines}\r\n`))
  }

  /**
   * Answers 101, or 200 to a CONNECT, and gives the connection to another protocol: it is connected, and the bytes that
   * have come behind the request are its first.
   * @param headers go into the head; `Upgrade` and `Connection` are made if they are not there
   * @throws HeadSentError, TypeError when the request asks for neither
   */
  switchProtocol(protocol: IProtocol, headers?: HeadersInit): void {
    const { request } = this
    const isTunnel = request.method === 'CONNECT'
    if (this.#headSent || this.#ended) throw new HeadSentError()
    if (!isTunnel && !request.head.isUpgrade) throw new TypeError('the request asks for no other protocol')
    if (!this.#channel.mayHandOver) throw new TypeError('the request has a body: it cannot be upgraded')
    this.status = isTunnel ? 200 : 101
    const own = this.headers
    if (headers !== undefined) merge(own, headers)
    if (!isTunnel && !own.has('upgrade')) own.set('Upgrade', firstOf(request.head.fields.get('upgrade')))
    const lines = own.linesWithout(framing)
    this.#headSent = this.#ended = true
    this.#channel.put(headBytes(
      `${statusLine(this.status, this.reason)}${lines}${isTunnel ? '' : 'Connection: Upgrade\r\n'}\r\n`))
    this.#channel.giveAway(protocol)
  }

  /** Whether arrays that were written may be used again. @internal */
  get hasLetGo(): boolean {
    return this.#isDirect && this.#channel.hasLetGo
  }

  /** Cuts the response off: the connection is aborted, so that the peer does not take what it has for whole. */
  abort(): void {
    if (this.#ended) return
    this.#ended = true
    this.#channel.abort()
  }

  /** The connection is gone: nothing more can be sent. @internal */
  lost(): void {
    this.#ended = this.#lost = true
  }

  /** Throws away what was put into the head so far, for another answer. @internal */
  reset(status: number): void {
    this.status = status
    this.reason = undefined
    this.#headers = this.#trailers = null
    this.#isText = false
  }

  /** The fields of the head; those that frame it are in `framing`. */
  #lines(): string {
    if (this.#headers !== null) return this.#headers.linesWithout(framing)
    framing.clear()
    return this.#isText ? TEXT_LINE : ''
  }

  /** Head and body at once. */
  #whole(chunk: Uint8Array | string | undefined): void {
    const isHead = this.request.method === 'HEAD'
    let length = chunk === undefined ? 0 : typeof chunk === 'string' ? utf8Length(chunk) : chunk.length
    if (this.onHead !== null) {
      const wrap = this.#askOnHead(isHead && chunk === undefined ? null : length)
      if (wrap !== null && isHead) {
        // The length of what a GET would be answered with is not known.
        chunk = undefined
        length = 0
      } else if (wrap !== null) {
        this.#begin(wrap)
        this.end(chunk)
        return
      }
    }
    const { status } = this
    const hasNone = status === 204 || status === 304
    let head = hasNone || isHead ? null : this.#usualHead(length)
    if (head !== null) {
      this.#sendWhole(head, chunk, length)
      return
    }
    head = this.#head(hasNone || isHead ? -1 : length)
    if (!hasNone) {
      const said = framing.contentLength
      if (said === null) {
        // What a GET would have been answered with is not known where nothing was given.
        if (!isHead || chunk !== undefined) head += `Content-Length: ${status === 205 ? 0 : length}\r\n`
      } else {
        head += `Content-Length: ${said}\r\n`
      }
    } else if (status === 304 && framing.contentLength !== null) {
      head += `Content-Length: ${framing.contentLength}\r\n`
    }
    this.#sendWhole(`${head}\r\n`, hasNone || isHead || status === 205 ? undefined : chunk, length)
  }

  #sendWhole(head: string, chunk: Uint8Array | string | undefined, length: number): void {
    this.#headSent = this.#ended = true
    const channel = this.#channel
    const isPlain = framing.isASCII && (this.reason === undefined || isASCII(this.reason))
    if (chunk === undefined || length === 0) {
      channel.put(isPlain ? head : headBytes(head))
    } else {
      this.bytesWritten = length
      if (typeof chunk === 'string' && length <= SHORT && isPlain) {
        channel.put(head + chunk)
      } else {
        channel.put(headBytes(head))
        channel.put(chunk)
      }
    }
    channel.responseEnded()
  }

  /** Whoever writes on without end is to be told; nobody has to listen. */
  #gone(): Deferred<void> {
    const deferred = failed(this.#channel.lostReason ?? new ConnectionLost()) as unknown as Deferred<void>
    void deferred.catch(() => undefined)
    return deferred
  }

  /** The head of a response that has nothing unusual about it, null for others. */
  #usualHead(length: number): string | null {
    const { status, request } = this
    const lines = this.#lines()
    const isUsual = status >= 200 && status !== 205 && this.reason === undefined && framing.isUsual
      && request.head.minorVersion === 1 && request.method !== 'CONNECT' && this.#channel.keepsAlive(false)
    return isUsual ? this.#channel.site.wholeHead(status, lines, length) : null
  }

  /** Sends the head of a body that comes in pieces. */
  #begin(wrap: ReturnType<NonNullable<ServerResponse['onHead']>> = this.#askOnHead(null)): BodyWriter {
    const { status, request } = this
    const hasNone = this.#isBodiless = request.method === 'HEAD' || status === 204 || status === 205 || status === 304
    let head = this.#head(-2)
    const said = framing.contentLength
    let kind: BodyFraming = 'none'
    if (said !== null && status !== 204) head += `Content-Length: ${said}\r\n`
    if (!hasNone) {
      if (said !== null) {
        kind = 'length'
      } else if (request.head.minorVersion === 0) {
        kind = 'close'
      } else {
        kind = 'chunked'
        head += 'Transfer-Encoding: chunked\r\n'
      }
    } else if (status === 205 && said === null) {
      head += 'Content-Length: 0\r\n'
    }
    head += '\r\n'
    this.#headSent = true
    this.#channel.put(headBytes(head))
    const body = this.#channel.stream(kind, said === null ? 0 : Number(said))
    this.#isDirect = wrap === null
    return this.#body = wrap === null || hasNone ? body : wrap(body)
  }

  #askOnHead(length: number | null): ReturnType<NonNullable<ServerResponse['onHead']>> {
    const { onHead } = this
    this.onHead = null
    return onHead === null ? null : onHead(length)
  }

  /**
   * The head without its framing and its end.
   * @param length of the body; -1 if it has none, -2 if it is not known yet
   */
  #head(length: number): string {
    const { status } = this
    if (!(Number.isInteger(status) && status >= 200 && status <= 999)) {
      throw new RangeError(`the status of a response is a number from 200 to 999, not ${shown(status)}`)
    }
    if (status < 300 && this.request.method === 'CONNECT') {
      throw new TypeError('a tunnel begins with switchProtocol(), not with a body')
    }
    let head = statusLine(status, this.reason) + this.#lines()
    const said = framing.contentLength
    if (said !== null && status === 205) {
      // There is nothing to come, whatever a handler says (RFC 9110, 15.3.6): a peer would wait for it.
      framing.contentLength = '0'
    } else if (said !== null) {
      if (!NUMBER.test(said)) throw new TypeError(`${JSON.stringify(said)} is no Content-Length`)
      if (length >= 0 && Number(said) !== length) {
        throw new BodyLengthError(`Content-Length says ${said} bytes, and the body has ${length}.`)
      }
    }
    if (!framing.hasDate) head += this.#channel.site.dateLine()
    const { connection } = framing
    if (connection !== null && hasToken(connection, 'close')) this.#channel.closeAfter()
    const keeps = this.#channel.keepsAlive(length === -2 && said === null)
    if (!keeps) {
      return `${head}Connection: ${connection === null || hasToken(connection, 'close') ? connection ?? 'close'
        : `${connection}, close`}\r\n`
    }
    if (connection !== null) return `${head}Connection: ${connection}\r\n`
    return this.request.head.minorVersion === 0 ? `${head}Connection: keep-alive\r\n` : head
  }

  #wantsTrailers(): boolean {
    return hasToken(this.request.head.fields.get('te'), 'trailers')
  }
}

/** Sets fields, in the place of those of the same names. @internal */
export function merge(headers: Headers, init: HeadersInit): void {
  const names = new Set<string>()
  for (const [name, value] of new Headers(init).raw()) {
    const lower = name.toLowerCase()
    if (names.has(lower)) headers.append(name, value)
    else headers.set(name, value)
    names.add(lower)
  }
}

/** The first of a list. */
function firstOf(list: string | null): string {
  return (list ?? '').split(',')[0].trim()
}
