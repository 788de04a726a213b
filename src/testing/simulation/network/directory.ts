/**
 * Directory: which simulated host has an address.
 *
 * Owns: the hosts of the network. Must not know: sockets.
 */

import { addressFamily, canonicalAddress } from '../../../transports/resolve-literal.js'
import type { SimHost } from '../world.js'
import { isLoopback, Node } from './node.js'

/** @internal */
export class Directory {
  readonly #nodes = new Map<SimHost, Node>()
  readonly #byAddress = new Map<string, Node>()
  readonly #byName = new Map<string, Node>()

  add(host: SimHost): Node {
    const known = this.#nodes.get(host)
    if (known !== undefined) return known
    const node = new Node(host)
    this.#nodes.set(host, node)
    this.#byName.set(host.name.toLowerCase(), node)
    this.#byAddress.set(host.ipv4, node)
    this.#byAddress.set(canonicalAddress(host.ipv6), node)
    return node
  }

  get(host: SimHost): Node {
    return this.#nodes.get(host) ?? this.add(host)
  }

  nodes(): Iterable<Node> {
    return this.#nodes.values()
  }

  /** @returns the canonical address that a name or address means to `from`; null for an unknown name */
  address(from: Node, host: string): string | null {
    if (host === '' || host === 'localhost') return '127.0.0.1'
    if (addressFamily(host) !== 0) {
      const address = canonicalAddress(host.replace(/%.*$/, ''))
      return address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
    }
    return this.#byName.get(host.toLowerCase())?.host.ipv4 ?? null
  }

  /** Who has an address, as seen from a host; null for nobody. */
  owner(from: Node, address: string): Node | null {
    return isLoopback(address) ? from : this.#byAddress.get(address) ?? null
  }

  /** The address of a host that packets to `remote` come from. */
  source(from: Node, remote: string): string {
    if (isLoopback(remote)) return remote === '::1' ? '::1' : '127.0.0.1'
    return addressFamily(remote) === 6 ? canonicalAddress(from.host.ipv6) : from.host.ipv4
  }
}
