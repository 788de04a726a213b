/**
 * TCP on Deno: listening and connecting with `Deno.listen` and `Deno.connect`.
 *
 * Owns: what of a request Deno can do. Must not know: factories and protocols.
 */

import { NotSupportedError } from '../../src/errors/index.js'
import type {
  ConnectHandle, ConnectSink, IAddress, ListenHandle, ListenSink, TCPConnectRequest, TCPHost, TCPListenRequest,
} from '../../src/interfaces/index.js'
import { tcpAddress } from '../../src/transports/address.js'
import { deno } from './api.js'
import type { DenoConn, NetAddress } from './api.js'
import type { Addresses } from './conn-channel.js'
import { Attempt, Listener } from './listener.js'
import { prepare } from './load.js'

/** TCP for reactors. */
export class DenoTCP implements TCPHost {
  listen(request: TCPListenRequest, sink: ListenSink): ListenHandle {
    prepare()
    const { host, port, backlog, reusePort, ipv6Only } = request
    return new Listener(() => {
      // To ask for it ends the whole program where it is not allowed.
      if (reusePort === true && deno().listenDatagram === undefined) throw lacking('reusePort', 'without --unstable-net')
      if (ipv6Only === true) throw lacking('ipv6Only', 'Deno.listen has no such option')
      return deno().listen({ transport: 'tcp', hostname: host, port, tcpBacklog: backlog, reusePort })
    }, ({ addr }) => addressOf(addr), addressesOf, sink)
  }

  connect({ host, port, localHost, localPort }: TCPConnectRequest, sink: ConnectSink): ConnectHandle {
    prepare()
    return new Attempt((signal) => {
      if (localHost !== undefined || (localPort ?? 0) !== 0) {
        throw lacking('bindAddress', 'Deno.connect has no such option')
      }
      return deno().connect({ transport: 'tcp', hostname: host, port, signal })
    }, addressesOf, sink)
  }
}

function lacking(feature: string, reason: string): NotSupportedError {
  return new NotSupportedError('deno', feature, { reason })
}

function addressOf(addr: unknown): IAddress {
  const { hostname, port } = addr as NetAddress
  return tcpAddress(hostname, port)
}

function addressesOf(conn: DenoConn): Addresses {
  return { peer: addressOf(conn.remoteAddr), host: addressOf(conn.localAddr) }
}
