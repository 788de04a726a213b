/**
 * Two traces, to the first record in which they differ.
 *
 * Owns: what counts as equal, and the context that is told. Must not know: how it is printed.
 */

import type { TraceReader } from './reader.js'
import type { TraceConnection, TraceDatagram, TraceHost, TraceRecord } from './records.js'

/** Where two traces part. */
export interface TraceDifference {
  /** Number of the first record that differs, from 1. */
  readonly index: number
  /** False: one of the files has lost its beginning, and they may have parted there already. */
  readonly isFirst: boolean
  /** The last records that are the same. */
  readonly before: readonly TraceRecord[]
  /** The record that differs and those after it in the first trace; empty when it ended before. */
  readonly left: readonly TraceRecord[]
  /** The same of the second. */
  readonly right: readonly TraceRecord[]
}

/**
 * Compares two traces record by record.
 *
 * @param context how many records are told on each side of the difference
 * @returns null when all that can be compared is equal
 * @throws TraceError for a file that is damaged before a difference
 */
export function compareTraces(a: TraceReader, b: TraceReader, context = 5): TraceDifference | null {
  if (a.head.digest === b.head.digest && a.head.records === b.head.records) return null
  const common = Math.max(a.head.dropped, b.head.dropped)
  const left = from(a, common)
  const right = from(b, common)
  const before: TraceRecord[] = []
  for (let index = common + 1; ; index++) {
    const one = left.next()
    const other = right.next()
    if (one.done === true && other.done === true) {
      // The digests differ, so that they parted in what neither file has any more.
      return common === 0 ? null : { index: common, isFirst: false, before: [], left: [], right: [] }
    }
    if (one.done !== true && other.done !== true && isSame(one.value, other.value)) {
      if (context > 0) before.push(one.value)
      if (before.length > context) before.shift()
      continue
    }
    const [ones, others] = [upTo(one, left, context), upTo(other, right, context)]
    return { index, isFirst: common === 0, before, left: ones, right: others }
  }
}

/** The records after those that were dropped from either. */
function * from(reader: TraceReader, dropped: number): Generator<TraceRecord, undefined> {
  for (const record of reader) if (record.index > dropped) yield record
  return undefined
}

function upTo(
  first: IteratorResult<TraceRecord, undefined>, rest: Iterator<TraceRecord, undefined>, context: number,
): TraceRecord[] {
  const records: TraceRecord[] = []
  for (let one = first; one.done !== true; one = rest.next()) {
    records.push(one.value)
    if (records.length > context) break
  }
  return records
}

/** Whether all that two records say is the same, but for their numbers, which count from what each file has. */
function isSame(a: TraceRecord, b: TraceRecord): boolean {
  const other = b as unknown as Readonly<Record<string, unknown>>
  return a.kind === b.kind && Object.entries(a).every(([name, value]) => {
    return name === 'index' || isSameValue(value, other[name])
  })
}

function isSameValue(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return isEqual(a, b)
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if ((a as Thing).id !== (b as Thing).id) return false
  // Of what began before the first record of a file, it may know no more than the number.
  if (isUnknown(a as Thing) || isUnknown(b as Thing)) return true
  const other = b as Readonly<Record<string, unknown>>
  return Object.entries(a).every(([name, value]) => isSameValue(value, other[name]))
}

/** A host, a connection or a datagram. */
type Thing = TraceHost | TraceConnection | TraceDatagram

function isUnknown(one: Thing): boolean {
  return 'from' in one && one.from.id === 0
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
