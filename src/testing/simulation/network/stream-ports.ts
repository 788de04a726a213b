/**
 * StreamPorts: which local ports connections have, so that no two have the same four addresses.
 *
 * Owns: an index of the connecting ends by host and local port. It is made when it is first asked for: a world whose
 * ports are all given out for the first time by counting does without. Must not know: how ports are chosen.
 * Source: RFC 9293 section 3.3.10 (a connection is its two sockets). There is no TIME-WAIT: a connection that has
 * ended frees its port.
 */

import type { SimHost } from '../world.js'
import { DEAD } from './stream-bits.js'
import type { StreamEnd } from './stream-end.js'

/** Where an end of a connection is. @internal */
export interface Place {
  readonly name: string
  readonly port: number
}

const PORTS = 65_536

/** @internal */
export class StreamPorts {
  readonly #connections: Iterable<StreamEnd>
  #clients: Map<number, StreamEnd | StreamEnd[]> | null = null

  constructor(connections: Iterable<StreamEnd>) {
    this.#connections = connections
  }

  get isKept(): boolean {
    return this.#clients !== null
  }

  /** Begins to keep the index. */
  keep(): void {
    if (this.#clients !== null) return
    this.#clients = new Map()
    for (const client of this.#connections) this.add(client)
  }

  add(client: StreamEnd): void {
    const clients = this.#clients
    if (clients === null || client.isUnix) return
    const key = client.on.id * PORTS + client.port
    const there = clients.get(key)
    if (there === undefined) clients.set(key, client)
    else if (Array.isArray(there)) there.push(client)
    else clients.set(key, [there, client])
  }

  /** It is dead on both sides. */
  delete(client: StreamEnd): void {
    const clients = this.#clients
    if (clients === null || client.isUnix) return
    const key = client.on.id * PORTS + client.port
    const there = clients.get(key)
    if (there === client) {
      clients.delete(key)
    } else if (Array.isArray(there)) {
      const at = there.indexOf(client)
      if (at >= 0) there.splice(at, 1)
      if (there.length === 0) clients.delete(key)
    }
  }

  /** Whether a host has a connection between the two, whoever began it. */
  has(host: SimHost, local: Place, far: SimHost, remote: Place): boolean {
    return this.#some(host, local, remote, (client) => (client.bits & DEAD) === 0)
      || this.#some(far, remote, local, ({ other, side }) => other.side !== side && (other.bits & DEAD) === 0)
  }

  #some(host: SimHost, local: Place, remote: Place, is: (client: StreamEnd) => boolean): boolean {
    const there = this.#clients?.get(host.id * PORTS + local.port)
    if (there === undefined) return false
    // One that has died on one side only may still be there beside its successor.
    if (Array.isArray(there)) return there.some((client) => goes(client, local, remote) && is(client))
    return goes(there, local, remote) && is(there)
  }
}

function goes(client: StreamEnd, local: Place, remote: Place): boolean {
  const there = client.other === client ? client.rare?.remote : client.other
  return client.name === local.name && there?.port === remote.port && there.name === remote.name
}
