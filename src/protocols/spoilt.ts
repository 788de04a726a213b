/**
 * Plain text behind the command that began TLS.
 *
 * Owns: telling that TLS was begun, and how a connection ends on which such bytes were found. Must not know: who keeps
 * bytes.
 * Source: SEMANTICS N21; RFC 3207 section 4.2, and CVE-2011-0411, which is what happens otherwise.
 */
import { PlaintextAfterStartTLS } from '../errors/index.js'
import type { ITransport } from '../interfaces/transport.js'
import { abortWith } from '../transports/index.js'

/** Aborts with PlaintextAfterStartTLS where the transport can say so, and otherwise as it can. */
export function abortAsSpoilt(transport: ITransport): void {
  abortWith(transport, new PlaintextAfterStartTLS())
}

/**
 * Something that is another thing whenever TLS was begun in between, also inside of TLS: protocols that keep bytes
 * compare it with what it was when they got them.
 */
export function securityOf(transport: ITransport): unknown {
  const { tlsBegun } = transport as { tlsBegun?: unknown }
  return tlsBegun === true ? (transport as { tlsSession?: unknown }).tlsSession ?? null : undefined
}
