/**
 * Endpoints over BroadcastChannels: pages and workers of one origin speak bytes with each other, and find each other by
 * a name.
 *
 *   on <name>            client   ['whorl-connect', id]        id: 128 bits by chance
 *   on <name>/<id>       server   greets with an id of its own   client   greets with that same id
 *
 * Where several listen at one name, the client takes the first that greets, and the others hear that they are not
 * meant.
 * Every page of the origin can listen in. One that goes away without closing is not noticed by the other.
 * Owns: how two meet. Must not know: what makes channels. Source: the project's own; the HTML Standard, 9.5.
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

/** Opens a channel by its name. */
export type OpenBroadcast = (name: string) => MessagePortLike

/** What these ask of a reactor. */
export type BroadcastReactor = StreamReactor & { entropy(length: number): Uint8Array }

/** Options of both. */
export interface BroadcastOptions {
  /** Bytes that may be under way to this side; 262,144 if not given. */
  window?: number
}

/** Options of a client. */
export interface BroadcastClientOptions extends BroadcastOptions {
  /** For an answer; ms, 5 s if not given. Where nobody listens, nobody answers. */
  timeout?: number
}

const CONNECT = 'whorl-connect'
const ID = /^[0-9a-f]{32}$/
const TIMEOUT = 5_000

function addressOf(name: string): IAddress {
  return { family: 'memory', type: 'memory', name: `broadcast:${name}` }
}

function idBy(reactor: BroadcastReactor): string {
  return Array.from(reactor.entropy(16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function checkName(name: string): void {
  if (typeof name !== 'string' || name === '') throw new TypeError('a BroadcastChannel is found by its name')
}

/** Connects to whoever listens by a name. */
export class BroadcastClientBase implements IStreamClientEndpoint {
  readonly #reactor: BroadcastReactor
  readonly #name: string
  readonly #open: OpenBroadcast
  readonly #options: BroadcastClientOptions

  constructor(reactor: BroadcastReactor, name: string, open: OpenBroadcast, options: BroadcastClientOptions = {}) {
    checkName(name)
    checkTimeout(options.timeout ?? 0)
    this.#reactor = reactor
    this.#name = name
    this.#open = open
    this.#options = { ...options }
    keepClock(this, reactor)
  }

  /** Fires with the protocol once there is an answer; fails with TimeoutError where there is none. */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    const { timeout = TIMEOUT } = this.#options
    return connecting(factory, (client) => {
      const connector = new StreamConnector(this.#reactor, client, addressOf(this.#name), timeout,
        (sink) => this.#attempt(sink))
      connector.connect()
      return connector
    })
  }

  #attempt(sink: ConnectSink): ConnectHandle {
    const { window } = this.#options
    const id = idBy(this.#reactor)
    const link = new MessageLink(this.#open(`${this.#name}/${id}`), this.#reactor, {
      ...window === undefined ? {} : { window }, peer: addressOf(this.#name), isShared: true,
      met: (server) => {
        link.greet(server)
        sink.connected(link.channel)
        return true
      },
      missed: () => sink.failed(new ConnectionRefusedError()),
    })
    const meeting = this.#open(this.#name)
    meeting.postMessage([CONNECT, id])
    meeting.close()
    return { cancel: () => link.close() }
  }
}

/** Listens by a name. */
export class BroadcastServerBase implements IStreamServerEndpoint {
  readonly #reactor: BroadcastReactor
  readonly #name: string
  readonly #open: OpenBroadcast
  readonly #options: BroadcastOptions

  constructor(reactor: BroadcastReactor, name: string, open: OpenBroadcast, options: BroadcastOptions = {}) {
    checkName(name)
    this.#reactor = reactor
    this.#name = name
    this.#open = open
    this.#options = { ...options }
    keepClock(this, reactor)
  }

  /** Fires with the port. */
  listen(factory: IProtocolFactory): Deferred<IListeningPort> {
    const address = addressOf(this.#name)
    return listening(() => {
      const port = new StreamPort(this.#reactor, factory, { interface: 'broadcast', port: this.#name, address },
        (sink) => this.#listen(sink, address))
      port.startListening()
      return port
    })
  }

  #listen(sink: ListenSink, address: IAddress): ListenHandle {
    const meeting = this.#open(this.#name)
    let isOpen = true
    meeting.addEventListener('message', ({ data }: { data: unknown }) => {
      const [kind, id] = Array.isArray(data) ? data as unknown[] : []
      if (isOpen && kind === CONNECT && typeof id === 'string' && ID.test(id)) this.#accept(id, sink, address)
    })
    meeting.start?.()
    this.#reactor.queue.post(() => sink.listening(address))
    return {
      close() {
        isOpen = false
        meeting.close()
      },
    }
  }

  /** There is a connection once the client has said that it means this one. */
  #accept(id: string, sink: ListenSink, peer: IAddress): void {
    const { window } = this.#options
    const own = idBy(this.#reactor)
    const link = new MessageLink(this.#open(`${this.#name}/${id}`), this.#reactor, {
      ...window === undefined ? {} : { window }, peer, isShared: true,
      met: (meant) => {
        // Another listener greets, or is meant.
        if (meant !== own) return false
        alarm.cancel()
        sink.accepted(link.channel)
        return true
      },
      missed: () => alarm.cancel(),
      others: () => {
        if (alarm.active()) alarm.cancel()
        link.close()
      },
    })
    const alarm = this.#reactor.callLater(TIMEOUT, () => link.close())
    link.greet(own)
  }
}
