/**
 * The options of `whorl trace` as values.
 *
 * Owns: what each may be. Must not know: what is done with them.
 */

import { TRACE_KINDS, traceFilter } from '../../../src/testing/trace/index.js'
import type { TraceFilter } from '../../../src/testing/trace/index.js'
import type { Arguments } from './command.js'
import { UsageError } from './command.js'

/** What `--help` says. */
export const USAGE = `Prints what happened in a simulation, one record a line.

  whorl trace [CONDITIONS] [--payload N] [--limit N] FILE
  whorl trace [CONDITIONS] [--svg OUT] [--html OUT] [--pcapng OUT] FILE
  whorl trace --diff OTHER [--context N] FILE
  whorl trace --summary FILE

  FILE               a trace, as Simulation.trace() gives it

Conditions; a record is shown when it meets all of them (host, connection and kind may be given more than once):
  --host A,B         on one of these hosts, or between it and another
  --connection 1,2   of these connections
  --kind K,L         of these kinds
  --from MS          at or after this time
  --to MS            at or before it
  --text TEXT        with this in its line or payload; case does not matter

  --payload N        bytes of a payload that are printed (48)
  --limit N          records that are printed (all), or drawn (500)
  --svg OUT          draws a sequence diagram
  --html OUT         makes a page with the diagram and the records, to open in a browser
  --timers           shows timers in it, too
  --pcapng OUT       makes a capture file for Wireshark and tshark
  --diff OTHER       tells the first difference from another trace; the status is 1 if there is one
  --context N        records that are told on each side of it (5)
  --summary          tells seed, digest, hosts, and how many records of each kind there are

Kinds: ${TRACE_KINDS.slice(0, 12).join(', ')},
${TRACE_KINDS.slice(12).join(', ')}; "datagram" is the three of them.
`

/** What is to be shown. @throws UsageError for what no trace can have */
export function filterOf(values: Arguments['values']): TraceFilter {
  const [hosts, connections, kinds] = ['host', 'connection', 'kind'].map((name) => listOf(values, name))
  const [from, to] = [numberOf(values, 'from'), numberOf(values, 'to')]
  const text = stringOf(values, 'text')
  const filter: TraceFilter = {
    ...(hosts === undefined ? {} : { hosts }),
    ...(connections === undefined ? {} : { connections: connections.map((one) => toNumber(one, 'connection')) }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(text === undefined ? {} : { text }),
  }
  try {
    traceFilter(filter)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  return filter
}

/** An option with a text. */
export function stringOf(values: Arguments['values'], name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** Of an option that may be given more than once. */
function listOf(values: Readonly<Record<string, unknown>>, name: string): string[] | undefined {
  const given = values[name] as readonly string[] | undefined
  const list = given?.flatMap((one) => one.split(',')).map((one) => one.trim()).filter((one) => one !== '')
  if (list?.length === 0) throw new UsageError(`--${name} takes what is to be shown, with commas between`)
  return list
}

function numberOf(values: Arguments['values'], name: string): number | undefined {
  const text = stringOf(values, name)
  return text === undefined ? undefined : toNumber(text, name)
}

/** An option with a whole number. @throws UsageError */
export function wholeNumber(values: Arguments['values'], name: string): number | undefined {
  const value = numberOf(values, name)
  if (value === undefined || Number.isSafeInteger(value)) return value
  throw new UsageError(`--${name} takes a whole number`)
}

function toNumber(text: string, name: string): number {
  const value = Number(text.replace(/^#/, ''))
  if (text.trim() === '' || !(value >= 0)) throw new UsageError(`--${name} takes a number, not "${text}"`)
  return value
}
