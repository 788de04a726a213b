/**
 * TLS: what a program says about identities and trust, and what it learns of a session.
 *
 * Owns: the shapes. Must not know: how a host does TLS. Options are plain objects, PEM text or bytes as OpenSSL takes
 * them. Source: twisted.internet.ssl (CertificateOptions, optionsForClientTLS), RFC 8446, RFC 6066 (SNI), 7301 (ALPN).
 */

/** PEM text, or bytes of PEM. */
export type PEM = string | Uint8Array

/** Protocol versions. */
export type TLSVersion = 'TLSv1.2' | 'TLSv1.3'

/** A certificate with its key. */
export interface TLSIdentity {
  /** The certificate, followed by those between it and a trusted one. */
  cert: PEM
  key: PEM
  /** Opens an encrypted key. */
  passphrase?: string
}

/** What both sides may say. */
export interface TLSCommonOptions {
  /** Authorities to trust instead of the host's own. */
  ca?: PEM | PEM[]
  /** Protocols to offer or to choose from, best first: `['h2', 'http/1.1']`. */
  alpn?: string[]
  minVersion?: TLSVersion
  maxVersion?: TLSVersion
  /** OpenSSL's cipher list. */
  ciphers?: string
  /** How long the handshake may take, ms; 30,000 if not given. */
  handshakeTimeout?: number
}

/** How a client does TLS. Certificate and host name are verified unless said otherwise. */
export interface TLSClientOptions extends TLSCommonOptions {
  /** The name to ask for (SNI) and to verify; the host connected to if not given. */
  serverName?: string
  /** For servers that ask for a client certificate. */
  identity?: TLSIdentity
  /** Accepts any certificate of anybody. The connection is then safe from no active attacker. */
  insecureSkipVerify?: boolean
  /** Keeps sessions for resumption, by name and port; share one object between connections. */
  sessions?: TLSSessionCache
}

/** How a server does TLS. */
export interface TLSServerOptions extends TLSCommonOptions {
  /** What is shown to clients that ask for no name, or for one that is not in `names`. */
  identity: TLSIdentity
  /** Identities by server name; `*.example.com` stands for one label. */
  names?: Record<string, TLSIdentity>
  /**
   * `require`: a client without a certificate of `ca` is refused. `request`: it is asked for, and may come without, but
   * not with one of anybody else.
   */
  clientCertificate?: 'none' | 'request' | 'require'
  /** Handshakes that may be under way at a port; 4,096 if not given. With one more, the oldest is given up. */
  maxHandshakes?: number
}

/** Sessions to resume. Bounded, and of no use to anybody but the host that made them. */
export interface TLSSessionCache {
  get(key: string): Uint8Array | undefined
  set(key: string, session: Uint8Array): void
}

/** A certificate, as much of it as programs ask for. */
export interface TLSCertificate {
  readonly subject: string
  readonly issuer: string
  /** Names it is for: `DNS:example.com`, `IP Address:127.0.0.1`. */
  readonly altNames: readonly string[]
  readonly validFrom: string
  readonly validTo: string
  /** SHA-256 of the certificate, hexadecimal with colons. */
  readonly fingerprint256: string
  /** DER. */
  readonly raw: Uint8Array
}

/** What a finished handshake agreed on. */
export interface TLSSession {
  /** `TLSv1.3` */
  readonly version: string
  readonly cipher: string
  /** ALPN's choice, null when there was none. */
  readonly protocol: string | null
  /** The name the client asked for, null when none. */
  readonly serverName: string | null
  /** Whether an earlier session was resumed. */
  readonly resumed: boolean
  /** Null when the peer showed none. */
  readonly peerCertificate: TLSCertificate | null
}

/** A connection that can begin TLS, or speaks it. */
export interface ITLSTransport {
  /**
   * Speaks TLS from now on, after what was written before. As server with a TLSServerContext, or options that have an
   * `identity` and nothing that only a client says (`serverName`, `insecureSkipVerify`, `sessions`); else as client.
   * What the peer sent before the handshake and is not consumed is never interpreted.
   * @param early bytes that were read already and are the handshake's, as behind a header that comes before TLS
   * @throws NotSupportedError where the host has no TLS; TypeError for options that are none, or when TLS has begun
   */
  startTLS(tls: TLSClientOptions | TLSServerOptions | ITLSServerContext, early?: Uint8Array): void
  /** True from `startTLS` on, and where TLS was there from the start. */
  readonly tlsBegun: boolean
  /** Null before the handshake, and when the peer showed none. */
  getPeerCertificate(): TLSCertificate | null
  /** ALPN's choice; null before the handshake, and when there was none. */
  readonly negotiatedProtocol: string | null
  /** Null before the handshake. */
  readonly tlsSession: TLSSession | null
}

/** Server options that can be changed while ports use them: new connections see the new ones. */
export interface ITLSServerContext {
  readonly options: TLSServerOptions
  /** Replaces options: certificates are reloaded without a restart. @throws TLSOptionsError, and keeps the old ones */
  update(options: Partial<TLSServerOptions>): void
}

/** Told of handshakes. */
export interface IHandshakeListener {
  /** TLS is up: certificate and ALPN's choice are known. After `connectionMade` where TLS was there from the start. */
  handshakeCompleted(): void
}
