/**
 * The far ends of PEERS as whorl protocols, for ways whose far end is in a host itself: UNIX sockets, ports of pages,
 * pairs in memory. The lab's, over node:net, are in test/hosts/runner/lab-peers.ts.
 *
 * Must not know: any host. On ways that cannot close one direction, "its end" is the end of all.
 */
import { CancelledError, ConnectingCancelledError, Factory, Protocol } from 'whorl'
import type {
  IListeningPort, IProtocol, IProtocolFactory, IReactorTime, IStreamClientEndpoint, IStreamServerEndpoint, Reactor,
} from 'whorl'
import { pattern } from './checks.js'
import type { PeerName } from './contract.js'

const SOURCE_LENGTH = 1_048_576
const DEAF_MS = 1000

/** The default when the other end closes, sending what is left and closing, is what an echo does. */
class Echo extends Protocol {
  override connectionMade(): void {
    // Whoever sends but does not read is read no further.
    this.transport.registerProducer(this.transport, true)
  }

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data)
  }
}

class Greet extends Echo {
  override connectionMade(): void {
    super.connectionMade()
    this.transport.write('hello\r\n')
  }
}

class Discard extends Protocol {
  #count = 0

  override dataReceived(data: Uint8Array): void {
    this.#count += data.length
  }

  readConnectionLost(): void {
    this.transport.write(String(this.#count))
    this.transport.loseConnection()
  }

  writeConnectionLost(): void {}
}

class Deaf extends Discard {
  readonly #clock: IReactorTime

  constructor(clock: IReactorTime) {
    super()
    this.#clock = clock
  }

  override connectionMade(): void {
    this.transport.pauseProducing()
    this.#clock.callLater(DEAF_MS, () => {
      if (this.connected) this.transport.resumeProducing()
    })
  }
}

/** Ends its side at once, then reads on until the other end. */
class Half extends Protocol {
  override connectionMade(): void {
    this.transport.loseWriteConnection()
  }

  readConnectionLost(): void {
    this.transport.loseConnection()
  }

  writeConnectionLost(): void {}
}

class Source extends Half {
  override connectionMade(): void {
    this.transport.write(pattern(SOURCE_LENGTH))
    this.transport.loseWriteConnection()
  }
}

/** Where one direction cannot be closed: sends, and ends. */
class SourceThenEnd extends Protocol {
  override connectionMade(): void {
    this.transport.write(pattern(SOURCE_LENGTH))
    this.transport.loseConnection()
  }
}

class Close extends Protocol {
  override connectionMade(): void {
    this.transport.loseConnection()
  }
}

class Reset extends Protocol {
  override dataReceived(): void {
    this.transport.abortConnection()
  }
}

class Trickle extends Protocol {
  readonly #clock: IReactorTime

  constructor(clock: IReactorTime) {
    super()
    this.#clock = clock
  }

  override connectionMade(): void {
    this.#send(0)
  }

  #send(byte: number): void {
    if (!this.connected) return
    if (byte === 256) {
      this.transport.loseConnection()
      return
    }
    this.transport.write(Uint8Array.of(byte))
    this.#clock.callLater(1, () => this.#send(byte + 1))
  }
}

/** Makes far ends of one behaviour. */
export class PeerFactory extends Factory {
  readonly #make: () => IProtocol

  /**
   * @param clock of the host that the far end is in
   * @param halfClose whether the way can close one direction
   */
  constructor(clock: IReactorTime, peer: PeerName, halfClose = true) {
    super()
    const classes: Record<PeerName, () => IProtocol> = {
      echo: () => new Echo(),
      discard: () => new Discard(),
      source: () => halfClose ? new Source() : new SourceThenEnd(),
      deaf: () => new Deaf(clock),
      greet: () => new Greet(),
      half: () => halfClose ? new Half() : new Close(),
      close: () => new Close(),
      reset: () => new Reset(),
      trickle: () => new Trickle(clock),
    }
    this.#make = classes[peer]
  }

  override buildProtocol(): IProtocol {
    return this.#make()
  }
}

/** A server in the same host, and how it is reached. */
export interface LocalServer {
  readonly endpoint: IStreamServerEndpoint
  readonly client: (port: number) => IStreamClientEndpoint
}

/** An endpoint that, each time, listens with a peer in this host, connects to it, and stops listening. */
export function peerInHost(reactor: Reactor, server: LocalServer, peer: PeerName, halfClose = true): IStreamClientEndpoint {
  return {
    connect: (factory: IProtocolFactory) => server.endpoint.listen(new PeerFactory(reactor, peer, halfClose))
      .addCallback((port: IListeningPort) => server.client(portOf(port)).connect(factory)
        .addBoth((result: unknown) => {
          const stopped = port.stopListening()
          return stopped === undefined ? result : stopped.addCallback(() => result)
        }))
      .addErrback((failure) => {
        // Cancelled while it listened: for whoever connects that is part of the attempt.
        throw failure.check(CancelledError) === null ? failure.value : new ConnectingCancelledError()
      }) as ReturnType<IStreamClientEndpoint['connect']>,
  }
}

/** The number of a port; 0 where ports have none. */
export function portOf(port: IListeningPort): number {
  const { port: number } = port.getHost() as { port?: unknown }
  return typeof number === 'number' ? number : 0
}
