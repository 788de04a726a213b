/**
 * Client endpoints that connect through a proxy: SOCKS5, and HTTP's CONNECT.
 *
 * Owns: their options, and what their protocols are told of the two ends. Must not know: the handshakes, or how the
 * proxy is reached. Source: RFC 1928, RFC 1929, RFC 9110 section 9.3.6.
 */
import type { Deferred } from '../defer/index.js'
import type {
  IAddress, IProtocol, IProtocolFactory, IReactorTime, IStreamClientEndpoint, TCPAddress,
} from '../interfaces/index.js'
import { HandshakeProtocol } from '../protocols/handover.js'
import type { Handshake } from '../protocols/handover.js'
import { HTTPConnectHandshake } from '../protocols/http-connect.js'
import { SOCKS5Handshake } from '../protocols/socks.js'
import type { ProxyCredentials } from '../protocols/socks.js'
import { checkPort, tcpAddress } from '../transports/address.js'
import { checkTimeout, clockOf, keepClock } from './clock.js'
import { connectThrough } from './through.js'

/** How long a proxy may take to answer, ms; it connects meanwhile, and most systems give up after two minutes. */
const PROXY_TIMEOUT = 30_000

/** Options of {@link SOCKS5ClientEndpoint} and {@link HTTPConnectClientEndpoint}. */
export interface ProxyEndpointOptions {
  /** How long the proxy may take from the connection to its last answer, ms; 30,000 if not given, Infinity for ever. */
  timeout?: number
  /** Whose time that is; the proxy endpoint's reactor if not given. An endpoint of your own has none: set it then. */
  clock?: IReactorTime
}

/** What the two have in common. */
class ProxyClientEndpoint implements IStreamClientEndpoint {
  /** Where the proxy is to connect to. */
  readonly host: string
  readonly #port: number
  readonly #proxy: IStreamClientEndpoint
  readonly #handshake: () => Handshake<unknown>
  readonly #timeout: number
  readonly #clock: IReactorTime | null

  constructor(proxy: IStreamClientEndpoint, host: string, port: number, options: ProxyEndpointOptions,
    handshake: () => Handshake<unknown>) {
    if (typeof proxy?.connect !== 'function') throw new TypeError('a proxy is reached through a client endpoint')
    checkPort(port)
    const { timeout = PROXY_TIMEOUT, clock } = options
    checkTimeout(timeout)
    // What no handshake can say is said at once.
    handshake()
    this.#clock = clock ?? clockOf(proxy)
    keepClock(this, this.#clock)
    this.host = host
    this.#port = port
    this.#proxy = proxy
    this.#handshake = handshake
    this.#timeout = timeout
  }

  /**
   * Fires with the protocol once the proxy has connected. Fails with a ProxyError that says why it did not, with
   * TimeoutError, or with what the endpoint of the proxy fails with; cancelling gives up at any stage.
   */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    const peer: TCPAddress = tcpAddress(this.host, this.#port)
    return connectThrough<unknown>({
      endpoint: this.#proxy,
      factory,
      handshake: (owner) => new HandshakeProtocol(this.#handshake(), owner),
      clock: this.#clock,
      timeout: this.#timeout,
      // Whom the protocol speaks with, not who carries it.
      ends: (): { peer: IAddress } => ({ peer }),
    })
  }
}

/**
 * Connects through a SOCKS5 proxy.
 *
 * @example
 * const proxy = new TCP4ClientEndpoint(reactor, '127.0.0.1', 1080)
 * new SOCKS5ClientEndpoint(proxy, 'example.com', 80, { username: 'me', password: 'secret' }).connect(factory)
 */
export class SOCKS5ClientEndpoint extends ProxyClientEndpoint {
  /**
   * @param proxyEndpoint how to reach the proxy
   * @param host a name, which the proxy resolves, or an address of either family
   * @param auth for proxies that ask who one is; sent in plain text
   * @throws TypeError for a host, username or password of more than 255 bytes; RangeError for what is no port
   */
  constructor(proxyEndpoint: IStreamClientEndpoint, host: string, port: number, auth: ProxyCredentials | null = null,
    options: ProxyEndpointOptions = {}) {
    super(proxyEndpoint, host, port, options, () => new SOCKS5Handshake(host, port, auth))
  }
}

/**
 * Connects through an HTTP proxy, with CONNECT.
 *
 * @example
 * const proxy = new TCP4ClientEndpoint(reactor, '127.0.0.1', 8888)
 * wrapClientTLS({}, new HTTPConnectClientEndpoint(proxy, 'example.com', 443)).connect(factory)
 */
export class HTTPConnectClientEndpoint extends ProxyClientEndpoint {
  /**
   * @param proxyEndpoint how to reach the proxy
   * @param host a name, which the proxy resolves, or an address of either family
   * @param auth sent as Basic credentials, which everybody on the way to the proxy can read
   * @throws TypeError for a host or credentials that a request cannot carry; RangeError for what is no port
   */
  constructor(proxyEndpoint: IStreamClientEndpoint, host: string, port: number, auth: ProxyCredentials | null = null,
    options: ProxyEndpointOptions = {}) {
    super(proxyEndpoint, host, port, options, () => new HTTPConnectHandshake(host, port, auth))
  }
}
