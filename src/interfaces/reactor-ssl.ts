/**
 * Reactors that can listen and connect over TLS.
 *
 * Source: twisted.internet.interfaces.IReactorSSL. Unlike there, a protocol is made and connected after the handshake:
 * a handshake that fails is an attempt that fails, or a connection that never came in.
 */

import type { TCPAddress } from './address.js'
import type { IConnector } from './connector.js'
import type { IClientFactory, IProtocolFactory } from './factory.js'
import type { IListeningPort } from './listening-port.js'
import type { ConnectTCPOptions, ListenTCPOptions } from './reactor-tcp.js'
import type { ITLSServerContext, TLSClientOptions, TLSServerOptions } from './tls.js'

/** TLS over TCP. */
export interface IReactorSSL {
  /** @throws TLSOptionsError, and what `listenTCP` throws */
  listenSSL(port: number, factory: IProtocolFactory, tls: TLSServerOptions | ITLSServerContext,
    options?: ListenTCPOptions): IListeningPort<TCPAddress>
  /** Verifies the certificate and `tls.serverName ?? host`. The timeout covers the handshake. */
  connectSSL(host: string, port: number, factory: IClientFactory, tls?: TLSClientOptions,
    options?: ConnectTCPOptions): IConnector
}
