/**
 * A restricted reactor: one for code that is trusted with some connections, and with nothing else.
 *
 * Owns: the questions that every method asks before it does anything, and the bond with the reactor behind it: time,
 * turns, start and stop are that one's. Must not know: hosts. Source: the project's own.
 *
 *   code ──▶ RestrictedReactor ──▶ Reactor ──▶ restricted parts ──▶ parts of the host
 *              asks Grants                       ask Grants
 *
 * It is a reactor of its own, made of parts that ask (restrict-parts.ts): ports, connections and all else that it makes
 * lead back to it and no further. The methods ask first, so that a refusal is thrown where the call was made. The
 * reactor behind it is in a private field; the classes that both share are frozen (restrict-freeze.ts), so that nobody
 * can put a method of his own in their prototypes and be called with somebody else's objects.
 */
import { Deferred, fail, Failure } from '../defer/index.js'
import * as errors from '../errors/index.js'
import type { ReactorParts } from '../interfaces/host.js'
import type { Trigger, TriggerPhase } from '../interfaces/reactor-core.js'
import type {
  DirectoryEntry, IOpenFile, ListDirectoryOptions, OpenFileOptions, ReadFileOptions,
} from '../interfaces/reactor-files.js'
import type { ConnectTCPOptions, ListenTCPOptions } from '../interfaces/reactor-tcp.js'
import type { ListenMulticastOptions, ListenUDPOptions } from '../interfaces/reactor-udp.js'
import type { IHostnameResolver } from '../interfaces/resolver.js'
import type { IDelayedCall } from '../interfaces/time.js'
import { Logger } from '../logger/index.js'
import { Pieces } from '../transports/bridges-web.js'
import { ProcessTransport } from '../transports/process.js'
import { StaticResolver } from '../transports/resolve-static.js'
import * as transportErrors from '../transports/errors.js'
import { StreamConnector } from '../transports/stream-connector.js'
import { StreamPort } from '../transports/stream-port.js'
import type { ClosablePort } from '../transports/stream-reactor.js'
import { StreamTransport } from '../transports/stream-transport.js'
import { MulticastPort } from '../transports/udp-multicast.js'
import { CooperativeTask } from './cooperative-task.js'
import { Cooperator } from './cooperator.js'
import { DelayedCall } from './delayed-call.js'
import * as ownErrors from './errors.js'
import { LoopingCall } from './looping-call.js'
import type { Reactor } from './reactor.js'
import { denied, Grants } from './restrict-grants.js'
import type { Restrictions } from './restrict-grants.js'
import { ownBytes } from './restrict-channels.js'
import { freezeClasses, sealClass } from './restrict-freeze.js'
import { mayListenUDP, RestrictedDatagrams, RestrictedResolver, restrictParts } from './restrict-parts.js'
import { ThreadPool } from './thread-pool.js'
import { TurnQueue } from './turn-queue.js'

type ReactorClass = new (parts: ReactorParts, options?: { installSignalHandlers?: boolean }) => Reactor

/** What `restrict` asks of the reactor behind it. @internal */
export interface Restricting {
  /** The reactor that is restricted. */
  readonly reactor: Reactor
  readonly parts: ReactorParts
  /** Reactor itself: it makes restricted ones, which are derived from it. */
  readonly Base: ReactorClass
}

let kind: { readonly Base: ReactorClass, readonly Restricted: ReturnType<typeof deriveFrom> } | null = null

/** See `Reactor.restrict`. @internal */
export function restrictReactor(from: Restricting, restrictions: Restrictions): Reactor {
  if (kind?.Base !== from.Base) {
    kind = { Base: from.Base, Restricted: deriveFrom(from.Base) }
    freezeShared(kind.Restricted)
  }
  const grants = new Grants(restrictions, grantsOf.get(from.reactor) ?? null)
  const made = new kind.Restricted(from.reactor, from.parts, grants)
  grantsOf.set(made, grants)
  return Object.freeze(made) as unknown as Reactor
}

const grantsOf = new WeakMap<object, Grants>()

/** The class of restricted reactors; made when first needed, since Reactor itself has to know of them. */
function deriveFrom(Base: ReactorClass) {
  return class RestrictedReactor extends Base {
    /** What is received is copied into memory of its own: see `ownBytes`. @internal */
    readonly isolate = ownBytes
    readonly #outer: Reactor
    readonly #grants: Grants
    readonly #queue: TurnQueue
    readonly #calls = new Set<RestrictedCall>()
    readonly #triggers = new WeakMap<Trigger, Trigger>()
    // Stands among the outer reactor's ports while anything is open here.
    readonly #entry: ClosablePort = {
      stopListening: () => this.#outerStops(),
      abort: () => super.abortAll(),
    }
    readonly #things = new Set<object>()
    #isClosing = false

    constructor(outer: Reactor, parts: ReactorParts, grants: Grants) {
      super(restrictParts(parts, grants, () => outer.resolver), { installSignalHandlers: false })
      this.#outer = outer
      this.#grants = grants
      this.#queue = Object.freeze({
        get size() {
          return outer.queue.size
        },
        post(fn: () => void, priority?: 0 | 1 | 2 | 3, source?: number) {
          outer.queue.post(() => fn(), priority, source)
        },
      }) as unknown as TurnQueue
    }

    // --- what is asked for

    override listenTCP(...[port, factory, options]: Parameters<Reactor['listenTCP']>) {
      return super.listenTCP(port, factory, this.#listening('tcp', port, options))
    }

    override connectTCP(...[host, port, factory, options]: Parameters<Reactor['connectTCP']>) {
      return super.connectTCP(host, port, factory, this.#connecting(host, port, options))
    }

    override listenSSL(...[port, factory, tls, options]: Parameters<Reactor['listenSSL']>) {
      return super.listenSSL(port, factory, tls, this.#listening('tcp', port, options))
    }

    override connectSSL(...[host, port, factory, tls, options]: Parameters<Reactor['connectSSL']>) {
      return super.connectSSL(host, port, factory, tls, this.#connecting(host, port, options))
    }

    override listenUNIX(...[path, factory, options]: Parameters<Reactor['listenUNIX']>) {
      this.#grants.needPath('listen', needText(path))
      return super.listenUNIX(path, factory, { ...options })
    }

    override connectUNIX(...[path, factory, options]: Parameters<Reactor['connectUNIX']>) {
      this.#grants.needPath('connect', needText(path))
      return super.connectUNIX(path, factory, { ...options })
    }

    override listenUDP(...[port, protocol, options]: Parameters<Reactor['listenUDP']>) {
      return super.listenUDP(port, protocol, this.#datagrams(port, options))
    }

    override listenMulticast(...[port, protocol, options]: Parameters<Reactor['listenMulticast']>) {
      return super.listenMulticast(port, protocol, this.#datagrams(port, options))
    }

    override spawnProcess(...[protocol, executable, args, options]: Parameters<Reactor['spawnProcess']>) {
      this.#grants.needProgram(needText(executable))
      const own = { ...options, ...options?.childFDs === undefined ? {} : { childFDs: { ...options.childFDs } } }
      for (const what of Object.values(own.childFDs ?? {})) {
        if (typeof what === 'number') this.#grants.need('files', 'hand descriptors of this program to a child')
      }
      return super.spawnProcess(protocol, executable, args === undefined ? [] : [...args], own)
    }

    override connectProcess(...[executable, args, factory, options]: Parameters<Reactor['connectProcess']>) {
      this.#grants.needProgram(needText(executable))
      return super.connectProcess(executable, [...args], factory, { ...options })
    }

    override adoptStreamPort(...args: Parameters<Reactor['adoptStreamPort']>) {
      this.#grants.need('files', 'use descriptors of this program')
      return super.adoptStreamPort(...args)
    }

    override adoptStreamConnection(...args: Parameters<Reactor['adoptStreamConnection']>) {
      this.#grants.need('files', 'use descriptors of this program')
      return super.adoptStreamConnection(...args)
    }

    override openStandardIO(): ReturnType<Reactor['openStandardIO']> {
      this.#grants.need('files', 'use standard input and output')
      return super.openStandardIO()
    }

    override readFile(path: string, options?: ReadFileOptions): Deferred<Uint8Array> {
      return this.#grants.has('files') ? super.readFile(needText(path), options) : noFiles()
    }

    override openFile(path: string, options?: OpenFileOptions): Deferred<IOpenFile> {
      return this.#grants.has('files') ? super.openFile(needText(path), options) : noFiles()
    }

    override listDirectory(path: string, options?: ListDirectoryOptions): Deferred<DirectoryEntry[]> {
      return this.#grants.has('files') ? super.listDirectory(needText(path), options) : noFiles()
    }

    override mediaType(name: string): Deferred<string | null> {
      return this.#grants.has('files') ? super.mediaType(needText(name)) : noFiles()
    }

    override onSignal(...args: Parameters<Reactor['onSignal']>): ReturnType<Reactor['onSignal']> {
      this.#grants.need('lifecycle', 'handle signals')
      return this.#outer.onSignal(...args)
    }

    override callInThread(...args: Parameters<Reactor['callInThread']>): void {
      this.#grants.need('threads', 'run code in threads')
      super.callInThread(...args)
    }

    override suggestThreadPoolSize(size: number): void {
      this.#grants.need('threads', 'run code in threads')
      super.suggestThreadPoolSize(size)
    }

    override getThreadPool() {
      this.#grants.need('threads', 'run code in threads')
      return super.getThreadPool()
    }

    override installNameResolver(resolver: IHostnameResolver): IHostnameResolver {
      this.#grants.need('resolver', 'replace the name resolver')
      return super.installNameResolver(resolver)
    }

    // --- time and turns are the other reactor's

    override now(): number {
      return this.#outer.now()
    }

    override wallClock(): number {
      return this.#outer.wallClock()
    }

    override callLater<A extends unknown[]>(ms: number, fn: (...args: A) => unknown, ...args: A): IDelayedCall {
      if (typeof fn !== 'function') throw new TypeError('a function is needed')
      const handle: { call: RestrictedCall | null } = { call: null }
      const call = this.#outer.callLater(ms, () => {
        if (handle.call !== null) this.#calls.delete(handle.call)
        fn(...args)
      })
      handle.call = new RestrictedCall(call, (gone) => this.#calls.delete(gone))
      this.#calls.add(handle.call)
      return handle.call
    }

    /** Those of this reactor. */
    override getDelayedCalls(): IDelayedCall[] {
      return [...this.#calls]
    }

    /** The other reactor has work of its own, which is not to be seen here: no connection is ever alone. @internal */
    override isShared(): boolean {
      return true
    }

    override get queue(): TurnQueue {
      return this.#queue
    }

    override enter(): void {
      this.#outer.enteredBelow()
      super.enter()
    }

    override enteredBelow(): void {
      this.#outer.enteredBelow()
    }

    override callFromThread<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): void {
      if (typeof fn !== 'function') throw new TypeError('a function is needed')
      this.#outer.callFromThread(() => fn(...args))
    }

    // --- so is its life

    override get running(): boolean {
      return this.#outer.running
    }

    override run(): Promise<void> {
      try {
        this.#grants.need('lifecycle', 'run the reactor')
      } catch (error) {
        return Promise.reject(error)
      }
      return this.#outer.run().then(() => undefined)
    }

    override stop(): void {
      this.#grants.need('lifecycle', 'stop the reactor')
      this.#outer.stop()
    }

    override crash(): void {
      this.#grants.need('lifecycle', 'stop the reactor')
      this.#outer.crash()
    }

    override callWhenRunning<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): Trigger | null {
      if (!this.running) return this.addSystemEventTrigger('after', 'startup', fn, ...args)
      if (typeof fn !== 'function') throw new TypeError('a function is needed')
      this.#outer.callWhenRunning(() => fn(...args))
      return null
    }

    override addSystemEventTrigger<A extends unknown[]>(
      phase: TriggerPhase, event: string, fn: (...args: A) => unknown, ...args: A): Trigger {
      needText(phase)
      if (!isShared(needText(event))) return super.addSystemEventTrigger(phase, event, fn, ...args)
      if (typeof fn !== 'function') throw new TypeError('a function is needed')
      const real = this.#outer.addSystemEventTrigger(phase, event, () => fn(...args))
      const trigger: Trigger = Object.freeze({ phase, event })
      this.#triggers.set(trigger, real)
      return trigger
    }

    override removeSystemEventTrigger(trigger: Trigger): void {
      const real = this.#triggers.get(trigger)
      if (real === undefined) super.removeSystemEventTrigger(trigger)
      else this.#outer.removeSystemEventTrigger(real)
    }

    override fireSystemEvent(event: string): void {
      if (!isShared(needText(event))) {
        super.fireSystemEvent(event)
        return
      }
      this.#grants.need('lifecycle', `fire ${event}`)
      this.#outer.fireSystemEvent(event)
    }

    // --- what is open here closes when the other reactor stops, which waits for it

    override addTransport(transport: StreamTransport): number {
      this.#opened(transport)
      return super.addTransport(transport)
    }

    override removeTransport(transport: StreamTransport): void {
      super.removeTransport(transport)
      this.#closed(transport)
    }

    override addPort(port: ClosablePort): void {
      this.#opened(port)
      super.addPort(port)
    }

    override removePort(port: ClosablePort): void {
      super.removePort(port)
      this.#closed(port)
    }

    override addConnector(connector: StreamConnector): void {
      this.#opened(connector)
      super.addConnector(connector)
    }

    override removeConnector(connector: StreamConnector): void {
      super.removeConnector(connector)
      this.#closed(connector)
    }

    #opened(thing: object): void {
      this.#things.add(thing)
      if (this.#things.size === 1) this.#outer.addPort(this.#entry)
    }

    #closed(thing: object): void {
      if (!this.#things.delete(thing) || this.#things.size > 0) return
      this.#isClosing = false
      this.#outer.removePort(this.#entry)
    }

    #outerStops(): void {
      if (this.#isClosing) return
      this.#isClosing = true
      super.closeAll()
    }

    // --- arguments, read once

    #listening(type: 'tcp', port: number, options: ListenTCPOptions = {}): ListenTCPOptions {
      const { backlog, interface: host = '', reusePort, ipv6Only } = options
      this.#grants.needHost('listen', type, needText(host) === '' ? '0.0.0.0' : host, needPort(port))
      return { backlog, interface: host, reusePort, ipv6Only }
    }

    #connecting(host: string, port: number, options: ConnectTCPOptions = {}): ConnectTCPOptions {
      const { timeout, bindAddress, resolvedFrom } = options
      const name = resolvedFrom === undefined ? undefined : needText(resolvedFrom)
      this.#grants.needHost('connect', 'tcp', needText(host), needPort(port), name)
      return {
        ...timeout === undefined ? {} : { timeout },
        ...bindAddress === undefined ? {} : { bindAddress: { ...bindAddress } },
      }
    }

    #datagrams(port: number, options: ListenMulticastOptions | ListenUDPOptions = {}): ListenMulticastOptions {
      const own = { ...options }
      const host = own.interface ?? ''
      mayListenUDP(this.#grants, needText(host) === '' ? '0.0.0.0' : host, needPort(port))
      return own
    }
  }
}

/** The answer to everything about files. */
function noFiles<T>(): Deferred<T> {
  return fail(denied('read files', 'it would need { files: true }')) as Deferred<never> as Deferred<T>
}

/** A delayed call of the other reactor, without its inside. */
class RestrictedCall implements IDelayedCall {
  readonly #call: IDelayedCall
  readonly #cancelled: (call: RestrictedCall) => void

  constructor(call: IDelayedCall, cancelled: (call: RestrictedCall) => void) {
    this.#call = call
    this.#cancelled = cancelled
    Object.freeze(this)
  }

  getTime(): number {
    return this.#call.getTime()
  }

  cancel(): void {
    this.#call.cancel()
    this.#cancelled(this)
  }

  reset(ms: number): void {
    this.#call.reset(ms)
  }

  delay(ms: number): void {
    this.#call.delay(ms)
  }

  active(): boolean {
    return this.#call.active()
  }
}

/** Freezes the classes of what a reactor hands out, throws or lets be made, whoever's it is. */
function freezeShared(Restricted: { readonly prototype: object, readonly name: string }): void {
  const inner = [
    Restricted, StreamTransport, StreamPort, StreamConnector, MulticastPort, ProcessTransport, Pieces, TurnQueue,
    DelayedCall, RestrictedCall, RestrictedResolver, RestrictedDatagrams,
  ]
  for (const shared of inner) sealClass(shared)
  const open = [Deferred, Failure, Logger, LoopingCall, Cooperator, CooperativeTask, StaticResolver, ThreadPool]
  for (const shared of open) freezeClasses(Object.create(shared.prototype) as object)
  for (const shared of Object.values({ ...errors, ...ownErrors, ...transportErrors })) {
    // The first instance of an error class is what gives it its name.
    if (isErrorClass(shared)) freezeClasses(Reflect.construct(errors.WhorlError, [''], shared) as object)
  }
}

function isErrorClass(value: unknown): value is typeof errors.WhorlError {
  return typeof value === 'function' &&
    (value === errors.WhorlError || value.prototype instanceof errors.WhorlError)
}

/** Events that the reactor behind fires, for everybody. */
function isShared(event: string): boolean {
  return event === 'startup' || event === 'shutdown'
}

function needText(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`text is needed, not ${typeof value}`)
  return value
}

function needPort(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff) {
    const what = typeof value === 'number' ? String(value) : typeof value
    throw new RangeError(`a port is a whole number from 0 to 65535, not ${what}`)
  }
  return value
}
