/**
 * Version 2 of the PROXY protocol: a binary header.
 *
 *    0                12         13        14          16
 *   +-----------------+----------+---------+-----------+-----------+------+
 *   | 12 bytes: the   | version, | family, | length of | addresses | TLVs |
 *   | signature       | command  | carrier | the rest  |           |      |
 *   +-----------------+----------+---------+-----------+-----------+------+
 *   addresses: IPv4 4 4 2 2, IPv6 16 16 2 2, UNIX 108 108 bytes, source first; TLV: type 1, length 2, value
 *
 * Owns: reading and writing it. Must not know: connections. Source: the specification's section 2.2.
 */
import { decodeText, encodeText } from '../core/text.js'
import { ProxyProtocolError } from '../errors/index.js'
import type { IAddress } from '../interfaces/index.js'
import { crc32c } from './haproxy-crc32c.js'
import { plainHeader, PP2_TYPE } from './haproxy-header.js'
import type { ProxyHeader, ProxySSL, ProxyTLV, ReadHeader } from './haproxy-header.js'
import { bytesOfIPv4, bytesOfIPv6, textOfIPv4, textOfIPv6 } from './ip-literal.js'

/** What a version 2 header begins with. */
export const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
const FIXED = 16

const LOCAL = 0x20
const PROXY = 0x21
const UNSPEC = 0x0
const INET = 0x1
const INET6 = 0x2
const UNIX = 0x3
/** Bytes of the address block, by family. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { [UNSPEC]: 0, [INET]: 12, [INET6]: 36, [UNIX]: 216 }
const UNIX_PATH = 108

/** @returns null while the header is not complete @throws ProxyProtocolError */
export function readVersion2(bytes: Uint8Array, limit: number): ReadHeader | null {
  if (bytes.length < FIXED) return null
  const [command, carrier] = [bytes[12]!, bytes[13]!]
  if (command !== LOCAL && command !== PROXY) throw malformed(`has an unknown version or command (0x${hex(command)})`)
  const family = carrier >> 4
  const size = ADDRESS_BYTES[family]
  if (size === undefined || (carrier & 0xf) > 2) throw malformed(`has an unknown kind of address (0x${hex(carrier)})`)
  const length = FIXED + (bytes[14]! << 8 | bytes[15]!)
  if (length > limit) throw malformed(`is longer than ${limit} bytes`)
  if (bytes.length < length) return null
  // What the proxy says for itself has nothing to do with addresses, whatever it says about them.
  if (command === LOCAL) return { header: plainHeader(2, 'LOCAL'), length }
  if (length < FIXED + size) throw malformed('is too short for its addresses')
  const whole = bytes.slice(0, length)
  const tlvs = readTLVs(whole.subarray(FIXED + size), family === UNSPEC)
  checkSum(whole, FIXED + size, tlvs)
  const [source, destination] = readAddresses(whole.subarray(FIXED, FIXED + size), family, (carrier & 0xf) === 2)
  return { header: { ...plainHeader(2, 'PROXY', source, destination), ...known(tlvs) }, length }
}

/** @param lenient an unknown family may have anything there */
function readTLVs(bytes: Uint8Array, lenient: boolean): ProxyTLV[] {
  const tlvs: ProxyTLV[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + 3 > bytes.length ? Infinity : at + 3 + (bytes[at + 1]! << 8 | bytes[at + 2]!)
    if (end > bytes.length) {
      if (lenient) return []
      throw malformed('has a field that is longer than the header')
    }
    tlvs.push({ type: bytes[at]!, value: bytes.subarray(at + 3, end) })
    at = end
  }
  return tlvs
}

function checkSum(header: Uint8Array, offset: number, tlvs: readonly ProxyTLV[]): void {
  const sum = find(tlvs, PP2_TYPE.CRC32C)
  if (sum === null) return
  if (sum.length !== 4) throw malformed('has a checksum that is not 4 bytes long')
  // The sum is taken with its own place zero.
  const at = sum.byteOffset - header.byteOffset
  if (at < offset) throw malformed('has a checksum in the wrong place')
  const value = crc32c(header.subarray(0, at), new Uint8Array(4), header.subarray(at + 4))
  const said = new DataView(sum.buffer, sum.byteOffset, 4).getUint32(0)
  if (value !== said) throw malformed('has a checksum that is wrong')
}

function readAddresses(bytes: Uint8Array, family: number, datagrams: boolean): [IAddress | null, IAddress | null] {
  const type = datagrams ? 'UDP' : 'TCP'
  const port = (at: number): number => bytes[at]! << 8 | bytes[at + 1]!
  if (family === INET) {
    const one = (at: number, portAt: number): IAddress =>
      ({ family: 'IPv4', type, host: textOfIPv4(bytes.subarray(at, at + 4)), port: port(portAt) })
    return [one(0, 8), one(4, 10)]
  }
  if (family === INET6) {
    const one = (at: number, portAt: number): IAddress =>
      ({ family: 'IPv6', type, host: textOfIPv6(bytes.subarray(at, at + 16)), port: port(portAt) })
    return [one(0, 32), one(16, 34)]
  }
  if (family === UNIX) return [readPath(bytes.subarray(0, UNIX_PATH)), readPath(bytes.subarray(UNIX_PATH))]
  return [null, null]
}

/** Filled up with NULs; one that begins with a NUL and goes on is an abstract name. */
function readPath(bytes: Uint8Array): IAddress {
  let end = bytes.indexOf(0, 1)
  if (end < 0) end = bytes.length
  const isEmpty = bytes[0] === 0 && end === 1
  return { family: 'UNIX', type: 'UNIX', path: isEmpty ? null : text(bytes.subarray(0, end)) }
}

function known(tlvs: readonly ProxyTLV[]): Omit<ProxyHeader, 'version' | 'command' | 'source' | 'destination'> {
  const ssl = find(tlvs, PP2_TYPE.SSL)
  return {
    tlvs,
    alpn: textField(tlvs, PP2_TYPE.ALPN),
    authority: textField(tlvs, PP2_TYPE.AUTHORITY),
    uniqueId: find(tlvs, PP2_TYPE.UNIQUE_ID),
    namespace: textField(tlvs, PP2_TYPE.NETNS),
    ssl: ssl === null ? null : readSSL(ssl),
  }
}

function readSSL(bytes: Uint8Array): ProxySSL {
  if (bytes.length < 5) throw malformed('has a TLS field that is too short')
  const client = bytes[0]!
  const tlvs = readTLVs(bytes.subarray(5), false)
  return {
    tls: (client & 1) !== 0,
    certificateOnConnection: (client & 2) !== 0,
    certificateOnSession: (client & 4) !== 0,
    // Zero is OpenSSL's word for a certificate that is in order; without a certificate it means nothing.
    verified: (client & 6) !== 0 && bytes.subarray(1, 5).every((byte) => byte === 0),
    version: textField(tlvs, PP2_TYPE.SSL_VERSION),
    commonName: textField(tlvs, PP2_TYPE.SSL_CN),
    cipher: textField(tlvs, PP2_TYPE.SSL_CIPHER),
    tlvs,
  }
}

function find(tlvs: readonly ProxyTLV[], type: number): Uint8Array | null {
  return tlvs.find((tlv) => tlv.type === type)?.value ?? null
}

function textField(tlvs: readonly ProxyTLV[], type: number): string | null {
  const value = find(tlvs, type)
  return value === null ? null : text(value)
}

function text(bytes: Uint8Array): string {
  return decodeText(bytes)
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

function malformed(how: string): ProxyProtocolError {
  return new ProxyProtocolError(`The header of the PROXY protocol ${how}.`)
}

/** What {@link writeVersion2} may add. */
export interface Version2Options {
  /** `LOCAL`: for the proxy's own connections; no addresses are sent. */
  command?: 'LOCAL' | 'PROXY'
  tlvs?: readonly ProxyTLV[]
  /** Adds the checksum. */
  checksum?: boolean
}

/** The header for a connection; without addresses where the two ends are of kinds that it cannot say together. */
export function writeVersion2(source: IAddress, destination: IAddress, options: Version2Options = {}): Uint8Array {
  const { command = 'PROXY', tlvs = [], checksum = false } = options
  const [carrier, addresses] = command === 'LOCAL' ? [0x00, new Uint8Array(0)] : writeAddresses(source, destination)
  const fields = checksum ? [...tlvs, { type: PP2_TYPE.CRC32C, value: new Uint8Array(4) }] : tlvs
  const size = fields.reduce((total, { value }) => total + 3 + value.length, addresses.length)
  if (size > 0xffff) throw new RangeError(`a header of the PROXY protocol has at most 65535 bytes, not ${size}`)
  const bytes = new Uint8Array(FIXED + size)
  bytes.set(SIGNATURE)
  bytes.set([command === 'LOCAL' ? LOCAL : PROXY, carrier, size >> 8, size & 0xff], 12)
  bytes.set(addresses, FIXED)
  let at = FIXED + addresses.length
  for (const { type, value } of fields) {
    bytes.set([type, value.length >> 8, value.length & 0xff], at)
    bytes.set(value, at + 3)
    at += 3 + value.length
  }
  if (checksum) new DataView(bytes.buffer).setUint32(at - 4, crc32c(bytes))
  return bytes
}

function writeAddresses(source: IAddress, destination: IAddress): [carrier: number, addresses: Uint8Array] {
  const ends = [source, destination]
  if (ends.every((one) => one.family === 'UNIX')) {
    const bytes = new Uint8Array(2 * UNIX_PATH)
    for (const [index, one] of ends.entries()) {
      const path = encodeText((one as { path: string | null }).path ?? '')
      if (path.length > UNIX_PATH) return [0x00, new Uint8Array(0)]
      bytes.set(path, index * UNIX_PATH)
    }
    return [UNIX << 4 | 1, bytes]
  }
  const hosts = ends.map((one) => one.family === 'IPv4' ? bytesOfIPv4(one.host)
    : one.family === 'IPv6' ? bytesOfIPv6(one.host.split('%')[0]!) : null)
  if (hosts.includes(null)) return [0x00, new Uint8Array(0)]
  const six = hosts.some((host) => host!.length === 16)
  const datagrams = (source as { type: string }).type === 'UDP'
  const [first, second] = hosts.map((host) => six && host!.length === 4 ? mapped(host!) : host!) as
    [Uint8Array, Uint8Array]
  const ports = (ends as { port: number }[]).flatMap(({ port }) => [port >> 8, port & 0xff])
  return [(six ? INET6 : INET) << 4 | (datagrams ? 2 : 1), Uint8Array.of(...first, ...second, ...ports)]
}

/** An IPv4 address among IPv6 ones. */
function mapped(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes)
}
