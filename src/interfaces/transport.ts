/**
 * What a protocol sees of its connection.
 *
 * Owns: the shapes only. Must not know: sockets, hosts, protocols.
 * Source: twisted.internet.interfaces.ITransport, ITCPTransport; `drain`, `writableLength` and
 * `setWriteLimits` go beyond Twisted.
 */

import type { Deferred } from '../defer/index.js'
import type { IAddress } from './address.js'
import type { IConsumer, IPushProducer } from './producer.js'

/** Any connection. */
export interface ITransport {
  /**
   * Sends bytes, or a string as UTF-8. They leave at the end of the turn, in order. The array is the
   * transport's until it was sent: do not change it. After `loseConnection` or the end: dropped.
   */
  write(data: Uint8Array | string): void
  /** Sends several pieces as one. */
  writeSequence(list: Iterable<Uint8Array | string>): void
  /** Closes once everything written before was handed over, and a registered producer has unregistered. */
  loseConnection(): void
  getPeer(): IAddress
  getHost(): IAddress
  /** True from `loseConnection` or `abortConnection` on. */
  readonly disconnecting: boolean
}

/** A connection whose close can be forced, and whose reading can be held back. */
export interface IStreamTransport extends ITransport, IConsumer, IPushProducer {
  /** Closes at once; what was not sent is dropped, and the peer sees a reset where the host can make one. */
  abortConnection(): void
  /** Closes the sending side, after everything written before; reading goes on. */
  loseWriteConnection(): void
  /** Bytes written and not yet taken by the host. */
  readonly writableLength: number
  /** Fires once it is sensible to write more; fails with the reason when the connection ends first. */
  drain(): Deferred<void>
  setWriteLimits(limits: WriteLimits): void
}

/** How much may wait in a transport before it slows or refuses its writers; bytes. */
export interface WriteLimits {
  /** More than this pauses a push producer and makes `drain()` wait; 65,536 if never set. */
  high?: number
  /** At this or less the producer is resumed and `drain()` fires; 0 if never set. */
  low?: number
  /** A write that would leave more than this waiting throws WriteLimitExceeded; no limit if never set. */
  max?: number
}

/** A TCP connection. */
export interface ITCPTransport extends IStreamTransport {
  setTcpNoDelay(enabled: boolean): void
  getTcpNoDelay(): boolean
  /** @param delayMs of silence before the first question to the peer, ms; the host's own if not given */
  setTcpKeepAlive(enabled: boolean, delayMs?: number): void
  getTcpKeepAlive(): boolean
}

/**
 * A connection whose bytes can be taken as streams, in place of the protocol's `dataReceived`. Whoever asks for
 * `readable`, or iterates, takes them for good; the protocol still hears of the end.
 */
export interface IBridgedTransport {
  /** What is received. The peer's end closes it, an end that is not clean errors it. */
  readonly readable: ReadableStream<Uint8Array>
  /** What is to be sent: closing it closes the sending side, aborting it aborts the connection. */
  readonly writable: WritableStream<Uint8Array>
  /** What is received, piece by piece; leaving the loop early closes the connection. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array>
}
