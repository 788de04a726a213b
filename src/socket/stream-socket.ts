/**
 * StreamSocket: the Berkeley calls for connections, each as a Deferred.
 *
 * Owns: the states of a socket and which call each allows. Must not know: hosts, and how bytes are buffered.
 * Source: POSIX.1-2017, socket(2) and its relatives; the reads beyond `recv` follow asyncio's streams.
 *
 *   new ──bind──▶ bound ──listen──▶ listening ──accept──▶ (another socket, connected)
 *    └──────────────┴─────connect──▶ connecting ──▶ connected          any ──close──▶ closed
 */
import { checkSignal } from '../defer/abort.js'
import { cancelOnAbort, Deferred, fail, maybeDeferred, succeed } from '../defer/index.js'
import { connecting } from '../endpoints/connecting.js'
import { TCP4ClientEndpoint, TCP6ClientEndpoint } from '../endpoints/tcp-client.js'
import { listening } from '../endpoints/listening.js'
import type {
  IAddress, IListeningPort, IProtocol, IReactorTCP, IStreamClientEndpoint, IStreamServerEndpoint, ITCPTransport,
} from '../interfaces/index.js'
import { Factory } from '../protocols/factory.js'
import { internetAddress, methodOf, unixPath } from './address.js'
import type { SocketAddress, SocketFamily, SocketReactor } from './address.js'
import { SocketConnection } from './connection.js'
import type { Half, TLSSettings } from './connection.js'
import { SocketClosed, SocketStateError } from './errors.js'
import { BACKLOG } from './limits.js'
import { Listener } from './listener.js'
import { readExactly, readLine, readSome, readUntil } from './reads.js'
import type { FrameOptions, LineOptions, Read } from './reads.js'
import { applyStreamOption, checkStreamOption, checkStreamValue } from './stream-options.js'
import type { StreamSocketOptions } from './stream-options.js'

/** What every call that waits takes. */
export interface WaitOptions {
  /** Cancels it. */
  signal?: AbortSignal
}

/** Options of `connect`. */
export interface ConnectOptions extends WaitOptions {
  /** How long the attempt may take, ms; 30,000 if not given. */
  timeout?: number
}

type State = 'new' | 'bound' | 'connecting' | 'connected' | 'listening' | 'closed'

/** A socket of type `stream`. */
export class StreamSocket implements AsyncIterable<Uint8Array> {
  readonly type = 'stream'
  /** What it was made with; null for sockets of endpoints. */
  readonly family: SocketFamily | null
  readonly #reactor: SocketReactor
  #state: State = 'new'
  #address: SocketAddress | null = null
  #options: Partial<StreamSocketOptions> = {}
  #connection: SocketConnection | null = null
  #listener: Listener | null = null
  #attempt: Deferred<unknown> | null = null
  #closed: Deferred<void>[] | null = null
  #hasClosed = false

  /** @param reactor who listens and connects @throws RangeError for what is no family */
  constructor(reactor: SocketReactor, family: SocketFamily | null = 'inet') {
    if (family !== null && !['inet', 'inet6', 'unix'].includes(family)) {
      throw new RangeError(`a family is inet, inet6 or unix, not ${String(family)}`)
    }
    this.#reactor = reactor
    this.family = family
  }

  /** A socket around a connection that was made otherwise: `connectInMemory`, a port of one's own. */
  static around(connection: SocketConnection, family: SocketFamily | null = null): StreamSocket {
    const socket = new StreamSocket({}, family)
    socket.#connected(connection)
    return socket
  }

  // --- becoming something

  /** Remembers the address; the host is asked for it by `listen` or `connect`, which fail if it is taken. */
  bind(address: SocketAddress): Deferred<void> {
    const checked = this.#check(address, 'any')
    const wrong = this.#only('bind', 'new')
    if (wrong !== null) return fail(wrong)
    this.#address = checked
    this.#state = 'bound'
    return succeed()
  }

  /**
   * Takes connections from now on.
   *
   * @param backlog how many may wait for `accept`, here and in the host each; 128 if not given
   * @returns fires once the port is bound; fails with CannotListenError
   * @throws RangeError
   */
  listen(backlog: number = BACKLOG): Deferred<void> {
    const listener = new Listener(backlog)
    const wrong = this.#only('listen', 'new', 'bound')
    if (wrong !== null) return fail(wrong)
    return this.#listenWith(listener, () => listening(() => this.#open(listener, backlog)))
  }

  /** Listens at an endpoint instead of an address. */
  listenAt(endpoint: IStreamServerEndpoint, backlog: number = BACKLOG): Deferred<void> {
    const listener = new Listener(backlog)
    const wrong = this.#only('listen', 'new')
    if (wrong !== null) return fail(wrong)
    return this.#listenWith(listener, () => endpoint.listen(listener))
  }

  /** The next connection, as a socket of its own. Calls are served in order; a cancelled one takes none. */
  accept(options: WaitOptions = {}): Deferred<StreamSocket> {
    checkSignal(options.signal)
    const listener = this.#listener
    if (this.#state === 'closed') return fail(new SocketClosed())
    if (listener === null || this.#state !== 'listening') return fail(this.#cannot('accept', 'it does not listen'))
    const accepted = listener.accept().addCallback((connection: SocketConnection) => {
      const socket = new StreamSocket(this.#reactor, this.family)
      socket.#options = { ...this.#options }
      socket.#connected(connection)
      return socket
    })
    return cancelOnAbort(options.signal, accepted as Deferred<StreamSocket>)
  }

  /**
   * Connects.
   *
   * @returns fails with a ConnectError: ConnectionRefusedError, TimeoutError, DNSLookupError, …; cancelling gives up.
   *   The socket may be connected again then.
   * @throws TypeError, RangeError for what is no address
   */
  connect(address: SocketAddress, options: ConnectOptions = {}): Deferred<void> {
    const checked = this.#check(address, 'loopback')
    return this.#connectWith((factory) => this.#dial(checked, factory, options), options)
  }

  /** Connects to an endpoint instead of an address: one with TLS, through a proxy, of a string. */
  connectTo(endpoint: IStreamClientEndpoint, options: WaitOptions = {}): Deferred<void> {
    return this.#connectWith((factory) => endpoint.connect(factory), options)
  }

  // --- bytes

  /**
   * Up to `most` bytes, as soon as there are any; an empty array at the end of the stream.
   *
   * @param most 65,536 if not given
   * @returns fails with ConnectionLost when the connection broke, SocketClosed when this side closed it
   */
  recv(most?: number, options?: WaitOptions): Deferred<Uint8Array> {
    return this.#read(readSome(most), options)
  }

  /** So many bytes, no fewer; fails with IncompleteReadError when the stream ends before. */
  readExactly(count: number, options?: WaitOptions): Deferred<Uint8Array> {
    return this.#read(readExactly(count), options)
  }

  /**
   * What comes before `delimiter`, which is taken too.
   *
   * @returns fails with ReadLimitError when more than `max` bytes come first (they can still be read), with
   *   IncompleteReadError when the stream ends before
   */
  readUntil(delimiter: string | Uint8Array, options: FrameOptions & WaitOptions = {}): Deferred<Uint8Array> {
    return this.#read(readUntil(delimiter, options), options)
  }

  /** A line, without the LF that ends it and a CR before that; null at the end. Fails as `readUntil` does. */
  readLine(options: LineOptions & WaitOptions = {}): Deferred<string | null> {
    return this.#read(readLine(options), options)
  }

  /**
   * Sends bytes, or text as UTF-8; all of them. The array is the caller's again when this returns.
   *
   * @returns fires with their number once it is sensible to send more; cancelling takes nothing back
   */
  send(data: Uint8Array | string, options: WaitOptions = {}): Deferred<number> {
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) throw new TypeError('send() takes bytes or text')
    checkSignal(options.signal)
    const connection = this.#connection
    if (connection === null) return fail(this.#notConnected('send'))
    return cancelOnAbort(options.signal, connection.send(data))
  }

  /** As `send`, which is never partial here. */
  sendall(data: Uint8Array | string, options?: WaitOptions): Deferred<void> {
    return this.send(data, options).addCallback(() => undefined) as Deferred<void>
  }

  /** No more sending (`write`: the peer reads the end of the stream), no more receiving (`read`), or `both`. */
  shutdown(half: Half = 'write'): Deferred<void> {
    if (!['read', 'write', 'both'].includes(half)) {
      throw new RangeError(`shutdown() takes read, write or both, not ${String(half)}`)
    }
    const connection = this.#connection
    if (connection === null || connection.isClosing) return fail(this.#notConnected('shutdown'))
    connection.shutdown(half)
    return succeed()
  }

  /**
   * Speaks TLS from now on: as server with options that have an `identity`, else as client. Fires once the handshake
   * is done. Bytes that came in plain text and were not read abort the connection: PlaintextAfterStartTLS.
   */
  starttls(settings: TLSSettings): Deferred<void> {
    const connection = this.#connection
    return connection === null ? fail(this.#notConnected('starttls')) : connection.startTLS(settings)
  }

  // --- the rest

  /**
   * Sends what was written and closes; a listening socket takes no more, and drops what nobody accepted. What waits
   * fails with SocketClosed. Fires when it has closed, also the second time; a peer that never reads can hold that up.
   */
  close(): Deferred<void> {
    const closed = new Deferred<void>()
    if (this.#hasClosed) {
      closed.callback(undefined)
      return closed
    }
    if (this.#closed !== null) {
      this.#closed.push(closed)
      return closed
    }
    const waiting = (this.#closed = [closed])
    this.#state = 'closed'
    this.#attempt?.cancel()
    const done = this.#connection?.close() ?? this.#listener?.close() ?? succeed()
    done.addBoth(() => {
      this.#hasClosed = true
      for (const deferred of waiting) deferred.callback(undefined)
    })
    return closed
  }

  /** Closes at once: what was not sent is dropped, and the peer sees a reset where the host can make one. */
  abort(): void {
    this.#connection?.abort()
    this.close()
  }

  get closed(): boolean {
    return this.#state === 'closed'
  }

  /** The address of this end. */
  getsockname(): Deferred<IAddress> {
    const address = this.#connection?.host ?? this.#listener?.address ?? null
    return address === null ? fail(this.#cannot('getsockname', 'it is neither connected nor listening'))
      : succeed(address) as Deferred<IAddress>
  }

  /** The address of the other end. */
  getpeername(): Deferred<IAddress> {
    const peer = this.#connection?.peer ?? null
    return peer === null ? fail(this.#notConnected('getpeername')) : succeed(peer) as Deferred<IAddress>
  }

  /** Sets an option, now or for the connection to come; accepted sockets have those of the listening one. */
  setsockopt<K extends keyof StreamSocketOptions>(option: K, value: StreamSocketOptions[K]): Deferred<void> {
    checkStreamOption(option, value)
    try {
      checkStreamValue(option, value)
      if (this.#connection !== null) applyStreamOption(this.#connection.transport, option, value)
    } catch (error) {
      return fail(error)
    }
    this.#options[option] = value
    return succeed()
  }

  /** The connection underneath, for what has no call here; null while there is none. */
  get transport(): ITCPTransport | null {
    return this.#connection?.transport ?? null
  }

  /** Chunks as they come, until the end of the stream. Leaving the loop closes nothing. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = await this.recv()
      if (chunk.length === 0) return
      yield chunk
    }
  }

  /** Lines, until the end of the stream. */
  async *lines(options?: LineOptions & WaitOptions): AsyncGenerator<string, void, undefined> {
    for (;;) {
      const line = await this.readLine(options)
      if (line === null) return
      yield line
    }
  }

  /** Accepted sockets, until this one is closed. */
  async *connections(): AsyncGenerator<StreamSocket, void, undefined> {
    for (;;) {
      let socket: StreamSocket
      try {
        socket = await this.accept()
      } catch (error) {
        if (error instanceof SocketClosed) return
        throw error
      }
      yield socket
    }
  }

  // --- inside

  #read<T>(read: Read<T>, options: WaitOptions = {}): Deferred<T> {
    checkSignal(options.signal)
    const connection = this.#connection
    if (connection === null) return fail(this.#notConnected('recv'))
    return cancelOnAbort(options.signal, connection.read(read))
  }

  #connected(connection: SocketConnection): void {
    try {
      for (const [option, value] of Object.entries(this.#options)) {
        applyStreamOption(connection.transport, option as keyof StreamSocketOptions, value)
      }
    } catch (error) {
      // Nobody gets the socket, so nobody would ever close it.
      connection.abort()
      throw error
    }
    this.#connection = connection
    this.#state = 'connected'
  }

  #connectWith(start: (factory: Factory) => Deferred<IProtocol>, options: WaitOptions): Deferred<void> {
    checkSignal(options.signal)
    const wrong = this.#only('connect', 'new', 'bound')
    if (wrong !== null) return fail(wrong)
    const before = this.#state
    const connection = new SocketConnection()
    this.#state = 'connecting'
    const attempt = maybeDeferred(start, new OneConnection(connection))
    this.#attempt = attempt
    const done = attempt.addCallbacks(() => {
      this.#attempt = null
      if (this.#state === 'closed') {
        connection.abort()
        throw new SocketClosed()
      }
      this.#state = before
      this.#connected(connection)
    }, (failure) => {
      this.#attempt = null
      if (this.#state === 'connecting') this.#state = before
      return failure
    }) as Deferred<void>
    return cancelOnAbort(options.signal, done)
  }

  #listenWith(listener: Listener, start: () => Deferred<IListeningPort>): Deferred<void> {
    const before = this.#state
    this.#state = 'listening'
    this.#listener = listener
    return maybeDeferred(start).addCallbacks((port: IListeningPort) => {
      listener.port = port
      if (this.#state === 'closed') throw new SocketClosed()
    }, (failure) => {
      if (this.#state === 'listening') this.#state = before
      this.#listener = null
      return failure
    }) as Deferred<void>
  }

  #open(listener: Listener, backlog: number): IListeningPort {
    const { family } = this
    if (family === null) throw new SocketStateError('This socket has no family to listen in: use listenAt().')
    if (family === 'unix') {
      if (this.#address === null) throw this.#cannot('listen', 'it is not bound to a path')
      return methodOf(this.#reactor, 'listenUNIX')(unixPath(this.#address), listener, { backlog })
    }
    const { host, port } = internetAddress(family, this.#address ?? { port: 0 }, 'any')
    const options = { backlog, interface: host }
    const listenTCP = methodOf(this.#reactor, 'listenTCP')
    return listenTCP(port, listener, this.#options.SO_REUSEPORT === true ? { ...options, reusePort: true } : options)
  }

  #dial(address: SocketAddress, factory: Factory, { timeout }: ConnectOptions): Deferred<IProtocol> {
    const limit = timeout === undefined ? {} : { timeout }
    if (this.family === 'unix') {
      const connectUNIX = methodOf(this.#reactor, 'connectUNIX')
      return connecting(factory, (client) => connectUNIX(unixPath(address), client, limit))
    }
    const { host, port } = address as { host: string, port: number }
    methodOf(this.#reactor, 'connectTCP')
    const bindAddress = this.#address as { host: string, port: number } | null
    const Endpoint = this.family === 'inet' ? TCP4ClientEndpoint : TCP6ClientEndpoint
    const options = { ...limit, ...bindAddress !== null && { bindAddress } }
    return new Endpoint(this.#reactor as IReactorTCP, host, port, options).connect(factory)
  }

  /** @throws TypeError, RangeError */
  #check(address: SocketAddress, missing: 'any' | 'loopback'): SocketAddress {
    const { family } = this
    if (family === null) throw new TypeError('this socket belongs to an endpoint, and has no address of a family')
    return family === 'unix' ? { path: unixPath(address) } : internetAddress(family, address, missing)
  }

  #only(call: string, ...states: State[]): Error | null {
    if (states.includes(this.#state)) return null
    return this.#state === 'closed' ? new SocketClosed() : this.#cannot(call, `it is ${this.#state}`)
  }

  #notConnected(call: string): Error {
    return this.#state === 'closed' ? new SocketClosed() : this.#cannot(call, 'it is not connected')
  }

  #cannot(call: string, why: string): SocketStateError {
    return new SocketStateError(`${call}() makes no sense on this socket: ${why}.`)
  }
}

/** Hands out the one connection that a socket is to have. */
class OneConnection extends Factory {
  readonly #connection: SocketConnection

  constructor(connection: SocketConnection) {
    super()
    this.#connection = connection
  }

  override buildProtocol(): SocketConnection {
    return this.#connection
  }
}
