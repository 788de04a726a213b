/**
 * ProcessProtocol: the base class of what a user writes for one child process.
 *
 * Owns: which callback a descriptor's data and end go to, and the default of each. Must not know: how a child is
 * started. Source: twisted.internet.protocol.ProcessProtocol.
 */

import type { Failure } from '../defer/index.js'
import type { IProcessProtocol, IProcessTransport } from '../interfaces/reactor-process.js'

/**
 * One child process's worth of behaviour.
 *
 * @example
 * class Sorter extends ProcessProtocol {
 *   connectionMade() { this.transport.write('b\na\n'); this.transport.closeStdin() }
 *   outReceived(data: Uint8Array) { … }
 *   processEnded(reason: Failure) { … }
 * }
 */
export class ProcessProtocol implements IProcessProtocol {
  /** The child; set just before `connectionMade`. */
  transport!: IProcessTransport

  /** Called by the transport: keeps it and calls `connectionMade`. */
  makeConnection(transport: IProcessTransport): void {
    this.transport = transport
    this.connectionMade()
  }

  /** It runs. Not called for what could not be started. */
  connectionMade(): void {}

  /** @param childFD the child's descriptor @param data the receiver's to keep, cut anywhere */
  childDataReceived(childFD: number, data: Uint8Array): void {
    if (childFD === 1) this.outReceived(data)
    else if (childFD === 2) this.errReceived(data)
  }

  /** From the child's standard output. */
  outReceived(_data: Uint8Array): void {}

  /** From its standard error. */
  errReceived(_data: Uint8Array): void {}

  /** A descriptor is closed, whoever did it. */
  childConnectionLost(childFD: number): void {
    if (childFD === 0) this.inConnectionLost()
    else if (childFD === 1) this.outConnectionLost()
    else if (childFD === 2) this.errConnectionLost()
  }

  /** The child's standard input is closed. */
  inConnectionLost(): void {}

  /** Its standard output is closed. */
  outConnectionLost(): void {}

  /** Its standard error is closed. */
  errConnectionLost(): void {}

  /** The child has ended; there may be data from it on the way. @param _reason ProcessDone, ProcessTerminated */
  processExited(_reason: Failure): void {}

  /**
   * The child has ended and all its descriptors are closed: the last callback, exactly once.
   * @param _reason ProcessDone, ProcessTerminated, or ProcessNotStarted
   */
  processEnded(_reason: Failure): void {}
}
