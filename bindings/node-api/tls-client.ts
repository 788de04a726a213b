/**
 * The client's side of TLS on Node: what is verified, and the sessions that it keeps.
 *
 * Owns: what a client remembers of one handshake, and the form in which sessions are kept. Must not know: channels.
 */

import { Buffer } from 'node:buffer'
import { isIP } from 'node:net'
import type { PeerCertificate, TLSSocket } from 'node:tls'
import { Failure } from '../../src/defer/index.js'
import type { TLSCertificate, TLSSession, TLSSessionCache } from '../../src/interfaces/index.js'
import { Logger } from '../../src/logger/index.js'
import { tls } from './builtins.js'
import type { TLSSide } from './tls-channel.js'
import { NodeCertificate, peerCertificate, sessionOf, verifyError } from './tls-session.js'

/** One client's side. */
export class ClientSide implements TLSSide {
  readonly event = 'secureConnect'
  readonly handshakeTimeout: number
  readonly #serverName: string | null
  #shown: TLSCertificate | null = null
  #remembered: TLSCertificate | null = null

  constructor(handshakeTimeout: number, serverName: string | null) {
    this.handshakeTimeout = handshakeTimeout
    this.#serverName = serverName
  }

  /** What the peer showed when the session began that is to be resumed. */
  remembers(certificate: TLSCertificate): void {
    this.#remembered = certificate
  }

  /** Node's own check of the name, and ours; its certificate is at hand here. */
  check(host: string, certificate: PeerCertificate): Error | undefined {
    this.#shown ??= new NodeCertificate(certificate.raw)
    return tls().checkServerIdentity(host, certificate) ?? (isIP(host) === 0 ? checkName(host, this.#shown) : undefined)
  }

  /** The handshake is done; Node is about to look at what came of it. */
  look(socket: TLSSocket): void {
    if (socket.isSessionReused()) this.#shown = this.#remembered
    else if (verifyError(socket) !== null) this.#shown = peerCertificate(socket)
  }

  shown(): TLSCertificate | null {
    return this.#shown
  }

  agreed(socket: TLSSocket): TLSSession {
    // In Bun 'secure' comes only afterwards.
    this.look(socket)
    return sessionOf(socket, this.#serverName, this.#shown)
  }
}

/**
 * Node takes a common name where a certificate has no other, and stars in the midst of labels: RFC 9525, sections 2 and
 * 6.3, has neither.
 */
function checkName(host: string, { altNames }: TLSCertificate): Error | undefined {
  const wanted = host.toLowerCase().replace(/\.$/, '')
  const accepted = [`dns:${wanted}`, `dns:${wanted.replace(/^[^.]+/, '*')}`]
  if (altNames.some((name) => accepted.includes(name.toLowerCase().replace(/\.$/, '')))) return undefined
  return Object.assign(new Error(`${wanted} is none of its names: ${altNames.join(', ') || 'there are none'}`),
    { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
}

// A session that is resumed brings no certificate: it is kept in front of the session, behind its own length.

export function pack(session: Uint8Array, certificate: Uint8Array | undefined): Uint8Array {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(certificate?.length ?? 0)
  return Buffer.concat([length, certificate ?? Buffer.alloc(0), session])
}

/** @returns null for what is no session of ours */
function unpack(kept: Uint8Array | undefined): { session: Buffer, certificate: TLSCertificate } | null {
  if (!(kept instanceof Uint8Array) || kept.length < 4) return null
  const bytes = Buffer.from(kept)
  const end = 4 + bytes.readUInt32BE()
  if (end === 4 || end >= bytes.length) return null
  return { session: bytes.subarray(end), certificate: new NodeCertificate(bytes.subarray(4, end)) }
}

/** Somebody else's code, too: what it throws costs no more than the session. */
export function recall(sessions: TLSSessionCache, key: string): ReturnType<typeof unpack> {
  try {
    return unpack(sessions.get(key))
  } catch (error) {
    cacheFailed(error)
    return null
  }
}

/** Somebody else's code, called where an error would end the program. */
export function keep(sessions: TLSSessionCache, key: string, session: Uint8Array): void {
  try {
    sessions.set(key, session)
  } catch (error) {
    cacheFailed(error)
  }
}

function cacheFailed(error: unknown): void {
  new Logger('whorl.tls').failure('A cache of TLS sessions failed', new Failure(error))
}
