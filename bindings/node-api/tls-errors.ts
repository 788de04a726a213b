/**
 * What Node and OpenSSL call the errors of TLS, and what whorl calls them.
 *
 * Owns: the tables. Must not know: sockets. Node makes `code` of OpenSSL's reason (`ERR_SSL_…`), and of the result of
 * checking a certificate (`CERT_HAS_EXPIRED`).
 */

import type { CertificateReason, HandshakeReason } from '../../src/errors/index.js'
import { CertificateError, ConnectionLost, TLSError, TLSHandshakeError, WhorlError } from '../../src/errors/index.js'
import type { TLSCertificate } from '../../src/interfaces/index.js'
import { hostErrorCode } from '../../src/transports/host-errors.js'

const CERTIFICATES: Readonly<Record<string, CertificateReason>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'self-signed',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown-authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown-authority',
  CERT_UNTRUSTED: 'unknown-authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'name-mismatch',
  ERR_TLS_CERT_ALTNAME_FORMAT: 'name-mismatch',
  HOSTNAME_MISMATCH: 'name-mismatch',
  CERT_REVOKED: 'revoked',
  INVALID_PURPOSE: 'wrong-purpose',
  INVALID_CA: 'wrong-purpose',
  PATH_LENGTH_EXCEEDED: 'wrong-purpose',
  CERT_REJECTED: 'wrong-purpose',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'missing',
}

/** Further results of checking a certificate. */
const CERTIFICATE_CODE = /^(?:CERT_|CRL_|UNABLE_TO_|ERROR_IN_CERT_)/

const HANDSHAKES: Readonly<Record<string, HandshakeReason>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: 'not-tls',
  ERR_SSL_UNKNOWN_PROTOCOL: 'not-tls',
  ERR_SSL_HTTP_REQUEST: 'not-tls',
  ERR_SSL_HTTPS_PROXY_REQUEST: 'not-tls',
  ERR_SSL_BAD_RECORD_TYPE: 'not-tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'not-tls',
  ERR_SSL_RECORD_TOO_SMALL: 'not-tls',
  ERR_SSL_ENCRYPTED_LENGTH_TOO_LONG: 'not-tls',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'version',
  ERR_SSL_VERSION_TOO_LOW: 'version',
  ERR_SSL_VERSION_TOO_HIGH: 'version',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'version',
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: 'version',
  ERR_SSL_NO_SHARED_CIPHER: 'cipher',
  ERR_SSL_NO_SHARED_GROUP: 'cipher',
  ERR_SSL_NO_SUITABLE_GROUPS: 'cipher',
  ERR_SSL_NO_SUITABLE_KEY_SHARE: 'cipher',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'cipher',
  ERR_SSL_NO_CIPHERS_AVAILABLE: 'cipher',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'cipher',
  ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY: 'cipher',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'protocol',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'protocol',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'refused',
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: 'refused',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'refused',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'refused',
  ERR_SSL_SSLV3_ALERT_NO_CERTIFICATE: 'refused',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'refused',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'refused',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'refused',
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: 'refused',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
}

const MESSAGES: Readonly<Record<HandshakeReason, string>> = {
  'not-tls': 'What the other end sent is no TLS.',
  version: 'The two ends have no version of TLS in common.',
  cipher: 'The two ends have no cipher, or other means of TLS, in common.',
  protocol: 'The two ends have no ALPN protocol in common.',
  timeout: 'The TLS handshake took too long.',
  closed: 'The other end closed the connection during the TLS handshake.',
  refused: 'The other end does not accept the certificate of this one, or wants to see one.',
  failed: 'The TLS handshake failed.',
}

/** Why a handshake failed. @param certificate what the peer showed */
export function handshakeError(error: unknown, certificate: TLSCertificate | null = null): TLSError {
  if (error instanceof TLSError) return error
  const code = hostErrorCode(error)
  const reason = CERTIFICATES[code] ?? (CERTIFICATE_CODE.test(code) ? 'invalid' : null)
  if (reason !== null) {
    const message = reason === 'missing' ? 'The other end showed no certificate.'
      : `The certificate of the other end is not accepted (${reason}): ${textOf(error)}`
    return new CertificateError(message, { reason, certificate, cause: error })
  }
  return madeHandshakeError(HANDSHAKES[code] ?? 'failed', error)
}

/** The same where the reason is known. */
export function madeHandshakeError(reason: HandshakeReason, cause?: unknown): TLSHandshakeError {
  // OpenSSL's own words, where there are any: they help those who know them.
  const details = /^ERR_SSL_/.test(hostErrorCode(cause)) ? ` (${hostErrorCode(cause).slice('ERR_SSL_'.length)})` : ''
  const message = MESSAGES[reason].replace(/\.$/, `${details}.`)
  return new TLSHandshakeError(message, cause === undefined ? { reason } : { reason, cause })
}

/** Why a connection broke whose handshake was done: an alert, say, or a record that somebody changed. */
export function brokenError(error: unknown): unknown {
  if (error instanceof WhorlError || !/^ERR_(?:SSL|TLS)_/.test(hostErrorCode(error))) return error
  const cause = handshakeError(error)
  return new ConnectionLost(`TLS broke: ${cause.message}`, { cause })
}

function textOf(error: unknown): string {
  const { message } = error as { message?: unknown }
  return typeof message === 'string' && message !== '' ? message : hostErrorCode(error)
}
