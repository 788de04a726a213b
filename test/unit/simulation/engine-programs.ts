/** The shortest programs that use a network. */
import { Deferred } from '../../../src/defer/index.js'
import { ClientFactory, Factory } from '../../../src/protocols/factory.js'
import { Protocol as BaseProtocol } from '../../../src/protocols/protocol.js'

/** Hands text on. */
export class Protocol extends BaseProtocol {
  readonly #received: (text: string) => void

  constructor(received: (text: string) => void) {
    super()
    this.#received = received
  }

  override dataReceived(data: Uint8Array): void {
    this.#received(new TextDecoder().decode(data))
  }
}

export function protocolFactory(make: () => BaseProtocol): Factory {
  return new class extends Factory {
    override buildProtocol(): BaseProtocol {
      return make()
    }
  }()
}

export class Client extends ClientFactory {
  readonly connected = new Deferred<BaseProtocol>()

  override buildProtocol(): BaseProtocol {
    const { connected } = this
    return new class extends BaseProtocol {
      override connectionMade(): void {
        connected.callback(this)
      }
    }()
  }
}

export function clientFactory(): Client {
  return new Client()
}
