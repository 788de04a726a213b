/**
 * A place to listen at or connect to, as one object.
 *
 * Source: twisted.internet.interfaces.IStreamServerEndpoint, IStreamClientEndpoint.
 */

import type { Deferred } from '../defer/index.js'
import type { IProtocolFactory } from './factory.js'
import type { IListeningPort } from './listening-port.js'
import type { IProtocol } from './protocol.js'

/** Listens. */
export interface IStreamServerEndpoint {
  /** Fires with the port once it is bound, fails with CannotListenError. */
  listen(factory: IProtocolFactory): Deferred<IListeningPort>
}

/** Connects. */
export interface IStreamClientEndpoint {
  /** Fires with the protocol once connected, fails with a ConnectError; cancelling gives up the attempt. */
  connect(factory: IProtocolFactory): Deferred<IProtocol>
}
