/**
 * Node: what the network knows of one simulated host in its present life: addresses, sockets, ports, rules.
 *
 * Owns: which port or path belongs to whom. Must not know: connections.
 */

import { addressFamily, canonicalAddress } from '../../../transports/resolve-literal.js'
import type { SimHost } from '../world.js'
import type { Datagram, DatagramSocket } from './datagram-socket.js'
import type { Listener } from './listener.js'

const FIRST_PORT = 32_768
const LAST_PORT = 60_999

/** A listening TCP socket. */
export interface BoundListener {
  readonly listener: Listener
  readonly address: string
  readonly port: number
  readonly shares: boolean
  readonly only6: boolean
}

/** One life of a host: what was begun in it must not go on in the next. @internal */
export class Life {
  readonly #host: SimHost
  readonly #incarnation: number

  constructor(host: SimHost) {
    this.#host = host
    this.#incarnation = host.incarnation
  }

  get isNow(): boolean {
    return this.#host.isUp && this.#host.incarnation === this.#incarnation
  }
}

/** @internal */
export class Node {
  readonly host: SimHost
  readonly #listeners = new Map<number, BoundListener[]>()
  /** UNIX sockets by path; null for a file that nobody listens at any more. */
  readonly paths = new Map<string, Listener | null>()
  /** Ports that refuse, and those that do not answer; null for all. */
  readonly refusing = new Set<number | null>()
  readonly silent = new Set<number | null>()
  /** UDP sockets, in the order they were bound. */
  readonly datagrams = new Set<DatagramSocket>()
  #nextPort = FIRST_PORT
  /** Whether all ports have been given out once. */
  hasWrapped = false
  #turn = 0

  constructor(host: SimHost) {
    this.host = host
  }

  /** Its own addresses: what may be bound. */
  owns(address: string): boolean {
    return address === '0.0.0.0' || address === '::' || isLoopback(address)
      || address === this.host.ipv4 || address === canonicalAddress(this.host.ipv6)
  }

  listen(bound: BoundListener): void {
    const others = this.#listeners.get(bound.port)
    if (others === undefined) this.#listeners.set(bound.port, [bound])
    else others.push(bound)
  }

  unlisten(listener: Listener): void {
    for (const [port, all] of this.#listeners) {
      const rest = all.filter((bound) => bound.listener !== listener)
      if (rest.length === 0) this.#listeners.delete(port)
      else this.#listeners.set(port, rest)
    }
  }

  isTaken(address: string, port: number, shares: boolean, only6: boolean): boolean {
    const bound = this.#listeners.get(port) ?? []
    return bound.some((other) => !(shares && other.shares) && overlap(address, only6, other.address, other.only6))
  }

  /** Who listens at an address; several that share a port take turns. */
  find(address: string, port: number): Listener | null {
    const all = this.#listeners.get(port)
    if (all === undefined) return null
    const exact = all.filter((bound) => bound.address === address)
    const wide = exact.length > 0 ? exact : all.filter((bound) => overlap(address, false, bound.address, bound.only6))
    if (wide.length === 0) return null
    this.#turn += 1
    return (wide[wide.length === 1 ? 0 : this.#turn % wide.length] as BoundListener).listener
  }

  * listeners(port: number | null): Iterable<Listener> {
    for (const [one, all] of this.#listeners) {
      if (port === null || one === port) for (const { listener } of all) yield listener
    }
    if (port === null) for (const listener of this.paths.values()) if (listener !== null) yield listener
  }

  /** A port for who does not ask for one. */
  freePort(isTaken: (port: number) => boolean): number {
    for (let tries = FIRST_PORT; tries <= LAST_PORT; tries++) {
      const port = this.#nextPort
      this.#nextPort = port === LAST_PORT ? FIRST_PORT : port + 1
      if (port === LAST_PORT) this.hasWrapped = true
      if (!isTaken(port)) return port
    }
    return 0
  }

  /** @param isUsed whether a port is no good for another reason than that somebody listens there */
  freeStreamPort(isUsed: ((port: number) => boolean) | null = null): number {
    return this.freePort((port) => this.#listeners.has(port) || (isUsed !== null && isUsed(port)))
  }

  hasGroup(group: string): boolean {
    for (const socket of this.datagrams) if (socket.groups.has(group)) return true
    return false
  }

  /** Who is to have a datagram: each of a group; of others only the socket that was bound last. */
  datagramSockets(datagram: Datagram): DatagramSocket[] {
    const { isGroup, isBroadcast } = datagram.route
    const found: DatagramSocket[] = []
    for (const socket of this.datagrams) {
      if (!socket.takes(datagram)) continue
      if (isGroup || isBroadcast) found.push(socket)
      else found[0] = socket
    }
    return found
  }

  /** Its host has crashed: sockets are gone, files stay. */
  clear(): void {
    for (const listener of this.listeners(null)) listener.vanish()
    this.#listeners.clear()
    for (const socket of this.datagrams) socket.vanish()
    this.datagrams.clear()
    for (const path of [...this.paths.keys()]) {
      // Abstract names are no files.
      if (path.startsWith('\0')) this.paths.delete(path)
      else this.paths.set(path, null)
    }
  }
}

/** Whether there are addresses that both cover. */
function overlap(one: string, only6: boolean, other: string, otherOnly6: boolean): boolean {
  return one === other || covers(one, only6, other) || covers(other, otherOnly6, one)
}

function covers(wide: string, only6: boolean, address: string): boolean {
  if (wide === '0.0.0.0') return addressFamily(address) === 4
  return wide === '::' && (!only6 || addressFamily(address) === 6)
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}
