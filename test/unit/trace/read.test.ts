import { describe, expect, it } from 'vitest'
import {
  compareTraces, filterTrace, hostsOf, printRecord, traceFilter, TraceReader,
} from '../../../src/testing/trace/index.js'
import type { TraceFilter, TraceRecord } from '../../../src/testing/trace/index.js'
import type { TraceWriter } from '../../../src/testing/trace/writer.js'
import { ascii, makeWriter, writeSample } from './sample.js'

function sample(more: (trace: TraceWriter) => void = () => undefined, keepBytes = 1 << 20): TraceReader {
  const trace = makeWriter({ keepBytes })
  writeSample(trace)
  more(trace)
  return new TraceReader(trace.bytes())
}

describe('printing', () => {
  const lines = [...sample()].map((record) => printRecord(record).replace(/ +/g, ' ').trim())

  it('says when, where and what, in one line each', () => {
    expect(lines).toContain('0.000 client is a host: 10.0.0.1 fd00::1')
    expect(lines).toContain('1.000 client → server #1 connect from 10.0.0.1:49152 to 10.0.0.2:80')
    expect(lines).toContain('1000.000 client → server #2 connect from [fd00::1]:49153 to [fd00::2]:81')
    expect(lines).toContain('1001.000 server → server #3 connect to /run/app.sock')
    expect(lines).toContain('3.125 client → server #1 delivered at 0: 11 bytes "GET /hello "')
    expect(lines).toContain('4.000 server → client #1 lost 1460 bytes at 1000: chance')
    expect(lines).toContain('1002.000 server datagram 2 from port 5000 to [fd00::1]:6000: 1 byte "x"')
    expect(lines).toContain('90000002.000 client #4 ended: reset')
    expect(lines.every((line) => !line.includes('\n'))).toBe(true)
  })

  it('what a terminal would obey is not printed', () => {
    const trace = makeWriter()
    trace.log(0, 'in\x1bfo', 'a\x1b[31mb\x07\u202ec\r\nd')
    trace.sent(1, 0, 0, ascii('\x1b]0;x\x07\u009b"\\'))
    const [log, sent] = [...new TraceReader(trace.bytes())].map((record) => printRecord(record))
    expect(log).toMatch(/log in�fo: a�\[31mb��c ⏎ d$/)
    expect(sent).toMatch(/"\\x1b\]0;x\\x07\\xc2\\x9b\\"\\\\"$/)
  })

  it('payloads are cut where one asks for that', () => {
    const [record] = [...sample()].filter(({ kind }) => kind === 'sent')
    expect(printRecord(record!, { payload: 4 })).toMatch(/37 bytes "GET "…$/)
    expect(printRecord(record!, { payload: 0 })).toMatch(/37 bytes$/)
  })

  it('records about hosts and connections that the file does not tell of are printed, too', () => {
    const trace = makeWriter()
    trace.timer(7)
    trace.delivered(8, 0, 3, 4)
    trace.datagramDelivered(9, 7)
    trace.refused(10, 99)
    const text = [...new TraceReader(trace.bytes())].map((record) => printRecord(record)).join('\n')
    for (const part of ['#7', '#8 delivered at 3: 4 bytes', 'datagram 9 delivered', 'reason 99']) {
      expect(text).toContain(part)
    }
  })
})

describe('filters', () => {
  const reader = sample()
  const pick = (filter: TraceFilter): TraceRecord[] => [...filterTrace(reader, filter)]

  it('without a condition everything passes', () => {
    expect(pick({}).length).toBe(reader.head.records)
  })

  it('by host: on it, or between it and another; faults and notes are everywhere', () => {
    const found = pick({ hosts: ['client'] })
    expect(found.some(({ kind }) => kind === 'fault')).toBe(true)
    expect(found.some(({ kind }) => kind === 'crash')).toBe(false)
    for (const record of found) {
      const names = hostsOf(record).map(({ name }) => name)
      expect(names.length === 0 || names.includes('client')).toBe(true)
    }
    expect(pick({ hosts: ['nobody'] }).map(({ kind }) => kind)).toEqual(['fault', 'note'])
  })

  it('by connection, kind and group of kinds', () => {
    expect(pick({ connections: [3] }).map(({ kind }) => kind)).toEqual(
      ['connect', 'connected', 'accepted', 'sent', 'delivered'])
    expect(pick({ kinds: ['datagram', 'crash'] }).map(({ kind }) => kind)).toEqual(
      ['datagram-sent', 'datagram-delivered', 'datagram-sent', 'datagram-lost', 'crash'])
    expect(() => traceFilter({ kinds: ['dance'] })).toThrow(RangeError)
  })

  it('by time, both ends included', () => {
    const times = new Set(pick({ from: 3.25, to: 204 }).map(({ time }) => time))
    expect([...times]).toEqual([3.25, 4, 204])
  })

  it('by text in the line or anywhere in the payload, whatever the case', () => {
    expect(pick({ text: 'hOST: SERVER' }).map(({ kind }) => kind)).toEqual(['sent', 'delivered'])
    expect(pick({ text: 'partition' }).map(({ kind }) => kind)).toEqual(['datagram-lost', 'fault'])
    expect(pick({ text: 'hello', kinds: ['delivered'], connections: [3] }).length).toBe(1)
  })
})

describe('comparing', () => {
  it('equal traces have no difference, whatever of them is kept', () => {
    expect(compareTraces(sample(), sample())).toBeNull()
    expect(compareTraces(sample(), sample(undefined, 0))).toBeNull()
  })

  it('the first record that differs is told, with those around it', () => {
    const end = (text: string) => (trace: TraceWriter) => {
      trace.note('same')
      trace.note(text)
      trace.note('after')
    }
    const found = compareTraces(sample(end('one')), sample(end('other')), 2)!
    const texts = (records: readonly TraceRecord[]): string[] => {
      return records.map((one) => 'text' in one ? one.text : one.kind)
    }
    expect([found.isFirst, texts(found.before), texts(found.left), texts(found.right)]).toEqual(
      [true, ['ended', 'same'], ['one', 'after'], ['other', 'after']])
    expect(found.left[0]!.index).toBe(found.index)
  })

  it.each<[string, (trace: TraceWriter) => void, (trace: TraceWriter) => void]>([
    ['bytes far behind those that are printed', (t) => t.sent(9, 0, 0, ascii(`${'x'.repeat(500)}a`)),
      (t) => t.sent(9, 0, 0, ascii(`${'x'.repeat(500)}b`))],
    ['bytes of a datagram', (t) => t.datagramSent(9, 1, 1, '10.0.0.2', 1, ascii('a')),
      (t) => t.datagramSent(9, 1, 1, '10.0.0.2', 1, ascii('b'))],
    ['a time', (t) => t.note(''), (t) => {
      t.begin(1e9)
      t.note('')
    }],
    ['an end', () => undefined, (t) => t.timer(1)],
    ['a character that is not printed', (t) => t.note('a\x01'), (t) => t.note('a\x02')],
    ['a line feed that is printed as another', (t) => t.log(1, 'info', 'a\nb'), (t) => t.log(1, 'info', 'a \n b')],
    ['the address of a connection to a UNIX socket', (t) => t.connect(9, 1, 2, 'a', 1, '/s', 0, 'unix'),
      (t) => t.connect(9, 1, 2, 'b', 1, '/s', 0, 'unix')],
    ['a host that is called the same', (t) => {
      t.host(8, 'client', '', '')
      t.timer(1)
    }, (t) => {
      t.host(8, 'client', '', '')
      t.timer(8)
    }],
    ['a direction', (t) => t.delivered(1, 0, 5, 5), (t) => t.delivered(1, 1, 5, 5)],
    ['a kind', (t) => t.delivered(1, 0, 5, 5), (t) => t.resent(1, 0, 5, 5)],
    ['a reason', (t) => t.ended(1, 0, 1), (t) => t.ended(1, 0, 2)],
  ])('%s makes a difference', (_name, one, other) => {
    const found = compareTraces(sample(one), sample(other))
    const behind = sample().head.records + (_name.startsWith('a host') ? 1 : 0)
    expect(found?.index).toBe(behind + 1)
    expect(compareTraces(sample(other), sample(one))?.index).toBe(found?.index)
  })

  it('what one file knows and the other has lost makes none', () => {
    // A connection and a datagram from before the first record that is kept; the connection is over.
    const fill = (last: string) => (trace: TraceWriter) => {
      trace.connect(50, 1, 2, '10.0.0.1', 7, '10.0.0.2', 8, 'tcp')
      trace.accepted(50)
      trace.ended(50, 0, 0)
      trace.ended(50, 1, 0)
      trace.datagramSent(51, 1, 1, '10.0.0.2', 1, ascii('a'))
      for (let i = 0; i < 4_000; i++) trace.note(`number ${i} ${'x'.repeat(40)}`)
      trace.lost(50, 0, 3, 4, 7)
      trace.datagramDelivered(51, 2)
      trace.note(last)
    }
    const [short, whole] = [sample(fill('one'), 70_000), sample(fill('other'))]
    expect(short.head.dropped).toBeGreaterThan(1_000)
    expect(compareTraces(short, whole)?.index).toBe(short.head.records)
    expect(compareTraces(whole, short)?.index).toBe(short.head.records)
  })

  it('where a beginning is missing, that is said', () => {
    const many = (last: string) => (trace: TraceWriter) => {
      for (let i = 0; i < 20_000; i++) trace.note(`number ${i}`)
      trace.note(last)
    }
    const found = compareTraces(sample(many('a'), 100_000), sample(many('b')))
    expect(found).toMatchObject({ isFirst: false, index: sample().head.records + 20_001 })
    const early = compareTraces(sample((t) => many('a')(t), 0), sample((t) => many('b')(t), 0))
    expect(early).toMatchObject({ isFirst: false, left: [], right: [] })
  })
})
