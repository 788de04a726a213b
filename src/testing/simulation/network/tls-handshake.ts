/**
 * What the two sides of the TLS stand-in say to each other before data flows.
 *
 * Owns: the messages, what is agreed on, why not. Must not know: channels. One round trip, as TLS 1.3; two where one
 * side speaks no more than 1.2. The messages are JSON inside of handshake records.
 *
 *   client                         server
 *   hello ───────────────────────▶
 *         ◀─────────────────────── hello, certificate
 *   (1.3: secured) finished ─────▶ (secured)          1.2: ◀── finished (client secured)
 */

import { decodeText, encodeText } from '../../../core/text.js'
import { CertificateError, ConnectionLost, TLSHandshakeError } from '../../../errors/index.js'
import type { CertificateReason, HandshakeReason, TLSError } from '../../../errors/index.js'
import type { TLSCommonOptions, TLSServerOptions, TLSVersion } from '../../../interfaces/index.js'
import type { Shown } from './tls-identity.js'

/** @internal */
export interface ClientHello {
  kind: 'client-hello'
  sni: string | null
  alpn: readonly string[]
  versions: [TLSVersion, TLSVersion]
  ticket: string
}

/** @internal */
export interface ServerHello {
  kind: 'server-hello'
  version: TLSVersion
  alpn: string | null
  shown: Shown
  asks: boolean
  resumed: boolean
  ticket: string
}

/** @internal */
export interface Finished {
  kind: 'finished'
  /** The client's certificate, if it was asked for. */
  shown: Shown | null
}

/** @internal */
export type Message = ClientHello | ServerHello | Finished

/** Descriptions of alerts: RFC 8446 section 6. @internal */
export const NOTIFY = 0
const DESCRIPTIONS: Readonly<Record<HandshakeReason | 'missing', number>> = {
  'not-tls': 10, version: 70, cipher: 40, protocol: 120, timeout: 90, closed: 90, refused: 46, failed: 40, missing: 116,
}
const REASONS: Readonly<Record<number, HandshakeReason>> = {
  10: 'failed', 40: 'cipher', 70: 'version', 120: 'protocol', 46: 'refused', 116: 'refused', 90: 'closed',
}
const WORDS: Readonly<Record<HandshakeReason, string>> = {
  'not-tls': 'What the other end sent is no TLS.',
  version: 'The two ends have no version of TLS in common.',
  cipher: 'The two ends have no cipher, or other means of TLS, in common.',
  protocol: 'The two ends have no ALPN protocol in common.',
  timeout: 'The TLS handshake took too long.',
  closed: 'The other end closed the connection during the TLS handshake.',
  refused: 'The other end does not accept the certificate of this one, or wants to see one.',
  failed: 'The TLS handshake failed.',
}

export function handshakeError(reason: HandshakeReason, cause?: unknown): TLSHandshakeError {
  return new TLSHandshakeError(WORDS[reason], cause === undefined ? { reason } : { reason, cause })
}

/** What an alert means to who gets it. @param isSecured whether the handshake was done before */
export function alertError(description: number, isSecured: boolean): Error {
  const error = handshakeError(REASONS[description] ?? 'failed')
  return isSecured ? new ConnectionLost(`TLS broke: ${error.message}`, { cause: error }) : error
}

/** The alert that tells the other end why. */
export function alertFor(error: TLSError): number {
  if (error instanceof CertificateError) {
    return error.reason === 'missing' ? DESCRIPTIONS.missing : DESCRIPTIONS.refused
  }
  return error instanceof TLSHandshakeError ? DESCRIPTIONS[error.reason] : DESCRIPTIONS.failed
}

export function certificateError(reason: CertificateReason, details: string): CertificateError {
  return new CertificateError(`The certificate of the other end is not accepted (${reason}): ${details}`, { reason })
}

export function versionsOf(options: TLSCommonOptions): [TLSVersion, TLSVersion] {
  const { minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3' } = options
  return [minVersion, maxVersion]
}

/** What a server makes of a client's first words. @throws TLSHandshakeError */
export function agree(hello: ClientHello, options: TLSServerOptions): { version: TLSVersion, alpn: string | null } {
  const [low, high] = versionsOf(options)
  const [itsLow, itsHigh] = hello.versions
  // As text the two are in order.
  const version = high < itsHigh ? high : itsHigh
  if (version < low || version < itsLow) throw handshakeError('version')
  const ours = options.alpn ?? []
  if (ours.length === 0 || hello.alpn.length === 0) return { version, alpn: null }
  const alpn = ours.find((name) => hello.alpn.includes(name)) ?? null
  if (alpn === null) throw handshakeError('protocol')
  return { version, alpn }
}

export function encodeMessage(message: Message): Uint8Array {
  return encodeText(JSON.stringify(message))
}

/** @returns null for what is none */
export function decodeMessage(body: Uint8Array): Message | null {
  try {
    const message = JSON.parse(decodeText(body)) as Message | null
    return typeof message?.kind === 'string' ? message : null
  } catch {
    return null
  }
}
