/**
 * What a header of the PROXY protocol says, whichever of its two forms it has.
 *
 * Owns: the shapes, and where a program finds the header of its connection. Must not know: how either form is written.
 * Source: HAProxy's "The PROXY protocol, versions 1 & 2".
 */
import type { IAddress, ITransport } from '../interfaces/index.js'

/** Types of what a version 2 header may carry beside the addresses. */
export const PP2_TYPE = {
  ALPN: 0x01,
  AUTHORITY: 0x02,
  CRC32C: 0x03,
  NOOP: 0x04,
  UNIQUE_ID: 0x05,
  SSL: 0x20,
  SSL_VERSION: 0x21,
  SSL_CN: 0x22,
  SSL_CIPHER: 0x23,
  SSL_SIG_ALG: 0x24,
  SSL_KEY_ALG: 0x25,
  NETNS: 0x30,
} as const

/** One of the fields behind the addresses. */
export interface ProxyTLV {
  /** 0 to 255; see `PP2_TYPE`. From 0xe0 on everybody may define their own. */
  readonly type: number
  readonly value: Uint8Array
}

/** The TLS connection that the proxy took apart. */
export interface ProxySSL {
  /** True if the client spoke TLS with the proxy. */
  readonly tls: boolean
  /** The client showed a certificate on this connection. */
  readonly certificateOnConnection: boolean
  /** The client showed a certificate at least once in this TLS session. */
  readonly certificateOnSession: boolean
  /** The client showed a certificate, and the proxy found it valid. */
  readonly verified: boolean
  /** `TLSv1.3` */
  readonly version: string | null
  /** Common name of the client's certificate. */
  readonly commonName: string | null
  readonly cipher: string | null
  /** All fields of this block, those above included. */
  readonly tlvs: readonly ProxyTLV[]
}

/** What came before the first byte of a connection. */
export interface ProxyHeader {
  readonly version: 1 | 2
  /** `LOCAL`: the proxy speaks for itself, as for a health check. */
  readonly command: 'LOCAL' | 'PROXY'
  /** Where the connection began; null where the header does not say, and the connection's own address stands. */
  readonly source: IAddress | null
  /** Where it was made to. */
  readonly destination: IAddress | null
  /** All fields behind the addresses, in order; none in version 1. */
  readonly tlvs: readonly ProxyTLV[]
  /** ALPN's choice between client and proxy. */
  readonly alpn: string | null
  /** The host name that the client asked for (SNI). */
  readonly authority: string | null
  readonly uniqueId: Uint8Array | null
  readonly namespace: string | null
  readonly ssl: ProxySSL | null
}

/** A header that says no more than this. */
export function plainHeader(
  version: 1 | 2, command: 'LOCAL' | 'PROXY', source: IAddress | null = null, destination: IAddress | null = null,
): ProxyHeader {
  return {
    version, command, source, destination,
    tlvs: [], alpn: null, authority: null, uniqueId: null, namespace: null, ssl: null,
  }
}

/** A header, and where what follows it begins. */
export interface ReadHeader {
  readonly header: ProxyHeader
  /** Bytes that the header takes. */
  readonly length: number
}

const headers = new WeakMap<object, ProxyHeader>()

/** Remembers the header that a connection came with. @internal */
export function setProxyHeader(transport: ITransport, header: ProxyHeader): void {
  headers.set(transport, header)
}

/**
 * The header that a connection came with, whatever policies stand between the connection and the protocol.
 *
 * @param transport what a protocol has as its transport
 * @returns null if the connection came without one
 */
export function proxyHeaderOf(transport: ITransport): ProxyHeader | null {
  const seen = new Set<object>()
  for (let link: unknown = transport; typeof link === 'object' && link !== null && !seen.has(link);) {
    const header = headers.get(link)
    if (header !== undefined) return header
    seen.add(link)
    link = (link as { transport?: unknown }).transport
  }
  return null
}
