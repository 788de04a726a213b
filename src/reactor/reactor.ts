/**
 * Reactor: a ReactorBase with the sockets that its host has.
 *
 * Owns: the table of open connections, ports and attempts, and closing them when the reactor stops. Must not
 * know: which host it is; what the host lacks is a NotSupportedError. Source: twisted.internet.posixbase.
 */

import { Deferred } from '../defer/index.js'
import { NotSupportedError } from '../errors/index.js'
import type { TCPAddress } from '../interfaces/address.js'
import type { IConnector } from '../interfaces/connector.js'
import type { IClientFactory, IProtocolFactory } from '../interfaces/factory.js'
import type { ReactorParts } from '../interfaces/host.js'
import type { IListeningPort } from '../interfaces/listening-port.js'
import type { ConnectTCPOptions, IReactorTCP, ListenTCPOptions } from '../interfaces/reactor-tcp.js'
import type { IHostnameResolver, IReactorPluggableNameResolver } from '../interfaces/resolver.js'
import type { IDelayedCall } from '../interfaces/time.js'
import { checkPort, tcpAddress } from '../transports/address.js'
import { checkFactory } from '../transports/check-factory.js'
import { CONNECT_TIMEOUT, STOP_GRACE } from '../transports/limits.js'
import { StreamConnector } from '../transports/stream-connector.js'
import { StreamPort } from '../transports/stream-port.js'
import type { ClosablePort, StreamReactor } from '../transports/stream-reactor.js'
import type { StreamTransport } from '../transports/stream-transport.js'
import { ReactorBase } from './reactor-base.js'
import type { ReactorOptions } from './reactor-base.js'

/** A reactor with I/O. */
export class Reactor extends ReactorBase implements IReactorTCP, IReactorPluggableNameResolver, StreamReactor {
  readonly #parts: ReactorParts
  #resolver: IHostnameResolver | null
  #transports: (StreamTransport | null)[] = [null]
  #freeIds: number[] = []
  #open = 0
  #ports = new Set<ClosablePort>()
  #connectors = new Set<StreamConnector>()
  #onClosed: (() => void) | null = null
  #grace: IDelayedCall | null = null

  constructor(parts: ReactorParts, options?: ReactorOptions) {
    super(parts, options)
    this.#parts = parts
    this.#resolver = parts.resolver ?? null
  }

  listenTCP(port: number, factory: IProtocolFactory, options: ListenTCPOptions = {}): IListeningPort<TCPAddress> {
    checkPort(port)
    checkFactory(factory, 'server')
    const tcp = this.#need('tcp', 'listenTCP')
    const { backlog, interface: host = '', reusePort } = options
    const address = tcpAddress(host === '' ? '0.0.0.0' : host, port)
    const made = new StreamPort(this, factory, { interface: host, port, address }, (sink) =>
      tcp.listen({ host: host === '' ? '0.0.0.0' : host, port, backlog, reusePort }, sink))
    made.startListening()
    return made
  }

  connectTCP(host: string, port: number, factory: IClientFactory, options: ConnectTCPOptions = {}): IConnector {
    checkPort(port)
    checkFactory(factory, 'client')
    const tcp = this.#need('tcp', 'connectTCP')
    const { timeout = CONNECT_TIMEOUT, bindAddress } = options
    if (typeof timeout !== 'number' || !(timeout >= 0)) {
      throw new RangeError(`a timeout is a number of milliseconds, zero or more, not ${String(timeout)}`)
    }
    const connector = new StreamConnector(this, factory, tcpAddress(host, port), timeout, (sink) =>
      tcp.connect({ host, port, localHost: bindAddress?.host, localPort: bindAddress?.port }, sink))
    connector.connect()
    return connector
  }

  /** Turns names into addresses. @throws NotSupportedError where the host cannot and nobody installed one */
  get nameResolver(): IHostnameResolver {
    if (this.#resolver === null) throw new NotSupportedError(this.host.name, 'nameResolver')
    return this.#resolver
  }

  installNameResolver(resolver: IHostnameResolver): IHostnameResolver {
    const former = this.nameResolver
    this.#resolver = resolver
    return former
  }

  /** @internal */
  addTransport(transport: StreamTransport): number {
    const id = this.#freeIds.length > 0 ? this.#freeIds.pop() as number : this.#transports.length
    this.#transports[id] = transport
    this.#open += 1
    return id
  }

  /** @internal */
  removeTransport(transport: StreamTransport): void {
    this.#transports[transport.id] = null
    this.#freeIds.push(transport.id)
    this.#open -= 1
    this.#checkClosed()
  }

  openTransports(): StreamTransport[] {
    return this.#transports.filter((transport) => transport !== null)
  }

  /** @internal */
  addPort(port: ClosablePort): void {
    this.#ports.add(port)
  }

  /** @internal */
  removePort(port: ClosablePort): void {
    this.#ports.delete(port)
    this.#checkClosed()
  }

  /** @internal */
  addConnector(connector: StreamConnector): void {
    this.#connectors.add(connector)
  }

  /** @internal */
  removeConnector(connector: StreamConnector): void {
    this.#connectors.delete(connector)
    this.#checkClosed()
  }

  /** Ports first; then connections may send what was written, for a bounded time. @internal */
  protected override closeAll(): Deferred<unknown> {
    const done = new Deferred<unknown>()
    for (const port of this.#ports) port.stopListening()
    for (const connector of this.#connectors) connector.stopConnecting()
    for (const transport of this.openTransports()) transport.loseConnection()
    this.#grace = this.callLater(STOP_GRACE, () => {
      this.abortAll()
      // The aborted are told in the next turn; what they connect from there is not waited for.
      this.queue.post(() => this.queue.post(() => this.#onClosed?.(), 3), 3)
    })
    this.#onClosed = () => {
      this.ended()
      done.callback(undefined)
    }
    // Ports report in the next turn, so that their factories have stopped before the reactor has.
    this.queue.post(() => this.#checkClosed(), 3)
    return done
  }

  /** @internal */
  protected override abortAll(): void {
    for (const port of this.#ports) port.stopListening()
    for (const connector of this.#connectors) connector.stopConnecting()
    for (const transport of this.openTransports()) transport.abortConnection()
  }

  /** @internal */
  protected override ended(): void {
    this.#onClosed = null
    if (this.#grace !== null && this.#grace.active()) this.#grace.cancel()
    this.#grace = null
  }

  #checkClosed(): void {
    if (this.#onClosed !== null && this.#open === 0 && this.#connectors.size === 0 && this.#ports.size === 0) {
      // Not from inside the callback that made it so.
      this.queue.post(() => {
        if (this.#open === 0 && this.#connectors.size === 0) this.#onClosed?.()
      }, 3)
    }
  }

  #need<K extends keyof ReactorParts>(part: K, feature: string): NonNullable<ReactorParts[K]> {
    const found = this.#parts[part]
    if (found === undefined) throw new NotSupportedError(this.host.name, feature)
    return found as NonNullable<ReactorParts[K]>
  }
}
