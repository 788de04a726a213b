/**
 * Endpoints over the WebSockets of browsers.
 *
 * A WebSocketStream, where there is one, can be slowed; but that of Chromium 156 now and then loses the last message
 * before the server's close frame, so it is used only where that is asked for.
 *
 * Owns: opening one. Must not know: what is sent.
 */
import type { Deferred } from '../../src/defer/index.js'
import { checkTimeout, keepClock } from '../../src/endpoints/clock.js'
import { connecting } from '../../src/endpoints/connecting.js'
import { ConnectError } from '../../src/errors/index.js'
import type {
  ConnectHandle, ConnectSink, IProtocol, IProtocolFactory, IStreamClientEndpoint,
} from '../../src/interfaces/index.js'
import { addressOf, WebSocketChannel } from '../../src/transports/bridges-websocket.js'
import { CONNECT_TIMEOUT, StreamConnector } from '../../src/transports/index.js'
import type { StreamReactor } from '../../src/transports/index.js'
import { WEBSOCKET_HELD } from '../../src/transports/limits.js'
import { webSocketStreamClass } from './api.js'
import { relayURL } from './tcp.js'
import { WebSocketStreamChannel } from './websocket-stream.js'

/** Options of a {@link WebSocketEndpoint}. */
export interface WebSocketEndpointOptions {
  /** Subprotocols that are offered, the best first. */
  subprotocols?: readonly string[]
  /** For the WebSocket to open; ms, 30 s if not given. */
  timeout?: number
  /**
   * Whether a WebSocketStream is used where there is one; false if not given. It has backpressure. For protocols that
   * know their own end: what a server sends right before it closes may be lost, which is a fault of Chromium's.
   */
  stream?: boolean
}

/** Connects by WebSocket, and speaks bytes over binary messages. */
export class WebSocketEndpoint implements IStreamClientEndpoint {
  readonly #reactor: StreamReactor
  readonly #url: string
  readonly #options: WebSocketEndpointOptions

  /**
   * @param url `wss:` or `ws:`; what has no scheme belongs to the page's own server
   * @throws TypeError, RangeError for what cannot be used
   */
  constructor(reactor: StreamReactor, url: string | URL, options: WebSocketEndpointOptions = {}) {
    checkTimeout(options.timeout ?? 0)
    this.#reactor = reactor
    this.#url = relayURL(url)
    this.#options = { ...options }
    keepClock(this, reactor)
  }

  /**
   * Fires with the protocol once the WebSocket is open; fails with a ConnectError, for which browsers tell no
   * reason.
   */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    const { timeout = CONNECT_TIMEOUT, stream = false } = this.#options
    const open = stream && webSocketStreamClass() !== null ? this.#openStream : this.#openSocket
    return connecting(factory, (client) => {
      const connector = new StreamConnector(this.#reactor, client, addressOf(this.#url), timeout, open.bind(this))
      connector.connect()
      return connector
    })
  }

  #openStream(sink: ConnectSink): ConnectHandle {
    const ws = new (webSocketStreamClass()!)(this.#url, { protocols: [...this.#options.subprotocols ?? []] })
    ws.closed.catch(() => undefined)
    ws.opened.then((opened) => sink.connected(new WebSocketStreamChannel(ws, opened, this.#reactor)),
      (cause: unknown) => sink.failed(new ConnectError('The WebSocket could not be opened.', { cause })))
    return { cancel: () => ws.close() }
  }

  #openSocket(sink: ConnectSink): ConnectHandle {
    const ws = new WebSocket(this.#url, [...this.#options.subprotocols ?? []])
    const channel = new WebSocketChannel(ws, this.#reactor, WEBSOCKET_HELD)
    let isOpen = false
    ws.addEventListener('open', () => {
      isOpen = true
      sink.connected(channel)
    })
    ws.addEventListener('close', () => {
      if (!isOpen) sink.failed(new ConnectError('The WebSocket could not be opened.'))
    })
    return { cancel: () => ws.close() }
  }
}
