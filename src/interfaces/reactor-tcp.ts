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
  /** Address to bind to; all IPv4 addresses if not given, all of both families with `::`. */
  interface?: string
  /**
   * Several processes, or ports, may bind the same port and share its connections. Where the host cannot do that,
   * listening fails with a CannotListenError whose cause is a NotSupportedError.
   */
  reusePort?: boolean
  /** With `interface: '::'`: takes no IPv4 connections; without, it takes them too, as `::ffff:…` addresses. */
  ipv6Only?: boolean
}

/** Options of `connectTCP`. */
export interface ConnectTCPOptions {
  /** How long the attempt may take, ms; 30,000 if not given, Infinity for as long as the host tries. */
  timeout?: number
  /** Local address and port to connect from. */
  bindAddress?: { host: string, port?: number }
  /** With an address for a host: the name that it was resolved from. A restricted reactor may want to know. */
  resolvedFrom?: string
}

/** TCP. */
export interface IReactorTCP {
  /** @param port 0 for any free one @throws RangeError for a number that is no port; CannotListenError */
  listenTCP(port: number, factory: IProtocolFactory, options?: ListenTCPOptions): IListeningPort<TCPAddress>
  /** @param host name or address @throws RangeError for a number that is no port */
  connectTCP(host: string, port: number, factory: IClientFactory, options?: ConnectTCPOptions): IConnector
}
