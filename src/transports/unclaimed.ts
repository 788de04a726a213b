/**
 * Unclaimed: the protocol of transports that are made without one.
 *
 * Owns: not reading until somebody takes the bytes. Must not know: who that is going to be.
 */

import type { IPushProducer } from '../interfaces/producer.js'
import type { IProtocol } from '../interfaces/protocol.js'
import type { ITransport } from '../interfaces/transport.js'

/** Reads nothing; whoever takes its place goes on reading. @internal */
export class Unclaimed implements IProtocol {
  makeConnection(transport: ITransport): void {
    (transport as Partial<IPushProducer>).pauseProducing?.()
  }
  connectionMade(): void {}
  dataReceived(): void {}
  connectionLost(): void {}
}
