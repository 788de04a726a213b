/**
 * What a transport asks of the protocol above it.
 *
 * Source: twisted.internet.interfaces.IProtocol, IHalfCloseableProtocol; the buffered variant follows
 * asyncio's BufferedProtocol.
 */

import type { Failure } from '../defer/index.js'
import type { ITransport } from './transport.js'

/** One connection's worth of behaviour. */
export interface IProtocol {
  /** Called once, by the transport or whoever plays it; sets `transport` and calls `connectionMade`. */
  makeConnection(transport: ITransport): void
  connectionMade(): void
  /** @param data the receiver's to keep; cut anywhere */
  dataReceived(data: Uint8Array): void
  /** The end, exactly once. */
  connectionLost(reason: Failure): void
}

/** Whoever says where received bytes are to be put. */
export interface IReadTarget {
  /**
   * Lends an array to read into. The host may hold it until the next `bufferUpdated`, so it is asked for
   * before there is anything to read. Must not be empty.
   * @param hint how many bytes would be sensible, in bytes
   */
  getBuffer(hint: number): Uint8Array
  /** @param length how many bytes of the array that `getBuffer` gave last are now filled */
  bufferUpdated(length: number): void
}

/** A protocol that says where received bytes are to be put. */
export interface IBufferedProtocol extends IProtocol, IReadTarget {}

/** A protocol that can end its conversation in order when it is asked to. */
export interface IDrainingProtocol {
  /** Its port takes no more connections, and waits for this one to end; after a while it will be aborted. */
  draining(): void
}

/** A protocol that lives on with one direction closed. */
export interface IHalfCloseableProtocol {
  /** The peer will send nothing more. */
  readConnectionLost(): void
  /** Our own sending side is closed. */
  writeConnectionLost(): void
}
