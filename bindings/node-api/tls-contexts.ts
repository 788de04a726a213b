/**
 * Node's secure contexts: what OpenSSL makes of certificates, keys and lists of ciphers.
 *
 * Owns: making one for each options object, the choice among a server's by name, and saying which option cannot be
 * read. Must not know: sockets.
 */

import { Buffer } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import { TLSOptionsError } from '../../src/errors/index.js'
import type {
  PEM, TLSClientOptions, TLSCommonOptions, TLSIdentity, TLSServerHandle, TLSServerOptions,
} from '../../src/interfaces/index.js'
import { crypto, tls } from './builtins.js'

/** Servers that resume sessions of clients with certificates must have one; any will do. */
const SESSION_ID_CONTEXT = 'whorl'

/** What a server has. */
export interface ServerContexts {
  readonly options: TLSServerOptions
  readonly main: SecureContext
  /** By name in lower case, and by `*.rest`. */
  readonly names: ReadonlyMap<string, SecureContext>
}

/** A server's contexts, which can be replaced. */
export class NodeTLSServer implements TLSServerHandle {
  #contexts: ServerContexts

  constructor(options: TLSServerOptions) {
    this.#contexts = makeServerContexts(options)
  }

  /** Those for handshakes to come. */
  get contexts(): ServerContexts {
    return this.#contexts
  }

  update(options: TLSServerOptions): void {
    this.#contexts = makeServerContexts(options)
  }
}

/** What a client has. */
export interface ClientContext {
  readonly context: SecureContext
  /** Tells trust from other trust: a session of one must not be resumed, and so trusted, under another. */
  readonly fingerprint: string
}

/** @throws TLSOptionsError */
export function makeClientContext(options: TLSClientOptions): ClientContext {
  const { ca, identity, insecureSkipVerify } = options
  const hash = crypto().createHash('sha256')
  for (const part of [insecureSkipVerify === true ? 'any' : 'verified', ...list(ca), identity?.cert ?? '']) {
    hash.update(crypto().createHash('sha256').update(part).digest())
  }
  return {
    context: makeContext(options, identity, 'identity'),
    fingerprint: hash.digest('base64url'),
  }
}

/** The context for the name that a client asks for; undefined for the one of those that ask for no such name. */
export function contextFor(contexts: ServerContexts, serverName: string): SecureContext | undefined {
  const name = serverName.toLowerCase().replace(/\.$/, '')
  return contexts.names.get(name) ?? contexts.names.get(name.replace(/^[^.]+/, '*'))
}

function makeServerContexts(options: TLSServerOptions): ServerContexts {
  const names = new Map<string, SecureContext>()
  const main = makeContext(options, options.identity, 'identity')
  for (const [name, identity] of Object.entries(options.names ?? {})) {
    names.set(name.toLowerCase(), makeContext(options, identity, `names.${name}`))
  }
  return { options, main, names }
}

function makeContext(options: TLSCommonOptions, identity: TLSIdentity | undefined, field: string): SecureContext {
  for (const pem of list(options.ca)) readable('ca', () => new (crypto().X509Certificate)(pem))
  const made: SecureContextOptions = {
    minVersion: options.minVersion ?? 'TLSv1.2',
    maxVersion: options.maxVersion ?? 'TLSv1.3',
    // A second handshake on a connection has only ever brought attacks; TLS 1.3 has none.
    secureOptions: crypto().constants.SSL_OP_NO_RENEGOTIATION,
    honorCipherOrder: true,
    sessionIdContext: SESSION_ID_CONTEXT,
  }
  if (options.ca !== undefined) made.ca = list(options.ca).map(forNode)
  if (options.ciphers !== undefined) made.ciphers = options.ciphers
  if (identity !== undefined) {
    checkIdentity(identity, field)
    made.cert = forNode(identity.cert)
    made.key = forNode(identity.key)
    if (identity.passphrase !== undefined) made.passphrase = identity.passphrase
  }
  // Everything else has been read by now.
  return readable(options.ciphers === undefined ? field : 'ciphers', () => tls().createSecureContext(made))
}

/** Says which of the two cannot be read, or that they do not belong together. */
function checkIdentity({ cert, key, passphrase }: TLSIdentity, field: string): void {
  const certificate = readable(`${field}.cert`, () => new (crypto().X509Certificate)(cert))
  const opened: KeyObject = readable(`${field}.key`, () => {
    const pem = forNode(key)
    return crypto().createPrivateKey(passphrase === undefined ? { key: pem } : { key: pem, passphrase })
  })
  if (!certificate.checkPrivateKey(opened)) {
    throw new TLSOptionsError(
      `TLS option ${field}.key is not the key of the certificate.`, { field: `${field}.key` })
  }
}

function readable<T>(field: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new TLSOptionsError(`TLS option ${field} cannot be used: ${(cause as Error).message}`, { field, cause })
  }
}

function list(pem: PEM | PEM[] | undefined): PEM[] {
  return pem === undefined ? [] : Array.isArray(pem) ? pem : [pem]
}

/** Node wants its own kind of bytes. */
function forNode(pem: PEM): string | Buffer {
  return typeof pem === 'string' ? pem : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength)
}
