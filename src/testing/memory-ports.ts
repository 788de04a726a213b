/**
 * What a MemoryReactor gives for listening and connecting: a port and a connector whose peers are the test.
 *
 * Owns: the states of both, and the calls a factory may expect. Must not know: bytes; a connection is whatever
 * transport the test hands in. Source: twisted.internet.testing._FakePort, _FakeConnector, with the behaviour of real ones.
 */
import { debugging, noteSite } from '../defer/debug.js'
import { Deferred, Failure, succeed } from '../defer/index.js'
import { CannotListenError, ConnectError, ConnectionRefusedError, UserError } from '../errors/index.js'
import type {
  IAddress, IClientFactory, IConnector, IHandshakeListener, IListeningPort, IProtocol, IProtocolFactory, ITransport,
  TCPAddress,
} from '../interfaces/index.js'
import { StringTransport } from './string-transport.js'

/** A port that takes the connections a test makes. */
export class MemoryPort<Address extends IAddress = TCPAddress> implements IListeningPort<Address> {
  readonly ready: Deferred<IListeningPort<Address>>
  /** Whether it takes connections. */
  listening = false
  readonly #factory: IProtocolFactory
  readonly #address: Address
  readonly #claim: (port: MemoryPort<Address>) => void
  readonly #tls: boolean

  /**
   * @param claim called before it listens; throws CannotListenError when the address is taken
   * @param tls whether connections have TLS from the start
   */
  constructor(factory: IProtocolFactory, address: Address, claim: (port: MemoryPort<Address>) => void, tls = false) {
    this.#factory = factory
    this.#address = address
    this.#claim = claim
    this.#tls = tls
    if (debugging) noteSite(this)
    this.startListening()
    this.ready = succeed<unknown>(this) as unknown as Deferred<IListeningPort<Address>>
  }

  startListening(): void {
    if (this.listening) {
      const path = 'path' in this.#address ? this.#address.path : ''
      const { host = path, port = 0 } = this.#address as Partial<TCPAddress>
      throw new CannotListenError(host ?? '', port, { cause: new Error('it listens already') })
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

  getHost(): Address {
    return this.#address
  }

  /**
   * A peer connects.
   * @param transport the connection; one that keeps what is written if not given
   * @returns the protocol that the factory made for it, null when it refused
   * @throws ConnectionRefusedError when the port does not listen
   */
  accept(transport: ITransport = new StringTransport({ host: this.#address, tls: this.#tls })): IProtocol | null {
    if (!this.listening) throw new ConnectionRefusedError()
    const protocol = this.#factory.buildProtocol(transport.getPeer())
    if (protocol !== null) connect(protocol, transport, this.#tls)
    return protocol
  }
}

/** An attempt to connect, which the test lets succeed or fail. */
export class MemoryConnector implements IConnector {
  state: 'disconnected' | 'connecting' | 'connected' = 'disconnected'
  readonly #factory: IClientFactory
  readonly #destination: IAddress
  readonly #tls: boolean
  #transport: ITransport | null = null

  /** @param tls whether the connection has TLS from the start */
  constructor(factory: IClientFactory, destination: IAddress, tls = false) {
    this.#factory = factory
    this.#destination = destination
    this.#tls = tls
    if (debugging) noteSite(this)
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
  succeed(transport: ITransport = new StringTransport({ peer: this.#destination, tls: this.#tls })): IProtocol | null {
    if (this.state !== 'connecting') throw new ConnectError('There is no attempt to succeed.')
    this.state = 'connected'
    this.#transport = transport
    const protocol = this.#factory.buildProtocol(this.#destination)
    if (protocol === null) this.lose(new ConnectError('The factory made no protocol.'))
    else connect(protocol, transport, this.#tls)
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

/** With TLS from the start, the handshake is over before there is a protocol. */
function connect(protocol: IProtocol, transport: ITransport, tls: boolean): void {
  protocol.makeConnection(transport)
  if (tls) (protocol as Partial<IHandshakeListener>).handshakeCompleted?.()
}
