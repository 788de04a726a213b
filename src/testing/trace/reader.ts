/**
 * TraceReader: a trace file as records, one after the other.
 *
 * Owns: reading bytes into records, and the errors of bytes that are no trace. Must not know: what is made of them
 * (printing, comparing, drawing, exporting). The format is drawn in docs/trace.md.
 */

import { TraceError } from '../../errors/trace.js'
import {
  ACCEPTED, CLOCK, CONNECT, CONNECTED, CRASH, DATAGRAM_DELIVERED, DATAGRAM_LOST, DATAGRAM_SENT, DELIVERED, ENDED,
  ENDINGS, FAULT, FIN, GAP, HOST, KIND_BITS, LOG, LOSSES, LOST, MARKED, NOTE, REFUSED, RESENT, RST, SAME_TIME, SECOND,
  SENT, TIMER, UNHANDLED, UP,
} from './format.js'
import { Fields } from './fields.js'
import { readHead } from './head.js'
import type { TraceHead } from './head.js'
import { Known, KnownConnection } from './known.js'
import type { TraceDirection, TraceHost, TraceRecord } from './records.js'

/**
 * Reads a trace. May be iterated as often as one likes; payloads are views of the file's bytes.
 *
 * @example
 * for (const record of new TraceReader(simulation.trace())) {
 *   if (record.kind === 'lost') console.log(record.time, record.connection.from.name, record.why)
 * }
 */
export class TraceReader implements Iterable<TraceRecord> {
  /** What the head says: seed, digest, how many records. */
  readonly head: TraceHead
  readonly #bytes: Uint8Array
  readonly #from: number

  /** @throws TraceError if it is no trace, of a newer version, or cut off */
  constructor(bytes: Uint8Array) {
    const { head, end } = readHead(bytes)
    this.head = head
    this.#bytes = bytes.subarray(end, end + head.length)
    this.#from = end
  }

  /** Every record, the oldest first. Throws TraceError where the bytes are damaged. */
  * [Symbol.iterator](): Iterator<TraceRecord> {
    const fields = new Fields(this.#bytes, this.#from)
    const known = new Known()
    let isPast = this.head.dropped > 0 && this.head.length > 0
    let index = this.head.dropped
    let time = 0
    while (!fields.isAtEnd) {
      const first = fields.byte()
      const kind = first & KIND_BITS
      if (kind === GAP) {
        isPast = false
        continue
      }
      if (kind === CLOCK) {
        time = fields.number()
        continue
      }
      if ((first & SAME_TIME) === 0) time += fields.number()
      if (!isPast) index += 1
      yield readRecord(first, isPast ? 0 : index, time / 1000, fields, known)
    }
    if (isPast || index !== this.head.records) {
      throw new TraceError(`The trace has ${index} records, but its head says ${this.head.records}.`)
    }
  }

  /** The hosts that the trace tells of. */
  hosts(): TraceHost[] {
    const hosts: TraceHost[] = []
    for (const record of this) if (record.kind === 'host') hosts.push(record.host)
    return hosts
  }
}

function readRecord(first: number, index: number, time: number, fields: Fields, known: Known): TraceRecord {
  const kind = first & KIND_BITS
  switch (kind) {
    case HOST: return { kind: 'host', index, time, host: readHost(fields, known) }
    case UP: return { kind: 'up', index, time, host: known.host(fields.number()), incarnation: fields.number() }
    case CRASH: return { kind: 'crash', index, time, host: known.host(fields.number()) }
    case TIMER: return { kind: 'timer', index, time, host: known.host(fields.number()) }
    case FAULT: return { kind: 'fault', index, time, text: fields.text() }
    case NOTE: return { kind: 'note', index, time, text: fields.text() }
    case LOG: {
      const host = hostOrNone(fields, known)
      return { kind: 'log', index, time, host, level: fields.text(), text: fields.text() }
    }
    case UNHANDLED: return { kind: 'unhandled', index, time, host: hostOrNone(fields, known), text: fields.text() }
    case DATAGRAM_SENT: case DATAGRAM_DELIVERED: case DATAGRAM_LOST:
      return readDatagram(kind, index, time, fields, known)
    default: return readOfConnection(first, index, time, fields, known)
  }
}

function readHost(fields: Fields, known: Known): TraceHost {
  const host = { id: fields.number(), name: fields.text(), ipv4: fields.text(), ipv6: fields.text() }
  known.hosts.set(host.id, host)
  return host
}

function hostOrNone(fields: Fields, known: Known): TraceHost | null {
  const id = fields.number()
  return id === 0 ? null : known.host(id)
}

function readDatagram(kind: number, index: number, time: number, fields: Fields, known: Known): TraceRecord {
  const id = fields.number()
  if (kind === DATAGRAM_DELIVERED) {
    return { kind: 'datagram-delivered', index, time, datagram: known.datagram(id), host: known.host(fields.number()) }
  }
  if (kind === DATAGRAM_LOST) {
    return { kind: 'datagram-lost', index, time, datagram: known.datagram(id), why: reason(LOSSES, fields.number()) }
  }
  const datagram = {
    id, time, from: known.host(fields.number()), fromPort: fields.number(), toAddress: fields.text(),
    toPort: fields.number(), data: fields.bytes(),
  }
  known.datagrams.set(id, datagram)
  return { kind: 'datagram-sent', index, time, datagram }
}

function readOfConnection(first: number, index: number, time: number, fields: Fields, known: Known): TraceRecord {
  const kind = first & KIND_BITS
  const direction: TraceDirection = (first & SECOND) === 0 ? 0 : 1
  const isDelivered = (first & MARKED) !== 0
  const begins = fields.at - 1
  const id = fields.number()
  if (kind === CONNECT) {
    const connection = readConnection(id, isDelivered ? 'unix' : 'tcp', fields, known)
    return { kind: 'connect', index, time, connection }
  }
  const connection = known.connection(id)
  switch (kind) {
    case CONNECTED: return { kind: 'connected', index, time, connection }
    case ACCEPTED: return { kind: 'accepted', index, time, connection }
    case REFUSED: return { kind: 'refused', index, time, connection, why: reason(LOSSES, fields.number()) }
    case FIN: return { kind: 'fin', index, time, connection, direction, isDelivered }
    case RST: return { kind: 'rst', index, time, connection, direction, isDelivered }
    case ENDED: {
      const host = direction === 0 ? connection.from : connection.to
      return { kind: 'ended', index, time, connection, host, side: direction, why: reason(ENDINGS, fields.number()) }
    }
    case SENT: {
      const offset = fields.number()
      const data = fields.bytes()
      connection.add(direction, offset, data)
      return { kind: 'sent', index, time, connection, direction, offset, length: data.length, data }
    }
    case RESENT: case DELIVERED: case LOST: {
      const offset = fields.number()
      const length = fields.number()
      const piece = { index, time, connection, direction, offset, length }
      if (kind === LOST) return { kind: 'lost', ...piece, why: reason(LOSSES, fields.number()) }
      return { kind: kind === RESENT ? 'resent' : 'delivered', ...piece }
    }
    default: throw new TraceError(`There is no record of kind ${kind} (byte ${begins}).`)
  }
}

function readConnection(id: number, transport: 'tcp' | 'unix', fields: Fields, known: Known): KnownConnection {
  const from = known.host(fields.number())
  const to = known.host(fields.number())
  const fromAddress = fields.text()
  const fromPort = fields.number()
  const connection = new KnownConnection({
    id, transport, from, to, fromAddress, fromPort, toAddress: fields.text(), toPort: fields.number(),
  })
  known.connections.set(id, connection)
  return connection
}

function reason(names: readonly string[], number: number): string {
  return names[number] ?? `reason ${number}`
}
