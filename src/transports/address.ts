/**
 * Addresses as objects: makes them from what hosts say.
 *
 * Owns: the one spelling of each. Must not know: sockets. Source: twisted.internet.address.
 */

import type { HostnameAddress, IPv4Address, IPv6Address, TCPAddress } from '../interfaces/address.js'

const QUAD = /^(?:\d{1,3}\.){3}\d{1,3}$/

/** The address of one end of a TCP connection; what is no literal address is a host name. @throws TypeError */
export function tcpAddress(host: string, port: number): TCPAddress {
  if (typeof host !== 'string') throw new TypeError(`a host is a name or an address, as text, not ${String(host)}`)
  if (QUAD.test(host)) return { family: 'IPv4', type: 'TCP', host, port } satisfies IPv4Address
  if (host.includes(':')) return { family: 'IPv6', type: 'TCP', host, port } satisfies IPv6Address
  return { family: 'hostname', type: 'TCP', host, port } satisfies HostnameAddress
}

/** @throws RangeError for what is no port number */
export function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`a port is a whole number from 0 to 65535, not ${String(port)}`)
  }
}
