/**
 * Reactors that can use sockets which this program was started with.
 *
 * Source: twisted.internet.interfaces.IReactorSocket. Unlike there the descriptor is not duplicated: it belongs to the
 * reactor from the call on, and is closed with the port or connection.
 */

import type { IProtocolFactory } from './factory.js'
import type { IListeningPort } from './listening-port.js'
import type { IStreamTransport } from './transport.js'

/** What kind of address a socket has. */
export type AddressFamily = 'IPv4' | 'IPv6' | 'UNIX'

/** Adopted descriptors. */
export interface IReactorSocket {
  /**
   * Takes connections from a socket that is bound, and perhaps listening, already.
   * @throws CannotListenError where it is known at once; otherwise the port's `ready` fails
   */
  adoptStreamPort(fd: number, addressFamily: AddressFamily, factory: IProtocolFactory): IListeningPort
  /**
   * Has the factory build a protocol for a socket that is connected already.
   * @returns the connection; null if the factory refused it
   * @throws ConnectError for what is no connected socket
   */
  adoptStreamConnection(fd: number, factory: IProtocolFactory): IStreamTransport | null
}
