/**
 * Who uses a relay, how much, and how fast.
 *
 * Owns: counts per client, and the seconds that a client's bytes take. Must not know: tunnels.
 */
import type { IAddress, IReactorTime } from '../interfaces/index.js'
import { addressBytes } from '../reactor/restrict-patterns.js'

/** One client: all that comes from one place. */
export class Client {
  readonly name: string
  /** Tunnels, and attempts to have one. */
  tunnels = 0
  readonly #rate: number
  /** When all that it has sent so far is paid for; ms. */
  #paidAt = 0

  constructor(name: string, bytesPerSecond: number) {
    this.name = name
    this.#rate = bytesPerSecond
  }

  /** Counts bytes. @returns how long nothing more is to be taken from it, ms; 0 while it is within its rate */
  spend(bytes: number, clock: IReactorTime): number {
    if (this.#rate === Infinity) return 0
    const now = clock.now()
    this.#paidAt = Math.max(this.#paidAt, now) + bytes / this.#rate * 1000
    return this.#paidAt - now
  }
}

/** The clients that have tunnels now. */
export class Clients {
  readonly #clients = new Map<string, Client>()
  readonly #rate: number
  #total = 0

  constructor(bytesPerSecond: number) {
    this.#rate = bytesPerSecond
  }

  /** Tunnels, and attempts to have one, of all. */
  get total(): number {
    return this.#total
  }

  /** One more. */
  enter(peer: IAddress): Client {
    const name = clientName(peer)
    let client = this.#clients.get(name)
    if (client === undefined) this.#clients.set(name, client = new Client(name, this.#rate))
    client.tunnels += 1
    this.#total += 1
    return client
  }

  /** One less. A client that owes time is remembered until it has passed, so that it cannot begin again at once. */
  leave(client: Client, clock: IReactorTime): void {
    client.tunnels -= 1
    this.#total -= 1
    if (client.tunnels > 0) return
    const owes = client.spend(0, clock)
    if (owes <= 0) this.#forget(client)
    else clock.callLater(owes, () => this.#forget(client))
  }

  #forget(client: Client): void {
    if (client.tunnels === 0 && this.#clients.get(client.name) === client) this.#clients.delete(client.name)
  }
}

/** Of an IPv6 address the network: whoever has one has all of its addresses. */
function clientName(peer: IAddress): string {
  if (!('host' in peer)) return peer.family
  const bytes = addressBytes(peer.host)
  return bytes === null ? peer.host : bytes.slice(0, bytes.length === 4 ? 4 : 8).join('.')
}
