/**
 * Endpoints over MessagePorts: a worker, a page and a service worker speak bytes with each other.
 *
 *   client   makes a channel, and posts ['whorl-connect', name] with one of its ports to the target
 *   server   hears that on its own target, and greets on the port
 *
 * Owns: how two ports meet. Must not know: who the target is; anything that posts or hears messages will do.
 * Source: the project's own; the HTML Standard's cross-document and channel messaging.
 */
import type { Deferred } from '../defer/index.js'
import { ConnectionRefusedError } from '../errors/index.js'
import type {
  ConnectHandle, ConnectSink, IAddress, IListeningPort, IProtocol, IProtocolFactory, IStreamClientEndpoint,
  IStreamServerEndpoint, ListenHandle, ListenSink,
} from '../interfaces/index.js'
import { StreamConnector, StreamPort } from '../transports/index.js'
import type { StreamReactor } from '../transports/index.js'
import { MessageLink } from '../transports/message-link.js'
import type { MessagePortLike } from '../transports/message-link.js'
import { checkTimeout, keepClock } from './clock.js'
import { connecting } from './connecting.js'
import { listening } from './listening.js'
import { CONNECT_TIMEOUT } from './tcp-client.js'

/** Where a port is sent to: a Worker, a ServiceWorker, a Window, another MessagePort. */
export interface MessageTargetLike {
  // Overloaded in as many ways as there are targets; all take options with `transfer`, windows `targetOrigin` as well.
  postMessage(message: any, options: any): void
}

/** Where ports come from: a worker's global scope, a Worker, a window, `navigator.serviceWorker`, a MessagePort. */
export interface MessageSourceLike {
  addEventListener(type: 'message', listener: (event: any) => void): void
  removeEventListener(type: 'message', listener: (event: any) => void): void
  start?(): void
  /** A service that has hands out ports, a MessagePort has not. */
  startMessages?(): void
}

/** What messages look like. */
interface Heard {
  readonly data: unknown
  readonly ports: readonly MessagePortLike[]
  readonly origin?: string
}

const CONNECT = 'whorl-connect'

/** Options of both. */
export interface MessagePortOptions {
  /** Tells several listeners at one target from each other; '' if not given. */
  name?: string
  /** Bytes that may be under way to this side; 262,144 if not given. */
  window?: number
}

/** Options of a client. */
export interface MessagePortClientOptions extends MessagePortOptions {
  /** For an answer; ms, 30 s if not given. Where nobody listens, nobody answers. */
  timeout?: number
  /** Whose a window must be; its own if not given. Of nothing else. */
  targetOrigin?: string
}

/** Options of a server. */
export interface MessagePortServerOptions extends MessagePortOptions {
  /** Whether pages of another origin may connect; none may if not given. What comes from workers has no origin. */
  accepts?: (origin: string) => boolean
}

/** Makes the two ends of a channel. */
export type MakeChannel = () => { readonly port1: MessagePortLike, readonly port2: MessagePortLike }

function addressOf(name: string): IAddress {
  return { family: 'memory', type: 'memory', name: name === '' ? 'message-port' : `message-port:${name}` }
}

/** Connects to whoever listens at a target. */
export class MessagePortClientBase implements IStreamClientEndpoint {
  readonly #reactor: StreamReactor
  readonly #target: MessageTargetLike
  readonly #makeChannel: MakeChannel
  readonly #options: MessagePortClientOptions

  constructor(
    reactor: StreamReactor, target: MessageTargetLike, makeChannel: MakeChannel,
    options: MessagePortClientOptions = {}) {
    if (typeof target?.postMessage !== 'function') throw new TypeError('the target has no method postMessage()')
    checkTimeout(options.timeout ?? 0)
    this.#reactor = reactor
    this.#target = target
    this.#makeChannel = makeChannel
    this.#options = { ...options }
    keepClock(this, reactor)
  }

  /** Fires with the protocol once there is an answer; fails with ConnectionRefusedError or TimeoutError. */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    const { name = '', timeout = CONNECT_TIMEOUT } = this.#options
    return connecting(factory, (client) => {
      const connector = new StreamConnector(this.#reactor, client, addressOf(name), timeout, (sink) => this.#open(sink))
      connector.connect()
      return connector
    })
  }

  #open(sink: ConnectSink): ConnectHandle {
    const { name = '', window, targetOrigin } = this.#options
    const { port1, port2 } = this.#makeChannel()
    const link = new MessageLink(port1, this.#reactor, {
      ...window === undefined ? {} : { window }, peer: addressOf(name),
      met: () => {
        link.greet()
        sink.connected(link.channel)
        return true
      },
      missed: (isRefused) => sink.failed(isRefused ? new ConnectionRefusedError() : new ConnectionRefusedError(
        'What answers does not speak the protocol of MessagePorts.')),
    })
    this.#target.postMessage([CONNECT, name],
      { transfer: [port2], ...targetOrigin === undefined ? {} : { targetOrigin } })
    return { cancel: () => link.close() }
  }
}

/** Listens at a source of messages. */
export class MessagePortServerBase implements IStreamServerEndpoint {
  readonly #reactor: StreamReactor
  readonly #source: MessageSourceLike
  readonly #options: MessagePortServerOptions

  constructor(reactor: StreamReactor, source: MessageSourceLike, options: MessagePortServerOptions = {}) {
    if (typeof source?.addEventListener !== 'function') {
      throw new TypeError('the source has no method addEventListener()')
    }
    this.#reactor = reactor
    this.#source = source
    this.#options = { ...options }
    keepClock(this, reactor)
  }

  /** Fires with the port. */
  listen(factory: IProtocolFactory): Deferred<IListeningPort> {
    const { name = '' } = this.#options
    const address = addressOf(name)
    return listening(() => {
      const port = new StreamPort(this.#reactor, factory, { interface: 'message-port', port: name, address },
        (sink) => this.#open(sink, address))
      port.startListening()
      return port
    })
  }

  #open(sink: ListenSink, address: IAddress): ListenHandle {
    const { name = '', window, accepts } = this.#options
    const heard = ({ data, ports, origin = '' }: Heard): void => {
      const [kind, wanted] = Array.isArray(data) ? data as unknown[] : []
      const port = ports?.[0]
      if (kind !== CONNECT || wanted !== name || port === undefined) return
      const link = new MessageLink(port, this.#reactor, { ...window === undefined ? {} : { window }, peer: address })
      if (origin !== '' && accepts?.(origin) !== true) {
        link.refuse()
        return
      }
      link.greet()
      sink.accepted(link.channel)
    }
    this.#source.addEventListener('message', heard)
    this.#source.start?.()
    this.#source.startMessages?.()
    this.#reactor.queue.post(() => sink.listening(address))
    return { close: () => this.#source.removeEventListener('message', heard) }
  }
}
