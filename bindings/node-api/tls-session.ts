/**
 * What a finished handshake of Node's agreed on, in whorl's words.
 *
 * Owns: the translation. Must not know: channels. A certificate is parsed when somebody looks at it; only its
 * bytes are taken while the socket is alive.
 */

import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { TLSCertificate, TLSSession } from '../../src/interfaces/index.js'
import { crypto } from './builtins.js'

/** A certificate of Node's. */
export class NodeCertificate implements TLSCertificate {
  readonly raw: Uint8Array
  #parsed: X509Certificate | null = null

  /** @param raw DER */
  constructor(raw: Uint8Array) {
    this.raw = raw
  }

  get #from(): X509Certificate {
    return this.#parsed ??= new (crypto().X509Certificate)(this.raw)
  }

  get subject(): string {
    return oneLine(this.#from.subject)
  }

  get issuer(): string {
    return oneLine(this.#from.issuer)
  }

  get altNames(): readonly string[] {
    return splitNames(this.#from.subjectAltName ?? '')
  }

  get validFrom(): string {
    return new Date(this.#from.validFrom).toISOString()
  }

  get validTo(): string {
    return new Date(this.#from.validTo).toISOString()
  }

  get fingerprint256(): string {
    return this.#from.fingerprint256
  }
}

/**
 * What the peer showed, null if nothing. Not by `getPeerX509Certificate`, which takes the certificate away from a
 * client's socket: Node itself, when it verifies the name, would find none.
 */
export function peerCertificate(socket: TLSSocket): NodeCertificate | null {
  // Bun has nothing for a socket that is closed.
  const { raw } = (socket.getPeerCertificate() ?? {}) as { raw?: Uint8Array }
  return raw === undefined ? null : new NodeCertificate(raw)
}

/** What of a TLS handle says what was found about the peer's certificate: Node's first, then Bun's. */
interface Verified {
  verifyError?(): Error | null
  getAuthorizationError?(): Error | null
}

/**
 * What was found about the peer's certificate, null if nothing is wrong. There is no public way to ask as a server.
 */
export function verifyError(socket: TLSSocket): Error | null {
  const { _handle: handle } = socket as unknown as { _handle: Verified | null }
  return handle?.verifyError?.() ?? handle?.getAuthorizationError?.() ?? null
}

/** @param serverName what a client asked for */
export function sessionOf(
  socket: TLSSocket, serverName: string | null, certificate: TLSCertificate | null): TLSSession {
  const { alpnProtocol } = socket
  return Object.freeze({
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    protocol: typeof alpnProtocol === 'string' ? alpnProtocol : null,
    serverName,
    resumed: socket.isSessionReused(),
    peerCertificate: certificate,
  })
}

/** Node writes one attribute a line. */
function oneLine(name: string): string {
  return name.split('\n').join(', ')
}

/** Commas also stand inside of names, and Node quotes those as JSON does. */
function splitNames(list: string): string[] {
  const names: string[] = []
  for (const [, kind, name] of list.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)) {
    names.push(`${kind}:${name!.startsWith('"') ? JSON.parse(name!) as string : name}`)
  }
  return names
}
