/** Damaged traces: whatever is done with one, it is done, or fails with a TraceError; soon, and in little memory. */
import { describe, expect, it } from 'vitest'
import { TraceError } from '../../../src/errors/index.js'
import {
  compareTraces, drawTrace, filterTrace, printRecord, traceToHTML, traceToPcapng, TraceReader,
} from '../../../src/testing/trace/index.js'
import type { TraceWriter } from '../../../src/testing/trace/writer.js'
import { ascii, makeWriter, writeSample } from './sample.js'

const USES: Readonly<Record<string, (reader: TraceReader, whole: TraceReader) => unknown>> = {
  print: (reader) => [...filterTrace(reader, { text: 'o' })].map((record) => printRecord(record)).join('\n'),
  svg: (reader) => drawTrace(reader, { timers: true }),
  html: (reader) => traceToHTML(reader),
  pcapng: (reader) => traceToPcapng(reader),
  compare: (reader, whole) => [compareTraces(reader, whole), compareTraces(whole, reader)],
}

function bytesOf(fill: (trace: TraceWriter) => void): Uint8Array {
  const trace = makeWriter()
  fill(trace)
  return trace.bytes()
}

const sample = bytesOf((trace) => {
  writeSample(trace)
  trace.timer(1)
})
const whole = new TraceReader(bytesOf(writeSample))

/** @returns whether it failed as it may */
function fails(bytes: Uint8Array, use: (reader: TraceReader, whole: TraceReader) => unknown): boolean {
  try {
    use(new TraceReader(bytes), whole)
    return false
  } catch (error) {
    if (!(error instanceof TraceError)) throw error
    expect(error.message).toMatch(/^[A-Z][^\n]*\.$/)
    return true
  }
}

describe.each(Object.entries(USES))('%s', (_name, use) => {
  it('any byte may be another', () => {
    let failed = 0
    let tried = 0
    // Payloads are most of it, and the same everywhere.
    for (let at = 0; at < sample.length; at += at > 400 && at < sample.length - 900 ? 97 : 1) {
      for (const byte of [0xff, sample[at]! ^ 0x20]) {
        const broken = sample.slice()
        broken[at] = byte
        tried += 1
        if (fails(broken, use)) failed += 1
      }
    }
    expect(failed).toBeGreaterThan(tried / 50)
    expect(failed).toBeLessThan(tried)
  })

  it('a piece that is longer than any memory has no bytes', () => {
    const huge = bytesOf((trace) => {
      trace.host(1, 'a', '10.0.0.1', '')
      trace.connect(1, 1, 1, '10.0.0.1', 1, '10.0.0.1', 2, 'tcp')
      trace.accepted(1)
      trace.sent(1, 0, 0, ascii('abc'))
      trace.delivered(1, 0, 0, 2 ** 52)
      trace.lost(1, 0, 1, 2 ** 52, 1)
      trace.resent(1, 0, 1, 2 ** 33)
    })
    expect(fails(huge, use)).toBe(use === USES['pcapng'])
  })
})
