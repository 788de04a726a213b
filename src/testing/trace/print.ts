/**
 * Records of a trace as lines for people.
 *
 * Owns: the words. Must not know: where lines go. Nothing in a line is obeyed by a terminal: what is not printable is
 * escaped.
 */

import type { TraceConnection, TraceRecord } from './records.js'

/** How a record is written out. */
export interface TracePrintOptions {
  /** Most bytes of a payload; the rest is counted. Default 48. */
  payload?: number
}

/** One line: the time, between which hosts, and what happened. */
export function printRecord(record: TraceRecord, options: TracePrintOptions = {}): string {
  const time = record.time.toFixed(3).padStart(14)
  return `${time}  ${whereOf(record).padEnd(20)}  ${whatOf(record, options)}`
}

/** Between which hosts something happened, or on which. */
export function whereOf(record: TraceRecord): string {
  return printable(placeOf(record))
}

function placeOf(record: TraceRecord): string {
  switch (record.kind) {
    case 'host': case 'up': case 'crash': case 'timer': return record.host.name
    case 'log': case 'unhandled': return record.host?.name ?? ''
    case 'fault': case 'note': return ''
    case 'datagram-sent': return record.datagram.from.name
    case 'datagram-lost': return `${record.datagram.from.name} →`
    case 'datagram-delivered': return `${record.datagram.from.name} → ${record.host.name}`
    case 'ended': return record.host.name
    case 'connect': case 'connected': case 'accepted': case 'refused': return way(record.connection, 0)
    default: return way(record.connection, record.direction)
  }
}

/** What happened, without when and where. */
export function whatOf(record: TraceRecord, { payload = 48 }: TracePrintOptions = {}): string {
  return printable(wordsOf(record, payload))
}

function wordsOf(record: TraceRecord, payload: number): string {
  switch (record.kind) {
    case 'host': return `is a host: ${record.host.ipv4} ${record.host.ipv6}`.trimEnd()
    case 'up': return `is up, life ${record.incarnation}`
    case 'crash': return 'crashes'
    case 'timer': return 'timer'
    case 'fault': return `fault: ${record.text}`
    case 'note': return `note: ${record.text}`
    case 'log': return `log ${record.level}: ${record.text}`
    case 'unhandled': return `unhandled failure: ${record.text}`
    case 'datagram-sent': {
      const { id, fromPort, toAddress, toPort, data } = record.datagram
      const to = `${bracketed(toAddress)}:${toPort}`
      return `datagram ${id} from port ${fromPort} to ${to}: ${preview(data, payload)}`
    }
    case 'datagram-delivered': return `datagram ${record.datagram.id} delivered`
    case 'datagram-lost': return `datagram ${record.datagram.id} lost: ${record.why}`
    default: return `#${record.connection.id} ${ofConnection(record, payload)}`
  }
}

function ofConnection(record: Extract<TraceRecord, { connection: TraceConnection }>, payload: number): string {
  switch (record.kind) {
    case 'connect': {
      const { transport, fromAddress, fromPort, toAddress, toPort } = record.connection
      if (transport === 'unix') return `connect to ${toAddress}`
      return `connect from ${bracketed(fromAddress)}:${fromPort} to ${bracketed(toAddress)}:${toPort}`
    }
    case 'connected': return 'connected'
    case 'accepted': return 'accepted'
    case 'refused': return `refused: ${record.why}`
    case 'sent': return `sent at ${record.offset}: ${preview(record.data, payload)}`
    case 'resent': return `sent again ${count(record.length)} at ${record.offset}`
    case 'delivered': {
      const bytes = record.connection.bytes(record.direction, record.offset, record.length)
      const what = bytes === null ? count(record.length) : preview(bytes, payload)
      return `delivered at ${record.offset}: ${what}`
    }
    case 'lost': {
      const what = record.length === 0 ? 'a packet' : count(record.length)
      return `lost ${what} at ${record.offset}: ${record.why}`
    }
    case 'fin': return record.isDelivered ? 'FIN delivered' : 'FIN sent'
    case 'rst': return record.isDelivered ? 'RST delivered' : 'RST sent'
    case 'ended': return `ended: ${record.why}`
  }
}

function way(connection: TraceConnection, direction: 0 | 1): string {
  const { from, to } = connection
  return direction === 0 ? `${from.name} → ${to.name}` : `${to.name} → ${from.name}`
}

/** @internal */
export function count(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${bytes} bytes`
}

function preview(data: Uint8Array, most: number): string {
  if (data.length === 0) return '0 bytes'
  return most <= 0 ? count(data.length) : `${count(data.length)} ${quoted(data, most)}`
}

/** Each byte as it stands between quotes. */
const QUOTED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x0d) return '\\r'
  if (byte === 0x0a) return '\\n'
  if (byte === 0x09) return '\\t'
  if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
})

/** Bytes as text between quotes, what is no ASCII escaped. @internal */
export function quoted(data: Uint8Array, most: number): string {
  let text = ''
  const end = Math.min(data.length, most)
  for (let i = 0; i < end; i++) text += QUOTED[data[i] as number]
  return `"${text}"${data.length > most ? '…' : ''}`
}

/** Text in one line, without what a terminal or a page would obey. @internal */
export function printable(text: string): string {
  return OBEYED.test(text) ? text.replace(/\s*\r?\n\s*/g, ' ⏎ ').replace(EVERY_OBEYED, '�') : text
}

const OBEYED = /[\0-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/
const EVERY_OBEYED = new RegExp(OBEYED, 'g')

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
