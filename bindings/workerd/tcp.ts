/**
 * TCP of a worker: `connect()` of cloudflare:sockets.
 *
 * Owns: the attempt, and what its failure is called. Must not know: factories and protocols.
 *
 * workerd says of an attempt only that it failed. At an address that is a refusal; at a name it may be the name as well.
 */
import { connect } from 'cloudflare:sockets'
import { ConnectError, ConnectionRefusedError, NotSupportedError } from '../../src/errors/index.js'
import type {
  ConnectHandle, ConnectSink, IAddress, ListenHandle, TCPConnectRequest, TCPHost,
} from '../../src/interfaces/index.js'
import { tcpAddress } from '../../src/transports/address.js'
import { addressFamily } from '../../src/transports/resolve-literal.js'
import type { SocketInfo } from './api.js'
import { LACKS } from './lacks.js'
import { SocketChannel } from './socket-channel.js'

/** TCP for one reactor. */
export class WorkerdTCP implements TCPHost {
  listen(): ListenHandle {
    throw new NotSupportedError('workerd', 'listenTCP', { reason: LACKS['listenTCP'] })
  }

  connect({ host, port, localHost, localPort }: TCPConnectRequest, sink: ConnectSink): ConnectHandle {
    if (localHost !== undefined || localPort !== undefined) {
      throw new NotSupportedError('workerd', 'bindAddress', { reason: 'connect() of workerd chooses its own address' })
    }
    const hostname = addressFamily(host) === 6 ? `[${host}]` : host
    // As if TLS were to begin: it may, and until then nothing is different.
    const socket = connect({ hostname, port }, { secureTransport: 'starttls', allowHalfOpen: true })
    socket.closed.catch(() => undefined)
    let isOver = false
    const channelOf = (info: SocketInfo): SocketChannel =>
      new SocketChannel(socket, { peer: addressOf(info.remoteAddress) ?? tcpAddress(host, port),
        host: addressOf(info.localAddress) ?? tcpAddress('0.0.0.0', 0), mayUpgrade: true })
    socket.opened.then((info) => {
      if (!isOver) sink.connected(channelOf(info))
    }, (cause: unknown) => {
      if (!isOver) sink.failed(failure(host, cause))
    })
    return {
      cancel() {
        isOver = true
        socket.close().catch(() => undefined)
      },
    }
  }
}

function failure(host: string, cause: unknown): ConnectError {
  if (addressFamily(host) !== 0) return new ConnectionRefusedError(undefined, { cause })
  return new ConnectError(
    `No connection to ${host}: workerd does not say whether there is no such name, or nobody listens there.`, { cause })
}

/** Of `127.0.0.1:80`, `[::1]:80` and `unix:/path:0`; null for what is none. */
export function addressOf(text: string | undefined): IAddress | null {
  const [, path] = /^unix:(.*):0$/.exec(text ?? '') ?? []
  if (path !== undefined) return { family: 'UNIX', type: 'UNIX', path }
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(text ?? '') ?? []
  return host === undefined ? null : tcpAddress(host, Number(port))
}
