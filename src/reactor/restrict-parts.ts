/**
 * The parts of a restricted reactor: those of another, each of which asks first whether it may.
 *
 * Owns: the seam where everything that a reactor does meets its host, so that nothing above it has to be trusted: what
 * gets past a check there is stopped here. Each argument is read once, checked, and handed on as it was checked. Must
 * not know: hosts.
 */
import { cancelOnAbort, Deferred, fail } from '../defer/index.js'
import type { Failure } from '../defer/index.js'
import { CapabilityError } from '../errors/index.js'
import type { IAddress } from '../interfaces/address.js'
import type { Codec, CodecSink, CompressionHost, ContentCoding } from '../interfaces/compression-host.js'
import type { DatagramHandle, DatagramHost, DatagramSink } from '../interfaces/datagram-host.js'
import type { HostPort, ReactorParts } from '../interfaces/host.js'
import type { DescriptorHost, ProcessHost } from '../interfaces/process-host.js'
import type { IHostnameResolver, ResolveOptions } from '../interfaces/resolver.js'
import type { TCPHost, UNIXHost } from '../interfaces/stream-host.js'
import type { TLSHost, TLSServerHandle } from '../interfaces/tls-host.js'
import type { TLSClientOptions } from '../interfaces/tls.js'
import { Channels, hideChild, ownBytes } from './restrict-channels.js'
import type { Grants } from './restrict-grants.js'
import { denied } from './restrict-grants.js'

/** Senders that a port which listens may answer, at most so many; the oldest is forgotten first. */
const MOST_SENDERS = 4_096

/**
 * The parts for a restricted reactor.
 *
 * @param resolver whoever resolves names for the reactor that is restricted, asked each time
 */
export function restrictParts(
  parts: ReactorParts, grants: Grants, resolver: () => IHostnameResolver | null): ReactorParts {
  const { tcp, tls, unix, udp, processes, descriptors, threads, files, compression } = parts
  const channels = new Channels()
  const flagged = <P extends object>(part: P | undefined, flag: 'files' | 'threads', what: string): P | undefined =>
    part === undefined ? undefined : guarded(part, () => grants.need(flag, what))
  return {
    core: parts.core,
    host: restrictHost(parts.host),
    tcp: tcp && restrictTCP(tcp, grants, channels),
    tls: tls && restrictTLS(tls, channels),
    unix: unix && restrictUNIX(unix, grants, channels),
    udp: udp && restrictUDP(udp, grants),
    processes: processes && restrictProcesses(processes, grants, channels),
    descriptors: descriptors && restrictDescriptors(descriptors, grants, channels),
    threads: flagged(threads, 'threads', 'run code in threads'),
    files: flagged(files, 'files', 'read files'),
    compression: compression && restrictCompression(compression),
    resolver: resolver() === null ? undefined : new RestrictedResolver(grants, resolver),
  }
}

/** The same methods on another object, each after a question; values that are no methods as they are now. */
function guarded<P extends object>(part: P, ask: () => void): P {
  const copy: Record<string, unknown> = {}
  for (let link: object = part; link !== Object.prototype && link !== null; link = Object.getPrototypeOf(link)) {
    for (const name of Object.getOwnPropertyNames(link)) {
      if (name === 'constructor' || name in copy) continue
      const member = (part as Record<string, unknown>)[name]
      copy[name] = typeof member !== 'function' ? member : (...args: unknown[]): unknown => {
        ask()
        return member.apply(part, args) as unknown
      }
    }
  }
  return Object.freeze(copy) as P
}

/** Time, text and memory; no timers of the host's own, whose objects lead to those of others, and no end of it. */
function restrictHost(host: HostPort): HostPort {
  const refuse = (): never => {
    throw denied('use the host')
  }
  return Object.freeze<HostPort>({
    name: String(host.name),
    now: () => host.now(),
    ...host.wallClock === undefined ? {} : { wallClock: () => host.wallClock!() },
    setTimer: refuse,
    clearTimer: () => undefined,
    soon: (fn) => {
      const call = callable(fn)
      host.soon(() => call())
    },
    afterJobs: (fn) => {
      const call = callable(fn)
      host.afterJobs(() => call())
    },
    keepAlive: () => undefined,
    installSignals: refuse,
    // Never a view of memory that others use, too.
    encode: (text) => ownBytes(host.encode(text)),
    allocate: (length) => new Uint8Array(length),
    ...host.entropy === undefined ? {} : {
      entropy: (bytes) => {
        // Into an array of the host's own: what it was given could be made to tell of what else is called.
        const own = new Uint8Array(bytes.length)
        host.entropy!(own)
        bytes.set(own)
      },
    },
  })
}

function restrictTCP(tcp: TCPHost, grants: Grants, channels: Channels): TCPHost {
  return Object.freeze<TCPHost>({
    listen({ host, port, backlog, reusePort, ipv6Only }, sink) {
      grants.needAddress('listen', 'tcp', text(host), number(port))
      const request = {
        host, port, backlog: optional(backlog, number), reusePort: reusePort === true,
        ipv6Only: optional(ipv6Only, bool),
      }
      return tcp.listen(request, channels.accepting(sink))
    },
    connect({ host, port, localHost, localPort }, sink) {
      grants.needAddress('connect', 'tcp', text(host), number(port))
      return tcp.connect({
        host, port, localHost: optional(localHost, text), localPort: optional(localPort, number),
      }, channels.connecting(sink))
    },
  })
}

/** Speaks TLS over a channel: whoever has the channel may. What the host made of options is hidden. */
function restrictTLS(tls: TLSHost, channels: Channels): TLSHost {
  const handles = new WeakMap<object, TLSServerHandle>()
  const real = (handle: TLSServerHandle): TLSServerHandle => {
    const found = handles.get(handle)
    if (found === undefined) throw new TypeError('this was made by another reactor')
    return found
  }
  // One for each, as the host keeps what it made of options by the object.
  const known = new WeakMap<TLSClientOptions, TLSClientOptions>()
  const own = (options: TLSClientOptions): TLSClientOptions => {
    let made = known.get(options)
    if (made === undefined) {
      made = { ...options }
      const { sessions } = made
      if (sessions !== undefined) {
        made.sessions = {
          get: (key) => sessions.get(key), set: (key, session) => sessions.set(key, ownBytes(session)),
        }
      }
      known.set(options, made)
    }
    return made
  }
  return Object.freeze<TLSHost>({
    server(options) {
      const made = tls.server(options)
      const handle = Object.freeze<TLSServerHandle>({ update: (changed) => made.update(changed) })
      handles.set(handle, made)
      return handle
    },
    accept: (channel, server) => channels.hideSecure(tls.accept(channels.below(channel), real(server))),
    connect: (channel, options, name, sessionKey) =>
      channels.hideSecure(tls.connect(channels.below(channel), own(options), text(name), text(sessionKey))),
  })
}

function restrictUNIX(unix: UNIXHost, grants: Grants, channels: Channels): UNIXHost {
  return Object.freeze<UNIXHost>({
    listen({ path, backlog, mode, lock }, sink) {
      grants.needPath('listen', text(path))
      return unix.listen({
        path, backlog: optional(backlog, number), mode: optional(mode, number), lock: lock === true,
      }, channels.accepting(sink))
    },
    connect({ path, checkLock }, sink) {
      grants.needPath('connect', text(path))
      return unix.connect({ path, checkLock: checkLock === true }, channels.connecting(sink))
    },
  })
}

function restrictProcesses(processes: ProcessHost, grants: Grants, channels: Channels): ProcessHost {
  return Object.freeze<ProcessHost>({
    spawn({ executable, args, env, cwd, fds }, sink) {
      grants.needProgram(text(executable))
      const own = new Map([...fds])
      for (const what of own.values()) {
        if (typeof what === 'number') grants.need('files', 'hand descriptors of this program to a child')
        else text(what)
      }
      return hideChild(processes.spawn({
        executable, args: [...args].map(text), env: env === null ? null : { ...env }, cwd: optional(cwd, text),
        fds: own,
      }, {
        started: (pid, pipes) => sink.started(pid, new Map([...pipes].map(([fd, pipe]) => [fd, channels.hide(pipe)]))),
        failed: (error) => sink.failed(error),
        exited: (status) => sink.exited(status),
      }))
    },
  })
}

function restrictDescriptors(descriptors: DescriptorHost, grants: Grants, channels: Channels): DescriptorHost {
  const ask = (): void => grants.need('files', 'use descriptors of this program')
  return Object.freeze<DescriptorHost>({
    stdio() {
      ask()
      return channels.hide(descriptors.stdio())
    },
    adoptPort(fd, sink) {
      ask()
      return descriptors.adoptPort(number(fd), channels.accepting(sink))
    },
    adoptConnection(fd, sink) {
      ask()
      descriptors.adoptConnection(number(fd), channels.connecting(sink))
    },
  })
}

function restrictUDP(udp: DatagramHost, grants: Grants): DatagramHost {
  return Object.freeze<DatagramHost>({
    bind({ host, port, shared }, sink) {
      const answers = mayListenUDP(grants, text(host), number(port))
      return new RestrictedDatagrams(grants, sink, answers, (own) =>
        udp.bind({ host, port, shared: shared === true }, own))
    },
  })
}

/** Compressing is working out, which needs no grant; but what it works with is the host's. */
function restrictCompression(compression: CompressionHost): CompressionHost {
  const hide = (codec: Codec): Codec => Object.freeze<Codec>({
    // A copy: the host reads it in a thread, and its owner could hand it to another meanwhile.
    write: (data, flush) => codec.write(Uint8Array.from(data), flush === 'sync' ? 'sync' : 'none'),
    end: () => codec.end(),
    close: () => codec.close(),
    ...codec.reset === undefined ? {} : { reset: () => codec.reset?.() },
    pause: () => codec.pause(),
    resume: () => codec.resume(),
  })
  const own = (sink: CodecSink): CodecSink => ({
    output: (bytes) => sink.output(ownBytes(bytes)),
    taken: () => sink.taken(),
    ended: () => sink.ended(),
    failed: (error) => sink.failed(error),
  })
  return Object.freeze<CompressionHost>({
    codings: Object.freeze([...compression.codings]),
    compressor: (coding, { level, windowBits }, sink) => hide(compression.compressor(text(coding) as ContentCoding, {
      level: optional(level, number), windowBits: optional(windowBits, number),
    }, own(sink))),
    decompressor: (coding, { windowBits, limit }, sink) =>
      hide(compression.decompressor(text(coding) as ContentCoding, {
        windowBits: optional(windowBits, number), limit: optional(limit, number),
      }, own(sink))),
  })
}

/**
 * Whether a UDP port may be opened there: as one that listens, or, where only sending is granted, at any free port, to
 * hear from those that may be sent to.
 * @returns true for one that listens, and so may answer everybody
 * @throws CapabilityError
 */
export function mayListenUDP(grants: Grants, host: string, port: number): boolean {
  try {
    grants.needHost('listen', 'udp', host, port)
    return true
  } catch (error) {
    if (error instanceof CapabilityError && port === 0 && grants.hasAny('connect', 'udp')) return false
    throw error
  }
}

/** Stands between a datagram port and its socket: to the port it is the socket. @internal */
export class RestrictedDatagrams implements DatagramHandle {
  readonly #grants: Grants
  readonly #sink: DatagramSink
  readonly #answers: boolean
  readonly #senders = new Set<string>()
  readonly #handle: DatagramHandle
  #port = 0

  constructor(grants: Grants, sink: DatagramSink, answers: boolean, bind: (sink: DatagramSink) => DatagramHandle) {
    this.#grants = grants
    this.#sink = sink
    this.#answers = answers
    // An object that only the socket has: whoever could tell this of senders could make anybody one.
    this.#handle = bind({
      bound: (address) => {
        this.#port = address.port
        sink.bound(address)
      },
      failed: (error) => sink.failed(error),
      received: (data, host, port) => this.#received(data, host, port),
      refused: () => sink.refused(),
      trouble: (error) => sink.trouble(error),
      closed: () => sink.closed(),
    })
    Object.freeze(this)
  }

  send(data: Uint8Array, host: string | null, port: number): void {
    // Without a host the socket is connected, which was asked about.
    if (host !== null) this.#needPeer(text(host), number(port))
    this.#handle.send(data, host, port)
  }

  connect(host: string, port: number, done: (error: unknown) => void): void {
    this.#needPeer(text(host), number(port))
    const told: (error: unknown) => void = callable(done)
    this.#handle.connect(host, port, (error) => told(error))
  }

  setBroadcast(allowed: boolean): void {
    this.#handle.setBroadcast(allowed === true)
  }

  addMembership(group: string, iface: string | undefined): void {
    this.#grants.needAddress('listen', 'udp', text(group), this.#port)
    this.#handle.addMembership(group, optional(iface, text))
  }

  dropMembership(group: string, iface: string | undefined): void {
    this.#handle.dropMembership(text(group), optional(iface, text))
  }

  setTTL(ttl: number): void {
    this.#handle.setTTL(number(ttl))
  }

  setLoopback(enabled: boolean): void {
    this.#handle.setLoopback(enabled === true)
  }

  setInterface(iface: string): void {
    this.#handle.setInterface(text(iface))
  }

  pause(): void {
    this.#handle.pause?.()
  }

  resume(): void {
    this.#handle.resume?.()
  }

  close(): void {
    this.#handle.close()
  }

  #received(data: Uint8Array, host: string, port: number): void {
    if (this.#answers) {
      const sender = `${host} ${port}`
      this.#senders.delete(sender)
      this.#senders.add(sender)
      if (this.#senders.size > MOST_SENDERS) this.#senders.delete(this.#senders.values().next().value as string)
    } else if (!this.#grants.allows('connect', 'udp', host, port)) {
      return
    }
    this.#sink.received(ownBytes(data), host, port)
  }

  #needPeer(host: string, port: number): void {
    if (this.#senders.has(`${host} ${port}`) || this.#grants.allows('connect', 'udp', host, port)) return
    throw denied(`send to udp:${host}:${port}`)
  }
}

/** Resolves what may be resolved. @internal */
export class RestrictedResolver implements IHostnameResolver {
  readonly #grants: Grants
  readonly #resolver: () => IHostnameResolver | null

  constructor(grants: Grants, resolver: () => IHostnameResolver | null) {
    this.#grants = grants
    this.#resolver = resolver
  }

  resolve(name: string, options: ResolveOptions = {}): Deferred<IAddress[]> {
    const { family, signal } = options
    if (typeof name !== 'string') throw new TypeError(`a host name is text, not ${typeof name}`)
    if (family !== undefined && family !== 4 && family !== 6) throw new RangeError('a family is 4 or 6')
    try {
      this.#grants.needName(name)
    } catch (error) {
      return fail(error) as Deferred<never> as Deferred<IAddress[]>
    }
    const resolver = this.#resolver()
    if (resolver === null) return fail(denied(`resolve ${name}`)) as Deferred<never> as Deferred<IAddress[]>
    // A Deferred of our own, with copies: what the resolver keeps is its own.
    const asked = resolver.resolve(name, family === undefined ? {} : { family })
    const answer = new Deferred<IAddress[]>(() => asked.cancel())
    asked.addCallbacks((addresses: IAddress[]) => {
      const own = addresses.map((address) => Object.freeze({ ...address }))
      this.#grants.remember(name, own.flatMap((address) => 'host' in address ? [address.host] : []))
      if (!answer.called) answer.callback(own as never)
    }, (reason: Failure) => {
      if (!answer.called) answer.errback(reason.value)
    })
    return cancelOnAbort(signal, answer)
  }
}

// What is not of a plain kind could be of another the next time it is looked at.

function callable<F>(value: F): F {
  if (typeof value !== 'function') throw new TypeError(`a function is needed, not ${typeof value}`)
  return value
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`text is needed, not ${typeof value}`)
  return value
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`a number is needed, not ${typeof value}`)
  return value
}

function bool(value: unknown): boolean {
  return value === true
}

function optional<T>(value: unknown, kind: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : kind(value)
}
