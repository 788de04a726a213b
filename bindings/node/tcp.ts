/**
 * TCP on Node: listening and connecting with `node:net`.
 *
 * Owns: servers and attempts. Must not know: factories and protocols.
 */

import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import process from 'node:process'
import { NotSupportedError } from '../../src/errors/index.js'
import type {
  ConnectHandle, ConnectSink, ListenHandle, ListenSink, TCPConnectRequest, TCPHost, TCPListenRequest,
} from '../../src/interfaces/index.js'
import { tcpAddress } from '../../src/transports/address.js'
import { prepare } from './load.js'
import { Reader } from '../node-api/reader.js'
import { reusesPorts } from './tcp-reuse-port.js'
import { SocketChannel } from '../node-api/socket-channel.js'

/** The first Node whose permissions cover the network. */
const PERMISSION_MAJOR = 26

/** TCP for one reactor. */
export class NodeTCP implements TCPHost {
  #reader: Reader | null = null
  readonly #makeReader: () => Reader

  /** @param makeReader what reads this reactor's sockets; made at the first of them */
  constructor(makeReader = () => new Reader()) {
    this.#makeReader = makeReader
  }

  listen(request: TCPListenRequest, sink: ListenSink): ListenHandle {
    prepare()
    return new Listener(request, sink, this.#reader ??= this.#makeReader())
  }

  connect(request: TCPConnectRequest, sink: ConnectSink): ConnectHandle {
    prepare()
    return new Attempt(request, sink, this.#reader ??= this.#makeReader())
  }
}

class Listener implements ListenHandle {
  readonly #server: Server
  readonly #sink: ListenSink
  #isClosed = false

  constructor(request: TCPListenRequest, sink: ListenSink, reader: Reader) {
    this.#sink = sink
    this.#server = createServer({ allowHalfOpen: true })
    this.#server.on('connection', (socket) => sink.accepted(new SocketChannel(socket, reader, false)))
    this.#server.on('listening', () => {
      const { address, port } = this.#server.address() as AddressInfo
      sink.listening(tcpAddress(address, port))
    })
    this.#server.on('error', (error) => this.#failed(error))
    if (!mayUseNetwork()) {
      // Node throws this where nobody can catch it.
      process.nextTick(() => this.#failed(new Error('access to the network is not permitted (--allow-net)')))
      return
    }
    if (request.reusePort !== true) {
      this.#listen(request)
      return
    }
    reusesPorts((can) => {
      if (this.#isClosed) return
      if (can) this.#listen(request)
      else this.#failed(new NotSupportedError(
        `Node ${process.version}`, 'reusePort', { reason: 'Node has it from 22.12 and from 23.1 on' }))
    })
  }

  close(): void {
    this.#isClosed = true
    this.#server.close()
  }

  #listen({ host, port, backlog, reusePort, ipv6Only }: TCPListenRequest): void {
    // Not all versions of Node know all of these.
    this.#server.listen({ host, port, backlog, reusePort, ipv6Only } as { host: string, port: number })
  }

  #failed(error: unknown): void {
    if (this.#server.listening) this.#sink.acceptFailed(error)
    else this.#sink.failed(error)
  }
}

class Attempt implements ConnectHandle {
  readonly #socket: Socket
  #channel: SocketChannel | null = null
  #onConnect: () => void
  #onError: (error: unknown) => void

  constructor(request: TCPConnectRequest, sink: ConnectSink, reader: Reader) {
    const { host, port, localHost, localPort } = request
    this.#onConnect = () => {
      this.#detach()
      this.#channel = new SocketChannel(this.#socket, reader, true)
      sink.connected(this.#channel)
    }
    this.#onError = (error) => {
      this.#detach()
      this.#socket.on('error', ignore)
      sink.failed(error)
    }
    const onread = reader.onread(() => this.#channel)
    this.#socket = connect({ host, port, localAddress: localHost, localPort, allowHalfOpen: true, onread })
    this.#socket.on('connect', this.#onConnect)
    this.#socket.on('error', this.#onError)
  }

  cancel(): void {
    this.#detach()
    this.#socket.on('error', ignore)
    this.#socket.destroy()
  }

  #detach(): void {
    this.#socket.off('connect', this.#onConnect)
    this.#socket.off('error', this.#onError)
  }
}

function ignore(): void {}

function mayUseNetwork(): boolean {
  const { permission } = process as { permission?: { has(scope: string): boolean } }
  if (permission === undefined || Number.parseInt(process.versions.node, 10) < PERMISSION_MAJOR) return true
  return permission.has('net')
}
