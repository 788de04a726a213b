/**
 * From the callbacks of an outgoing connection to one Deferred that fires with the protocol.
 *
 * Owns: the factory that stands between the user's factory and the reactor while a connection is made. It is gone from
 * the path of the bytes once the protocol is connected: the transport calls the user's protocol itself, so that what it
 * can do beyond the basics (half-close, reading into its own buffers) stays visible.
 * Source: twisted.internet.endpoints._WrappingFactory.
 */
import { Deferred } from '../defer/index.js'
import type { Failure } from '../defer/index.js'
import { ConnectError, ConnectingCancelledError } from '../errors/index.js'
import type {
  IAddress, IClientFactory, IConnector, IProtocol, IProtocolFactory, ITransport,
} from '../interfaces/index.js'

/** How an endpoint starts its attempt: one of the `connect…` methods of a reactor, with everything but the factory. */
export type StartConnecting = (factory: IClientFactory) => IConnector

/**
 * Starts an attempt.
 *
 * @returns fires with the protocol after its `connectionMade`; fails with what the attempt or `buildProtocol` failed
 * with; cancelling gives the attempt up and fails with ConnectingCancelledError
 */
export function connecting(factory: IProtocolFactory, start: StartConnecting): Deferred<IProtocol> {
  const attempt = new Attempt(factory)
  try {
    attempt.connector = start(attempt)
  } catch (error) {
    attempt.failed(error)
  }
  return attempt.connected
}

class Attempt implements IClientFactory {
  connector: IConnector | null = null
  readonly connected: Deferred<IProtocol>
  readonly #factory: IProtocolFactory

  constructor(factory: IProtocolFactory) {
    this.#factory = factory
    this.connected = new Deferred<IProtocol>((deferred) => {
      deferred.errback(new ConnectingCancelledError())
      this.connector?.disconnect()
    })
  }

  failed(reason: unknown): void {
    if (!this.connected.called) this.connected.errback(reason)
  }

  doStart(): void {
    this.#factory.doStart()
  }

  doStop(): void {
    this.#factory.doStop()
  }

  startedConnecting(connector: IConnector): void {
    this.connector = connector
  }

  buildProtocol(address: IAddress): IProtocol | null {
    // Cancelled between the connection and this call: refuse it.
    if (this.connected.called) return null
    try {
      const protocol = this.#factory.buildProtocol(address)
      if (protocol === null) this.failed(new ConnectError('The factory made no protocol for the connection.'))
      else onceConnected(protocol, (error) => error === null ? this.#succeeded(protocol) : this.failed(error.value))
      return protocol
    } catch (error) {
      this.failed(error)
      return null
    }
  }

  clientConnectionFailed(_connector: IConnector, reason: Failure): void {
    this.failed(reason)
  }

  clientConnectionLost(_connector: IConnector, reason: Failure): void {
    // Lost before connectionMade: nothing else will ever fire it.
    this.failed(reason)
  }

  #succeeded(protocol: IProtocol): void {
    if (!this.connected.called) this.connected.callback(protocol)
  }
}

/** Calls `then` after the protocol's next `makeConnection`, with the error that left it, if any. */
export function onceConnected(protocol: IProtocol, then: (error: { value: unknown } | null) => void): void {
  const own = Object.getOwnPropertyDescriptor(protocol, 'makeConnection')
  const makeConnection = (transport: ITransport): void => {
    if (own === undefined) Reflect.deleteProperty(protocol, 'makeConnection')
    else Object.defineProperty(protocol, 'makeConnection', own)
    try {
      protocol.makeConnection(transport)
    } catch (error) {
      then({ value: error })
      throw error
    }
    then(null)
  }
  Object.defineProperty(protocol, 'makeConnection', { value: makeConnection, configurable: true, writable: true })
}
