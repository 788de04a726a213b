/**
 * Which records of a trace somebody wants to see.
 *
 * Owns: what each condition means. Must not know: what is done with those that pass.
 */

import { quoted, whatOf, whereOf } from './print.js'
import { TRACE_KINDS } from './records.js'
import type { TraceHost, TraceKind, TraceRecord } from './records.js'

/** A record passes when it meets every condition that is given. */
export interface TraceFilter {
  /** Names: it happened on one of these hosts, or between it and another. Faults and notes pass. */
  hosts?: readonly string[]
  /** Numbers of connections; what belongs to no connection fails. */
  connections?: readonly number[]
  /** Kinds, or their beginnings: `datagram` is all about datagrams. */
  kinds?: readonly string[]
  /** ms, inclusive. */
  from?: number
  /** ms, inclusive. */
  to?: number
  /** In what is printed or in the payload; case does not matter. */
  text?: string
}

/** The records that pass, in order. */
export function * filterTrace(records: Iterable<TraceRecord>, filter: TraceFilter): Iterable<TraceRecord> {
  const passes = traceFilter(filter)
  const { to = Infinity } = filter
  for (const record of records) {
    if (record.time > to) return
    if (passes(record)) yield record
  }
}

/** @returns whether a record passes @throws RangeError for a kind that there is not */
export function traceFilter(filter: TraceFilter): (record: TraceRecord) => boolean {
  const { from = -Infinity, to = Infinity } = filter
  const hosts = filter.hosts === undefined ? null : new Set(filter.hosts)
  const connections = filter.connections === undefined ? null : new Set(filter.connections)
  const kinds = filter.kinds === undefined ? null : new Set(filter.kinds.flatMap(kindsOf))
  const text = filter.text?.toLowerCase()
  return (record) => {
    if (record.time < from || record.time > to) return false
    if (kinds !== null && !kinds.has(record.kind)) return false
    if (connections !== null && !('connection' in record && connections.has(record.connection.id))) return false
    if (hosts !== null && !happensOn(record, hosts)) return false
    return text === undefined || textOf(record).toLowerCase().includes(text)
  }
}

function kindsOf(name: string): readonly TraceKind[] {
  if ((TRACE_KINDS as readonly string[]).includes(name)) return [name as TraceKind]
  const kinds = TRACE_KINDS.filter((kind) => kind.startsWith(`${name}-`))
  if (kinds.length > 0) return kinds
  throw new RangeError(`There is no kind of record "${name}"; there are ${TRACE_KINDS.join(', ')}.`)
}

function happensOn(record: TraceRecord, names: ReadonlySet<string>): boolean {
  if (record.kind === 'fault' || record.kind === 'note') return true
  return hostsOf(record).some(({ name }) => names.has(name))
}

/** The hosts that a record is about. */
export function hostsOf(record: TraceRecord): readonly TraceHost[] {
  if ('connection' in record) return [record.connection.from, record.connection.to]
  switch (record.kind) {
    case 'fault': case 'note': return []
    case 'datagram-sent': case 'datagram-lost': return [record.datagram.from]
    case 'datagram-delivered': return [record.datagram.from, record.host]
    default: return record.host === null ? [] : [record.host]
  }
}

function textOf(record: TraceRecord): string {
  return `${whereOf(record)} ${whatOf(record, { payload: 0 })} ${payloadOf(record)}`
}

function payloadOf(record: TraceRecord): string {
  if (record.kind === 'sent') return quoted(record.data, Infinity)
  if (record.kind === 'datagram-sent') return quoted(record.datagram.data, Infinity)
  if (record.kind !== 'delivered') return ''
  const data = record.connection.bytes(record.direction, record.offset, record.length)
  return data === null ? '' : quoted(data, Infinity)
}
