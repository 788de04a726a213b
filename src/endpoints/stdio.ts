/**
 * An endpoint over this program's standard input and output, for both sides: it "listens" for one connection, which is
 * there already, or connects to whoever started the program.
 *
 * Owns: the port of that one connection. Must not know: hosts.
 * Source: twisted.internet.endpoints.StandardIOEndpoint.
 */
import { Deferred, fail, succeed } from '../defer/index.js'
import { CannotListenError, ConnectError, NotSupportedError } from '../errors/index.js'
import type {
  IAddress, IListeningPort, IProtocol, IProtocolFactory, IStreamClientEndpoint, IStreamServerEndpoint, IReactorTime,
} from '../interfaces/index.js'
import { StreamTransport } from '../transports/index.js'
import type { StandardIOReactor } from '../transports/stdio.js'
import { keepClock } from './clock.js'

/** Standard input and output as a place to listen at, or to connect to. Once in the life of a program. */
export class StandardIOEndpoint implements IStreamServerEndpoint, IStreamClientEndpoint {
  readonly #reactor: StandardIOReactor

  /** @param reactor one of a host that has standard input and output */
  constructor(reactor: object) {
    keepClock(this, reactor)
    this.#reactor = reactor as StandardIOReactor
  }

  /**
   * Connects a protocol of the factory at once.
   * @returns fires with a port that takes no further connection; fails with NotSupportedError, StandardIOTaken
   */
  listen(factory: IProtocolFactory): Deferred<IListeningPort> {
    try {
      return succeed(new StandardIOPort(this.#reactor, open(this.#reactor, factory))) as Deferred<IListeningPort>
    } catch (error) {
      return fail(error) as Deferred<IListeningPort>
    }
  }

  /** Fires with the protocol; fails with NotSupportedError, StandardIOTaken. */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    try {
      return succeed(open(this.#reactor, factory).protocol) as Deferred<IProtocol>
    } catch (error) {
      return fail(error) as Deferred<IProtocol>
    }
  }
}

/** The one connection. */
interface Opened {
  transport: StreamTransport
  protocol: IProtocol
  ended: Deferred<void>
}

function open(reactor: StandardIOReactor, factory: IProtocolFactory): Opened {
  if (typeof reactor.openStandardIO !== 'function') {
    throw new NotSupportedError('this reactor', 'standard input and output')
  }
  const channel = reactor.openStandardIO()
  factory.doStart()
  let protocol: IProtocol | null
  try {
    protocol = factory.buildProtocol(channel.peer)
    if (protocol === null) throw new ConnectError('The factory made no protocol for standard input and output.')
  } catch (error) {
    channel.close(false)
    factory.doStop()
    throw error
  }
  const ended = new Deferred<void>()
  const transport = new StreamTransport(reactor, channel, {
    connectionEnded: () => {
      ended.callback(undefined)
      factory.doStop()
    },
  })
  transport.start(protocol)
  return { transport, protocol, ended }
}

/** A port whose one connection came in before it was there. */
class StandardIOPort implements IListeningPort {
  readonly ready: Deferred<IListeningPort>
  readonly #reactor: IReactorTime
  readonly #transport: StreamTransport
  readonly #ended: Deferred<void>
  #stopped = false

  constructor(reactor: IReactorTime, { transport, ended }: Opened) {
    this.#reactor = reactor
    this.#transport = transport
    this.#ended = ended
    this.ready = succeed<IListeningPort>(this)
  }

  /** @throws CannotListenError always: there is one standard input */
  startListening(): void {
    throw new CannotListenError('', 'stdio')
  }

  /** The connection stays. */
  stopListening(): Deferred<void> | undefined {
    if (this.#stopped) return undefined
    this.#stopped = true
    return succeed()
  }

  /** Waits for the connection to end, and aborts it at the deadline. */
  drain(deadlineMs: number): Deferred<void> {
    this.#stopped = true
    if (this.#ended.called) return succeed()
    const deadline = this.#reactor.callLater(deadlineMs, () => this.#transport.abortConnection())
    const done = new Deferred<void>()
    this.#ended.addCallback(() => {
      if (deadline.active()) deadline.cancel()
      done.callback(undefined)
    })
    return done
  }

  getHost(): IAddress {
    return this.#transport.getHost()
  }
}
