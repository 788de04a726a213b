/**
 * Connects one protocol that exists already, where making a factory for it would be ceremony.
 *
 * Source: twisted.internet.endpoints.connectProtocol.
 */
import type { Deferred } from '../defer/index.js'
import type { IProtocol, IProtocolFactory, IStreamClientEndpoint } from '../interfaces/index.js'

/**
 * Connects `protocol` through `endpoint`.
 *
 * @returns fires with that protocol once it is connected; fails and is cancelled as `endpoint.connect` is
 */
export function connectProtocol<P extends IProtocol>(endpoint: IStreamClientEndpoint, protocol: P): Deferred<P> {
  const factory: IProtocolFactory = {
    buildProtocol: () => protocol,
    doStart: () => undefined,
    doStop: () => undefined,
  }
  return endpoint.connect(factory) as Deferred<unknown> as Deferred<P>
}
