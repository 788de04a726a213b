/**
 * Descriptors that this program was started with: standard input and output, and sockets by number.
 *
 * Owns: making Node's servers and sockets of numbers. Must not know: factories and protocols.
 */

import { createServer, Socket } from 'node:net'
import type {
  ConnectSink, DescriptorHost, IAddress, ListenHandle, ListenSink, StreamChannel,
} from '../../src/interfaces/index.js'
import { tcpAddress } from '../../src/transports/address.js'
import { unixAddress } from '../../src/transports/unix.js'
import { prepare } from './load.js'
import { Reader } from '../node-api/reader.js'
import { SocketChannel } from '../node-api/socket-channel.js'
import { standardIO } from './stdio.js'

/** Descriptors for one reactor. */
export class NodeDescriptors implements DescriptorHost {
  #reader: Reader | null = null

  stdio(): StreamChannel {
    prepare()
    return standardIO()
  }

  adoptPort(fd: number, sink: ListenSink): ListenHandle {
    prepare()
    const reader = this.#reader ??= new Reader()
    const server = createServer({ allowHalfOpen: true })
    let host: IAddress = unixAddress(null)
    server.on('connection', (socket) => sink.accepted(channelOf(socket, reader, host)))
    server.on('listening', () => {
      const address = server.address()
      host = typeof address === 'string' ? unixAddress(address)
        : address === null ? unixAddress(null) : tcpAddress(address.address, address.port)
      sink.listening(host)
    })
    server.on('error', (error) => {
      if (server.listening) sink.acceptFailed(error)
      else sink.failed(new Error(`descriptor ${fd} is no socket that can listen`, { cause: error }))
    })
    server.listen({ fd, exclusive: true })
    return { close: () => void (server.listening && server.close()) }
  }

  adoptConnection(fd: number, sink: ConnectSink): void {
    prepare()
    let socket: Socket
    try {
      socket = new Socket({ fd, allowHalfOpen: true, readable: true, writable: true })
    } catch (error) {
      sink.failed(new Error(`descriptor ${fd} is no connected socket`, { cause: error }))
      return
    }
    sink.connected(channelOf(socket, this.#reader ??= new Reader(), unixAddress(null)))
  }
}

/** A socket's channel; UNIX sockets know no addresses of their own. */
function channelOf(socket: Socket, reader: Reader, host: IAddress): SocketChannel {
  if (socket.localAddress !== undefined) return new SocketChannel(socket, reader, false)
  return new SocketChannel(socket, reader, false, { host, peer: unixAddress(null) })
}
