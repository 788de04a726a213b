/**
 * MemoryReactor: a reactor without a host. Time moves when the test says so, and what would have been listened or
 * connected to, run, or read is written down.
 *
 * Owns: the records. Must not know: sockets. Source: twisted.internet.testing.MemoryReactorClock.
 */
import type { Deferred, Settled } from '../defer/index.js'
import { Failure, fail } from '../defer/index.js'
import { CannotListenError, NotSupportedError, ReactorAlreadyRunning, ReactorNotRunning } from '../errors/index.js'
import type {
  AddressFamily, CompressionHost, ConnectProcessOptions, ConnectTCPOptions, ConnectUNIXOptions, DirectoryEntry,
  IClientFactory, IConnector, IDatagramProtocol, IHostnameResolver, IOpenFile, IReactorCompression,
  IListeningPort, IMulticastTransport, IProcessProtocol, IProcessTransport, IProtocolFactory, IReactorCore, IReactorFiles,
  IReactorMulticast, IReactorPluggableNameResolver, IReactorProcess, IReactorSocket, IReactorSSL, IReactorTCP,
  IReactorThreads, IReactorUDP, IReactorUNIX, IStreamTransport, IThreadPool, ITLSServerContext, IUDPTransport,
  ListenMulticastOptions, ListenTCPOptions, ListenUDPOptions, ListenUNIXOptions, SpawnOptions, TCPAddress, ThreadTask,
  TLSClientOptions, TLSServerOptions, Trigger, TriggerPhase, UDPAddress, UNIXAddress,
} from '../interfaces/index.js'
import { Logger } from '../logger/index.js'
import { Clock } from '../reactor/clock.js'
import type { CooperativeTask } from '../reactor/cooperative-task.js'
import { cooperatorOf } from '../reactor/cooperator.js'
import { deferLater } from '../reactor/defer-later.js'
import { LoopingCall } from '../reactor/looping-call.js'
import { denied, Grants } from '../reactor/restrict-grants.js'
import type { Restrictions } from '../reactor/restrict-grants.js'
import { mayListenUDP } from '../reactor/restrict-parts.js'
import { SystemEvents } from '../reactor/system-events.js'
import { checkPort, tcpAddress } from '../transports/address.js'
import { StaticResolver } from '../transports/resolve-static.js'
import { bindHost, checkDatagramProtocol } from '../transports/udp-address.js'
import { listMemoryFiles, memoryMediaType, openMemoryFile, readMemoryFile } from './memory-files.js'
import { MemoryConnector, MemoryPort } from './memory-ports.js'
import { MemoryProcess } from './memory-process.js'
import type {
  AdoptRecord, ConnectProcessRecord, ConnectRecord, ConnectSSLRecord, ConnectUNIXRecord, ListenRecord, ListenSSLRecord,
  ListenUNIXRecord, ProcessRecord, UDPRecord,
} from './memory-records.js'
import { MemoryThreadPool } from './memory-threads.js'
import { MemoryUDPPort } from './memory-udp.js'
import { StringTransport } from './string-transport.js'

/** The first port given where 0 was asked for: the first of the dynamic ones (RFC 6335). */
const FIRST_FREE_PORT = 49_152
/** The first child's. */
const FIRST_PID = 1_000

/**
 * A reactor for tests.
 *
 * @example
 * const reactor = new MemoryReactor()
 * clientFromString(reactor, 'tcp:example.com:80').connect(factory)
 * const protocol = reactor.tcpClients[0].connector.succeed(new StringTransport())
 */
export class MemoryReactor extends Clock implements
  IReactorCore, IReactorTCP, IReactorSSL, IReactorUNIX, IReactorUDP, IReactorMulticast, IReactorProcess, IReactorThreads,
  IReactorFiles, IReactorCompression, IReactorSocket, IReactorPluggableNameResolver {
  readonly tcpServers: ListenRecord[] = []
  readonly tcpClients: ConnectRecord[] = []
  readonly sslServers: ListenSSLRecord[] = []
  readonly sslClients: ConnectSSLRecord[] = []
  readonly unixServers: ListenUNIXRecord[] = []
  readonly unixClients: ConnectUNIXRecord[] = []
  readonly udpPorts: UDPRecord[] = []
  readonly processes: ProcessRecord[] = []
  readonly processClients: ConnectProcessRecord[] = []
  readonly adoptedPorts: AdoptRecord[] = []
  /** What `readFile` finds, by path. */
  readonly files = new Map<string, Uint8Array | string>()
  /** What `compression()` gives; null if there is none. */
  codecs: CompressionHost | null = null
  /** Every connector made, of any kind. */
  readonly connectors: MemoryConnector[] = []
  #pool: MemoryThreadPool | null = null
  #poolSize = 1
  /** Resolves what the constructor was given, and literal addresses. */
  nameResolver: IHostnameResolver
  #running = false
  #ended: (() => void) | null = null
  #nextFree = FIRST_FREE_PORT
  #seed = 0x9e3779b9
  readonly #log = new Logger('testing')
  readonly #events = new SystemEvents((failure) => this.#log.failure('A system event trigger failed', failure))

  /** @param names what its resolver knows, besides literal addresses */
  constructor(names: Readonly<Record<string, string | readonly string[]>> = {}) {
    super()
    this.nameResolver = new StaticResolver(names)
  }

  // --- streams

  /** @throws CannotListenError when a port of this reactor listens there already */
  listenTCP(port: number, factory: IProtocolFactory, options: ListenTCPOptions = {}): IListeningPort<TCPAddress> {
    const listening = this.#port(port, factory, options, false)
    this.tcpServers.push({ port, factory, options, listening })
    return listening
  }

  connectTCP(host: string, port: number, factory: IClientFactory, options: ConnectTCPOptions = {}): IConnector {
    checkPort(port)
    const connector = this.#connector(new MemoryConnector(factory, tcpAddress(host, port)))
    this.tcpClients.push({ host, port, factory, options, connector })
    connector.connect()
    return connector
  }

  listenSSL(
    port: number, factory: IProtocolFactory, tls: TLSServerOptions | ITLSServerContext, options: ListenTCPOptions = {},
  ): IListeningPort<TCPAddress> {
    const listening = this.#port(port, factory, options, true)
    this.sslServers.push({ port, factory, tls, options, listening })
    return listening
  }

  connectSSL(
    host: string, port: number, factory: IClientFactory, tls: TLSClientOptions = {}, options: ConnectTCPOptions = {},
  ): IConnector {
    checkPort(port)
    const connector = this.#connector(new MemoryConnector(factory, tcpAddress(host, port), true))
    this.sslClients.push({ host, port, factory, tls, options, connector })
    connector.connect()
    return connector
  }

  listenUNIX(path: string, factory: IProtocolFactory, options: ListenUNIXOptions = {}): IListeningPort<UNIXAddress> {
    const address: UNIXAddress = { family: 'UNIX', type: 'UNIX', path }
    const listening = new MemoryPort(factory, address, (asking) => {
      const taken = this.unixServers.some((one) =>
        one.listening !== asking && one.listening.listening && one.path === path)
      if (taken) throw new CannotListenError('', path, { cause: new Error('the address is in use') })
    })
    this.unixServers.push({ path, factory, options, listening })
    return listening
  }

  connectUNIX(path: string, factory: IClientFactory, options: ConnectUNIXOptions = {}): IConnector {
    const connector = this.#connector(new MemoryConnector(factory, { family: 'UNIX', type: 'UNIX', path }))
    this.unixClients.push({ path, factory, options, connector })
    connector.connect()
    return connector
  }

  adoptStreamPort(fd: number, addressFamily: AddressFamily, factory: IProtocolFactory): IListeningPort {
    const listening = this.#port(0, factory, {}, false)
    this.adoptedPorts.push({ fd, addressFamily, factory, listening })
    return listening
  }

  adoptStreamConnection(_fd: number, factory: IProtocolFactory): IStreamTransport | null {
    const transport = new StringTransport()
    const protocol = factory.buildProtocol(transport.getPeer())
    protocol?.makeConnection(transport)
    return protocol === null ? null : transport
  }

  // --- datagrams

  listenUDP(port: number, protocol: IDatagramProtocol, options: ListenUDPOptions = {}): IUDPTransport {
    return this.#datagrams(port, protocol, options, false)
  }

  listenMulticast(
    port: number, protocol: IDatagramProtocol, options: ListenMulticastOptions = {}): IMulticastTransport {
    return this.#datagrams(port, protocol, options, true)
  }

  // --- processes, threads, files, names

  spawnProcess(
    protocol: IProcessProtocol, executable: string, args: readonly string[] = [], options: SpawnOptions = {},
  ): IProcessTransport {
    const child = new MemoryProcess(protocol, FIRST_PID + this.processes.length, options)
    this.processes.push({ protocol, executable, args, options, process: child })
    return child
  }

  connectProcess(
    executable: string, args: readonly string[], factory: IClientFactory, options: ConnectProcessOptions = {},
  ): IConnector {
    const connector = this.#connector(new MemoryConnector(factory, { family: 'process', type: 'process', pid: null }))
    this.processClients.push({ executable, args, factory, options, connector })
    connector.connect()
    return connector
  }

  callInThread(task: ThreadTask, ...args: unknown[]): void {
    this.getThreadPool().call(task, args).addErrback((failure: Failure) => {
      this.#log.failure('A call in a thread failed', failure)
    })
  }

  /** Calls at the next `advance`. */
  callFromThread<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): void {
    this.callLater(0, fn, ...args)
  }

  suggestThreadPoolSize(size: number): void {
    this.#poolSize = size
    this.#pool?.resize(size)
  }

  /** Its `calls` are the tasks, which the test ends. */
  getThreadPool(): IThreadPool & Pick<MemoryThreadPool, 'calls'> {
    if (this.#pool === null) {
      this.#pool = new MemoryThreadPool()
      this.#pool.resize(this.#poolSize)
    }
    return this.#pool
  }

  /** What was put into `files`. */
  readFile(path: string): Deferred<Uint8Array> {
    return readMemoryFile(this.files, path)
  }

  /** A path that others begin with is a directory. */
  openFile(path: string): Deferred<IOpenFile> {
    return openMemoryFile(this.files, path)
  }

  listDirectory(path: string): Deferred<DirectoryEntry[]> {
    return listMemoryFiles(this.files, path)
  }

  mediaType(name: string): Deferred<string | null> {
    return memoryMediaType(name)
  }

  /** What the test has set as `codecs`. */
  compression(): CompressionHost {
    if (this.codecs === null) throw new NotSupportedError('memory', 'compression')
    return this.codecs
  }

  installNameResolver(resolver: IHostnameResolver): IHostnameResolver {
    const former = this.nameResolver
    this.nameResolver = resolver
    return former
  }

  // --- time

  /** See `deferLater`. */
  deferLater<A extends unknown[], R>(ms: number, fn?: (...args: A) => R, ...args: A): Deferred<Settled<R>> {
    return deferLater(this, ms, fn, ...args)
  }

  /** A LoopingCall on this reactor's time, not yet started. */
  loopingCall<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): LoopingCall {
    const loop = new LoopingCall(fn as (...args: never[]) => unknown, ...args)
    loop.clock = this
    return loop
  }

  /** Runs an iterator beside others, a step each `advance`. */
  cooperate(iterator: Iterator<unknown> | Iterable<unknown>): CooperativeTask {
    return cooperatorOf(this).cooperate(iterator)
  }

  /** As foreseeable as a test needs it: the same bytes in every run. */
  entropy(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at++) {
      // Xorshift of 32 bits (Marsaglia, 2003).
      this.#seed ^= this.#seed << 13
      this.#seed ^= this.#seed >>> 17
      this.#seed ^= this.#seed << 5
      bytes[at] = this.#seed >>> 24
    }
    return bytes
  }

  // --- life

  get running(): boolean {
    return this.#running
  }

  /** Fires the startup triggers now; settles after `stop()`. */
  run(): Promise<void> {
    if (this.#ended !== null) return Promise.reject(new ReactorAlreadyRunning())
    return new Promise((resolve) => {
      this.#ended = resolve
      this.#running = true
      this.#events.fire('startup')
    })
  }

  stop(): void {
    if (!this.#running) throw new ReactorNotRunning()
    this.#running = false
    this.#events.fire('shutdown').addBoth(() => this.#end())
  }

  crash(): void {
    if (!this.#running) throw new ReactorNotRunning()
    this.#running = false
    this.#end()
  }

  callWhenRunning<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): Trigger | null {
    if (!this.running) return this.addSystemEventTrigger('after', 'startup', fn, ...args)
    this.callLater(0, fn, ...args)
    return null
  }

  addSystemEventTrigger<A extends unknown[]>(
    phase: TriggerPhase, event: string, fn: (...args: A) => unknown, ...args: A): Trigger {
    return this.#events.add(phase, event, () => fn(...args))
  }

  removeSystemEventTrigger(trigger: Trigger): void {
    this.#events.remove(trigger)
  }

  fireSystemEvent(event: string): void {
    this.#events.fire(event)
  }

  /**
   * A MemoryReactor that refuses what is not granted, as `restrict` of a real one does; it keeps records of its own. Its
   * time moves with this one's. Names are only checked as names.
   */
  restrict(restrictions: Restrictions): MemoryReactor {
    return new RestrictedMemoryReactor(this, new Grants(restrictions, memoryGrants.get(this) ?? null))
  }

  #end(): void {
    const ended = this.#ended
    this.#ended = null
    ended?.()
  }

  #port(port: number, factory: IProtocolFactory, options: ListenTCPOptions, tls: boolean): MemoryPort {
    checkPort(port)
    const host = options.interface ?? '0.0.0.0'
    const address = tcpAddress(host, port === 0 ? this.#nextFree++ : port)
    return new MemoryPort(factory, address, (asking) => {
      const taken = [...this.tcpServers, ...this.sslServers].some(({ listening: other }) => other !== asking &&
        other.listening && other.getHost().host === host && other.getHost().port === address.port)
      if (taken) throw new CannotListenError(host, address.port, { cause: new Error('the address is in use') })
    }, tls)
  }

  #connector(connector: MemoryConnector): MemoryConnector {
    this.connectors.push(connector)
    return connector
  }

  #datagrams(
    port: number, protocol: IDatagramProtocol, options: ListenMulticastOptions, multicast: boolean): MemoryUDPPort {
    checkPort(port)
    checkDatagramProtocol(protocol)
    const host = bindHost(options.interface)
    const isShared = multicast && options.listenMultiple === true
    const taken = port !== 0 && this.udpPorts.some(({ listening: other, options: its }) => other.listening &&
      other.getHost().host === host && other.getHost().port === port && !(isShared && its.listenMultiple === true))
    if (taken) throw new CannotListenError(host, port, { cause: new Error('the address is in use') })
    const family = host.includes(':') ? 'IPv6' : 'IPv4'
    const address = { family, type: 'UDP', host, port: port === 0 ? this.#nextFree++ : port } as UDPAddress
    const listening = new MemoryUDPPort(protocol, address, options.maxPacketSize)
    this.udpPorts.push({ port, protocol, options, multicast, listening })
    return listening
  }
}

function noFiles<T>(): Deferred<T> {
  return fail(denied('read files', 'it would need { files: true }')) as Deferred<never> as Deferred<T>
}

const memoryGrants = new WeakMap<MemoryReactor, Grants>()

/** See `MemoryReactor.restrict`. */
class RestrictedMemoryReactor extends MemoryReactor {
  readonly #outer: MemoryReactor
  readonly #grants: Grants

  constructor(outer: MemoryReactor, grants: Grants) {
    super()
    this.#outer = outer
    this.#grants = grants
    memoryGrants.set(this, grants)
    this.nameResolver = {
      resolve: (name, options) => {
        try {
          grants.needName(name)
        } catch (error) {
          return fail(error) as never
        }
        return outer.nameResolver.resolve(name, options).addCallback((found) => {
          grants.remember(name, found.flatMap((one) => 'host' in one ? [one.host] : []))
          return found
        }) as never
      },
    }
  }

  override listenTCP(...[port, factory, options]: Parameters<MemoryReactor['listenTCP']>) {
    this.#grants.needHost('listen', 'tcp', options?.interface ?? '0.0.0.0', port)
    return super.listenTCP(port, factory, options)
  }

  override connectTCP(...[host, port, factory, options]: Parameters<MemoryReactor['connectTCP']>) {
    this.#grants.needHost('connect', 'tcp', host, port, options?.resolvedFrom)
    return super.connectTCP(host, port, factory, options)
  }

  override listenSSL(...[port, factory, tls, options]: Parameters<MemoryReactor['listenSSL']>) {
    this.#grants.needHost('listen', 'tcp', options?.interface ?? '0.0.0.0', port)
    return super.listenSSL(port, factory, tls, options)
  }

  override connectSSL(...[host, port, factory, tls, options]: Parameters<MemoryReactor['connectSSL']>) {
    this.#grants.needHost('connect', 'tcp', host, port, options?.resolvedFrom)
    return super.connectSSL(host, port, factory, tls, options)
  }

  override listenUNIX(...[path, factory, options]: Parameters<MemoryReactor['listenUNIX']>) {
    this.#grants.needPath('listen', path)
    return super.listenUNIX(path, factory, options)
  }

  override connectUNIX(...[path, factory, options]: Parameters<MemoryReactor['connectUNIX']>) {
    this.#grants.needPath('connect', path)
    return super.connectUNIX(path, factory, options)
  }

  override adoptStreamPort(...args: Parameters<MemoryReactor['adoptStreamPort']>) {
    this.#grants.need('files', 'use descriptors of this program')
    return super.adoptStreamPort(...args)
  }

  override adoptStreamConnection(...args: Parameters<MemoryReactor['adoptStreamConnection']>) {
    this.#grants.need('files', 'use descriptors of this program')
    return super.adoptStreamConnection(...args)
  }

  override listenUDP(...[port, protocol, options]: Parameters<MemoryReactor['listenUDP']>) {
    mayListenUDP(this.#grants, options?.interface || '0.0.0.0', port)
    return super.listenUDP(port, protocol, options)
  }

  override listenMulticast(...[port, protocol, options]: Parameters<MemoryReactor['listenMulticast']>) {
    mayListenUDP(this.#grants, options?.interface || '0.0.0.0', port)
    return super.listenMulticast(port, protocol, options)
  }

  override spawnProcess(...args: Parameters<MemoryReactor['spawnProcess']>) {
    this.#grants.needProgram(args[1])
    return super.spawnProcess(...args)
  }

  override connectProcess(...args: Parameters<MemoryReactor['connectProcess']>) {
    this.#grants.needProgram(args[0])
    return super.connectProcess(...args)
  }

  override suggestThreadPoolSize(size: number): void {
    this.#grants.need('threads', 'run code in threads')
    super.suggestThreadPoolSize(size)
  }

  override getThreadPool() {
    this.#grants.need('threads', 'run code in threads')
    return super.getThreadPool()
  }

  override readFile(path: string): Deferred<Uint8Array> {
    return this.#grants.has('files') ? this.#outer.readFile(path) : noFiles()
  }

  override openFile(path: string): Deferred<IOpenFile> {
    return this.#grants.has('files') ? this.#outer.openFile(path) : noFiles()
  }

  override listDirectory(path: string): Deferred<DirectoryEntry[]> {
    return this.#grants.has('files') ? this.#outer.listDirectory(path) : noFiles()
  }

  override mediaType(name: string): Deferred<string | null> {
    return this.#grants.has('files') ? this.#outer.mediaType(name) : noFiles()
  }

  override compression(): CompressionHost {
    return this.#outer.compression()
  }

  override installNameResolver(resolver: IHostnameResolver): IHostnameResolver {
    this.#grants.need('resolver', 'replace the name resolver')
    return this.#outer.installNameResolver(resolver)
  }

  override now(): number {
    return this.#outer.now()
  }

  override wallClock(): number {
    return this.#outer.wallClock()
  }

  override callLater<A extends unknown[]>(ms: number, fn: (...args: A) => unknown, ...args: A) {
    const call = this.#outer.callLater(ms, fn, ...args)
    this.#calls.add(call)
    return call
  }

  override getDelayedCalls() {
    return [...this.#calls].filter((call) => call.active() || !this.#calls.delete(call))
  }

  readonly #calls = new Set<ReturnType<Clock['callLater']>>()

  override get running(): boolean {
    return this.#outer.running
  }

  override run(): Promise<void> {
    if (!this.#grants.has('lifecycle')) return Promise.reject(denied('run the reactor'))
    return this.#outer.run()
  }

  override stop(): void {
    this.#grants.need('lifecycle', 'stop the reactor')
    this.#outer.stop()
  }

  override crash(): void {
    this.#grants.need('lifecycle', 'stop the reactor')
    this.#outer.crash()
  }

  override addSystemEventTrigger<A extends unknown[]>(
    phase: TriggerPhase, event: string, fn: (...args: A) => unknown, ...args: A): Trigger {
    return this.#outer.addSystemEventTrigger(phase, event, fn, ...args)
  }

  override removeSystemEventTrigger(trigger: Trigger): void {
    this.#outer.removeSystemEventTrigger(trigger)
  }

  override fireSystemEvent(event: string): void {
    this.#grants.need('lifecycle', `fire ${event}`)
    this.#outer.fireSystemEvent(event)
  }
}
