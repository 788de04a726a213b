/**
 * The echo port: sends back what it receives (RFC 862). Owns: that a peer which sends but does not read costs a bounded
 * amount of memory, and one that does nothing a bounded amount of time. Must not know: where it listens.
 */
import { Factory, Protocol, TimeoutMixin } from 'whorl'
import type { IReactorTime } from 'whorl'
import { ECHO_BACKLOG, ECHO_IDLE } from './limits.js'

/** One connection to the echo port. */
export class Echo extends TimeoutMixin(Protocol) {
  override connectionMade(): void {
    this.setTimeout(ECHO_IDLE)
  }

  override dataReceived(data: Uint8Array): void {
    this.resetTimeout()
    this.transport.write(data)
    if (this.transport.writableLength > ECHO_BACKLOG) this.#waitForReader()
  }

  /** It may be idle because it does not read what it asked for, so nothing is waited for here. */
  override timeoutConnection(): void {
    this.transport.abortConnection()
  }

  /** Reads on once the peer has taken what was sent to it. */
  #waitForReader(): void {
    this.transport.pauseProducing()
    // The errback is for a connection that ends meanwhile; `connectionLost` is told of that too.
    this.transport.drain().addCallbacks(() => this.transport.resumeProducing(), () => undefined)
  }
}

/** Makes the echo protocols of one port. */
export class EchoFactory extends Factory {
  readonly #clock: IReactorTime

  constructor(clock: IReactorTime) {
    super()
    this.#clock = clock
  }

  override buildProtocol(): Echo {
    const echo = new Echo()
    echo.clock = this.#clock
    return echo
  }
}
