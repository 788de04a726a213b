/**
 * The head of a trace file.
 *
 * Owns: its bytes, both ways, and the errors of a file that is none. Must not know: records.
 */

import { TraceError } from '../../errors/trace.js'
import { Fields } from './fields.js'
import { MAGIC, VERSION } from './format.js'
import { asBytes, putBytes, putNumber } from './varint.js'

/** What stands before the records. */
export interface TraceHead {
  /** As it was given to the simulation; '' if it was not. */
  readonly seed: string
  /** What the wall clock said at time 0, ms since 1970. */
  readonly epoch: number
  /** Of all records, kept or not. */
  readonly digest: string
  /** How many there were. */
  readonly records: number
  /** How many of them are not in the file: its oldest. */
  readonly dropped: number
  /** Bytes of all that follows the head. */
  readonly length: number
}

/** @internal */
export function writeHead(head: TraceHead): Uint8Array {
  const seed = asBytes(head.seed)
  const digest = asBytes(head.digest)
  const fields = new Uint8Array(64 + seed.length + digest.length)
  let at = putBytes(fields, 0, seed)
  at = putNumber(fields, at, head.epoch)
  at = putBytes(fields, at, digest)
  at = putNumber(fields, at, head.records)
  at = putNumber(fields, at, head.dropped)
  at = putNumber(fields, at, head.length)
  const bytes = new Uint8Array(MAGIC.length + 11 + at)
  bytes.set(MAGIC)
  bytes[MAGIC.length] = VERSION
  const end = putBytes(bytes, MAGIC.length + 1, fields.subarray(0, at))
  return bytes.subarray(0, end)
}

/** @throws TraceError @returns the head, and where the records begin @internal */
export function readHead(bytes: Uint8Array): { head: TraceHead; end: number } {
  const { head, end } = headOf(bytes)
  const missing = end + head.length - bytes.length
  if (missing > 0) throw new TraceError(`The trace is cut off: ${missing} bytes are missing.`, { trouble: 'cut off' })
  return { head, end }
}

/**
 * How long a trace is, from its beginning, so that no more of a file need be read.
 *
 * @returns bytes of head and records; null while the beginning is too short to tell
 * @throws TraceError if it is no trace, or of another version
 */
export function traceLength(beginning: Uint8Array): number | null {
  try {
    const { head, end } = headOf(beginning)
    return end + head.length
  } catch (error) {
    if (error instanceof TraceError && error.trouble === 'cut off') return null
    throw error
  }
}

function headOf(bytes: Uint8Array): { head: TraceHead; end: number } {
  if (bytes.length === 0) throw new TraceError('This is no trace: there is nothing in it.', { trouble: 'no trace' })
  if (!MAGIC.every((byte, i) => i >= bytes.length || bytes[i] === byte)) {
    throw new TraceError('This is no trace: it does not begin as one.', { trouble: 'no trace' })
  }
  if (bytes.length <= MAGIC.length) throw new TraceError('The trace ends in its head.', { trouble: 'cut off' })
  const version = bytes[MAGIC.length]
  if (version !== VERSION) {
    const message = `The trace is of version ${version}; this program reads version ${VERSION}.`
    throw new TraceError(message, { trouble: 'version' })
  }
  const outer = new Fields(bytes.subarray(MAGIC.length + 1), MAGIC.length + 1)
  const inner = new Fields(outer.bytes(), outer.at)
  const head = {
    seed: inner.text(), epoch: inner.number(), digest: inner.text(), records: inner.number(), dropped: inner.number(),
    length: inner.number(),
  }
  return { head, end: outer.at }
}
