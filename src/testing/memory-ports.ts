/**
 * What a MemoryReactor gives for listening and connecting: a port and a connector whose peers are the test.
 *
 * Owns: the states of both, and the calls a factory may expect. Must not know: bytes; a connection is whatever
 * transport the test hands in. Source: twisted.internet.testing._FakePort, _FakeConnector, with the behaviour of real ones.
 */
import { Deferred, Failure, succeed } from '../defer/index.js'
import { CannotListenError, ConnectError, ConnectionRefusedError, UserError } from '../errors/index.js'
import type {
  IAddress, IClientFactory, IConnector, IListeningPort, IProtocol, IProtocolFactory, ITransport, TCPAddress,
} from '../interfaces/index.js'
import { StringTransport } from './string-transport.js'

/** A port that takes the connections a test makes. */
export class MemoryPort implements IListeningPort<TCPAddress> {
  readonly ready: Deferred<IListeningPort<TCPAddress>>
  /** Whether it takes connections. */
  listening = false
  readonly #factory: IProtocolFactory
  readonly #address: TCPAddress
  readonly #claim: (port: MemoryPort) => void

  /** @param claim called before it listens; throws CannotListenError when the address is taken */
  constructor(factory: IProtocolFactory, address: TCPAddress,
    claim: (port: MemoryPort) => void) {
    this.#factory = factory
    this.#address = address
    this.#claim = claim
    this.startListening()
    this.ready = succeed<IListeningPort<TCPAddress>>(this)
  }

  startListening(): void {
    if (this.listening) {
      throw new CannotListenError(this.#address.host, this.#address.port, { cause: new Error('it listens already') })
    }
    this.#claim(this)
    this.listening = true
    this.#factory.doStart()
  }

  stopListening(): Deferred<void> | undefined {
    if (!this.listening) return undefined
    this.listening = false
    this.#factory.doStop()
    return succeed()
  }

  /** Stops listening; there are no connections that this port would know of. */
  drain(_deadlineMs: number): Deferred<void> {
    return this.stopListening() ?? succeed()
  }

  getHost(): TCPAddress {
    return this.#address
  }

  /**
   * A peer connects.
   * @param transport the connection; one that keeps what is written if not given
   * @returns the protocol that the factory made for it, null when it refused
   * @throws ConnectionRefusedError when the port does not listen
   */
  accept(transport: ITransport = new StringTransport({ host: this.#address })): IProtocol | null {
    if (!this.listening) throw new ConnectionRefusedError()
    const protocol = this.#factory.buildProtocol(transport.getPeer())
    protocol?.makeConnection(transport)
    return protocol
  }
}

/** An attempt to connect, which the test lets succeed or fail. */
export class MemoryConnector implements IConnector {
  state: 'disconnected' | 'connecting' | 'connected' = 'disconnected'
  readonly #factory: IClientFactory
  readonly #destination: IAddress
  #transport: ITransport | null = null

  constructor(factory: IClientFactory, destination: IAddress) {
    this.#factory = factory
    this.#destination = destination
  }

  connect(): void {
    if (this.state !== 'disconnected') throw new ConnectError('This connector is connecting, or connected.')
    this.state = 'connecting'
    this.#factory.doStart()
    this.#factory.startedConnecting(this)
  }

  stopConnecting(): void {
    if (this.state !== 'connecting') throw new ConnectError('There is no attempt to stop.')
    this.fail(new UserError())
  }

  disconnect(): void {
    if (this.state === 'connecting') this.stopConnecting()
    else this.#transport?.loseConnection()
  }

  getDestination(): IAddress {
    return this.#destination
  }

  /**
   * The attempt succeeds.
   * @param transport the connection; one that keeps what is written if not given
   * @returns the protocol that the factory made for it, null when it refused
   */
  succeed(transport: ITransport = new StringTransport({ peer: this.#destination })): IProtocol | null {
    if (this.state !== 'connecting') throw new ConnectError('There is no attempt to succeed.')
    this.state = 'connected'
    this.#transport = transport
    const protocol = this.#factory.buildProtocol(this.#destination)
    if (protocol === null) this.lose(new ConnectError('The factory made no protocol.'))
    else protocol.makeConnection(transport)
    return protocol
  }

  /** The attempt fails. */
  fail(reason: unknown): void {
    if (this.state !== 'connecting') throw new ConnectError('There is no attempt to fail.')
    this.state = 'disconnected'
    this.#factory.clientConnectionFailed(this, new Failure(reason))
    this.#factory.doStop()
  }

  /** The factory hears that the connection is gone; its protocol does not, the test has it. */
  lose(reason: unknown): void {
    if (this.state !== 'connected') throw new ConnectError('There is no connection to lose.')
    this.state = 'disconnected'
    this.#transport = null
    this.#factory.clientConnectionLost(this, new Failure(reason))
    this.#factory.doStop()
  }
}
