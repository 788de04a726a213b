/**
 * openWebSocket: how a tunnel's WebSocket is opened where the host has none of its own: with the package's.
 *
 * Owns: how a WebSocketProtocol is a TunnelSocket. Must not know: the messages.
 */
import type { Failure } from '../defer/index.js'
import { ConnectionDone, ConnectionLost } from '../errors/index.js'
import { connectWebSocket, WebSocketProtocol } from '../websocket/index.js'
import type { WebSocketClientOptions, WebSocketEndpointReactor } from '../websocket/index.js'
import type { TunnelOpener, TunnelSocketSink } from './socket.js'
import { MOST_DATA } from './wire.js'

const NORMAL = 1000

/**
 * For the option `open` of a TunnelClientEndpoint.
 *
 * @param reactor who connects to the relay
 * @param options as `connectWebSocket` takes them: TLS, a proxy, a name for `Origin`
 * @example new TunnelClientEndpoint(reactor, relay, host, port, { open: openWebSocket(reactor) })
 */
export function openWebSocket(
  reactor: WebSocketEndpointReactor, options: Omit<WebSocketClientOptions, 'subprotocols' | 'signal'> = {},
): TunnelOpener {
  return (url, subprotocol, sink) => {
    const protocol = new Carrier(sink)
    const limits = { message: MOST_DATA + 1, ...options.limits }
    const connecting = connectWebSocket(reactor, url, protocol, { ...options, limits, subprotocols: [subprotocol] })
    connecting.addErrback((failure: Failure) => protocol.failed(failure.value as Error))
    return {
      send: (message) => protocol.sendBinary(message),
      close: (code = NORMAL) => {
        protocol.forget()
        if (protocol.connected) protocol.close(code)
        else connecting.cancel()
      },
    }
  }
}

class Carrier extends WebSocketProtocol {
  #sink: TunnelSocketSink | null

  constructor(sink: TunnelSocketSink) {
    super()
    this.#sink = sink
  }

  override connectionMade(): void {
    this.#sink?.opened()
  }

  override binaryReceived(data: Uint8Array): void {
    this.#sink?.message(data)
  }

  override textReceived(): void {
    this.#sink?.message(null)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    const inOrder = reason.value instanceof ConnectionDone && this.closeCode === NORMAL
    const error = reason.value instanceof ConnectionDone
      ? new ConnectionLost(`The WebSocket to the relay was closed with code ${this.closeCode}.`) : reason.value as Error
    this.failed(inOrder ? null : error)
  }

  failed(error: Error | null): void {
    const sink = this.#sink
    this.#sink = null
    sink?.closed(error)
  }

  forget(): void {
    this.#sink = null
  }
}
