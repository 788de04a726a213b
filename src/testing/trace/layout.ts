/**
 * What a sequence diagram of a trace shows, and in which row.
 *
 * Owns: which records become marks, and how rows follow each other. Must not know: SVG, or what becomes of what is
 * sent (journeys.ts).
 *
 * A record has a row of its own, so that no two labels are at the same place; rows are as far apart as the logarithm of
 * the time between them says. An arrow goes from the row of the record that sent something to that of its delivery.
 */

import { Journeys } from './journeys.js'
import { fitted } from './labels.js'
import { printable } from './print.js'
import type { TraceHost, TraceRecord } from './records.js'

/** From one host's life line to another's. */
export interface Arrow {
  readonly from: TraceHost
  readonly to: TraceHost
  readonly sent: Row
  readonly arrived: Row
  /** How it ends: `open` is that nobody got it as far as the diagram goes, whether or not it has come to the host. */
  readonly end: 'arrived' | 'lost' | 'open'
  readonly style: 'data' | 'connect' | 'fin' | 'rst' | 'datagram'
  readonly label: string
  /** What is shown when one points at it. */
  readonly title: string
  readonly connection: number | null
}

/** Something that happened on one host, or (`host` null) everywhere. */
export interface Mark {
  readonly row: Row
  readonly host: TraceHost | null
  readonly style: 'up' | 'crash' | 'log' | 'unhandled' | 'timer' | 'fault' | 'note' | 'ended'
  readonly label: string
}

/** A height in the diagram. */
export interface Row {
  readonly y: number
  readonly time: number
  readonly index: number
}

export interface Layout {
  readonly hosts: readonly TraceHost[]
  readonly rows: readonly Row[]
  readonly arrows: readonly Arrow[]
  readonly marks: readonly Mark[]
  readonly height: number
  /** Whether there were more records than could be drawn. */
  readonly isCut: boolean
}

const FIRST = 64
const CLOSEST = 17
const FARTHEST = 52
/** Words of a mark are beside it, those of an arrow above. */
const BESIDE = 5
const BELOW = 40
/** Pixels of a label at most. */
const LABEL = 420

/** @param known every host of the trace @param limit rows at most @param timers whether they are shown */
export function layOut(
  records: Iterable<TraceRecord>, known: readonly TraceHost[], limit: number, timers: boolean,
): Layout {
  const rows: Row[] = []
  const marks: Mark[] = []
  const hosts = new Map<number, TraceHost>()
  const journeys = new Journeys(known)
  let isCut = false
  for (const record of records) {
    if (!isShown(record, timers)) continue
    if (rows.length >= limit) {
      isCut = true
      break
    }
    const row = rowAfter(rows.at(-1), record, marks.at(-1)?.row === rows.at(-1) ? BESIDE : 0)
    rows.push(row)
    const mark = markOf(record, row)
    if (mark === null) journeys.add(record, row)
    else marks.push(mark)
  }
  journeys.finish()
  const { arrows } = journeys
  for (const { host } of marks) if (host !== null) hosts.set(host.id, host)
  for (const { from, to } of arrows) hosts.set(from.id, from).set(to.id, to)
  const inOrder = [...hosts.values()].sort((a, b) => a.id - b.id)
  return { hosts: inOrder, rows, arrows, marks, height: (rows.at(-1)?.y ?? FIRST) + BELOW, isCut }
}

function isShown(record: TraceRecord, timers: boolean): boolean {
  return record.index > 0 && record.kind !== 'host' && (timers || record.kind !== 'timer') &&
    // The arrow of its connection goes on to `accepted`.
    record.kind !== 'connected' &&
    !(record.kind === 'ended' && record.why === 'orderly')
}

/** @param more how much farther it is, at least */
function rowAfter(before: Row | undefined, { time, index }: TraceRecord, more: number): Row {
  if (before === undefined) return { y: FIRST, time, index }
  const apart = CLOSEST + more + 5 * Math.log10(1 + Math.max(0, time - before.time) * 10)
  return { y: before.y + Math.min(FARTHEST, Math.round(apart)), time, index }
}

function markOf(record: TraceRecord, row: Row): Mark | null {
  const mark = (host: TraceHost | null, style: Mark['style'], label: string): Mark => {
    return { row, host, style, label: fitted(printable(label), LABEL) }
  }
  switch (record.kind) {
    case 'up': return mark(record.host, 'up', record.incarnation > 1 ? `up, life ${record.incarnation}` : 'up')
    case 'crash': return mark(record.host, 'crash', 'crash')
    case 'timer': return mark(record.host, 'timer', '')
    case 'log': return mark(record.host, 'log', `${record.level}: ${record.text}`)
    case 'unhandled': return mark(record.host, 'unhandled', `unhandled: ${record.text}`)
    case 'ended': return mark(record.host, 'ended', `#${record.connection.id} ended: ${record.why}`)
    case 'fault': case 'note': return mark(null, record.kind, record.text)
    default: return null
  }
}
