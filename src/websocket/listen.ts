/**
 * listenWebSocket: WebSockets on an endpoint where there is no site.
 *
 * Owns: the site that stands there in its place, which answers everything else. Must not know: how requests are read.
 */
import type { Deferred } from '../defer/index.js'
import { serverFromString } from '../endpoints/index.js'
import { Site } from '../http/index.js'
import type { RequestHandler, SiteOptions, SiteReactor } from '../http/index.js'
import type { IListeningPort, IProtocolFactory, IStreamServerEndpoint } from '../interfaces/index.js'
import type { WebSocketServerFactory } from './server.js'

/** Options of {@link listenWebSocket}. */
export interface ListenWebSocketOptions extends Omit<SiteOptions, 'reactor' | 'tunnels'> {
  /** The only path that is a WebSocket, others are answered with 404; any path if not given. */
  path?: string
}

/** A site that is one WebSocket. @internal */
export class WebSocketSite extends Site {
  readonly #others: readonly IProtocolFactory[]

  /** @param others factories that start and stop with the site */
  constructor(factory: WebSocketServerFactory, options: ListenWebSocketOptions & { reactor: SiteReactor },
    others: readonly IProtocolFactory[] = []) {
    const { path, ...rest } = options
    super(handlerFor(factory, path), rest)
    this.#others = [factory, ...others]
  }

  override startFactory(): void {
    super.startFactory()
    for (const other of this.#others) other.doStart()
  }

  override stopFactory(): void {
    super.stopFactory()
    for (const other of this.#others) other.doStop()
  }
}

function handlerFor(factory: WebSocketServerFactory, path: string | undefined): RequestHandler {
  return (request, response) => {
    if (path !== undefined && request.path !== path) return { status: 404, body: 'There is nothing here.\n' }
    const answer = factory.acceptUpgrade(request)
    const settle = (made: Awaited<typeof answer>): { status: number, body?: string } | undefined => {
      if (!('protocol' in made)) return made
      response.switchProtocol(made.protocol, made.headers)
      return undefined
    }
    if ('protocol' in answer || 'status' in answer) return settle(answer)
    return (answer as Promise<Awaited<typeof answer>>).then(settle)
  }
}

/**
 * Listens for WebSockets.
 *
 * @param endpoint a string, as `tcp:8080` or `tls:443:privateKey=…`, or an endpoint
 * @param factory makes a protocol for each
 * @returns the port, once it listens; `factory.closeAll()` ends what is open with close frames
 * @example
 * listenWebSocket(reactor, 'tcp:8080:interface=127.0.0.1', WebSocketServerFactory.forProtocol(Echo))
 */
export function listenWebSocket(
  reactor: SiteReactor, endpoint: string | IStreamServerEndpoint, factory: WebSocketServerFactory,
  options: ListenWebSocketOptions = {}): Deferred<IListeningPort> {
  const place = typeof endpoint === 'string' ? serverFromString(reactor, endpoint) : endpoint
  return place.listen(new WebSocketSite(factory, { ...options, reactor }))
}
