/**
 * A factory around a factory, and a protocol that stands between a transport and another protocol.
 *
 * Owns: passing everything on unchanged, both ways. Policies derive from these two and change one thing. Must not
 * know: what the wrapped protocol speaks. Source: twisted.protocols.policies.WrappingFactory, ProtocolWrapper.
 *
 *   transport ⇄ ProtocolWrapper ⇄ wrapped protocol        the wrapper is the wrapped protocol's transport
 */
import type { Deferred, Failure } from '../../defer/index.js'
import type {
  IAddress, IClientFactory, IConnector, IDrainingProtocol, IHalfCloseableProtocol, IHandshakeListener, IProtocol,
  IProtocolFactory, IPullProducer, IPushProducer, ITCPTransport, ITransport, WriteLimits,
} from '../../interfaces/index.js'
import { ClientFactory } from '../factory.js'
import { Protocol } from '../protocol.js'

/** What a wrapper class must be, so that a {@link WrappingFactory} can make it. */
export type ProtocolWrapperClass = new (factory: WrapperOwner, wrappedProtocol: IProtocol) => ProtocolWrapper

/** Who made a wrapper, and hears when its connection begins and ends. */
export interface WrapperOwner extends IProtocolFactory {
  registerProtocol(protocol: ProtocolWrapper): void
  unregisterProtocol(protocol: ProtocolWrapper): void
}

/** Options of {@link ProtocolWrapper.switchProtocol}, those of a stream transport. */
interface SwitchOptions {
  rest?: Uint8Array
  peer?: IAddress
  host?: IAddress
}

/**
 * Stands between a transport and a protocol, and passes everything on.
 *
 * To the protocol it is the transport: it has every method that its own transport has, also those that this class has
 * never heard of. To the transport it is the protocol, and half-closeable only if the wrapped one is.
 */
export class ProtocolWrapper extends Protocol implements ITCPTransport {
  declare factory: WrapperOwner
  /** True once this end has asked for the connection to close. */
  disconnecting = false
  #wrapped: IProtocol
  #ends: { peer?: IAddress, host?: IAddress } = {}

  constructor(factory: WrapperOwner, wrappedProtocol: IProtocol) {
    super()
    this.factory = factory
    this.#wrapped = wrappedProtocol
    this.#listenFor(wrappedProtocol)
  }

  /** What the bytes go to: what the factory wrapped, until `switchProtocol`. */
  get wrappedProtocol(): IProtocol {
    return this.#wrapped
  }

  override makeConnection(transport: ITransport): void {
    mirror(transport, this)
    super.makeConnection(transport)
    this.factory.registerProtocol(this)
    this.#wrapped.makeConnection(this)
  }

  override dataReceived(data: Uint8Array): void {
    this.#wrapped.dataReceived(data)
  }

  override connectionLost(reason: Failure): void {
    this.factory.unregisterProtocol(this)
    this.#wrapped.connectionLost(reason)
  }

  /**
   * Has another protocol go on with the connection: the transport's own `switchProtocol` would leave this wrapper, and
   * what it is there for, out of the path.
   * @param protocol connected at once; the one before hears nothing more
   * @param options `rest`, bytes that were read too far, are its first; `peer` and `host` replace the addresses
   */
  switchProtocol(protocol: IProtocol, options: SwitchOptions = {}): void {
    const { rest, peer, host } = options
    if (peer !== undefined) this.#ends.peer = peer
    if (host !== undefined) this.#ends.host = host
    this.#wrapped = protocol
    this.#listenFor(protocol)
    protocol.makeConnection(this)
    if (rest !== undefined && rest.length > 0) protocol.dataReceived(rest)
  }

  write(data: Uint8Array | string): void {
    this.#below.write(data)
  }

  writeSequence(list: Iterable<Uint8Array | string>): void {
    this.#below.writeSequence(list)
  }

  loseConnection(): void {
    this.disconnecting = true
    this.#below.loseConnection()
  }

  abortConnection(): void {
    this.disconnecting = true
    this.#below.abortConnection()
  }

  loseWriteConnection(): void {
    this.#below.loseWriteConnection()
  }

  getPeer(): IAddress {
    return this.#ends.peer ?? this.#below.getPeer()
  }

  getHost(): IAddress {
    return this.#ends.host ?? this.#below.getHost()
  }

  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    this.#below.registerProducer(producer, streaming)
  }

  unregisterProducer(): void {
    this.#below.unregisterProducer()
  }

  pauseProducing(): void {
    this.#below.pauseProducing()
  }

  resumeProducing(): void {
    this.#below.resumeProducing()
  }

  stopProducing(): void {
    this.#below.stopProducing()
  }

  get writableLength(): number {
    return this.#below.writableLength
  }

  drain(): Deferred<void> {
    return this.#below.drain()
  }

  setWriteLimits(limits: WriteLimits): void {
    this.#below.setWriteLimits(limits)
  }

  setTcpNoDelay(enabled: boolean): void {
    this.#below.setTcpNoDelay(enabled)
  }

  getTcpNoDelay(): boolean {
    return this.#below.getTcpNoDelay()
  }

  setTcpKeepAlive(enabled: boolean): void {
    this.#below.setTcpKeepAlive(enabled)
  }

  getTcpKeepAlive(): boolean {
    return this.#below.getTcpKeepAlive()
  }

  get #below(): ITCPTransport {
    return this.transport as ITCPTransport
  }

  /** Has exactly those callbacks that `protocol` has and a transport asks for: each by itself, as they ask. */
  #listenFor(protocol: IProtocol): void {
    for (const name of CALLBACKS) {
      const wanted = typeof (protocol as Partial<Callbacks>)[name] === 'function'
      if (wanted) Object.assign(this, { [name]: () => (this.#wrapped as IProtocol & Callbacks)[name]() })
      else Reflect.deleteProperty(this, name)
    }
  }
}

type Callbacks = IHalfCloseableProtocol & IHandshakeListener & IDrainingProtocol

/** What transports ask of a protocol whether it has it. */
const CALLBACKS = ['readConnectionLost', 'writeConnectionLost', 'handshakeCompleted', 'draining'] as const

/** A client factory, but for `protocol`, which is of another kind here. */
interface FactoryOfWrappers extends IClientFactory {
  numPorts: number
  startFactory(): void
  stopFactory(): void
}
const Base = ClientFactory as unknown as new () => FactoryOfWrappers

/** Wraps each protocol that another factory makes in a {@link ProtocolWrapper}, or a class derived from it. */
export class WrappingFactory extends Base {
  /** The class of the wrappers. */
  protocol: ProtocolWrapperClass = ProtocolWrapper
  readonly wrappedFactory: IProtocolFactory
  /** The wrappers whose connections are open. */
  readonly protocols = new Set<ProtocolWrapper>()

  constructor(wrappedFactory: IProtocolFactory) {
    super()
    this.wrappedFactory = wrappedFactory
  }

  override doStart(): void {
    this.wrappedFactory.doStart()
    super.doStart()
  }

  override doStop(): void {
    this.wrappedFactory.doStop()
    super.doStop()
  }

  override startedConnecting(connector: IConnector): void {
    this.#client?.startedConnecting(connector)
  }

  override clientConnectionFailed(connector: IConnector, reason: Failure): void {
    this.#client?.clientConnectionFailed(connector, reason)
  }

  override clientConnectionLost(connector: IConnector, reason: Failure): void {
    this.#client?.clientConnectionLost(connector, reason)
  }

  override buildProtocol(address: IAddress): IProtocol | null {
    const wrapped = this.wrappedFactory.buildProtocol(address)
    return wrapped === null ? null : new this.protocol(this, wrapped)
  }

  /** A wrapper's connection was made. */
  registerProtocol(protocol: ProtocolWrapper): void {
    this.protocols.add(protocol)
  }

  /** A wrapper's connection is lost. */
  unregisterProtocol(protocol: ProtocolWrapper): void {
    this.protocols.delete(protocol)
  }

  /** The wrapped factory, if it wants to hear of connectors. */
  get #client(): IClientFactory | null {
    return 'clientConnectionFailed' in this.wrappedFactory ? this.wrappedFactory as IClientFactory : null
  }
}

/** Members that only some transports have, and that this file knows by name. */
const OPTIONAL = ['setTcpNoDelay', 'getTcpNoDelay', 'setTcpKeepAlive', 'getTcpKeepAlive'] as const

const mirrors = new WeakMap<object, WeakMap<object, object>>()

/**
 * Gives the wrapper what its transport can do beyond this file's knowledge (`startTLS`, say), and hides what the
 * transport cannot do, so that asking a wrapper whether it can gives the transport's answer. One prototype serves all
 * wrappers of a class over transports of a class, so that a connection costs nothing for it.
 */
function mirror(transport: ITransport, wrapper: ProtocolWrapper): void {
  const above = Object.getPrototypeOf(wrapper) as object
  const below = Object.getPrototypeOf(transport) as object
  let known = mirrors.get(above)
  if (known === undefined) mirrors.set(above, known = new WeakMap())
  let prototype = known.get(below)
  if (prototype === undefined) known.set(below, prototype = mirrorOf(transport, above))
  Object.setPrototypeOf(wrapper, prototype)
}

function mirrorOf(transport: ITransport, above: object): object {
  const prototype = Object.create(above) as object
  for (const name of OPTIONAL) {
    if (!(name in transport)) Object.defineProperty(prototype, name, { value: undefined, configurable: true })
  }
  for (let link: object = transport; link !== Object.prototype && link !== null; link = Object.getPrototypeOf(link)) {
    for (const name of Reflect.ownKeys(link)) {
      if (name in prototype) continue
      Object.defineProperty(prototype, name, {
        configurable: true,
        get(this: ProtocolWrapper) {
          const below = this.transport as unknown as Record<string | symbol, unknown>
          const member = below[name]
          return typeof member === 'function' ? member.bind(below) as unknown : member
        },
      })
    }
  }
  return prototype
}
