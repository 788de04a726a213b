/**
 * What a binding offers to open streams with: listening and connecting, without any protocol.
 *
 * `src/transports/stream-port.ts` and `stream-connector.ts` build ports and connectors on this; TCP is the
 * first user, UNIX sockets and TLS have the same shape with other options.
 */

import type { IAddress } from './address.js'
import type { StreamChannel } from './stream-channel.js'

/** Hears of a listening socket. */
export interface ListenSink {
  /** Bound, and taking connections. */
  listening(address: IAddress): void
  /** Could not bind; nothing follows. */
  failed(error: unknown): void
  accepted(channel: StreamChannel): void
  /** A connection could not be accepted (out of descriptors, say); the port goes on. */
  acceptFailed(error: unknown): void
}

/** A listening socket. */
export interface ListenHandle {
  /**
   * Take no more connections and free the address. Connections that were accepted stay.
   * @returns when the address is free, where that is not at once
   */
  close(): void | Promise<void>
}

/** Hears of an attempt to connect; exactly one of these, unless it was cancelled. */
export interface ConnectSink {
  connected(channel: StreamChannel): void
  failed(error: unknown): void
}

/** An attempt to connect. */
export interface ConnectHandle {
  /** Give up; the sink hears nothing more. */
  cancel(): void
}

/** What `listenTCP` needs. */
export interface TCPListenRequest {
  host: string
  port: number
  backlog?: number
  reusePort?: boolean
  ipv6Only?: boolean
}

/** What `connectTCP` needs. */
export interface TCPConnectRequest {
  host: string
  port: number
  localHost?: string
  localPort?: number
}

/** TCP of a host. */
export interface TCPHost {
  listen(request: TCPListenRequest, sink: ListenSink): ListenHandle
  connect(request: TCPConnectRequest, sink: ConnectSink): ConnectHandle
}

/** What `listenUNIX` needs. */
export interface UNIXListenRequest {
  /** A leading NUL makes it an abstract name. */
  path: string
  backlog?: number
  mode?: number
  lock: boolean
}

/** What `connectUNIX` needs. */
export interface UNIXConnectRequest {
  path: string
  /** Only if the lock file names a live process. */
  checkLock: boolean
}

/** UNIX sockets of a host. */
export interface UNIXHost {
  listen(request: UNIXListenRequest, sink: ListenSink): ListenHandle
  connect(request: UNIXConnectRequest, sink: ConnectSink): ConnectHandle
}
