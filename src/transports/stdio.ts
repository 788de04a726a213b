/**
 * StandardIO: a protocol on this program's standard input and output.
 *
 * Owns: nothing but the connection; it is a stream transport as any other. Must not know: what stdin and stdout are;
 * the host makes one channel of them. Source: twisted.internet.stdio.
 */

import type { IProtocol } from '../interfaces/protocol.js'
import type { StreamChannel } from '../interfaces/stream-channel.js'
import type { StreamReactor } from './stream-reactor.js'
import { StreamTransport } from './stream-transport.js'

/** A reactor whose host has standard input and output. */
export interface StandardIOReactor extends StreamReactor {
  /** @throws NotSupportedError, StandardIOTaken @internal */
  openStandardIO(): StreamChannel
}

/**
 * Standard input and output as one connection: what is read comes to `dataReceived`, what is written goes to standard
 * output, the end of the input is the peer's end of stream. Once in the life of a program.
 *
 * @example
 * new StandardIO(new Echo(), reactor)
 */
export class StandardIO extends StreamTransport {
  /** @throws NotSupportedError where the host has none, StandardIOTaken the second time */
  constructor(protocol: IProtocol, reactor: StandardIOReactor) {
    if (typeof (protocol as Partial<IProtocol> | null | undefined)?.makeConnection !== 'function') {
      throw new TypeError('StandardIO takes a protocol')
    }
    super(reactor, reactor.openStandardIO(), null)
    this.start(protocol)
  }
}
