/**
 * What goes wrong with TLS.
 *
 * Owns: the classes, and the words that say what exactly it was (`reason`). Must not know: OpenSSL's or any host's
 * names for it; a binding translates those and keeps the original as `cause`.
 * Source: RFC 8446 section 6 (alerts), RFC 5280 section 6 (paths), RFC 9525 (names).
 */
import type { TLSCertificate } from '../interfaces/tls.js'
import type { ErrorDetails, Fault } from './base.js'
import { ConnectError, ConnectionAborted, ConnectionLost } from './connection.js'

/** TLS could not be established: the reason why connecting failed, or why a connection ended after `startTLS`. */
export class TLSError extends ConnectError {
  static override readonly code: string = 'ERR_TLS'
  static override readonly fault: Fault = 'remote'

  constructor(message = 'TLS could not be established.', details?: ErrorDetails) {
    super(message, details)
  }
}

/**
 * What is wrong with a certificate.
 *
 * - `expired`, `not-yet-valid`: today is not in its time
 * - `self-signed`: it, or the last of its chain, vouches for itself, and is not trusted
 * - `unknown-authority`: nobody who is trusted vouches for it
 * - `name-mismatch`: it is somebody else's
 * - `revoked`: its authority took it back
 * - `missing`: none was shown where one is required
 * - `wrong-purpose`: it is not for this side of a connection, or an authority's that may not sign
 * - `invalid`: anything else; `cause` says what
 */
export type CertificateReason = 'expired' | 'not-yet-valid' | 'self-signed' | 'unknown-authority' | 'name-mismatch' |
  'revoked' | 'missing' | 'wrong-purpose' | 'invalid'

/** The peer's certificate is not accepted. */
export class CertificateError extends TLSError {
  static override readonly code: string = 'ERR_TLS_CERTIFICATE'
  /** What is wrong with it. */
  readonly reason: CertificateReason
  /** What the peer showed, null if nothing. */
  readonly certificate: TLSCertificate | null

  constructor(
    message = 'The certificate of the other end is not accepted.',
    details?: ErrorDetails & { reason?: CertificateReason, certificate?: TLSCertificate | null }) {
    super(message, details)
    this.reason = details?.reason ?? 'invalid'
    this.certificate = details?.certificate ?? null
  }
}

/**
 * Why a handshake came to nothing.
 *
 * - `not-tls`: what the peer sent is no TLS
 * - `version`, `cipher`, `protocol`: no protocol version, cipher, or ALPN protocol in common
 * - `timeout`: it took too long; `closed`: the peer went away during it
 * - `refused`: the peer does not accept our certificate, or wants one
 * - `failed`: anything else; `cause` says what
 */
export type HandshakeReason = 'not-tls' | 'version' | 'cipher' | 'protocol' | 'timeout' | 'closed' | 'refused' |
  'failed'

/** The two ends did not agree on how to speak TLS, or one of them does not speak it at all. */
export class TLSHandshakeError extends TLSError {
  static override readonly code: string = 'ERR_TLS_HANDSHAKE'
  /** Why. */
  readonly reason: HandshakeReason

  constructor(message = 'The TLS handshake failed.', details?: ErrorDetails & { reason?: HandshakeReason }) {
    super(message, details)
    this.reason = details?.reason ?? 'failed'
  }
}

/** Options of TLS that make no sense, or certificates and keys that cannot be read. */
export class TLSOptionsError extends TLSError {
  static override readonly code: string = 'ERR_TLS_OPTIONS'
  static override readonly fault: Fault = 'local'
  /** Which option: `identity.key`, `names.example.com.cert`. */
  readonly field: string

  constructor(message = 'These TLS options cannot be used.', details?: ErrorDetails & { field?: string }) {
    super(message, details)
    this.field = details?.field ?? ''
  }
}

/**
 * Bytes had come in plain text behind the command that began TLS. Whoever put them there wanted them to be taken for
 * encrypted ones: nothing of them was interpreted, and the connection was aborted.
 */
export class PlaintextAfterStartTLS extends ConnectionAborted {
  static override readonly code: string = 'ERR_TLS_PLAINTEXT_AFTER_STARTTLS'
  static override readonly fault: Fault = 'remote'

  constructor(
    message = 'There were bytes in plain text behind the command that began TLS.', details?: ErrorDetails) {
    super(message, details)
  }
}

/**
 * The connection under TLS ended and the peer had not said that it was done (no `close_notify`): what it sent may have
 * been cut off by somebody.
 */
export class TLSTruncated extends ConnectionLost {
  static override readonly code: string = 'ERR_TLS_TRUNCATED'

  constructor(message = 'The connection ended without the end of TLS: data may be missing.', details?: ErrorDetails) {
    super(message, details)
  }
}
