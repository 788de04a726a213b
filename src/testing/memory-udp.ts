/**
 * What a MemoryReactor gives for datagrams: a port that keeps what is sent, and is handed what is to be received.
 *
 * Owns: those records. Must not know: networks. Source: twisted.internet.testing (FakeDatagramTransport).
 */
import { debugging, noteSite } from '../defer/debug.js'
import { ConnectError } from '../errors/index.js'
import { Failure, succeed } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import type { IDatagramProtocol, IMulticastTransport, UDPAddress } from '../interfaces/index.js'

/** A datagram that was sent. */
export interface SentDatagram {
  readonly data: Uint8Array
  readonly host: string
  readonly port: number
}

/** A datagram port without a network. */
export class MemoryUDPPort implements IMulticastTransport {
  /** Everything that was sent. */
  readonly sent: SentDatagram[] = []
  /** The groups it has joined. */
  readonly groups = new Set<string>()
  listening = true
  /** Where it is connected to; null if it is not. */
  peer: { readonly host: string, readonly port: number } | null = null
  readonly ready: Deferred<IMulticastTransport>
  readonly #protocol: IDatagramProtocol
  readonly #address: UDPAddress
  readonly #maxPacketSize: number
  #broadcast = false
  #ttl = 1
  #loopback = true
  #interface: string

  constructor(protocol: IDatagramProtocol, address: UDPAddress, maxPacketSize = 8_192) {
    this.#protocol = protocol
    this.#address = address
    this.#maxPacketSize = maxPacketSize
    this.#interface = address.host
    if (debugging) noteSite(this)
    this.ready = succeed<unknown>(this) as unknown as Deferred<IMulticastTransport>
    protocol.makeConnection(this)
  }

  write(data: Uint8Array | string, address?: { host: string, port: number }): void {
    const to = this.peer ?? address
    if (to === undefined) throw new TypeError('a port that is not connected needs an address to write to')
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : Uint8Array.from(data)
    if (this.listening) this.sent.push({ data: bytes, host: to.host, port: to.port })
  }

  connect(host: string, port: number): void {
    if (this.peer !== null) throw new ConnectError('This port is connected already.')
    this.peer = { host, port }
  }

  getHost(): UDPAddress {
    return this.#address
  }

  setBroadcastAllowed(allowed: boolean): void {
    this.#broadcast = allowed
  }

  getBroadcastAllowed(): boolean {
    return this.#broadcast
  }

  stopListening(): Deferred<void> | undefined {
    if (!this.listening) return undefined
    this.listening = false
    this.#protocol.doStop()
    return succeed()
  }

  joinGroup(group: string): Deferred<void> {
    this.groups.add(group)
    return succeed()
  }

  leaveGroup(group: string): Deferred<void> {
    this.groups.delete(group)
    return succeed()
  }

  getTTL(): number {
    return this.#ttl
  }

  setTTL(ttl: number): void {
    this.#ttl = ttl
  }

  getLoopbackMode(): boolean {
    return this.#loopback
  }

  setLoopbackMode(enabled: boolean): void {
    this.#loopback = enabled
  }

  getOutgoingInterface(): string {
    return this.#interface
  }

  setOutgoingInterface(iface: string): void {
    this.#interface = iface
  }

  /** A datagram arrives; cut to the packet size, and dropped when it is not from the peer of a connected port. */
  receive(data: Uint8Array | string, host: string, port: number): void {
    if (!this.listening || (this.peer !== null && (this.peer.host !== host || this.peer.port !== port))) return
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
    const family = host.includes(':') ? 'IPv6' : 'IPv4'
    const from = { family, type: 'UDP', host, port } as UDPAddress
    this.#protocol.datagramReceived(bytes.slice(0, this.#maxPacketSize), from)
  }

  /** The peer of a connected port is told to have nobody listening. */
  refuse(): void {
    this.#protocol.connectionRefused()
  }

  /** The port breaks. */
  fail(reason: unknown): void {
    this.listening = false
    this.#protocol.listenFailed?.(new Failure(reason))
    this.#protocol.doStop()
  }
}
