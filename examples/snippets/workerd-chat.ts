/** A worker whose clients hear each other: sockets and requests all come to one Durable Object. */
import { Factory, LineReceiver } from 'whorl'
import type { Failure } from 'whorl'
import { handlers, ReactorObject } from 'whorl/workerd'
import type { HandlersOptions, SocketTarget } from 'whorl/workerd'

/** What one says, the others hear; it would be the same class on Node. */
class Talker extends LineReceiver {
  readonly #all: Set<Talker>

  constructor(all: Set<Talker>) {
    super()
    this.#all = all
  }

  override connectionMade(): void {
    super.connectionMade()
    this.#all.add(this)
    this.sendLine(`welcome, you are one of ${this.#all.size}`)
  }

  override lineReceived(line: string): void {
    for (const other of this.#all) if (other !== this) other.sendLine(line)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.#all.delete(this)
  }
}

class Talk extends Factory {
  readonly talkers = new Set<Talker>()

  override buildProtocol(): Talker {
    return new Talker(this.talkers)
  }
}

/** Has all connections, and one reactor. */
export class Room extends ReactorObject {
  readonly #talk = new Talk()

  override handlers(): HandlersOptions {
    return {
      connect: this.#talk,
      fetch: { handleRequest: () => `${this.#talk.talkers.size} are talking\n` },
    }
  }
}

interface Env {
  readonly ROOM: { getByName(name: string): SocketTarget }
}

const worker = handlers<Env>({
  connect: ({ env }) => env.ROOM.getByName('lobby'),
  fetch: ({ env }) => env.ROOM.getByName('lobby'),
})
export { worker as default }
