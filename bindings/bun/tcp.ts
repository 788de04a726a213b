/**
 * TCP on Bun: listening and connecting with `Bun.listen` and `Bun.connect`.
 *
 * Owns: what of a request Bun can do. Must not know: factories and protocols.
 */

import type {
  ConnectHandle, ConnectSink, ListenHandle, ListenSink, TCPConnectRequest, TCPHost, TCPListenRequest,
} from '../../src/interfaces/index.js'
import { tcpAddress } from '../../src/transports/address.js'
import type { BunSocket } from './api.js'
import { Attempt, Listener } from './listener.js'
import { prepare } from './load.js'
import type { Addresses } from './socket-channel.js'

/** TCP for reactors. */
export class BunTCP implements TCPHost {
  /** `Bun.listen` has a queue of 512 whatever was asked for. */
  listen({ host, port, reusePort, ipv6Only }: TCPListenRequest, sink: ListenSink): ListenHandle {
    prepare()
    return new Listener({ hostname: host, port, reusePort: reusePort === true, ipv6Only: ipv6Only === true },
      `listen at ${host}, port ${port}`, ({ hostname, port: bound }) => tcpAddress(hostname, bound), addressesOf, sink)
  }

  connect({ host, port, localHost, localPort }: TCPConnectRequest, sink: ConnectSink): ConnectHandle {
    prepare()
    const local = {
      ...localHost !== undefined ? { localAddress: localHost } : undefined,
      ...localPort !== undefined ? { localPort } : undefined,
    }
    return new Attempt({ hostname: host, port, ...local }, `connect to ${host}, port ${port}`, addressesOf, sink)
  }
}

function addressesOf(socket: BunSocket): Addresses {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket
  // As everywhere else; Bun itself begins with the opposite.
  socket.setNoDelay(false)
  return { peer: tcpAddress(remoteAddress, remotePort), host: tcpAddress(localAddress, localPort) }
}
