/**
 * Port forwarding: connections that come in are joined to connections that go out.
 *
 * Owns: the joining of two connections: what one receives the other sends, with each slowing the other's reading, and
 * the end of either reaching the other as what it was. Must not know: what kind of connections these are; any two
 * endpoints will do. Source: twisted.protocols.portforward; half-close and the meaning of a reset go beyond it.
 *
 *   client ──▶ Relay ──write──▶ Relay ──▶ target        the reader of one is the producer of the other
 *          ◀── Relay ◀─write─── Relay ◀──
 */

import type { Deferred, Failure } from '../defer/index.js'
import { ConnectionDone } from '../errors/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { IStreamClientEndpoint } from '../interfaces/endpoint.js'
import type { IHalfCloseableProtocol, IProtocol } from '../interfaces/protocol.js'
import { Logger } from '../logger/index.js'
import { Factory, ServerFactory } from './factory.js'
import { Protocol } from './protocol.js'

/** One of two connections that are joined. */
export class Relay extends Protocol implements IHalfCloseableProtocol {
  /** Bytes received by this side so far. */
  bytes = 0
  #other: Relay | null = null
  #writeEnded = false

  /** Joins two that are connected; from now on each is the other's. */
  static join(one: Relay, two: Relay): void {
    one.#other = two
    two.#other = one
    two.transport.registerProducer(one.transport, true)
    one.transport.registerProducer(two.transport, true)
  }

  /** The side that it is joined to. */
  get other(): Relay | null {
    return this.#other
  }

  override dataReceived(data: Uint8Array): void {
    this.bytes += data.length
    ;(this.#other as Relay).transport.write(data)
  }

  /** The peer sends no more: nor do we, on the other side. */
  readConnectionLost(): void {
    this.#other?.finishWriting()
  }

  writeConnectionLost(): void {}

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    const other = this.#other
    this.#other = null
    if (other === null || !other.connected) return
    other.transport.unregisterProducer()
    // A stream that was cut off must not look like one that ended.
    if (reason.check(ConnectionDone) !== null) other.transport.loseConnection()
    else other.transport.abortConnection()
  }

  /** Closes the sending side, or all of it where a connection has no halves. @internal */
  finishWriting(): void {
    if (this.#writeEnded || !this.connected) return
    this.#writeEnded = true
    const { transport } = this
    transport.unregisterProducer()
    if (typeof transport.loseWriteConnection === 'function') transport.loseWriteConnection()
    else (transport as Protocol['transport']).loseConnection()
  }
}

/**
 * Joins every connection that comes in to one of its own through an endpoint.
 *
 * @example
 * serverFromString(reactor, 'tcp:8080').listen(new PortForwardFactory(clientFromString(reactor, 'tcp:example.com:80')))
 */
export class PortForwardFactory extends ServerFactory {
  /** Connections that are joined now, by the side that came in. */
  readonly forwarded = new Set<Relay>()
  readonly #endpoint: IStreamClientEndpoint
  readonly #log = new Logger('portforward')

  /** @param endpoint where each connection is joined to */
  constructor(endpoint: IStreamClientEndpoint) {
    super()
    this.#endpoint = endpoint
  }

  override buildProtocol(_address: IAddress): IProtocol {
    return new Incoming(this, this.#endpoint)
  }

  /** Two connections have been joined. */
  forwarding(client: Relay, _target: Relay): void {
    this.forwarded.add(client)
  }

  /** There is no connection to join `client` to; it is reset. */
  forwardingFailed(_client: Relay, reason: Failure): void {
    this.#log.failure('A connection could not be forwarded', reason)
  }

  /** The side that came in has ended. @param reason why */
  forwardingEnded(client: Relay, _reason: Failure): void {
    this.forwarded.delete(client)
  }
}

/** The side that came in. It reads nothing until there is somebody to send it to. */
class Incoming extends Relay {
  readonly #owner: PortForwardFactory
  readonly #endpoint: IStreamClientEndpoint
  #attempt: Deferred<unknown> | null = null
  #isJoined = false

  constructor(owner: PortForwardFactory, endpoint: IStreamClientEndpoint) {
    super()
    this.#owner = owner
    this.#endpoint = endpoint
    this.factory = owner
  }

  override connectionMade(): void {
    this.transport.pauseProducing()
    this.#attempt = this.#endpoint.connect(Factory.forProtocol(Relay))
    this.#attempt.addCallbacks((target) => this.#connected(target as Relay), (reason: Failure) => this.#failed(reason))
      .addErrback((reason: Failure) => {
        // What an owner's own method throws leaves nobody waiting.
        new Logger('portforward').failure('A connection is forwarded no further', reason)
        this.transport.abortConnection()
      })
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.#attempt?.cancel()
    if (this.#isJoined) this.#owner.forwardingEnded(this, reason)
  }

  #connected(target: Relay): void {
    this.#attempt = null
    if (!this.connected) {
      target.transport.abortConnection()
      return
    }
    this.#isJoined = true
    Relay.join(this, target)
    this.#owner.forwarding(this, target)
    this.transport.resumeProducing()
  }

  #failed(reason: Failure): void {
    this.#attempt = null
    if (!this.connected) return
    this.#owner.forwardingFailed(this, reason)
    this.transport.abortConnection()
  }
}
