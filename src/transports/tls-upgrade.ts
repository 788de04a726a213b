/**
 * Beginning TLS on a connection that spoke in plain text.
 *
 * Owns: the order of it. Must not know: how a host does TLS, and what a certificate is.
 * Source: RFC 3207 section 4.2 (what was said before does not count), SEMANTICS N21.
 *
 *   startTLS → reading stops → what was written before goes out → the channel is handed to the host's TLS → handshake
 *            → `secured` → output that was written meanwhile goes out, input comes in
 */

import type { HostnameAddress, IAddress } from '../interfaces/address.js'
import { ConnectionLost, NotSupportedError, PlaintextAfterStartTLS, TLSOptionsError } from '../errors/index.js'
import type { StreamChannel } from '../interfaces/stream-channel.js'
import type { SecureChannel, TLSHost } from '../interfaces/tls-host.js'
import type { ITLSServerContext, TLSClientOptions, TLSServerOptions, TLSSession } from '../interfaces/tls.js'
import { PrependedChannel } from './prepended-channel.js'
import type { StreamConnection } from './stream-connection.js'
import { abort } from './stream-ending.js'
import {
  CHANGING, DISCONNECTING, END_HELD, GONE, OPENED, PAUSED, READ_ENDED, RESTING, SECURING, STARTED, TLS_BEGUN, TODO,
  UPGRADING, WRITE_ENDED,
} from './stream-state.js'
import { drained, flushLater, sendAll } from './stream-writing.js'
import { checkClientOptions, tlsRole } from './tls-options.js'
import { sessionKey } from './tls-reactor.js'
import { serverHandle } from './tls-server-context.js'
import { snapshot } from './tls-snapshot.js'

/** An upgrade that waits for output in plain text. @internal */
export interface Upgrade {
  /** What was written before it and has not been handed over. */
  plain: Uint8Array[]
  /** What was read before it and belongs to the handshake; null if there is nothing of the kind. */
  early: Uint8Array | null
  /** Gives the channel to TLS. */
  secure(channel: StreamChannel): SecureChannel
}

/** What any side of TLS takes. */
export type TLSOptions = TLSClientOptions | TLSServerOptions | ITLSServerContext

/** See `StreamTransport.startTLS`. */
export function startTLS(c: StreamConnection, tls: TLSOptions, early: Uint8Array | null = null): void {
  const { reactor } = c
  if (reactor.tlsHost === undefined) throw new NotSupportedError('this reactor', 'startTLS')
  const host = reactor.tlsHost()
  // The end is decided, and nothing is going to be said any more, in plain text or otherwise.
  const isEnding = (c.state & (GONE | DISCONNECTING | STARTED)) !== STARTED
  // Once the handshake is done there may be TLS inside of TLS.
  if (!isEnding && (c.state & CHANGING) !== 0) throw new TypeError('TLS has begun on this connection already')
  if (!isEnding && (c.state & WRITE_ENDED) !== 0) throw new TypeError('the sending side of this connection is closed')
  const secure = prepare(c, host, tls)
  if (isEnding) return
  const { first, rest } = c
  c.state |= TLS_BEGUN | UPGRADING
  if (c.extras !== null && c.extras.held.length > 0) {
    abort(c, new PlaintextAfterStartTLS())
    return
  }
  if ((c.state & (READ_ENDED | END_HELD)) !== 0) {
    abort(c, new ConnectionLost('The other end closed the connection before TLS could begin.'))
    return
  }
  c.rare().upgrade = { plain: rest ?? (first === null ? [] : [first]), early, secure }
  c.first = null
  c.rest = null
  if ((c.state & (OPENED | PAUSED | RESTING)) === OPENED) c.channel.pause()
  if ((c.state & OPENED) !== 0) continueUpgrade(c)
}

/** The host has taken what it was given, or nothing was on its way. */
export function continueUpgrade(c: StreamConnection): void {
  const upgrade = c.extras?.upgrade ?? null
  if (upgrade === null || c.inFlight !== 0 || (c.state & GONE) !== 0) return
  if (upgrade.plain.length > 0) {
    const { plain } = upgrade
    let length = 0
    for (const piece of plain) length += piece.length
    upgrade.plain = []
    c.bytesOut += length
    if (!sendAll(c, plain)) {
      c.inFlight = length
      return
    }
    c.buffered -= length
  }
  // In a later turn: this may be inside of the channel's own callback.
  c.later(() => hand(c, upgrade))
}

function hand(c: StreamConnection, upgrade: Upgrade): void {
  if ((c.state & GONE) !== 0 || c.extras === null || c.extras.upgrade !== upgrade) return
  c.extras.upgrade = null
  if (c.extras.held.length > 0) {
    abort(c, new PlaintextAfterStartTLS())
    return
  }
  c.state = (c.state & ~(UPGRADING | RESTING)) | SECURING
  try {
    c.channel = upgrade.secure(upgrade.early === null ? c.channel
      : new PrependedChannel(c.channel, upgrade.early, (fn) => c.later(fn)))
  } catch (error) {
    abort(c, error as Error)
    return
  }
  c.channel.open(c)
  if (c.first !== null || (c.state & TODO) !== 0) flushLater(c)
}

/** The handshake is done. */
export function secured(c: StreamConnection): void {
  c.state &= ~SECURING
  if ((c.state & PAUSED) !== 0) c.channel.pause()
  c.tellHandshake()
  if ((c.state & GONE) !== 0) return
  if (c.first !== null) flushLater(c)
  else if ((c.state & TODO) !== 0) drained(c)
}

/** @throws TLSOptionsError, TypeError */
function prepare(c: StreamConnection, host: TLSHost, tls: TLSOptions): (channel: StreamChannel) => SecureChannel {
  if (tlsRole(tls) === 'server') {
    const handle = serverHandle(host, tls as TLSServerOptions | ITLSServerContext)
    return (channel) => host.accept(channel, handle)
  }
  checkClientOptions(tls)
  const options = snapshot(tls)
  const destination = peerOf(c)
  const name = options.serverName ?? destination?.host
  if (name === undefined && options.insecureSkipVerify !== true) {
    throw new TLSOptionsError(
      'TLS option serverName is needed: this connection goes to no named host.', { field: 'serverName' })
  }
  return (channel) => host.connect(channel, options, name ?? '', sessionKey(name ?? '', destination ?? {}))
}

/** What was connected to, by the name that was asked for, if there was any. */
function peerOf(c: StreamConnection): HostnameAddress | { host: string, port: number } | undefined {
  const candidates: (IAddress | null | undefined)[] = [c.extras?.peer, c.owner?.getDestination?.(), c.channel.peer]
  for (const address of candidates) if (address !== null && address !== undefined && 'host' in address) return address
  return undefined
}

/** What the handshake agreed on; null before it, and without TLS. */
export function sessionOf(c: StreamConnection): TLSSession | null {
  if ((c.state & TLS_BEGUN) === 0 || (c.state & (UPGRADING | SECURING)) !== 0) return null
  return (c.channel as Partial<SecureChannel>).session ?? null
}
