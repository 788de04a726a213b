/**
 * HTTPConnectionPool: connections that are kept for the next request, and requests that wait for one.
 *
 * Connections are kept by what they lead to (scheme, host, port, TLS, proxy): a request never gets one that was made
 * otherwise. The one that was used last is used first, so that those that are too many grow old and are closed.
 * Owns: which connections there are, how many there may be, who waits. Must not know: how requests are sent, or what
 * becomes of those that fail. Source: twisted.web.client.HTTPConnectionPool.
 */
import type { HTTPLeniences } from '../../core/http-parser.js'
import { Deferred, DeferredList, succeed } from '../../defer/index.js'
import type { Failure } from '../../defer/index.js'
import { ConnectionLost } from '../../errors/index.js'
import type { IProtocolFactory, IReactorTime, IStreamClientEndpoint } from '../../interfaces/index.js'
import { HTTPClientConnection } from './connection.js'
import type { ClientLimits, ConnectionOwner } from './connection.js'

/** Options of a pool. */
export interface HTTPConnectionPoolOptions {
  /** Whether connections are kept at all; true if not given. */
  persistent?: boolean
  /** Idle connections that are kept to one place; 32 if not given. */
  maxPersistentPerHost?: number
  /** Connections to one place, whatever they do; with one more, a request waits. 256 if not given. */
  maxPerHost?: number
  /**
   * How long an idle connection is kept, ms; 30,000 if not given. Where the server says in `Keep-Alive` for how long it
   * does, it is closed a second before.
   */
  cachedConnectionTimeout?: number
  /**
   * Whether idempotent requests are sent again, once, when a kept connection ends without an answer; true if not given.
   */
  retryAutomatically?: boolean
}

/** Where a connection leads to, and how it is made. */
export interface Destination {
  /** The same for connections that can stand for each other. */
  readonly key: string
  endpoint(): IStreamClientEndpoint
  readonly limits: ClientLimits
  readonly lenient: HTTPLeniences
}

/** A request that wants a connection. */
export interface Waiting {
  readonly destination: Destination
  /** @param isReused whether it has carried a request before */
  connected(connection: HTTPClientConnection, isReused: boolean): void
  failed(error: unknown): void
}

/** What the server may need to close a connection that it has said it will close, ms. */
const CLOSE_EARLY = 1000

/** Keeps connections. One pool may serve several agents. */
export class HTTPConnectionPool implements ConnectionOwner {
  readonly reactor: IReactorTime
  readonly persistent: boolean
  readonly maxPersistentPerHost: number
  readonly maxPerHost: number
  readonly cachedConnectionTimeout: number
  readonly retryAutomatically: boolean
  readonly #hosts = new Map<string, HostConnections>()

  /** @throws RangeError, TypeError for options that are none */
  constructor(reactor: IReactorTime, options: HTTPConnectionPoolOptions = {}) {
    if (typeof reactor?.callLater !== 'function') throw new TypeError('a pool needs a reactor')
    this.reactor = reactor
    this.persistent = options.persistent ?? true
    this.retryAutomatically = options.retryAutomatically ?? true
    this.maxPersistentPerHost = checkCount(options.maxPersistentPerHost ?? 32, 'maxPersistentPerHost', 0)
    this.maxPerHost = checkCount(options.maxPerHost ?? 256, 'maxPerHost', 1)
    const { cachedConnectionTimeout = 30_000 } = options
    if (typeof cachedConnectionTimeout !== 'number' || !(cachedConnectionTimeout >= 0)) {
      throw new RangeError(`a timeout is a number of milliseconds, not ${String(cachedConnectionTimeout)}`)
    }
    this.cachedConnectionTimeout = cachedConnectionTimeout
  }

  /** How many connections there are, and how many requests wait for one. */
  get counts(): { idle: number, busy: number, connecting: number, waiting: number } {
    const counts = { idle: 0, busy: 0, connecting: 0, waiting: 0 }
    for (const host of this.#hosts.values()) {
      counts.idle += host.idle.length
      counts.connecting += host.connecting.size
      counts.busy += host.open - host.idle.length - host.connecting.size
      counts.waiting += host.waiting.size
    }
    return counts
  }

  /**
   * Closes the connections that nobody uses; those in use go on, and are closed when they are free.
   * @returns fires once they are closed
   */
  closeCachedConnections(): Deferred<void> {
    const idle: HTTPClientConnection[] = []
    for (const host of this.#hosts.values()) {
      host.generation += 1
      idle.push(...host.idle.splice(0))
    }
    const all = idle.map((connection) => {
      const closed = new Deferred<void>()
      connection.onLost = () => closed.callback(undefined)
      connection.close()
      return closed
    })
    if (all.length === 0) return succeed(undefined) as Deferred<void>
    return new DeferredList(all).addCallback(() => undefined) as Deferred<void>
  }

  // --- for agents

  /** Finds or makes a connection, or has the request wait. @param fresh a new one, whatever there is @internal */
  acquire(waiting: Waiting, fresh: boolean): void {
    const { key } = waiting.destination
    let host = this.#hosts.get(key)
    if (host === undefined) this.#hosts.set(key, host = new HostConnections(key))
    if (!fresh) {
      for (let connection = host.idle.pop(); connection !== undefined; connection = host.idle.pop()) {
        if (!connection.isIdle) continue
        waiting.connected(connection, true)
        return
      }
    }
    if (host.open < this.maxPerHost) {
      this.#connect(host, waiting)
    } else if (fresh && host.idle.length > 0) {
      // Its place is needed.
      host.idle.shift()!.close()
      this.#connect(host, waiting)
    } else {
      host.waiting.add(waiting)
    }
  }

  /** The request is given up before it has a connection. @internal */
  abandon(waiting: Waiting): void {
    const host = this.#hosts.get(waiting.destination.key)
    if (host === undefined || host.waiting.delete(waiting)) return
    host.connecting.get(waiting)?.cancel()
  }

  /** @internal */
  released(connection: HTTPClientConnection, idleFor: number | null): void {
    const host = this.#hosts.get(connection.key)
    const most = idleFor === null ? this.cachedConnectionTimeout
      : Math.min(this.cachedConnectionTimeout, idleFor - CLOSE_EARLY)
    if (host === undefined || connection.generation !== host.generation || most <= 0) {
      connection.close()
      return
    }
    const [next] = host.waiting
    if (next !== undefined) {
      host.waiting.delete(next)
      next.connected(connection, true)
      return
    }
    if (!this.persistent || this.maxPersistentPerHost === 0) {
      connection.close()
      return
    }
    if (host.idle.length >= this.maxPersistentPerHost) host.idle.shift()!.close()
    host.idle.push(connection)
    connection.closeAfter(most)
  }

  /** @internal */
  left(connection: HTTPClientConnection): void {
    const host = this.#hosts.get(connection.key)
    if (host === undefined || !connection.isCounted) return
    connection.isCounted = false
    const at = host.idle.indexOf(connection)
    if (at >= 0) host.idle.splice(at, 1)
    this.#freed(host)
  }

  /** There is room for one more connection. */
  #freed(host: HostConnections): void {
    host.open -= 1
    const [next] = host.waiting
    if (next !== undefined && host.open < this.maxPerHost) {
      host.waiting.delete(next)
      this.#connect(host, next)
    } else if (host.open === 0) {
      this.#hosts.delete(host.key)
    }
  }

  #connect(host: HostConnections, waiting: Waiting): void {
    // It is forgotten with its last connection, which may have made room for this one.
    if (host.open === 0) this.#hosts.set(host.key, host)
    host.open += 1
    const { generation, key } = host
    const { destination } = waiting
    const connection = new HTTPClientConnection(this, destination.limits, destination.lenient)
    connection.key = key
    connection.generation = generation
    connection.isCounted = true
    let attempt: Deferred<unknown>
    try {
      attempt = destination.endpoint().connect(factoryOf(connection))
    } catch (error) {
      this.left(connection)
      waiting.failed(error)
      return
    }
    host.connecting.set(waiting, attempt)
    attempt.addCallbacks(
      () => {
        host.connecting.delete(waiting)
        if (connection.isIdle) waiting.connected(connection, false)
        else waiting.failed(new ConnectionLost('The connection ended as soon as it was made.'))
      },
      (reason: Failure) => {
        host.connecting.delete(waiting)
        // One that was made, and failed then, may have said so itself.
        this.left(connection)
        waiting.failed(reason.value)
      })
  }
}

/** Connections to one place. */
class HostConnections {
  readonly key: string
  /** All of them: idle, in use, and being made. */
  open = 0
  /** The one used last is the last. */
  readonly idle: HTTPClientConnection[] = []
  readonly connecting = new Map<Waiting, Deferred<unknown>>()
  readonly waiting = new Set<Waiting>()
  /** Connections of an earlier one are not kept. */
  generation = 0

  constructor(key: string) {
    this.key = key
  }
}

function factoryOf(connection: HTTPClientConnection): IProtocolFactory {
  return { buildProtocol: () => connection, doStart: () => undefined, doStop: () => undefined }
}

function checkCount(count: number, name: string, least: number): number {
  if (count === Infinity || (Number.isSafeInteger(count) && count >= least)) return count
  throw new RangeError(`${name} is a whole number from ${least}, not ${String(count)}`)
}
