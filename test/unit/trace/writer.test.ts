import { describe, expect, it } from 'vitest'
import { TraceError } from '../../../src/errors/index.js'
import { ENDINGS, LOSSES, MAGIC, VERSION } from '../../../src/testing/trace/format.js'
import { TraceReader } from '../../../src/testing/trace/reader.js'
import { TRACE_KINDS } from '../../../src/testing/trace/records.js'
import type { TraceRecord } from '../../../src/testing/trace/records.js'
import { ENDED, LOST } from '../../../src/testing/simulation/network/link.js'
import { ascii, BODY, makeWriter, writeSample } from './sample.js'

const read = (bytes: Uint8Array): TraceRecord[] => [...new TraceReader(bytes)]

const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

describe('what is written can be read', () => {
  const writer = makeWriter()
  writeSample(writer)
  const bytes = writer.bytes()
  const records = read(bytes)

  it('the head tells seed, digest and how many records there are', () => {
    expect(new TraceReader(bytes).head).toMatchObject({
      seed: '42', epoch: Date.UTC(2000, 0, 1), digest: writer.digest(), records: writer.records, dropped: 0,
    })
    expect(records.length).toBe(writer.records)
    expect(records.map(({ index }) => index)).toEqual(records.map((_, i) => i + 1))
  })

  it('every kind of record comes back', () => {
    expect(new Set(records.map(({ kind }) => kind))).toEqual(new Set(TRACE_KINDS))
  })

  it('times are the multiples of a microsecond that were told, also after a long silence', () => {
    const times = [...new Set(records.map(({ time }) => time))]
    expect(times).toEqual([
      0, 1, 2.5, 3.125, 3.25, 4, 204, 205, 206, 207, 1000, 1001, 1001.5, 1002, 90_000_000, 90_000_001, 90_000_002,
    ])
  })

  it('what was delivered is found in what was sent', () => {
    const parts = records.filter((one) => one.kind === 'delivered' && one.connection.id === 1 && one.direction === 1)
    const text = parts.map((one) => {
      if (one.kind !== 'delivered') return ''
      return new TextDecoder().decode(one.connection.bytes(1, one.offset, one.length)!)
    }).join('')
    expect(text.endsWith(`\r\n\r\n${BODY}`)).toBe(true)
  })

  it('bytes that several writes made are one piece, and missing ones are null', () => {
    const trace = makeWriter()
    trace.sent(9, 0, 0, ascii('abc'))
    trace.sent(9, 0, 3, new Uint8Array(0))
    trace.sent(9, 0, 3, ascii('def'))
    trace.sent(9, 0, 8, ascii('ij'))
    trace.delivered(9, 0, 0, 0)
    const [last] = read(trace.bytes()).slice(-1)
    if (last?.kind !== 'delivered') throw new Error('The last record is another.')
    const text = (offset: number, length: number): string | null => {
      const found = last.connection.bytes(0, offset, length)
      return found === null ? null : new TextDecoder().decode(found)
    }
    expect([text(0, 6), text(1, 4), text(3, 3), text(0, 0)]).toEqual(['abcdef', 'bcde', 'def', ''])
    expect([text(5, 2), text(6, 1), text(8, 3)]).toEqual([null, null, null])
    expect(last.connection.bytes(1, 0, 1)).toBeNull()
  })

  it('numbers of 53 bits, texts that are not ASCII, and payloads larger than a block survive', () => {
    const trace = makeWriter()
    const large = Uint8Array.from({ length: 200_000 }, (_, i) => i * 7)
    trace.begin(2 ** 43)
    trace.sent(2 ** 53 - 1, 1, 2 ** 53 - 1, large)
    trace.sent(5, 0, 2 ** 31, ascii('x'))
    trace.note('żółw 🐢 \ud800 '.repeat(20))
    trace.begin(2 ** 43 + 0.001)
    trace.note('\ufeffend')
    const [first, second, third, fourth] = read(trace.bytes())
    expect(first).toMatchObject({ time: 2 ** 43, offset: 2 ** 53 - 1, direction: 1, connection: { id: 2 ** 53 - 1 } })
    expect(first?.kind === 'sent' && Buffer.compare(first.data, large)).toBe(0)
    expect(second).toMatchObject({ offset: 2 ** 31 })
    expect(third).toMatchObject({ text: 'żółw 🐢 \ufffd '.repeat(20) })
    expect(fourth).toMatchObject({ time: 2 ** 43 + 0.001, text: '\ufeffend' })
  })
})

describe('what is kept', () => {
  const fill = (trace: ReturnType<typeof makeWriter>, rounds: number): void => {
    writeSample(trace)
    trace.connect(70, 1, 2, '10.0.0.1', 1, '10.0.0.2', 2, 'tcp')
    trace.accepted(70)
    for (let i = 0; i < rounds; i++) {
      trace.begin(90_000_100 + i)
      trace.sent(70, 0, 60 * i, new Uint8Array(60).fill(i))
      trace.delivered(70, 0, 60 * i, 60)
    }
  }
  const whole = makeWriter()
  fill(whole, 5_000)

  it('the digest does not depend on what is kept, nor on when it is asked for', () => {
    const [none, some, asked] = [makeWriter({ keepBytes: 0 }), makeWriter({ keepBytes: 100_000 }), makeWriter()]
    fill(none, 5_000)
    fill(some, 5_000)
    asked.digest()
    fill(asked, 2_500)
    const half = makeWriter()
    fill(half, 2_500)
    expect(asked.digest()).toBe(half.digest())
    expect(none.digest()).toBe(whole.digest())
    expect(some.digest()).toBe(whole.digest())
    half.note('')
    expect(half.digest()).not.toBe(asked.digest())
  })

  it('the digest is that of all bytes behind the head', async () => {
    const { createCore } = await import('../../../src/core/index.js')
    const digest = createCore().digest()
    const bytes = whole.bytes()
    digest.update(bytes.subarray(bytes.length - new TraceReader(bytes).head.length))
    expect(digest.hex()).toBe(whole.digest())
  })

  it('of an old trace the newest records stay, with the hosts and connections they speak of', () => {
    const trace = makeWriter({ keepBytes: 100_000 })
    fill(trace, 5_000)
    const bytes = trace.bytes()
    const { head } = new TraceReader(bytes)
    const records = read(bytes)
    const past = records.filter(({ index }) => index === 0)
    const kept = records.filter(({ index }) => index > 0)
    expect(bytes.length).toBeLessThan(100_000 + 65_536 + 1_000)
    expect(bytes.length).toBeGreaterThan(65_536)
    expect(head.records).toBe(whole.records)
    expect(kept.length).toBe(head.records - head.dropped)
    expect(past.map((one) => [one.kind, one.time])).toEqual([
      ['host', 0], ['up', 0], ['host', 0],
      // That to a UNIX socket, which nobody ended.
      ['connect', 1001], ['accepted', 1001],
      ['up', 90_000_000], ['connect', 90_000_002], ['accepted', 90_000_002],
    ])
    const all = read(whole.bytes())
    expect(kept.at(-1)).toEqual(expect.objectContaining({ index: whole.records, time: all.at(-1)!.time }))
    expect(kept[0]).toMatchObject({
      index: head.dropped + 1, time: all[head.dropped]!.time,
      connection: { from: { name: 'client' }, to: { name: 'server' }, toPort: 2 },
    })
  })

  it('memory does not grow with the records that are dropped', () => {
    const trace = makeWriter({ keepBytes: 200_000 })
    trace.host(1, 'a', '', '')
    for (let i = 0; i < 100_000; i++) {
      trace.begin(i)
      trace.connect(i, 1, 1, '', i, '', 0, 'tcp')
      if (i % 3 === 0) {
        trace.refused(i, 4)
        continue
      }
      trace.accepted(i)
      trace.ended(i, 0, 0)
      trace.ended(i, 1, 0)
    }
    const past = read(trace.bytes()).filter(({ index }) => index === 0)
    expect(past.length).toBeLessThan(10)
    expect(trace.bytes().length).toBeLessThan(270_000)
  })

  it('with nothing kept, a file of no records tells how many there were', () => {
    const trace = makeWriter({ keepBytes: 0 })
    writeSample(trace)
    expect(read(trace.bytes())).toEqual([])
    expect(new TraceReader(trace.bytes()).head).toMatchObject({ dropped: trace.records, digest: trace.digest() })
  })
})

describe('bytes that are no trace', () => {
  const writer = makeWriter()
  writeSample(writer)
  const bytes = writer.bytes()
  const trouble = (broken: Uint8Array): string => {
    try {
      read(broken)
    } catch (error) {
      if (error instanceof TraceError) return error.trouble
      throw error
    }
    return 'none'
  }

  it('another magic number is named, also when nothing follows', () => {
    expect(trouble(ascii('GIF89a and more bytes'))).toBe('no trace')
    expect(trouble(new Uint8Array(0))).toBe('no trace')
    expect(trouble(new Uint8Array([0x89, 0x57, 0x55]))).toBe('no trace')
  })

  it('a newer version is named, with its number', () => {
    const newer = bytes.slice()
    newer[MAGIC.length] = VERSION + 1
    expect(trouble(newer)).toBe('version')
    expect(() => new TraceReader(newer)).toThrow(`version ${VERSION + 1}`)
  })

  it('a trace cut off at any byte says so', () => {
    const cuts = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1)
    expect(new Set(cuts.map((end) => trouble(bytes.subarray(0, end))))).toEqual(new Set(['cut off']))
  })

  it('any byte may be another: the error is named, or the trace is read to its end', () => {
    const found = new Set<string>()
    for (let at = 0; at < bytes.length; at++) {
      const broken = bytes.slice()
      broken[at] = [0xff, 0x1e, 0x7f, 0x80, 0x00][at % 5]!
      found.add(trouble(broken))
    }
    expect([...found].sort()).toEqual(['cut off', 'damaged', 'no trace', 'none', 'version'])
  })

  it('bytes behind the end are not read', () => {
    expect(read(new Uint8Array([...bytes, 1, 2, 3])).length).toBe(writer.records)
  })
})

it('the network writes the numbers whose names are read', () => {
  for (const [name, number] of Object.entries(LOST)) expect(LOSSES[number]?.replace(' there', '')).toBe(words(name))
  for (const [name, number] of Object.entries(ENDED)) expect(ENDINGS[number]).toBe(words(name))
})
