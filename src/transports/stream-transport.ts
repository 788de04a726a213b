/**
 * StreamTransport: what a protocol sees of a stream connection of any kind.
 *
 * Owns: the names. What they do is in the files around StreamConnection, which this object keeps to itself: code that
 * was given a transport reaches through it its one connection, and neither the reactor nor whoever made it.
 * Source: twisted.internet.interfaces.ITCPTransport, ITLSTransport; `drain`, the bridges, `switchProtocol` go beyond.
 */

import type { Deferred } from '../defer/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IPullProducer, IPushProducer } from '../interfaces/producer.js'
import type { IProtocol, IReadTarget } from '../interfaces/protocol.js'
import type { StreamChannel } from '../interfaces/stream-channel.js'
import type { ITLSTransport, TLSCertificate, TLSSession } from '../interfaces/tls.js'
import type { IBridgedTransport, ITCPTransport, WriteLimits } from '../interfaces/transport.js'
import { protocolOf } from './bridges.js'
import { iteratorOf, readableOf, writableOf } from './bridges-web.js'
import { StreamConnection } from './stream-connection.js'
import type { ConnectionOwner } from './stream-connection.js'
import { abort, lose, loseWrite } from './stream-ending.js'
import { pause, resume, switchProtocol } from './stream-reading.js'
import type { SwitchOptions } from './stream-reading.js'
import type { StreamReactor } from './stream-reactor.js'
import { DISCONNECTING, GONE, KEEP_ALIVE, LOST, NO_DELAY, TLS_BEGUN } from './stream-state.js'
import { drain, registerProducer, setWriteLimits, unregisterProducer, write, writeSequence } from './stream-writing.js'
import { sessionOf, startTLS } from './tls-upgrade.js'
import type { TLSOptions } from './tls-upgrade.js'

export type { ConnectionOwner } from './stream-connection.js'

/**
 * The connection behind a transport, for those who may reach the reactor.
 *
 * @throws TypeError for what is no StreamTransport
 * @internal
 */
export let connectionOf: (transport: StreamTransport) => StreamConnection

/** Whether something is a StreamTransport, and no look-alike. @internal */
export let isStreamTransport: (value: unknown) => value is StreamTransport

/** One connection. */
export class StreamTransport implements ITCPTransport, ITLSTransport, IBridgedTransport {
  readonly #connection: StreamConnection

  static {
    connectionOf = (transport) => transport.#connection
    isStreamTransport = (value): value is StreamTransport =>
      typeof value === 'object' && value !== null && #connection in value
  }

  /** @internal Made by ports and connectors. */
  constructor(reactor: StreamReactor, channel: StreamChannel, owner: ConnectionOwner | null) {
    this.#connection = new StreamConnection(this, reactor, channel, owner)
  }

  /** Connects the protocol; called once. @internal */
  start(protocol: IProtocol): void {
    this.#connection.start(protocol)
  }

  /** This connection's number in its reactor, from 1; given again after the end. */
  get id(): number {
    return this.#connection.id
  }

  /** True from `loseConnection`, `abortConnection` or the peer's close on. */
  get disconnecting(): boolean {
    return (this.#connection.state & DISCONNECTING) !== 0
  }

  /** Bytes received so far. */
  get bytesIn(): number {
    return this.#connection.bytesIn
  }

  /** Bytes handed to the host so far. */
  get bytesOut(): number {
    return this.#connection.bytesOut
  }

  /** What the bytes go to, or would if they were not taken by a bridge; null after the end. */
  get protocol(): IProtocol | null {
    return protocolOf(this.#connection)
  }

  /** False once `connectionLost` has been called. */
  get connected(): boolean {
    return (this.#connection.state & LOST) === 0
  }

  // --- writing

  write(data: Uint8Array | string): void {
    write(this.#connection, data)
  }

  writeSequence(list: Iterable<Uint8Array | string>): void {
    writeSequence(this.#connection, list)
  }

  get writableLength(): number {
    return this.#connection.buffered
  }

  /** Whether arrays that were written are their owner's again: everything is sent, and copied. @internal */
  get hasLetGo(): boolean {
    const { buffered, channel } = this.#connection
    return buffered === 0 && channel.copies === true
  }

  /** Whether nobody else has the chunks that are received, so that they may be changed. @internal */
  get givesChunks(): boolean {
    return this.#connection.channel.givesChunks === true
  }

  /** See `StreamConnection.readInto`. @internal */
  readInto(protocol: IProtocol, target: IReadTarget | null): boolean {
    return this.#connection.readInto(protocol, target)
  }

  setWriteLimits(limits: WriteLimits): void {
    setWriteLimits(this.#connection, limits)
  }

  drain(): Deferred<void> {
    return drain(this.#connection)
  }

  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    registerProducer(this.#connection, producer, streaming)
  }

  unregisterProducer(): void {
    unregisterProducer(this.#connection)
  }

  // --- closing

  loseConnection(): void {
    lose(this.#connection)
  }

  abortConnection(): void {
    abort(this.#connection)
  }

  loseWriteConnection(): void {
    loseWrite(this.#connection)
  }

  // --- reading

  pauseProducing(): void {
    pause(this.#connection)
  }

  resumeProducing(): void {
    resume(this.#connection)
  }

  stopProducing(): void {
    lose(this.#connection)
  }

  /**
   * Gives the connection to another protocol: bytes and the end go to it, and the former hears nothing more. Calls its
   * `makeConnection`, then hands it `rest`. May be called from inside a callback of the former protocol. Whether
   * reading is paused stays as it is; on a transport that was made without a protocol it begins.
   *
   * @throws TypeError for what is no protocol; ConnectionLost after the end
   */
  switchProtocol(protocol: IProtocol, options: SwitchOptions = {}): void {
    switchProtocol(this.#connection, protocol, options)
  }

  // --- bridges

  /**
   * What is received, as a Web Stream. From the first use on the protocol gets no bytes; it still hears of the end. A
   * stream that is not read holds the peer back.
   *
   * @throws TypeError if something else has taken the bytes; NotSupportedError on a host without Web Streams
   */
  get readable(): ReadableStream<Uint8Array> {
    return readableOf(this.#connection)
  }

  /** What is to be sent, as a Web Stream; the protocol may go on writing. Closing it is `loseWriteConnection`. */
  get writable(): WritableStream<Uint8Array> {
    return writableOf(this.#connection)
  }

  /** What is received, piece by piece, as with `readable`. Leaving the loop early is `loseConnection`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    return iteratorOf(this.#connection)
  }

  // --- TLS

  startTLS(tls: TLSOptions, early?: Uint8Array): void {
    startTLS(this.#connection, tls, early !== undefined && early.length > 0 ? early : null)
  }

  /** True from `startTLS` on, and on connections that had TLS from the start. */
  get tlsBegun(): boolean {
    return (this.#connection.state & TLS_BEGUN) !== 0
  }

  get tlsSession(): TLSSession | null {
    return sessionOf(this.#connection)
  }

  get negotiatedProtocol(): string | null {
    return sessionOf(this.#connection)?.protocol ?? null
  }

  getPeerCertificate(): TLSCertificate | null {
    return sessionOf(this.#connection)?.peerCertificate ?? null
  }

  // --- what it is connected to

  getPeer(): IAddress {
    const { extras, channel } = this.#connection
    return extras?.peer ?? channel.peer
  }

  getHost(): IAddress {
    const { extras, channel } = this.#connection
    return extras?.host ?? channel.host
  }

  setTcpNoDelay(enabled: boolean): void {
    this.#setFlag(NO_DELAY, enabled)
    if ((this.#connection.state & GONE) === 0) this.#connection.channel.setNoDelay(enabled)
  }

  getTcpNoDelay(): boolean {
    return (this.#connection.state & NO_DELAY) !== 0
  }

  /**
   * Has the host ask a silent peer whether it is still there.
   * @param delayMs of silence before the first question; the host's own (often two hours) if not given
   * @throws RangeError for a delay that is no number of ms, zero or more
   */
  setTcpKeepAlive(enabled: boolean, delayMs?: number): void {
    if (delayMs !== undefined && !(typeof delayMs === 'number' && delayMs >= 0 && delayMs < Infinity)) {
      throw new RangeError(`a delay is a number of milliseconds, zero or more, not ${String(delayMs)}`)
    }
    this.#setFlag(KEEP_ALIVE, enabled)
    if ((this.#connection.state & GONE) === 0) this.#connection.channel.setKeepAlive(enabled, delayMs)
  }

  getTcpKeepAlive(): boolean {
    return (this.#connection.state & KEEP_ALIVE) !== 0
  }

  #setFlag(flag: number, on: boolean): void {
    if (on) this.#connection.state |= flag
    else this.#connection.state &= ~flag
  }
}
