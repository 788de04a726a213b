/**
 * Listener: what a listening socket is for its port.
 *
 * Owns: the connections that nobody has accepted yet, no more than the backlog, and those who wait for one. Must not
 * know: what kind of port it is. A connection that waits here is not read; the peers of those on top are turned away.
 */
import type { Deferred } from '../defer/index.js'
import { Fifo } from '../defer/fifo.js'
import { Waiters } from '../defer/waiters.js'
import type { IAddress, IListeningPort, ITransport } from '../interfaces/index.js'
import { Factory } from '../protocols/factory.js'
import { SocketConnection } from './connection.js'
import { SocketClosed } from './errors.js'

/** The factory of a listening socket. */
export class Listener extends Factory {
  readonly #backlog: number
  readonly #ready = new Fifo<SocketConnection>()
  readonly #waiters = new Waiters<SocketConnection>()
  #port: IListeningPort | null = null
  #isClosed = false

  constructor(backlog: number) {
    super()
    if (!Number.isSafeInteger(backlog) || backlog < 1) {
      throw new RangeError(`a backlog is a whole number above 0, not ${String(backlog)}`)
    }
    this.#backlog = backlog
  }

  /** The port, once it is bound. */
  set port(port: IListeningPort) {
    this.#port = port
    if (this.#isClosed) void port.stopListening()
  }

  get address(): IAddress | null {
    return this.#port?.getHost() ?? null
  }

  /** The next connection. */
  accept(): Deferred<SocketConnection> {
    const waiter = this.#waiters.add()
    const connection = this.#ready.length > 0 ? this.#ready.shift() : undefined
    // Nobody else waits while there are some.
    if (connection !== undefined) this.#waiters.next()?.callback(connection)
    return waiter
  }

  override buildProtocol(_address: IAddress): SocketConnection | null {
    if (this.#isClosed || (this.#waiters.length === 0 && this.#ready.length >= this.#backlog)) return null
    return new Incoming(this)
  }

  /** @internal */
  came(connection: SocketConnection): void {
    if (this.#isClosed) return connection.abort()
    const waiter = this.#waiters.next()
    if (waiter !== undefined) waiter.callback(connection)
    else this.#ready.push(connection)
  }

  /** Takes no more; those that nobody accepted are dropped. */
  close(): Deferred<void> | undefined {
    if (this.#isClosed) return undefined
    this.#isClosed = true
    for (const connection of this.#ready.toArray()) connection.abort()
    this.#ready.keep(() => false)
    for (let waiter = this.#waiters.next(); waiter !== undefined; waiter = this.#waiters.next()) {
      waiter.errback(new SocketClosed())
    }
    return this.#port?.stopListening()
  }
}

class Incoming extends SocketConnection {
  readonly #listener: Listener

  constructor(listener: Listener) {
    super()
    this.#listener = listener
  }

  override makeConnection(transport: ITransport): void {
    super.makeConnection(transport)
    this.#listener.came(this)
  }
}
