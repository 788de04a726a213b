import { afterAll, describe, expect, it } from 'vitest'
import { STAGE_BYTES } from '../../../assembly/abi/layout.js'
import { CoreError, createCore } from '../../../src/core/index.js'
import type { LineHandler, LineParser } from '../../../src/core/index.js'
import { instantiatePlain } from '../../../src/core/plain.js'
import { bytes, chars, piecesOf } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'

describe.each(BUILDS)('what a handler may do in the middle of a chunk (%s)', (build) => {
  const core = coreOf(build)

  afterAll(() => expect(core.memoryUsage().parsers).toBe(0))

  /** A parser whose events are written down; `act` is called after each line. */
  function lines(act: (line: string, parser: LineParser, log: string[]) => void,
    options: object = {}): { parser: LineParser; log: string[] } {
    const log: string[] = []
    const handler: LineHandler<string> = {
      line: (line) => {
        log.push(line)
        act(line, parser, log)
      },
      lineTooLong: (data) => void log.push(`long:${chars(data)}`),
      raw: (data) => {
        log.push(`raw:${chars(data)}`)
        act('raw', parser, log)
      },
    }
    const parser = core.lineParser({ delimiter: '\n', handler, ...options })
    return { parser, log }
  }

  it('B03 setRawMode hands the rest out at once, and nothing when nothing is left', () => {
    const { parser, log } = lines((line) => {
      if (line === 'raw!') parser.setRawMode()
    })
    parser.receive(bytes('a\nraw!\nb\nc'))
    expect(log).toEqual(['a', 'raw!', 'raw:b\nc'])
    parser.receive(bytes('d\n'))
    expect(log).toEqual(['a', 'raw!', 'raw:b\nc', 'raw:d\n'])
    parser.setLineMode()
    parser.receive(bytes('raw!\n'))
    expect(log.slice(4)).toEqual(['raw!'])
    parser.free()
  })

  it('B04 setLineMode(extra) goes on with extra, after the raw event returned', () => {
    const { parser, log } = lines((line) => {
      if (line === 'raw!') parser.setRawMode()
      else if (line === 'raw') {
        parser.setLineMode(bytes('x\ny'))
        log.push('returned')
      }
    })
    parser.receive(bytes('raw!\n1234'))
    parser.receive(bytes('z\n'))
    expect(log).toEqual(['raw!', 'raw:1234', 'returned', 'x', 'yz'])
    parser.free()
  })

  it('B04 extra comes before what was received meanwhile, and before what raw mode did not take', () => {
    const nested = lines((line) => {
      if (line === 'raw!') nested.parser.setRawMode()
      else if (line === 'raw') {
        nested.parser.receive(bytes('later\n'))
        nested.parser.setLineMode(bytes('extra\n'))
      }
    })
    nested.parser.receive(bytes('raw!\n...'))
    expect(nested.log).toEqual(['raw!', 'raw:...', 'extra', 'later'])
    const both = lines((line) => {
      if (line !== 'both') return
      both.parser.setRawMode()
      both.parser.setLineMode(bytes('extra\n'))
    })
    both.parser.receive(bytes('both\nrest\nof it'))
    both.parser.receive(bytes('\n'))
    expect(both.log).toEqual(['both', 'extra', 'rest', 'of it'])
    nested.parser.free()
    both.parser.free()
  })

  it('B05 20,000 flips in one buffer use no stack, lose no byte, and stay linear', () => {
    let received = 0
    const mine = createCore({ instantiate: (onGrow) => {
      const exports = build === 'plain' ? instantiatePlain(onGrow) : core.exports
      return { ...exports, parserReceive: (parser, input, length, keepRest) => {
        received += length
        return exports.parserReceive(parser, input, length, keepRest)
      } }
    } })
    const seen: string[] = []
    const parser = mine.lineParser({
      delimiter: '\n',
      handler: {
        line: (line: string) => {
          seen.push(line)
          parser.setRawMode()
        },
        raw: (data) => {
          seen.push(`raw:${chars(data.subarray(0, 10))}`)
          parser.setLineMode(data.subarray(10))
        },
      },
    })
    const expected: string[] = []
    let stream = ''
    for (let i = 0; i < 20_000; i++) {
      const line = `line ${i}`
      const raw = String(i).padStart(10, '.')
      stream += `${line}\n${raw}`
      expected.push(line, `raw:${raw}`)
    }
    expect(stream.length).toBeGreaterThan(400_000)
    parser.receive(bytes(stream))
    parser.free()
    expect(seen.length).toBe(40_000)
    expect(seen.every((event, i) => event === expected[i])).toBe(true)
    // Each flip parses one small window again, never the rest of the buffer.
    expect(received).toBeLessThan(20_000 * 600 + 2 * STAGE_BYTES)
  })

  it('B11 pause holds back what is left, and one event comes for each resume', () => {
    const { parser, log } = lines(() => parser.pause())
    parser.receive(bytes('a\nb\nc\nd'))
    parser.receive(bytes('d\ne\n'))
    expect(log).toEqual(['a'])
    for (const expected of ['b', 'c', 'dd', 'e']) {
      parser.resume()
      expect(log.at(-1)).toBe(expected)
    }
    expect(log).toHaveLength(5)
    parser.resume()
    expect(log).toHaveLength(5)
    parser.free()
  })

  it('B11 pause and resume from inside is no pause, and does not nest', () => {
    let depth = 0
    const { parser, log } = lines(() => {
      expect(++depth).toBe(1)
      parser.pause()
      parser.resume()
      depth--
    })
    parser.receive(bytes('a\nb\nc\n'))
    expect(log).toEqual(['a', 'b', 'c'])
    parser.free()
  })

  it('B12 receive from inside appends, and does not nest', () => {
    let depth = 0
    const { parser, log } = lines((line) => {
      expect(++depth).toBe(1)
      if (line === 'a') parser.receive(bytes('x\ny'))
      if (line === 'b') parser.receive(bytes('z\n'))
      depth--
    })
    parser.receive(bytes('a\nb\nc'))
    expect(log).toEqual(['a', 'b', 'cx', 'yz'])
    parser.free()
  })

  it('B13 clear takes back what was not delivered, and it is gone', () => {
    let taken = ''
    const { parser, log } = lines((line) => {
      if (line === 'b') taken = chars(parser.clear())
    })
    parser.receive(bytes('a\nb\nc\nd'))
    expect([log, taken]).toEqual([['a', 'b'], 'c\nd'])
    parser.receive(bytes('e\nf'))
    parser.receive(bytes('g'))
    expect([log.at(-1), chars(parser.clear())]).toEqual(['e', 'fg'])
    parser.receive(bytes('h\n'))
    expect([log.at(-1), parser.clear().length]).toEqual(['h', 0])
    parser.free()
  })

  it('B13 clear in the middle of waiting chunks and of a line that spans them', () => {
    const taken: string[] = []
    const { parser } = lines((line) => {
      if (line === 'ab') {
        parser.receive(bytes('more'))
        taken.push(chars(parser.clear()))
      }
    })
    parser.receive(bytes('a'))
    parser.receive(bytes('b\nrest\n'))
    parser.pause()
    parser.receive(bytes('1\n'))
    parser.receive(bytes('2'))
    taken.push(chars(parser.clear()))
    parser.resume()
    expect(taken).toEqual(['rest\nmore', '1\n2'])
    parser.free()
  })

  it('B14 an error leaves receive; the next call goes on with the next event', () => {
    const { parser, log } = lines((line) => {
      if (line.startsWith('bad')) throw new Error(line)
    })
    expect(() => parser.receive(bytes('a\nbad 1\nb\nbad 2\nc\nd'))).toThrow('bad 1')
    expect(() => parser.receive(bytes('d\n'))).toThrow('bad 2')
    parser.resume()
    expect(log).toEqual(['a', 'bad 1', 'b', 'bad 2', 'c', 'dd'])
    parser.free()
  })

  it('B15 another delimiter holds for the rest of the buffer, whatever its length', () => {
    const next: Record<string, string> = { a: '--', b: 'aab', c: '==========', d: ';' }
    const stream = 'a\nb--caabd==========e;f\ng;'
    for (const chunks of [[bytes(stream)], piecesOf(bytes(stream), 1), piecesOf(bytes(stream), 3)]) {
      const { parser, log } = lines((line) => {
        if (line in next) parser.configure({ delimiter: next[line]! })
      })
      for (const chunk of chunks) parser.receive(chunk)
      expect(log).toEqual(['a', 'b', 'c', 'd', 'e', 'f\ng'])
      parser.free()
    }
  })

  it('B15 another limit holds for the rest of the buffer, and for a line that has begun', () => {
    const { parser, log } = lines((line) => {
      if (line === 'small') parser.configure({ maxLength: 3 })
      if (line === 'big') parser.configure({ maxLength: 10 })
    })
    parser.receive(bytes('0123456789\nsmall\nabc\nabcd\nrest'))
    parser.receive(bytes('big\n12345\n'))
    expect(log).toEqual(['0123456789', 'small', 'abc', 'long:abcd\nrest', 'big', '12345'])
    parser.receive(bytes('123456'))
    parser.configure({ maxLength: 4 })
    expect(log.at(-1)).toBe('long:123456')
    parser.receive(bytes('x-y-'))
    parser.configure({ delimiter: '-' })
    expect(log.slice(-2)).toEqual(['x', 'y'])
    parser.free()
  })

  it('B15 a delimiter that is none is refused and changes nothing', () => {
    const { parser, log } = lines(() => {})
    parser.receive(bytes('ab'))
    for (const delimiter of ['', new Uint8Array(70_000)]) {
      expect(() => parser.configure({ delimiter })).toThrow(CoreError)
    }
    expect(() => parser.configure({ maxLength: -1 })).toThrow(CoreError)
    parser.configure({ maxLength: 4 })
    parser.receive(bytes('cd\nefghi'))
    expect(log).toEqual(['abcd', 'long:efghi'])
    parser.free()
  })

  it('free in the middle ends delivery, and so later calls deliver nothing', () => {
    const { parser, log } = lines((line) => {
      if (line === 'b') parser.free()
    })
    parser.receive(bytes('a\nb\nc\n'))
    parser.receive(bytes('d\n'))
    parser.resume()
    parser.setRawMode()
    parser.setLineMode(bytes('x\n'))
    parser.free()
    expect(log).toEqual(['a', 'b'])
    expect(() => parser.clear()).toThrow(CoreError)
    expect(() => parser.configure({ maxLength: 9 })).toThrow(CoreError)
  })

  it('feeding another parser of the same core keeps both streams whole', () => {
    const inner: string[] = []
    const other = core.lineParser({ delimiter: '\n', handler: { line: (line: string) => void inner.push(line) } })
    const strings: string[] = []
    const third = core.netstringParser({ handler: { string: (data) => void strings.push(chars(data)) } })
    const stream = Array.from({ length: 5000 }, (_, i) => `line ${i}`)
    const { parser, log } = lines((line) => {
      other.receive(bytes(`${line}\n${line.slice(0, 3)}`))
      third.receive(bytes(`${line.length}:${line},`))
    })
    for (const chunk of piecesOf(bytes(`${stream.join('\n')}\n`), 4001)) parser.receive(chunk)
    expect(log).toEqual(stream)
    expect(strings).toEqual(stream)
    expect(inner).toEqual(stream.map((line, i) => (i === 0 ? line : `lin${line}`)))
    parser.free()
    other.free()
    third.free()
  })

  it('the same bytes may be fed to a second parser, and changed once receive returned', () => {
    const { parser, log } = lines(() => {})
    const second = lines(() => {})
    const buffer = bytes('one\ntwo\n')
    for (const text of ['one\ntwo\n', '111\n222\n']) {
      buffer.set(bytes(text))
      parser.receive(buffer)
      second.parser.receive(buffer)
    }
    expect(log).toEqual(['one', 'two', '111', '222'])
    expect(second.log).toEqual(log)
    parser.free()
    second.parser.free()
  })

  it('growth of the core\'s memory in the middle of a batch loses nothing', () => {
    const mine = build === 'plain' ? createCore({ instantiate: instantiatePlain }) : core
    const before = mine.memoryUsage().total
    const seen: string[] = []
    const others: LineParser[] = []
    const timers = mine.createTimers()
    const parser = mine.lineParser({
      delimiter: '\n',
      handler: {
        line: (line: string) => {
          seen.push(line)
          for (let i = 0; i < 40; i++) {
            const other = mine.lineParser({ delimiter: 'x'.repeat(300), maxLength: 1e6 })
            other.receive(new Uint8Array(2000))
            others.push(other)
            timers.schedule(seen.length * 1000 + i * 7, i)
          }
        },
      },
    })
    const expected = Array.from({ length: 300 }, (_, i) => `a line with the number ${i}`)
    parser.receive(bytes(`${expected.join('\n')}\nrest`))
    parser.receive(bytes(' of it\n'))
    expect(seen).toEqual([...expected, 'rest of it'])
    expect(mine.memoryUsage().total).toBeGreaterThan(before)
    for (const other of others) other.free()
    timers.free()
    parser.free()
  })
})
