/**
 * Addresses of the two ends of a connection or port.
 *
 * Owns: the shapes only; `src/transports/address.ts` makes them. Must not know: how a host spells them.
 * Source: twisted.internet.address; plain objects here, told apart by `family`.
 */

/**
 * Where something is reached: `family` says which of the interfaces below it is, `type` what carries it.
 *
 * @example
 * const peer = this.transport.getPeer()
 * if (peer.family === 'IPv4') console.log(peer.host, peer.port)
 */
export type IAddress = TCPAddress | UNIXAddress | ProcessAddress | MemoryAddress

/** An IPv4 address and a port. */
export interface IPv4Address {
  readonly family: 'IPv4'
  readonly type: 'TCP' | 'UDP'
  /** Dotted quad. */
  readonly host: string
  readonly port: number
}

/** An IPv6 address and a port. */
export interface IPv6Address {
  readonly family: 'IPv6'
  readonly type: 'TCP' | 'UDP'
  /** Colon-separated, without brackets; a zone follows after `%`. */
  readonly host: string
  readonly port: number
}

/** A UNIX socket; `path` is null for the unnamed end of a connection. */
export interface UNIXAddress {
  readonly family: 'UNIX'
  readonly type: 'UNIX'
  readonly path: string | null
}

/** A name that is still to be resolved, and a port. */
export interface HostnameAddress {
  readonly family: 'hostname'
  readonly type: 'TCP' | 'UDP'
  readonly host: string
  readonly port: number
}

/** The other end is a child process. */
export interface ProcessAddress {
  readonly family: 'process'
  readonly type: 'process'
  readonly pid: number | null
}

/** One end of a connection in memory (`whorl/testing`). */
export interface MemoryAddress {
  readonly family: 'memory'
  readonly type: 'memory'
  readonly name: string
}

/** Where a TCP connection ends or a TCP port listens. */
export type TCPAddress = IPv4Address | IPv6Address | HostnameAddress
