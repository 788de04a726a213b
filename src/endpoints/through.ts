/**
 * Connecting through something: a connection is made, a handshake is held on it, and then it is the user's protocol's.
 *
 * Owns: one such attempt, from the inner endpoint to the Deferred of the outer one; every way it can fail, once. Must
 * not know: which handshake it is.
 *
 *   inner endpoint ──▶ handshake protocol ──(done)──▶ factory.buildProtocol ──▶ handOver ──▶ Deferred fires
 */
import { Deferred } from '../defer/index.js'
import type { Failure } from '../defer/index.js'
import { ConnectError, ConnectingCancelledError } from '../errors/index.js'
import type { IAddress, IProtocol, IProtocolFactory, IReactorTime, IStreamClientEndpoint } from '../interfaces/index.js'
import { abort } from '../protocols/handover.js'
import type { HandoverOptions, HandoverProtocol, HandshakeOwner } from '../protocols/handover.js'
import { onceConnected } from './connecting.js'

/** What an attempt needs to know. */
export interface Passage<T> {
  /** Makes the connection that the handshake is held on. */
  endpoint: IStreamClientEndpoint
  /** Makes the protocol that the connection is for. */
  factory: IProtocolFactory
  /** Makes the protocol that holds the handshake. */
  handshake(owner: HandshakeOwner<T>): HandoverProtocol
  clock: IReactorTime | null
  /** How long the handshake may take, ms. */
  timeout: number
  /** What the protocol's transport says of its ends, if that is not what the connection itself says. */
  ends?(result: T): Pick<HandoverOptions, 'peer' | 'host'>
}

/**
 * Starts an attempt.
 *
 * @returns fires with the user's protocol after its `connectionMade`, before it has received anything; fails with what
 * the inner endpoint, the handshake or the factory failed with. Cancelling gives up at any stage.
 */
export function connectThrough<T>(passage: Passage<T>): Deferred<IProtocol> {
  return new Through(passage).begin()
}

class Through<T> implements IProtocolFactory, HandshakeOwner<T> {
  readonly clock: IReactorTime | null
  readonly timeout: number
  readonly #passage: Passage<T>
  readonly #connected: Deferred<IProtocol>
  #inner: Deferred<IProtocol> | null = null
  #handshake: HandoverProtocol | null = null
  #address: IAddress | null = null

  constructor(passage: Passage<T>) {
    this.#passage = passage
    this.clock = passage.clock
    this.timeout = passage.timeout
    this.#connected = new Deferred<IProtocol>((deferred) => {
      const error = new ConnectingCancelledError()
      deferred.errback(error)
      if (this.#handshake === null) this.#inner?.cancel()
      else this.#handshake.abandon(error)
    })
  }

  begin(): Deferred<IProtocol> {
    try {
      const inner = this.#passage.endpoint.connect(this)
      this.#inner = inner
      // What this fires with is the handshake; that reports for itself.
      inner.addCallbacks(() => undefined, (reason: Failure) => this.#fail(reason))
    } catch (error) {
      this.#fail(error)
    }
    return this.#connected
  }

  doStart(): void {
    this.#passage.factory.doStart()
  }

  doStop(): void {
    this.#passage.factory.doStop()
  }

  buildProtocol(address: IAddress): IProtocol | null {
    if (this.#connected.called) return null
    this.#address = address
    this.#handshake = this.#passage.handshake(this)
    return this.#handshake
  }

  handshakeFailed(error: unknown): void {
    this.#fail(error)
  }

  handshakeDone(handshake: HandoverProtocol, result: T, rest: Uint8Array): void {
    const ends = this.#passage.ends?.(result) ?? {}
    let next: IProtocol
    try {
      if (this.#connected.called) throw new ConnectingCancelledError()
      const protocol = this.#passage.factory.buildProtocol(ends.peer ?? this.#address!)
      if (protocol === null) throw new ConnectError('The factory made no protocol for the connection.')
      next = protocol
      // As soon as it is connected: whoever waits for it is told before it receives what the handshake read too far.
      onceConnected(protocol, (error) => error === null ? this.#succeed(protocol) : this.#fail(error.value))
    } catch (error) {
      abort(handshake.transport)
      this.#fail(error)
      return
    }
    handshake.handOver(next, { rest, ...ends })
  }

  #succeed(protocol: IProtocol): void {
    if (!this.#connected.called) this.#connected.callback(protocol)
  }

  #fail(reason: unknown): void {
    if (!this.#connected.called) this.#connected.errback(reason)
  }
}
