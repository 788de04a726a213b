/**
 * FactoryClientEndpoint: connects to a factory of the same program, as if that listened somewhere.
 *
 * For requests that a host has read itself, and that a protocol is to answer all the same. Owns: the two transports
 * that one `connect` makes. Must not know: hosts, and what is spoken.
 */
import type { Deferred } from '../defer/index.js'
import { ConnectionRefusedError } from '../errors/index.js'
import type {
  ConnectHandle, ConnectSink, IAddress, IProtocol, IProtocolFactory, IStreamClientEndpoint,
} from '../interfaces/index.js'
import { captureContext } from '../transports/carrier.js'
import { channelPair } from '../transports/channel-pair.js'
import { CONNECT_TIMEOUT, StreamConnector, StreamTransport } from '../transports/index.js'
import type { StreamReactor } from '../transports/index.js'
import { keepClock } from './clock.js'
import { connecting } from './connecting.js'

const HERE: IAddress = Object.freeze({ family: 'memory', type: 'memory', name: 'here' })

/** Options of a {@link FactoryClientEndpoint}. */
export interface FactoryClientOptions {
  /** Who connects, as the factory's protocols see it. */
  from?: IAddress
  /** Called when a connection of the factory's has ended. */
  ended?: () => void
}

/** Connects to a factory. */
export class FactoryClientEndpoint implements IStreamClientEndpoint {
  readonly #reactor: StreamReactor
  readonly #server: IProtocolFactory
  readonly #from: IAddress
  readonly #ended: () => void

  /** @param server whose protocols are connected to; that it is started is its owner's affair */
  constructor(
    reactor: StreamReactor, server: IProtocolFactory, { from = HERE, ended }: FactoryClientOptions = {}) {
    this.#reactor = reactor
    this.#server = server
    this.#from = from
    this.#ended = ended ?? (() => undefined)
    keepClock(this, reactor)
  }

  /** Fires with the protocol; fails with ConnectionRefusedError when the other factory makes none. */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    return connecting(factory, (client) => {
      const connector = new StreamConnector(this.#reactor, client, HERE, CONNECT_TIMEOUT, (sink) => this.#open(sink))
      connector.connect()
      return connector
    })
  }

  #open(sink: ConnectSink): ConnectHandle {
    let isOver = false
    // Not from inside this call.
    this.#reactor.queue.post(() => {
      if (!isOver) this.#meet(sink)
    })
    return {
      cancel() {
        isOver = true
      },
    }
  }

  #meet(sink: ConnectSink): void {
    let protocol: IProtocol | null = null
    try {
      protocol = this.#server.buildProtocol(this.#from)
    } catch (error) {
      this.#reactor.logFailure('buildProtocol failed', error)
    }
    if (protocol === null) {
      sink.failed(new ConnectionRefusedError('The factory made no protocol.'))
      return
    }
    const [near, far] = channelPair(this.#reactor, this.#from, HERE)
    const owner = { carry: captureContext(), connectionEnded: () => this.#ended() }
    new StreamTransport(this.#reactor, far, owner).start(protocol)
    sink.connected(near)
  }
}
