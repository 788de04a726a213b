/**
 * HTTPClientConnection: one connection on which requests go out, one after the other.
 *
 *      idle ──begin──▶ sending ──▶ waiting ──head──▶ receiving ──▶ idle | closed
 *                        └───────────head──────────────▲               an early response: see `#finish`
 *
 * A connection is given back only between two messages: whatever comes behind a response and was not asked for would be
 * taken for the next one. Nothing is ever sent before the response to what was sent before is whole: no pipelining.
 * Owns: the order of the two directions, their deadlines, and what an end means at each stage. Must not know: who makes
 * connections, whether something is tried again, redirections. Source: RFC 9112, 6.3, 7.2, 9.3 to 9.6; RFC 9110, 15.2.
 */
import { defaultCore } from '../../core/default.js'
import type { HTTPParseError } from '../../core/http-errors.js'
import type { HTTPFields, HTTPHead } from '../../core/http-head.js'
import type { HTTPHandler, HTTPLeniences, HTTPLimits, HTTPParser } from '../../core/http-parser.js'
import { concat } from '../../core/bytes.js'
import type { Deferred, Failure } from '../../defer/index.js'
import {
  ConnectionDone, ConnectionLost, RequestGenerationFailed, RequestTimeoutError, RequestTransmissionFailed,
  ResponseFailed, ResponseNeverReceived,
} from '../../errors/index.js'
import type { IProtocol, IReactorTime, ITransport } from '../../interfaces/index.js'
import { abort, HandoverProtocol } from '../../protocols/handover.js'
import { BodyTarget } from '../body-target.js'
import { Headers } from '../headers.js'
import { IncomingBody } from '../incoming-body.js'
import { OutgoingBody, pipeInto } from '../outgoing-body.js'
import { Deadline } from './deadline.js'
import type { ClientPhase } from './deadline.js'
import { CLIENT_BODY_LIMIT } from './interfaces.js'
import type { ClientTimeouts } from './interfaces.js'
import { piecesOf } from './prepared.js'
import type { PreparedRequest } from './prepared.js'
import { ClientResponse } from './response.js'

/** Whoever wants a response. */
export interface Exchange {
  readonly request: PreparedRequest
  readonly timeouts: Required<ClientTimeouts>
  readonly limits: ClientLimits
  /** The head is there; the body follows. */
  responded(response: ClientResponse): void
  /** There will be no response. @param isUnheard the connection ended before the first byte of an answer */
  failed(error: unknown, isUnheard: boolean): void
  /** The connection has nothing to do with it any more. */
  finished(): void
}

/** What a response may have at most. */
export interface ClientLimits extends HTTPLimits {
  /** Bytes of a body that is read whole, where the call does not say; 64 MiB. null: no limit. */
  bodyBytes?: number | null
  /** Bytes of a body that nobody wants, which are thrown away to keep the connection; 65,536. */
  unreadBytes?: number
}

/** Who keeps connections. */
export interface ConnectionOwner {
  readonly reactor: IReactorTime
  /** The connection is free. @param idleFor what the server says it keeps it for, ms; null if it does not say */
  released(connection: HTTPClientConnection, idleFor: number | null): void
  /** It has ended, or is somebody else's; called once. */
  left(connection: HTTPClientConnection): void
}

/** Bodies up to this are handed over at once; of longer ones it shows how fast the peer takes them. */
const AT_ONCE = 65_536
const UNREAD = 65_536
/** A body that nobody wants may go on for so long, ms. */
const DRAIN_TIME = 1000
/** Heads of status 1xx before the real one. */
const MOST_INTERIM = 50
const KEEP_ALIVE_TIMEOUT = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,9})/i

/** One connection. */
export class HTTPClientConnection extends HandoverProtocol implements HTTPHandler {
  // The pool's own: where it leads to, since when, and whether it counts.
  /** @internal */
  key = ''
  /** @internal */
  generation = 0
  /** @internal */
  isCounted = false
  /** Called at the end. @internal */
  onLost: (() => void) | null = null
  /** How many were sent. @internal */
  requests = 0
  readonly #owner: ConnectionOwner
  readonly #limits: ClientLimits
  readonly #lenient: HTTPLeniences
  readonly #deadline: Deadline
  #parser: HTTPParser | null = null
  #exchange: Exchange | null = null
  /** Whose response is whole, and whose body is still being sent: it can be given up until that is over. */
  #uploading: Exchange | null = null
  #body: IncomingBody | null = null
  #target: BodyTarget | null = null
  /** The response, until its exchange is told. */
  #pending: ClientResponse | null = null
  #outgoing: OutgoingBody | null = null
  #piping: Deferred<unknown> | null = null
  #trailers: Headers | null = null
  /** The request is sent, or will not be. */
  #isSent = true
  #waitsForContinue = false
  /** A byte of an answer has come. */
  #isHeard = false
  #interim = 0
  /** The head that was told last was one of 1xx. */
  #isInterim = false
  #isDone = false
  #keeps = true
  #isSpoilt = false
  #hasLeft = false
  /** Nothing is read until somebody takes the connection over; what comes all the same, and what came before. */
  #held: Uint8Array[] | null = null
  /** Nothing is read until the reader of the body has taken more of it. */
  #isPaused = false
  /** Of the last response. */
  #status = 0
  #idleFor: number | null = null
  /** What a body that nobody wants may still bring; -1 while somebody does. */
  #unwanted = -1
  readonly #onPressure = (full: boolean): void => this.#pressure(full)
  readonly #onAbandon = (): void => this.#abandoned()

  /** @internal Made by pools. */
  constructor(owner: ConnectionOwner, limits: ClientLimits, lenient: HTTPLeniences) {
    super()
    this.#owner = owner
    this.#limits = limits
    this.#lenient = lenient
    this.#deadline = new Deadline(owner.reactor, (phase) => this.#late(phase))
  }

  /** Whether a request may be sent. */
  get isIdle(): boolean {
    return this.#exchange === null && this.#isSent && !this.#hasLeft && this.connected && !this.transport.disconnecting
  }

  override makeConnection(transport: ITransport): void {
    this.#parser = defaultCore().httpParser({
      mode: 'response', limits: parserLimits(this.#limits), lenient: this.#lenient, handler: this,
    })
    const { setTcpNoDelay } = transport as Partial<typeof this.transport>
    // A head and its body are one write, but the pieces of a body are not.
    if (typeof setTcpNoDelay === 'function') setTcpNoDelay.call(transport, true)
    super.makeConnection(transport)
  }

  // --- for the pool

  /** Sends a request. @internal */
  begin(exchange: Exchange): void {
    const { request } = exchange
    this.requests += 1
    this.#exchange = exchange
    this.#body = this.#trailers = null
    this.#isHeard = this.#isDone = this.#isInterim = false
    this.#interim = 0
    this.#unwanted = -1
    this.#keeps = !request.closes
    if (request.method === 'HEAD') this.#parser?.expectBodiless()
    const { transport } = this
    const { body, length } = request
    if (body === null) {
      transport.write(request.head)
      this.#sent()
    } else if (request.framing === 'whole' && length <= AT_ONCE && request.continueAfter === null) {
      // As one piece of text where both are, which is then encoded once.
      if (typeof body === 'string' && typeof request.head === 'string') {
        transport.write(request.head + body)
      } else {
        transport.write(request.head)
        if (length > 0) transport.write(body as string | Uint8Array)
      }
      this.#sent()
    } else {
      transport.write(request.head)
      this.#isSent = false
      this.#waitsForContinue = request.continueAfter !== null
      if (request.continueAfter !== null) this.#deadline.set('continue', request.continueAfter)
      else this.#sendBody()
    }
  }

  /** Closes an idle connection after so long. @internal */
  closeAfter(ms: number): void {
    this.#deadline.set('idle', ms)
  }

  /** Ends it, whatever it does. @param error what a request that is under way fails with @internal */
  override abandon(error: unknown): void {
    const exchange = this.#exchange
    const body = this.#body
    const response = this.#pending
    this.#leave()
    if (this.connected) abort(this.transport)
    if (response !== null) exchange?.responded(response)
    this.#tellFailed(exchange, body, error, false)
  }

  /** Closes it, when nothing is under way. @internal */
  close(): void {
    this.#leave()
    if (!this.connected) return
    // What is left of a body that the server does not want would keep it open for as long as nobody takes it.
    if (this.transport.writableLength > 0) abort(this.transport)
    else this.transport.loseConnection()
  }

  // --- the request

  #sendBody(): void {
    const exchange = this.#exchange
    if (exchange === null) return
    const { request } = exchange
    this.#waitsForContinue = false
    this.#deadline.clear()
    const isWhole = request.framing === 'whole'
    const outgoing = new OutgoingBody(this.transport, isWhole ? 'length' : request.framing as 'length', request.length)
    this.#outgoing = outgoing
    const source = isWhole ? piecesOf(request.body as string | Uint8Array) : request.body!
    const piping = pipeInto({ write: (chunk) => this.#sendPiece(outgoing, chunk, exchange.timeouts.send) }, source)
    this.#piping = piping
    piping.addCallback(() => {
      if (this.#outgoing === outgoing) this.#deadline.set('send', exchange.timeouts.send)
      return this.transport.drain?.()
    })
    piping.addCallback(() => {
      if (this.#outgoing !== outgoing) return
      outgoing.end(undefined, request.trailers?.())
      this.#sent()
    })
    piping.addErrback((reason: Failure) => {
      if (this.#outgoing !== outgoing || !this.connected) return
      // The peer must not take what it has for all of it.
      this.abandon(new RequestGenerationFailed(undefined, { cause: reason.value }))
    })
  }

  /** A deadline runs while the peer takes it, and none while the source makes the next one. */
  #sendPiece(outgoing: OutgoingBody, chunk: Uint8Array | string, time: number): Deferred<void> {
    const room = outgoing.write(chunk)
    if (this.#outgoing !== outgoing) return room
    if (room.called) {
      this.#deadline.clear()
    } else {
      this.#deadline.set('send', time)
      room.addCallback(() => {
        if (this.#outgoing === outgoing) this.#deadline.clear()
      })
    }
    return room
  }

  /** The last byte was written. */
  #sent(): void {
    this.#isSent = true
    this.#outgoing = null
    this.#piping = null
    const exchange = this.#exchange
    if (exchange === null) {
      // The response came before: see `#finish`.
      const uploading = this.#uploading
      this.#uploading = null
      this.#release()
      uploading?.finished()
    } else if (this.#body === null) {
      this.#deadline.set('response', exchange.timeouts.response)
    } else {
      this.#awaitBody(exchange)
    }
  }

  #stopSending(): void {
    const piping = this.#piping
    this.#outgoing = null
    this.#piping = null
    this.#isSent = true
    this.#waitsForContinue = false
    piping?.cancel()
  }

  // --- the response, as the parser tells it

  protected override handshakeReceived(data: Uint8Array): void {
    if (this.#hasLeft) return
    if (this.#exchange === null) {
      // Nothing was asked: a server that says why it closes, or one that has lost count.
      this.#isSpoilt = true
      this.close()
      return
    }
    if (this.#held !== null) {
      this.#held.push(data)
      return
    }
    this.#isHeard = true
    this.#parser!.receive(data)
    if (this.#isDone) this.#finish()
    else if (this.#pending !== null) this.#respond(this.#exchange!)
    const body = this.#body
    if (body !== null && BodyTarget.isWorthIt(body, this.#parser)) {
      (this.#target ??= new BodyTarget(this, this.transport, this.#parser!)).begin(body)
    }
  }

  /** @internal */
  bodyArrived(length: number): void {
    if (this.#isSent && this.#deadline.isOn) this.#deadline.set('body', this.#exchange!.timeouts.body)
    this.#parser!.bodyPassed(length)
    if (this.#isDone) this.#finish()
  }

  /** @internal */
  head(head: HTTPHead): void {
    const exchange = this.#exchange
    if (exchange === null || this.#isDone) {
      this.#isSpoilt = true
      return
    }
    const { request } = exchange
    const { status } = head
    this.#isInterim = status < 200 && status !== 101
    if (this.#isInterim) {
      this.#interimHead(exchange, head)
      return
    }
    this.#keeps = this.#keeps && head.isPersistent
    if (status === 101 || (request.method === 'CONNECT' && status < 300)) {
      this.#upgrade(exchange, head)
      return
    }
    this.#status = status
    this.#idleFor = keepAliveOf(head.fields)
    const { bodyBytes = CLIENT_BODY_LIMIT } = exchange.limits
    const body = new IncomingBody(bodyBytes)
    this.#body = body
    if (head.hasBody) {
      body.expected = head.contentLength
      body.onPressure = this.#onPressure
      body.onAbandon = this.#onAbandon
    }
    // The server has made up its mind without the body: it must not follow now (RFC 9110, 10.1.1).
    if (this.#waitsForContinue) {
      this.#keeps = false
      this.#stopSending()
    }
    if (this.#isSent) this.#awaitBody(exchange)
    // Told once what came with it is taken in: if that is all, the connection is free for what the response calls for.
    this.#pending = responseOf(head, request, body)
  }

  /** @internal */
  body(data: Uint8Array): void {
    const body = this.#body
    if (body === null || this.#isDone) return
    if (this.#unwanted >= 0) {
      if ((this.#unwanted -= data.length) < 0) this.abandon(new ConnectionLost('Nobody wants the response.'))
      return
    }
    if (this.#isSent && this.#deadline.isOn) this.#deadline.set('body', this.#exchange!.timeouts.body)
    body.push(data)
  }

  /** @internal */
  trailers(fields: HTTPFields): void {
    if (!this.#isDone) this.#trailers = new Headers(fields)
  }

  /** @internal */
  messageEnd(): void {
    if (this.#isInterim) this.#isInterim = false
    else if (this.#exchange !== null) this.#isDone = true
  }

  /** @internal */
  bad(error: HTTPParseError): void {
    if (this.#exchange === null || this.#isDone) this.#isSpoilt = true
    else this.abandon(new ResponseFailed('What came is no response.', { cause: error }))
  }

  #interimHead(exchange: Exchange, head: HTTPHead): void {
    if (++this.#interim > MOST_INTERIM) {
      this.abandon(new ResponseFailed('The server goes on announcing a response.'))
      return
    }
    if (head.status === 100 && this.#waitsForContinue) this.#sendBody()
    exchange.request.onInformational?.(head.status, new Headers(head.fields))
  }

  #awaitBody(exchange: Exchange): void {
    if (this.#unwanted >= 0) this.#deadline.set('drain', DRAIN_TIME)
    else this.#deadline.set('body', exchange.timeouts.body)
  }

  #pressure(full: boolean): void {
    const exchange = this.#exchange
    if (exchange === null || this.transport.disconnecting) return
    this.#isPaused = full
    if (full) {
      // The reader takes its time, and the peer is not to blame.
      if (this.#isSent) this.#deadline.clear()
      this.transport.pauseProducing()
    } else {
      if (this.#isSent) this.#awaitBody(exchange)
      this.transport.resumeProducing()
    }
  }

  /** The reader went away: what is left is thrown away if it is little, as a new connection costs more. */
  #abandoned(): void {
    if (this.#body === null) return
    const { expected, received } = this.#body
    const { unreadBytes = UNREAD } = this.#limits
    this.#unwanted = expected === null ? unreadBytes : expected - received
    if (!this.#keeps || this.#unwanted > unreadBytes) this.abandon(new ConnectionLost('Nobody wants the response.'))
    else if (this.#isSent) this.#awaitBody(this.#exchange!)
  }

  /** The response is whole. */
  #finish(): void {
    this.#isDone = false
    const exchange = this.#exchange!
    const body = this.#body!
    const trailers = this.#trailers
    this.#exchange = this.#body = this.#trailers = null
    // The reader may still have all of it before it, and the connection goes on without it.
    body.onPressure = body.onAbandon = null
    if (this.#isPaused) {
      this.#isPaused = false
      if (this.connected && !this.transport.disconnecting) this.transport.resumeProducing()
    }
    if (!this.#isSent && (!this.#keeps || this.#status >= 300)) {
      // The server does not want what is still to be sent (RFC 9112, 9.5), and would wait for the rest of it.
      this.#keeps = false
      this.#stopSending()
    }
    // Before the body is told: what that calls for may use this connection.
    const response = this.#pending
    this.#pending = null
    const isOver = this.#isSent
    if (isOver) this.#release()
    else this.#uploading = exchange
    if (response === null) {
      if (isOver) exchange.finished()
      body.end(trailers ?? undefined)
    } else {
      body.end(trailers ?? undefined)
      exchange.responded(response)
      if (isOver) exchange.finished()
    }
  }

  #respond(exchange: Exchange): void {
    const response = this.#pending!
    this.#pending = null
    exchange.responded(response)
  }

  /** Both directions are done: gives the connection back, or closes it. */
  #release(): void {
    const isFree = this.#keeps && !this.#isSpoilt && this.connected && !this.transport.disconnecting
    // What has come behind the response, and is no whole head, would be taken for the beginning of the next one.
    if (isFree && this.#parser!.isEmpty) this.#owner.released(this, this.#idleFor)
    else this.close()
  }

  #upgrade(exchange: Exchange, head: HTTPHead): void {
    if (head.status === 101 && !exchange.request.isUpgrade) {
      this.abandon(new ResponseFailed('The server switches to a protocol that nobody asked for.'))
      return
    }
    const held = [this.#parser!.takeRest()]
    const body = this.#body = new IncomingBody()
    body.end()
    const response = responseOf(head, exchange.request, body)
    const { transport } = this
    response.offerTakeOver((protocol: IProtocol) => {
      if (this.#exchange !== exchange || !this.connected) throw new ConnectionLost('The connection has ended.')
      const isHeld = this.#held !== null
      this.#held = null
      this.#leave()
      exchange.finished()
      if (isHeld) transport.resumeProducing()
      this.handOver(protocol, { rest: concat(held) })
    })
    exchange.responded(response)
    if (this.#exchange !== exchange) return
    // Whoever takes it does so later.
    this.#held = held
    transport.pauseProducing()
    this.#deadline.set('upgrade', exchange.timeouts.response)
  }

  // --- the end

  protected override handshakeLost(reason: Failure): void {
    this.onLost?.()
    if (this.#exchange !== null && reason.check(ConnectionDone) !== null) {
      // A body that has no length ends with the connection, if that ends in order.
      this.#keeps = false
      this.#parser!.end()
      if (this.#isDone) this.#finish()
    }
    const exchange = this.#exchange
    const body = this.#body
    const { value } = reason
    const isSent = this.#isSent
    this.#leave()
    if (body !== null) {
      const { received, expected } = body
      const what = expected === null ? `${received} bytes of its body` : `${received} of ${expected} bytes of its body`
      const error = new ResponseFailed(`The response broke off after ${what}.`, { cause: value })
      this.#tellFailed(exchange, body, error, false)
    } else if (this.#isHeard) {
      const error = new ResponseFailed('The response broke off in its head.', { cause: value })
      this.#tellFailed(exchange, null, error, false)
    } else {
      const Kind = isSent ? ResponseNeverReceived : RequestTransmissionFailed
      this.#tellFailed(exchange, null, new Kind(undefined, { cause: value }), true)
    }
  }

  #late(phase: ClientPhase): void {
    switch (phase) {
      case 'continue':
        // Servers that do not know Expect say nothing (RFC 9110, 10.1.1).
        this.#sendBody()
        break
      case 'idle':
        this.close()
        break
      case 'drain':
      case 'upgrade':
        this.abandon(new ConnectionLost('Nobody wants the connection.'))
        break
      default:
        this.abandon(new RequestTimeoutError(phase))
    }
  }

  /** The pool has nothing to do with it any more, and no request. */
  #leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    const uploading = this.#uploading
    this.#exchange = this.#uploading = this.#body = this.#pending = null
    this.#stopSending()
    this.#deadline.end()
    this.#parser?.free()
    this.#owner.left(this)
    uploading?.finished()
  }

  #tellFailed(exchange: Exchange | null, body: IncomingBody | null, error: unknown, isUnheard: boolean): void {
    if (exchange === null) return
    if (body === null) {
      exchange.failed(error, isUnheard)
    } else {
      exchange.finished()
      body.fail(error)
    }
  }
}

function responseOf(head: HTTPHead, request: PreparedRequest, body: IncomingBody): ClientResponse {
  return new ClientResponse({
    status: head.status,
    reason: head.reason,
    version: head.minorVersion === 1 ? '1.1' : '1.0',
    fields: head.fields,
    url: request.url.href,
    method: request.method,
    body,
  })
}

/** Without what the parser does not know. */
function parserLimits({ requestLine, headerBytes, headerCount, chunkExtensionBytes }: ClientLimits): HTTPLimits {
  return { requestLine, headerBytes, headerCount, chunkExtensionBytes }
}

/** How long the server keeps the connection, as it says; ms. */
function keepAliveOf(fields: HTTPFields): number | null {
  const text = fields.get('keep-alive')
  const match = text === null ? null : KEEP_ALIVE_TIMEOUT.exec(text)
  return match === null ? null : Number(match[1]) * 1000
}
