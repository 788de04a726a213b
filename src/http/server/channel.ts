/**
 * HTTPChannel: one connection of a server, and the requests on it, one after the other.
 *
 *            head                     response and message ended
 *   idle ───────────▶ in a request ────────────────────────────▶ idle        last ─▶ closing ─▶ closed
 *     └─ first bytes of a head: header timeout      └─ body: inactivity and rate; peer that reads nothing: write
 *
 * Requests that a peer sends ahead wait: first in the parser, which is paused behind each request that is not answered
 * yet, and then with the peer, because the transport is paused as soon as more comes. So no more than two chunks of any
 * connection are ever held.
 * Owns: the order of requests and responses, the connection's end, its deadlines. Must not know: what is answered.
 * Source: RFC 9112, 9; twisted.web.http.HTTPChannel.
 */
import { defaultCore } from '../../core/default.js'
import { HTTPParseError } from '../../core/http-errors.js'
import type { HTTPFields, HTTPHead } from '../../core/http-head.js'
import type { HTTPHandler, HTTPParser } from '../../core/http-parser.js'
import { Failure } from '../../defer/index.js'
import { BodyTimeoutError, HTTPError } from '../../errors/http.js'
import { ConnectionDone } from '../../errors/index.js'
import type { IProtocol } from '../../interfaces/protocol.js'
import { abort, HandoverProtocol } from '../../protocols/handover.js'
import { BodyTarget } from '../body-target.js'
import { Headers } from '../headers.js'
import { incomplete, IncomingBody } from '../incoming-body.js'
import { BODY_HIGH } from '../limits.js'
import { OutgoingBody } from '../outgoing-body.js'
import type { BodyFraming } from '../outgoing-body.js'
import { Patience } from './patience.js'
import type { PatienceOwner, Phase } from './patience.js'
import { Refusal, refusalText, refuse } from './refusal.js'
import { ServerRequest } from './request.js'
import { ServerResponse } from './response.js'
import type { Site } from './site.js'

/** Longer output of a turn is handed to the transport before its end. */
const OUT = 16_384
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

/** The protocol of one connection. */
export class HTTPChannel extends HandoverProtocol implements HTTPHandler, PatienceOwner {
  readonly site: Site
  /** Answered so far, on this connection. */
  requests = 0
  /** Why the connection ended; null before. @internal */
  lostReason: Failure | null = null

  #parser: HTTPParser | null = null
  #request: ServerRequest | null = null
  #response: ServerResponse | null = null
  #body: IncomingBody | null = null
  #trailers: Headers | undefined = undefined
  /** Output of the requests that are being parsed now, not yet with the transport. */
  #out = ''
  /** Bytes are being parsed: what handlers do now goes out together. */
  #isParsing = false
  /** The parser waits for the response. */
  #isHeld = false
  /** The transport is paused: more came although the parser waits, or the body's reader is slow. */
  #isPaused = false
  #isFull = false
  /** The connection may carry another request. */
  #isPersistent = true
  #isDraining = false
  /** The request has come in to its end. */
  #isWhole = true
  /** The response has gone out to its end. */
  #isAnswered = true
  /** The peer was asked to go on with its body, or has begun by itself. */
  #mayContinue = true
  #peerEnded = false
  /** What came is no HTTP: there is no more of the request. */
  #isBad = false
  #isClosing = false
  #isGone = false
  #sinceYield = 0
  #unread = 0
  /** Bytes of the present body that have come. */
  #bodySeen = 0
  readonly #patience: Patience
  #target: BodyTarget | null = null

  /** @internal Made by a Site. */
  constructor(site: Site) {
    super()
    this.site = site
    this.factory = site
    this.#patience = new Patience(site.reactor, site.timeouts, this)
  }

  /** True once nothing can be sent any more. @internal */
  get isLost(): boolean {
    return this.#isGone
  }

  // --- from the transport

  override connectionMade(): void {
    this.site.channels.add(this)
    if (this.site.isDraining) this.#isDraining = true
    this.#patience.await('idle')
  }

  protected override handshakeReceived(data: Uint8Array): void {
    if (this.#isClosing || this.#isGone) return
    const parser = this.#parser ?? this.#makeParser()
    if (this.#isHeld) {
      // Ahead of the response that is being made: kept, and the peer is held back from here on.
      parser.receive(data)
      this.#pause()
      return
    }
    this.#parse(parser, data)
  }

  protected override handshakeLost(reason: Failure): void {
    this.#lost(reason)
  }

  /** The peer sends nothing more. What it may still take is another matter: see the option `halfClose`. */
  readConnectionLost(): void {
    if (this.handedOver || this.#isClosing) {
      this.transport.loseConnection()
      return
    }
    this.#peerEnded = true
    if (this.#parser === null || this.#parser.isEmpty) this.#isPersistent = false
    if (this.#request === null || !this.#isWhole || !this.site.halfClose) {
      const reason = new Failure(new ConnectionDone())
      this.#body?.fail(incomplete(reason))
      this.#request?.finish(reason)
      this.#close()
    } else {
      this.#settle()
    }
  }

  /** The port takes no more connections: this is the last request. */
  draining(): void {
    this.#isDraining = true
    if (this.#request === null && (this.#parser === null || this.#parser.isEmpty)) this.#close()
  }

  override abandon(_error: unknown): void {
    this.abort()
  }

  // --- from the parser

  head(head: HTTPHead): void {
    const { site } = this
    const request = this.#request = new ServerRequest(this, head)
    const response = this.#response = new ServerResponse(this, request)
    this.#isWhole = this.#isAnswered = false
    this.#isPersistent = head.isPersistent && !this.#isDraining
    this.#unread = 0
    this.#patience.phase = 'response'
    this.#trailers = undefined
    if (site.log !== null) request.began = site.reactor.now()
    if (head.hasBody) {
      this.#mayContinue = !head.expectsContinue || head.minorVersion === 0 || head.contentLength === 0
      this.#bodySeen = 0
      this.#patience.resetRate()
    } else {
      this.#mayContinue = true
    }
    const wrong = refuse(request, head, site)
    if (wrong !== null) {
      if (wrong.isLast) this.#isPersistent = false
      wrong.answer(response)
    } else {
      site.dispatch(request, response, this.mayHandOver)
    }
  }

  body(data: Uint8Array): void {
    this.#mayContinue = true
    this.#bodySeen += data.length
    this.#patience.countBody(data.length)
    const body = this.#body
    if (this.#isAnswered && (body === null || !body.isTaken || body.isAbandoned)) {
      this.#drop(data)
    } else if (body === null) {
      this.bodyOf(this.#request as ServerRequest).push(data)
    } else {
      body.push(data)
      if (body.isAbandoned) this.#drop(data)
    }
  }

  /** @internal */
  bodyArrived(length: number): void {
    this.#bodySeen += length
    this.#patience.countBody(length)
    this.#parse(this.#parser as HTTPParser, length)
  }

  trailers(fields: HTTPFields): void {
    this.#trailers = new Headers(fields)
  }

  messageEnd(): void {
    this.#isWhole = true
    const body = this.#body
    if (body !== null) {
      body.end(this.#trailers)
      // Its reader may have answered at once, or taken the connection.
      if (this.#request === null) return
    }
    if (this.#isAnswered) this.#next()
    else this.#hold()
  }

  bad(error: HTTPParseError): void {
    this.#isPersistent = false
    this.#isBad = true
    const { status } = error
    if (this.#request !== null) {
      // In the middle of a body: whoever reads it decides what to answer, if anything can be.
      const reason = new HTTPError(status, error.message, { cause: error })
      this.#isWhole = true
      this.#body?.fail(reason)
      if (this.#isAnswered) this.#close()
      else if (this.#body === null || !this.#body.isTaken) this.#refuse(reason)
      return
    }
    this.site.refused(this, error)
    this.put(refusalText(status, error.message, this.site.dateLine()))
    this.#close()
  }

  // --- from requests and responses

  /** The body of the present request; an empty one for those before. @internal */
  bodyOf(request: ServerRequest): IncomingBody {
    if (request.ownBody !== null) return request.ownBody
    const body = request.ownBody = new IncomingBody(this.site.limits.bodyBytes)
    const { head } = request
    if (!head.hasBody || head.contentLength === 0) {
      body.end()
      return body
    }
    if (request !== this.#request || this.#isGone || this.#isAnswered || this.#isBad) {
      // What came of it was dropped behind the answer, or was none: nobody is to take that for an empty one.
      body.fail(incomplete(null))
      return body
    }
    if (this.#isWhole) {
      body.end(this.#trailers)
      return body
    }
    this.#body = body
    if (this.site.allocate !== undefined) body.allocate = this.site.allocate
    body.expected = head.contentLength
    body.onPressure = (full) => this.#pressure(full)
    if (!this.#mayContinue) body.onDemand = () => this.#continue()
    return body
  }

  /** Sends output behind all that was sent before. @internal */
  put(data: string | Uint8Array): void {
    if (typeof data === 'string' && this.#isParsing) {
      this.#out += data
      if (this.#out.length > OUT) this.#flush()
    } else {
      this.#flush()
      this.transport.write(data)
    }
  }

  /** The way for a body that comes in pieces. @internal */
  stream(framing: BodyFraming, length: number): OutgoingBody {
    this.#flush()
    return new OutgoingBody(this.transport, framing, length)
  }

  /** Whether what was written is sent, and nobody looks at it any more. @internal */
  get hasLetGo(): boolean {
    return !this.#isGone && (this.transport as { readonly hasLetGo?: boolean }).hasLetGo === true
  }

  /** This response is the last. @internal */
  closeAfter(): void {
    this.#isPersistent = false
  }

  /** Whether another request may follow; decided when the head is written. @internal */
  keepsAlive(untilClose: boolean): boolean {
    const { head } = this.#request as ServerRequest
    if (untilClose && head.minorVersion === 0) this.#isPersistent = false
    if (this.#isDraining) this.#isPersistent = false
    if (this.#isPersistent && !this.#isWhole && head.hasBody) {
      // A peer that waits for 100 may send its body or not: nobody could tell what comes next.
      if (!this.#mayContinue) this.#isPersistent = false
      const body = this.#body
      const left = (head.contentLength ?? 0) - this.#bodySeen
      if ((body === null || !body.isTaken || body.isAbandoned) && left > this.site.limits.unreadBytes) {
        this.#isPersistent = false
      }
    }
    return this.#isPersistent
  }

  /** The response is complete. @internal */
  responseEnded(): void {
    if (this.#isAnswered) return
    this.#isAnswered = true
    if (this.transport.disconnecting) this.#isPersistent = false
    this.requests += 1
    const request = this.#request as ServerRequest
    if (this.site.log !== null) this.site.log.add(request, this.#response as ServerResponse)
    request.finish(null)
    if (!this.#isPersistent) {
      this.#close()
    } else if (this.#isWhole) {
      const wasHeld = this.#isHeld
      this.#isHeld = false
      this.#next()
      if (wasHeld && !this.#isHeld) this.#release()
    } else {
      const body = this.#body
      // What nobody reads any more is thrown away, to keep the connection.
      if (body !== null && !body.isTaken) body.discard()
      if (!this.#isParsing) this.#settle()
    }
  }

  /** Whether the connection can become another's now: the request has no body that would come first. @internal */
  get mayHandOver(): boolean {
    const head = this.#request?.head
    return head !== undefined && (!head.hasBody || this.#isWhole || head.contentLength === 0)
  }

  /** Gives the connection to another protocol, with what has come behind the request. @internal */
  giveAway(protocol: IProtocol): void {
    const request = this.#request as ServerRequest
    const response = this.#response as ServerResponse
    this.#flush()
    const rest = (this.#parser as HTTPParser).takeRest()
    this.#isAnswered = this.#isWhole = this.#isGone = true
    this.requests += 1
    this.#forget()
    this.#resume()
    if (this.site.log !== null) this.site.log.add(request, response)
    request.finish(null)
    this.handOver(protocol, { rest })
  }

  /** Drops the connection: nothing that could be sent would make sense. @internal */
  abort(): void {
    if (this.#isGone) return
    this.#isClosing = true
    this.#patience.cancel()
    abort(this.transport)
  }

  // --- inside

  #makeParser(): HTTPParser {
    return this.#parser = defaultCore().httpParser({ mode: 'request', limits: this.site.parserLimits, handler: this })
  }

  /** Response and message are over: on to the next request. */
  #next(): void {
    this.#request = this.#response = null
    this.#body = null
    if (!this.#isPersistent || this.#isClosing) {
      this.#close()
      return
    }
    const length = this.transport.writableLength ?? 0
    if (++this.#sinceYield >= this.site.limits.pipelined || length > BODY_HIGH) this.#yield(length)
  }

  /** Behind so many requests of one turn, or so much output, come the others. */
  #yield(length: number): void {
    this.#sinceYield = 0
    const parser = this.#parser as HTTPParser
    if (parser.isEmpty && length <= BODY_HIGH) return
    this.#hold()
    const goOn = (): void => {
      this.#isFull = false
      if (!this.#isGone && !this.#isClosing && this.#request === null) this.#release()
    }
    if (length > BODY_HIGH) {
      this.#isFull = true
      this.#pause()
      this.transport.drain().addCallbacks(goOn, () => undefined)
    } else {
      this.site.reactor.callFromThread(goOn)
    }
  }

  #hold(): void {
    this.#isHeld = true
    this.#parser?.pause()
  }

  /** Hands out what was held back, as far as it goes. */
  #release(): void {
    this.#isHeld = false
    const parser = this.#parser
    if (parser === null || this.#isClosing || this.#isGone) return
    if (this.#isParsing) {
      parser.resume()
      return
    }
    this.#parse(parser, null)
  }

  /** @param data null for what was held back, a number for bytes of a body that went past the parser */
  #parse(parser: HTTPParser, data: Uint8Array | number | null): void {
    const { site } = this
    this.#isParsing = true
    site.readingBegins()
    try {
      if (data === null) parser.resume()
      else if (typeof data === 'number') parser.bodyPassed(data)
      else parser.receive(data)
    } finally {
      site.readingEnds()
    }
    this.#isParsing = false
    this.#sinceYield = 0
    if (this.#out !== '') this.#flush()
    if (this.#isGone) return
    // A parser that waits and has all delivered need not be protected: the end of the connection is to be seen.
    if (this.#isFull || (this.#isHeld && this.#parser?.isEmpty === false)) {
      this.#pause()
    } else if (!this.#isClosing) {
      this.#resume()
    }
    const body = this.#body
    if (body !== null && BodyTarget.isWorthIt(body, this.#parser)) {
      (this.#target ??= new BodyTarget(this, this.transport, this.#parser as HTTPParser)).begin(body)
    }
    this.#settle()
  }

  #flush(): void {
    const out = this.#out
    if (out === '') return
    this.#out = ''
    this.transport.write(out)
  }

  #pause(): void {
    if (this.#isPaused || this.#isClosing || this.#isGone) return
    this.#isPaused = true
    this.transport.pauseProducing()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.transport.resumeProducing()
  }

  /** The body's reader is slow, or has caught up. */
  #pressure(full: boolean): void {
    if (this.#isGone || this.#isClosing) return
    this.#isFull = full
    if (full) {
      this.#parser?.pause()
      this.#pause()
      return
    }
    this.#patience.resetRate()
    if (!this.#isHeld) this.#release()
  }

  /** The body is asked for, and its peer waits to be told so. */
  #continue(): void {
    if (this.#mayContinue || this.#isGone || this.#response?.headersSent === true) return
    this.#mayContinue = true
    this.put(CONTINUE)
    if (!this.#isParsing) this.#settle()
  }

  /** Throws a piece of a body away that nobody reads. */
  #drop(data: Uint8Array): void {
    this.#unread += data.length
    if (this.#unread <= this.site.limits.unreadBytes) return
    // An answer that is still to come will be the last.
    this.#isPersistent = false
    if (this.#isAnswered) this.#close()
  }

  /** Answers instead of the handler, if nothing was answered yet. */
  #refuse(error: HTTPError): void {
    const response = this.#response
    if (response === null || this.#isAnswered) return
    this.#isPersistent = false
    if (response.headersSent) this.abort()
    else Refusal.replace(response, error)
  }

  /** Closes once everything is sent; what still comes in is ignored. */
  #close(): void {
    if (this.#isClosing || this.#isGone) return
    this.#isClosing = true
    this.#parser?.pause()
    this.#flush()
    this.#resume()
    this.transport.loseConnection()
    this.#patience.await('closing')
    if (this.#request !== null && this.#isAnswered) this.#body?.fail(incomplete(null))
  }

  #lost(reason: Failure): void {
    if (this.#isGone) return
    this.#isGone = true
    this.lostReason = reason
    const request = this.#request
    const response = this.#response
    const body = this.#body
    const isAnswered = this.#isAnswered
    this.#forget()
    if (response !== null && !isAnswered) {
      response.lost()
      if (this.site.log !== null && request !== null) this.site.log.add(request, response)
    }
    body?.fail(incomplete(reason))
    request?.finish(reason)
  }

  #forget(): void {
    this.site.channels.delete(this)
    this.#request = this.#response = this.#body = null
    this.#out = ''
    if (this.#parser !== null) {
      // Not while it is in the middle of telling us: that would be its last word.
      const parser = this.#parser
      this.#parser = this.#target = null
      parser.free()
    }
    this.#patience.cancel()
  }

  // --- deadlines

  /** Decides what is waited for now. */
  #settle(): void {
    if (this.#isClosing || this.#isGone) return
    if (this.#request !== null) {
      // Behind the answer nobody waits for a reader who is slow.
      const isDue = !this.#isWhole && this.#mayContinue && (!this.#isFull || this.#isAnswered)
      this.#patience.await(isDue ? 'body' : 'response')
    } else if (this.#isHeld) {
      this.#patience.await('response')
    } else if (this.#peerEnded) {
      this.#close()
    } else if (this.#parser !== null && !this.#parser.isEmpty) {
      this.#patience.await('head')
    } else if (this.#isDraining) {
      this.#close()
    } else {
      this.#patience.await('idle')
    }
  }

  /** No request is being answered, and none waits. @internal */
  get isIdle(): boolean {
    return this.#request === null && !this.#isHeld
  }

  /** The peer did not do its part in time. @internal */
  late(phase: Phase): void {
    if (this.#isGone) return
    if (phase === 'idle') {
      this.#close()
    } else if (phase === 'head') {
      this.bad(new HTTPParseError('The head of the request took too long.', undefined, 408))
    } else if (phase === 'body') {
      this.#bodyLate()
    } else {
      this.abort()
    }
  }

  #bodyLate(): void {
    this.#isPersistent = false
    const error = new BodyTimeoutError()
    if (this.#isAnswered) {
      this.#close()
      return
    }
    const body = this.#body
    if (body !== null && body.isTaken && !body.isAbandoned) {
      // Whoever reads it hears of it, and answers.
      this.#isWhole = true
      this.#parser?.pause()
      this.#isHeld = true
      body.fail(error)
      if (!this.#isAnswered) this.#patience.await('response')
    } else {
      this.#refuse(error)
    }
  }
}
