/**
 * Endpoints over WebSockets: any protocol of bytes, for clients and servers that have nothing but a web port.
 *
 *   client   ws:<host>:<port>[:path=/…][:subprotocol=<name>][:origin=<origin>][:endpoint=<client endpoint>]
 *            [:timeout=<duration>][:bindAddress=<address>]
 *            wss: the same, and what tls: takes
 *            ws://<host>[:<port>]/<path>, wss://…
 *   server   ws:<port>[:path=/…][:subprotocol=<name>][:origins=<origin>,…] and what tcp: takes
 *            wss: the same, and what tls: takes
 *
 * Owns: their fields and options. Must not know: frames, or what the bytes are. `registerWebSocketEndpoints` puts the
 * two prefixes into the table of endpoint strings: importing a module changes nothing.
 */
import { Deferred, maybeDeferred } from '../defer/index.js'
import type { Failure } from '../defer/index.js'
import { clientFromString, registerEndpoint, serverFromString } from '../endpoints/index.js'
import { keepClock } from '../endpoints/clock.js'
import { EndpointFields } from '../endpoints/fields.js'
import type { HostnameReactor } from '../endpoints/hostname.js'
import { innerEndpoint, joinFields } from '../endpoints/nested.js'
import { ConnectError } from '../errors/index.js'
import type { SiteReactor } from '../http/index.js'
import type {
  IAddress, IListeningPort, IProtocol, IProtocolFactory, IStreamClientEndpoint, IStreamServerEndpoint,
} from '../interfaces/index.js'
import type { StreamReactor, StreamTransport } from '../transports/index.js'
import { ByteCarrier } from './byte-stream.js'
import { connectWebSocket, parseURL } from './client.js'
import type { WebSocketClientOptions } from './client.js'
import { WebSocketSite } from './listen.js'
import { WebSocketServerFactory } from './server.js'
import type { WebSocketServerOptions } from './server.js'
import type { WebSocketReactor } from './settings.js'

/** What these endpoints ask of a reactor. */
export type WebSocketEndpointReactor = HostnameReactor & WebSocketReactor & StreamReactor

/** Connects, and speaks bytes over binary messages. */
export class WebSocketClientEndpoint implements IStreamClientEndpoint {
  readonly #reactor: WebSocketEndpointReactor
  readonly #url: string
  readonly #options: WebSocketClientOptions

  /** @param url as `connectWebSocket` takes it; so are the options */
  constructor(reactor: WebSocketEndpointReactor, url: string | URL, options: WebSocketClientOptions = {}) {
    this.#reactor = reactor
    parseURL(url)
    this.#url = String(url)
    this.#options = { ...options }
    keepClock(this, reactor)
  }

  /** Fires with the protocol once the WebSocket is open; fails and is cancelled as `connectWebSocket` is. */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    let isStarted = false
    const stop = (): void => {
      if (isStarted) factory.doStop()
      isStarted = false
    }
    return (maybeDeferred(() => {
      const user = new Unbuilt(factory)
      const carrier = new ByteCarrier(user, this.#reactor, stop)
      const connecting = connectWebSocket(this.#reactor, this.#url, carrier, this.#options)
      isStarted = true
      factory.doStart()
      return connecting.addCallback(() => user.built())
    }) as Deferred<IProtocol>).addErrback((failure: Failure) => {
      stop()
      return failure
    }) as Deferred<IProtocol>
  }
}

/** Stands in the place of a protocol that is built when there is a connection, and whom it is with is known. */
class Unbuilt implements IProtocol {
  readonly #factory: IProtocolFactory
  #made: { protocol: IProtocol } | { error: unknown } | null = null

  constructor(factory: IProtocolFactory) {
    this.#factory = factory
  }

  makeConnection(transport: Parameters<IProtocol['makeConnection']>[0]): void {
    // It is ByteCarrier that has made it.
    const stream = transport as StreamTransport
    try {
      const protocol = this.#factory.buildProtocol(transport.getPeer())
      if (protocol === null) throw new ConnectError('The factory made no protocol for the connection.')
      this.#made = { protocol }
      stream.switchProtocol(protocol)
    } catch (error) {
      this.#made = { error }
      stream.abortConnection()
    }
  }

  /** @throws what building it failed with */
  built(): IProtocol {
    const made = this.#made
    if (made !== null && 'protocol' in made) return made.protocol
    throw made === null ? new ConnectError() : made.error
  }

  connectionMade(): void {}
  dataReceived(): void {}
  connectionLost(): void {}
}

/** Options of a {@link WebSocketServerEndpoint}. */
export interface WebSocketEndpointOptions extends WebSocketServerOptions {
  /** The only path that is a WebSocket; any if not given. */
  path?: string
}

/** Listens for WebSockets, and speaks bytes over binary messages. */
export class WebSocketServerEndpoint implements IStreamServerEndpoint {
  readonly #reactor: SiteReactor & StreamReactor
  readonly #endpoint: IStreamServerEndpoint
  readonly #options: WebSocketEndpointOptions

  /** @param endpoint where connections come in @throws TypeError, RangeError for options that are none */
  constructor(
    reactor: SiteReactor & StreamReactor, endpoint: IStreamServerEndpoint, options: WebSocketEndpointOptions = {}) {
    this.#reactor = reactor
    const { path: _path, ...rest } = options
    // What makes no sense is said at once.
    void new WebSocketServerFactory(rest)
    this.#endpoint = endpoint
    this.#options = { ...options }
    keepClock(this, reactor)
  }

  listen(factory: IProtocolFactory): Deferred<IListeningPort> {
    const { path, ...options } = this.#options
    return maybeDeferred(() => {
      const carriers = new CarrierFactory(factory, this.#reactor, options)
      const site = { reactor: this.#reactor, ...path === undefined ? {} : { path } }
      return this.#endpoint.listen(new WebSocketSite(carriers, site, [factory]))
    }) as Deferred<IListeningPort>
  }
}

class CarrierFactory extends WebSocketServerFactory {
  readonly #factory: IProtocolFactory
  readonly #reactor: StreamReactor

  constructor(factory: IProtocolFactory, reactor: StreamReactor, options: WebSocketServerOptions) {
    super(options)
    this.#factory = factory
    this.#reactor = reactor
  }

  override buildProtocol(address: IAddress): IProtocol | null {
    const user = this.#factory.buildProtocol(address)
    return user === null ? null : new ByteCarrier(user, this.#reactor)
  }
}

const CLIENT_GRAMMAR = ':<host>:<port>[:path=/…][:subprotocol=<name>][:origin=<origin>][:endpoint=<client endpoint>]…'
const SERVER_GRAMMAR = ':<port>[:path=/…][:subprotocol=<name>][:origins=<origin>,…]…'

/**
 * Makes `ws:` and `wss:` endpoint strings known to `clientFromString` and `serverFromString`. Twice does no harm.
 *
 * @example
 * registerWebSocketEndpoints()
 * clientFromString(reactor, 'wss:example.com:443:path=/bytes').connect(factory)
 */
export function registerWebSocketEndpoints(): void {
  for (const prefix of ['ws', 'wss'] as const) {
    registerEndpoint(prefix, {
      client: (reactor: WebSocketEndpointReactor, args, options) => client(prefix, reactor, args, options),
      server: (reactor: SiteReactor & StreamReactor, args, options) => server(prefix, reactor, args, options),
    })
  }
}

type Fields = Record<string, string>

/** Takes some fields out of the others, which are somebody else's. */
function split(options: Fields, own: readonly string[]): [mine: Fields, others: Fields] {
  const mine: Fields = {}
  const others: Fields = {}
  for (const [name, value] of Object.entries(options)) (own.includes(name) ? mine : others)[name] = value
  return [mine, others]
}

function client(
  prefix: 'ws' | 'wss', reactor: WebSocketEndpointReactor, args: string[], options: Record<string, string>) {
  const own = ['path', 'subprotocol', 'origin', 'endpoint']
  if (args[0]?.startsWith('//') === true) {
    const [mine, others] = split(options, own.slice(1))
    const url = `${prefix}:${joinURL(args, others)}`
    const fields = new EndpointFields(prefix + CLIENT_GRAMMAR, [], own.slice(1), [], mine)
    return guarded(fields, () => new WebSocketClientEndpoint(reactor, url, clientOptions(fields, reactor)))
  }
  const [mine, others] = split(options, own)
  const fields = new EndpointFields(prefix + CLIENT_GRAMMAR, ['host', 'port'], own, args, mine)
  const host = fields.required('host')
  const port = fields.port('port')
  const path = fields.optional('path') ?? '/'
  if (!path.startsWith('/')) throw fields.error('path', 'has to begin with a slash')
  const authority = host.includes(':') ? `[${host}]` : host
  const { endpoint: given, ...rest } = clientOptions(fields, reactor)
  // What is written behind belongs to the connection under it.
  const below = (kind: string): IStreamClientEndpoint =>
    clientFromString(reactor, `${kind}:${joinFields([host, String(port)], others)}`)
  const isStandard = prefix === 'wss' ? port === 443 : port === 80
  const headers = { Host: isStandard ? authority : `${authority}:${port}` }
  const endpoint = prefix === 'ws' ? given ?? below('hostname')
    : below(given === undefined ? 'tls' : `tls:endpoint=${mine['endpoint']!.replace(/[\\:=]/g, '\\$&')}`)
  return guarded(fields, () =>
    new WebSocketClientEndpoint(reactor, `ws://${authority}:${port}${path}`, { ...rest, endpoint, headers }))
}

/** The URL whose colons, and perhaps `=`, have made fields of it. */
function joinURL(args: readonly string[], others: Record<string, string>): string {
  const queries = Object.entries(others).map(([name, value]) => `${name}=${value}`)
  return [...args, ...queries].join(':')
}

function clientOptions(fields: EndpointFields, reactor: WebSocketEndpointReactor): WebSocketClientOptions {
  const subprotocol = fields.optional('subprotocol')
  const origin = fields.optional('origin')
  const endpoint = innerEndpoint(fields, 'endpoint', (text) => clientFromString(reactor, text))
  return {
    ...subprotocol === undefined ? {} : { subprotocols: [subprotocol] },
    ...origin === undefined ? {} : { origin },
    ...endpoint === undefined ? {} : { endpoint },
  }
}

function server(
  prefix: 'ws' | 'wss', reactor: SiteReactor & StreamReactor, args: string[], options: Record<string, string>) {
  const own = ['path', 'subprotocol', 'origins']
  const [mine, others] = split(options, own)
  const fields = new EndpointFields(prefix + SERVER_GRAMMAR, ['port'], own, args.slice(0, 1), mine)
  fields.port('port')
  const path = fields.optional('path')
  if (path !== undefined && !path.startsWith('/')) throw fields.error('path', 'has to begin with a slash')
  const subprotocol = fields.optional('subprotocol')
  const origins = fields.list('origins')
  const inner = serverFromString(reactor, `${prefix === 'ws' ? 'tcp' : 'tls'}:${joinFields(args, others)}`)
  return guarded(fields, () => new WebSocketServerEndpoint(reactor, inner, {
    ...path === undefined ? {} : { path },
    ...subprotocol === undefined ? {} : { subprotocols: [subprotocol] },
    ...origins === undefined ? {} : { origins },
  }))
}

/** What cannot be sent or meant is a mistake in the string. */
function guarded<E>(fields: EndpointFields, make: () => E): E {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw fields.error('path', `cannot be used (${error.message})`, error)
  }
}
