/**
 * A limit on connections per peer that says why it refuses. Owns: what the refused are told, and that what passed on a
 * connection is not forgotten with it. Must not know: what the others are served; that is the wrapped factory's.
 */
import { LimitConnectionsByPeer, Protocol } from 'whorl'
import type { Failure, IAddress, IProtocol, IProtocolFactory, ProtocolWrapper } from 'whorl'
import type { Traffic } from './traffic.js'

/** Says why not, and hangs up. */
class Refusal extends Protocol {
  readonly label = 'refused'
  readonly #words: string
  readonly #traffic: Traffic

  constructor(words: string, traffic: Traffic) {
    super()
    this.#words = words
    this.#traffic = traffic
  }

  override connectionMade(): void {
    this.transport.write(this.#words)
    this.transport.loseConnection()
  }

  override connectionLost(reason: Failure): void {
    this.#traffic.add(this.transport)
    super.connectionLost(reason)
  }
}

/** What people are told who have enough connections. */
export function refusal(most: number): string {
  return `Too many connections from your address; at most ${most}. Goodbye.`
}

/** Serves at most `most` connections of one address at a time. */
export class PerPeerLimit extends LimitConnectionsByPeer {
  readonly #traffic: Traffic
  readonly #words: string

  /** @param words what the refused are sent */
  constructor(wrapped: IProtocolFactory, most: number, traffic: Traffic, words = `${refusal(most)}\r\n`) {
    super(wrapped)
    this.maxConnectionsPerPeer = most
    this.#traffic = traffic
    this.#words = words
  }

  override buildProtocol(address: IAddress): IProtocol {
    const served = super.buildProtocol(address)
    if (served !== null) return served
    return new Refusal(this.#words, this.#traffic)
  }

  override unregisterProtocol(protocol: ProtocolWrapper): void {
    super.unregisterProtocol(protocol)
    this.#traffic.add(protocol.transport)
  }
}
