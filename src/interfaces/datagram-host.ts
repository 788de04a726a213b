/**
 * What a binding offers to send and receive datagrams with. `src/transports/udp-port.ts` builds ports on this.
 */

import type { UDPAddress } from './reactor-udp.js'

/** Hears of a datagram socket. */
export interface DatagramSink {
  /** May come from inside `bind`, as `failed` may. */
  bound(address: UDPAddress): void
  /** Could not bind, or is broken; nothing follows. */
  failed(error: unknown): void
  /** @param data the receiver's to keep */
  received(data: Uint8Array, host: string, port: number): void
  /** A connected socket was told that nobody listens. */
  refused(): void
  /** Something went wrong that leaves the socket usable. */
  trouble(error: unknown): void
  closed(): void
}

/** A datagram socket. Methods throw what the host throws. */
export interface DatagramHandle {
  /** Sends or drops. @param host an address; null on a connected socket */
  send(data: Uint8Array, host: string | null, port: number): void
  /** Only this peer from now on. @param done told once, with what the host said if it failed */
  connect(host: string, port: number, done: (error: unknown) => void): void
  setBroadcast(allowed: boolean): void
  addMembership(group: string, iface: string | undefined): void
  dropMembership(group: string, iface: string | undefined): void
  setTTL(ttl: number): void
  setLoopback(enabled: boolean): void
  setInterface(iface: string): void
  pause?(): void
  resume?(): void
  /** What `send` was given before goes out first; `sink.closed` follows. */
  close(): void
}

/** What `bind` needs. */
export interface DatagramRequest {
  host: string
  port: number
  /** Several sockets of this machine may have the port. */
  shared: boolean
}

/** UDP of a host. */
export interface DatagramHost {
  bind(request: DatagramRequest, sink: DatagramSink): DatagramHandle
}
