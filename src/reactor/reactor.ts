/**
 * Reactor: a ReactorBase with the sockets that its host has.
 *
 * Owns: the table of open connections, ports and attempts, and closing them when the reactor stops. Must not
 * know: which host it is; what the host lacks is a NotSupportedError. Source: twisted.internet.posixbase.
 */

import { debugging, noteSite } from '../defer/debug.js'
import { Deferred } from '../defer/index.js'
import { NotSupportedError } from '../errors/index.js'
import type { TCPAddress, UNIXAddress } from '../interfaces/address.js'
import type { CompressionHost, IReactorCompression } from '../interfaces/compression-host.js'
import type { IConnector } from '../interfaces/connector.js'
import type { IClientFactory, IProtocolFactory } from '../interfaces/factory.js'
import type { ReactorParts } from '../interfaces/host.js'
import type { IListeningPort } from '../interfaces/listening-port.js'
import type {
  DirectoryEntry, IOpenFile, IReactorFiles, ListDirectoryOptions, OpenFileOptions, ReadFileOptions,
} from '../interfaces/reactor-files.js'
import type {
  ConnectProcessOptions, IProcessProtocol, IProcessTransport, IReactorProcess, SpawnOptions,
} from '../interfaces/reactor-process.js'
import type { AddressFamily, IReactorSocket } from '../interfaces/reactor-socket.js'
import type { IReactorSSL } from '../interfaces/reactor-ssl.js'
import type { ConnectTCPOptions, IReactorTCP, ListenTCPOptions } from '../interfaces/reactor-tcp.js'
import type { IReactorThreads, IThreadPool, ThreadTask } from '../interfaces/reactor-threads.js'
import type {
  IDatagramProtocol, IMulticastTransport, IReactorMulticast, IReactorUDP, IUDPTransport, ListenMulticastOptions,
  ListenUDPOptions,
} from '../interfaces/reactor-udp.js'
import type { ConnectUNIXOptions, IReactorUNIX, ListenUNIXOptions } from '../interfaces/reactor-unix.js'
import type { IHostnameResolver, IReactorPluggableNameResolver } from '../interfaces/resolver.js'
import type { StreamChannel } from '../interfaces/stream-channel.js'
import type { IDelayedCall } from '../interfaces/time.js'
import type { TLSHost } from '../interfaces/tls-host.js'
import type { ITLSServerContext, TLSClientOptions, TLSServerOptions } from '../interfaces/tls.js'
import { checkPort, tcpAddress } from '../transports/address.js'
import { checkFactory } from '../transports/check-factory.js'
import { adoptStreamConnection, adoptStreamPort } from '../transports/descriptors.js'
import { CONNECT_TIMEOUT, STOP_GRACE } from '../transports/limits.js'
import { connectProcess } from '../transports/process-channel.js'
import { spawnRequest } from '../transports/process-request.js'
import { ProcessTransport } from '../transports/process.js'
import { StaticResolver } from '../transports/resolve-static.js'
import { openByName } from '../transports/resolve.js'
import type { NamingReactor } from '../transports/resolve.js'
import { StreamConnector } from '../transports/stream-connector.js'
import { StreamPort } from '../transports/stream-port.js'
import type { ClosablePort, StreamReactor } from '../transports/stream-reactor.js'
import type { StreamTransport } from '../transports/stream-transport.js'
import type { OpenConnection, OpenListener } from '../transports/tls-handshakes.js'
import { NO_OPTIONS, secureConnection, secureListener } from '../transports/tls-reactor.js'
import { MulticastPort } from '../transports/udp-multicast.js'
import { UDPPort } from '../transports/udp-port.js'
import { connectUNIX, listenUNIX } from '../transports/unix.js'
import { ReactorBase } from './reactor-base.js'
import type { ReactorOptions } from './reactor-base.js'
import { listDirectory, mediaType, openFile } from './open-file.js'
import { readFile } from './read-file.js'
import { restrictReactor } from './restrict.js'
import type { Restrictions } from './restrict-grants.js'
import { ReactorThreads } from './threads.js'

/** A reactor with I/O. */
export class Reactor extends ReactorBase implements
  IReactorTCP, IReactorSSL, IReactorUNIX, IReactorUDP, IReactorMulticast, IReactorSocket, IReactorProcess,
  IReactorPluggableNameResolver, IReactorThreads, IReactorFiles, IReactorCompression,
  NamingReactor, StreamReactor {
  readonly #parts: ReactorParts
  #resolver: IHostnameResolver | null
  #transports: (StreamTransport | null)[] = [null]
  #freeIds: number[] = []
  #open = 0
  #ports = new Set<ClosablePort>()
  #connectors = new Set<StreamConnector>()
  #onClosed: (() => void) | null = null
  #grace: IDelayedCall | null = null
  #threads: ReactorThreads | null = null

  constructor(parts: ReactorParts, options?: ReactorOptions) {
    super(parts, options)
    this.#parts = parts
    this.#resolver = parts.resolver ?? null
  }

  listenTCP(port: number, factory: IProtocolFactory, options: ListenTCPOptions = {}): IListeningPort<TCPAddress> {
    return this.#listenTCP('listenTCP', port, factory, options, (open) => open)
  }

  connectTCP(host: string, port: number, factory: IClientFactory, options: ConnectTCPOptions = {}): IConnector {
    return this.#connectTCP('connectTCP', host, port, factory, options, (open) => open)
  }

  listenSSL(
    port: number, factory: IProtocolFactory, tls: TLSServerOptions | ITLSServerContext, options: ListenTCPOptions = {},
  ): IListeningPort<TCPAddress> {
    const secure = secureListener(this.#need('tls', 'listenSSL'), tls)
    return this.#listenTCP('listenSSL', port, factory, options, secure)
  }

  connectSSL(
    host: string, port: number, factory: IClientFactory, tls: TLSClientOptions = NO_OPTIONS,
    options: ConnectTCPOptions = {},
  ): IConnector {
    const secure = secureConnection(this.#need('tls', 'connectSSL'), tls, { host, port })
    return this.#connectTCP('connectSSL', host, port, factory, options, secure)
  }

  listenUDP(port: number, protocol: IDatagramProtocol, options: ListenUDPOptions = {}): IUDPTransport {
    checkPort(port)
    const udp = this.#need('udp', 'listenUDP')
    return new UDPPort(this, port, protocol, { ...options, shared: false }).begin(udp)
  }

  listenMulticast(
    port: number, protocol: IDatagramProtocol, options: ListenMulticastOptions = {}): IMulticastTransport {
    checkPort(port)
    const udp = this.#need('udp', 'listenMulticast')
    return new MulticastPort(this, port, protocol, { ...options, shared: options.listenMultiple ?? false }).begin(udp)
  }

  listenUNIX(path: string, factory: IProtocolFactory, options?: ListenUNIXOptions): IListeningPort<UNIXAddress> {
    return listenUNIX(this, this.#need('unix', 'listenUNIX'), path, factory, options)
  }

  connectUNIX(path: string, factory: IClientFactory, options?: ConnectUNIXOptions): IConnector {
    return connectUNIX(this, this.#need('unix', 'connectUNIX'), path, factory, options)
  }

  adoptStreamPort(fd: number, addressFamily: AddressFamily, factory: IProtocolFactory): IListeningPort {
    return adoptStreamPort(this, this.#need('descriptors', 'adoptStreamPort'), fd, addressFamily, factory)
  }

  adoptStreamConnection(fd: number, factory: IProtocolFactory): StreamTransport | null {
    return adoptStreamConnection(this, this.#need('descriptors', 'adoptStreamConnection'), fd, factory)
  }

  spawnProcess(
    protocol: IProcessProtocol, executable: string, args: readonly string[] = [], options: SpawnOptions = {},
  ): IProcessTransport {
    const request = spawnRequest(executable, args, options)
    return new ProcessTransport(this, this.#need('processes', 'spawnProcess'), protocol, request, options.signal)
  }

  /** Runs a program and connects a protocol to its standard input and output. See ProcessChannel. */
  connectProcess(
    executable: string, args: readonly string[], factory: IClientFactory, options: ConnectProcessOptions = {}): IConnector {
    const { errorReceived, env, cwd } = options
    const spawning: SpawnOptions = { env, cwd }
    spawnRequest(executable, args, spawning)
    this.#need('processes', 'connectProcess')
    return connectProcess(this, (child) => this.spawnProcess(child, executable, args, spawning), factory, errorReceived)
  }

  /** For StandardIO. @internal */
  openStandardIO(): StreamChannel {
    return this.#need('descriptors', 'stdio').stdio()
  }

  /** Null where only the host itself knows names. @internal */
  get resolver(): IHostnameResolver | null {
    return this.#resolver
  }

  /** Turns names into addresses. @throws NotSupportedError where the host cannot and nobody installed one */
  get nameResolver(): IHostnameResolver {
    if (this.#resolver === null) {
      throw new NotSupportedError(this.host.name, 'nameResolver', { reason: this.#parts.lacks?.['resolver'] })
    }
    return this.#resolver
  }

  installNameResolver(resolver: IHostnameResolver): IHostnameResolver {
    if (typeof resolver?.resolve !== 'function') throw new TypeError('a resolver needs the method resolve()')
    const former = this.#resolver ?? new StaticResolver()
    this.#resolver = resolver
    return former
  }

  /** What is in a file, whole. @throws NotSupportedError, TypeError */
  readFile(path: string, options: ReadFileOptions = {}): Deferred<Uint8Array> {
    return readFile(this.#need('files', 'readFile'), (fn) => this.queue.post(fn), path, options)
  }

  /** Opens a file to read it piece by piece, or a directory to look at it. @throws NotSupportedError, TypeError */
  openFile(path: string, options: OpenFileOptions = {}): Deferred<IOpenFile> {
    const lends = (this as StreamReactor).isolate === undefined
    return openFile(this.#need('files', 'openFile'), (fn) => this.queue.post(fn), path, options, lends)
  }

  /** The names in a directory, in no order. @throws NotSupportedError, TypeError, RangeError */
  listDirectory(path: string, options: ListDirectoryOptions = {}): Deferred<DirectoryEntry[]> {
    return listDirectory(this.#need('files', 'listDirectory'), (fn) => this.queue.post(fn), path, options)
  }

  /** The media type of files of such a name. @throws NotSupportedError, TypeError */
  mediaType(name: string): Deferred<string | null> {
    return mediaType(this.#need('files', 'mediaType'), (fn) => this.queue.post(fn), name)
  }

  /** Compression by the host. @throws NotSupportedError */
  compression(): CompressionHost {
    return this.#need('compression', 'compression')
  }

  /** Runs a task in a thread and forgets it; a failure is logged. @throws NotSupportedError, TypeError */
  callInThread(task: ThreadTask, ...args: unknown[]): void {
    this.#threadsFor('callInThread').callInThread(task, args)
  }

  suggestThreadPoolSize(size: number): void {
    this.#threadsFor('suggestThreadPoolSize').suggestSize(size)
  }

  /** The reactor's pool of threads; it ends with the reactor. @throws NotSupportedError */
  getThreadPool(): IThreadPool {
    return this.#threadsFor('getThreadPool').pool
  }

  /**
   * A reactor for code that is trusted with some of this one's abilities: whatever is not granted is a CapabilityError.
   * Time, start and stop are this reactor's. Restricting a restricted reactor can only take more away.
   * @throws TypeError for an unknown option, or a pattern that is none
   * @example reactor.restrict({ connect: ['tcp:*.example.com:443'], listen: ['tcp:127.0.0.1:8000-8999'] })
   */
  restrict(restrictions: Restrictions): Reactor {
    return restrictReactor({ reactor: this, parts: this.#parts, Base: Reactor }, restrictions)
  }

  /** @internal */
  tlsHost(): TLSHost {
    return this.#need('tls', 'startTLS')
  }

  /** @internal */
  addTransport(transport: StreamTransport): number {
    const id = this.#freeIds.length > 0 ? this.#freeIds.pop() as number : this.#transports.length
    this.#transports[id] = transport
    this.#open += 1
    if (debugging) noteSite(transport)
    return id
  }

  /** @internal */
  removeTransport(transport: StreamTransport): void {
    this.#transports[transport.id] = null
    this.#freeIds.push(transport.id)
    this.#open -= 1
    this.#checkClosed()
  }

  /** @internal */
  isShared(): boolean {
    return this.#open > 1 || this.hasDue()
  }

  openTransports(): StreamTransport[] {
    return this.#transports.filter((transport) => transport !== null)
  }

  /** @internal */
  addPort(port: ClosablePort): void {
    this.#ports.add(port)
    if (debugging) noteSite(port)
  }

  /** @internal */
  removePort(port: ClosablePort): void {
    this.#ports.delete(port)
    this.#checkClosed()
  }

  /** @internal */
  addConnector(connector: StreamConnector): void {
    this.#connectors.add(connector)
    if (debugging) noteSite(connector)
  }

  /** What is open besides connections: ports of every kind, children; and attempts to connect. @internal */
  openThings(): { readonly ports: readonly ClosablePort[], readonly connectors: readonly StreamConnector[] } {
    return { ports: [...this.#ports], connectors: [...this.#connectors] }
  }

  /** @internal */
  removeConnector(connector: StreamConnector): void {
    this.#connectors.delete(connector)
    this.#checkClosed()
  }

  /** Ports first; then connections may send what was written, for a bounded time. @internal */
  protected override closeAll(): Deferred<unknown> {
    const done = new Deferred<unknown>()
    for (const port of this.#ports) this.#close(() => port.stopListening())
    for (const connector of this.#connectors) this.#close(() => connector.stopConnecting())
    for (const transport of this.openTransports()) this.#close(() => transport.loseConnection())
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
    for (const port of this.#ports) {
      this.#close(() => port.abort === undefined ? port.stopListening() : port.abort())
    }
    for (const connector of this.#connectors) this.#close(() => connector.stopConnecting())
    for (const transport of this.openTransports()) this.#close(() => transport.abortConnection())
  }

  /** One that throws, as somebody has put a method of his own in it, does not keep the others from being closed. */
  #close(one: () => unknown): void {
    try {
      one()
    } catch (error) {
      this.logFailure('Something that was open could not be closed', error)
    }
  }

  /** @internal */
  protected override ended(): void {
    this.#threads?.stop()
    this.#onClosed = null
    if (this.#grace !== null && this.#grace.active()) this.#grace.cancel()
    this.#grace = null
  }

  #threadsFor(feature: string): ReactorThreads {
    return this.#threads ??= new ReactorThreads(this, this.#need('threads', feature))
  }

  #checkClosed(): void {
    if (this.#onClosed !== null && this.#open === 0 && this.#connectors.size === 0 && this.#ports.size === 0) {
      // Not from inside the callback that made it so.
      this.queue.post(() => {
        if (this.#open === 0 && this.#connectors.size === 0) this.#onClosed?.()
      }, 3)
    }
  }

  #listenTCP(
    feature: string, port: number, factory: IProtocolFactory, options: ListenTCPOptions,
    around: (open: OpenListener) => OpenListener): IListeningPort<TCPAddress> {
    checkPort(port)
    checkFactory(factory, 'server')
    const tcp = this.#need('tcp', feature)
    const { backlog, interface: host = '', reusePort, ipv6Only } = options
    const address = tcpAddress(host === '' ? '0.0.0.0' : host, port)
    const made = new StreamPort(this, factory, { interface: host, port, address }, around((sink) =>
      tcp.listen({ host: host === '' ? '0.0.0.0' : host, port, backlog, reusePort, ipv6Only }, sink)))
    made.startListening()
    return made
  }

  #connectTCP(
    feature: string, host: string, port: number, factory: IClientFactory, options: ConnectTCPOptions,
    around: (open: OpenConnection) => OpenConnection): IConnector {
    checkPort(port)
    checkFactory(factory, 'client')
    const tcp = this.#need('tcp', feature)
    const { timeout = CONNECT_TIMEOUT, bindAddress } = options
    if (typeof timeout !== 'number' || !(timeout >= 0)) {
      throw new RangeError(`a timeout is a number of milliseconds, zero or more, not ${String(timeout)}`)
    }
    const local = { localHost: bindAddress?.host, localPort: bindAddress?.port }
    const connector = new StreamConnector(this, factory, tcpAddress(host, port), timeout, around((sink) =>
      openByName(this, host, (address, one) => tcp.connect({ host: address, port, ...local }, one), sink)))
    connector.connect()
    return connector
  }

  #need<K extends keyof ReactorParts>(part: K, feature: string): NonNullable<ReactorParts[K]> {
    const found = this.#parts[part]
    const { lacks } = this.#parts
    // A part may do some things and lack others: connect, but not listen.
    if (found === undefined || lacks?.[feature] !== undefined) {
      throw new NotSupportedError(this.host.name, feature, { reason: lacks?.[feature] ?? lacks?.[part] })
    }
    return found as NonNullable<ReactorParts[K]>
  }
}
