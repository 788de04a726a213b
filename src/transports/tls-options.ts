/**
 * Whether TLS options make sense, asked when they are handed over.
 *
 * Owns: which keys there are, and what fits together. Must not know: what is in a certificate; a host's TLS reads those
 * and complains with the same error.
 */

import { TLSOptionsError } from '../errors/index.js'
import type { ITLSServerContext, TLSClientOptions, TLSIdentity, TLSServerOptions } from '../interfaces/tls.js'
import { ALPN_NAME, LONGEST_TIMEOUT } from './tls-limits.js'

const COMMON = ['ca', 'alpn', 'minVersion', 'maxVersion', 'ciphers', 'handshakeTimeout', 'identity']
const CLIENT = [...COMMON, 'serverName', 'insecureSkipVerify', 'sessions']
const SERVER = [...COMMON, 'names', 'clientCertificate', 'maxHandshakes']
const IDENTITY = ['cert', 'key', 'passphrase']
const CLIENT_CERTIFICATE = ['none', 'request', 'require']
const VERSIONS = ['TLSv1.2', 'TLSv1.3']

/** Labels; the first may be `*`. */
const SERVED_NAME = /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/i

type Fields = Record<string, unknown>

/** @throws TLSOptionsError that names the key */
export function checkClientOptions(options: unknown): asserts options is TLSClientOptions {
  const fields = fieldsOf(options, CLIENT, '', 'client')
  checkCommon(fields)
  if (fields.identity !== undefined) checkIdentity(fields.identity, 'identity')
  checkText(fields.serverName, 'serverName')
  if (!isOneOf(fields.insecureSkipVerify, [undefined, true, false])) wrong('insecureSkipVerify', 'is true or false')
  const sessions = fields.sessions as { get?: unknown, set?: unknown } | null | undefined
  if (sessions !== undefined && (typeof sessions?.get !== 'function' || typeof sessions.set !== 'function')) {
    wrong('sessions', 'has methods get and set: see sessionCache()')
  }
}

/** @throws TLSOptionsError that names the key */
export function checkServerOptions(options: unknown): asserts options is TLSServerOptions {
  const fields = fieldsOf(options, SERVER, '', 'server')
  checkCommon(fields)
  checkIdentity(fields.identity, 'identity')
  const { clientCertificate = 'none', maxHandshakes, names } = fields
  if (!isOneOf(clientCertificate, CLIENT_CERTIFICATE)) {
    wrong('clientCertificate', `is one of ${CLIENT_CERTIFICATE.join(', ')}`)
  }
  if (clientCertificate !== 'none' && fields.ca === undefined) {
    wrong('ca', 'is needed where clients show certificates: else anybody\'s would do')
  }
  if (maxHandshakes !== undefined && !(Number.isInteger(maxHandshakes) && maxHandshakes as number > 0)) {
    wrong('maxHandshakes', 'is a whole number above 0')
  }
  if (names === undefined) return
  if (!isObject(names)) wrong('names', 'is an object of identities by server name')
  const seen = new Set<string>()
  for (const [name, identity] of Object.entries(names as Fields)) {
    if (!SERVED_NAME.test(name)) wrong(`names.${name}`, 'is no name of a server, nor one behind *.')
    if (seen.has(name.toLowerCase())) wrong(`names.${name}`, 'is there twice')
    seen.add(name.toLowerCase())
    checkIdentity(identity, `names.${name}`)
  }
}

/** Whether it can be updated, and is so a server's. */
export function isServerContext(tls: unknown): tls is ITLSServerContext {
  return isObject(tls) && typeof (tls as Fields).update === 'function' && isObject((tls as Fields).options)
}

/**
 * Whose side of TLS these options are for: a server's if they are a context, or have an `identity` and nothing that
 * only a client says (`serverName`, `insecureSkipVerify`, `sessions`).
 *
 * @throws TypeError for what are no options at all
 */
export function tlsRole(tls: unknown): 'server' | 'client' {
  if (!isObject(tls)) throw new TypeError(`TLS options are an object, not ${String(tls)}`)
  if (isServerContext(tls)) return 'server'
  const { identity, serverName, insecureSkipVerify, sessions } = tls as Fields
  const isClient = serverName !== undefined || insecureSkipVerify !== undefined || sessions !== undefined
  return identity !== undefined && !isClient ? 'server' : 'client'
}

function checkCommon(fields: Fields): void {
  const { ca, alpn, minVersion, maxVersion, handshakeTimeout } = fields
  if (Array.isArray(ca)) {
    if (ca.length === 0) wrong('ca', 'is empty: nobody would be trusted')
    for (const one of ca) checkPEM(one, 'ca')
  } else if (ca !== undefined) {
    checkPEM(ca, 'ca')
  }
  if (alpn !== undefined) {
    if (!Array.isArray(alpn)) wrong('alpn', 'is an array of names of protocols')
    for (const name of alpn as unknown[]) {
      const fits = typeof name === 'string' && name.length <= ALPN_NAME && /^[\x21-\x7e]+$/.test(name)
      if (!fits) wrong('alpn', `has names of 1 to ${ALPN_NAME} ASCII characters`)
    }
  }
  if (!isOneOf(minVersion, [undefined, ...VERSIONS])) wrong('minVersion', `is one of ${VERSIONS.join(', ')}`)
  if (!isOneOf(maxVersion, [undefined, ...VERSIONS])) wrong('maxVersion', `is one of ${VERSIONS.join(', ')}`)
  if (minVersion === 'TLSv1.3' && maxVersion === 'TLSv1.2') wrong('maxVersion', 'is below minVersion')
  checkText(fields.ciphers, 'ciphers')
  if (handshakeTimeout !== undefined) {
    const fits = typeof handshakeTimeout === 'number' && handshakeTimeout > 0 && handshakeTimeout <= LONGEST_TIMEOUT
    if (!fits) wrong('handshakeTimeout', `is a number of milliseconds, up to ${LONGEST_TIMEOUT}`)
  }
}

function checkIdentity(identity: unknown, field: string): asserts identity is TLSIdentity {
  if (identity === undefined) wrong(field, 'is needed: { cert, key }')
  const { cert, key, passphrase } = fieldsOf(identity, IDENTITY, `${field}.`, 'identity')
  checkPEM(cert, `${field}.cert`)
  checkPEM(key, `${field}.key`)
  checkText(passphrase, `${field}.passphrase`)
}

function checkPEM(value: unknown, field: string): void {
  const length = typeof value === 'string' ? value.length : ArrayBuffer.isView(value) ? value.byteLength : 0
  if (length === 0) wrong(field, 'is PEM, as text or as bytes')
}

function checkText(value: unknown, field: string): void {
  if (value !== undefined && (typeof value !== 'string' || value === '')) wrong(field, 'is a text')
}

/** @param prefix of the fields' names, in messages */
function fieldsOf(options: unknown, known: readonly string[], prefix: string, kind: string): Fields {
  if (!isObject(options)) wrong(prefix.slice(0, -1) || 'options', `of ${kind} are an object`)
  for (const key of Object.keys(options as object)) {
    if (!known.includes(key)) wrong(`${prefix}${key}`, `is not known; there are ${known.join(', ')}`)
  }
  return options as Fields
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

function isOneOf(value: unknown, allowed: readonly unknown[]): boolean {
  return allowed.includes(value)
}

function wrong(field: string, what: string): never {
  throw new TLSOptionsError(`TLS option ${field} ${what}.`, { field })
}
