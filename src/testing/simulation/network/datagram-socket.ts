/**
 * DatagramSocket: a UDP socket of a simulated host, and the datagrams on their way.
 *
 * Owns: where a datagram goes: one host, a group, everybody; and what is lost, doubled and overtaken on its way. Must
 * not know: protocols. Source: RFC 768, RFC 1112; what Linux does where several sockets have one port.
 */

import type { DatagramHandle, DatagramHost, DatagramRequest, DatagramSink } from '../../../interfaces/index.js'
import { addressFamily, canonicalAddress, isMulticast } from '../../../transports/resolve-literal.js'
import { udpAddress } from '../../../transports/udp-address.js'
import type { SimEvent, SimHost, World } from '../world.js'
import type { Directory } from './directory.js'
import { hostError } from './host-error.js'
import { LOST, Packet } from './link.js'
import type { Link } from './link.js'
import { Life } from './node.js'
import type { Node } from './node.js'
import type { Wires } from './wires.js'

/** A datagram that is overtaken takes so much longer, at most, as a multiple of the way's time, and ms on top. */
const OVERTAKEN = { times: 3, ms: 1 }

/** UDP of one simulated host. @internal */
export class SimUDP implements DatagramHost {
  readonly #wires: Wires
  readonly #directory: Directory
  readonly #node: Node

  constructor(wires: Wires, directory: Directory, node: Node) {
    this.#wires = wires
    this.#directory = directory
    this.#node = node
  }

  bind(request: DatagramRequest, sink: DatagramSink): DatagramHandle {
    const node = this.#node
    const address = canonicalAddress(request.host)
    if (!node.owns(address) && !isMulticast(address)) throw hostError('EADDRNOTAVAIL', 'bind', request.host)
    const family = addressFamily(address) as 4 | 6
    const taken = (port: number): boolean => [...node.datagrams].some((one) =>
      one.port === port && one.family === family && !(one.isShared && request.shared)
      && (one.address === address || isWildcard(one.address) || isWildcard(address)))
    if (request.port !== 0 && taken(request.port)) {
      throw hostError('EADDRINUSE', 'bind', `${request.host}:${request.port}`)
    }
    const port = request.port === 0 ? node.freePort(taken) : request.port
    return new DatagramSocket(this.#wires, this.#directory, node, { address, port, isShared: request.shared }, sink)
  }
}

/** @internal */
export class DatagramSocket implements DatagramHandle {
  readonly family: 4 | 6
  readonly address: string
  readonly port: number
  readonly isShared: boolean
  readonly groups = new Set<string>()
  readonly host: SimHost
  readonly #wires: Wires
  readonly #directory: Directory
  readonly #node: Node
  #sink: DatagramSink | null
  readonly #isWild: boolean
  #peer: Peer | null = null
  #route: Route | null = null
  #routeHost = ''
  #mayBroadcast = false
  #hearsItself = true
  #ttl = 1

  constructor(
    wires: Wires, directory: Directory, node: Node, bound: { address: string, port: number, isShared: boolean },
    sink: DatagramSink) {
    this.#wires = wires
    this.#directory = directory
    this.#node = node
    this.#sink = sink
    this.host = node.host
    this.address = bound.address
    this.port = bound.port
    this.isShared = bound.isShared
    this.family = addressFamily(bound.address) as 4 | 6
    this.#isWild = isWildcard(bound.address)
    node.datagrams.add(this)
    sink.bound(udpAddress(bound.address, bound.port))
  }

  send(data: Uint8Array, host: string | null, port: number): void {
    if (this.#sink === null) return
    if (host === null && this.#peer === null) return
    const route = this.#routeTo(host ?? (this.#peer as Peer).host)
    const toPort = host === null ? (this.#peer as Peer).port : port
    if (route.isBroadcast && !this.#mayBroadcast) {
      const error = hostError('EACCES', 'send', `${route.to}:${toPort}`)
      new Notice(this, this.#wires.world, () => this.#sink?.trouble(error))
      return
    }
    const { trace } = this.#wires.world
    const id = this.#wires.nextDatagram()
    trace.datagramSent(id, this.host.id, this.port, route.to, toPort, data)
    if (route.target !== null) {
      this.#post(id, data, route, toPort, route.target)
    } else {
      // Who is in a group may change at any time.
      const receivers = this.#receivers(route)
      if (receivers.length === 0) trace.datagramLost(id, LOST.nobody)
      for (const target of receivers) this.#post(id, data, route, toPort, target)
    }
  }

  connect(host: string, port: number, done: (error: unknown) => void): void {
    this.#peer = { host: canonicalAddress(host), port }
    new Notice(this, this.#wires.world, () => done(null))
  }

  setBroadcast(allowed: boolean): void {
    this.#mayBroadcast = allowed
  }

  addMembership(group: string, iface: string | undefined): void {
    this.#checkInterface(iface)
    const address = canonicalAddress(group)
    if (!isMulticast(address)) throw hostError('EINVAL', 'addMembership', group)
    if (this.groups.has(address)) throw hostError('EADDRINUSE', 'addMembership', group)
    this.groups.add(address)
  }

  dropMembership(group: string, iface: string | undefined): void {
    this.#checkInterface(iface)
    if (!this.groups.delete(canonicalAddress(group))) throw hostError('EADDRNOTAVAIL', 'dropMembership', group)
  }

  setTTL(ttl: number): void {
    this.#ttl = ttl
  }

  setLoopback(enabled: boolean): void {
    this.#hearsItself = enabled
  }

  setInterface(iface: string): void {
    this.#checkInterface(iface)
  }

  close(): void {
    if (this.#sink === null) return
    this.#node.datagrams.delete(this)
    const sink = this.#sink
    this.#sink = null
    new Notice(this, this.#wires.world, () => sink.closed())
  }

  /** Its host has crashed. */
  vanish(): void {
    this.#sink = null
  }

  get isOpen(): boolean {
    return this.#sink !== null
  }

  /** The way back to it. */
  linkFrom(host: SimHost): Link {
    return this.#wires.link(host, this.host)
  }

  /** A datagram has come to its host. @returns whether it is for this socket */
  takes({ route, from, fromPort, toPort }: Datagram): boolean {
    if (toPort !== this.port || route.family !== this.family) return false
    if (route.isGroup) return this.groups.has(route.to)
    if (this.#peer !== null && (this.#peer.host !== from || this.#peer.port !== fromPort)) return false
    return this.#isWild || this.address === route.to || route.isBroadcast
  }

  deliver(bytes: Uint8Array, from: string, fromPort: number): void {
    this.#sink?.received(bytes, from, fromPort)
  }

  /** Nobody has the port that it has sent to; only connected sockets hear of that. */
  refused(host: string, port: number): void {
    if (this.#peer?.host === host && this.#peer.port === port) this.#sink?.refused()
  }

  /** Most datagrams go where the one before went. */
  #routeTo(host: string): Route {
    if (this.#route !== null && host === this.#routeHost) return this.#route
    const to = canonicalAddress(host)
    const isGroup = isMulticast(to)
    const isBroadcast = to === '255.255.255.255' || to === '10.255.255.255'
    const isFixed = !isGroup && !isBroadcast
    const target = isFixed ? this.#directory.owner(this.#node, isWildcard(to) ? '127.0.0.1' : to) : null
    const from = this.#isWild || isMulticast(this.address) ? this.#directory.source(this.#node, to) : this.address
    const route = { to, from, family: addressFamily(to), isGroup, isBroadcast, target }
    // An address that nobody has may be somebody's later.
    if (target === null && isFixed) return route
    this.#routeHost = host
    return this.#route = route
  }

  #receivers({ to, isGroup, isBroadcast }: Route): Node[] {
    const node = this.#node
    if (isBroadcast) return [...this.#directory.nodes()]
    if (!isGroup) return []
    // Without routers between, every host of the net is one hop away.
    if (this.#ttl === 0) return this.#hearsItself ? [node] : []
    return [...this.#directory.nodes()].filter((one) => (one !== node || this.#hearsItself) && one.hasGroup(to))
  }

  #post(id: number, data: Uint8Array, route: Route, toPort: number, target: Node): void {
    const link = this.#wires.link(this.host, target.host)
    const { random, shape } = link
    const copies = shape.duplicate > 0 && random.chance(shape.duplicate) ? 2 : 1
    for (let i = 0; i < copies; i++) {
      const time = link.arrival(data.length)
      if (time < 0) {
        link.world.trace.datagramLost(id, link.why)
        continue
      }
      const isLate = shape.reorder > 0 && random.chance(shape.reorder)
      const extra = isLate ? random.float() * (OVERTAKEN.times * link.latency() + OVERTAKEN.ms) : 0
      // Each receiver may change what it is given.
      link.world.at(time + extra, new Datagram(link, this, target, id, this.#wires.copy(data), route, toPort))
    }
  }

  #checkInterface(iface: string | undefined): void {
    if (iface === undefined || iface === '') return
    const address = canonicalAddress(iface.replace(/%.*$/, ''))
    if (!this.#node.owns(address)) throw hostError('EADDRNOTAVAIL', 'setsockopt', iface)
  }
}

/** Where datagrams to an address go. @internal */
export interface Route {
  readonly to: string
  /** The address that they come from. */
  readonly from: string
  readonly family: number
  readonly isGroup: boolean
  readonly isBroadcast: boolean
  /** Null for several, or nobody. */
  readonly target: Node | null
}

interface Peer {
  readonly host: string
  readonly port: number
}

/** One on its way. @internal */
export class Datagram extends Packet {
  readonly sender: DatagramSocket
  readonly route: Route
  readonly from: string
  readonly fromPort: number
  readonly toPort: number
  readonly #target: Node
  readonly #id: number
  readonly #bytes: Uint8Array

  constructor(
    link: Link, sender: DatagramSocket, target: Node, id: number, bytes: Uint8Array, route: Route, toPort: number) {
    super(link)
    this.sender = sender
    this.route = route
    this.from = route.from
    this.fromPort = sender.port
    this.toPort = toPort
    this.#target = target
    this.#id = id
    this.#bytes = bytes
  }

  override arrive(): void {
    const { to: host, world } = this.link
    if (!host.isUp) {
      world.trace.datagramLost(this.#id, LOST.hostDown)
      return
    }
    const sockets = this.#target.datagramSockets(this)
    if (sockets.length === 0) {
      world.trace.datagramLost(this.#id, LOST.nobody)
      if (this.sender.isOpen && !this.route.isGroup && !this.route.isBroadcast) this.#refuse()
      return
    }
    world.trace.datagramDelivered(this.#id, host.id)
    for (let i = 0; i < sockets.length; i++) {
      const bytes = i === 0 ? this.#bytes : this.#bytes.slice()
      sockets[i]!.deliver(bytes, this.from, this.fromPort)
    }
  }

  override lost(why: number): void {
    this.link.world.trace.datagramLost(this.#id, why)
  }

  #refuse(): void {
    const link = this.sender.linkFrom(this.link.to)
    const time = link.arrival(0)
    if (time >= 0) link.world.at(time, new Refusal(link, this))
  }
}

/** ICMP: nobody has that port. */
class Refusal extends Packet {
  readonly #refused: Datagram

  constructor(link: Link, refused: Datagram) {
    super(link)
    this.#refused = refused
  }

  override arrive(): void {
    const { sender, route, toPort } = this.#refused
    sender.refused(route.to, toPort)
  }

  override lost(): void {
    // Nobody waits for it.
  }
}

/** Says something later at this instant. */
class Notice implements SimEvent {
  readonly #say: () => void
  readonly #life: Life

  constructor(socket: DatagramSocket, world: World, say: () => void) {
    this.#life = new Life(socket.host)
    this.#say = say
    world.at(world.now, this)
  }

  fire(): void {
    if (this.#life.isNow) this.#say()
  }
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}
