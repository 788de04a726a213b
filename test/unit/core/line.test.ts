import { afterAll, describe, expect, it } from 'vitest'
import { CoreError } from '../../../src/core/index.js'
import { bytes, chars, everyCut, piecesOf } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'
import { collectLines } from './support/collect.js'
import { referenceLines } from './support/reference.js'

describe.each(BUILDS)('lines (%s)', (build) => {
  const core = coreOf(build)

  afterAll(() => expect(core.memoryUsage().parsers).toBe(0))

  it('B01 come out the same in every chunk size and at every two-way cut', () => {
    const data = bytes('a\r\nbb\r\n\r\nccc\r\n')
    for (const chunks of everyCut(data)) {
      expect(collectLines(core, chunks, '\r\n', 16384))
        .toEqual({ events: ['line:a', 'line:bb', 'line:', 'line:ccc'], end: 'clean' })
    }
  })

  it('B02 a lone CR or LF is data', () => {
    for (const chunks of everyCut(bytes('a\rb\nc\r\r\n\n\r\nx\n\r'))) {
      expect(collectLines(core, chunks, '\r\n', 99))
        .toEqual({ events: ['line:a\rb\nc\r', 'line:\n'], end: 'inside-frame' })
    }
  })

  it.each(['\n', '\0', '\r\n', 'aab', 'aaa', 'aba', 'abab', '--boundary', 'aaaaaaaaaab', 'ab'.repeat(20)])(
    'end at any delimiter: %j', (delimiter) => {
      const streams = [
        `x${delimiter}yy${delimiter}${delimiter}z`,
        delimiter.repeat(4) + delimiter.slice(0, -1),
        `${delimiter.slice(0, -1)}${delimiter}${delimiter.slice(1)}${delimiter}`,
        `aaaaaaaaaaaab${delimiter}aaabaab${delimiter}bababab`,
      ]
      for (const stream of streams) {
        const whole = referenceLines([stream], delimiter, 1000)
        for (const chunks of everyCut(bytes(stream))) {
          expect(collectLines(core, chunks, delimiter, 1000).events).toEqual(whole)
        }
      }
    })

  it('B06 a line of the limit passes; a longer one takes all that was buffered with it', () => {
    const short = '12\r\n123456\r\n'
    expect(collectLines(core, [bytes(`${short}1234567\r\nmore\r\n`), bytes('after\r\n')], '\r\n', 6).events)
      .toEqual(['line:12', 'line:123456', 'long:1234567\r\nmore\r\n', 'line:after'])
  })

  it('B07 with no delimiter yet a line trips at the limit and the delimiter\'s length', () => {
    for (const delimiter of ['\n', '\r\n', 'aab', '--boundary']) {
      const most = 6 + delimiter.length
      expect(collectLines(core, [bytes('x'.repeat(most - 1))], delimiter, 6))
        .toEqual({ events: [], end: 'inside-frame' })
      expect(collectLines(core, [bytes('x'.repeat(most))], delimiter, 6).events).toEqual([`long:${'x'.repeat(most)}`])
      expect(collectLines(core, piecesOf(bytes('x'.repeat(most)), 1), delimiter, 6).events)
        .toEqual([`long:${'x'.repeat(most)}`])
    }
  })

  it('B06, B07 as the reference, for every cut of streams with lines around the limit', () => {
    for (const delimiter of ['\n', '\r\n', 'aab', '==========']) {
      for (const limit of [0, 1, 4]) {
        const stream = ['', 'x', 'xxxx', 'xx', 'xxxxx', 'a', 'xxxxxxxxxxxxxxx', ''].join(delimiter)
        for (const chunks of everyCut(bytes(stream))) {
          expect(collectLines(core, chunks, delimiter, limit).events)
            .toEqual(referenceLines(chunks.map(chars), delimiter, limit))
        }
      }
    }
  })

  it('go on after a line that was too long', () => {
    expect(collectLines(core, [bytes('xxxxxxxxx'), bytes('ok\n'), bytes('yyyyyyyy\n'), bytes('fine\n')], '\n',
      4).events)
      .toEqual(['long:xxxxxxxxx', 'line:ok', 'long:yyyyyyyy\n', 'line:fine'])
  })

  it('find a delimiter at every place of a block, with hits that are none before it', () => {
    for (let length = 0; length < 70; length++) {
      const stream = `${'\n'.repeat(length)}\r\n${'\r'.repeat(length)}\r\n`
      expect(collectLines(core, [bytes(stream)], '\r\n', 99).events)
        .toEqual([`line:${'\n'.repeat(length)}`, `line:${'\r'.repeat(length)}`])
    }
  })

  it('tell every byte from the delimiter', () => {
    for (let delimiter = 0; delimiter < 256; delimiter++) {
      const others = Uint8Array.from({ length: 256 }, (_, i) => i).filter((byte) => byte !== delimiter)
      const events: string[] = []
      const stream = Uint8Array.of(...others, delimiter, ...others.reverse())
      events.push(...collectLines(core, [stream], Uint8Array.of(delimiter), 999).events)
      expect(events).toEqual([`line:${chars(others.reverse())}`])
    }
  })

  it('in windows: chunks and lines of more than 64 KiB, and more than 1,023 lines in one', () => {
    const big = 'b'.repeat(200_000)
    const stream = `${'\r\n'.repeat(3000)}${big}\r\n${'x\r\n'.repeat(30_000)}${big}${big}\r\nend\r\ntail`
    const whole = referenceLines([stream], '\r\n', 1_000_000)
    const data = bytes(stream)
    for (const chunks of [[data], piecesOf(data, 65536), piecesOf(data, 65535), piecesOf(data, 131073),
      piecesOf(data, 1460)]) {
      const { events, end } = collectLines(core, chunks, '\r\n', 1_000_000)
      expect(end).toBe('inside-frame')
      expect(events.length).toBe(whole.length)
      expect(events.every((event, i) => event === whole[i])).toBe(true)
    }
  })

  it('over the limit in windows: all that was received comes with it', () => {
    const stream = `ok\r\n${'b'.repeat(150_000)}\r\nrest`
    for (const limit of [10, 70_000, 149_999]) {
      const { events } = collectLines(core, [bytes(stream), bytes('\r\nnext\r\n')], '\r\n', limit)
      expect(events).toEqual(['line:ok', `long:${stream.slice(4)}`, 'line:', 'line:next'])
    }
  })

  it('say how the stream ended', () => {
    expect(collectLines(core, [], '\n', 9).end).toBe('clean')
    expect(collectLines(core, [bytes('a\n')], '\n', 9).end).toBe('clean')
    expect(collectLines(core, [bytes('a\nb')], '\n', 9).end).toBe('inside-frame')
    const ends: string[] = []
    const parser = core.lineParser({ handler: { line: () => {}, end: (how) => void ends.push(how) } })
    parser.end()
    parser.free()
    expect(ends).toEqual(['clean'])
  })

  it('take no delimiter of no bytes, none of more than 65,535, and no limit that is none', () => {
    for (const options of [{ delimiter: '' }, { delimiter: new Uint8Array(65536) }, { maxLength: -1 },
      { maxLength: NaN }]) {
      expect(() => core.lineParser(options)).toThrow(CoreError)
    }
    const long = new Uint8Array(65535).fill(0x2d)
    expect(collectLines(core, [bytes('a'), long, bytes('b')], long, Infinity).events).toEqual(['line:a'])
    expect(collectLines(core, piecesOf(bytes(`\x01${chars(long)}\x02${chars(long)}`), 4099), long, 9).events)
      .toEqual(['line:\x01', 'line:\x02'])
  })

  it('have a delimiter that is the parser\'s own', () => {
    const delimiter = bytes('\n')
    const lines: string[] = []
    const parser = core.lineParser({ delimiter, handler: { line: (line: string) => void lines.push(line) } })
    delimiter[0] = 0x78
    parser.receive(bytes('axb\n'))
    parser.configure({ maxLength: 3 })
    parser.receive(bytes('x\n'))
    parser.free()
    expect(lines).toEqual(['axb', 'x'])
  })
})
