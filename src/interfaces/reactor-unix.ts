/**
 * Reactors that can listen and connect over UNIX sockets.
 *
 * Source: twisted.internet.interfaces.IReactorUNIX. A path that begins with a NUL is an abstract name (Linux).
 */

import type { UNIXAddress } from './address.js'
import type { IConnector } from './connector.js'
import type { IClientFactory, IProtocolFactory } from './factory.js'
import type { IListeningPort } from './listening-port.js'

/** Options of `listenUNIX`. */
export interface ListenUNIXOptions {
  /** Connections that may wait to be accepted; 511 if not given. */
  backlog?: number
  /** Permission bits of the socket file; 0o666 if not given. */
  mode?: number
  /** Guards the path with a lock file `<path>.lock`, and removes a socket that a dead process left behind. */
  wantPID?: boolean
}

/** Options of `connectUNIX`. */
export interface ConnectUNIXOptions {
  /** How long the attempt may take, ms; 30,000 if not given. */
  timeout?: number
  /** Refuses to connect, as if nobody listened, when `<path>.lock` names no live process. */
  checkPID?: boolean
}

/** UNIX sockets. */
export interface IReactorUNIX {
  /** @throws CannotListenError where it is known at once */
  listenUNIX(path: string, factory: IProtocolFactory, options?: ListenUNIXOptions): IListeningPort<UNIXAddress>
  connectUNIX(path: string, factory: IClientFactory, options?: ConnectUNIXOptions): IConnector
}
