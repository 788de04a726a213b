/**
 * Factories: what makes a protocol for each connection and outlives all of them.
 *
 * Owns: building protocols from a class, and counting the ports and connectors that use the factory.
 * Must not know: how connections come about. Source: twisted.internet.protocol.
 */

import type { Failure } from '../defer/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IConnector } from '../interfaces/connector.js'
import type { IClientFactory, IProtocolFactory } from '../interfaces/factory.js'
import type { IProtocol } from '../interfaces/protocol.js'

/** A class whose instances are protocols, made without arguments. */
export type ProtocolClass = new () => IProtocol

/**
 * Makes protocols.
 *
 * @example
 * reactor.listenTCP(8007, Factory.forProtocol(Echo))
 */
export class Factory implements IProtocolFactory {
  /** What the default `buildProtocol` makes. */
  protocol: ProtocolClass | null = null
  /** Ports and connectors that use this factory now. */
  numPorts = 0

  /**
   * A factory for a class of protocols.
   * @param protocol the class
   * @param args what the factory's own constructor takes
   */
  static forProtocol<F extends Factory, A extends unknown[]>(
    this: new (...args: A) => F, protocol: ProtocolClass, ...args: A): F {
    const factory = new this(...args)
    factory.protocol = protocol
    return factory
  }

  /**
   * Called for each connection.
   * @param _address the peer's address
   * @returns the protocol for it, or null to refuse it
   */
  buildProtocol(_address: IAddress): IProtocol | null {
    if (this.protocol === null) throw new TypeError('a factory needs a `protocol` class or its own buildProtocol()')
    const protocol = new this.protocol()
    ;(protocol as { factory?: IProtocolFactory }).factory = this
    return protocol
  }

  /** A port or connector begins to use this factory; the first one calls `startFactory`. */
  doStart(): void {
    this.numPorts += 1
    if (this.numPorts === 1) this.startFactory()
  }

  /** One of them has stopped; the last one calls `stopFactory`. */
  doStop(): void {
    if (this.numPorts === 0) return
    this.numPorts -= 1
    if (this.numPorts === 0) this.stopFactory()
  }

  /** Before the first connection. */
  startFactory(): void {}

  /** After the last port or connector has stopped; connections may still be open. */
  stopFactory(): void {}
}

/** A factory for connections that come in. */
export class ServerFactory extends Factory {}

/** A factory for connections that go out. */
export class ClientFactory extends Factory implements IClientFactory {
  /** An attempt begins. */
  startedConnecting(_connector: IConnector): void {}

  /** The attempt failed; `connector.connect()` tries again. */
  clientConnectionFailed(_connector: IConnector, _reason: Failure): void {}

  /** The connection ended; `connector.connect()` connects again. */
  clientConnectionLost(_connector: IConnector, _reason: Failure): void {}
}
