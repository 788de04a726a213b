/**
 * TLS over whatever another client endpoint connects to.
 *
 * Owns: which name is verified, and when the connection is the protocol's: after the handshake. Must not know: how the
 * connection under it is made, or how TLS is done. Source: twisted.internet.endpoints.wrapClientTLS.
 */
import type { Deferred } from '../defer/index.js'
import type {
  IProtocol, IProtocolFactory, IStreamClientEndpoint, TLSClientOptions,
} from '../interfaces/index.js'
import { TLSHandshakeProtocol } from '../protocols/handover-tls.js'
import { clockOf, keepClock } from './clock.js'
import { connectThrough } from './through.js'

/** An endpoint that speaks TLS over another one. */
export interface TLSOverEndpoint extends IStreamClientEndpoint {
  /**
   * The same, with something between TLS and the endpoint under it: a header that goes out in plain text, say.
   * @param wrap makes the endpoint that takes its place
   */
  over(wrap: (plain: IStreamClientEndpoint) => IStreamClientEndpoint): TLSOverEndpoint
}

/**
 * TLS over a connection that `endpoint` makes: directly, through a proxy, over a UNIX socket or a pipe.
 *
 * The certificate is verified for `tls.serverName`, or for the `host` of the endpoint if that is one to a named host.
 * The Deferred of `connect` fires after the handshake and after the protocol's `connectionMade`, and its
 * `handshakeCompleted` follows; it fails with a TLSError, or with what the endpoint fails with.
 *
 * @throws TypeError when there is no name to verify, and `insecureSkipVerify` is not set
 * @example
 * wrapClientTLS({ alpn: ['h2'] }, new SOCKS5ClientEndpoint(proxy, 'example.com', 443)).connect(factory)
 */
export function wrapClientTLS(tls: TLSClientOptions, endpoint: IStreamClientEndpoint): TLSOverEndpoint {
  if (typeof endpoint?.connect !== 'function') throw new TypeError('wrapClientTLS() takes TLS options and an endpoint')
  const { host } = endpoint as { host?: unknown }
  const serverName = tls.serverName ?? (typeof host === 'string' ? host : undefined)
  if (serverName === undefined && tls.insecureSkipVerify !== true) {
    throw new TypeError('TLS needs a name to verify: set serverName')
  }
  return new TLSEndpoint(serverName === undefined ? tls : { ...tls, serverName }, endpoint)
}

class TLSEndpoint implements TLSOverEndpoint {
  readonly #tls: TLSClientOptions
  readonly #endpoint: IStreamClientEndpoint

  constructor(tls: TLSClientOptions, endpoint: IStreamClientEndpoint) {
    this.#tls = tls
    this.#endpoint = endpoint
    keepClock(this, endpoint)
  }

  over(wrap: (plain: IStreamClientEndpoint) => IStreamClientEndpoint): TLSOverEndpoint {
    return new TLSEndpoint(this.#tls, wrap(this.#endpoint))
  }

  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    return connectThrough({
      endpoint: this.#endpoint,
      factory,
      handshake: (owner) => new TLSHandshakeProtocol(this.#tls, owner, clockOf(this)),
      clock: null,
      timeout: Infinity,
    })
  }
}
