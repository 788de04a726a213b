/**
 * The seam between TLS and hosts: a channel that speaks TLS through another one.
 *
 * A binding makes one of any StreamChannel; where the channel is a socket of its own it may take a shorter way.
 */

import type { StreamChannel, StreamSink } from './stream-channel.js'
import type { TLSClientOptions, TLSServerOptions, TLSSession } from './tls.js'

/**
 * A channel that speaks TLS. Its sink's `secured` is called once, before anything is received. A handshake that fails,
 * or takes longer than the options allow, is `closed` with a TLSError.
 */
export interface SecureChannel extends StreamChannel {
  /**
   * Begins the handshake and tells `sink`. Called once more, from inside `secured` or later, it tells another sink from
   * then on: who waited for the handshake hands the channel over. What is received in between is lost.
   */
  open(sink: StreamSink): void
  /** Null before the handshake. */
  readonly session: TLSSession | null
}

/** What a binding made of server options; several may be alive at once. */
export interface TLSServerHandle {
  /** Takes the new options for handshakes to come. @throws TLSOptionsError, and keeps the old ones */
  update(options: TLSServerOptions): void
}

/** TLS of a host. */
export interface TLSHost {
  /** @throws TLSOptionsError for a key that does not fit, PEM that is none, … */
  server(options: TLSServerOptions): TLSServerHandle
  /**
   * Takes `channel` over, opened or not, with nothing in flight. Nothing else may use it from now on; what it had
   * received and not handed out belongs to the handshake.
   */
  accept(channel: StreamChannel, server: TLSServerHandle): SecureChannel
  /** The same as client. @param name to verify @param sessionKey under which `options.sessions` keeps the session */
  connect(channel: StreamChannel, options: TLSClientOptions, name: string, sessionKey: string): SecureChannel
}
