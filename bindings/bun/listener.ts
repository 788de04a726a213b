/**
 * What TCP and UNIX sockets of Bun have in common: a listener, and an attempt to connect.
 *
 * Owns: both. Must not know: factories and protocols; which kind of socket it is.
 */

import type { ConnectHandle, ConnectSink, IAddress, ListenHandle, ListenSink } from '../../src/interfaces/index.js'
import { bun } from './api.js'
import type { BunConnectOptions, BunListener, BunListenOptions, BunSocket } from './api.js'
import { described } from './errors.js'
import { HANDLERS, SocketChannel } from './socket-channel.js'
import type { Addresses, Opening } from './socket-channel.js'

/** `Omit` of each of several. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** What is particular to a kind of sockets. */
type Shared = 'socket' | 'data' | 'allowHalfOpen'

/** A listening socket. */
export class Listener implements ListenHandle, Opening {
  readonly #sink: ListenSink
  readonly #addressesOf: (socket: BunSocket) => Addresses
  #listener: BunListener | null = null
  #isClosed = false

  /** @param what is tried, for messages */
  constructor(
    options: Without<BunListenOptions, Shared>, what: string, addressOf: (listener: BunListener) => IAddress,
    addressesOf: (socket: BunSocket) => Addresses, sink: ListenSink,
  ) {
    this.#sink = sink
    this.#addressesOf = addressesOf
    try {
      const listener = this.#listener = bun().listen(
        { ...options, socket: HANDLERS, data: this, allowHalfOpen: true } as BunListenOptions)
      listener.unref()
      queueMicrotask(() => {
        if (!this.#isClosed) sink.listening(addressOf(listener))
      })
    } catch (error) {
      queueMicrotask(() => {
        if (!this.#isClosed) sink.failed(described(error, what))
      })
    }
  }

  /** @internal */
  opened(socket: BunSocket): void {
    if (this.#isClosed) {
      socket.terminate()
      return
    }
    const channel = new SocketChannel(socket, this.#addressesOf(socket))
    this.#sink.accepted(channel)
    channel.hold()
  }

  get isListening(): boolean {
    return this.#listener !== null && !this.#isClosed
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#listener?.stop(false)
  }
}

/**
 * An attempt to connect. Bun cannot take one back: one that was given up goes on in the kernel, and its connection is
 * reset as soon as it is made.
 */
export class Attempt implements ConnectHandle, Opening {
  readonly #sink: ConnectSink
  readonly #addressesOf: (socket: BunSocket) => Addresses
  readonly #what: string
  #isOver = false

  constructor(
    options: Without<BunConnectOptions, Shared>, what: string, addressesOf: (socket: BunSocket) => Addresses,
    sink: ConnectSink,
  ) {
    this.#sink = sink
    this.#addressesOf = addressesOf
    this.#what = what
    // It may fail at once, and is told so in the middle of the call.
    queueMicrotask(() => this.#connect(
      { ...options, socket: HANDLERS, data: this, allowHalfOpen: true } as BunConnectOptions))
  }

  cancel(): void {
    this.#isOver = true
  }

  /** @internal */
  opened(socket: BunSocket): void {
    if (this.#isOver) {
      socket.terminate()
      return
    }
    this.#isOver = true
    const channel = new SocketChannel(socket, this.#addressesOf(socket))
    this.#sink.connected(channel)
    channel.hold()
  }

  /** @internal */
  failed(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#sink.failed(described(error, this.#what))
  }

  #connect(options: BunConnectOptions): void {
    if (this.#isOver) return
    try {
      // `connectError` has been told of what this promise fails with, or it is told now.
      bun().connect(options).catch((error: unknown) => this.failed(error))
    } catch (error) {
      this.failed(error)
    }
  }
}
