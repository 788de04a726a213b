/**
 * Listening and connecting over TLS, made of a way to do so without it.
 *
 * Owns: what `listenSSL` and `connectSSL` put around a host's sockets. Must not know: ports, connectors, which kind of
 * sockets. Source: twisted.internet.interfaces.IReactorSSL.
 */

import type { TLSHost } from '../interfaces/tls-host.js'
import type { ITLSServerContext, TLSClientOptions, TLSServerOptions } from '../interfaces/tls.js'
import { connectSecurely, listenSecurely } from './tls-handshakes.js'
import type { OpenConnection, OpenListener } from './tls-handshakes.js'
import { HANDSHAKES } from './tls-limits.js'
import { checkClientOptions, isServerContext } from './tls-options.js'
import { serverHandle, serverOptions } from './tls-server-context.js'
import { snapshot } from './tls-snapshot.js'

/**
 * Makes a way to listen that takes connections whose handshake is done.
 *
 * @throws TLSOptionsError
 */
export function secureListener(
  host: TLSHost, tls: TLSServerOptions | ITLSServerContext): (open: OpenListener) => OpenListener {
  const handle = serverHandle(host, tls)
  const source = isServerContext(tls) ? tls : snapshot(tls)
  const limit = (): number => serverOptions(source).maxHandshakes ?? HANDSHAKES
  return (open) => (sink) => listenSecurely(open, sink, host, handle, limit)
}

/**
 * Makes a way to connect that has succeeded when the handshake is done.
 *
 * @param destination host and port, for the name to verify and to keep sessions under
 * @throws TLSOptionsError
 */
export function secureConnection(
  host: TLSHost, tls: TLSClientOptions, destination: { host: string, port: number | string },
): (open: OpenConnection) => OpenConnection {
  checkClientOptions(tls)
  const options = snapshot(tls)
  const name = options.serverName ?? destination.host
  const key = sessionKey(name, destination)
  return (open) => (sink) => connectSecurely(open, sink, host, options, name, key)
}

/** What a client does that was given no options; one object, so that one context of the host's serves all. */
export const NO_OPTIONS: TLSClientOptions = Object.freeze({})

/** Under which name a client keeps its sessions with a server. */
export function sessionKey(name: string, destination: { port?: number | string }): string {
  return `${name}:${destination.port ?? ''}`
}
