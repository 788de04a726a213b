/**
 * DatagramSocket: the Berkeley calls for datagrams, each as a Deferred.
 *
 * Owns: what came and was not read yet, within a limit, and those who wait for it. Must not know: hosts.
 * Source: POSIX.1-2017, socket(2) and its relatives. As there, a datagram that finds no room is lost without a word.
 */
import { checkSignal } from '../defer/abort.js'
import { cancelOnAbort, Deferred, fail, Failure, succeed } from '../defer/index.js'
import { Fifo } from '../defer/fifo.js'
import { Waiters } from '../defer/waiters.js'
import { CannotListenError, ConnectionRefusedError, NotSupportedError } from '../errors/index.js'
import type { IDatagramProtocol, IMulticastTransport, IUDPTransport, UDPAddress } from '../interfaces/index.js'
import { internetAddress, literalOf, methodOf } from './address.js'
import type { InternetAddress, SocketAddress, SocketReactor } from './address.js'
import { SocketClosed, SocketStateError } from './errors.js'
import { DATAGRAM_BUFFER, DATAGRAM_COST, DATAGRAM_SIZE } from './limits.js'
import type { WaitOptions } from './stream-socket.js'

/** A group, and the interface to hear it on; the host's choice if not given. */
export interface Membership {
  readonly group: string
  readonly interface?: string
}

/** Options that a datagram socket has, and what their values are. */
export interface DatagramSocketOptions {
  /** Whether it may send to broadcast addresses. */
  SO_BROADCAST: boolean
  /** Unread bytes that are kept; 212,992 if never set. */
  SO_RCVBUF: number
  /** Several sockets may have the port. Before `bind`. */
  SO_REUSEADDR: boolean
  IP_ADD_MEMBERSHIP: Membership
  IP_DROP_MEMBERSHIP: Membership
  /** How many networks a datagram to a group may cross. */
  IP_MULTICAST_TTL: number
  /** Whether this machine hears what it sends to groups. */
  IP_MULTICAST_LOOP: boolean
  /** Address of the interface for what is sent to groups. */
  IP_MULTICAST_IF: string
}

/** A datagram and who sent it. */
export type Datagram = [data: Uint8Array, address: UDPAddress]

type Port = IUDPTransport & Partial<IMulticastTransport>

/** A socket of type `dgram`. */
export class DatagramSocket implements AsyncIterable<Datagram> {
  readonly type = 'dgram'
  readonly family: 'inet' | 'inet6'
  readonly #reactor: SocketReactor
  readonly #unread = new Fifo<Datagram>()
  readonly #waiters = new Waiters<Datagram>()
  #port: Port | null = null
  #bound: Deferred<Port>[] | null = null
  #isBound = false
  #isConnected = false
  #isClosed = false
  #isShared = false
  #limit = DATAGRAM_BUFFER
  #size = 0
  #error: Failure | null = null

  /** @throws RangeError for what is no family; NotSupportedError for `unix`: no reactor has datagrams there */
  constructor(reactor: SocketReactor, family: 'inet' | 'inet6' = 'inet') {
    if (family as string === 'unix') throw new NotSupportedError('this reactor', 'datagrams over UNIX sockets')
    if (family !== 'inet' && family !== 'inet6') {
      throw new RangeError(`a family is inet or inet6, not ${String(family)}`)
    }
    this.#reactor = reactor
    this.family = family
  }

  /** Fires once bound; fails with CannotListenError. @throws TypeError, RangeError */
  bind(address: SocketAddress): Deferred<void> {
    const where = internetAddress(this.family, address, 'any')
    if (this.#isClosed) return fail(new SocketClosed())
    if (this.#port !== null) return fail(new SocketStateError('This socket is bound already.'))
    return this.#open(where).addCallback(() => undefined) as Deferred<void>
  }

  /** Only sends to, and hears from, this peer; once. Names are resolved. @throws TypeError, RangeError */
  connect(address: SocketAddress): Deferred<void> {
    const { host, port } = internetAddress(this.family, address, 'loopback')
    if (this.#isConnected) return fail(new SocketStateError('This socket is connected already.'))
    this.#isConnected = true
    return literalOf(this.#reactor, this.family, host)
      .addCallback((literal: string) => this.#whenBound().addCallback((bound) => bound.connect(literal, port)))
      .addErrback((failure: Failure) => {
        this.#isConnected = false
        return failure
      }) as Deferred<void>
  }

  /** Sends a datagram to the connected peer. Fires with its length. */
  send(data: Uint8Array | string): Deferred<number> {
    if (!this.#isConnected && !this.#isClosed) return fail(new SocketStateError('This socket is not connected.'))
    return this.#write(data, null)
  }

  /**
   * Sends a datagram; a socket that is not bound gets a free port. Names are resolved.
   * @throws TypeError, RangeError
   */
  sendto(data: Uint8Array | string, address: SocketAddress): Deferred<number> {
    return this.#write(data, internetAddress(this.family, address, 'loopback'))
  }

  /** The next datagram's bytes. Calls are served in order; a cancelled one takes nothing. */
  recv(options?: WaitOptions): Deferred<Uint8Array> {
    return this.recvfrom(options).addCallback(([data]) => data) as Deferred<Uint8Array>
  }

  /**
   * The next datagram and its sender.
   *
   * @returns fails with ConnectionRefusedError, once, when nobody listens at the connected peer's
   */
  recvfrom(options: WaitOptions = {}): Deferred<Datagram> {
    checkSignal(options.signal)
    if (this.#isClosed) return fail(new SocketClosed())
    const error = this.#takeError()
    if (error !== null) return fail(error)
    const next = this.#unread.shift()
    if (next !== undefined) {
      this.#size -= cost(next[0])
      return succeed(next) as Deferred<Datagram>
    }
    if (this.#port === null) return fail(new SocketStateError('A socket that is not bound receives nothing.'))
    return cancelOnAbort(options.signal, this.#waiters.add())
  }

  /** Fires when it has closed; what waits fails with SocketClosed. */
  close(): Deferred<void> {
    if (!this.#isClosed) {
      this.#isClosed = true
      this.#unread.keep(() => false)
      this.#failWaiters(new SocketClosed())
    }
    return this.#port?.stopListening() ?? succeed()
  }

  get closed(): boolean {
    return this.#isClosed
  }

  getsockname(): Deferred<UDPAddress> {
    if (this.#port === null) return fail(new SocketStateError('This socket is not bound.'))
    return this.#whenBound().addCallback((port) => port.getHost()) as Deferred<UDPAddress>
  }

  /** @throws TypeError for what is no option, or no value of it */
  setsockopt<K extends keyof DatagramSocketOptions>(option: K, value: DatagramSocketOptions[K]): Deferred<void> {
    if (!Object.prototype.hasOwnProperty.call(SETTERS, option)) {
      throw new TypeError(`a datagram socket has no option ${String(option)}`)
    }
    if (this.#isClosed) return fail(new SocketClosed())
    if (option === 'SO_RCVBUF') {
      if (typeof value !== 'number' || !(value >= 0)) {
        throw new RangeError(`SO_RCVBUF is a number of bytes, not ${String(value)}`)
      }
      this.#limit = value
      return succeed()
    }
    if (option === 'SO_REUSEADDR') {
      if (this.#port !== null) return fail(new SocketStateError('SO_REUSEADDR is set before the socket is bound.'))
      this.#isShared = Boolean(value)
      return succeed()
    }
    return this.#whenBound().addCallback((port) => {
      if (option !== 'SO_BROADCAST' && typeof port.joinGroup !== 'function') {
        throw new NotSupportedError('this reactor', option)
      }
      return SETTERS[option](port as IMulticastTransport, value as never)
    }) as Deferred<void>
  }

  /** Datagrams as they come, until this side closes the socket. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Datagram, void, undefined> {
    for (;;) {
      let next: Datagram
      try {
        next = await this.recvfrom()
      } catch (error) {
        if (error instanceof SocketClosed) return
        throw error
      }
      yield next
    }
  }

  // --- inside

  #write(data: Uint8Array | string, to: InternetAddress | null): Deferred<number> {
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) throw new TypeError('a datagram is bytes or text')
    // The caller fills its array again; the host may still have it then.
    const bytes = typeof data === 'string' ? data : new Uint8Array(data)
    if (this.#isClosed) return fail(new SocketClosed())
    const error = this.#takeError()
    if (error !== null) return fail(error)
    const where = to === null ? succeed(null) : literalOf(this.#reactor, this.family, to.host)
    return where.addCallback((host: string | null) => this.#whenBound().addCallback((port) => {
      port.write(bytes, to === null ? undefined : { host: host as string, port: to.port })
      return bytes.length
    })) as Deferred<number>
  }

  #whenBound(): Deferred<Port> {
    if (this.#isClosed) return fail(new SocketClosed())
    if (this.#port !== null && this.#isBound) return succeed(this.#port) as Deferred<Port>
    if (this.#port === null) return this.#open(internetAddress(this.family, { port: 0 }, 'any'))
    const waiting = new Deferred<Port>()
    this.#bound?.push(waiting)
    return waiting
  }

  #open({ host, port }: InternetAddress): Deferred<Port> {
    const options = { interface: host, maxPacketSize: DATAGRAM_SIZE }
    const opened = new Deferred<Port>()
    const waiting = (this.#bound = [opened])
    try {
      const made: Port = typeof this.#reactor.listenMulticast === 'function'
        ? this.#reactor.listenMulticast(port, this.#protocol(), { ...options, listenMultiple: this.#isShared })
        : this.#listenAlone(port, options)
      this.#port = made
      made.ready.addCallbacks((same) => {
        this.#isBound = true
        for (const deferred of waiting) {
          if (this.#isClosed) deferred.errback(new SocketClosed())
          else deferred.callback(made)
        }
        return same
      }, (failure: Failure) => {
        this.#port = null
        for (const deferred of waiting) deferred.errback(failure)
      })
    } catch (error) {
      this.#port = null
      opened.errback(error)
    }
    return opened
  }

  #listenAlone(port: number, options: { interface: string, maxPacketSize: number }): Port {
    if (this.#isShared) throw new NotSupportedError('this reactor', 'SO_REUSEADDR')
    return methodOf(this.#reactor, 'listenUDP')(port, this.#protocol(), options) as Port
  }

  /** What the port hands datagrams to. */
  #protocol(): IDatagramProtocol {
    return {
      makeConnection: () => undefined,
      datagramReceived: (data, address) => this.#received([data, address]),
      connectionRefused: () => this.#failed(new ConnectionRefusedError()),
      doStop: () => {
        this.#port = null
        this.#isBound = false
        if (!this.#isClosed) this.#failWaiters(new SocketClosed('The port of this socket was closed.'))
      },
      // Before it is bound `ready` tells.
      listenFailed: (reason) => {
        if (reason.check(CannotListenError) === null) this.#failed(reason.value)
      },
    }
  }

  #received(datagram: Datagram): void {
    if (this.#isClosed) return
    const waiter = this.#waiters.next()
    if (waiter !== undefined) return waiter.callback(datagram)
    const size = cost(datagram[0])
    if (this.#size + size > this.#limit) return
    this.#size += size
    this.#unread.push(datagram)
  }

  /** One call is told. */
  #failed(error: Error): void {
    const waiter = this.#waiters.next()
    if (waiter !== undefined) waiter.errback(error)
    else this.#error = new Failure(error)
  }

  #takeError(): Failure | null {
    const error = this.#error
    this.#error = null
    return error
  }

  #failWaiters(error: Error): void {
    for (let waiter = this.#waiters.next(); waiter !== undefined; waiter = this.#waiters.next()) waiter.errback(error)
  }
}

type Setters = { [K in keyof DatagramSocketOptions]:
  (port: IMulticastTransport, value: DatagramSocketOptions[K]) => Deferred<void> | void }

const SETTERS: Setters = {
  SO_BROADCAST: (port, allowed) => port.setBroadcastAllowed(allowed),
  SO_RCVBUF: () => undefined,
  SO_REUSEADDR: () => undefined,
  IP_ADD_MEMBERSHIP: (port, { group, interface: iface }) => port.joinGroup(group, iface),
  IP_DROP_MEMBERSHIP: (port, { group, interface: iface }) => port.leaveGroup(group, iface),
  IP_MULTICAST_TTL: (port, ttl) => port.setTTL(ttl),
  IP_MULTICAST_LOOP: (port, enabled) => port.setLoopbackMode(enabled),
  IP_MULTICAST_IF: (port, iface) => port.setOutgoingInterface(iface),
}

function cost(data: Uint8Array): number {
  return data.length + DATAGRAM_COST
}
