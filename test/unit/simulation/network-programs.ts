/** Protocols that write down what happens to them. */
import type { Failure } from '../../../src/defer/index.js'
import type { IHalfCloseableProtocol } from '../../../src/interfaces/index.js'
import { ClientFactory } from '../../../src/protocols/factory.js'
import { Protocol } from '../../../src/protocols/protocol.js'

export class Recorder extends Protocol {
  events: string[] = []
  bytes: number[] = []
  chunks = 0
  reason: Failure | null = null

  get text(): string {
    return String.fromCharCode(...this.bytes)
  }

  override connectionMade(): void {
    this.events.push('made')
  }

  override dataReceived(data: Uint8Array): void {
    this.chunks += 1
    for (const byte of data) this.bytes.push(byte)
    if (this.events[this.events.length - 1] !== 'data') this.events.push('data')
  }

  override connectionLost(reason: Failure): void {
    this.reason = reason
    this.events.push(`lost ${reason.value.constructor.name}`)
  }
}

export class HalfRecorder extends Recorder implements IHalfCloseableProtocol {
  readConnectionLost(): void {
    this.events.push('read lost')
  }

  writeConnectionLost(): void {
    this.events.push('write lost')
  }
}

export class Programs<P extends Protocol = Recorder> extends ClientFactory {
  built: P[] = []
  failures: Failure[] = []
  readonly #make: () => P

  constructor(make: () => P = () => new Recorder() as unknown as P) {
    super()
    this.#make = make
  }

  override buildProtocol(): P {
    const protocol = this.#make()
    this.built.push(protocol)
    return protocol
  }

  override clientConnectionFailed(_connector: unknown, reason: Failure): void {
    this.failures.push(reason)
  }
}
