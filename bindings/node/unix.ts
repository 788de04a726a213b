/**
 * UNIX sockets on Node: listening and connecting with `node:net`.
 *
 * Owns: servers, their files, and attempts. Must not know: factories and protocols.
 *
 * The mode is never wider than what was asked, not for a moment: the file is made under a umask that takes away what is
 * not wanted (and nothing else, since the umask is the whole program's), then what the program's own umask took away is
 * added. A worker thread cannot set the umask: there the mode is set right after.
 */

import { Buffer } from 'node:buffer'
import { chmodSync, linkSync, lstatSync, renameSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import process from 'node:process'
import { clearTimeout, setTimeout } from 'node:timers'
import type {
  ConnectHandle, ConnectSink, ListenHandle, ListenSink, UNIXConnectRequest, UNIXHost, UNIXListenRequest,
} from '../../src/interfaces/index.js'
import { unixAddress } from '../../src/transports/unix.js'
import { prepare } from './load.js'
import { Reader } from './reader.js'
import { SocketChannel } from './socket-channel.js'
import { isLocked, kindOf, removeDeadSocket, takeLock } from './unix-lock.js'

/** Bytes of a path that an address has room for; Node would cut a longer one short without a word. */
const MOST_BYTES = process.platform === 'linux' ? 107 : 103

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

/** @throws with the code ENAMETOOLONG */
function checkLength(path: string): void {
  const length = Buffer.byteLength(path)
  if (length <= MOST_BYTES) return
  const error = new Error(`the path of a UNIX socket has at most ${MOST_BYTES} bytes here, not ${length}`)
  throw Object.assign(error, { code: 'ENAMETOOLONG' })
}

function refused(message: string): Error {
  return Object.assign(new Error(message), { code: 'ECONNREFUSED' })
}

class Listener implements ListenHandle {
  readonly #request: UNIXListenRequest
  readonly #sink: ListenSink
  readonly #server: Server
  readonly #isAbstract: boolean
  #unlock: (() => void) | null = null
  #inode: bigint | null = null
  #isTold = false
  #closed = false

  constructor(request: UNIXListenRequest, sink: ListenSink, reader: Reader) {
    this.#request = request
    this.#sink = sink
    this.#isAbstract = request.path.startsWith('\0')
    const addresses = { host: unixAddress(request.path), peer: unixAddress(null) }
    this.#server = createServer({ allowHalfOpen: true })
    this.#server.on('connection', (socket) => sink.accepted(new SocketChannel(socket, reader, false, addresses)))
    this.#server.on('listening', () => {
      this.#isTold = true
      sink.listening(addresses.host)
    })
    this.#server.on('error', (error) => this.#failed(error))
    this.#try(() => {
      checkLength(request.path)
      if (!request.lock || this.#isAbstract) {
        this.#bind()
      } else {
        this.#unlock = takeLock(request.path)
        removeDeadSocket(request.path, () => this.#try(() => this.#bind()))
      }
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#closeServer()
    this.#unlock?.()
  }

  #try(fn: () => void): void {
    try {
      fn()
    } catch (error) {
      process.nextTick(() => this.#failed(error))
    }
  }

  #bind(): void {
    if (this.#closed) return
    const { path, backlog, mode = 0o666 } = this.#request
    const former = this.#isAbstract ? null : narrowUmask(mode)
    try {
      // In a program of several processes (cluster) each listens for itself, so that it is done when this returns.
      this.#server.listen({ path, backlog, exclusive: true })
    } finally {
      if (former !== null) process.umask(former)
    }
    if (this.#isAbstract || !this.#server.listening) return
    const file = lstatSync(path, { bigint: true })
    this.#inode = file.ino
    if ((Number(file.mode) & 0o777) !== mode) chmodSync(path, mode)
  }

  #failed(error: unknown): void {
    if (this.#closed) return
    if (this.#isTold) {
      this.#sink.acceptFailed(error)
      return
    }
    const inTheWay = (error as NodeJS.ErrnoException).code === 'EADDRINUSE' && !this.#isAbstract && this.#isOther()
    this.#sink.failed(inTheWay ? new Error('there is a file in the way that is no socket', { cause: error }) : error)
  }

  #isOther(): boolean {
    try {
      return kindOf(this.#request.path) === 'other'
    } catch {
      return false
    }
  }

  /** To close it removes whatever is at its path; a socket that somebody else has put there meanwhile must stay. */
  #closeServer(): void {
    const { path } = this.#request
    const kept = `${path}.${process.pid}.kept`
    let isKept = false
    try {
      if (this.#inode !== null && lstatSync(path, { bigint: true }).ino !== this.#inode) {
        linkSync(path, kept)
        isKept = true
      }
    } catch {
      // There is nothing, or nothing that we could keep.
    }
    if (this.#server.listening) this.#server.close()
    if (isKept) renameSync(kept, path)
  }
}

/** @returns the umask of before; null where it cannot be set */
function narrowUmask(mode: number): number | null {
  try {
    const former = process.umask(0o777)
    process.umask(former | (~mode & 0o777))
    return former
  } catch {
    return null
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
