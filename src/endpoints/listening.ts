/**
 * From a port that may refuse now or fail later to one Deferred that fires with the port.
 *
 * Source: twisted.internet.endpoints, which leaves the second case out.
 */
import { Deferred, fail } from '../defer/index.js'
import type { Failure } from '../defer/index.js'
import type { IAddress, IListeningPort } from '../interfaces/index.js'

/**
 * Listens.
 *
 * @param start one of the `listen…` methods of a reactor
 * @returns fires with the port once it is bound; fails with CannotListenError. Cancelling closes the port again.
 */
export function listening<A extends IAddress>(start: () => IListeningPort<A>): Deferred<IListeningPort<A>> {
  let port: IListeningPort<A>
  try {
    port = start()
  } catch (error) {
    return fail(error) as Deferred<IListeningPort<A>>
  }
  const bound = new Deferred<IListeningPort<A>>(() => {
    void port.stopListening()
  })
  // A failure ends here, and not in `ready`: whoever called `listen` is told, and has no port to look at.
  port.ready.addCallbacks((same) => {
    // Not if it was cancelled while the host was still at it: then the port is being stopped.
    if (!bound.called) bound.callback(port)
    return same
  }, (reason: Failure) => {
    if (!bound.called) bound.errback(reason)
  })
  return bound
}
