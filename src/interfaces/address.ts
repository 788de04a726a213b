/**
 * Addresses of the two ends of a connection or port.
 *
 * Owns: the shapes only; `src/transports/address.ts` makes them. Must not know: how a host spells them.
 * Source: twisted.internet.address; plain objects here, told apart by `family`.
 */

/** Where something is reached. Compare `family` first. */
export interface IAddress {
  /** Which of the address interfaces this is. */
  readonly family: 'IPv4' | 'IPv6' | 'UNIX' | 'hostname' | 'process' | 'memory'
  /** What carries it: `TCP`, `UDP`, `UNIX`, … */
  readonly type: string
}

/** An IPv4 address and a port. */
export interface IPv4Address extends IAddress {
  readonly family: 'IPv4'
  readonly type: 'TCP' | 'UDP'
  /** Dotted quad. */
  readonly host: string
  readonly port: number
}

/** An IPv6 address and a port. */
export interface IPv6Address extends IAddress {
  readonly family: 'IPv6'
  readonly type: 'TCP' | 'UDP'
  /** Colon-separated, without brackets; a zone follows after `%`. */
  readonly host: string
  readonly port: number
}

/** A UNIX socket; `path` is null for the unnamed end of a connection. */
export interface UNIXAddress extends IAddress {
  readonly family: 'UNIX'
  readonly type: 'UNIX'
  readonly path: string | null
}

/** A name that is still to be resolved, and a port. */
export interface HostnameAddress extends IAddress {
  readonly family: 'hostname'
  readonly type: 'TCP' | 'UDP'
  readonly host: string
  readonly port: number
}

/** The other end is a child process. */
export interface ProcessAddress extends IAddress {
  readonly family: 'process'
  readonly type: 'process'
  readonly pid: number | null
}

/** Where a TCP connection ends or a TCP port listens. */
export type TCPAddress = IPv4Address | IPv6Address | HostnameAddress
