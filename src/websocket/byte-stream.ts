/**
 * A WebSocket as a stream connection: any protocol of bytes over binary messages, whose borders do not count.
 *
 *   WebSocketConnection ⇄ ByteCarrier, which is its protocol ⇄ ByteChannel ⇄ StreamTransport ⇄ the user's protocol
 *
 * A WebSocket has no half-close: ending the sending side closes it. Text is no bytes: it ends the connection with 1003.
 * Owns: how the events of one map to those of the other. Must not know: handshakes, endpoints.
 * Source: RFC 6455; the seam is StreamChannel.
 */
import type { Failure } from '../defer/index.js'
import { ConnectionDone, WebSocketLost } from '../errors/index.js'
import type { IAddress, IProtocol, StreamChannel, StreamSink } from '../interfaces/index.js'
import { unowned } from '../transports/bridges.js'
import { StreamTransport } from '../transports/index.js'
import type { StreamReactor } from '../transports/index.js'
import { CLOSE } from './codes.js'
import { WebSocketProtocol } from './protocol.js'

/** Bytes on their way to the host below which more are asked for. */
const MOST_AHEAD = 65_536
/** What a peer that is done says. */
const IN_ORDER: readonly number[] = [CLOSE.normal, CLOSE.goingAway, CLOSE.none]

/** The WebSocket's side. */
export class ByteCarrier extends WebSocketProtocol {
  /** Who uses it. */
  readonly user: IProtocol
  readonly #reactor: StreamReactor
  readonly #ended: () => void
  #sink: StreamSink | null = null
  #refused = false
  #finishing = false

  /** @param ended called once it is over */
  constructor(user: IProtocol, reactor: StreamReactor, ended: () => void = () => undefined) {
    super()
    this.user = user
    this.#reactor = reactor
    this.#ended = ended
  }

  override connectionMade(): void {
    new StreamTransport(this.#reactor, new ByteChannel(this, this.#reactor), unowned()).start(this.user)
  }

  override binaryReceived(data: Uint8Array): void {
    if (data.length > 0) this.#sink?.received(data)
  }

  override textReceived(): void {
    this.#refused = true
    this.close(CLOSE.unsupportedData, 'only binary messages are understood here')
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    const sink = this.#sink
    this.#sink = null
    if (sink !== null) this.#tell(sink, reason)
    this.#ended()
  }

  /** Who hears of it from now on. */
  open(sink: StreamSink): void {
    this.#sink = sink
  }

  /** Closes it; `sink.finished` comes with its end. */
  finish(): void {
    this.#finishing = true
    this.close()
  }

  /** Nobody wants to hear of it any more. */
  forget(): void {
    this.#sink = null
  }

  #tell(sink: StreamSink, reason: Failure): void {
    const code = this.closeCode ?? CLOSE.abnormal
    const isClean = reason.value instanceof ConnectionDone && IN_ORDER.includes(code) && !this.#refused
    if (!isClean) {
      const said = this.closeReason === '' ? '' : `: ${this.closeReason}`
      const why = this.#refused ? 'The peer sent a text message.' : `The WebSocket was closed with code ${code}${said}.`
      sink.closed(reason.value instanceof ConnectionDone ? new WebSocketLost(why, code) : reason.value)
      return
    }
    if (this.#finishing) sink.finished()
    sink.receivedEnd()
    sink.closed(null)
  }
}

/** The stream's side. */
class ByteChannel implements StreamChannel {
  readonly #carrier: ByteCarrier
  readonly #reactor: StreamReactor
  #sink: StreamSink | null = null
  #isPaused = false
  #isClosed = false

  constructor(carrier: ByteCarrier, reactor: StreamReactor) {
    this.#carrier = carrier
    this.#reactor = reactor
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    this.#carrier.open(sink)
  }

  send(piece: Uint8Array): boolean {
    this.#carrier.sendBinary(piece)
    return this.#hasRoom()
  }

  sendList(pieces: Uint8Array[]): boolean {
    for (const piece of pieces) this.#carrier.sendBinary(piece)
    return this.#hasRoom()
  }

  #hasRoom(): boolean {
    if (this.#carrier.writableLength <= MOST_AHEAD) return true
    const sink = this.#sink
    // Not from inside this call, which `drain` does not promise.
    const sent = (): void => this.#reactor.queue.post(() => {
      if (!this.#isClosed && sink === this.#sink) sink?.sent()
    })
    this.#carrier.drain().addCallbacks(sent, () => undefined)
    return false
  }

  finish(): void {
    this.#carrier.finish()
  }

  close(linger: boolean): void {
    this.#isClosed = true
    if (!linger) this.#carrier.forget()
    this.#carrier.close()
  }

  reset(): void {
    this.#isClosed = true
    this.#carrier.forget()
    this.#carrier.transport.abortConnection()
  }

  pause(): void {
    this.#isPaused = true
    this.#carrier.pauseProducing()
  }

  resume(): void {
    this.#isPaused = false
    // What was held back comes at once: not from inside this call.
    this.#reactor.queue.post(() => {
      if (!this.#isPaused) this.#carrier.resumeProducing()
    })
  }

  get peer(): IAddress {
    return this.#carrier.transport.getPeer()
  }

  get host(): IAddress {
    return this.#carrier.transport.getHost()
  }

  setNoDelay(enabled: boolean): void {
    this.#carrier.transport.setTcpNoDelay?.(enabled)
  }

  setKeepAlive(enabled: boolean, delayMs?: number): void {
    this.#carrier.transport.setTcpKeepAlive?.(enabled, delayMs)
  }
}
