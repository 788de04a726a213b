/**
 * From what was sent to what arrived: the arrows of a sequence diagram.
 *
 * Owns: which record ends which journey. Must not know: rows, beyond that they are.
 */

import type { Arrow, Row } from './layout.js'
import { excerpt, shortened } from './labels.js'
import { count, printable, whatOf } from './print.js'
import type {
  TraceConnection, TraceDatagram, TraceDirection, TraceHost, TracePiece, TraceRecord,
} from './records.js'

type OfConnection = Extract<TraceRecord, { connection: TraceConnection }>
type Delivered = Extract<TraceRecord, { kind: 'resent' | 'delivered' }>
type Lost = Extract<TraceRecord, { kind: 'lost' }>
type OfDatagram = Extract<TraceRecord, { datagram: TraceDatagram }>

/** Something sent: bytes of a stream, or a packet without any. */
interface Start {
  readonly row: Row
  readonly offset: number
  readonly end: number
  readonly label: string
  readonly title: string
  /** Whether an arrow has its label. */
  isShown: boolean
}

interface Streams {
  readonly connection: TraceConnection
  connect: Start | null
  readonly data: readonly [Start[], Start[]]
  readonly fin: [Start | null, Start | null]
  readonly rst: [Start | null, Start | null]
}

/** Most characters of a payload in a label. */
const SHORT = 26
/** Most bytes of it beside an arrow when one points at it. */
const LONG = 400
/** Most characters of the path of a UNIX socket. */
const PATH = 36

/** @internal */
export class Journeys {
  readonly arrows: Arrow[] = []
  readonly #streams = new Map<number, Streams>()
  readonly #datagrams = new Map<TraceDatagram, Start>()
  readonly #byAddress = new Map<string, TraceHost>()

  /** @param hosts for the directions of datagrams that get nowhere */
  constructor(hosts: readonly TraceHost[]) {
    for (const host of hosts) this.#byAddress.set(host.ipv4, host).set(host.ipv6, host)
  }

  add(record: TraceRecord, row: Row): void {
    if ('connection' in record) this.#onConnection(this.#of(record.connection), record, row)
    else if ('datagram' in record) this.#onDatagram(record, row)
  }

  /** What is still on its way at the end. */
  finish(): void {
    for (const streams of this.#streams.values()) {
      const { connect, data, fin, rst } = streams
      if (connect !== null) this.#arrow(streams, 0, 'connect', connect, connect.row, 'open')
      for (const way of [0, 1] as const) {
        for (const start of data[way]) if (!start.isShown) this.#arrow(streams, way, 'data', start, start.row, 'open')
        const [end, reset] = [fin[way], rst[way]]
        if (end !== null) this.#arrow(streams, way, 'fin', end, end.row, 'open')
        if (reset !== null) this.#arrow(streams, way, 'rst', reset, reset.row, 'open')
      }
    }
    for (const [datagram, start] of this.#datagrams) {
      if (!start.isShown) this.#datagramArrow(datagram, start, this.#aimOf(datagram), start.row, 'open', start.label)
    }
  }

  #onConnection(streams: Streams, record: OfConnection, row: Row): void {
    switch (record.kind) {
      case 'connect': {
        const { transport, toAddress, toPort } = record.connection
        const label = `connect ${transport === 'unix' ? shortened(printable(toAddress), PATH) : `:${toPort}`}`
        streams.connect = startOf(record, row, label)
        break
      }
      case 'accepted': case 'refused': {
        const isLost = record.kind === 'refused'
        const start = streams.connect ?? startOf(record, row, record.kind)
        const why = isLost ? `${start.label}: refused, ${record.why}` : start.label
        this.#arrow(streams, 0, 'connect', { ...start, label: why }, row, isLost ? 'lost' : 'arrived')
        streams.connect = null
        break
      }
      case 'sent':
        streams.data[record.direction].push(startOf(record, row, `${excerpt(record.data, SHORT)} ${record.length}`))
        break
      case 'resent':
        streams.data[record.direction].push(startOf(record, row, `again: ${count(record.length)}`))
        break
      case 'delivered':
        this.#delivered(streams, record.direction, record, row)
        break
      case 'lost': {
        const what = record.length === 0 ? 'lost' : `${count(record.length)} lost`
        this.#lost(streams, record, row, `${what}: ${record.why}`)
        break
      }
      case 'fin': case 'rst': {
        const { kind, direction } = record
        const start = streams[kind][direction]
        streams[kind][direction] = record.isDelivered ? null : startOf(record, row, kind.toUpperCase())
        if (!record.isDelivered) break
        this.#arrow(streams, direction, kind, start ?? startOf(record, row, kind.toUpperCase()), row, 'arrived')
        break
      }
    }
  }

  #delivered(streams: Streams, direction: TraceDirection, piece: Delivered, row: Row): void {
    const start = sentWith(streams.data[direction], piece) ?? startOf(piece, row, 'delivered')
    const label = start.isShown ? '' : start.label
    start.isShown = true
    const title = `${start.title}\n${titleOf(piece)}`
    this.#arrow(streams, direction, 'data', { ...start, label, title }, row, 'arrived')
  }

  /** Of what went out at once, as a whole, the arrow begins there; what else was lost has one of its own. */
  #lost(streams: Streams, piece: Lost, row: Row, label: string): void {
    const { direction, offset, length } = piece
    const start = length === 0 ? null : sentWith(streams.data[direction], piece)
    if (start === null || start.isShown || start.offset !== offset || start.end !== offset + length) {
      this.#arrow(streams, direction, 'data', startOf(piece, row, label), row, 'lost')
      return
    }
    start.isShown = true
    const title = `${start.title}\n${titleOf(piece)}`
    this.#arrow(streams, direction, 'data', { ...start, label: `lost, ${piece.why}: ${start.label}`, title }, row, 'lost')
  }

  #onDatagram(record: OfDatagram, row: Row): void {
    const { datagram } = record
    if (record.kind === 'datagram-sent') {
      const label = `datagram ${excerpt(datagram.data, SHORT)} ${datagram.data.length}`
      this.#datagrams.set(datagram, startOf(record, row, label))
      return
    }
    const start = this.#datagrams.get(datagram) ?? startOf(record, row, 'datagram')
    const what = start.isShown ? '' : start.label
    const told = { ...start, title: `${start.title}\n${titleOf(record)}` }
    start.isShown = true
    if (record.kind === 'datagram-delivered') {
      this.#datagramArrow(datagram, told, record.host, row, 'arrived', what)
    } else {
      this.#datagramArrow(datagram, told, this.#aimOf(datagram), row, 'lost', what === '' ? `lost: ${record.why}` : `lost, ${record.why}: ${what}`)
    }
  }

  #aimOf(datagram: TraceDatagram): TraceHost {
    return this.#byAddress.get(datagram.toAddress) ?? datagram.from
  }

  #datagramArrow(
    datagram: TraceDatagram, { row, title }: Start, to: TraceHost, arrived: Row, end: Arrow['end'], label: string,
  ): void {
    const { from } = datagram
    this.arrows.push({ from, to, sent: row, arrived, end, style: 'datagram', label, title, connection: null })
  }

  #arrow(
    streams: Streams, direction: TraceDirection, style: Arrow['style'], start: Start, arrived: Row, end: Arrow['end'],
  ): void {
    const { id, from, to } = streams.connection
    const [one, other] = direction === 0 ? [from, to] : [to, from]
    const { row, label, title } = start
    this.arrows.push({ from: one, to: other, sent: row, arrived, end, style, label, title, connection: id })
  }

  #of(connection: TraceConnection): Streams {
    let streams = this.#streams.get(connection.id)
    if (streams === undefined) {
      streams = { connection, connect: null, data: [[], []], fin: [null, null], rst: [null, null] }
      this.#streams.set(connection.id, streams)
    }
    return streams
  }
}

/** The last that went out and has the first byte of a piece in it. */
function sentWith(starts: readonly Start[], { offset }: TracePiece): Start | null {
  for (let i = starts.length - 1; i >= 0; i--) {
    const start = starts[i] as Start
    if (start.offset <= offset && offset < start.end) return start
  }
  return null
}

function startOf(record: TraceRecord, row: Row, label: string): Start {
  const offset = 'offset' in record ? record.offset : 0
  const length = 'length' in record ? record.length : 0
  return { row, offset, end: offset + length, label, title: titleOf(record), isShown: false }
}

function titleOf(record: TraceRecord): string {
  return `${record.time.toFixed(3)} ms: ${whatOf(record, { payload: LONG })}`
}
