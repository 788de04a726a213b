/**
 * StreamPort: a port that takes stream connections, of any kind that a host can listen for.
 *
 * Owns: the port's life, its factory's start and stop, and what happens to a connection that came in. Must
 * not know: hosts; `open` makes the listening socket. Source: twisted.internet.tcp.Port; SEMANTICS N06, N07,
 * N11, N12, N20.
 *
 *   idle → binding → listening → idle        `stopListening` while binding waits until it is bound
 */

import { debugging, noteSite } from '../defer/debug.js'
import { Deferred } from '../defer/index.js'
import { CannotListenError, NotSupportedError } from '../errors/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IProtocolFactory } from '../interfaces/factory.js'
import type { IListeningPort } from '../interfaces/listening-port.js'
import type { IProtocol } from '../interfaces/protocol.js'
import type { StreamChannel } from '../interfaces/stream-channel.js'
import type { ListenHandle, ListenSink } from '../interfaces/stream-host.js'
import { captureContext } from './carrier.js'
import { tellDraining } from './stream-ending.js'
import type { StreamReactor } from './stream-reactor.js'
import { connectionOf, StreamTransport } from './stream-transport.js'
import type { ConnectionOwner } from './stream-transport.js'

/** What was asked for; for messages and until the real address is known. @internal */
export interface PortRequest<Address extends IAddress = IAddress> {
  interface: string
  port: number | string
  address: Address
}

/**
 * A listening port. What the host and its connections tell it comes through private objects: whoever could call that
 * would be given connections from inside.
 */
export class StreamPort<Address extends IAddress = IAddress> implements IListeningPort<Address> {
  readonly #reactor: StreamReactor
  readonly #factory: IProtocolFactory
  readonly #request: PortRequest<Address>
  readonly #open: (sink: ListenSink) => ListenHandle
  readonly #carry = captureContext()
  readonly #sink: ListenSink = {
    listening: (address) => this.#listening(address),
    failed: (error) => this.#failed(error),
    accepted: (channel) => this.#accepted(channel),
    acceptFailed: (error) => this.#reactor.logFailure('A connection could not be accepted', error),
  }
  readonly #owner: ConnectionOwner = { carry: this.#carry, connectionEnded: () => this.#connectionEnded() }
  #state: 'idle' | 'binding' | 'listening' = 'idle'
  #ready = new Deferred<IListeningPort<Address>>()
  #handle: ListenHandle | null = null
  #address: Address
  #stopping: Deferred<void>[] | null = null
  #connections = 0
  #idle: Deferred<void>[] = []

  /** @internal Made by the `listen…` methods of reactors. */
  constructor(
    reactor: StreamReactor, factory: IProtocolFactory, request: PortRequest<Address>,
    open: (sink: ListenSink) => ListenHandle) {
    this.#reactor = reactor
    this.#factory = factory
    this.#request = request
    this.#address = request.address
    this.#open = open
  }

  get ready(): Deferred<IListeningPort<Address>> {
    return this.#ready
  }

  /** Connections that came in here and are open. */
  get connections(): number {
    return this.#connections
  }

  startListening(): void {
    if (this.#state !== 'idle') throw this.#cannotListen(new Error('this port listens already'))
    if (this.#stopping !== null) throw this.#cannotListen(new Error('this port is still being stopped'))
    if (this.#ready.called) this.#ready = new Deferred()
    this.#address = this.#request.address
    this.#state = 'binding'
    this.#reactor.addPort(this)
    // Connections come from the host: whoever listens is the place in the program that they are of.
    if (debugging) noteSite(this.#owner)
    try {
      this.#handle = this.#open(this.#sink)
    } catch (error) {
      this.#forget()
      throw this.#cannotListen(error)
    }
  }

  stopListening(): Deferred<void> | undefined {
    if (this.#state === 'idle' && this.#stopping === null) return undefined
    const deferred = new Deferred<void>()
    if (this.#stopping !== null) {
      this.#stopping.push(deferred)
    } else {
      this.#stopping = [deferred]
      if (this.#state === 'listening') this.#stop()
    }
    return deferred
  }

  drain(deadlineMs: number): Deferred<void> {
    const done = new Deferred<void>()
    const deadline = this.#reactor.callLater(deadlineMs, () => {
      for (const transport of this.#reactor.openTransports()) {
        if (connectionOf(transport).owner === this.#owner) transport.abortConnection()
      }
    })
    for (const transport of this.#reactor.openTransports()) {
      const connection = connectionOf(transport)
      if (connection.owner === this.#owner) tellDraining(connection)
    }
    const stopped = this.stopListening() ?? new Deferred<void>()
    if (!stopped.called && this.#stopping === null) stopped.callback(undefined)
    stopped.addCallback(() => this.#whenIdle())
      .addCallback(() => {
        if (deadline.active()) deadline.cancel()
        done.callback(undefined)
      })
    return done
  }

  getHost(): Address {
    return this.#address
  }

  // --- from the host

  #listening(address: IAddress): void {
    if (this.#state !== 'binding') return
    this.#reactor.enter()
    this.#state = 'listening'
    this.#address = address as Address
    this.#call('startFactory failed', () => this.#factory.doStart())
    this.#ready.callback(this)
    if (this.#stopping !== null) this.#stop()
    this.#reactor.exit()
  }

  #failed(error: unknown): void {
    if (this.#state !== 'binding') return
    this.#reactor.enter()
    this.#forget()
    this.#ready.errback(this.#cannotListen(error))
    this.#stopped()
    this.#reactor.exit()
  }

  #accepted(channel: StreamChannel): void {
    if (this.#state !== 'listening' || this.#stopping !== null) {
      channel.close(false)
      return
    }
    this.#reactor.enter()
    const protocol = this.#build(channel)
    if (protocol === null) {
      channel.close(false)
    } else {
      this.#connections += 1
      new StreamTransport(this.#reactor, channel, this.#owner).start(protocol)
    }
    this.#reactor.exit()
  }

  #connectionEnded(): void {
    this.#connections -= 1
    if (this.#connections > 0 || this.#idle.length === 0) return
    const idle = this.#idle
    this.#idle = []
    for (const deferred of idle) deferred.callback(undefined)
  }

  // --- inside

  #build(channel: StreamChannel): IProtocol | null {
    let built: IProtocol | null = null
    this.#call('buildProtocol failed', () => {
      built = this.#factory.buildProtocol(channel.peer) ?? null
    })
    return built
  }

  /** The factory's callbacks run where the port was made. */
  #call(message: string, fn: () => void): void {
    try {
      if (this.#carry === null) fn()
      else this.#carry(fn)
    } catch (error) {
      this.#reactor.logFailure(message, error)
    }
  }

  /** The socket is closed now, or soon; that it is known comes in a later turn. */
  #stop(): void {
    const freed = this.#forget()
    const tell = (): void => {
      this.#call('stopFactory failed', () => this.#factory.doStop())
      this.#stopped()
    }
    const post = (): void => void this.#reactor.queue.post(tell)
    if (freed === undefined) {
      post()
      return
    }
    void freed.then(() => {
      this.#reactor.enter()
      post()
      this.#reactor.exit()
    })
  }

  #forget(): Promise<void> | undefined {
    this.#state = 'idle'
    this.#reactor.removePort(this)
    const handle = this.#handle
    this.#handle = null
    return handle?.close() ?? undefined
  }

  #stopped(): void {
    const waiting = this.#stopping ?? []
    this.#stopping = null
    for (const deferred of waiting) deferred.callback(undefined)
  }

  #whenIdle(): Deferred<void> | undefined {
    if (this.#connections === 0) return undefined
    const deferred = new Deferred<void>()
    this.#idle.push(deferred)
    return deferred
  }

  #cannotListen(cause: unknown): Error {
    if (cause instanceof NotSupportedError) return cause
    return new CannotListenError(this.#request.interface, this.#request.port, { cause })
  }
}
