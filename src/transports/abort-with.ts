/**
 * Aborting a connection for a reason that is not the program's wish.
 *
 * Owns: finding the way for each kind of transport. Must not know: the reasons.
 */

import type { ITransport } from '../interfaces/transport.js'
import { abort } from './stream-ending.js'
import { connectionOf, isStreamTransport } from './stream-transport.js'

/** @param reason what `connectionLost` gets, on our own transports; others only know how to abort, or to close */
export function abortWith(transport: ITransport, reason: Error): void {
  if (isStreamTransport(transport)) {
    abort(connectionOf(transport), reason)
    return
  }
  const { abortConnection } = transport as { abortConnection?: () => void }
  if (typeof abortConnection === 'function') abortConnection.call(transport)
  else transport.loseConnection()
}
