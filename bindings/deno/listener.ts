/**
 * What TCP and UNIX sockets of Deno have in common: a listener's loop, and an attempt to connect.
 *
 * Owns: both. Must not know: factories and protocols; which kind of socket it is.
 */

import type { ConnectHandle, ConnectSink, IAddress, ListenHandle, ListenSink } from '../../src/interfaces/index.js'
import { deno, globals } from './api.js'
import type { DenoConn, DenoListener } from './api.js'
import { ConnChannel } from './conn-channel.js'
import type { Addresses } from './conn-channel.js'
import { translated } from './errors.js'

/** After a failure to accept (no descriptors left, say) it is tried again after so long, ms. */
const ACCEPT_AGAIN = 50

/** A listening socket. */
export class Listener implements ListenHandle {
  readonly #sink: ListenSink
  readonly #addressesOf: (conn: DenoConn) => Addresses
  #listener: DenoListener | null = null
  #isClosed = false
  #accepting: Promise<void> = Promise.resolve()

  /** @param listen may throw */
  constructor(
    listen: () => DenoListener, addressOf: (listener: DenoListener) => IAddress,
    addressesOf: (conn: DenoConn) => Addresses, sink: ListenSink,
  ) {
    this.#sink = sink
    this.#addressesOf = addressesOf
    const { queueMicrotask } = globals()
    try {
      const listener = this.#listener = listen()
      listener.unref()
      queueMicrotask(() => {
        if (this.#isClosed) return
        sink.listening(addressOf(listener))
        this.#accept()
      })
    } catch (error) {
      queueMicrotask(() => {
        if (!this.#isClosed) sink.failed(translated(error))
      })
    }
  }

  get isListening(): boolean {
    return this.#listener !== null && !this.#isClosed
  }

  /** The kernel has the socket for as long as Deno waits for a connection. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true
      // So that there is still a program for who waits for that.
      this.#listener?.ref()
      this.#listener?.close()
    }
    return this.#accepting
  }

  #accept(): void {
    if (this.#isClosed) return
    this.#accepting = this.#listener!.accept().then(this.#onConn, this.#onFailed)
  }

  readonly #onConn = (conn: DenoConn): void => {
    if (this.#isClosed) {
      conn.close()
      return
    }
    this.#sink.accepted(new ConnChannel(conn, this.#addressesOf(conn)))
    this.#accept()
  }

  readonly #onFailed = (error: unknown): void => {
    if (this.#isClosed) return
    this.#sink.acceptFailed(translated(error))
    const timer = globals().setTimeout(() => this.#accept(), ACCEPT_AGAIN)
    deno().unrefTimer(timer)
  }
}

/** An attempt to connect. */
export class Attempt implements ConnectHandle {
  readonly #abort = new AbortController()
  #isOver = false

  /** @param connect may throw, and may give up when the signal is aborted */
  constructor(
    connect: (signal: AbortSignal) => Promise<DenoConn>, addressesOf: (conn: DenoConn) => Addresses, sink: ConnectSink,
  ) {
    const failed = (error: unknown): void => {
      if (this.#isOver) return
      this.#isOver = true
      sink.failed(translated(error))
    }
    const connected = (conn: DenoConn): void => {
      if (this.#isOver) {
        conn.close()
        return
      }
      this.#isOver = true
      sink.connected(new ConnChannel(conn, addressesOf(conn)))
    }
    new Promise<DenoConn>((resolve) => resolve(connect(this.#abort.signal))).then(connected, failed)
  }

  cancel(): void {
    this.#isOver = true
    this.#abort.abort()
  }
}
