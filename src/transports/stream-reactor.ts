/**
 * What transports, ports and connectors ask of their reactor.
 *
 * Owns: the shape only. Reactor implements it; a test may do so with less.
 */

import type { HostPort } from '../interfaces/host.js'
import type { IReactorTime } from '../interfaces/time.js'
import type { StreamConnector } from './stream-connector.js'
import type { StreamTransport } from './stream-transport.js'

/** What a reactor closes when it stops: a port of any kind. @internal */
export interface ClosablePort {
  stopListening(): unknown
}

/** A reactor, from below. @internal */
export interface StreamReactor extends IReactorTime {
  readonly host: Pick<HostPort, 'encode' | 'allocate'>
  readonly queue: { post(fn: () => void, priority?: 0 | 1 | 2 | 3, source?: number): void }
  /** Begins a turn, or a part of one. */
  enter(): void
  /** Ends what `enter` began; at the outermost, everything dirty is flushed. */
  exit(): void
  flushLater(target: { flush(): void }): void
  logFailure(message: string, reason: unknown): void
  /** @returns the connection's number */
  addTransport(transport: StreamTransport): number
  removeTransport(transport: StreamTransport): void
  /** Connections that are open now. */
  openTransports(): StreamTransport[]
  /** A port that is to be closed when the reactor stops. */
  addPort(port: ClosablePort): void
  removePort(port: ClosablePort): void
  /** An attempt that is to be given up when the reactor stops. */
  addConnector(connector: StreamConnector): void
  removeConnector(connector: StreamConnector): void
}
