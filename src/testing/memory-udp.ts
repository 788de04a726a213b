/**
 * What a MemoryReactor gives for datagrams: a port that keeps what is sent, and is handed what is to be received.
 *
 * Owns: those records. Must not know: networks. Source: twisted.internet.testing (FakeDatagramTransport).
 */
import { encodeText } from '../core/text.js'
import { debugging, noteSite } from '../defer/debug.js'
import { ConnectError } from '../errors/index.js'
import { Failure, succeed } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import type { IDatagramProtocol, IMulticastTransport, UDPAddress } from '../interfaces/index.js'
import { canonicalAddress } from '../transports/resolve-literal.js'
import { checkHost, checkTargetPort } from '../transports/udp-address.js'

/** What fits behind the headers of IP and UDP. */
const MOST_BYTES = { 4: 65_507, 6: 65_527 }

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
    const bytes = typeof data === 'string' ? encodeText(data) : Uint8Array.from(data)
    const most = MOST_BYTES[this.#family]
    if (bytes.length > most) throw new RangeError(`a datagram holds at most ${most} bytes, not ${bytes.length}`)
    const { peer } = this
    if (peer !== null && address !== undefined &&
      (canonicalAddress(address.host) !== peer.host || address.port !== peer.port)) {
      throw new TypeError(`this port is connected to ${peer.host}, port ${peer.port}, and sends nowhere else`)
    }
    const to = peer ?? address
    if (to === undefined) throw new TypeError('a port that is not connected needs an address to write to')
    this.#check(to.host, to.port)
    if (this.listening) this.sent.push({ data: bytes, host: to.host, port: to.port })
  }

  connect(host: string, port: number): void {
    this.#check(host, port)
    if (this.peer !== null) throw new ConnectError('This port is connected already.')
    this.peer = { host: canonicalAddress(host), port }
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
    if (!Number.isInteger(ttl) || ttl < 0 || ttl > 255) {
      throw new RangeError(`a time to live is a whole number from 0 to 255, not ${String(ttl)}`)
    }
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

  get #family(): 4 | 6 {
    return this.#address.family === 'IPv6' ? 6 : 4
  }

  /** As a real port does, so that what would fail there fails in a test. @throws TypeError, RangeError */
  #check(host: string, port: number): void {
    checkHost(host, this.#family)
    checkTargetPort(port)
  }

  /** A datagram arrives; cut to the packet size, and dropped when it is not from the peer of a connected port. */
  receive(data: Uint8Array | string, host: string, port: number): void {
    if (!this.listening || (this.peer !== null && (this.peer.host !== host || this.peer.port !== port))) return
    const bytes = typeof data === 'string' ? encodeText(data) : data
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
