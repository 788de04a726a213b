/**
 * Addresses of datagrams, and what may be one.
 *
 * Owns: the checks of what programs hand over. Must not know: sockets. Source: twisted.internet.udp.
 */

import type { IPv4Address, IPv6Address } from '../interfaces/address.js'
import type { IDatagramProtocol, UDPAddress } from '../interfaces/reactor-udp.js'
import { addressFamily } from './resolve-literal.js'

/** The address of one end of a datagram's way; frozen, because it is handed out more than once. */
export function udpAddress(host: string, port: number): UDPAddress {
  return host.includes(':')
    ? Object.freeze<IPv6Address>({ family: 'IPv6', type: 'UDP', host, port })
    : Object.freeze<IPv4Address>({ family: 'IPv4', type: 'UDP', host, port })
}

/** @throws TypeError for a name, or an address of the other family */
export function checkHost(host: unknown, family: 4 | 6): void {
  const found = typeof host === 'string' ? addressFamily(host) : 0
  if (found === 0) throw new TypeError(`a datagram goes to an IP address, not to ${String(host)}; resolve names first`)
  if (found !== family) {
    throw new TypeError(`a port of IPv${family} reaches no IPv${found} address such as ${String(host)}`)
  }
}

/** @throws RangeError for what no datagram can be sent to */
export function checkTargetPort(port: unknown): void {
  if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65535) {
    throw new RangeError(`a datagram goes to a port from 1 to 65535, not to ${String(port)}`)
  }
}

/** The address to bind to. @throws TypeError for a name */
export function bindHost(iface: unknown = ''): string {
  if (iface === '') return '0.0.0.0'
  if (typeof iface !== 'string' || addressFamily(iface) === 0) {
    throw new TypeError(`an interface is given by its IP address, not as ${String(iface)}`)
  }
  return iface
}

const METHODS = ['makeConnection', 'datagramReceived', 'connectionRefused', 'doStop']

/** @throws TypeError for what cannot be a datagram protocol */
export function checkDatagramProtocol(protocol: IDatagramProtocol): void {
  for (const method of METHODS) {
    if (typeof (protocol as unknown as Record<string, unknown> | null | undefined)?.[method] !== 'function') {
      throw new TypeError(`a datagram protocol needs the method ${method}()`)
    }
  }
}
