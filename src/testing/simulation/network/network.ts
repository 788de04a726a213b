/**
 * Network: the network between simulated hosts, and what a test does to it.
 *
 * Owns: the hosts' sockets, and the faults: partitions, holds, resets, refusals. Must not know: hosts' reactors and
 * lives, which the simulation owns.
 *
 *   host's reactor → SimTCP, SimUNIX, SimUDP, SimTLS → Wires → Link, one for each direction between two hosts
 */

import type { DatagramHost, TCPHost, TLSHost, UNIXHost } from '../../../interfaces/index.js'
import type { SimHost, World } from '../world.js'
import { SimUDP } from './datagram-socket.js'
import { Directory } from './directory.js'
import type { Link } from './link.js'
import type { Node } from './node.js'
import { DEFAULT_LINK, linkShape } from './options.js'
import type { LinkOptions, LinkShape } from './options.js'
import { Reset } from './segment.js'
import { CLOSED, DEAD, EMBRYO, END_RECEIVED, END_SENT } from './stream-bits.js'
import type { StreamEnd } from './stream-end.js'
import { SimTCP, SimUNIX } from './tcp.js'
import { SimTLS } from './tls.js'
import { Wires } from './wires.js'

/** Hosts by name. */
export type HostNames = string | readonly string[]

/** How hosts live and die; the simulation's. */
export interface Lives {
  crash(name: string): void
  restart(name: string): void
}

/** A connection, as a test sees it. */
export interface SimulatedConnection {
  readonly id: number
  /** Names of hosts. */
  readonly from: string
  readonly to: string
  readonly state: 'connecting' | 'open' | 'half-open' | 'closing'
  /** Bytes that were sent and have not come, both ways. */
  readonly inFlight: number
}

/** The network of a simulation. */
export class Network {
  readonly #world: World
  readonly #life: Lives
  readonly #wires: Wires
  readonly #directory = new Directory()

  /** @internal Made by `Simulation`. */
  constructor(world: World, defaults: LinkOptions, life: Lives) {
    this.#world = world
    this.#life = life
    this.#wires = new Wires(world, linkShape(defaults, DEFAULT_LINK))
  }

  // --- for the simulation

  /** @internal */
  addHost(host: SimHost): void {
    this.#directory.add(host)
  }

  /** The host has crashed: its sockets are gone, and nobody is told. @internal */
  forget(host: SimHost): void {
    this.#directory.get(host).clear()
    for (const client of [...this.#wires.connections]) {
      const { other } = client
      if (client.on === host) client.vanish()
      if (other !== client && other.on === host) other.vanish()
      this.#watch(client)
    }
  }

  /** @internal */
  tcp(host: SimHost): TCPHost {
    return new SimTCP(this.#wires, this.#directory, this.#directory.get(host))
  }

  /** @internal */
  unix(host: SimHost): UNIXHost {
    return new SimUNIX(this.#wires, this.#directory.get(host))
  }

  /** @internal */
  udp(host: SimHost): DatagramHost {
    return new SimUDP(this.#wires, this.#directory, this.#directory.get(host))
  }

  /** @internal */
  tls(host: SimHost): TLSHost {
    return new SimTLS(this.#world, host)
  }

  // --- for tests

  /** Nothing passes any more from `a` to `b`, nor back (unless `oneWay`), until `heal`; what is on its way is lost. */
  partition(a: HostNames, b: HostNames, options: { oneWay?: boolean } = {}): void {
    this.#fault(`partition ${names(a)} ${options.oneWay === true ? '→' : '|'} ${names(b)}`)
    this.#each(a, b, options.oneWay === true, (link) => link.cut())
    for (const client of this.#wires.connections) this.#watch(client)
  }

  /** Ends a partition, in both directions. What was lost stays lost; streams send it again in their own time. */
  heal(a: HostNames, b: HostNames): void {
    this.#fault(`heal ${names(a)} | ${names(b)}`)
    this.#each(a, b, false, (link) => link.mend())
  }

  /** Ends all partitions, and releases all that is held. */
  healAll(): void {
    this.#fault('heal all')
    for (const link of this.#wires.links()) {
      link.mend()
      link.release()
    }
  }

  /** Nothing is lost between the two, and nothing arrives. */
  hold(a: HostNames, b: HostNames): void {
    this.#fault(`hold ${names(a)} | ${names(b)}`)
    this.#each(a, b, false, (link) => link.hold())
  }

  /** What was held goes on. */
  release(a: HostNames, b: HostNames): void {
    this.#fault(`release ${names(a)} | ${names(b)}`)
    this.#each(a, b, false, (link) => link.release())
  }

  /** Changes how the links between the two behave, from now on; what is not given stays. */
  link(a: HostNames, b: HostNames, options: LinkOptions): void {
    this.#fault(`link ${names(a)} | ${names(b)}: ${Object.keys(options).join(', ')}`)
    this.#each(a, b, false, (link) => this.#wires.reshape(link.from, link.to, options))
  }

  /** The same in one direction. */
  linkOneWay(from: HostNames, to: HostNames, options: LinkOptions): void {
    this.#fault(`link ${names(from)} → ${names(to)}: ${Object.keys(options).join(', ')}`)
    this.#each(from, to, true, (link) => this.#wires.reshape(link.from, link.to, options))
  }

  /** How the link from one host to another behaves now. */
  shapeOf(from: string, to: string): LinkShape {
    return this.#wires.link(this.#world.hostNamed(from), this.#world.hostNamed(to)).shape
  }

  /** The host is gone at once, with all that it knew; see `SimulatedHost.durable`. */
  crash(name: string): void {
    this.#life.crash(name)
  }

  /** …and comes back, knowing nothing but what is durable. */
  restart(name: string): void {
    this.#life.restart(name)
  }

  /** Resets the connections of `a`, or those between `a` and `b`: both ends hear of it. */
  reset(a: HostNames, b?: HostNames): void {
    this.#fault(`reset ${names(a)}${b === undefined ? '' : ` | ${names(b)}`}`)
    const [ours, theirs] = [this.#hosts(a), b === undefined ? null : this.#hosts(b)]
    for (const client of [...this.#wires.connections]) {
      const [one, two] = [client.on, client.out.to]
      const isMeant = theirs === null ? ours.has(one) || ours.has(two)
        : (ours.has(one) && theirs.has(two)) || (ours.has(two) && theirs.has(one))
      if (!isMeant || client.isUnix || client.other === client || (client.other.bits & EMBRYO) !== 0) continue
      new Reset(client, 'ECONNRESET').send()
      new Reset(client.other, 'ECONNRESET').send()
    }
  }

  /** Attempts to connect to a port are refused, though somebody may listen. @param port null for all */
  refuse(name: HostNames, port: number | null, on = true): void {
    this.#fault(`${on ? '' : 'no longer '}refuse ${names(name)} ${port ?? 'all ports'}`)
    for (const node of this.#nodes(name)) setOrNot(node.refusing, port, on)
  }

  /** Attempts to connect to a port are not answered. @param port null for all */
  blackHole(name: HostNames, port: number | null, on = true): void {
    this.#fault(`${on ? '' : 'no longer '}black hole ${names(name)} ${port ?? 'all ports'}`)
    for (const node of this.#nodes(name)) setOrNot(node.silent, port, on)
  }

  /**
   * Programs take no connections from a port, as if they were too busy: the backlog fills, then attempts are not
   * answered. Only for who listens now. @param port null for all
   */
  stall(name: HostNames, port: number | null, on = true): void {
    this.#fault(`${on ? '' : 'no longer '}stall ${names(name)} ${port ?? 'all ports'}`)
    for (const node of this.#nodes(name)) for (const one of node.listeners(port)) one.isStalled = on
  }

  /** All connections, in the order they were begun. */
  get connections(): Iterable<SimulatedConnection> {
    return [...this.#wires.connections].map(described)
  }

  #each(a: HostNames, b: HostNames, oneWay: boolean, fn: (link: Link) => void): void {
    for (const from of this.#hosts(a)) {
      for (const to of this.#hosts(b)) {
        // No host can be cut off from itself.
        if (from === to) continue
        fn(this.#wires.link(from, to))
        if (!oneWay) fn(this.#wires.link(to, from))
      }
    }
  }

  #hosts(list: HostNames): Set<SimHost> {
    const all = typeof list === 'string' ? [list] : list
    return new Set(all.map((name) => this.#world.hostNamed(name)))
  }

  #nodes(list: HostNames): Node[] {
    return [...this.#hosts(list)].map((host) => this.#directory.get(host))
  }

  #fault(text: string): void {
    this.#world.trace.fault(text)
  }

  /** Connections with keep-alive find out by themselves that the other end does not answer. */
  #watch(client: StreamEnd): void {
    client.watch()
    if (client.other !== client) client.other.watch()
  }
}

function described(client: StreamEnd): SimulatedConnection {
  const { other } = client
  const isConnecting = other === client || (other.bits & EMBRYO) !== 0
  const isDead = ((client.bits | other.bits) & DEAD) !== 0
  const isClosing = ((client.bits | other.bits) & (CLOSED | END_SENT | END_RECEIVED)) !== 0
  return {
    id: client.id,
    from: client.on.name,
    to: client.out.to.name,
    state: isConnecting ? 'connecting' : isDead ? 'half-open' : isClosing ? 'closing' : 'open',
    inFlight: isConnecting ? 0 : client.written - other.received + other.written - client.received,
  }
}

function names(list: HostNames): string {
  return typeof list === 'string' ? list : list.join(', ')
}

function setOrNot(ports: Set<number | null>, port: number | null, on: boolean): void {
  if (on) ports.add(port)
  else ports.delete(port)
}
