/**
 * What ports and connectors ask of a factory.
 *
 * Source: twisted.internet.interfaces.IProtocolFactory and ClientFactory.
 */

import type { Failure } from '../defer/index.js'
import type { IAddress } from './address.js'
import type { IConnector } from './connector.js'
import type { IProtocol } from './protocol.js'

/** Makes one protocol for each connection. */
export interface IProtocolFactory {
  /** @returns null to refuse the connection */
  buildProtocol(address: IAddress): IProtocol | null
  /** A port or connector begins to use this factory. */
  doStart(): void
  /** One of those has stopped. */
  doStop(): void
}

/** A factory for outgoing connections, told what becomes of them. */
export interface IClientFactory extends IProtocolFactory {
  startedConnecting(connector: IConnector): void
  clientConnectionFailed(connector: IConnector, reason: Failure): void
  clientConnectionLost(connector: IConnector, reason: Failure): void
}
