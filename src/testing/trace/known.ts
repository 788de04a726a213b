/**
 * What a reader of a trace knows of hosts, connections and datagrams at the record it has come to.
 *
 * Owns: the tables, and the views of what was sent. Must not know: records.
 */

import type { TraceConnection, TraceDatagram, TraceHost } from './records.js'

interface Sent {
  readonly offset: number
  readonly data: Uint8Array
}

/** @internal */
export class Known {
  readonly hosts = new Map<number, TraceHost>()
  readonly connections = new Map<number, KnownConnection>()
  readonly datagrams = new Map<number, TraceDatagram>()

  /** A host; one that the file does not tell of has its number for a name. */
  host(id: number): TraceHost {
    let host = this.hosts.get(id)
    if (host === undefined) this.hosts.set(id, host = { id, name: `#${id}`, ipv4: '', ipv6: '' })
    return host
  }

  connection(id: number): KnownConnection {
    let connection = this.connections.get(id)
    if (connection === undefined) {
      const nobody = this.host(0)
      connection = new KnownConnection({
        id, transport: 'tcp', from: nobody, fromAddress: '', fromPort: 0, to: nobody, toAddress: '', toPort: 0,
      })
      this.connections.set(id, connection)
    }
    return connection
  }

  datagram(id: number): TraceDatagram {
    return this.datagrams.get(id) ?? {
      id, time: NaN, from: this.host(0), fromPort: 0, toAddress: '', toPort: 0, data: new Uint8Array(0),
    }
  }
}

/** @internal */
export class KnownConnection implements TraceConnection {
  readonly id: number
  readonly transport: 'tcp' | 'unix'
  readonly from: TraceHost
  readonly fromAddress: string
  readonly fromPort: number
  readonly to: TraceHost
  readonly toAddress: string
  readonly toPort: number
  readonly #sent: readonly [Sent[], Sent[]] = [[], []]

  constructor(of: Omit<TraceConnection, 'bytes'>) {
    this.id = of.id
    this.transport = of.transport
    this.from = of.from
    this.fromAddress = of.fromAddress
    this.fromPort = of.fromPort
    this.to = of.to
    this.toAddress = of.toAddress
    this.toPort = of.toPort
  }

  add(direction: 0 | 1, offset: number, data: Uint8Array): void {
    if (data.length > 0) this.#sent[direction].push({ offset, data })
  }

  bytes(direction: 0 | 1, offset: number, length: number): Uint8Array | null {
    const sent = this.#sent[direction]
    // The last that begins at or before the offset: they are in order.
    let low = 0
    let high = sent.length
    while (low < high) {
      const middle = low + high >>> 1
      if (sent[middle].offset <= offset) low = middle + 1
      else high = middle
    }
    if (low === 0) return length === 0 ? new Uint8Array(0) : null
    const first = sent[low - 1]
    const from = offset - first.offset
    if (from + length <= first.data.length) return first.data.subarray(from, from + length)
    // First whether all of it is there: a damaged file may ask for more than any memory has.
    let last = low - 1
    for (let end = offset; end < offset + length; last++) {
      const one = sent[last]
      if (one === undefined || one.offset > end || one.offset + one.data.length <= end) return null
      end = one.offset + one.data.length
    }
    const bytes = new Uint8Array(length)
    for (const one of sent.slice(low - 1, last)) {
      const at = Math.max(0, one.offset - offset)
      bytes.set(one.data.subarray(Math.max(0, offset - one.offset), offset + length - one.offset), at)
    }
    return bytes
  }
}
