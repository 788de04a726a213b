/**
 * SocketChannel: one of Node's sockets (TCP, UNIX, TLS) as a StreamChannel.
 *
 * Owns: how it is read, its addresses, and giving it back. Must not know: protocols.
 */

import type { Socket } from 'node:net'
import type { IAddress, StreamSink } from '../../src/interfaces/index.js'
import { tcpAddress } from '../../src/transports/address.js'
import { READ_SIZE } from '../../src/transports/limits.js'
import { ARMED, DuplexBase, READS_OWN } from './duplex-base.js'
import type { Addresses } from './duplex-channel.js'
import { CHANNEL } from './reader.js'
import type { OurSocket, Reader } from './reader.js'

/** What of Node's handle stops and starts reading. */
interface ReadHandle {
  reading: boolean
  readStart(): number
  readStop(): number
}

/** A connected socket. */
export class SocketChannel extends DuplexBase<OurSocket> {
  readonly #reader: Reader
  #borrowed: Uint8Array | null = null
  #peer: IAddress | null
  #host: IAddress | null

  /**
   * @param armed whether the socket already reads through `reader`
   * @param addresses of sockets that do not know theirs: UNIX
   */
  constructor(socket: Socket, reader: Reader, armed: boolean, addresses?: Addresses) {
    super(socket)
    this.#reader = reader
    this.#peer = addresses?.peer ?? null
    this.#host = addresses?.host ?? null
    this.stream[CHANNEL] = this
    socket.on('error', onError)
    socket.on('close', onClose)
    socket.on('end', onEnd)
    if (armed || reader.arm(socket)) this.bits |= ARMED
    else socket.on('data', onData)
  }

  /** What was sent is the kernel's. */
  get copies(): boolean {
    return true
  }

  /** What the kernel wrote is read once. */
  get givesChunks(): boolean {
    return true
  }

  /** Whether the socket is being read into an array that nobody else uses; the reader's to say. */
  get readsOwn(): boolean {
    return (this.bits & READS_OWN) !== 0
  }

  set readsOwn(own: boolean) {
    this.bits = own ? this.bits | READS_OWN : this.bits & ~READS_OWN
  }

  /** Bytes have arrived in `buffer`. */
  read(length: number, buffer: Uint8Array): void {
    const { sink } = this
    if (sink === null) return
    const borrowed = this.#borrowed
    if (borrowed === null && !sink.lendsBuffers) {
      sink.received(this.#reader.take(length, buffer, this))
      return
    }
    this.#readLent(sink, length, buffer, borrowed)
  }

  // Where bytes bypass Node's streams only the handle need know: a stream that is told emits events, and goes on in a later
  // turn of its own. `reading` is how Node itself remembers it.

  override pause(): void {
    const handle = this.#handle()
    if (handle === null) {
      super.pause()
    } else if (handle.reading) {
      handle.reading = false
      handle.readStop()
    }
  }

  override resume(): void {
    const handle = this.#handle()
    if (handle === null) {
      super.resume()
    } else if (!handle.reading) {
      handle.reading = true
      // The stream knows what to do when that fails.
      if (handle.readStart() !== 0) {
        handle.reading = false
        super.resume()
      }
    }
  }

  /** Drops everything, with a reset if this is TCP. */
  override reset(): void {
    const socket = this.stream
    this.sink = null
    // A socket whose end is on its way to the kernel cannot be reset, and one of another kind not at all.
    if ((socket.writableEnded && !socket.writableFinished) || socket.remotePort === undefined) socket.destroy()
    else this.resetSocket(socket)
  }

  /** @internal Sockets above another one reset that one instead. */
  protected resetSocket(socket: Socket): void {
    try {
      socket.resetAndDestroy()
    } catch {
      // Not this kind of socket.
      socket.destroy()
    }
  }

  get peer(): IAddress {
    return this.#peer ??= tcpAddress(this.stream.remoteAddress ?? '', this.stream.remotePort ?? 0)
  }

  get host(): IAddress {
    return this.#host ??= tcpAddress(this.stream.localAddress ?? '', this.stream.localPort ?? 0)
  }

  setNoDelay(enabled: boolean): void {
    this.stream.setNoDelay(enabled)
  }

  setKeepAlive(enabled: boolean, delayMs = 0): void {
    this.stream.setKeepAlive(enabled, delayMs)
  }

  /**
   * Gives the socket back: paused, with all our listeners off it, and nothing that it has received taken. For TLS to
   * take over; the channel is of no use afterwards. Addresses are looked up first, for whoever asks later.
   */
  detach(): Socket {
    const socket = this.stream
    void this.peer
    void this.host
    this.sink = null
    socket.pause()
    socket.off('error', onError)
    socket.off('close', onClose)
    socket.off('end', onEnd)
    socket.off('data', onData)
    socket.off('drain', onDrain)
    this.#reader.release(this)
    this.#reader.disarm(socket)
    socket[CHANNEL] = undefined
    return socket
  }

  override closed(): void {
    this.#reader.release(this)
    super.closed()
  }

  protected override hearDrain(): void {
    this.stream.on('drain', onDrain)
  }

  #handle(): ReadHandle | null {
    if ((this.bits & ARMED) === 0) return null
    return (this.stream as unknown as { _handle: ReadHandle | null })._handle ?? null
  }

  #readLent(sink: StreamSink, length: number, buffer: Uint8Array, borrowed: Uint8Array | null): void {
    // The first read of a connection is still into the common array, and the protocol may have changed since.
    if (borrowed !== null && borrowed === buffer && sink.lendsBuffers) sink.filled(length)
    else sink.received(this.#reader.copy(length, buffer))
    this.#borrowed = sink.lendsBuffers ? sink.borrow(READ_SIZE) : null
    // Whichever it is, it goes on with no array of its own: to pass for one that has would hand out the common one.
    this.#reader.release(this)
    this.#reader.replace(this.#borrowed)
  }
}

// One function of each kind for all sockets, so that a connection has no closures of its own.

function onError(this: OurSocket, error: Error): void {
  this[CHANNEL]?.failed(error)
}

function onClose(this: OurSocket): void {
  this[CHANNEL]?.closed()
}

function onEnd(this: OurSocket): void {
  this[CHANNEL]?.ended()
}

function onData(this: OurSocket, data: Uint8Array): void {
  this[CHANNEL]?.chunk(data)
}

function onDrain(this: OurSocket): void {
  this[CHANNEL]?.taken()
}
