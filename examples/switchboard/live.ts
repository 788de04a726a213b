/**
 * What the reactor is doing, for the page. Owns: what is told of each connection, how often, and that nobody who looks
 * on costs more than that. Must not know: what is said on any connection.
 *
 * Every second each viewer gets one text message, `Report` as JSON. Nothing is looked at while nobody looks on.
 */
import { connections, LoopingCall } from 'whorl'
import type { Failure, HasConnections, IAddress, IProtocol, IReactorTime } from 'whorl'
import { HTTPChannel } from 'whorl/http'
import { WebSocketProtocol } from 'whorl/websocket'
import { LIVE_BACKLOG, LIVE_INTERVAL, LIVE_LISTED } from './limits.js'
import type { Passed } from './traffic.js'

/** One connection, as the page shows it. */
export interface ReportedConnection {
  /** Differs from that of every other open connection. */
  readonly id: number
  readonly peer: string
  readonly protocol: string
  readonly bytesIn: number
  readonly bytesOut: number
  /** ms */
  readonly age: number
}

/** What one message says. */
export interface Report {
  /** ms, of a clock that only goes forward. */
  readonly at: number
  /** Where the chat is, as arguments of `nc`. */
  readonly chat: string
  /** Bytes since the beginning, on all connections. */
  readonly received: number
  readonly sent: number
  /** Open connections; not all of them are in the list. */
  readonly open: number
  readonly connections: readonly ReportedConnection[]
}

/** Nothing is expected of those who look on. */
const POLICY_VIOLATION = 1008

/** Looks at the reactor for all who want to know. */
export class LiveFeed {
  /** Where the chat is; known once its port is open. */
  chat = ''
  readonly #reactor: IReactorTime & HasConnections
  readonly #ended: Passed
  readonly #viewers = new Set<LiveViewer>()
  readonly #loop = new LoopingCall(() => this.#tellAll())

  /** @param ended what passed on connections that have ended */
  constructor(reactor: IReactorTime & HasConnections, ended: Passed) {
    this.#reactor = reactor
    this.#ended = ended
    this.#loop.clock = reactor
  }

  /** Somebody looks on, and sees something at once. */
  join(viewer: LiveViewer): void {
    this.#viewers.add(viewer)
    viewer.show(this.#message())
    if (!this.#loop.running) void this.#loop.start(LIVE_INTERVAL, false)
  }

  leave(viewer: LiveViewer): void {
    this.#viewers.delete(viewer)
    if (this.#viewers.size === 0 && this.#loop.running) this.#loop.stop()
  }

  /** How things are now. */
  report(): Report {
    const at = Math.round(this.#reactor.now())
    let { bytesIn: received, bytesOut: sent } = this.#ended
    let open = 0
    const listed: ReportedConnection[] = []
    for (const { id, peer, protocol, state, bytesIn, bytesOut, since } of connections(this.#reactor)) {
      if (state === 'lost') continue
      received += bytesIn
      sent += bytesOut
      open += 1
      if (open > LIVE_LISTED) continue
      const age = Math.round(at - since)
      listed.push({ id, peer: spell(peer), protocol: labelOf(protocol), bytesIn, bytesOut, age })
    }
    return { at, chat: this.chat, received, sent, open, connections: listed }
  }

  /** One message for all of them. */
  #tellAll(): void {
    const message = this.#message()
    for (const viewer of [...this.#viewers]) viewer.show(message)
  }

  #message(): string {
    return JSON.stringify(this.report())
  }
}

/** One WebSocket of somebody who looks on. */
export class LiveViewer extends WebSocketProtocol {
  readonly label = 'live view'
  readonly #feed: LiveFeed

  constructor(feed: LiveFeed) {
    super()
    this.#feed = feed
  }

  override connectionMade(): void {
    this.#feed.join(this)
  }

  /** Whoever does not read is not worth keeping: the next second brings the same. */
  show(message: string): void {
    this.sendText(message)
    if (this.writableLength > LIVE_BACKLOG) this.transport.abortConnection()
  }

  override textReceived(): void {
    this.close(POLICY_VIOLATION, 'There is nothing to say here.')
  }

  override binaryReceived(): void {
    this.textReceived()
  }

  override connectionLost(reason: Failure): void {
    this.#feed.leave(this)
    super.connectionLost(reason)
  }
}

/** The innermost of the protocols around each other, in a word for people. */
function labelOf(protocol: IProtocol | null): string {
  let label = 'closing'
  for (let one = protocol as Labelled | null; one !== null; one = one.wrappedProtocol ?? null) {
    label = one.label ?? (one instanceof HTTPChannel ? 'HTTP' : one.constructor.name)
  }
  return label
}

type Labelled = IProtocol & { label?: string, wrappedProtocol?: Labelled | null }

function spell(address: IAddress): string {
  switch (address.family) {
    case 'IPv4': return `${address.host}:${address.port}`
    case 'IPv6': return `[${address.host}]:${address.port}`
    case 'UNIX': return address.path ?? 'a UNIX socket'
    default: return address.family
  }
}
