/**
 * Reactors that can listen and connect over TCP.
 *
 * Source: twisted.internet.interfaces.IReactorTCP.
 */

import type { TCPAddress } from './address.js'
import type { IConnector } from './connector.js'
import type { IClientFactory, IProtocolFactory } from './factory.js'
import type { IListeningPort } from './listening-port.js'

/** Options of `listenTCP`. */
export interface ListenTCPOptions {
  /** Connections that may wait to be accepted; 511 if not given. */
  backlog?: number
  /** Address to bind to; all IPv4 addresses if not given. */
  interface?: string
  /** Several processes may bind the same port and share its connections, where the host can do that. */
  reusePort?: boolean
}

/** Options of `connectTCP`. */
export interface ConnectTCPOptions {
  /** How long the attempt may take, ms; 30,000 if not given, Infinity for as long as the host tries. */
  timeout?: number
  /** Local address and port to connect from. */
  bindAddress?: { host: string, port?: number }
}

/** TCP. */
export interface IReactorTCP {
  /** @param port 0 for any free one @throws RangeError for a number that is no port; CannotListenError */
  listenTCP(port: number, factory: IProtocolFactory, options?: ListenTCPOptions): IListeningPort<TCPAddress>
  /** @param host name or address @throws RangeError for a number that is no port */
  connectTCP(host: string, port: number, factory: IClientFactory, options?: ConnectTCPOptions): IConnector
}
