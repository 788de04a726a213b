/**
 * SocketConnection: the protocol at the other side of a stream socket. It turns what a transport pushes into what
 * readers pull.
 *
 * Owns: the line of reads, and that the transport reads only while one of them waits, so that at most what one read of
 * the host brings waits here unasked, and the peer feels a program that does not read. Must not know: how the
 * connection came about. Source: asyncio.StreamReader; the Berkeley rules for the end of a stream.
 *
 *   reads:  wait in line → served in order, as bytes come | the stream's end | the connection's failure | close()
 */
import { defaultCore } from '../core/default.js'
import { Deferred, fail, Failure, succeed } from '../defer/index.js'
import { Fifo } from '../defer/fifo.js'
import { ConnectionDone, NotSupportedError, PlaintextAfterStartTLS } from '../errors/index.js'
import type {
  IAddress, IHalfCloseableProtocol, IHandshakeListener, ITLSServerContext, ITLSTransport, ITransport, TLSClientOptions,
  TLSServerOptions,
} from '../interfaces/index.js'
import { Protocol } from '../protocols/protocol.js'
import { SocketClosed, SocketStateError } from './errors.js'
import { ReadBuffer } from './read-buffer.js'
import type { Read } from './reads.js'

/** Which half of a connection. */
export type Half = 'read' | 'write' | 'both'

/** What `starttls` takes. */
export type TLSSettings = TLSClientOptions | TLSServerOptions | ITLSServerContext

interface Waiting {
  readonly read: Read<unknown>
  readonly deferred: Deferred<any>
  isCancelled: boolean
}

/** One connection, pulled at. */
export class SocketConnection extends Protocol implements IHalfCloseableProtocol, IHandshakeListener {
  readonly #buffer = new ReadBuffer()
  readonly #line = new Fifo<Waiting>()
  #current: Waiting | null = null
  #isServing = false
  #isReading = false
  /** Nothing more will come. */
  #hasEnded = false
  #isShut = false
  #isClosing = false
  #lost: Failure | null = null
  #closers: Deferred<void>[] = []
  #handshake: Deferred<void> | null = null
  #peer: IAddress | null = null
  #host: IAddress | null = null

  /** The other end, as it was when the connection was made. */
  get peer(): IAddress | null {
    return this.#peer
  }

  get host(): IAddress | null {
    return this.#host
  }

  /** True once `close` or `abort` was called. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  // --- for the socket

  read<T>(read: Read<T>): Deferred<T> {
    if (this.#isClosing) return fail(new SocketClosed())
    const deferred: Deferred<T> = new Deferred(() => {
      waiting.isCancelled = true
      // Whoever is next in line may have enough already.
      this.#serve()
    })
    const waiting: Waiting = { read, deferred, isCancelled: false }
    this.#line.push(waiting)
    this.#serve()
    return deferred
  }

  /** Fires with the number of bytes once it is sensible to send more. */
  send(data: Uint8Array | string): Deferred<number> {
    // A program fills its array again for the next call; the transport may still have it then.
    const bytes = typeof data === 'string' ? defaultCore().text.encode(data) : new Uint8Array(data)
    if (this.#isClosing) return fail(new SocketClosed())
    if (this.#lost !== null) return fail(this.#lost)
    if (this.#isShut) return fail(new SocketStateError('This socket was shut down for sending.'))
    try {
      this.transport.write(bytes)
      return this.transport.drain().addCallback(() => bytes.length)
    } catch (error) {
      return fail(error)
    }
  }

  shutdown(half: Half): void {
    if (half !== 'read' && !this.#isShut) {
      this.#isShut = true
      this.transport.loseWriteConnection()
    }
    if (half !== 'write') {
      this.#buffer.clear()
      this.#hasEnded = true
      this.#serve()
    }
  }

  startTLS(settings: TLSSettings): Deferred<void> {
    if (this.#isClosing) return fail(new SocketClosed())
    if (this.#lost !== null) return fail(this.#lost)
    if (this.#handshake !== null) return fail(new SocketStateError('TLS is being begun on this socket already.'))
    if (this.#current !== null) return fail(new SocketStateError('TLS cannot begin while a read waits for plain text.'))
    const transport = this.transport as ITransport as ITransport & Partial<ITLSTransport>
    if (typeof transport.startTLS !== 'function') {
      return fail(new NotSupportedError('this transport', 'startTLS'))
    }
    if (this.#buffer.length > 0) {
      // Whoever sent this wants it to be taken for the beginning of what is encrypted.
      this.abort()
      return fail(new PlaintextAfterStartTLS())
    }
    const handshake = new Deferred<void>(() => this.abort())
    this.#handshake = handshake
    try {
      transport.startTLS(settings)
    } catch (error) {
      this.#handshake = null
      return fail(error)
    }
    return handshake
  }

  /** Sends what was written, then ends the connection. Fires when it has ended. */
  close(): Deferred<void> {
    this.#stop()
    if (this.#lost !== null) return succeed()
    this.transport.loseConnection()
    const closed = new Deferred<void>()
    this.#closers.push(closed)
    return closed
  }

  abort(): void {
    this.#stop()
    if (this.#lost === null) this.transport.abortConnection()
  }

  // --- from the transport

  override connectionMade(): void {
    this.#peer = this.transport.getPeer()
    this.#host = this.transport.getHost()
    // It was made for a socket that has been given up.
    if (this.#isClosing) this.transport.abortConnection()
    else this.transport.pauseProducing()
  }

  override dataReceived(data: Uint8Array): void {
    if (this.#isClosing || this.#hasEnded) return
    this.#buffer.push(data)
    this.#serve()
  }

  readConnectionLost(): void {
    this.#hasEnded = true
    this.#serve()
  }

  writeConnectionLost(): void {}

  handshakeCompleted(): void {
    const handshake = this.#handshake
    this.#handshake = null
    handshake?.callback(undefined)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.#lost = reason
    if (reason.check(ConnectionDone) !== null) this.#hasEnded = true
    const handshake = this.#handshake
    this.#handshake = null
    if (handshake !== null && !handshake.called) handshake.errback(reason)
    this.#serve()
    const closers = this.#closers
    this.#closers = []
    for (const closer of closers) closer.callback(undefined)
  }

  // --- inside

  #stop(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#serve()
    this.#buffer.clear()
  }

  /** Serves those in line as far as it goes, then has the transport read if one still waits. */
  #serve(): void {
    if (this.#isServing) return
    this.#isServing = true
    for (;;) {
      if (this.#current === null || this.#current.isCancelled) this.#current = this.#line.shift() ?? null
      const waiting = this.#current
      if (waiting === null) break
      if (waiting.isCancelled) continue
      let result: unknown
      try {
        if (this.#isClosing) throw new SocketClosed()
        result = waiting.read.take(this.#buffer)
        if (result === undefined) {
          if (this.#hasEnded) result = waiting.read.atEnd(this.#buffer)
          else if (this.#lost !== null) throw this.#lost.value
          else break
        }
      } catch (error) {
        result = new Failure(error)
      }
      this.#current = null
      waiting.deferred.callback(result)
    }
    this.#isServing = false
    this.#follow()
  }

  #follow(): void {
    const wanted = this.#current !== null
    if (wanted === this.#isReading || this.#lost !== null || this.#isClosing || this.#hasEnded) return
    this.#isReading = wanted
    if (wanted) this.transport.resumeProducing()
    else this.transport.pauseProducing()
  }
}
