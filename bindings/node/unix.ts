/**
 * UNIX sockets on Node: listening and connecting with `node:net`.
 *
 * Owns: servers and attempts. Must not know: factories and protocols; what is done about the file of a socket.
 */

import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import process from 'node:process'
import { clearTimeout, setTimeout } from 'node:timers'
import type {
  ConnectHandle, ConnectSink, ListenHandle, ListenSink, UNIXConnectRequest, UNIXHost, UNIXListenRequest,
} from '../../src/interfaces/index.js'
import { unixAddress } from '../../src/transports/unix.js'
import { isLocked } from '../node-api/unix-lock.js'
import { checkLength, UNIXPlace } from '../node-api/unix-place.js'
import { prepare } from './load.js'
import { Reader } from '../node-api/reader.js'
import { SocketChannel } from '../node-api/socket-channel.js'

/** A server whose queue is full is asked again after so long, ms, and then ever longer. */
const ASK_AGAIN = { first: 2, most: 30 }

/** UNIX sockets for one reactor. */
export class NodeUNIX implements UNIXHost {
  #reader: Reader | null = null
  readonly #makeReader: () => Reader

  /** @param makeReader what reads this reactor's sockets; made at the first of them */
  constructor(makeReader = () => new Reader()) {
    this.#makeReader = makeReader
  }

  listen(request: UNIXListenRequest, sink: ListenSink): ListenHandle {
    prepare()
    return new Listener(request, sink, this.#reader ??= this.#makeReader())
  }

  connect(request: UNIXConnectRequest, sink: ConnectSink): ConnectHandle {
    prepare()
    return new Attempt(request, sink, this.#reader ??= this.#makeReader())
  }
}

function refused(message: string): Error {
  return Object.assign(new Error(message), { code: 'ECONNREFUSED' })
}

class Listener implements ListenHandle {
  readonly #sink: ListenSink
  readonly #server: Server
  readonly #place: UNIXPlace
  #isTold = false
  #closed = false

  constructor(request: UNIXListenRequest, sink: ListenSink, reader: Reader) {
    const { path, backlog } = request
    this.#sink = sink
    this.#place = new UNIXPlace(request)
    const addresses = { host: unixAddress(path), peer: unixAddress(null) }
    const server = this.#server = createServer({ allowHalfOpen: true })
    server.on('connection', (socket) => sink.accepted(new SocketChannel(socket, reader, false, addresses)))
    server.on('listening', () => {
      this.#isTold = true
      sink.listening(addresses.host)
    })
    server.on('error', (error) => this.#failed(error))
    const listen = (): boolean => {
      // In a program of several processes (cluster) each listens for itself, so that it is done when this returns.
      server.listen({ path, backlog, exclusive: true })
      return server.listening
    }
    this.#try(() => this.#place.claim(() => this.#try(() => {
      if (!this.#closed) this.#place.bind(listen)
    })))
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#place.leave(() => {
      if (this.#server.listening) this.#server.close()
    })
  }

  #try(fn: () => void): void {
    try {
      fn()
    } catch (error) {
      process.nextTick(() => this.#failed(error))
    }
  }

  #failed(error: unknown): void {
    if (this.#closed) return
    if (this.#isTold) this.#sink.acceptFailed(error)
    else this.#sink.failed(this.#place.explain(error))
  }
}

class Attempt implements ConnectHandle {
  readonly #request: UNIXConnectRequest
  readonly #sink: ConnectSink
  readonly #reader: Reader
  #socket: Socket | null = null
  #timer: NodeJS.Timeout | null = null
  #wait = ASK_AGAIN.first
  #over = false

  constructor(request: UNIXConnectRequest, sink: ConnectSink, reader: Reader) {
    this.#request = request
    this.#sink = sink
    this.#reader = reader
    try {
      checkLength(request.path)
      if (request.checkLock && !isLocked(request.path)) throw refused(`${request.path}.lock names no live process`)
    } catch (error) {
      process.nextTick(() => this.#failed(error))
      return
    }
    this.#connect()
  }

  cancel(): void {
    this.#over = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#socket?.destroy()
  }

  #connect(): void {
    let channel: SocketChannel | null = null
    const { path } = this.#request
    const socket = connect({ path, allowHalfOpen: true, onread: this.#reader.onread(() => channel) })
    const onError = (error: NodeJS.ErrnoException): void => {
      if (!this.#over && error.code === 'EAGAIN') this.#connectLater()
      else this.#failed(error)
    }
    this.#socket = socket
    socket.on('error', onError)
    socket.once('connect', () => {
      if (this.#over) return
      this.#over = true
      socket.off('error', onError)
      channel = new SocketChannel(socket, this.#reader, true, { peer: unixAddress(path), host: unixAddress(null) })
      this.#sink.connected(channel)
    })
  }

  /** Its queue is full. Other kinds of sockets wait for that in the kernel. */
  #connectLater(): void {
    this.#timer = setTimeout(() => this.#connect(), this.#wait)
    this.#wait = Math.min(this.#wait * 2, ASK_AGAIN.most)
  }

  #failed(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#sink.failed(error)
  }
}
