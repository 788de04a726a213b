/**
 * A port that takes connections.
 *
 * Source: twisted.internet.interfaces.IListeningPort; `ready` and `drain` go beyond it.
 */

import type { Deferred } from '../defer/index.js'
import type { IAddress } from './address.js'

/** A port made by one of the `listen…` methods; `Address` is what its kind of port has for an address. */
export interface IListeningPort<Address extends IAddress = IAddress> {
  /**
   * Fires with the port once it is bound; fails with CannotListenError where the host finds out only later
   * that it cannot.
   */
  readonly ready: Deferred<IListeningPort<Address>>
  /** Listens again after `stopListening`. @throws CannotListenError while it listens */
  startListening(): void
  /** Takes no more connections; those that are open stay. Undefined when it had stopped already. */
  stopListening(): Deferred<void> | undefined
  /**
   * Takes no more connections, asks the open ones to end (IDrainingProtocol), lets them, aborts what is left.
   * @param deadlineMs how long they may take, ms
   */
  drain(deadlineMs: number): Deferred<void>
  /** The address asked for until it is bound, then the real one. */
  getHost(): Address
}
