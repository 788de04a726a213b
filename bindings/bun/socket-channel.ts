/**
 * SocketChannel: one of Bun's sockets (TCP, UNIX) as a StreamChannel.
 *
 * Owns: what the kernel did not take yet, and closing. Must not know: protocols.
 *
 * `socket.write` is one system call, and keeps nothing. Bun tells of a close from inside the method that brought it
 * about; a sink hears of it afterwards.
 */

import type { IAddress, StreamChannel, StreamSink } from '../../src/interfaces/index.js'
import { LINGER, READ_SIZE } from '../../src/transports/limits.js'
import type { BunSocket, BunSocketHandlers } from './api.js'
import { failure } from './errors.js'

/** Both addresses of a connection. */
export interface Addresses {
  readonly peer: IAddress
  readonly host: IAddress
}

/** Who waits for a socket to be opened, in the socket's `data` until then. */
export interface Opening {
  opened(socket: BunSocket): void
  failed?(error: unknown): void
}

/** Handlers of all sockets alike: `data` says whose each is. */
export const HANDLERS: BunSocketHandlers = {
  binaryType: 'uint8array',
  open: (socket) => (socket.data as Opening).opened(socket),
  data: (socket, bytes) => (socket.data as Partial<SocketChannel>).received?.(bytes),
  end: (socket) => (socket.data as Partial<SocketChannel>).ended?.(),
  drain: (socket) => (socket.data as Partial<SocketChannel>).drained?.(),
  close: (socket, error) => (socket.data as Partial<SocketChannel>).closed?.(error),
  connectError: (socket, error) => (socket.data as Opening).failed?.(error),
}

/** A connected socket. */
export class SocketChannel implements StreamChannel {
  readonly peer: IAddress
  readonly host: IAddress
  readonly copies = true
  readonly givesChunks = true
  readonly #socket: BunSocket
  #sink: StreamSink | null = null
  /** What the kernel has not taken, in order; null while nothing waits. */
  #rest: Uint8Array[] | null = null
  /** What is to be done when nothing waits any more. */
  #then: (() => void) | null = null
  /** Inside one of the socket's methods. */
  #isInside = false
  #isHeld = false
  #readEnded = false
  #writeEnded = false
  #isDraining = false
  #isClosed = false
  #timer: NodeJS.Timeout | null = null

  constructor(socket: BunSocket, { peer, host }: Addresses) {
    this.#socket = socket
    this.peer = peer
    this.host = host
    socket.data = this
    // The reactor keeps the program alive, not its sockets.
    socket.unref()
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    if (!this.#isHeld) return
    this.#isHeld = false
    this.resume()
  }

  /** Nothing is read before somebody has opened it; called once whoever may do so at once has had the chance. */
  hold(): void {
    if (this.#sink !== null) return
    this.#isHeld = true
    this.pause()
  }

  send(piece: Uint8Array): boolean {
    const taken = this.#put(piece)
    if (taken === piece.length) return true
    this.#rest = [piece.subarray(Math.max(taken, 0))]
    return false
  }

  sendList(pieces: Uint8Array[]): boolean {
    let length = 0
    for (const piece of pieces) length += piece.length
    // There is no call for several: a copy costs less than a system call, unless it is a long one.
    return this.#write(length <= READ_SIZE ? [joined(pieces, length)] : pieces)
  }

  finish(): void {
    this.#whenSent(() => {
      queueMicrotask(() => this.#sink?.finished())
      this.#shut()
    })
  }

  close(linger: boolean): void {
    if (!linger) {
      this.#sink = null
      this.#release()
      return
    }
    if (this.#isClosed) return
    this.#isDraining = true
    this.#timer = setTimeout(() => this.#release(), LINGER)
    this.#timer.unref()
    this.resume()
    this.#whenSent(() => {
      queueMicrotask(() => this.#tell(null))
      this.#shut()
    })
  }

  reset(): void {
    this.#sink = null
    if (this.#isClosed) return
    this.#call(() => this.#socket.terminate())
  }

  pause(): void {
    if (!this.#readEnded && !this.#isClosed) this.#socket.pause()
  }

  resume(): void {
    if (!this.#readEnded && !this.#isClosed) this.#socket.resume()
  }

  setNoDelay(enabled: boolean): void {
    if (!this.#isClosed) this.#socket.setNoDelay(enabled)
  }

  /** The system counts in seconds. */
  setKeepAlive(enabled: boolean, delayMs?: number): void {
    if (this.#isClosed) return
    if (enabled && delayMs !== undefined && delayMs > 0) this.#socket.setKeepAlive(true, Math.max(delayMs, 1000))
    else this.#socket.setKeepAlive(enabled)
  }

  // --- from Bun

  /** @internal */
  received(bytes: Uint8Array): void {
    if (!this.#isDraining) this.#sink?.received(bytes)
  }

  /** @internal */
  ended(): void {
    if (this.#readEnded) return
    this.#readEnded = true
    if (!this.#isDraining) this.#sink?.receivedEnd()
  }

  /** Comes for nothing, too: after `open` and after each `resume`. @internal */
  drained(): void {
    const rest = this.#rest
    if (rest === null || this.#isClosed) return
    this.#rest = null
    if (!this.#write(rest)) return
    const next = this.#then
    this.#then = null
    this.#sink?.sent()
    next?.()
  }

  /** @internal */
  closed(error: unknown): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#sink === null) return
    if (this.#isInside) queueMicrotask(() => this.#over(error))
    else this.#over(error)
  }

  // --- inside

  #over(error: unknown): void {
    const problem = error ?? (this.#rest === null ? null : failure('EPIPE', 'The peer has closed the connection.'))
    // Of a socket that sends no more Bun tells the peer's end as the end of all.
    if (problem === null && this.#writeEnded) this.ended()
    this.#tell(problem)
  }

  /** @returns whether the kernel has taken all of it */
  #write(pieces: Uint8Array[]): boolean {
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i]!
      const taken = this.#put(piece)
      if (taken !== piece.length) {
        this.#rest = [piece.subarray(Math.max(taken, 0)), ...pieces.slice(i + 1)]
        return false
      }
    }
    return true
  }

  #put(piece: Uint8Array): number {
    this.#isInside = true
    const taken = this.#socket.write(piece)
    this.#isInside = false
    return taken
  }

  #whenSent(fn: () => void): void {
    if (this.#rest === null) fn()
    else this.#then = fn
  }

  #shut(): void {
    if (this.#isClosed || this.#writeEnded) return
    this.#writeEnded = true
    this.#call(() => this.#socket.shutdown())
  }

  #call(fn: () => void): void {
    this.#isInside = true
    fn()
    this.#isInside = false
  }

  #tell(error: unknown): void {
    const sink = this.#sink
    this.#sink = null
    sink?.closed(error)
  }

  #release(): void {
    if (this.#isClosed) return
    this.#call(() => this.#socket.close())
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
