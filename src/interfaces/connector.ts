/**
 * An outgoing connection, from the attempt to the end, and again.
 *
 * Source: twisted.internet.interfaces.IConnector.
 */

import type { IAddress } from './address.js'

/** Made by one of the `connect…` methods; the factory's callbacks get it. */
export interface IConnector {
  /** Tries again, from inside `clientConnectionFailed` or `clientConnectionLost` or after. */
  connect(): void
  /** Gives up an attempt under way. @throws ConnectError if there is none */
  stopConnecting(): void
  /** Gives up the attempt, or loses the connection, whichever there is. */
  disconnect(): void
  getDestination(): IAddress
}
