/**
 * StreamConnector: an outgoing stream connection, of any kind that a host can make.
 *
 * Owns: attempt, timeout, the factory's callbacks and its start and stop. Must not know: hosts; `open` makes
 * the attempt. Source: twisted.internet.base.BaseConnector; SEMANTICS N06 to N10, N20.
 *
 *   disconnected → connecting → connected → disconnected
 */

import { Failure } from '../defer/index.js'
import { ConnectError, ConnectionDone, TimeoutError, UserError } from '../errors/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IConnector } from '../interfaces/connector.js'
import type { IClientFactory } from '../interfaces/factory.js'
import type { IProtocol } from '../interfaces/protocol.js'
import type { StreamChannel } from '../interfaces/stream-channel.js'
import type { ConnectHandle, ConnectSink } from '../interfaces/stream-host.js'
import type { IDelayedCall } from '../interfaces/time.js'
import { captureContext } from './carrier.js'
import { connectError } from './host-errors.js'
import type { StreamReactor } from './stream-reactor.js'
import { StreamTransport } from './stream-transport.js'
import type { ConnectionOwner } from './stream-transport.js'

/** An outgoing connection. */
export class StreamConnector implements IConnector, ConnectionOwner {
  readonly #reactor: StreamReactor
  readonly #factory: IClientFactory
  readonly #destination: IAddress
  readonly #timeout: number
  readonly #open: (sink: ConnectSink) => ConnectHandle
  /** @internal */
  readonly carry = captureContext()
  #state: 'disconnected' | 'connecting' | 'connected' = 'disconnected'
  #started = false
  #attempt: Attempt | null = null
  #transport: StreamTransport | null = null

  /** @internal Made by the `connect…` methods of reactors; `timeout` in ms, Infinity for none. */
  constructor(
    reactor: StreamReactor, factory: IClientFactory, destination: IAddress, timeout: number,
    open: (sink: ConnectSink) => ConnectHandle) {
    this.#reactor = reactor
    this.#factory = factory
    this.#destination = destination
    this.#timeout = timeout
    this.#open = open
  }

  get state(): 'disconnected' | 'connecting' | 'connected' {
    return this.#state
  }

  connect(): void {
    if (this.#state !== 'disconnected') throw new ConnectError(`This connector is ${this.#state} already.`)
    this.#state = 'connecting'
    this.#reactor.addConnector(this)
    const attempt = new Attempt(this)
    this.#attempt = attempt
    if (!this.#started) {
      this.#started = true
      this.#call('startFactory failed', () => this.#factory.doStart())
    }
    if (this.#timeout !== Infinity) {
      attempt.timeout = this.#reactor.callLater(this.#timeout, () => this.#giveUp(attempt, new TimeoutError()))
    }
    // The factory may have given up already, from inside its `startFactory`.
    if (!attempt.givenUp) {
      try {
        attempt.handle = this.#open(attempt)
      } catch (error) {
        this.#reactor.queue.post(() => attempt.failed(error))
      }
    }
    this.#call('startedConnecting failed', () => this.#factory.startedConnecting(this))
  }

  stopConnecting(): void {
    if (this.#state !== 'connecting') throw new ConnectError('There is no attempt to connect that could be stopped.')
    this.#giveUp(this.#attempt as Attempt, new UserError())
  }

  disconnect(): void {
    if (this.#state === 'connecting') this.stopConnecting()
    else this.#transport?.loseConnection()
  }

  getDestination(): IAddress {
    return this.#destination
  }

  /** The attempt succeeded. @internal */
  attemptConnected(attempt: Attempt, channel: StreamChannel): void {
    if (attempt !== this.#attempt) {
      channel.close(false)
      return
    }
    this.#reactor.enter()
    this.#endAttempt()
    const built = this.#build(channel)
    if (built === null || built instanceof Failure) {
      // For the factory this is a connection that was made, and closed by this side.
      channel.close(false)
      this.#lost(built ?? new Failure(new ConnectionDone()))
    } else {
      this.#state = 'connected'
      this.#transport = new StreamTransport(this.#reactor, channel, this)
      this.#transport.start(built)
    }
    this.#reactor.exit()
  }

  /** The attempt failed. @internal */
  attemptFailed(attempt: Attempt, error: unknown): void {
    if (attempt !== this.#attempt) return
    this.#reactor.enter()
    this.#endAttempt()
    this.#state = 'disconnected'
    const reason = new Failure(connectError(error))
    this.#call('clientConnectionFailed failed', () => this.#factory.clientConnectionFailed(this, reason))
    this.#stopIfUnused()
    this.#reactor.exit()
  }

  /** @internal */
  connectionEnded(_transport: StreamTransport, reason: Failure): void {
    this.#transport = null
    this.#lost(reason)
  }

  #giveUp(attempt: Attempt, error: ConnectError): void {
    attempt.handle?.cancel()
    attempt.handle = null
    if (attempt !== this.#attempt || attempt.givenUp) return
    attempt.givenUp = true
    this.#reactor.queue.post(() => this.attemptFailed(attempt, error))
  }

  #endAttempt(): void {
    const timeout = this.#attempt?.timeout ?? null
    this.#attempt = null
    this.#reactor.removeConnector(this)
    if (timeout !== null && timeout.active()) timeout.cancel()
  }

  #build(channel: StreamChannel): IProtocol | Failure | null {
    let built: IProtocol | null = null
    const build = (): void => {
      built = this.#factory.buildProtocol(channel.peer) ?? null
    }
    try {
      if (this.carry === null) build()
      else this.carry(build)
      return built
    } catch (error) {
      this.#reactor.logFailure('buildProtocol failed', error)
      return new Failure(error)
    }
  }

  #lost(reason: Failure): void {
    this.#state = 'disconnected'
    this.#call('clientConnectionLost failed', () => this.#factory.clientConnectionLost(this, reason))
    this.#stopIfUnused()
  }

  /** The factory may have connected again from inside its callback. */
  #stopIfUnused(): void {
    if (this.#state !== 'disconnected' || !this.#started) return
    this.#started = false
    this.#call('stopFactory failed', () => this.#factory.doStop())
  }

  #call(message: string, fn: () => void): void {
    try {
      if (this.carry === null) fn()
      else this.carry(fn)
    } catch (error) {
      this.#reactor.logFailure(message, error)
    }
  }
}

/** One attempt; a later one must not hear of an earlier one. */
class Attempt implements ConnectSink {
  readonly #connector: StreamConnector
  handle: ConnectHandle | null = null
  timeout: IDelayedCall | null = null
  givenUp = false

  constructor(connector: StreamConnector) {
    this.#connector = connector
  }

  connected(channel: StreamChannel): void {
    if (this.givenUp) channel.close(false)
    else this.#connector.attemptConnected(this, channel)
  }

  failed(error: unknown): void {
    if (!this.givenUp) this.#connector.attemptFailed(this, error)
  }
}
