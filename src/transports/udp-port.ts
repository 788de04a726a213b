/**
 * UDPPort: a port for datagrams, on whatever a host has for them.
 *
 * Owns: the port's life, the order of what is written before it is bound or connected, the peer of a connected port,
 * and the budget of a flood. Must not know: hosts. Source: twisted.internet.udp.Port.
 *
 *   binding → open → closing → closed        binding → closed when it cannot be bound
 */

import { Deferred, Failure } from '../defer/index.js'
import { CannotListenError, ConnectError, NotSupportedError } from '../errors/index.js'
import type { DatagramHandle, DatagramHost, DatagramSink } from '../interfaces/datagram-host.js'
import type { IDatagramProtocol, IUDPTransport, UDPAddress } from '../interfaces/reactor-udp.js'
import { captureContext } from './carrier.js'
import { DATAGRAM_BUDGET, DATAGRAM_SIZE, DATAGRAMS_HELD } from './udp-limits.js'
import { addressFamily, canonicalAddress } from './resolve-literal.js'
import type { StreamReactor } from './stream-reactor.js'
import { bindHost, checkDatagramProtocol, checkHost, checkTargetPort, udpAddress } from './udp-address.js'

/** What a port asks of its reactor. @internal */
export type DatagramReactor =
  Pick<StreamReactor, 'host' | 'queue' | 'enter' | 'exit' | 'logFailure' | 'addPort' | 'removePort'>

/** What a port is made with. @internal */
export interface DatagramPortOptions {
  interface?: string
  maxPacketSize?: number
  shared: boolean
}

/** The most that a datagram can carry: 65,535 less the headers of UDP, and of IP where its length counts them. */
const MOST_BYTES = { 4: 65_507, 6: 65_527 }

interface Held {
  data: Uint8Array
  from: UDPAddress
}

/** A UDP port. */
export class UDPPort implements IUDPTransport, DatagramSink {
  /** The family of all its addresses. @internal */
  protected readonly family: 4 | 6
  readonly #reactor: DatagramReactor
  readonly #protocol: IDatagramProtocol
  readonly #request: { interface: string, shared: boolean }
  readonly #mostReceived: number
  readonly #ready = new Deferred<this>()
  readonly #carry = captureContext()
  #state: 'binding' | 'open' | 'closing' | 'closed' = 'binding'
  #handle: DatagramHandle | null = null
  #failure: { error: unknown } | null = null
  #address: UDPAddress
  #broadcast = false
  #peer: { host: string, port: number } | null = null
  #connecting = false
  /** To be done in order once the port is bound, and connected if it is to be. */
  #later: ((handle: DatagramHandle) => void)[] = []
  /** The last sender: most datagrams come from the same one as the one before. */
  #from: UDPAddress
  /** The last host that was written to, known to be good. */
  #to: string
  #count = 0
  #resting = false
  #held: Held[] = []
  #stopping: Deferred<void>[] = []

  /** @internal Made by the `listen…` methods of reactors; these throw what this throws. */
  constructor(reactor: DatagramReactor, port: number, protocol: IDatagramProtocol, options: DatagramPortOptions) {
    checkDatagramProtocol(protocol)
    const { maxPacketSize = DATAGRAM_SIZE } = options
    if (!Number.isInteger(maxPacketSize) || maxPacketSize < 1) {
      throw new RangeError(`a packet size is a whole number of bytes, at least 1, not ${String(maxPacketSize)}`)
    }
    const host = bindHost(options.interface)
    this.family = addressFamily(host) as 4 | 6
    this.#reactor = reactor
    this.#protocol = protocol
    this.#request = { interface: options.interface ?? '', shared: options.shared }
    this.#mostReceived = maxPacketSize
    this.#address = this.#from = udpAddress(host, port)
    this.#to = host
  }

  /**
   * Binds it; not the constructor's, for the protocol may start from inside this.
   * @throws CannotListenError
   * @internal
   */
  begin(udp: DatagramHost): this {
    const { host, port } = this.#address
    this.#reactor.addPort(this)
    try {
      this.#handle = udp.bind({ host, port, shared: this.#request.shared }, this)
    } catch (error) {
      this.#failure = { error }
    }
    if (this.#failure !== null) {
      this.#end()
      throw this.#cannotListen(this.#failure.error)
    }
    // The host has bound it at once.
    if (this.#state === 'open') this.#start()
    return this
  }

  get ready(): Deferred<this> {
    return this.#ready
  }

  getHost(): UDPAddress {
    return this.#address
  }

  write(data: Uint8Array | string, address?: { host: string, port: number }): void {
    const bytes = typeof data === 'string' ? this.#reactor.host.encode(data) : data
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`a datagram is bytes or text, not ${String(data)}`)
    if (bytes.length > MOST_BYTES[this.family]) {
      throw new RangeError(`a datagram holds at most ${MOST_BYTES[this.family]} bytes, not ${bytes.length}`)
    }
    let host: string | null = null
    let port = 0
    if (this.#peer === null) {
      if (address === undefined || address === null) {
        throw new TypeError('a port that is not connected needs an address to write to')
      }
      port = address.port
      host = this.#checkTo(address.host, port)
    } else if (address !== undefined && address !== null && !this.#isPeer(address.host, address.port)) {
      const { host: only, port: its } = this.#peer
      throw new TypeError(`this port is connected to ${only}, port ${its}, and sends nowhere else`)
    }
    if (this.#isOpenNow) this.#send(this.#handle as DatagramHandle, bytes, host, port)
    else this.whenOpen((handle) => this.#send(handle, bytes, host, port))
  }

  connect(host: string, port: number): void {
    checkHost(host, this.family)
    checkTargetPort(port)
    if (this.#peer !== null) throw new ConnectError('This port is connected already.')
    this.#peer = { host: canonicalAddress(host), port }
    this.whenOpen((handle) => {
      this.#connecting = true
      try {
        handle.connect(host, port, (error) => this.#connected(error))
      } catch (error) {
        this.#connected(error)
      }
    })
  }

  setBroadcastAllowed(allowed: boolean): void {
    this.#broadcast = Boolean(allowed)
    this.whenOpen((handle) => handle.setBroadcast(this.#broadcast))
  }

  getBroadcastAllowed(): boolean {
    return this.#broadcast
  }

  stopListening(): Deferred<void> | undefined {
    if (this.#state === 'closed') return undefined
    const deferred = new Deferred<void>()
    this.#stopping.push(deferred)
    // The host is about to answer, and what waits for that was written before.
    if (this.#state === 'open' && !this.#connecting) this.#close()
    return deferred
  }

  /** Whether nothing more can be done with it. @internal */
  protected get isOver(): boolean {
    return this.#state === 'closing' || this.#state === 'closed' || this.#stopping.length > 0
  }

  /** Calls `fn` now if the port is open, after what was put off before if it is still to be. @internal */
  protected whenOpen(fn: (handle: DatagramHandle) => void): void {
    if (this.isOver) return
    if (this.#isOpenNow) fn(this.#handle as DatagramHandle)
    else this.#later.push(fn)
  }

  // --- from the host

  /** @internal */
  bound(address: UDPAddress): void {
    if (this.#state !== 'binding') return
    this.#state = 'open'
    this.#address = address
    if (this.#handle !== null) this.#start()
  }

  /** @internal */
  failed(error: unknown): void {
    if (this.#state === 'closed') return
    if (this.#handle === null) {
      this.#failure = { error }
      return
    }
    this.#reactor.enter()
    const started = this.#state !== 'binding'
    this.#state = 'closed'
    const problem = started ? error : this.#cannotListen(error)
    if (!started) this.#ready.errback(problem)
    else if (this.#protocol.listenFailed === undefined) this.#reactor.logFailure('A UDP port broke', error)
    this.#call('listenFailed failed', () => this.#protocol.listenFailed?.(new Failure(problem)))
    if (started) this.#call('stopProtocol failed', () => this.#protocol.doStop())
    this.#end()
    this.#reactor.exit()
  }

  /** @internal */
  received(data: Uint8Array, host: string, port: number): void {
    if (this.#state !== 'open' || this.#stopping.length > 0) return
    if (this.#peer !== null && !this.#isPeer(host, port)) return
    let from = this.#from
    if (from.port !== port || from.host !== host) this.#from = from = udpAddress(host, port)
    const kept = data.length > this.#mostReceived ? data.subarray(0, this.#mostReceived) : data
    if (this.#resting) {
      // As in the kernel: what finds no room is lost.
      if (this.#held.length < DATAGRAMS_HELD) this.#held.push({ data: kept, from })
      return
    }
    this.#deliver(kept, from)
    this.#count += 1
    if (this.#count >= DATAGRAM_BUDGET) this.#rest()
  }

  /** @internal */
  refused(): void {
    if (this.isOver) return
    this.#reactor.enter()
    this.#call('connectionRefused failed', () => this.#protocol.connectionRefused())
    this.#reactor.exit()
  }

  /** @internal */
  trouble(error: unknown): void {
    if (!this.isOver) this.#reactor.logFailure('A UDP port had a problem, and goes on', error)
  }

  /** @internal */
  closed(): void {
    // Perhaps from inside `stopListening`, and that from inside a callback of the protocol.
    this.#reactor.queue.post(() => {
      if (this.#state === 'closed') return
      this.#state = 'closed'
      this.#call('stopProtocol failed', () => this.#protocol.doStop())
      this.#end()
    })
  }

  // --- inside

  /** Whether the host can be told at once, with nothing before it. */
  get #isOpenNow(): boolean {
    return this.#state === 'open' && !this.#connecting && this.#later.length === 0 && this.#stopping.length === 0
  }

  #checkTo(host: string, port: number): string {
    if (host !== this.#to) {
      checkHost(host, this.family)
      this.#to = host
    }
    checkTargetPort(port)
    return host
  }

  #start(): void {
    this.#reactor.enter()
    this.#call('startProtocol failed', () => this.#protocol.makeConnection(this))
    this.#catchUp()
    this.#ready.callback(this)
    if (this.#stopping.length > 0 && !this.#connecting) this.#close()
    this.#reactor.exit()
  }

  /** Does what was put off, up to the next thing that has to wait. */
  #catchUp(): void {
    while (this.#later.length > 0 && this.#state === 'open' && !this.#connecting) {
      const fn = this.#later.shift() as (handle: DatagramHandle) => void
      this.#call('A UDP port could not be set up', () => fn(this.#handle as DatagramHandle))
    }
  }

  /** @param error why not, null or undefined if it is */
  #connected(error: unknown): void {
    if (error !== null && error !== undefined) {
      const { host, port } = this.#peer as { host: string, port: number }
      this.#reactor.logFailure(`A UDP port could not be connected to ${host}, port ${port}`, error)
    }
    this.#connecting = false
    this.#catchUp()
    if (this.#stopping.length > 0) this.#close()
  }

  #send(handle: DatagramHandle, bytes: Uint8Array, host: string | null, port: number): void {
    // Written to an address first, connected then.
    if (host === null || this.#peer === null || this.#isPeer(host, port)) {
      handle.send(bytes, this.#peer === null ? host : null, port)
    }
  }

  #isPeer(host: string, port: number): boolean {
    const peer = this.#peer as { host: string, port: number }
    if (port !== peer.port) return false
    if (host === peer.host) return true
    const [canonical, zone] = canonicalAddress(host).split('%') as [string, string?]
    const [wanted, wantedZone] = peer.host.split('%') as [string, string?]
    // Zones are numbers as well as names; the socket has one of them.
    return canonical === wanted && (zone === undefined || wantedZone === undefined || zone === wantedZone ||
      /^\d+$/.test(zone) !== /^\d+$/.test(wantedZone))
  }

  #deliver(data: Uint8Array, from: UDPAddress): void {
    this.#reactor.enter()
    try {
      if (this.#carry === null) this.#protocol.datagramReceived(data, from)
      else this.#carry(() => this.#protocol.datagramReceived(data, from))
    } catch (error) {
      this.#reactor.logFailure('datagramReceived failed', error)
    }
    this.#reactor.exit()
  }

  /** Lets others have their turn, once in so many datagrams. */
  #rest(): void {
    this.#resting = true
    this.#handle?.pause?.()
    this.#reactor.queue.post(() => this.#wake())
  }

  #wake(): void {
    const ready = this.#held.splice(0, DATAGRAM_BUDGET)
    for (const { data, from } of ready) {
      if (!this.isOver) this.#deliver(data, from)
    }
    if (this.isOver) return
    if (this.#held.length > 0) {
      this.#reactor.queue.post(() => this.#wake())
      return
    }
    this.#resting = false
    this.#count = ready.length
    this.#handle?.resume?.()
  }

  #close(): void {
    // Perhaps closed already, from inside `startProtocol`.
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#held = []
    ;(this.#handle as DatagramHandle).close()
  }

  #end(): void {
    this.#state = 'closed'
    this.#later = []
    this.#held = []
    this.#handle = null
    this.#reactor.removePort(this)
    const waiting = this.#stopping
    this.#stopping = []
    for (const deferred of waiting) deferred.callback(undefined)
  }

  #call(message: string, fn: () => void): void {
    try {
      if (this.#carry === null) fn()
      else this.#carry(fn)
    } catch (error) {
      this.#reactor.logFailure(message, error)
    }
  }

  #cannotListen(cause: unknown): Error {
    if (cause instanceof NotSupportedError) return cause
    return new CannotListenError(this.#request.interface, this.#address.port, { cause })
  }
}
