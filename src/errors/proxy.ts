/**
 * What goes wrong between a program and the proxy in front of it, or behind it.
 *
 * Owns: their codes, messages and fields. Must not know: how a handshake is read.
 * Source: RFC 1928 section 6 and RFC 1929 (SOCKS5), RFC 9110 section 9.3.6 (CONNECT), HAProxy's PROXY protocol.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'
import { ConnectError } from './connection.js'

/** The header of the PROXY protocol that a connection has to begin with is missing, malformed, late or too long. */
export class ProxyProtocolError extends WhorlError {
  static override readonly code: string = 'ERR_PROXY_HEADER'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'The connection does not begin with a header of the PROXY protocol.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** A proxy that was asked for a tunnel made none. */
export class ProxyError extends ConnectError {
  static override readonly code: string = 'ERR_PROXY'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'The proxy made no connection.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** What the proxy answered makes no sense, or is longer than any sensible answer. */
export class ProxyReplyError extends ProxyError {
  static override readonly code: string = 'ERR_PROXY_REPLY'

  constructor(message = 'The proxy answered with something that is no answer.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** The proxy closed the connection before it had said whether there is a tunnel. */
export class ProxyClosedError extends ProxyError {
  static override readonly code: string = 'ERR_PROXY_CLOSED'

  constructor(message = 'The proxy closed the connection before it had answered.', details?: ErrorDetails) {
    super(message, details)
  }
}

/** Details of an {@link HTTPConnectError}. */
export interface HTTPConnectErrorDetails extends ErrorDetails {
  status?: number
  reason?: string
}

/** An HTTP proxy refused a tunnel, with a status that says why. */
export class HTTPConnectError extends ProxyError {
  static override readonly code: string = 'ERR_PROXY_STATUS'

  /** The status: 403 forbidden, 407 wants other credentials, 502 and 504 could not reach the host, …; 0 if unknown. */
  readonly status: number
  /** The words beside it; may be empty. */
  readonly reason: string

  constructor(message = 'The HTTP proxy refused the tunnel.', details?: HTTPConnectErrorDetails) {
    super(message, details)
    this.status = details?.status ?? 0
    this.reason = details?.reason ?? ''
  }
}

/** Details of a {@link SOCKSError}. */
export interface SOCKSErrorDetails extends ErrorDetails {
  reply?: number
}

/** A SOCKS5 proxy refused to connect, with a reply that no subclass names. */
export class SOCKSError extends ProxyError {
  static override readonly code: string = 'ERR_SOCKS'

  /** The reply (RFC 1928 section 6); 0 where the refusal was none. */
  readonly reply: number

  constructor(message = 'The SOCKS proxy refused to connect.', details?: SOCKSErrorDetails) {
    super(message, details)
    this.reply = details?.reply ?? 0
  }
}

/** The proxy refused the username and password, or accepts no method of authentication that was offered. */
export class SOCKSAuthenticationError extends SOCKSError {
  static override readonly code: string = 'ERR_SOCKS_AUTHENTICATION'

  constructor(message = 'The SOCKS proxy refused the credentials.', details?: SOCKSErrorDetails) {
    super(message, details)
  }
}

/** Reply 1: something in the proxy failed. */
export class SOCKSGeneralFailure extends SOCKSError {
  static override readonly code: string = 'ERR_SOCKS_GENERAL_FAILURE'

  constructor(message = 'The SOCKS proxy failed.', details?: SOCKSErrorDetails) {
    super(message, { reply: 1, ...details })
  }
}

/** Reply 2: the proxy's rules forbid the connection. */
export class SOCKSNotAllowed extends SOCKSError {
  static override readonly code: string = 'ERR_SOCKS_NOT_ALLOWED'

  constructor(message = 'The rules of the SOCKS proxy forbid the connection.', details?: SOCKSErrorDetails) {
    super(message, { reply: 2, ...details })
  }
}

/** Reply 3: no way leads from the proxy to the network. */
export class SOCKSNetworkUnreachable extends SOCKSError {
  static override readonly code: string = 'ERR_SOCKS_NETWORK_UNREACHABLE'

  constructor(message = 'The SOCKS proxy cannot reach the network.', details?: SOCKSErrorDetails) {
    super(message, { reply: 3, ...details })
  }
}

/** Reply 4: no way leads from the proxy to the host, or its name is unknown there. */
export class SOCKSHostUnreachable extends SOCKSError {
  static override readonly code: string = 'ERR_SOCKS_HOST_UNREACHABLE'

  constructor(message = 'The SOCKS proxy cannot reach the host.', details?: SOCKSErrorDetails) {
    super(message, { reply: 4, ...details })
  }
}

/** Reply 5: nothing listens at the destination. */
export class SOCKSConnectionRefused extends SOCKSError {
  static override readonly code: string = 'ERR_SOCKS_CONNECTION_REFUSED'

  constructor(message = 'The destination refused the connection of the SOCKS proxy.', details?: SOCKSErrorDetails) {
    super(message, { reply: 5, ...details })
  }
}

/** Reply 6: it took too many hops, or too long. */
export class SOCKSTTLExpired extends SOCKSError {
  static override readonly code: string = 'ERR_SOCKS_TTL_EXPIRED'

  constructor(message = 'The SOCKS proxy did not reach the host in time.', details?: SOCKSErrorDetails) {
    super(message, { reply: 6, ...details })
  }
}

/** Reply 7: the proxy does not know CONNECT. */
export class SOCKSCommandNotSupported extends SOCKSError {
  static override readonly code: string = 'ERR_SOCKS_COMMAND_NOT_SUPPORTED'

  constructor(message = 'The SOCKS proxy does not support the command.', details?: SOCKSErrorDetails) {
    super(message, { reply: 7, ...details })
  }
}

/** Reply 8: the proxy does not know this kind of address. */
export class SOCKSAddressNotSupported extends SOCKSError {
  static override readonly code: string = 'ERR_SOCKS_ADDRESS_NOT_SUPPORTED'

  constructor(message = 'The SOCKS proxy does not support this kind of address.', details?: SOCKSErrorDetails) {
    super(message, { reply: 8, ...details })
  }
}
