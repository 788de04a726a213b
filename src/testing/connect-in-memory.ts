/**
 * Two protocols, connected without a host: real transports over two ends of a MemoryChannel.
 *
 * Owns: the little of a reactor that transports need, and the pump that moves bytes when the test says so. Must not
 * know: protocols. Source: twisted.test.iosim.connect, with the transports of this package in place of fake ones.
 */
import { encodeText } from '../core/text.js'
import { Failure } from '../defer/index.js'
import { ConnectionRefusedError } from '../errors/index.js'
import type { IAddress, IProtocol } from '../interfaces/index.js'
import { Logger } from '../logger/index.js'
import { Clock } from '../reactor/clock.js'
import { StreamTransport } from '../transports/index.js'
import type { StreamReactor } from '../transports/index.js'
import { FaultyChannel } from './kit/faulty-channel.js'
import type { ChannelFaults } from './kit/faulty-channel.js'
import { MemoryChannel } from './memory-channel.js'

/** Whatever builds a protocol: any factory. */
export interface ProtocolBuilder<P> {
  buildProtocol(address: IAddress): P | null
}

/** Moves what two connected ends have written. */
export interface Pump {
  /**
   * Moves everything written so far to the other end, once.
   * @returns whether there was anything to move
   */
  pump(): boolean
  /** Pumps until both ends are quiet. @throws Error when they still talk after 100,000 rounds */
  flush(): void
}

/** What {@link connectInMemory} returns. */
export interface MemoryConnection<S, C> {
  readonly server: S
  readonly client: C
  readonly pump: Pump
  /** The time of both ends; a Clock, for protocols that need one. */
  readonly clock: Clock
  /** The two ends as far as things go wrong on them, for what a test breaks by hand. */
  readonly faults: { readonly server: FaultyChannel | null, readonly client: FaultyChannel | null }
}

/** What goes wrong on the two ends of a connection in memory. */
export interface ConnectInMemoryOptions {
  /** On the server's end: with what it receives, and with what it sends. `{}` for what is only broken by hand. */
  server?: ChannelFaults
  /** On the client's. */
  client?: ChannelFaults
}

const MOST_ROUNDS = 100_000

const address = (name: string): IAddress => Object.freeze({ family: 'memory', type: 'memory', name })

/**
 * Connects a protocol of one factory with a protocol of another.
 *
 * The transports are those that carry TCP: what is written leaves at the end of the turn, a reader that pauses slows
 * the writer, and every way to end reaches `connectionLost`. Both `connectionMade` have run when this returns; nothing
 * has moved yet.
 *
 * @param faults what goes wrong; what comes later needs `clock.advance`
 * @throws ConnectionRefusedError when a factory makes no protocol
 * @example
 * const { client, server, pump } = connectInMemory(Factory.forProtocol(Echo), Factory.forProtocol(Recorder))
 * client.transport.write('hello')
 * pump.flush()
 */
export function connectInMemory<S extends IProtocol = IProtocol, C extends IProtocol = IProtocol>(
  serverFactory: ProtocolBuilder<S>, clientFactory: ProtocolBuilder<C>, faults: ConnectInMemoryOptions = {},
): MemoryConnection<S, C> {
  const [serverAddress, clientAddress] = [address('server'), address('client')]
  const server = serverFactory.buildProtocol(clientAddress)
  const client = clientFactory.buildProtocol(serverAddress)
  if (server === null || client === null) throw new ConnectionRefusedError()
  const reactor = new PairReactor()
  const [serverEnd, clientEnd] = MemoryChannel.pair(serverAddress, clientAddress)
  const faulty = (end: MemoryChannel, wanted: ChannelFaults | undefined): FaultyChannel | null =>
    wanted === undefined ? null : new FaultyChannel(end, wanted, reactor.faultClock)
  const [faultyServer, faultyClient] = [faulty(serverEnd, faults.server), faulty(clientEnd, faults.client)]
  new StreamTransport(reactor, faultyServer ?? serverEnd, null).start(server)
  new StreamTransport(reactor, faultyClient ?? clientEnd, null).start(client)
  const pump = (): boolean => {
    // Not short-circuited: each round gives each part its turn.
    const parts = [reactor.turn(), serverEnd.step(), clientEnd.step(), reactor.turn()]
    return parts.includes(true)
  }
  const flush = (): void => {
    for (let round = 0; pump(); round++) {
      if (round === MOST_ROUNDS) throw new Error(`The two ends still talk after ${MOST_ROUNDS} rounds`)
    }
  }
  const broken = { server: faultyServer, client: faultyClient }
  return { server, client, pump: { pump, flush }, clock: reactor, faults: broken }
}

/** What transports ask of a reactor, and nothing else. */
class PairReactor extends Clock implements StreamReactor {
  readonly host = {
    encode: (text: string): Uint8Array => encodeText(text),
    allocate: (length: number): Uint8Array => new Uint8Array(length),
  }
  readonly queue = {
    post: (fn: () => void): void => {
      this.#posted.push(fn)
    },
  }
  /** What is put off by nothing happens at the next pump, and not only when time moves. */
  readonly faultClock = {
    now: (): number => this.now(),
    callLater: (ms: number, fn: () => void): void => {
      if (ms === 0) this.queue.post(fn)
      else this.callLater(ms, fn)
    },
  }
  readonly #log = new Logger('testing')
  readonly #transports = new Set<StreamTransport>()
  #posted: (() => void)[] = []
  #dirty: { flush(): void }[] = []
  #depth = 0

  enter(): void {
    this.#depth += 1
  }

  exit(): void {
    if (this.#depth === 1) {
      // Grows while it is walked: what is written during a flush belongs to the same turn.
      for (const target of this.#dirty) target.flush()
      this.#dirty = []
    }
    this.#depth -= 1
  }

  flushLater(target: { flush(): void }): void {
    this.#dirty.push(target)
  }

  /** Runs what was put off, and hands over what was written. @returns whether there was anything */
  turn(): boolean {
    const posted = this.#posted
    const didAnything = posted.length > 0 || this.#dirty.length > 0
    this.#posted = []
    this.enter()
    for (const fn of posted) fn()
    this.exit()
    return didAnything
  }

  logFailure(message: string, reason: unknown): void {
    this.#log.failure(message, new Failure(reason))
  }

  addTransport(transport: StreamTransport): number {
    this.#transports.add(transport)
    return this.#transports.size
  }

  removeTransport(transport: StreamTransport): void {
    this.#transports.delete(transport)
  }

  openTransports(): StreamTransport[] {
    return [...this.#transports]
  }

  // Ports and connectors do not occur here.
  addPort(): void {}
  removePort(): void {}
  addConnector(): void {}
  removeConnector(): void {}
}
