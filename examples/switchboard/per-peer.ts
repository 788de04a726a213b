/**
 * A limit on connections per peer that says why it refuses. Owns: what the refused are told. Must not know: what the
 * others are served; that is the wrapped factory's.
 */
import { LimitConnectionsByPeer, Protocol } from 'whorl'
import type { IAddress, IProtocol, IProtocolFactory } from 'whorl'

/** Says one line and hangs up. */
class Refusal extends Protocol {
  readonly #line: string

  constructor(line: string) {
    super()
    this.#line = line
  }

  override connectionMade(): void {
    this.transport.write(this.#line)
    this.transport.loseConnection()
  }
}

/** Serves at most `most` connections of one address at a time. */
export class PerPeerLimit extends LimitConnectionsByPeer {
  constructor(wrapped: IProtocolFactory, most: number) {
    super(wrapped)
    this.maxConnectionsPerPeer = most
  }

  override buildProtocol(address: IAddress): IProtocol {
    const served = super.buildProtocol(address)
    if (served !== null) return served
    return new Refusal(`Too many connections from your address; at most ${this.maxConnectionsPerPeer}. Goodbye.\r\n`)
  }
}
