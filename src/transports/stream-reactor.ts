/**
 * What transports, ports and connectors ask of their reactor.
 *
 * Owns: the shape only. Reactor implements it; a test may do so with less.
 */

import type { HostPort } from '../interfaces/host.js'
import type { IReactorTime } from '../interfaces/time.js'
import type { TLSHost } from '../interfaces/tls-host.js'
import type { StreamConnector } from './stream-connector.js'
import type { StreamTransport } from './stream-transport.js'

/** What a reactor closes when it stops: a port of any kind. @internal */
export interface ClosablePort {
  stopListening(): unknown
  /** Closes at once what `stopListening` would let end in order; absent where there is nothing of the kind. */
  abort?(): void
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
  /**
   * Whether anything besides one connection has to do with the host now: another one, a call that is due or put off.
   * Where it is absent nobody knows, and connections behave as if it were so.
   */
  isShared?(): boolean
  logFailure(message: string, reason: unknown): void
  /** @returns the connection's number */
  addTransport(transport: StreamTransport): number
  removeTransport(transport: StreamTransport): void
  /** Connections that are open now. */
  openTransports(): StreamTransport[]
  /** Gives received bytes memory of their own, for code that must not see what else a host keeps in it. */
  readonly isolate?: (bytes: Uint8Array) => Uint8Array
  /** How the host does TLS; absent where nothing here can. @throws NotSupportedError */
  tlsHost?(): TLSHost
  /** A port that is to be closed when the reactor stops. */
  addPort(port: ClosablePort): void
  removePort(port: ClosablePort): void
  /** An attempt that is to be given up when the reactor stops. */
  addConnector(connector: StreamConnector): void
  removeConnector(connector: StreamConnector): void
}
