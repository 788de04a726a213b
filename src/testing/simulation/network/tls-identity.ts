/**
 * Certificates of the TLS stand-in: who a simulated host says that it is, and whether that is believed.
 *
 * Owns: names and their check. Must not know: records. There are no keys and no signatures: a certificate is a list of
 * names, that of its host where the options say nothing else. Source: RFC 9525 section 6.3 for the check.
 */

import { decodeText, encodeText } from '../../../core/text.js'
import { TLSOptionsError } from '../../../errors/index.js'
import type { CertificateReason } from '../../../errors/index.js'
import type { PEM, TLSCertificate, TLSIdentity } from '../../../interfaces/index.js'
import { addressFamily, canonicalAddress } from '../../../transports/resolve-literal.js'
import type { SimHost } from '../world.js'

const BEGIN = '-----BEGIN SIMULATED CERTIFICATE-----'
const END = '-----END SIMULATED CERTIFICATE-----'

/** What a certificate says. @internal */
export interface Shown {
  readonly names: readonly string[]
  /** What is wrong with it, '' if nothing. */
  readonly flaw: CertificateReason | ''
}

/**
 * An identity for simulated TLS. Any other text will do, too, and stands for the names and addresses of its host.
 *
 * @param names what the certificate is for: names, `*.` with one, addresses
 * @param flaw why clients do not accept it, if they are not to
 */
export function simulatedIdentity(names: readonly string[], flaw: CertificateReason | '' = ''): TLSIdentity {
  const lines = [BEGIN, ...names.map((name) => `name: ${name}`), ...flaw === '' ? [] : [`flaw: ${flaw}`], END, '']
  return { cert: lines.join('\n'), key: '-----BEGIN SIMULATED KEY-----\n-----END SIMULATED KEY-----\n' }
}

/** What a host shows. @param asked for, by which the identity was chosen @internal */
export function shownBy(identity: TLSIdentity, host: SimHost, asked: string | null): Shown {
  const text = textOf(identity.cert)
  if (!text.includes(BEGIN)) {
    const own = [host.name, host.ipv4, canonicalAddress(host.ipv6), 'localhost', '127.0.0.1', '::1']
    return { names: asked === null || own.includes(asked) ? own : [...own, asked], flaw: '' }
  }
  const found = (key: string): string[] => {
    const lines = text.split('\n').filter((line) => line.startsWith(`${key}: `))
    return lines.map((line) => line.slice(key.length + 2).trim())
  }
  return { names: found('name'), flaw: (found('flaw')[0] ?? '') as CertificateReason | '' }
}

/** @throws TLSOptionsError for an identity without certificate or key @internal */
export function checkIdentity(identity: TLSIdentity | undefined, field: string): void {
  for (const part of ['cert', 'key'] as const) {
    const value = identity?.[part] as unknown
    if ((typeof value === 'string' || value instanceof Uint8Array) && value.length > 0) continue
    throw new TLSOptionsError(`TLS option ${field}.${part} is PEM, as text or bytes.`, { field: `${field}.${part}` })
  }
}

/** A name as it is asked for and verified: lower case, no final dot; '' for what is no name. @internal */
export function plainName(name: string): string {
  const bare = name.replace(/%.*$/, '')
  if (addressFamily(bare) !== 0) return canonicalAddress(bare)
  return /^[^\0- "#%/:<>?@[\\\]^`{|}\x7f]+$/.test(name) ? name.toLowerCase().replace(/\.$/, '') : ''
}

/** Whether a certificate's names cover one. @internal */
export function covers(names: readonly string[], name: string): boolean {
  const wanted = plainName(name)
  if (addressFamily(wanted) !== 0) return names.some((one) => canonicalAddress(one) === wanted)
  const star = wanted.replace(/^[^.]+/, '*')
  return names.some((one) => {
    const plain = one.toLowerCase().replace(/\.$/, '')
    return plain === wanted || (plain === star && star.includes('.'))
  })
}

/** A certificate as programs see it. @internal */
export function certificateOf({ names }: Shown): TLSCertificate {
  const altNames = names.map((name) => addressFamily(name) === 0 ? `DNS:${name}` : `IP Address:${name}`)
  const raw = encodeText(altNames.join(', '))
  return Object.freeze({
    subject: `CN=${names[0] ?? ''}`, issuer: 'CN=simulated', altNames: Object.freeze(altNames),
    validFrom: '1970-01-01T00:00:00.000Z', validTo: '9999-12-31T23:59:59.000Z', fingerprint256: fingerprint(raw), raw,
  })
}

/** Looks like SHA-256, and is not. */
function fingerprint(bytes: Uint8Array): string {
  const parts: string[] = []
  let hash = 0x811c9dc5
  for (let round = 0; round < 32; round++) {
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
    hash = Math.imul(hash ^ round, 0x01000193)
    parts.push((hash >>> 24).toString(16).padStart(2, '0').toUpperCase())
  }
  return parts.join(':')
}

function textOf(pem: PEM): string {
  return typeof pem === 'string' ? pem : decodeText(pem)
}
