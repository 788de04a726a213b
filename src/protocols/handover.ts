/**
 * Handover: how a protocol that only opens a conversation gives its connection to the one that holds it.
 *
 * Owns: the one way to do that, the bytes that were read too far, and the life of a handshake (its deadline, its limit,
 * its early end). Must not know: any handshake; PROXY, SOCKS, CONNECT and TLS over an endpoint are built on this.
 *
 *   transport ⇄ handshake            until it has what it wants to know
 *   transport ⇄ next protocol        where the transport can switch protocols: nothing stays in the path of the bytes
 *   transport ⇄ handshake ⇄ relay ⇄ next protocol        where it cannot (StringTransport, a ProtocolWrapper)
 */
import type { Failure } from '../defer/index.js'
import { TimeoutError } from '../errors/index.js'
import type {
  IAddress, IDelayedCall, IHalfCloseableProtocol, IHandshakeListener, IProtocol, IReactorTime, ITCPTransport,
  ITransport,
} from '../interfaces/index.js'
import { ProtocolWrapper } from './policies/wrapping.js'
import type { WrapperOwner } from './policies/wrapping.js'
import { HandshakeBuffer } from './handover-buffer.js'
import { Protocol } from './protocol.js'

/** What goes along with a connection that is handed over. */
export interface HandoverOptions {
  /** Bytes that were read and belong to the next protocol. */
  rest?: Uint8Array
  /** What getPeer() says from now on. */
  peer?: IAddress
  /** What getHost() says from now on. */
  host?: IAddress
}

/** A transport that can be given to another protocol. */
interface SwitchingTransport extends ITransport {
  readonly protocol: IProtocol | null
  switchProtocol(protocol: IProtocol, options?: HandoverOptions): void
}

/** A protocol that is given the bytes that were read too far before it is connected. */
interface EarlyListener {
  receiveEarly(rest: Uint8Array): void
}

type Optional = Partial<IHalfCloseableProtocol & IHandshakeListener>

/** True if `transport` calls `protocol` itself, and can be made to call another one. */
function canSwitch(transport: ITransport, protocol: IProtocol): transport is SwitchingTransport {
  const { protocol: current, switchProtocol } = transport as Partial<SwitchingTransport>
  // A wrapper shows what its own transport can do: switching there would cut the wrapper out.
  return current === protocol && typeof switchProtocol === 'function'
}

/** A protocol that gives its connection away, once. */
export abstract class HandoverProtocol extends Protocol {
  #relay: Relay | null = null
  #handedOver = false

  /** True once the connection is another protocol's. */
  get handedOver(): boolean {
    return this.#handedOver
  }

  /** Whom this passes the bytes on to, where it has to stay in their path: for inspectors. */
  get wrappedProtocol(): IProtocol | null {
    return this.#relay?.wrappedProtocol ?? null
  }

  /**
   * Gives the connection to `next`: its `makeConnection` is called, and then it receives `options.rest`.
   * This protocol hears nothing more.
   */
  handOver(next: IProtocol, options: HandoverOptions = {}): void {
    this.#handedOver = true
    const { transport } = this
    const { rest, ...ends } = options
    const { receiveEarly } = next as Partial<EarlyListener>
    const isEarly = rest !== undefined && typeof receiveEarly === 'function'
    if (isEarly) receiveEarly.call(next, rest)
    const left = isEarly ? ends : options
    if (canSwitch(transport, this)) {
      transport.switchProtocol(next, left)
      return
    }
    this.#relay = new Relay(next, left)
    // Asked for by transports one by one, and only there if the next protocol has them.
    const half = next as IProtocol & Optional
    if (half.readConnectionLost !== undefined) {
      Object.assign(this, { readConnectionLost: () => half.readConnectionLost!() })
    }
    if (half.writeConnectionLost !== undefined) {
      Object.assign(this, { writeConnectionLost: () => half.writeConnectionLost!() })
    }
    this.#relay.makeConnection(transport)
    this.#relay.deliverRest()
  }

  override dataReceived(data: Uint8Array): void {
    if (this.#relay !== null) this.#relay.dataReceived(data)
    else if (!this.#handedOver) this.handshakeReceived(data)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    if (this.#relay !== null) this.#relay.connectionLost(reason)
    else if (!this.#handedOver) this.handshakeLost(reason)
  }

  handshakeCompleted(): void {
    if (this.#relay !== null) (this.#relay.wrappedProtocol as Optional).handshakeCompleted?.()
    else if (!this.#handedOver) this.secured()
  }

  /** Gives up, unless it is over: aborts the connection, and tells its owner of `error`. */
  abstract abandon(error: unknown): void

  /** Bytes, as long as the connection is this protocol's. */
  protected handshakeReceived(_data: Uint8Array): void {}

  /** The end, while the connection was this protocol's. */
  protected abstract handshakeLost(reason: Failure): void

  /** TLS has begun, while the connection is this protocol's. */
  protected secured(): void {}
}

const NO_OWNER: WrapperOwner = {
  registerProtocol: () => undefined,
  unregisterProtocol: () => undefined,
  buildProtocol: () => null,
  doStart: () => undefined,
  doStop: () => undefined,
}

/** The next protocol's transport, where the real one goes on calling the handshake. */
class Relay extends ProtocolWrapper {
  readonly #options: HandoverOptions
  #rest: Uint8Array | null
  #paused = false

  constructor(next: IProtocol, options: HandoverOptions) {
    super(NO_OWNER, next)
    this.#options = options
    this.#rest = options.rest !== undefined && options.rest.length > 0 ? options.rest : null
  }

  override getPeer(): IAddress {
    return this.#options.peer ?? super.getPeer()
  }

  override getHost(): IAddress {
    return this.#options.host ?? super.getHost()
  }

  override pauseProducing(): void {
    this.#paused = true
    super.pauseProducing()
  }

  override resumeProducing(): void {
    this.#paused = false
    this.deliverRest()
    if (!this.#paused) super.resumeProducing()
  }

  /** Hands out what the handshake read too far, unless it has to wait. */
  deliverRest(): void {
    const rest = this.#rest
    if (rest === null || this.#paused || this.disconnecting) return
    this.#rest = null
    this.wrappedProtocol.dataReceived(rest)
  }
}

/** What a handshake does next. */
export interface HandshakeStep<T> {
  /** How many of the bytes it was shown are done with. */
  used: number
  /** What to answer. */
  say?: Uint8Array
  /** It is complete, with this result. */
  done?: T
}

/** A handshake without I/O. Its methods may throw what it fails with. */
export interface Handshake<T> {
  /** More than this many bytes without a step are too many. */
  readonly limit: number
  /** The connection is there. @returns what to say first, null to wait for the peer */
  begin(transport: ITransport): HandshakeStep<T> | null
  /** @param bytes everything received and not used up @returns null if that is not enough for a step */
  receive(bytes: Uint8Array): HandshakeStep<T> | null
  /** What to fail with when `limit` is exceeded. */
  tooLong(): Error
  /** What to fail with when the connection ends first. */
  closed(reason: Failure): Error
  /** What to fail with at the deadline; a TimeoutError if there is no such method. */
  late?(ms: number): Error
}

/** Who waits for a handshake, and how long. */
export interface HandshakeOwner<T> {
  /** How long it may take, ms; Infinity for as long as it likes. */
  readonly timeout: number
  /** Whose time; without one there is no deadline. */
  readonly clock: IReactorTime | null
  /** Complete. The owner calls `protocol.handOver`, or closes the connection. @param rest what was read too far */
  handshakeDone(protocol: HandoverProtocol, result: T, rest: Uint8Array): void
  /** Failed; the connection has been aborted. Called at most once, and never after `handshakeDone`. */
  handshakeFailed(error: unknown): void
}

/** Carries out a {@link Handshake}. */
export class HandshakeProtocol<T> extends HandoverProtocol {
  readonly #handshake: Handshake<T>
  readonly #owner: HandshakeOwner<T>
  readonly #received = new HandshakeBuffer()
  #deadline: IDelayedCall | null = null
  #settled = false

  constructor(handshake: Handshake<T>, owner: HandshakeOwner<T>) {
    super()
    this.#handshake = handshake
    this.#owner = owner
  }

  override connectionMade(): void {
    const { clock, timeout } = this.#owner
    if (this.#settled) {
      abort(this.transport)
      return
    }
    if (clock !== null && timeout !== Infinity) this.#deadline = clock.callLater(timeout, () => this.#late(timeout))
    this.#advance(() => this.#handshake.begin(this.transport))
  }

  override abandon(error: unknown): void {
    if (this.#settled) return
    this.#settle()
    if (this.connected) abort(this.transport)
    this.#owner.handshakeFailed(error)
  }

  protected override handshakeReceived(data: Uint8Array): void {
    // Closing takes a while, and the rest of the peer's bytes may still come in.
    if (this.#settled) return
    this.#received.push(data)
    while (this.#received.length > 0 && !this.#settled) {
      if (!this.#advance(() => this.#handshake.receive(this.#received.bytes))) break
    }
    if (!this.#settled && this.#received.length > this.#handshake.limit) this.abandon(this.#handshake.tooLong())
  }

  protected override handshakeLost(reason: Failure): void {
    if (!this.#settled) this.abandon(this.#handshake.closed(reason))
  }

  /** @returns whether there was a step */
  #advance(next: () => HandshakeStep<T> | null): boolean {
    let step: HandshakeStep<T> | null
    try {
      step = next()
    } catch (error) {
      this.abandon(error)
      return false
    }
    if (step === null) return false
    this.#received.consume(step.used)
    if (step.say !== undefined) this.transport.write(step.say)
    if ('done' in step) {
      this.#settle()
      this.#owner.handshakeDone(this, step.done as T, this.#received.take())
    }
    return true
  }

  #late(ms: number): void {
    this.abandon(this.#handshake.late?.(ms) ?? new TimeoutError())
  }

  #settle(): void {
    this.#settled = true
    if (this.#deadline !== null && this.#deadline.active()) this.#deadline.cancel()
    this.#deadline = null
  }
}

/** Drops a connection at once where its transport can do that. */
export function abort(transport: ITransport): void {
  const { abortConnection } = transport as Partial<ITCPTransport>
  if (typeof abortConnection === 'function') abortConnection.call(transport)
  else transport.loseConnection()
}
