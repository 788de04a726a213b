/**
 * Version 1 of the PROXY protocol: one line of text.
 *
 *   "PROXY TCP4 " source " " destination " " source port " " destination port CR LF       the same with TCP6
 *   "PROXY UNKNOWN" anything CR LF
 *
 * Owns: reading and writing that line. Must not know: connections. Source: the specification's section 2.1: at most 107
 * bytes with CR LF, single spaces, ports without leading zeros.
 */
import { ProxyProtocolError } from '../errors/index.js'
import type { IAddress } from '../interfaces/index.js'
import { plainHeader } from './haproxy-header.js'
import type { ReadHeader } from './haproxy-header.js'
import { bytesOfIPv4, bytesOfIPv6, textOfIPv4, textOfIPv6 } from './ip-literal.js'

/** The longest line, bytes, CR LF included. */
const MOST_BYTES = 107
const LF = 0x0a

/** @returns null while the line is not complete @throws ProxyProtocolError */
export function readVersion1(bytes: Uint8Array): ReadHeader | null {
  const end = bytes.subarray(0, MOST_BYTES).indexOf(LF)
  if (end < 0) {
    if (bytes.length >= MOST_BYTES) throw new ProxyProtocolError(`A PROXY line is longer than ${MOST_BYTES} bytes.`)
    return null
  }
  const line = String.fromCharCode(...bytes.subarray(0, end + 1))
  if (!line.endsWith('\r\n')) throw malformed('ends without CR')
  const length = end + 1
  const text = line.slice(0, -2)
  if (/^PROXY UNKNOWN(?: |$)/.test(text)) return { header: plainHeader(1, 'PROXY'), length }
  const fields = text.split(' ')
  const [, family, source, destination, sourcePort, destinationPort] = fields
  if (fields.length !== 6 || (family !== 'TCP4' && family !== 'TCP6')) {
    throw malformed('has other fields than TCP4 or TCP6')
  }
  const from = addressOf(family, source!, sourcePort!)
  const to = addressOf(family, destination!, destinationPort!)
  return { header: plainHeader(1, 'PROXY', from, to), length }
}

function addressOf(family: 'TCP4' | 'TCP6', host: string, port: string): IAddress {
  const bytes = family === 'TCP4' ? bytesOfIPv4(host) : bytesOfIPv6(host)
  if (bytes === null) throw malformed(`has a ${family} address that is none`)
  if (!/^(?:0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65535) throw malformed('has a port that is none')
  return family === 'TCP4'
    ? { family: 'IPv4', type: 'TCP', host: textOfIPv4(bytes), port: Number(port) }
    : { family: 'IPv6', type: 'TCP', host: textOfIPv6(bytes), port: Number(port) }
}

function malformed(how: string): ProxyProtocolError {
  return new ProxyProtocolError(`The PROXY line ${how}.`)
}

/** The line for a connection; `UNKNOWN` for addresses that it has no words for. */
export function writeVersion1(source: IAddress, destination: IAddress): Uint8Array {
  const from = wordsOf(source)
  const to = wordsOf(destination)
  let line = 'PROXY UNKNOWN\r\n'
  if (from !== null && to !== null) {
    const family = from.six || to.six ? 'TCP6' : 'TCP4'
    const host = (one: Words): string => family === 'TCP6' && !one.six ? `::ffff:${one.host}` : one.host
    line = `PROXY ${family} ${host(from)} ${host(to)} ${from.port} ${to.port}\r\n`
  }
  return Uint8Array.from(line, (character) => character.charCodeAt(0))
}

interface Words { six: boolean, host: string, port: number }

function wordsOf(address: IAddress): Words | null {
  if (address.family === 'IPv4') {
    return bytesOfIPv4(address.host) === null ? null : { six: false, host: address.host, port: address.port }
  }
  if (address.family !== 'IPv6') return null
  const bytes = bytesOfIPv6(address.host.split('%')[0]!)
  return bytes === null ? null : { six: true, host: textOfIPv6(bytes), port: address.port }
}
