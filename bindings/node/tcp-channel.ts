/**
 * TCPChannel: one of Node's sockets as a StreamChannel.
 *
 * Owns: the socket, and its death. Must not know: protocols; StreamTransport above the seam decides everything.
 */

import { Buffer } from 'node:buffer'
import { clearTimeout, setTimeout } from 'node:timers'
import type { IAddress, StreamChannel, StreamSink } from '../../src/interfaces/index.js'
import { READ_SIZE } from '../../src/transports/limits.js'
import { tcpAddress } from '../../src/transports/address.js'
import { CHANNEL } from './reader.js'
import type { OurSocket, Reader } from './reader.js'

/** A closed connection goes on reading what the peer still sends for so long at most; ms. */
const LINGER = 2_000

const NOTHING = Buffer.alloc(0)

/** A connected socket. */
export class TCPChannel implements StreamChannel {
  /** Whether the socket is being read into an array that nobody else uses; the reader's. */
  readsOwn = false
  readonly #socket: OurSocket
  readonly #reader: Reader
  #sink: StreamSink | null = null
  #lent = false
  #borrowed: Uint8Array | null = null
  #waiting = false
  #listensDrain = false
  #error: unknown = null
  #lingering: NodeJS.Timeout | null = null
  #peer: IAddress | null = null
  #host: IAddress | null = null

  /** @param armed whether the socket already reads through `reader` */
  constructor(socket: OurSocket, reader: Reader, armed: boolean) {
    this.#socket = socket
    this.#reader = reader
    socket[CHANNEL] = this
    socket.on('error', onError)
    socket.on('close', onClose)
    socket.on('end', onEnd)
    if (!armed && !reader.arm(socket)) socket.on('data', onData)
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    this.#lent = sink.lendsBuffers
  }

  /** Bytes have arrived in `buffer`. */
  read(length: number, buffer: Uint8Array): void {
    const sink = this.#sink
    if (sink === null) return
    if (!this.#lent) {
      sink.received(this.#reader.take(length, buffer, this))
      return
    }
    // The first read of a connection is still into the common array.
    if (this.#borrowed === buffer) sink.filled(length)
    else sink.received(this.#reader.copy(length, buffer))
    this.#borrowed = sink.borrow(READ_SIZE)
    this.#reader.replace(this.#borrowed)
  }

  send(piece: Uint8Array): boolean {
    const wantsMore = this.#socket.write(piece)
    return this.#socket.writableLength === 0 || this.#wait(wantsMore)
  }

  sendList(pieces: Uint8Array[]): boolean {
    const socket = this.#socket
    let wantsMore = true
    socket.cork()
    for (const piece of pieces) wantsMore = socket.write(piece)
    socket.uncork()
    return socket.writableLength === 0 || this.#wait(wantsMore)
  }

  finish(): void {
    this.#socket.end((error?: Error | null) => {
      if (!error) this.#sink?.finished()
    })
  }

  close(linger: boolean): void {
    const socket = this.#socket
    if (!linger) {
      this.#sink = null
      socket.destroy()
      return
    }
    // Destroyed by an error that 'close' is about to report.
    if (socket.destroyed) return
    this.#lingering = setTimeout(() => socket.destroy(), LINGER).unref()
    socket.end((error?: Error | null) => {
      if (error && (error as { code?: string }).code !== 'ERR_STREAM_ALREADY_FINISHED') return
      const sink = this.#sink
      this.#sink = null
      sink?.closed(null)
    })
    socket.resume()
  }

  reset(): void {
    const socket = this.#socket
    this.#sink = null
    // A socket whose end is on its way to the kernel cannot be reset.
    if (socket.writableEnded && !socket.writableFinished) socket.destroy()
    else socket.resetAndDestroy()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  get peer(): IAddress {
    return this.#peer ??= tcpAddress(this.#socket.remoteAddress ?? '', this.#socket.remotePort ?? 0)
  }

  get host(): IAddress {
    return this.#host ??= tcpAddress(this.#socket.localAddress ?? '', this.#socket.localPort ?? 0)
  }

  setNoDelay(enabled: boolean): void {
    this.#socket.setNoDelay(enabled)
  }

  setKeepAlive(enabled: boolean): void {
    this.#socket.setKeepAlive(enabled)
  }

  // --- the socket's events

  ended(): void {
    this.#sink?.receivedEnd()
  }

  chunk(data: Uint8Array): void {
    this.#sink?.received(data)
  }

  failed(error: unknown): void {
    this.#error = error
  }

  taken(): void {
    if (!this.#waiting || this.#socket.writableLength > 0) return
    this.#waiting = false
    this.#sink?.sent()
  }

  closed(): void {
    this.#reader.release(this)
    if (this.#lingering !== null) clearTimeout(this.#lingering)
    this.#lingering = null
    const sink = this.#sink
    this.#sink = null
    sink?.closed(this.#error)
  }

  /** The kernel did not take everything: hear of it when it has. */
  #wait(wantsMore: boolean): false {
    this.#waiting = true
    if (wantsMore) {
      // Below Node's own mark there is no 'drain'; an empty write behind the others tells as well.
      this.#socket.write(NOTHING, () => this.taken())
    } else if (!this.#listensDrain) {
      this.#listensDrain = true
      this.#socket.on('drain', onDrain)
    }
    return false
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
