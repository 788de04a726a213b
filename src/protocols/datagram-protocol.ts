/**
 * DatagramProtocol: the base class of what a user writes for a UDP port.
 *
 * Owns: the link to the port, and the default of every callback. Must not know: what carries the datagrams.
 * Source: twisted.internet.protocol.DatagramProtocol.
 */

import type { IDatagramProtocol, IMulticastTransport, IUDPTransport, UDPAddress } from '../interfaces/reactor-udp.js'

/**
 * What datagrams are handed to.
 *
 * @example
 * class Echo extends DatagramProtocol {
 *   datagramReceived(data: Uint8Array, address: UDPAddress) { this.transport.write(data, address) }
 * }
 * reactor.listenUDP(7, new Echo())
 */
export class DatagramProtocol implements IDatagramProtocol {
  /** The port; set just before `startProtocol`. Only a port of `listenMulticast` has the methods for groups. */
  transport!: IMulticastTransport
  /** Ports that this protocol is on now; usually one. */
  numPorts = 0

  /** Called by the port: keeps it, and calls `startProtocol` if it is the first. */
  makeConnection(transport: IUDPTransport): void {
    this.transport = transport as IMulticastTransport
    this.numPorts += 1
    if (this.numPorts === 1) this.startProtocol()
  }

  /** Called by the port when it has closed; the last one calls `stopProtocol`. */
  doStop(): void {
    if (this.numPorts === 0) return
    this.numPorts -= 1
    if (this.numPorts === 0) this.stopProtocol()
  }

  /** The port is bound; `transport` is there. */
  startProtocol(): void {}

  /** The port has closed; nothing is received after it. */
  stopProtocol(): void {}

  /**
   * One datagram.
   * @param _data the receiver's to keep; may be empty
   * @param _address who sent it; good for `transport.write`
   */
  datagramReceived(_data: Uint8Array, _address: UDPAddress): void {}

  /** On a connected port: nobody listens at the other end. Comes after a write, if at all. */
  connectionRefused(): void {}
}
