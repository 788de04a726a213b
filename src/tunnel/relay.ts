/**
 * TunnelRelay: lets clients that have nothing but WebSockets reach TCP hosts that are on a list.
 *
 * Owns: who may, what is on the list, how many there are. Must not know: how requests are read (a Site does that), or
 * what a tunnel carries. Source: the project's own; docs/tunnel.md.
 */
import { Deferred, maybeDeferred } from '../defer/index.js'
import { ConnectionDone, ConnectionLost, TunnelRefusedError } from '../errors/index.js'
import type { IAddress, IProtocol } from '../interfaces/index.js'
import type { Factory } from '../protocols/factory.js'
import { WebSocketProtocol, WebSocketServerFactory } from '../websocket/index.js'
import type {
  OriginPolicy, Refusal, WebSocketReactor, WebSocketRequest, WebSocketTimeouts,
} from '../websocket/index.js'
import { AllowList } from './allow.js'
import { Clients } from './clients.js'
import { dial } from './dial.js'
import { settleLimits } from './limits.js'
import type { SettledLimits, TunnelLimits, TunnelTimeouts } from './limits.js'
import { REFUSAL } from './refusals.js'
import { Session } from './session.js'
import type { RelayReactor, SessionOwner, TunnelInfo } from './session.js'
import { MOST_DATA, MOST_HOST, MOST_TOKEN, SUBPROTOCOL } from './wire.js'

/** Options of a {@link TunnelRelay}. */
export interface TunnelRelayOptions {
  /** What may be reached: `host:ports` with wildcards and networks, see AllowList. Empty: nothing. */
  allow: readonly string[]
  /**
   * Whether a client may use the relay; every client may if not given. Called once for each tunnel.
   * @param token what it says, '' if nothing
   * @param peer where it comes from
   * @param origin whose page it is, as its browser says; null if it is no page
   */
  authenticate?: (token: string, peer: IAddress, origin: string | null) => boolean | PromiseLike<boolean>
  /** Whose pages may use it; those of anybody if not given. */
  origins?: OriginPolicy
  limits?: TunnelLimits
  /** `ping` and `pong` are those of the WebSockets. */
  timeouts?: TunnelTimeouts & Pick<WebSocketTimeouts, 'ping' | 'pong'>
  /** Connects to the hosts; the site's own reactor if not given. One that is restricted can do no more than it may. */
  reactor?: RelayReactor
}

/** The longest message that a client may send. */
const MOST_MESSAGE = Math.max(MOST_DATA + 1, 10 + MOST_HOST + MOST_TOKEN)

/**
 * A relay.
 *
 * @example
 * site.upgrade('/tunnel', new TunnelRelay({ allow: ['irc.example.com:6667'], origins: ['https://chat.example.com'] }))
 */
export class TunnelRelay extends WebSocketServerFactory {
  /** @internal */
  readonly settled: SettledLimits
  readonly #allow: AllowList
  readonly #authenticate: TunnelRelayOptions['authenticate'] | null
  readonly #reactor: RelayReactor | null
  readonly #clients: Clients
  readonly #sessions = new Set<Session>()
  /** Of the request that is being answered. */
  #asking: { reactor: RelayReactor, origin: string | null } | null = null

  /** @throws TypeError, RangeError for options that are none */
  constructor(options: TunnelRelayOptions) {
    const { allow, authenticate, origins = null, limits, timeouts = {}, reactor = null } = options ?? {}
    const { ping, pong, ...own } = timeouts
    super({
      subprotocols: [SUBPROTOCOL], origins, compression: false,
      limits: { message: MOST_MESSAGE, fragments: 64 },
      timeouts: { ...ping === undefined ? {} : { ping }, ...pong === undefined ? {} : { pong } },
    })
    if (authenticate !== undefined && typeof authenticate !== 'function') {
      throw new TypeError('authenticate is a function')
    }
    this.#allow = new AllowList(allow)
    this.#authenticate = authenticate ?? null
    this.#reactor = reactor
    this.settled = settleLimits(limits, own)
    this.#clients = new Clients(this.settled.bytesPerSecond)
  }

  /** Tunnels, and requests for one. */
  get tunnels(): readonly Readonly<TunnelInfo>[] {
    return [...this.#sessions].map(({ info }) => info)
  }

  /** Resets every tunnel. */
  abortAll(): void {
    for (const session of [...this.#sessions]) session.abort()
  }

  /** A tunnel is open. To be overridden, to log or count. */
  tunnelOpened(_info: TunnelInfo): void {}

  /** There was none. @param reason of which the client is told the message, and a number */
  tunnelRefused(_info: TunnelInfo, _reason: Error): void {}

  /** A tunnel has ended. @param reason ConnectionDone where it did in order */
  tunnelEnded(_info: TunnelInfo, _reason: Error): void {}

  /** A site's request. */
  override acceptRequest(
    request: WebSocketRequest, reactor: WebSocketReactor): ReturnType<WebSocketServerFactory['acceptRequest']> {
    const offered = request.headers.get('sec-websocket-protocol') ?? ''
    if (!offered.split(',').some((name) => name.trim() === SUBPROTOCOL)) {
      return { status: 400, body: `This is a relay for tunnels: it speaks ${SUBPROTOCOL}.\n` } satisfies Refusal
    }
    // Those that are told why count as well, and are soon gone.
    if (this.#clients.total >= this.settled.total * 2) return { status: 503, body: 'There are too many tunnels.\n' }
    this.#asking = {
      reactor: this.#reactor ?? reactor as unknown as RelayReactor, origin: request.headers.get('origin'),
    }
    try {
      return super.acceptRequest(request, reactor)
    } finally {
      this.#asking = null
    }
  }

  override buildProtocol(address: IAddress): IProtocol | null {
    if (this.#asking === null) return null
    const { reactor, origin } = this.#asking
    return new RelaySocket((socket) => this.#begin(socket, reactor, address, origin))
  }

  #begin(socket: RelaySocket, reactor: RelayReactor, peer: IAddress, origin: string | null): Session {
    const { perClient, total } = this.settled
    const client = this.#clients.enter(peer)
    const session = new Session(this.#owner(reactor), client, socket, reactor, { peer, origin })
    this.#sessions.add(session)
    const isBusy = client.tunnels > perClient || this.#clients.total > total
    if (isBusy) {
      const whose = client.tunnels > perClient ? 'of this client' : 'of all clients'
      session.refuse(REFUSAL.busy, new TunnelRefusedError(`There are too many tunnels ${whose}.`, { refusal: 'busy' }))
    }
    return session
  }

  #owner(reactor: RelayReactor): SessionOwner {
    return {
      limits: this.settled,
      decide: (info, token, factory) => this.#decide(reactor, info, token, factory),
      opened: (info) => this.#tell(reactor, () => this.tunnelOpened(info)),
      refused: (info, reason) => this.#tell(reactor, () => this.tunnelRefused(info, reason)),
      ended: (info, reason) => this.#tell(reactor, () => this.tunnelEnded(info, reason)),
      over: (session) => {
        this.#sessions.delete(session)
        this.#clients.leave(session.client, reactor)
      },
    }
  }

  #decide(
    reactor: RelayReactor, { peer, origin, host, port }: TunnelInfo, token: string, factory: Factory,
  ): Deferred<IProtocol> {
    const connect = (): Deferred<IProtocol> => dial(reactor, this.#allow, host, port, factory)
    const authenticate = this.#authenticate
    if (authenticate === null || authenticate === undefined) return connect()
    let isWanted = true
    const decided = new Deferred<boolean>(() => { isWanted = false })
    maybeDeferred(() => authenticate(token, peer, origin) as boolean | Promise<boolean>).addBoth((answer: unknown) => {
      // Whatever comes but true is a no: a check that fails must not open the door.
      if (isWanted) decided.callback(answer === true)
    })
    return decided.addCallback((may: boolean) => {
      if (!may) throw new TunnelRefusedError('The token is missing or wrong.', { refusal: 'unauthenticated' })
      return connect()
    }) as unknown as Deferred<IProtocol>
  }

  /** What an owner's own method throws harms no tunnel. */
  #tell(reactor: RelayReactor, fn: () => void): void {
    try {
      fn()
    } catch (error) {
      reactor.logFailure('A method of a TunnelRelay failed', error)
    }
  }
}

/** A WebSocket of the relay, as its session sees it. */
class RelaySocket extends WebSocketProtocol {
  readonly #begin: (socket: RelaySocket) => Session
  #session: Session | null = null

  constructor(begin: (socket: RelaySocket) => Session) {
    super()
    this.#begin = begin
  }

  override connectionMade(): void {
    this.#session = this.#begin(this)
  }

  override binaryReceived(data: Uint8Array): void {
    this.#session?.message(data)
  }

  override textReceived(): void {
    this.#session?.message(null)
  }


  override connectionLost(reason: Parameters<WebSocketProtocol['connectionLost']>[0]): void {
    super.connectionLost(reason)
    const isDone = reason.check(ConnectionDone) !== null
    // A page that has gone says so in order, but its streams have not ended.
    const lost = isDone
      ? new ConnectionLost(`The WebSocket was closed with code ${this.closeCode}.`) : reason.value as Error
    this.#session?.closed(isDone && this.closeCode === 1000 ? null : lost)
  }

  send(message: Uint8Array): void {
    this.sendBinary(message)
  }
}
