/**
 * WebSocketConnection: the state machine of one open WebSocket, between its transport and the user's protocol.
 *
 *   OPEN ──close()──▶ CLOSING ──our close frame out──▶ SAID ──peer's──▶ OVER
 *     │                                                              server: closes the connection at once
 *     ├──peer's close frame──▶ HEARD ──our answer out──▶ OVER        client: waits for the server to do so
 *     └──broken rule, error in a callback──▶ our close frame, OVER, and the connection is closed
 *
 * Every wait has a deadline, after which the connection is aborted; one delayed call serves all of them. Messages are
 * delivered while it is OPEN; one that has to be decompressed holds back what is behind it. A peer is read from as long
 * as it reads: where too much output waits for it, nothing more is taken.
 * Owns: states, deadlines, heartbeats, order. Must not know: HTTP, how frames are parsed, how messages are compressed.
 * Source: RFC 6455, 5.5 and 7; RFC 7692, 6.
 */
import { defaultCore } from '../core/default.js'
import { isUTF8 } from '../core/utf8.js'
import type { WebSocketParseError } from '../core/websocket-errors.js'
import { encodeFrame, WebSocketOpcode } from '../core/websocket-frame.js'
import type { MessageKind, WebSocketHandler, WebSocketParser } from '../core/websocket-parser.js'
import { fail, Failure, succeed } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import { ConnectionAborted, ConnectionDone, WebSocketLost, WebSocketTimeout } from '../errors/index.js'
import type { IDelayedCall, IProtocol, IStreamTransport, ITransport } from '../interfaces/index.js'
import { Logger } from '../logger/index.js'
import { WriteLimitExceeded } from '../transports/index.js'
import { join } from './bytes.js'
import { CLOSE, closePayload, fittingReason } from './codes.js'
import { InflatedTooLong, MessageCodec } from './deflate.js'
import { SMALLEST_WINDOW } from './deflate-params.js'
import type { DeflateAgreement } from './deflate-params.js'
import type { WebSocketRequest, WebSocketResponse } from './handshake.js'
import { masksOf } from './masks.js'
import { Outgoing } from './outgoing.js'
import type { FrameWriter } from './outgoing.js'
import { attach } from './protocol.js'
import type { WebSocketProtocol } from './protocol.js'
import type { WebSocketReactor, WebSocketSettings } from './settings.js'

/** How a WebSocket was opened. @internal */
export interface Opening {
  readonly subprotocol: string | null
  readonly deflate: DeflateAgreement | null
  /** On a server. */
  readonly request: WebSocketRequest | null
  /** On a client. */
  readonly response: WebSocketResponse | null
}

/** Who made it, and hears of its beginning and end. @internal */
export interface ConnectionOwner {
  connectionOpened(protocol: WebSocketProtocol): void
  connectionEnded(protocol: WebSocketProtocol): void
}

/** Nothing is sent behind what was sent before, and no message delivered. */
const CLOSING = 1
/** Our close frame is with the transport. */
const SAID = 2
/** The peer's close frame has come. */
const HEARD = 4
/** It is over but for the connection's end: nothing is read. */
const OVER = 8
/** `connectionLost` has been called. */
const LOST = 16
/** The user has paused. */
const PAUSED = 32
/** A message is being decompressed. */
const INFLATING = 64
/** This side has paused the transport. */
const HELD_BACK = 128
/** A ping is out, and nothing was heard since. */
const ASKED = 256
/** Something was heard since the last look. */
const ALIVE = 512

/** More output waits than may: nothing is read until the peer has taken it. */
const FULL = 1024
/** Others may have the chunks that are received: what is unmasked is a copy. */
const SHARED = 2048

/** Messages are neither taken nor delivered. */
const SHUT = CLOSING | OVER | LOST

/** Bytes that may come in while a message is decompressed, before the peer is held back. */
const MOST_AHEAD = 65_536
/** Output waiting, from which on pings are answered only once, for the last of them (RFC 6455, 5.5.3). */
const MOST_WAITING = 65_536
const LONGEST_CONTROL = 125
/** How fast a peer has to take what was sent before it is asked something, bytes a millisecond: some 16 KB a second. */
const SLOWEST = 16

const NOTHING = /* @__PURE__ */ new Uint8Array(0)
const RAW = {}
const COMPRESSED = { rsv1: true }

const encode = (text: string): Uint8Array => defaultCore().text.encode(text)
const tick = (connection: WebSocketConnection): void => connection.tick()

/** One WebSocket. @internal */
export class WebSocketConnection implements IProtocol, WebSocketHandler, FrameWriter {
  readonly opening: Opening
  /** How the peer closed it; see WebSocketProtocol. */
  closeCode: number | null = null
  closeReason = ''
  readonly #protocol: WebSocketProtocol
  readonly #isServer: boolean
  readonly #reactor: WebSocketReactor
  readonly #settings: WebSocketSettings
  readonly #owner: ConnectionOwner | null
  #transport!: IStreamTransport
  #state = 0
  #parser: WebSocketParser | null = null
  #outgoing: Outgoing | null = null
  #inflater: MessageCodec | null = null
  /** A message that was decompressed while the user had paused. */
  #held: { readonly kind: MessageKind, readonly data: Uint8Array } | null = null
  #ahead = 0
  #timer: IDelayedCall | null = null
  /** When the peer was heard last, by the clock of the reactor; only where there are pings. */
  #heardAt = 0
  #latePong: Uint8Array | null = null
  #failure: WebSocketLost | null = null

  constructor(
    protocol: WebSocketProtocol, isServer: boolean, reactor: WebSocketReactor, settings: WebSocketSettings,
    opening: Opening, owner: ConnectionOwner | null = null) {
    this.opening = opening
    this.#protocol = protocol
    this.#isServer = isServer
    this.#reactor = reactor
    this.#settings = settings
    this.#owner = owner
  }

  /** The user's protocol, for inspectors. */
  get wrappedProtocol(): WebSocketProtocol {
    return this.#protocol
  }

  // --- the transport's side

  makeConnection(transport: ITransport): void {
    this.#transport = transport as IStreamTransport
    attach(this.#protocol, this)
    if (this.#isServer && !isOnlyOurs(transport, this)) this.#state |= SHARED
    this.#arm(this.#settings.ping)
    this.#owner?.connectionOpened(this.#protocol)
    try {
      this.#protocol.makeConnection(transport)
    } catch (error) {
      // Who connects is told of it by its Deferred.
      if (!this.#isServer) throw error
      this.#crashed('connectionMade', error)
    }
  }

  connectionMade(): void {}

  dataReceived(data: Uint8Array): void {
    const state = this.#state
    if ((state & (OVER | HEARD | LOST)) !== 0) return
    this.#state = state | ALIVE
    if (this.#settings.ping !== Infinity) this.#heardAt = this.#reactor.now()
    if ((state & INFLATING) !== 0 && (this.#ahead += data.length) > MOST_AHEAD) this.#holdBack()
    const parser = this.#parser ?? this.#makeParser()
    parser.receive((state & SHARED) === 0 ? data : new Uint8Array(data))
    this.#watchOutput()
  }

  connectionLost(reason: Failure): void {
    if ((this.#state & LOST) !== 0) return
    this.#state |= LOST
    this.#arm(Infinity)
    this.#freeParser()
    this.#inflater?.close()
    this.#held = this.#latePong = null
    this.closeCode ??= CLOSE.abnormal
    const why = this.#reasonFor(reason)
    this.#outgoing?.close(why)
    this.#owner?.connectionEnded(this.#protocol)
    this.#protocol.connectionLost(why)
  }

  /** Why it ended, in the words of WebSockets. */
  #reasonFor(reason: Failure): Failure {
    if (this.#failure !== null) return new Failure(this.#failure)
    // Whatever becomes of the connection behind both close frames, nothing is missing.
    if ((this.#state & (SAID | HEARD)) === (SAID | HEARD)) {
      return reason.value instanceof ConnectionDone ? reason : new Failure(new ConnectionDone())
    }
    if (reason.value instanceof ConnectionAborted) return reason
    return new Failure(new WebSocketLost(undefined, CLOSE.abnormal, { cause: reason.value }))
  }

  // --- the user's side

  sendText(text: string): void {
    if ((this.#state & SHUT) === 0) this.#send(WebSocketOpcode.text, encode(text))
  }

  sendBinary(data: Uint8Array): void {
    if ((this.#state & SHUT) === 0) this.#send(WebSocketOpcode.binary, data)
  }

  sendPing(data: Uint8Array): void {
    if (data.length > LONGEST_CONTROL) throw new RangeError(`a ping has 125 bytes at most, not ${data.length}`)
    // Control frames may overtake messages.
    if ((this.#state & SHUT) === 0) this.writeFrame(WebSocketOpcode.ping, data, false)
  }

  beginClose(code: number | undefined, reason: string): void {
    const payload = closePayload(code, reason, encode)
    if ((this.#state & SHUT) !== 0) return
    this.#sayClose(payload)
  }

  drain(): Deferred<void> {
    const state = this.#state
    if ((state & LOST) !== 0) return fail(this.#failure ?? new WebSocketLost()) as unknown as Deferred<void>
    if ((state & OVER) !== 0) return succeed(undefined) as Deferred<void>
    const first = this.#outgoing?.drain() ?? null
    return first === null ? this.#transport.drain() : first.addCallback(() => this.drain()) as Deferred<void>
  }

  get writableLength(): number {
    return this.#transport.writableLength + (this.#outgoing?.waiting ?? 0)
  }

  pauseProducing(): void {
    if ((this.#state & (SHUT | PAUSED)) !== 0) return
    this.#state |= PAUSED
    this.#parser?.pause()
    this.#holdBack()
  }

  resumeProducing(): void {
    if ((this.#state & PAUSED) === 0) return
    this.#state &= ~PAUSED
    const held = this.#held
    if (held !== null) {
      this.#held = null
      this.#deliver(held.kind, held.data)
    }
    this.#release()
  }

  // --- what comes in

  #makeParser(): WebSocketParser {
    const { maxMessage, maxFragments } = this.#settings
    const parser = this.#parser = defaultCore().websocketParser({
      role: this.#isServer ? 'server' : 'client',
      maxMessage,
      maxFragments,
      allowCompressed: this.opening.deflate !== null,
      handler: this,
    })
    if ((this.#state & (PAUSED | FULL)) !== 0) parser.pause()
    return parser
  }

  /** @internal */
  text(text: string): void {
    if ((this.#state & SHUT) !== 0) return
    try {
      this.#protocol.textReceived(text)
    } catch (error) {
      this.#crashed('textReceived', error)
    }
  }

  /** @internal */
  binary(data: Uint8Array): void {
    if ((this.#state & SHUT) !== 0) return
    try {
      this.#protocol.binaryReceived(data)
    } catch (error) {
      this.#crashed('binaryReceived', error)
    }
  }

  /** @internal */
  compressed(kind: MessageKind, data: Uint8Array): void {
    if ((this.#state & SHUT) !== 0) return
    const limit = this.#settings.maxMessage
    const inflater = this.#inflater ??= this.#makeInflater()
    const whole = inflater.decompressShort(data, limit)
    if (whole !== null) {
      this.#deliver(kind, whole)
      return
    }
    this.#state |= INFLATING
    this.#ahead = 0
    this.#parser?.pause()
    inflater.decompress(data, limit, (error, pieces, length) => {
      this.#state &= ~INFLATING
      if ((this.#state & (OVER | LOST)) !== 0) return
      if (error instanceof InflatedTooLong) {
        this.#fail(CLOSE.tooBig, `a message is longer than ${limit} bytes once it is decompressed`, error)
      } else if (pieces === null) {
        this.#fail(CLOSE.invalidPayload, 'a compressed message is damaged', error)
      } else {
        this.#inflated(kind, join(pieces, length))
      }
    })
  }

  #inflated(kind: MessageKind, data: Uint8Array): void {
    if ((this.#state & SHUT) === 0) {
      if ((this.#state & PAUSED) !== 0) this.#held = { kind, data }
      else this.#deliver(kind, data)
    }
    this.#watchOutput()
    this.#release()
  }

  /** Hands out a message that was compressed. */
  #deliver(kind: MessageKind, data: Uint8Array): void {
    const core = defaultCore()
    if (kind === 'binary') this.binary(data)
    else if (isUTF8(core, data)) this.text(core.text.utf8(data, 0, data.length))
    else this.#fail(CLOSE.invalidPayload, 'a text is no UTF-8 once it is decompressed')
  }

  /** @internal */
  ping(data: Uint8Array): void {
    if ((this.#state & (OVER | LOST)) !== 0) return
    if (this.#latePong === null && this.#transport.writableLength < MOST_WAITING) {
      this.#writeIfItFits(WebSocketOpcode.pong, data)
      return
    }
    // The peer asks and does not read: the answers would pile up here.
    const isFirst = this.#latePong === null
    this.#latePong = data
    if (!isFirst) return
    const answer = (): void => {
      const late = this.#latePong
      this.#latePong = null
      if (late !== null && (this.#state & (OVER | LOST)) === 0) this.#writeIfItFits(WebSocketOpcode.pong, late)
    }
    this.#transport.drain().addCallbacks(answer, () => undefined)
  }

  /** @internal */
  pong(data: Uint8Array): void {
    if ((this.#state & SHUT) !== 0) return
    try {
      this.#protocol.pongReceived(data)
    } catch (error) {
      this.#crashed('pongReceived', error)
    }
  }

  /** @internal */
  close(code: number, reason: string): void {
    if ((this.#state & (OVER | LOST)) !== 0) return
    this.#state |= HEARD
    this.closeCode = code
    this.closeReason = reason
    this.#freeParser()
    try {
      this.#protocol.closeReceived(code, reason)
    } catch (error) {
      this.#crashed('closeReceived', error)
      return
    }
    // It may have closed it, or broken it off.
    if ((this.#state & (OVER | LOST)) !== 0) return
    if ((this.#state & SAID) !== 0) this.#bothSaid()
    else if ((this.#state & SHUT) === 0) this.#sayClose(code === CLOSE.none ? NOTHING : closePayload(code, '', encode))
  }

  /** @internal */
  bad(error: WebSocketParseError): void {
    this.#fail(error.closeCode, error.message, error)
  }

  // --- what goes out

  #send(opcode: number, data: Uint8Array): void {
    if (this.opening.deflate !== null) {
      const outgoing = this.#outgoing ??= this.#makeOutgoing(this.opening.deflate)
      if (outgoing.take(opcode, data, true)) return
    }
    this.writeFrame(opcode, data, false)
  }

  /** @internal */
  writeFrame(opcode: number, payload: Uint8Array, isCompressed: boolean): void {
    const transport = this.#transport
    const options = this.#isServer
      ? isCompressed ? COMPRESSED : RAW
      : { rsv1: isCompressed, mask: masksOf(this.#reactor).next() }
    for (const piece of encodeFrame(defaultCore(), opcode, payload, options)) transport.write(piece)
    if (opcode === WebSocketOpcode.close) this.#closeWritten()
  }

  /** Writes a ping or a pong, unless that exceeds a limit of the transport: whoever does not read has no use for it. */
  #writeIfItFits(opcode: number, payload: Uint8Array): void {
    try {
      this.writeFrame(opcode, payload, false)
    } catch (error) {
      if (!(error instanceof WriteLimitExceeded)) throw error
    }
  }

  /** @internal */
  sendingFailed(error: unknown): void {
    this.#fail(CLOSE.internalError, 'a message could not be compressed and sent', error)
  }

  #makeOutgoing(agreed: DeflateAgreement): Outgoing {
    const [forgets, bits] =
      this.#isServer ? [agreed.serverForgets, agreed.serverBits] : [agreed.clientForgets, agreed.clientBits]
    const { level, threshold } = this.#settings.compression!
    // A window that no compressor has: what is never compressed fits in it.
    const least = bits < SMALLEST_WINDOW ? Infinity : threshold
    const kind = { compresses: true, windowBits: Math.max(bits, SMALLEST_WINDOW), level }
    return new Outgoing(new MessageCodec(this.#reactor.compression!(), kind, forgets), least, forgets, this)
  }

  #makeInflater(): MessageCodec {
    const { clientForgets, clientBits, serverForgets, serverBits } = this.opening.deflate!
    const [forgets, bits] = this.#isServer ? [clientForgets, clientBits] : [serverForgets, serverBits]
    const kind = { compresses: false, windowBits: Math.max(bits, SMALLEST_WINDOW) }
    return new MessageCodec(this.#reactor.compression!(), kind, forgets)
  }

  // --- closing

  /** Sends our close frame, behind what waits. */
  #sayClose(payload: Uint8Array): void {
    this.#state = (this.#state | CLOSING) & ~(PAUSED | FULL)
    this.#held = null
    this.#arm(this.#patience(this.#settings.close))
    if (this.#outgoing?.take(WebSocketOpcode.close, payload, false) !== true) {
      this.writeFrame(WebSocketOpcode.close, payload, false)
    }
    // What lies between here and the peer's close frame has to be read.
    this.#release()
  }

  #closeWritten(): void {
    this.#state |= SAID
    if ((this.#state & (HEARD | OVER)) === HEARD) this.#bothSaid()
  }

  /** The server closes the connection first (RFC 6455, 7.1.1). */
  #bothSaid(): void {
    this.#over()
    if (this.#isServer) this.#transport.loseConnection()
    else this.#listenAgain()
  }

  /** Closes the connection, because there is no way to go on (RFC 6455, 7.1.7). */
  #fail(code: number, why: string, cause?: unknown): void {
    if ((this.#state & (OVER | LOST)) !== 0) return
    this.#failure = new WebSocketLost(`The WebSocket was given up: ${why}.`, code, cause === undefined ? {} : { cause })
    this.#over()
    this.#outgoing?.close(null)
    try {
      if ((this.#state & SAID) === 0) {
        this.writeFrame(WebSocketOpcode.close, closePayload(code, fittingReason(why, encode), encode), false)
      }
      this.#transport.loseConnection()
    } catch {
      // Not even that fits into what the transport may keep.
      this.#transport.abortConnection()
    }
  }

  #over(): void {
    this.#state |= CLOSING | OVER
    this.#held = null
    this.#freeParser()
    this.#arm(this.#patience(this.#settings.close))
  }

  #crashed(what: string, error: unknown): void {
    const log = new Logger('whorl.websocket')
    log.failure(`${what} of a WebSocket failed`, new Failure(error))
    this.#fail(CLOSE.internalError, `${what} failed`, error)
  }

  #freeParser(): void {
    this.#parser?.free()
    this.#parser = null
  }

  // --- holding back

  #holdBack(): void {
    if ((this.#state & HELD_BACK) !== 0) return
    this.#state |= HELD_BACK
    this.#transport.pauseProducing()
  }

  /** Takes nothing more from a peer for which too much waits: whoever answers all it says would fill the memory. */
  #watchOutput(): void {
    if ((this.#state & (SHUT | FULL)) !== 0 || this.writableLength <= this.#settings.maxBacklog) return
    const drained = this.drain()
    // The transport has a limit of its own, which is higher.
    if (drained.called) return
    this.#state = (this.#state | FULL) & ~ASKED
    this.#parser?.pause()
    this.#holdBack()
    drained.addCallbacks(() => {
      if ((this.#state & FULL) === 0) return
      this.#state = (this.#state | ALIVE) & ~(FULL | ASKED)
      this.#release()
    }, () => undefined)
  }

  /** Goes on with what was held back, unless there still is a reason to. */
  #release(): void {
    if ((this.#state & (PAUSED | INFLATING | FULL | LOST)) !== 0) return
    this.#parser?.resume()
    this.#watchOutput()
    if ((this.#state & (PAUSED | INFLATING | FULL)) === 0) this.#listenAgain()
  }

  #listenAgain(): void {
    if ((this.#state & HELD_BACK) === 0) return
    this.#state &= ~HELD_BACK
    if (!this.#transport.disconnecting) this.#transport.resumeProducing()
  }

  // --- time

  #arm(ms: number): void {
    const timer = this.#timer
    if (ms === Infinity) {
      if (timer !== null && timer.active()) timer.cancel()
      this.#timer = null
    } else if (timer !== null && timer.active()) {
      timer.reset(ms)
    } else {
      this.#timer = this.#reactor.callLater(ms, tick, this)
    }
  }

  /** The one delayed call is due. @internal */
  tick(): void {
    const state = this.#state
    if ((state & LOST) !== 0) return
    if ((state & (CLOSING | OVER)) !== 0) {
      this.#giveUp((state & (SAID | HEARD)) === (SAID | HEARD) ? null : 'the peer did not close it in time')
    } else if ((state & (FULL | ASKED)) === FULL) {
      // Nothing is heard of it, but it has to read.
      this.#state = state | ASKED
      this.#arm(this.#patience(this.#settings.pong))
    } else if ((state & FULL) !== 0) {
      this.#giveUp('the peer did not read in time')
    } else if ((state & (ALIVE | HELD_BACK)) !== 0) {
      // Nothing can be heard while nothing is read.
      this.#state = state & ~(ALIVE | ASKED)
      const { ping } = this.#settings
      const silence = (state & HELD_BACK) !== 0 ? 0 : this.#reactor.now() - this.#heardAt
      this.#arm(Math.max(0, ping - silence))
    } else if ((state & ASKED) !== 0) {
      this.#giveUp('the peer did not answer a ping in time')
    } else {
      this.#state = state | ASKED
      this.#arm(this.#patience(this.#settings.pong))
      this.#writeIfItFits(WebSocketOpcode.ping, NOTHING)
    }
  }

  /** What has to go out before the peer can answer takes its time, too. */
  #patience(ms: number): number {
    return ms + this.writableLength / SLOWEST
  }

  #giveUp(why: string | null): void {
    if (why !== null) this.#failure ??= new WebSocketTimeout(`The WebSocket was given up: ${why}.`)
    this.#transport.abortConnection()
  }
}

/** Whether the chunks of a transport come to this protocol alone, and nobody has them besides. */
function isOnlyOurs(transport: ITransport, protocol: IProtocol): boolean {
  const { givesChunks, protocol: present } = transport as { givesChunks?: boolean, protocol?: IProtocol }
  // A wrapper in between may keep them, to show what went by.
  return givesChunks === true && present === protocol
}
