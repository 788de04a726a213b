/**
 * WebSocketProtocol: the base class of what a user writes for one WebSocket.
 *
 * Owns: the names, and the default of every callback. Must not know: frames, states; WebSocketConnection, which stands
 * between this and the transport, does.
 * Source: RFC 6455; the shape is that of twisted.internet.protocol.Protocol.
 */
import type { Deferred, Failure } from '../defer/index.js'
import { fail } from '../defer/index.js'
import { ConnectionLost } from '../errors/index.js'
import { Protocol } from '../protocols/protocol.js'
import type { WebSocketConnection } from './connection.js'
import type { WebSocketRequest, WebSocketResponse } from './handshake.js'

/** Gives a protocol its connection. @internal */
export let attach: (protocol: WebSocketProtocol, connection: WebSocketConnection) => void

/**
 * One WebSocket's worth of behaviour.
 *
 * @example
 * class Echo extends WebSocketProtocol {
 *   textReceived(text: string) { this.sendText(text) }
 *   binaryReceived(data: Uint8Array) { this.sendBinary(data) }
 * }
 */
export class WebSocketProtocol extends Protocol {
  #connection: WebSocketConnection | null = null

  static {
    attach = (protocol, connection) => {
      protocol.#connection = connection
    }
  }

  // --- to be overridden

  /** The WebSocket is open. */
  override connectionMade(): void {}

  /** A text message. */
  textReceived(_text: string): void {}

  /** A binary message; the bytes are the receiver's to keep. */
  binaryReceived(_data: Uint8Array): void {}

  /** The answer to a ping, or one that nobody asked for. */
  pongReceived(_data: Uint8Array): void {}

  /**
   * The peer's close frame. It is answered with the same code after this returns, unless `close` was called.
   * @param _code 1005 if the frame held none
   */
  closeReceived(_code: number, _reason: string): void {}

  /**
   * The end, exactly once.
   * @param reason ConnectionDone when both sides have sent their close frames, otherwise WebSocketLost,
   * WebSocketTimeout or ConnectionAborted
   */
  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
  }

  // --- to be called

  /**
   * Sends a text message; a lone surrogate in it becomes U+FFFD. Dropped once the WebSocket is being closed.
   * @throws TypeError for what is no text
   */
  sendText(text: string): void {
    if (typeof text !== 'string') throw new TypeError(`sendText() takes a string, not ${String(text)}`)
    this.#open().sendText(text)
  }

  /**
   * Sends a binary message, which must not be changed until it was sent. Dropped once the WebSocket is being closed.
   * @throws TypeError for what is no Uint8Array
   */
  sendBinary(data: Uint8Array): void {
    if (!(data instanceof Uint8Array)) throw new TypeError('sendBinary() takes a Uint8Array')
    this.#open().sendBinary(data)
  }

  /**
   * Sends a ping; `pongReceived` gets the answer.
   * @param data 125 bytes at most
   * @throws TypeError for what is no Uint8Array, RangeError for too many bytes
   */
  ping(data: Uint8Array = NOTHING): void {
    if (!(data instanceof Uint8Array)) throw new TypeError('ping() takes a Uint8Array')
    this.#open().sendPing(data)
  }

  /**
   * Closes the WebSocket: what was sent before goes out, then a close frame; `connectionLost` follows when the peer has
   * answered, or did not in time. Messages that still come in are dropped. The second call does nothing.
   * @param code 1000 if not given; 1000 to 1003, 1007 to 1014, or 3000 to 4999
   * @param reason 123 bytes of UTF-8 at most
   * @throws RangeError, TypeError
   */
  close(code = 1000, reason = ''): void {
    this.#open().beginClose(code, reason)
  }

  /** Fires once it is sensible to send more; fails with the reason when the connection ends first. */
  drain(): Deferred<void> {
    if (this.#connection === null) return fail(new ConnectionLost()) as unknown as Deferred<void>
    return this.#connection.drain()
  }

  /** Bytes that were sent and are not yet with the host, those that wait to be compressed included. */
  get writableLength(): number {
    return this.#connection?.writableLength ?? 0
  }

  /** Delivers no messages until `resumeProducing`, and lets the peer feel it. */
  pauseProducing(): void {
    this.#open().pauseProducing()
  }

  /** Delivers messages again. */
  resumeProducing(): void {
    this.#open().resumeProducing()
  }

  /** Nothing more is wanted: closes the WebSocket. */
  stopProducing(): void {
    this.#open().beginClose(1000, '')
  }

  /** The subprotocol that both sides have agreed on; null without one. */
  get subprotocol(): string | null {
    return this.#connection?.opening.subprotocol ?? null
  }

  /** Whether messages may be compressed. */
  get isCompressed(): boolean {
    return (this.#connection?.opening.deflate ?? null) !== null
  }

  /** On a server: the request that the WebSocket was opened with. */
  get request(): WebSocketRequest | null {
    return this.#connection?.opening.request ?? null
  }

  /** On a client: the response that it was opened with. */
  get response(): WebSocketResponse | null {
    return this.#connection?.opening.response ?? null
  }

  /**
   * How it was closed: the code of the peer's close frame, 1005 if that had none, 1006 if the connection ended without;
   * null while it is open.
   */
  get closeCode(): number | null {
    return this.#connection?.closeCode ?? null
  }

  /** The reason in the peer's close frame. */
  get closeReason(): string {
    return this.#connection?.closeReason ?? ''
  }

  /** @internal Bytes of the connection. */
  override dataReceived(data: Uint8Array): void {
    this.#open().dataReceived(data)
  }

  #open(): WebSocketConnection {
    if (this.#connection === null) throw new TypeError('this WebSocketProtocol has no connection yet')
    return this.#connection
  }
}

const NOTHING = new Uint8Array(0)
