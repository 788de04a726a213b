/**
 * Wires: what all simulated connections have in common.
 *
 * Owns: the links between hosts, the pool of pieces, and the list of connections. Must not know: faults, which
 * `Network` brings about.
 */

import type { SimHost, World } from '../world.js'
import { Link } from './link.js'
import { LOOPBACK, linkShape } from './options.js'
import type { LinkOptions, LinkShape } from './options.js'
import { SegmentPool } from './segment.js'
import type { StreamEnd } from './stream-end.js'
import { StreamPorts } from './stream-ports.js'

/** Up to this, a copy is an array of its own, which engines keep with the object. */
const TINY = 64
/** Up to this, copies are cut from a common block: that is cheaper than memory of their own. */
const SMALL = 2_048
const BLOCK = 65_536

/** @internal */
export class Wires {
  readonly world: World
  readonly pool = new SegmentPool()
  /** The connecting end of each connection that is alive on one side at least, in the order they were made. */
  readonly connections = new Set<StreamEnd>()
  readonly ports = new StreamPorts(this.connections)
  readonly shape: LinkShape
  readonly #loopback: LinkShape
  readonly #links = new Map<SimHost, Map<SimHost, Link>>()
  #lastConnection = 0
  #lastDatagram = 0
  #block = new Uint8Array(0)
  #used = 0

  constructor(world: World, shape: LinkShape) {
    this.world = world
    this.shape = shape
    this.#loopback = linkShape(LOOPBACK, shape)
  }

  /** The link from one host to another, made when it is first used. */
  link(from: SimHost, to: SimHost): Link {
    let links = this.#links.get(from)
    if (links === undefined) this.#links.set(from, links = new Map())
    let link = links.get(to)
    if (link === undefined) {
      links.set(to, link = new Link(this.world, from, to, from === to ? this.#loopback : this.shape))
    }
    return link
  }

  /** Changes a link's options, one direction. */
  reshape(from: SimHost, to: SimHost, options: LinkOptions): void {
    const link = this.link(from, to)
    link.reshape(linkShape(options, link.shape))
  }

  * links(): Iterable<Link> {
    for (const links of this.#links.values()) yield* links.values()
  }

  /** The one copy that is made of what is sent. */
  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes
    if (length <= TINY) return new Uint8Array(bytes)
    if (length > SMALL) return Uint8Array.prototype.slice.call(bytes)
    if (length + this.#used > this.#block.length) {
      this.#block = new Uint8Array(BLOCK)
      this.#used = 0
    }
    const copy = new Uint8Array(this.#block.buffer, this.#used, length)
    copy.set(bytes)
    this.#used += length
    return copy
  }

  begun(client: StreamEnd): void {
    this.connections.add(client)
    this.ports.add(client)
  }

  /** Both sides have forgotten it. */
  over(client: StreamEnd): void {
    this.connections.delete(client)
    this.ports.delete(client)
  }

  nextConnection(): number {
    return this.#lastConnection += 1
  }

  nextDatagram(): number {
    return this.#lastDatagram += 1
  }
}
