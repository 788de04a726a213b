/**
 * Reactors that can send and receive datagrams, and what a datagram protocol sees of its port.
 *
 * Source: twisted.internet.interfaces.IReactorUDP, IReactorMulticast, IUDPTransport, IMulticastTransport.
 */

import type { Deferred, Failure } from '../defer/index.js'
import type { IPv4Address, IPv6Address } from './address.js'

/** Where a datagram comes from or goes to. */
export type UDPAddress = IPv4Address | IPv6Address

/** What datagrams are handed to. */
export interface IDatagramProtocol {
  /** Bound: sets `transport` and calls `startProtocol`. Comes from inside `listenUDP` where the host binds at once. */
  makeConnection(transport: IUDPTransport): void
  /** @param data the receiver's to keep */
  datagramReceived(data: Uint8Array, address: UDPAddress): void
  /** On a connected port: nobody listens at the other end. */
  connectionRefused(): void
  /** The port has closed; calls `stopProtocol`. */
  doStop(): void
  /** The port could not be bound, or broke. */
  listenFailed?(reason: Failure): void
}

/** A UDP port. */
export interface IUDPTransport {
  /**
   * Sends one datagram; what the host cannot send is lost, as on the network. The array is the port's until then: do
   * not change it. After `stopListening`: dropped.
   * @param address where to; not needed on a connected port
   * @throws TypeError without an address on an unconnected port, or for a host that is no address of the port's family
   * @throws RangeError for more bytes than a datagram holds
   */
  write(data: Uint8Array | string, address?: { host: string, port: number }): void
  /**
   * Only sends to, and hears from, this peer. What is written before the host has done so waits.
   * @throws ConnectError when connected already; TypeError for a name
   */
  connect(host: string, port: number): void
  /** Fires with the port once bound, fails with CannotListenError. */
  readonly ready: Deferred<IUDPTransport>
  getHost(): UDPAddress
  setBroadcastAllowed(allowed: boolean): void
  getBroadcastAllowed(): boolean
  /** Fires when it has closed; undefined when it had already. */
  stopListening(): Deferred<void> | undefined
}

/** A UDP port that can join groups. */
export interface IMulticastTransport extends IUDPTransport {
  readonly ready: Deferred<IMulticastTransport>
  /**
   * Fires once the port hears the group, fails with MulticastError.
   * @param iface address of the interface (IPv6: `::%eth0`), the host's choice if not given
   * @throws TypeError for what is no address of a group
   */
  joinGroup(group: string, iface?: string): Deferred<void>
  leaveGroup(group: string, iface?: string): Deferred<void>
  getTTL(): number
  setTTL(ttl: number): void
  getLoopbackMode(): boolean
  setLoopbackMode(enabled: boolean): void
  getOutgoingInterface(): string
  setOutgoingInterface(iface: string): void
}

/** Options of `listenUDP`. */
export interface ListenUDPOptions {
  /** Address to bind to; all IPv4 addresses if not given. */
  interface?: string
  /** Longer datagrams are cut to this when received, bytes; 8,192 if not given. */
  maxPacketSize?: number
}

/** Options of `listenMulticast`. */
export interface ListenMulticastOptions extends ListenUDPOptions {
  /** Several sockets of this machine may listen on the port. */
  listenMultiple?: boolean
}

/** UDP. */
export interface IReactorUDP {
  /** @param port 0 for any free one @throws RangeError for a number that is no port; CannotListenError */
  listenUDP(port: number, protocol: IDatagramProtocol, options?: ListenUDPOptions): IUDPTransport
}

/** Multicast. */
export interface IReactorMulticast {
  listenMulticast(port: number, protocol: IDatagramProtocol, options?: ListenMulticastOptions): IMulticastTransport
}
