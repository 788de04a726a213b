/**
 * `whorl trace FILE`: prints the trace of a simulation, compares it with another, draws or exports it.
 *
 * Owns: what is asked for on the command line, and where it goes. Must not know: traces; src/testing/trace/ does.
 */

import { open as openFile, writeFile } from 'node:fs/promises'
import { resolve as resolvePath } from 'node:path'
import process from 'node:process'
import { defaultCore } from '../../../src/core/index.js'
import { TraceError } from '../../../src/errors/index.js'
import { traceLength } from '../../../src/testing/trace/head.js'
import {
  compareTraces, drawTrace, filterTrace, printRecord, TRACE_KINDS, TraceReader, traceToHTML, traceToPcapng,
} from '../../../src/testing/trace/index.js'
import type { TraceDifference, TraceDrawOptions, TraceFilter, TraceRecord } from '../../../src/testing/trace/index.js'
import { printable } from '../../../src/testing/trace/print.js'
import type { Arguments, Command } from './command.js'
import { FAILED, OK, readArguments, say, UsageError } from './command.js'
import { filterOf, stringOf, USAGE, wholeNumber } from './trace-arguments.js'

/** Lines that are written at once. */
const BATCH = 500
/** Bytes in which the head of a trace must be. */
const HEAD = 1 << 20

const CONDITIONS = ['host', 'connection', 'kind', 'from', 'to', 'text']
const FILES = ['svg', 'html', 'pcapng']
/** What would be passed over beside another option, or without one. */
const ALONE: readonly (readonly [option: string, others: readonly string[]])[] = [
  ['diff', ['summary', 'payload', 'limit', 'timers', ...FILES, ...CONDITIONS]],
  ['summary', ['payload', 'limit', 'timers', ...FILES, ...CONDITIONS]],
  ...FILES.map((name) => [name, ['payload']] as const),
]
const ONLY_WITH: readonly (readonly [option: string, others: readonly string[]])[] = [
  ['context', ['diff']], ['timers', ['svg', 'html']],
]

export const trace: Command = {
  summary: 'print, compare, draw or export the trace of a simulation',
  usage: USAGE,
  async run(args) {
    const text = { type: 'string' } as const
    const yes = { type: 'boolean' } as const
    const list = { type: 'string', multiple: true } as const
    const { values, positionals } = readArguments(args, ['FILE'], {
      host: list, connection: list, kind: list, from: text, to: text, text, payload: text, limit: text, svg: text,
      html: text, pcapng: text, timers: yes, diff: text, context: text, summary: yes,
    })
    const file = positionals[0] as string
    checkTogether(values, file)
    const filter = filterOf(values)
    const limit = wholeNumber(values, 'limit')
    const payload = wholeNumber(values, 'payload')
    const context = wholeNumber(values, 'context')
    const reader = await open(file)
    const other = stringOf(values, 'diff')
    if (other !== undefined) {
      const theirs = await open(other)
      return naming(`${file} or ${other}`, () => tellDifference(compareTraces(reader, theirs, context), file, other))
    }
    return naming(file, async () => {
      if (values['summary'] === true) {
        await print([summaryOf(reader)])
        return OK
      }
      checkHosts(reader, filter)
      const isEmpty = isFruitless(reader, filter)
      if (isEmpty) say('no record meets the conditions')
      const timers = values['timers'] === true
      const draw: TraceDrawOptions = limit === undefined ? { filter, timers } : { filter, timers, limit }
      if (await writeFiles(reader, values, draw) || isEmpty) return OK
      await print(linesOf(filterTrace(reader, filter), limit ?? Infinity, payload))
      return OK
    })
  },
}

/** @throws UsageError where something that was asked for would not be done, or a file lost */
function checkTogether(values: Arguments['values'], file: string): void {
  const isGiven = (name: string): boolean => values[name] !== undefined
  for (const [option, others] of ALONE) {
    const other = isGiven(option) ? others.find(isGiven) : undefined
    if (other !== undefined) throw new UsageError(`--${other} does not go with --${option}`)
  }
  for (const [option, others] of ONLY_WITH) {
    if (!isGiven(option) || others.some(isGiven)) continue
    throw new UsageError(`--${option} needs ${others.map((name) => `--${name}`).join(' or ')}`)
  }
  const paths = new Set([resolvePath(file)])
  for (const name of FILES) {
    const path = stringOf(values, name)
    if (path === undefined) continue
    if (paths.has(resolvePath(path))) throw new UsageError(`--${name} would write over ${path}`)
    paths.add(resolvePath(path))
  }
}

/** @throws UsageError for hosts that there are not */
function checkHosts(reader: TraceReader, { hosts = [] }: TraceFilter): void {
  if (hosts.length === 0) return
  const names = new Set(reader.hosts().map(({ name }) => name))
  const missing = hosts.find((name) => !names.has(name))
  if (missing === undefined) return
  throw new UsageError(`there is no host "${printable(missing)}"; there are ${[...names].map(printable).join(', ') || 'none'}`)
}

function isFruitless(reader: TraceReader, filter: TraceFilter): boolean {
  for (const _record of filterTrace(reader, filter)) return false
  return true
}

/** @returns whether any was asked for */
async function writeFiles(reader: TraceReader, values: Arguments['values'], draw: TraceDrawOptions): Promise<boolean> {
  const [svg, html, pcapng] = ['svg', 'html', 'pcapng'].map((name) => stringOf(values, name))
  if (svg !== undefined) await writeFile(svg, drawTrace(reader, draw))
  if (html !== undefined) await writeFile(html, traceToHTML(reader, draw))
  if (pcapng !== undefined) await writeFile(pcapng, traceToPcapng(reader, draw.filter))
  return [svg, html, pcapng].some((name) => name !== undefined)
}

/** Of a file that may be anything, and have no end, no more is read than its head says. */
async function open(path: string): Promise<TraceReader> {
  return naming(path, async () => {
    const handle = await openFile(path)
    try {
      const chunks: Uint8Array[] = []
      let size = 0
      let wanted: number | null = null
      for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: HEAD })) {
        chunks.push(chunk as Uint8Array)
        size += (chunk as Uint8Array).length
        wanted ??= traceLength(Buffer.concat(chunks))
        if (size >= (wanted ?? HEAD)) break
      }
      const bytes = Buffer.concat(chunks)
      const reader = new TraceReader(bytes)
      // What can be read is of use, but nobody should take it for what has happened.
      if (!isIntact(reader, bytes.subarray(0, wanted ?? 0))) say(`${path} is damaged: its digest is that of other bytes`)
      return reader
    } finally {
      await handle.close()
    }
  })
}

/** As far as the file has what its digest was made of. */
function isIntact({ head }: TraceReader, bytes: Uint8Array): boolean {
  if (head.dropped > 0) return true
  const digest = defaultCore().digest()
  try {
    digest.update(bytes.subarray(bytes.length - head.length))
    return digest.hex() === head.digest
  } finally {
    digest.free()
  }
}

/** Tells of which file an error is, where it does not by itself. */
async function naming<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const isAbout = error instanceof TraceError || (error as { syscall?: unknown }).syscall === 'read'
    throw isAbout ? new Error(`${path}: ${(error as Error).message}`, { cause: error }) : error
  }
}

function * linesOf(records: Iterable<TraceRecord>, limit: number, payload: number | undefined): Iterable<string> {
  let count = 0
  for (const record of records) {
    if (count >= limit) return
    count += 1
    yield printRecord(record, payload === undefined ? {} : { payload })
  }
}

/** No faster than it is taken. */
async function print(lines: Iterable<string>): Promise<void> {
  let batch: string[] = []
  for (const line of lines) {
    batch.push(line)
    if (batch.length < BATCH) continue
    if (!await write(`${batch.join('\n')}\n`)) return
    batch = []
  }
  if (batch.length > 0) await write(`${batch.join('\n')}\n`)
}

/** @returns false when nobody reads on */
function write(text: string): Promise<boolean> {
  return new Promise((resolve) => {
    process.stdout.write(text, (error) => resolve(error === undefined || error === null))
  })
}

function summaryOf(reader: TraceReader): string {
  const { seed, digest, records, dropped } = reader.head
  const kinds = new Map<string, number>()
  const hosts = new Set<string>()
  let end = 0
  for (const record of reader) {
    if (record.kind === 'host') hosts.add(`${record.host.name} (${record.host.ipv4})`)
    if (record.index === 0) continue
    kinds.set(record.kind, (kinds.get(record.kind) ?? 0) + 1)
    end = record.time
  }
  return [
    `seed     ${printable(seed)}`,
    `digest   ${printable(digest)}`,
    `records  ${records}${dropped > 0 ? `, of which the first ${dropped} are not in the file` : ''}`,
    `until    ${end.toFixed(3)} ms`,
    `hosts    ${[...hosts].map(printable).join(', ')}`,
    ...TRACE_KINDS.filter((kind) => kinds.has(kind)).map((kind) => `  ${kind.padEnd(20)}${kinds.get(kind)}`),
  ].join('\n')
}

async function tellDifference(difference: TraceDifference | null, file: string, other: string): Promise<number> {
  if (difference === null) {
    say('no difference')
    return OK
  }
  const { index, isFirst, before, left, right } = difference
  const lines = (records: readonly TraceRecord[], sign: string): string[] => {
    return records.length === 0 ? [`${sign}  (ends)`] : records.map((record) => `${sign} ${printRecord(record)}`)
  }
  const remark = isFirst ? '' : '; what came before is not in both files, they may have parted there'
  const rest = left.length + right.length === 0 ? [] : [...lines(left, '-'), ...lines(right, '+')]
  await print([
    `--- ${file}`, `+++ ${other}`, `record ${index} differs${remark}`,
    ...before.map((record) => `  ${printRecord(record)}`), ...rest,
  ])
  return FAILED
}
