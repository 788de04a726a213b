/**
 * TLSChannel: one of Node's TLS sockets as a channel.
 *
 * Owns: how long the handshake may take, what follows from its end, and how TLS ends. Must not know: options and
 * protocols; `TLSSide` says what differs between client and server.
 *
 *   open → handshake → secured → (as any socket)             failed, or took too long → closed with a TLSError
 *
 * The end of TLS (`close_notify`) is the end of the stream. Where the connection below ends without one, somebody may
 * have cut it: that is TLSTruncated. Node reports both alike, so what is below is looked at in the moment of the end.
 */

import type { Socket } from 'node:net'
import { clearTimeout, setTimeout } from 'node:timers'
import type { TLSSocket } from 'node:tls'
import { TLSTruncated } from '../../src/errors/index.js'
import type {
  SecureChannel, StreamChannel, StreamSink, TLSCertificate, TLSSession,
} from '../../src/interfaces/index.js'
import { tls } from './builtins.js'
import { CHANNEL } from './reader.js'
import type { Reader } from './reader.js'
import { SocketChannel } from './socket-channel.js'
import { brokenError, handshakeError, madeHandshakeError } from './tls-errors.js'

/** Which side of TLS a channel is, and all that differs between them. */
export interface TLSSide {
  /** ms */
  readonly handshakeTimeout: number
  /** When Node is done with the handshake: `secure` as a server; as a client `secureConnect`, after verification. */
  readonly event: 'secure' | 'secureConnect'
  /** What was agreed on. @throws TLSError if the peer is not accepted after all */
  agreed(socket: TLSSocket): TLSSession
  /** What the peer has shown, for errors. */
  shown(): TLSCertificate | null
}

/** What TLS runs over: a socket of Node's, or a stream. */
export interface Carrier {
  /** Drops the connection, with a reset if it can. @param isEnding whether its end is on its way to the kernel */
  reset(isEnding: boolean): void
  /** Whether its end has come; undefined if that cannot be told. */
  hasEnded(socket: TLSSocket): boolean | undefined
  /** Stops and starts what is below, where the TLS above it does not. */
  hold?(): void
  release?(): void
  /** Holding is all: TLS that is stopped itself would never come to its end. */
  readonly holdsAlone?: boolean
  /** Calls `fn` when what is below has taken everything, where TLS says too early that it has. */
  whenTaken?(fn: () => void): void
}

/** A socket that speaks TLS. */
export class TLSChannel extends SocketChannel implements SecureChannel {
  readonly #socket: TLSSocket
  readonly #below: StreamChannel
  readonly #carrier: Carrier
  readonly #side: TLSSide
  readonly #onTaken: (error?: Error | null) => void
  #session: TLSSession | null = null
  #failure: unknown = null
  #isCut = false
  #isPaused = false
  #timer: NodeJS.Timeout | null = null

  /** It is encrypted first, by others. */
  override get copies(): boolean {
    return false
  }

  /** @param below what TLS runs over, for its addresses and settings */
  constructor(socket: TLSSocket, below: StreamChannel, carrier: Carrier, side: TLSSide, reader: Reader) {
    super(socket, reader, false, { peer: below.peer, host: below.host })
    this.#socket = socket
    this.#below = below
    this.#carrier = carrier
    this.#side = side
    this.#onTaken = (error) => {
      if (error || socket.writableLength > 0) return
      if (carrier.whenTaken === undefined) this.sink?.sent()
      else carrier.whenTaken(() => this.sink?.sent())
    }
    socket.push = pushWatched
    socket.on('_tlsError', onTLSError)
    socket.on(side.event, onSecure)
  }

  get session(): TLSSession | null {
    return this.#session
  }

  override open(sink: StreamSink): void {
    super.open(sink)
    if (this.#session !== null || this.#timer !== null) return
    this.#timer = setTimeout(() => {
      this.failed(madeHandshakeError('timeout'))
      this.#socket.destroy()
    }, this.#side.handshakeTimeout).unref()
  }

  // Node encrypts at once and never says so: only the callback of a write tells that the kernel has it.

  override send(piece: Uint8Array): boolean {
    this.#socket.write(piece, this.#onTaken)
    return false
  }

  override sendList(pieces: Uint8Array[]): boolean {
    const socket = this.#socket
    const last = pieces.length - 1
    socket.cork()
    for (let i = 0; i < last; i++) socket.write(pieces[i]!)
    socket.write(pieces[last]!, this.#onTaken)
    socket.uncork()
    return false
  }

  // A handshake goes on while nothing is read; and Bun reads on below a TLS socket that is paused.

  override pause(): void {
    this.#isPaused = true
    if (this.#carrier.holdsAlone !== true) super.pause()
    if (this.#session !== null) this.#carrier.hold?.()
  }

  override resume(): void {
    this.#isPaused = false
    this.#carrier.release?.()
    super.resume()
  }

  override close(linger: boolean): void {
    this.#stopTimer()
    this.#carrier.release?.()
    super.close(linger)
  }

  override reset(): void {
    this.#stopTimer()
    this.sink = null
    // The TLS socket follows when that below it has closed. To destroy it now would free OpenSSL's state at once, and
    // this may be a call from inside of OpenSSL.
    const socket = this.#socket
    if (!socket.destroyed) this.#carrier.reset(socket.writableEnded && !socket.writableFinished)
  }

  override setNoDelay(enabled: boolean): void {
    if (!this.#socket.destroyed) this.#below.setNoDelay(enabled)
  }

  override setKeepAlive(enabled: boolean, delayMs?: number): void {
    if (!this.#socket.destroyed) this.#below.setKeepAlive(enabled, delayMs)
  }

  /** For TLS inside of this TLS. */
  override detach(): Socket {
    const socket = this.#socket
    super.detach()
    socket.off(this.#side.event, onSecure)
    // `onTLSError` stays: it ends the socket, and so what is above it.
    return socket
  }

  // --- the socket's events

  secure(): void {
    if (this.#session !== null || this.sink === null) return
    try {
      this.#session = this.#side.agreed(this.#socket)
    } catch (error) {
      this.failed(error)
      this.#socket.destroy()
      return
    }
    this.#stopTimer()
    if (this.#isPaused) this.#carrier.hold?.()
    this.sink.secured?.(this.#session)
  }

  /** Node sees the end, of TLS or of what is below. */
  ending(): void {
    this.#isCut = this.#carrier.hasEnded(this.#socket) === true
  }

  override ended(): void {
    if (this.#session !== null && !this.#isCut) {
      super.ended()
    } else if (this.sink !== null) {
      this.failed(this.#session === null ? madeHandshakeError('closed') : new TLSTruncated())
      this.#socket.destroy()
    }
  }

  override failed(error: unknown): void {
    this.#failure ??= error
  }

  override closed(): void {
    this.#stopTimer()
    const failure = this.#failure
    if (this.#session === null) {
      super.failed(failure === null ? madeHandshakeError('closed') : handshakeError(failure, this.#side.shown()))
    } else if (failure !== null) {
      super.failed(brokenError(failure))
    }
    super.closed()
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}

// One function of each kind for all sockets, so that a connection has no closures of its own.

type Ours = TLSSocket & { [CHANNEL]?: TLSChannel }

/** Node leaves it to servers to end a connection whose TLS broke. */
function onTLSError(this: Ours, error: unknown): void {
  this[CHANNEL]?.failed(error)
  this.destroy()
}

function onSecure(this: Ours): void {
  this[CHANNEL]?.secure()
}

/** Node pushes null in the moment of the end; by the time of 'end' it may look different below. */
function pushWatched(this: Ours, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk === null) this[CHANNEL]?.ending()
  return tls().TLSSocket.prototype.push.call(this, chunk, encoding)
}
