/**
 * StringTransport: a transport that keeps what is written to it, so that a protocol can be tried without a connection.
 *
 * Owns: the bytes written, and the states a protocol can bring its transport to. Delivers nothing and ends nothing by
 * itself: the test calls `dataReceived` and `connectionLost`. Must not know: reactors.
 * Source: twisted.internet.testing.StringTransport (its producer rules); that writes after `loseConnection` are dropped
 * is the rule of this project's transports (N01).
 */
import { decodeText, encodeText } from '../core/text.js'
import { succeed } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import type {
  IAddress, IProtocol, IPullProducer, IPushProducer, ITCPTransport, ITLSServerContext, ITLSTransport, TLSCertificate,
  TLSClientOptions, TLSServerOptions, TLSSession, WriteLimits,
} from '../interfaces/index.js'
import { ProducerAlreadyRegistered } from '../transports/index.js'

const HOST: IAddress = Object.freeze({ family: 'IPv4', type: 'TCP', host: '192.0.2.1', port: 1 })
const PEER: IAddress = Object.freeze({ family: 'IPv4', type: 'TCP', host: '192.0.2.2', port: 2 })

/** Options of {@link StringTransport}. */
export interface StringTransportOptions {
  /** The address of this end; one of the documentation network if not given. */
  host?: IAddress
  /** The address of the other end; one of the documentation network if not given. */
  peer?: IAddress
  /** Whether it has TLS from the start; false if not given. */
  tls?: boolean
}

/**
 * Keeps what is written.
 *
 * @example
 * const transport = new StringTransport()
 * protocol.makeConnection(transport)
 * protocol.dataReceived(new TextEncoder().encode('hello\r\n'))
 * expect(transport.text()).toBe('HELLO\r\n')
 */
export class StringTransport implements ITCPTransport, ITLSTransport {
  /** Whether the protocol wants to receive: what it last asked of this transport as a producer. */
  producerState: 'producing' | 'paused' | 'stopped' = 'producing'
  /** False once the connection was aborted. */
  connected = true
  /** True from `loseConnection` or `abortConnection` on. */
  disconnecting = false
  /** True once the connection was aborted. */
  disconnected = false
  /** True once `abortConnection` was called. */
  aborted = false
  /** True once `loseWriteConnection` was called. */
  writeDisconnected = false
  /** Who is registered to write to this transport, null if nobody. */
  producer: IPushProducer | IPullProducer | null = null
  /** Whether that producer was registered as a streaming one. */
  streaming = false
  /** What `setWriteLimits` was last given. */
  writeLimits: WriteLimits = {}

  /** True from `startTLS` on, or from the start. */
  tlsBegun: boolean
  /** What `startTLS` was called with; null before. */
  tlsOptions: TLSClientOptions | TLSServerOptions | ITLSServerContext | null = null
  /** What `tlsSession` and its like say; the test sets it before it calls `handshakeCompleted`. */
  tlsSession: TLSSession | null = null
  /** Who `switchProtocol` gave the connection to; null before. */
  switchedTo: IProtocol | null = null

  #host: IAddress
  #peer: IAddress
  #pieces: Uint8Array[] = []
  #noDelay = false
  #keepAlive = false

  constructor(options: StringTransportOptions = {}) {
    this.#host = options.host ?? HOST
    this.#peer = options.peer ?? PEER
    this.tlsBegun = options.tls ?? false
  }

  /** Everything written since the beginning or the last `clear()`. */
  value(): Uint8Array {
    const all = new Uint8Array(this.#pieces.reduce((length, piece) => length + piece.length, 0))
    let at = 0
    for (const piece of this.#pieces) {
      all.set(piece, at)
      at += piece.length
    }
    this.#pieces = all.length === 0 ? [] : [all]
    return all.slice()
  }

  /** The same as text; what is not UTF-8 becomes replacement characters. */
  text(): string {
    return decodeText(this.value())
  }

  /** Forgets what was written. */
  clear(): void {
    this.#pieces = []
  }

  write(data: Uint8Array | string): void {
    if (this.disconnecting || this.writeDisconnected) return
    this.#pieces.push(typeof data === 'string' ? encodeText(data) : Uint8Array.from(data))
  }

  writeSequence(list: Iterable<Uint8Array | string>): void {
    for (const data of list) this.write(data)
  }

  loseConnection(): void {
    this.disconnecting = true
  }

  abortConnection(): void {
    this.aborted = true
    this.disconnecting = true
    this.disconnected = true
    this.connected = false
  }

  loseWriteConnection(): void {
    this.writeDisconnected = true
  }

  getPeer(): IAddress {
    return this.#peer
  }

  getHost(): IAddress {
    return this.#host
  }

  /** @throws ProducerAlreadyRegistered */
  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    if (this.producer !== null) throw new ProducerAlreadyRegistered()
    this.producer = producer
    this.streaming = streaming
  }

  unregisterProducer(): void {
    this.producer = null
    this.streaming = false
  }

  /** @throws Error after `stopProducing` or `loseConnection` */
  pauseProducing(): void {
    this.#checkProducing('pause')
    this.producerState = 'paused'
  }

  /** @throws Error after `stopProducing` or `loseConnection` */
  resumeProducing(): void {
    this.#checkProducing('resume')
    this.producerState = 'producing'
  }

  stopProducing(): void {
    this.producerState = 'stopped'
  }

  /** Always 0: what is written is taken at once. */
  get writableLength(): number {
    return 0
  }

  /** Fires at once. */
  drain(): Deferred<void> {
    return succeed()
  }

  setWriteLimits(limits: WriteLimits): void {
    this.writeLimits = { ...limits }
  }

  setTcpNoDelay(enabled: boolean): void {
    this.#noDelay = enabled
  }

  getTcpNoDelay(): boolean {
    return this.#noDelay
  }

  setTcpKeepAlive(enabled: boolean): void {
    this.#keepAlive = enabled
  }

  getTcpKeepAlive(): boolean {
    return this.#keepAlive
  }

  /** Notes it; no handshake follows. @throws TypeError when TLS has begun */
  startTLS(tls: TLSClientOptions | TLSServerOptions | ITLSServerContext): void {
    if (this.tlsBegun) throw new TypeError('TLS has begun already')
    if (typeof tls !== 'object' || tls === null) throw new TypeError('startTLS() takes options')
    this.tlsBegun = true
    this.tlsOptions = tls
  }

  getPeerCertificate(): TLSCertificate | null {
    return this.tlsSession?.peerCertificate ?? null
  }

  get negotiatedProtocol(): string | null {
    return this.tlsSession?.protocol ?? null
  }

  /** Connects another protocol, and hands it `rest`; the test calls that one from then on. */
  switchProtocol(protocol: IProtocol, options: { rest?: Uint8Array, peer?: IAddress, host?: IAddress } = {}): void {
    this.#peer = options.peer ?? this.#peer
    this.#host = options.host ?? this.#host
    this.switchedTo = protocol
    protocol.makeConnection(this)
    if (options.rest !== undefined && options.rest.length > 0) protocol.dataReceived(options.rest)
  }

  #checkProducing(what: string): void {
    if (this.producerState === 'stopped') throw new Error(`Cannot ${what} a stopped producer`)
    if (this.disconnecting) throw new Error(`Cannot ${what} after loseConnection`)
  }
}
