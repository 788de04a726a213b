/**
 * listenUNIX and connectUNIX: checks of what was asked, then a StreamPort or StreamConnector over the host's sockets.
 *
 * Owns: which paths and modes make sense anywhere. Must not know: hosts; how long a path may be is theirs to say.
 * Source: twisted.internet.unix.
 */

import type { UNIXAddress } from '../interfaces/address.js'
import type { IConnector } from '../interfaces/connector.js'
import type { IClientFactory, IProtocolFactory } from '../interfaces/factory.js'
import type { IListeningPort } from '../interfaces/listening-port.js'
import type { ConnectUNIXOptions, ListenUNIXOptions } from '../interfaces/reactor-unix.js'
import type { UNIXHost } from '../interfaces/stream-host.js'
import { checkFactory } from './check-factory.js'
import { CONNECT_TIMEOUT } from './limits.js'
import { StreamConnector } from './stream-connector.js'
import { StreamPort } from './stream-port.js'
import type { StreamReactor } from './stream-reactor.js'

/** Everybody may connect, as far as the folder lets them; twisted.internet.interfaces.IReactorUNIX. */
const MODE = 0o666

/** The address of a UNIX socket. @param path null for an end without a name */
export function unixAddress(path: string | null): UNIXAddress {
  return { family: 'UNIX', type: 'UNIX', path }
}

/** See IReactorUNIX. @internal */
export function listenUNIX(
  reactor: StreamReactor, host: UNIXHost, path: string, factory: IProtocolFactory, options: ListenUNIXOptions = {},
): IListeningPort<UNIXAddress> {
  checkPath(path)
  checkFactory(factory, 'server')
  const { backlog, mode = MODE, wantPID = false } = options
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) {
    throw new RangeError(`the mode of a socket is made of permission bits, 0 to 0o777, not ${String(mode)}`)
  }
  const request = { interface: '', port: path, address: unixAddress(path) }
  const port = new StreamPort(reactor, factory, request, (sink) =>
    host.listen({ path, backlog, mode, lock: wantPID }, sink))
  port.startListening()
  return port
}

/** See IReactorUNIX. @internal */
export function connectUNIX(
  reactor: StreamReactor, host: UNIXHost, path: string, factory: IClientFactory, options: ConnectUNIXOptions = {},
): IConnector {
  checkPath(path)
  checkFactory(factory, 'client')
  const { timeout = CONNECT_TIMEOUT, checkPID = false } = options
  if (typeof timeout !== 'number' || !(timeout >= 0)) {
    throw new RangeError(`a timeout is a number of milliseconds, zero or more, not ${String(timeout)}`)
  }
  const connector = new StreamConnector(reactor, factory, unixAddress(path), timeout, (sink) =>
    host.connect({ path, checkLock: checkPID }, sink))
  connector.connect()
  return connector
}

/** Only an abstract name has a NUL, as its first character. @throws TypeError, RangeError */
function checkPath(path: string): void {
  if (typeof path !== 'string') throw new TypeError(`the path of a UNIX socket is text, not ${String(path)}`)
  if (path === '' || path === '\0') throw new RangeError('the path of a UNIX socket is empty')
  if (path.includes('\0', 1)) throw new RangeError('the path of a UNIX socket contains a NUL')
}
