/**
 * From what was sent to what arrived: the arrows of a sequence diagram.
 *
 * Owns: which record ends which journey. Must not know: rows, beyond that they are.
 */

import type { Arrow, Row } from './layout.js'
import { count, printable, quoted, whatOf } from './print.js'
import type { TraceConnection, TraceDatagram, TraceDirection, TraceHost, TraceRecord } from './records.js'

type OfConnection = Extract<TraceRecord, { connection: TraceConnection }>
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

/** Most bytes of a payload in a label, and beside an arrow when one points at it. */
const SHORT = 24
const LONG = 400

/** @internal */
export class Journeys {
  readonly arrows: Arrow[] = []
  readonly #streams = new Map<number, Streams>()
  readonly #datagrams = new Map<number, Start>()
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
      if (connect !== null) this.#arrow(streams, 0, 'connect', connect, connect.row, true)
      for (const way of [0, 1] as const) {
        for (const start of data[way]) if (!start.isShown) this.#arrow(streams, way, 'data', start, start.row, true)
        const [end, reset] = [fin[way], rst[way]]
        if (end !== null) this.#arrow(streams, way, 'fin', end, end.row, true)
        if (reset !== null) this.#arrow(streams, way, 'rst', reset, reset.row, true)
      }
    }
  }

  #onConnection(streams: Streams, record: OfConnection, row: Row): void {
    switch (record.kind) {
      case 'connect': {
        const { transport, toAddress, toPort } = record.connection
        const label = `connect ${transport === 'unix' ? printable(toAddress) : `:${toPort}`}`
        streams.connect = startOf(record, row, label)
        break
      }
      case 'accepted': case 'refused': {
        const isLost = record.kind === 'refused'
        const start = streams.connect ?? startOf(record, row, record.kind)
        const why = isLost ? `${start.label}: refused, ${record.why}` : start.label
        this.#arrow(streams, 0, 'connect', { ...start, label: why }, row, isLost)
        streams.connect = null
        break
      }
      case 'sent':
        streams.data[record.direction].push(startOf(record, row, `${quoted(record.data, SHORT)} ${record.length}`))
        break
      case 'resent':
        streams.data[record.direction].push(startOf(record, row, `again: ${count(record.length)}`))
        break
      case 'delivered':
        this.#delivered(streams, record.direction, record, row)
        break
      case 'lost': {
        const what = record.length === 0 ? 'lost' : `${count(record.length)} lost`
        this.#arrow(streams, record.direction, 'data', startOf(record, row, `${what}: ${record.why}`), row, true)
        break
      }
      case 'fin': case 'rst': {
        const { kind, direction } = record
        const start = streams[kind][direction]
        streams[kind][direction] = record.isDelivered ? null : startOf(record, row, kind.toUpperCase())
        if (!record.isDelivered) break
        this.#arrow(streams, direction, kind, start ?? startOf(record, row, kind.toUpperCase()), row, false)
        break
      }
    }
  }

  #delivered(streams: Streams, direction: TraceDirection, piece: OfConnection & { offset: number }, row: Row): void {
    const starts = streams.data[direction]
    let at = starts.length - 1
    while (at >= 0 && !(starts[at].offset <= piece.offset && piece.offset < starts[at].end)) at--
    const start = starts[at] ?? startOf(piece, row, 'delivered')
    const label = start.isShown ? '' : start.label
    start.isShown = true
    this.#arrow(streams, direction, 'data', { ...start, label, title: `${start.title}\n${titleOf(piece)}` }, row, false)
  }

  #onDatagram(record: OfDatagram, row: Row): void {
    const { datagram } = record
    if (record.kind === 'datagram-sent') {
      const label = `datagram ${quoted(datagram.data, SHORT)} ${datagram.data.length}`
      this.#datagrams.set(datagram.id, startOf(record, row, label))
      return
    }
    const start = this.#datagrams.get(datagram.id) ?? startOf(record, row, 'datagram')
    const isLost = record.kind === 'datagram-lost'
    const what = start.isShown ? '' : start.label
    const aim = this.#byAddress.get(datagram.toAddress) ?? datagram.from
    this.arrows.push({
      from: datagram.from, to: record.kind === 'datagram-lost' ? aim : record.host,
      sent: start.row, arrived: row, isLost,
      style: 'datagram', label: isLost ? `${what} lost: ${record.why}`.trim() : what,
      title: `${start.title}\n${titleOf(record)}`, connection: null,
    })
    start.isShown = true
  }

  #arrow(
    streams: Streams, direction: TraceDirection, style: Arrow['style'], start: Start, arrived: Row, isLost: boolean,
  ): void {
    const { id, from, to } = streams.connection
    const [one, other] = direction === 0 ? [from, to] : [to, from]
    const { row, label, title } = start
    this.arrows.push({ from: one, to: other, sent: row, arrived, isLost, style, label, title, connection: id })
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

function startOf(record: TraceRecord, row: Row, label: string): Start {
  const offset = 'offset' in record ? record.offset : 0
  const length = 'length' in record ? record.length : 0
  return { row, offset, end: offset + length, label, title: titleOf(record), isShown: false }
}

function titleOf(record: TraceRecord): string {
  return `${record.time.toFixed(3)} ms: ${whatOf(record, { payload: LONG })}`
}
