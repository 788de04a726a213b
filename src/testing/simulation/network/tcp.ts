/**
 * TCP and UNIX sockets of one simulated host.
 *
 * Owns: what can be bound and connected to, and the errors of what cannot. Must not know: how connections work.
 */

import type {
  ConnectHandle, ConnectSink, ListenHandle, ListenSink, TCPConnectRequest, TCPHost, TCPListenRequest,
  UNIXConnectRequest, UNIXHost, UNIXListenRequest,
} from '../../../interfaces/index.js'
import { tcpAddress } from '../../../transports/address.js'
import { addressFamily, canonicalAddress } from '../../../transports/resolve-literal.js'
import { unixAddress } from '../../../transports/unix.js'
import type { SimEvent, SimHost, World } from '../world.js'
import { Attempt } from './attempt.js'
import type { Found } from './attempt.js'
import type { Directory } from './directory.js'
import { hostError } from './host-error.js'
import { FailedListener, Listener } from './listener.js'
import { Life } from './node.js'
import type { Node } from './node.js'
import type { Place } from './stream-ports.js'
import type { Wires } from './wires.js'

/** Until a host learns that nobody on its net has an address; Linux's, ms. */
const NO_NEIGHBOUR = 3_000
/** Bytes of the path of a UNIX socket. */
const MOST_PATH = 107

/** @internal */
export class SimTCP implements TCPHost {
  readonly #wires: Wires
  readonly #directory: Directory
  readonly #node: Node

  constructor(wires: Wires, directory: Directory, node: Node) {
    this.#wires = wires
    this.#directory = directory
    this.#node = node
  }

  listen(request: TCPListenRequest, sink: ListenSink): ListenHandle {
    const node = this.#node
    const { world } = this.#wires
    const { backlog, reusePort: shares = false, ipv6Only: only6 = false } = request
    const name = request.host === '' ? '0.0.0.0' : request.host
    const address = addressFamily(name) === 0 ? this.#directory.address(node, name) : canonicalAddress(name)
    const where = `${name}:${request.port}`
    if (address === null) return new FailedListener(world, node.host, sink, hostError('ENOTFOUND', 'listen', where))
    if (!node.owns(address)) {
      return new FailedListener(world, node.host, sink, hostError('EADDRNOTAVAIL', 'listen', where))
    }
    if (request.port !== 0 && node.isTaken(address, request.port, shares, only6)) {
      return new FailedListener(world, node.host, sink, hostError('EADDRINUSE', 'listen', where))
    }
    const port = request.port === 0 ? node.freeStreamPort() : request.port
    if (port === 0) return new FailedListener(world, node.host, sink, hostError('EADDRINUSE', 'listen', where))
    const listener = new Listener(world, tcpAddress(address, port), backlog, sink, (one) => node.unlisten(one))
    node.listen({ listener, address, port, shares, only6 })
    return listener
  }

  connect(request: TCPConnectRequest, sink: ConnectSink): ConnectHandle {
    const node = this.#node
    const directory = this.#directory
    const { world } = this.#wires
    const { host, port, localHost, localPort = 0 } = request
    const where = `${host}:${port}`
    const address = directory.address(node, host)
    if (address === null) return new FailedAttempt(world, node.host, sink, hostError('ENOTFOUND', 'getaddrinfo', host))
    const target = directory.owner(node, address)
    if (target === null) {
      return new FailedAttempt(world, node.host, sink, hostError('EHOSTUNREACH', 'connect', where), NO_NEIGHBOUR)
    }
    const own = localHost === undefined || localHost === '' ? null : directory.address(node, localHost)
    if (localHost !== undefined && localHost !== '' && (own === null || !node.owns(own))) {
      return new FailedAttempt(world, node.host, sink, hostError('EADDRNOTAVAIL', 'bind', localHost))
    }
    const name = own === null || localHost === '0.0.0.0' || localHost === '::' ? directory.source(node, address) : own
    const remote = { name: address, port }
    // As kernels say it: while a socket is bound, and while it is connected.
    if (localPort !== 0 && node.isTaken(name, localPort, false, false)) {
      return new FailedAttempt(world, node.host, sink, hostError('EADDRINUSE', 'bind', `${name}:${localPort}`))
    }
    const local = { name, port: this.#localPort(target, name, localPort, remote) }
    if (local.port === 0) {
      return new FailedAttempt(world, node.host, sink, hostError('EADDRNOTAVAIL', 'connect', where))
    }
    return new Attempt({
      wires: this.#wires, link: this.#wires.link(node.host, target.host), local, remote, isUnix: false,
      sink, find: () => find(target, address, port),
    })
  }

  /** @returns 0 if there is none, or the one asked for has a connection between the same addresses */
  #localPort(target: Node, name: string, asked: number, remote: Place): number {
    const node = this.#node
    const { ports } = this.#wires
    if (asked !== 0 || node.hasWrapped) ports.keep()
    const isUsed = (port: number): boolean => ports.has(node.host, { name, port }, target.host, remote)
    if (asked !== 0) return isUsed(asked) ? 0 : asked
    return node.freeStreamPort(ports.isKept ? isUsed : null)
  }
}

function find(target: Node, address: string, port: number): Found {
  if (target.silent.has(port) || target.silent.has(null)) return 'lost'
  if (target.refusing.has(port) || target.refusing.has(null)) return 'refused'
  return target.find(address, port) ?? 'refused'
}

/** @internal */
export class SimUNIX implements UNIXHost {
  readonly #wires: Wires
  readonly #node: Node

  constructor(wires: Wires, node: Node) {
    this.#wires = wires
    this.#node = node
  }

  listen({ path, backlog, lock }: UNIXListenRequest, sink: ListenSink): ListenHandle {
    const node = this.#node
    const { world } = this.#wires
    const { paths } = node
    if (path.length > MOST_PATH) return new FailedListener(world, node.host, sink, hostError('ENAMETOOLONG', 'listen'))
    const there = paths.get(path)
    // A file of a former life stays in the way, unless its lock is known to be nobody's.
    if (there !== undefined && (there !== null || !lock)) {
      return new FailedListener(world, node.host, sink, hostError('EADDRINUSE', 'listen', path))
    }
    const listener = new Listener(world, unixAddress(path), backlog, sink, (one) => {
      if (paths.get(path) === one) paths.delete(path)
    })
    paths.set(path, listener)
    return listener
  }

  connect({ path }: UNIXConnectRequest, sink: ConnectSink): ConnectHandle {
    const node = this.#node
    const { world } = this.#wires
    const { host, paths } = node
    if (path.length > MOST_PATH) return new FailedAttempt(world, node.host, sink, hostError('ENAMETOOLONG', 'connect'))
    if (!paths.has(path)) return new FailedAttempt(world, node.host, sink, hostError('ENOENT', 'connect', path))
    return new Attempt({
      wires: this.#wires, link: this.#wires.link(host, host), local: { name: '', port: 0 },
      remote: { name: path, port: 0 }, isUnix: true, sink, find: () => paths.get(path) ?? 'refused',
    })
  }
}

/** What cannot be begun says so in an event. */
class FailedAttempt implements ConnectHandle, SimEvent {
  readonly #alive: Life
  #sink: ConnectSink | null
  readonly #error: Error

  constructor(world: World, host: SimHost, sink: ConnectSink, error: Error, delay = 0) {
    this.#alive = new Life(host)
    this.#sink = sink
    this.#error = error
    world.at(world.now + delay, this)
  }

  cancel(): void {
    this.#sink = null
  }

  fire(): void {
    if (this.#alive.isNow) this.#sink?.failed(this.#error)
  }
}
