/**
 * The web side of the switchboard: the page, and the WebSockets it opens. Owns: which requests are answered, with which
 * headers, and who may open a WebSocket. Must not know: what is said on them.
 *
 *   GET /…            files of the folder
 *   GET /chat  ⇅      one line of the room in each text message, both ways
 *   GET /live  ↓      one JSON object a second: see live.ts
 */
import type { IAddress, IProtocol, IReactorTime } from 'whorl'
import { File, Site } from 'whorl/http'
import type { HandlerResult, ServerRequest, ServerResponse, SiteReactor, UpgradeAnswer } from 'whorl/http'
import { WebSocketServerFactory } from 'whorl/websocket'
import type { WebSocketProtocol } from 'whorl/websocket'
import { CHAT_LIMITS, CONNECTIONS_PER_PEER, LIVE_VIEWERS, MESSAGE_LENGTH } from './limits.js'
import type { ChatLimits } from './limits.js'
import { LiveViewer } from './live.js'
import type { LiveFeed } from './live.js'
import { refusal } from './per-peer.js'
import type { Room } from './room.js'
import { WebChat, WebRefusal } from './web-chat.js'

/** What every answer says: the page needs nothing but itself, and nothing else may show it, or look into it. */
const HEADERS: readonly (readonly [string, string])[] = [
  ['Content-Security-Policy',
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Content-Type-Options', 'nosniff'],
]

const MISDIRECTED = { status: 421, body: 'The switchboard is not known by this name here; see its option --name.\n' }

/** What the refused are sent who have enough connections to the web port. */
export function webRefusal(most: number): string {
  const body = `${refusal(most)}\n`
  return 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\n' +
    `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

/**
 * Names under which requests are answered. Any page may have its own name lead to this machine (DNS rebinding), and to
 * a browser both are then of one origin; so a name has to be known here. Addresses cannot be made to lie.
 */
export class KnownHosts {
  readonly #names: ReadonlySet<string>

  constructor(names: readonly string[] = []) {
    this.#names = new Set(names.map((name) => name.toLowerCase()))
  }

  /** @param host as the field Host says it, perhaps with a port */
  has(host: string | null): boolean {
    const name = (host ?? '').replace(/:\d*$/, '').toLowerCase()
    return /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\]|(?:[a-z\d-]+\.)*localhost)$/.test(name) || this.#names.has(name)
  }
}

/** Lets in what the page itself opens, and what is no browser. */
class Door extends WebSocketServerFactory {
  readonly #hosts: KnownHosts
  readonly #build: (address: IAddress, door: Door) => WebSocketProtocol | null

  constructor(hosts: KnownHosts, build: (address: IAddress, door: Door) => WebSocketProtocol | null) {
    super({ origins: 'same', limits: { message: MESSAGE_LENGTH } })
    this.#hosts = hosts
    this.#build = build
  }

  override acceptUpgrade(request: ServerRequest): ReturnType<WebSocketServerFactory['acceptUpgrade']> {
    return this.#hosts.has(request.host) ? super.acceptUpgrade(request) : MISDIRECTED as UpgradeAnswer
  }

  override buildProtocol(address: IAddress): IProtocol | null {
    return this.#build(address, this)
  }

  /** How many are open from this address. */
  from(address: IAddress): number {
    const host = hostOf(address)
    return [...this.connections].filter(({ request }) => request !== null && hostOf(request.peer) === host).length
  }
}

function hostOf(address: IAddress): string {
  return 'host' in address ? address.host : address.family
}

/** What the web side needs. */
export interface WebParts {
  readonly reactor: SiteReactor & IReactorTime
  readonly room: Room
  readonly feed: LiveFeed
  /** Where the page's files are. */
  readonly folder: string
  readonly hosts: KnownHosts
  /** Of the chat; those of `npm start` if not given. */
  readonly limits?: Readonly<ChatLimits>
}

/** The site with the page. */
export class Web {
  /** What listens. */
  readonly site: Site
  readonly #doors: readonly Door[]

  constructor({ reactor, room, feed, folder, hosts, limits = CHAT_LIMITS }: WebParts) {
    const files = new File(folder, { cacheControl: 'no-cache' })
    this.site = new Site((request, response) => answer(files, hosts, request, response), {
      reactor, limits: { bodyBytes: 0 },
    })
    const chat = new Door(hosts, (address, door) => door.from(address) < CONNECTIONS_PER_PEER
      ? new WebChat(room, reactor, limits) : new WebRefusal(refusal(CONNECTIONS_PER_PEER)))
    const live = new Door(hosts, (_address, door) =>
      door.connections.size < LIVE_VIEWERS ? new LiveViewer(feed) : null)
    this.site.upgrade('/chat', chat).upgrade('/live', live)
    this.#doors = [chat, live]
  }

  /** Says goodbye to all WebSockets; requests are the port's, when it is drained. */
  hangUp(): void {
    for (const door of this.#doors) door.closeAll(1001, 'The switchboard is closing.')
  }
}

function answer(files: File, hosts: KnownHosts, request: ServerRequest, response: ServerResponse): HandlerResult {
  if (!hosts.has(request.host)) return MISDIRECTED
  for (const [name, value] of HEADERS) response.headers.set(name, value)
  return files.handleRequest(request, response)
}
