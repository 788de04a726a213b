/**
 * TunnelClientEndpoint: connects to a TCP port through a relay, and `tunnel:` endpoint strings.
 *
 *   client   tunnel:<relay URL>:<host>:<port>[:token=<secret>][:timeout=<duration>]
 *
 * The colons of the URL are escaped: tunnel:wss\://relay.example/tunnel:irc.example:6667
 * Owns: options, fields. Must not know: messages. Source: the project's own; the shape is that of TCP4ClientEndpoint.
 */
import type { Deferred } from '../defer/index.js'
import { checkTimeout, keepClock } from '../endpoints/clock.js'
import { connecting } from '../endpoints/connecting.js'
import { EndpointFields, given } from '../endpoints/fields.js'
import { registerEndpoint } from '../endpoints/index.js'
import type {
  ConnectHandle, ConnectSink, IProtocol, IProtocolFactory, IStreamClientEndpoint,
} from '../interfaces/index.js'
import { checkPort, CONNECT_TIMEOUT, StreamConnector, tcpAddress } from '../transports/index.js'
import type { StreamReactor } from '../transports/index.js'
import { openTunnel } from './attempt.js'
import type { TunnelOptions, TunnelReactor } from './attempt.js'
import { LEAST_WINDOW, MOST_HOST, MOST_TOKEN } from './wire.js'

/** Options of a {@link TunnelClientEndpoint}. */
export interface TunnelEndpointOptions extends TunnelOptions {
  /** For the WebSocket, and the connection that the relay makes; ms, 30 s if not given. */
  timeout?: number
}

/** Connects to a TCP port that a relay reaches. */
export class TunnelClientEndpoint implements IStreamClientEndpoint {
  /** Whom it connects to. */
  readonly host: string
  readonly #reactor: StreamReactor & TunnelReactor
  readonly #relay: string
  readonly #port: number
  readonly #options: TunnelOptions
  readonly #timeout: number

  /**
   * @param relay the URL of its WebSocket, `ws:` or `wss:`
   * @param host a name, which the relay resolves, or an address
   * @throws TypeError, RangeError for what cannot be sent
   * @example new TunnelClientEndpoint(reactor, 'wss://relay.example/tunnel', 'irc.example', 6667, { token })
   */
  constructor(
    reactor: StreamReactor & TunnelReactor, relay: string | URL, host: string, port: number,
    options: TunnelEndpointOptions = {}) {
    const { timeout = CONNECT_TIMEOUT, ...rest } = options
    checkPort(port)
    checkTimeout(timeout)
    checkTunnel(String(relay), host, rest)
    this.host = host
    this.#reactor = reactor
    this.#relay = String(relay)
    this.#port = port
    this.#options = rest
    this.#timeout = timeout
    keepClock(this, reactor)
  }

  /** Fires with the protocol once the relay has connected; fails as a TCP connection does, or with a ProxyError. */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    const destination = { host: this.host, port: this.#port }
    const open = (sink: ConnectSink): ConnectHandle =>
      openTunnel(this.#reactor, this.#relay, destination, this.#options, sink)
    return connecting(factory, (client) => {
      const address = tcpAddress(this.host, this.#port)
      const connector = new StreamConnector(this.#reactor, client, address, this.#timeout, open)
      connector.connect()
      return connector
    })
  }
}

/** @throws TypeError, RangeError for what no tunnel can be made with */
export function checkTunnel(relay: string, host: string, { token = '', window, open }: TunnelOptions): void {
  if (!/^wss?:\/\/[^/]/i.test(relay)) {
    throw new TypeError(`a relay has a URL such as wss://relay.example/, not "${relay}"`)
  }
  if (typeof host !== 'string' || host === '' || host.length > MOST_HOST) throw new TypeError('a host has a name')
  if (typeof token !== 'string') throw new TypeError('a token is text')
  if (token.length > MOST_TOKEN) throw new RangeError(`a token has ${MOST_TOKEN} bytes at most`)
  if (open !== undefined && typeof open !== 'function') throw new TypeError('open is a function')
  if (window !== undefined && !(Number.isInteger(window) && window >= LEAST_WINDOW && window < 2 ** 31)) {
    throw new RangeError(`a window has ${LEAST_WINDOW} bytes or more`)
  }
}

const GRAMMAR = 'tunnel:<relay URL>:<host>:<port>[:token=<secret>][:timeout=<duration>]'

/**
 * Makes `tunnel:` endpoint strings known to `clientFromString`. Twice does no harm.
 * @param options for all of them: how WebSockets are opened
 * @example
 * registerTunnelEndpoints()
 * clientFromString(reactor, 'tunnel:wss\\://relay.example/tunnel:irc.example:6667').connect(factory)
 */
export function registerTunnelEndpoints(options: Pick<TunnelOptions, 'open' | 'window'> = {}): void {
  registerEndpoint('tunnel', {
    client(reactor: StreamReactor & TunnelReactor, args, named): IStreamClientEndpoint {
      const fields = new EndpointFields(GRAMMAR, ['relay', 'host', 'port'], ['token', 'timeout'], args, named)
      const [relay, host, port] = [fields.required('relay'), fields.required('host'), fields.port('port')]
      const rest = { ...given('token', fields.optional('token')), ...given('timeout', fields.duration('timeout')) }
      try {
        return new TunnelClientEndpoint(reactor, relay, host, port, { ...options, ...rest })
      } catch (error) {
        throw fields.error('relay', `cannot be used (${(error as Error).message})`, error)
      }
    },
  })
}
