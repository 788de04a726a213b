/**
 * Protocol: the base class of what a user writes for one connection.
 *
 * Owns: the link to transport and factory, and the default of every callback. Must not know: what carries
 * the bytes. `readConnectionLost` and `writeConnectionLost` are deliberately not here: a transport asks
 * whether they exist to learn whether the protocol lives on with one direction closed.
 * Source: twisted.internet.protocol.Protocol; BufferedProtocol follows asyncio's.
 */

import type { Failure } from '../defer/index.js'
import type { IBufferedProtocol, IProtocol } from '../interfaces/protocol.js'
import type { IProtocolFactory } from '../interfaces/factory.js'
import type { ITLSTransport } from '../interfaces/tls.js'
import type { IBridgedTransport, ITCPTransport, ITransport } from '../interfaces/transport.js'

/**
 * One connection's worth of behaviour.
 *
 * @example
 * class Echo extends Protocol {
 *   dataReceived(data: Uint8Array) { this.transport.write(data) }
 * }
 */
export class Protocol implements IProtocol {
  /**
   * The connection; set just before `connectionMade`, and kept after the end, when writing does nothing. What
   * carries no TCP may lack some of these methods.
   */
  transport!: ITCPTransport & ITLSTransport & IBridgedTransport
  /** The factory that built this protocol, null if none did. */
  factory: IProtocolFactory | null = null
  /** True from `connectionMade` on, until this class's own `connectionLost`. */
  connected = false

  /** Called by the transport: keeps it and calls `connectionMade`. */
  makeConnection(transport: ITransport): void {
    this.connected = true
    this.transport = transport as typeof this.transport
    this.connectionMade()
  }

  /** The connection is there. */
  connectionMade(): void {}

  /** @param _data bytes as they came, cut anywhere; the receiver may keep them */
  dataReceived(_data: Uint8Array): void {}

  /**
   * The end, exactly once; nothing is received after it.
   * @param _reason ConnectionDone, ConnectionLost, ConnectionAborted, or what a callback of this protocol threw
   */
  connectionLost(_reason: Failure): void {
    this.connected = false
  }
}

/**
 * A protocol that is read into arrays of its own, without a copy where the host can do that.
 *
 * Between `getBuffer` and the `bufferUpdated` that follows, the array belongs to the host.
 */
export abstract class BufferedProtocol extends Protocol implements IBufferedProtocol {
  /** @param hint how many bytes would be sensible @returns an array that is not empty */
  abstract getBuffer(hint: number): Uint8Array

  /** @param length bytes that the array of the last `getBuffer` now begins with */
  abstract bufferUpdated(length: number): void

  /** Where the transport cannot read in place: copies into the protocol's own arrays. */
  override dataReceived(data: Uint8Array): void {
    for (let offset = 0; offset < data.length;) {
      const room = this.getBuffer(data.length - offset)
      if (!(room instanceof Uint8Array)) throw new TypeError('getBuffer() returned no Uint8Array')
      if (room.length === 0) throw new RangeError('getBuffer() returned an empty array')
      const piece = data.subarray(offset, offset + room.length)
      room.set(piece)
      offset += piece.length
      this.bufferUpdated(piece.length)
    }
  }
}
