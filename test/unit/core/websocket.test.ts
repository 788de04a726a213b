/**
 * What comes out of the WebSocket parser, over all builds: RFC 6455 sections 5, 7.4 and 8.1, at every cut.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { CoreError, createCore, WebSocketParseError } from '../../../src/core/index.js'
import type { Core, LineParser } from '../../../src/core/index.js'
import { bytes, chars, everyCut, piecesOf } from './support/bytes.js'
import { BUILDS, coreOf, optionsOf } from './support/builds.js'
import { withSmallCore } from './support/small-memory.js'
import { closing, collectWebSocket, frame, KEY, referenceWebSocket, utf8 } from './support/websocket.js'

/** Takes what memory there is in blocks of this size. */
function fill(core: Core, size: number): LineParser[] {
  const parsers: LineParser[] = []
  for (;;) {
    try {
      const parser = core.lineParser({ maxLength: 1e6, delimiter: '\n' })
      parsers.push(parser)
      parser.receive(new Uint8Array(size))
    } catch {
      return parsers
    }
  }
}

const server = { role: 'server' } as const
const client = { role: 'client' } as const

describe.each(BUILDS)('WebSocket frames (%s)', (build) => {
  const core = coreOf(build)
  const collect = (stream: string, options: Parameters<typeof collectWebSocket>[2] = server) =>
    collectWebSocket(core, [bytes(stream)], options)

  afterAll(() => expect(core.memoryUsage().parsers).toBe(0))

  it.each(['server', 'client'] as const)('to a %s come out the same at every cut', (role) => {
    const key = role === 'server' ? KEY : ''
    const long = 'x'.repeat(130)
    const stream = [
      frame({ opcode: 1, payload: utf8('héllo 😀'), key }),
      frame({ opcode: 2, payload: '\0\xff', key }),
      frame({ opcode: 1, payload: utf8('κόσ').slice(0, 3), fin: false, key }),
      frame({ opcode: 9, payload: 'ping', key }),
      frame({ opcode: 0, payload: '', fin: false, key }),
      frame({ opcode: 10, key }),
      frame({ opcode: 0, payload: utf8('κόσ').slice(3), key }),
      frame({ opcode: 2, payload: long, key }),
      frame({ opcode: 9, payload: 'p'.repeat(125), key }),
      frame({ opcode: 1, key }),
      frame({ opcode: 8, payload: closing(1000, utf8('füg')), key }),
    ].join('')
    const wanted = {
      events: [`text:${utf8('héllo 😀')}`, 'binary:\0\xff', 'ping:ping', 'pong:', `text:${utf8('κόσ')}`,
        `binary:${long}`, `ping:${'p'.repeat(125)}`, 'text:', `close:1000:${utf8('füg')}`],
      end: 'clean',
    }
    expect(referenceWebSocket(stream, { role })).toEqual(wanted)
    for (const chunks of everyCut(bytes(stream))) expect(collectWebSocket(core, chunks, { role })).toEqual(wanted)
  })

  it('of any length, in chunks of any size, whole or in pieces', () => {
    for (const length of [125, 126, 127, 65_522, 65_535, 65_536, 65_537, 200_000]) {
      let payload = ''
      for (let i = 0; i < length; i++) payload += String.fromCharCode(32 + (i * 7) % 90)
      const half = length >> 1
      const stream = frame({ opcode: 2, payload }) + frame({ opcode: 1, payload: payload.slice(0, half), fin: false })
        + frame({ opcode: 9, payload: 'x' }) + frame({ opcode: 0, payload: payload.slice(half) })
      for (const size of [stream.length, 65_536, 16_000, 1460]) {
        const { events, end } = collectWebSocket(core, piecesOf(bytes(stream), size), server)
        expect(end).toBe('clean')
        expect(events.map((event) => event.length)).toEqual([7 + length, 6, 5 + length])
        expect(events[0] === `binary:${payload}` && events[2] === `text:${payload}`).toBe(true)
      }
    }
  })

  it('more than the ring holds, in one chunk', () => {
    const one = frame({ opcode: 1, payload: 'ab' }) + frame({ opcode: 2, payload: 'c', key: '\x01\x02\x03\x04' })
    const { events, end } = collect(one.repeat(5000))
    expect(end).toBe('clean')
    expect(events.length).toBe(10_000)
    expect(events.every((event, i) => event === (i % 2 === 0 ? 'text:ab' : 'binary:c'))).toBe(true)
  })

  /** The shortest stream that is wrong: nothing is told one byte before. */
  function expectBadAtItsEnd(stream: string, closeCode: number, options: Parameters<typeof collect>[1] = server): void {
    expect(collect(stream, options)).toEqual({ events: [`bad:${closeCode}`], end: 'failed' })
    expect(collectWebSocket(core, piecesOf(bytes(stream + 'more'), 1), options).events).toEqual([`bad:${closeCode}`])
    for (const cut of [stream.slice(0, -1)]) {
      expect(collect(cut, options)).toEqual({ events: [], end: cut === '' ? 'clean' : 'inside-frame' })
    }
  }

  it('wrong ones are told of with the first byte that is wrong', () => {
    // Reserved bits and opcodes.
    for (const first of '\x91\xa1\xc1\xf1\xc9\x83\x87\x8b\x8f') expectBadAtItsEnd(first, 1002)
    expectBadAtItsEnd('\xc9', 1002, { ...server, allowCompressed: true })
    // Control frames that are fragmented or too long.
    for (const first of ['\x08', '\x09', '\x0a']) expectBadAtItsEnd(first, 1002)
    expectBadAtItsEnd('\x89\xfe', 1002)
    expectBadAtItsEnd('\x8a\xff', 1002)
    // Nothing to continue; a message inside of another.
    expectBadAtItsEnd('\x80', 1002)
    expectBadAtItsEnd('\x00', 1002)
    const begun = frame({ opcode: 1, payload: 'a', fin: false })
    for (const first of ['\x81', '\x02', '\xc0']) {
      expectBadAtItsEnd(begun + first, 1002, { ...server, allowCompressed: true })
    }
    // Masks.
    expectBadAtItsEnd('\x81\x05', 1002)
    expectBadAtItsEnd('\x81\x85', 1002, client)
    // Lengths: more bytes than needed, the top bit.
    expectBadAtItsEnd('\x82\xfe\x00\x7d', 1002)
    expectBadAtItsEnd('\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff', 1002)
    expectBadAtItsEnd('\x82\xff\x80', 1002)
    expectBadAtItsEnd('\x82\xff\x00\x00\x00\x01', 1009)
    // Close frames: RFC 6455, 5.5.1 and 7.4.
    expectBadAtItsEnd('\x88\x81', 1002)
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2999, 5000, 65_535]) {
      expectBadAtItsEnd(frame({ opcode: 8, payload: closing(code) }), 1002)
    }
    expectBadAtItsEnd(frame({ opcode: 8, payload: closing(1000, '\xce\xba\xe1') }), 1007)
  })

  it('of close codes those that may be sent are told, 1005 standing for none', () => {
    const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
    for (const code of codes) {
      expect(collect(frame({ opcode: 8, payload: closing(code, 'why') }))).toEqual({ events: [`close:${code}:why`],
        end: 'clean' })
    }
    expect(collect(frame({ opcode: 8 }))).toEqual({ events: ['close:1005:'], end: 'clean' })
    expect(collect(frame({ opcode: 8, payload: closing(1000, 'r'.repeat(123)) })).events[0]).toHaveLength(134)
  })

  it('behind a close frame are ignored, in the same chunk and later', () => {
    const stream = frame({ opcode: 8, payload: closing(1001) }) + frame({ opcode: 1, payload: 'late' }) + '\xff\xff'
    expect(collectWebSocket(core, [bytes(stream), bytes(frame({ opcode: 1, payload: 'later' }))], server))
      .toEqual({ events: ['close:1001:'], end: 'clean' })
    const alone = [bytes(frame({ opcode: 8 })), bytes(frame({ opcode: 1, payload: 'late' }))]
    expect(collectWebSocket(core, alone, server)).toEqual({ events: ['close:1005:'], end: 'clean' })
  })

  it('text that is no UTF-8 is told of with its first wrong byte, in a frame that goes on or in a later one', () => {
    const wrong = ['\x80', '\xc0', '\xc1', '\xe0\x9f', '\xed\xa0', '\xf0\x8f', '\xf4\x90', '\xf5', '\xff', '\xc3a',
      '\xe4\xb8a', '\xf0\x9f\x98a', '\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0']
    for (const bad of wrong) {
      for (const before of ['', 'a'.repeat(70), 'é'.repeat(40), '中'.repeat(30)].map(utf8)) {
        const text = before + bad
        const whole = frame({ opcode: 1, payload: text, length: 200, lengthBytes: 2 })
        expectBadAtItsEnd(whole, 1007)
        const at = text.length - 1
        expectBadAtItsEnd(frame({ opcode: 1, payload: text.slice(0, at), fin: false })
          + frame({ opcode: 0, payload: text.slice(at), length: 5 }), 1007)
      }
    }
    // A code point that never ends is known at the end of the message.
    for (const part of ['\xc3', '\xe4\xb8', '\xf0\x9f\x98']) {
      expectBadAtItsEnd(frame({ opcode: 1, payload: part }), 1007)
      expect(collect(frame({ opcode: 1, payload: part, fin: false })).events).toEqual([])
    }
    expect(collect(frame({ opcode: 2, payload: '\xff' })).events).toEqual(['binary:\xff'])
  })

  it('of a message over its limit are refused by their header; at the limit they are not', () => {
    const limits = { ...server, maxMessage: 1000 }
    expectBadAtItsEnd('\x82\xfe\x03\xe9', 1009, limits)
    expectBadAtItsEnd('\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00', 1009, limits)
    const part = frame({ opcode: 2, payload: 'x'.repeat(990), fin: false })
    expectBadAtItsEnd(`${part}\x80\x8b`, 1009, limits)
    expect(collect(part + frame({ opcode: 0, payload: 'y'.repeat(10) }), limits).events[0]).toHaveLength(1007)
    expectBadAtItsEnd('\x82\x81', 1009, { ...server, maxMessage: 0 })
    expect(collect(frame({ opcode: 2 }), { ...server, maxMessage: 0 }).events).toEqual(['binary:'])
    // A whole short message in a chunk takes another way.
    expect(collect(frame({ opcode: 2, payload: 'toolong' }), { ...server, maxMessage: 5 }).events).toEqual(['bad:1009'])
  })

  it('of a message beyond the number that is allowed are refused, empty ones too', () => {
    const empty = frame({ opcode: 0, fin: false })
    const limits = { ...server, maxFragments: 100 }
    expectBadAtItsEnd(`${frame({ opcode: 2, fin: false })}${empty.repeat(99)}\x00`, 1008, limits)
    const last = frame({ opcode: 0, payload: 'end' })
    const whole = frame({ opcode: 2, fin: false }) + empty.repeat(98) + last
    expect(collect(whole + whole, limits).events).toEqual(['binary:end', 'binary:end'])
    expect(collect(frame({ opcode: 2, fin: false }) + empty.repeat(20_000)).events).toEqual(['bad:1008'])
  })

  it('with RSV1, where that is allowed, are put together and not looked at', () => {
    const options = { ...server, allowCompressed: true }
    const stream = frame({ opcode: 1, payload: '\xff\xfe', reserved: 4, fin: false })
      + frame({ opcode: 0, payload: '\xfd' }) + frame({ opcode: 2, payload: '\xfc', reserved: 4 })
      + frame({ opcode: 1, payload: 'plain' })
    for (const chunks of everyCut(bytes(stream))) {
      expect(collectWebSocket(core, chunks, options).events)
        .toEqual(['compressed text:\xff\xfe\xfd', 'compressed binary:\xfc', 'text:plain'])
    }
  })

  it('say how the stream ended', () => {
    const stream = frame({ opcode: 1, payload: 'ab', fin: false }) + frame({ opcode: 0, payload: 'c' })
      + frame({ opcode: 9, payload: 'd' })
    for (let at = 0; at <= stream.length; at++) {
      const isBetween = at === 0 || at === stream.length || at === stream.length - 7
      expect(collect(stream.slice(0, at)).end).toBe(isBetween ? 'clean' : 'inside-frame')
    }
  })

  it('take no more memory than what has come, whatever they announce', () => {
    let allocated = 0
    const own = createCore({
      ...optionsOf(build), allocate: (length) => {
        allocated += length
        return new Uint8Array(length)
      },
    })
    const parser = own.websocketParser({ ...server, maxMessage: 2 ** 30 - 1 })
    const before = own.memoryUsage()
    parser.receive(bytes(`\x82\xff\0\0\0\0\x3f\xff\xff\xff${KEY}`))
    for (let i = 0; i < 1000; i++) parser.receive(new Uint8Array(100))
    expect(own.memoryUsage()).toEqual(before)
    expect(allocated).toBeLessThan(4 * 100_000)
    parser.free()
  })

  it('without memory for a control frame that spans chunks, tell what is whole first, and go on with some', () => {
    withSmallCore(build, 16, (small) => {
      const events: string[] = []
      const parser = small.websocketParser({
        ...server, handler: {
          binary: (data) => void events.push(chars(data)), ping: (data) => void events.push(`ping ${chars(data)}`),
        },
      })
      const parsers = [65_536, 4096, 256].flatMap((size) => fill(small, size))
      const ping = frame({ opcode: 9, payload: 'p'.repeat(120) })
      const chunk = bytes(frame({ opcode: 2, payload: 'whole' }) + ping.slice(0, 110))
      expect(() => parser.receive(chunk)).toThrow(CoreError)
      expect(events).toEqual(['whole'])
      for (const each of parsers) each.free()
      parser.receive(bytes(ping.slice(110) + frame({ opcode: 2, payload: 'more' })))
      expect(events).toEqual(['whole', `ping ${'p'.repeat(120)}`, 'more'])
      parser.free()
    })
  })

  it('errors carry the close code and name the section', () => {
    const errors: WebSocketParseError[] = []
    const parser = core.websocketParser({ ...server, handler: { bad: (error) => void errors.push(error) } })
    parser.receive(bytes('\x81\x05'))
    parser.receive(bytes('\x81\x05'))
    parser.free()
    expect(errors.map(({ code, closeCode, message }) => [code, closeCode, message])).toEqual([
      ['ERR_WEBSOCKET_PARSE', 1002,
        'What was received is no WebSocket: a frame from a client is not masked (RFC 6455, 5.1).'],
    ])
    expect(errors[0]).toBeInstanceOf(WebSocketParseError)
  })

  it('options that make no sense are refused', () => {
    expect(() => core.websocketParser({ role: 'proxy' as 'client' })).toThrow(CoreError)
    expect(() => core.websocketParser({ ...server, maxMessage: -1 })).toThrow(CoreError)
    expect(() => core.websocketParser({ ...server, maxMessage: NaN })).toThrow(CoreError)
    expect(() => core.websocketParser({ ...server, maxFragments: 0 })).toThrow(CoreError)
    for (const limit of [Infinity, 2 ** 40]) {
      core.websocketParser({ ...server, maxMessage: limit, maxFragments: limit }).free()
    }
  })

  it('memory stays flat over parsers in the middle of a frame, and over control frames that span chunks', () => {
    const round = (): void => {
      const parser = core.websocketParser(server)
      for (const piece of piecesOf(bytes(frame({ opcode: 9, payload: 'p'.repeat(100) })), 30)) parser.receive(piece)
      parser.receive(bytes(frame({ opcode: 9, payload: 'half' }).slice(0, 8)))
      parser.free()
    }
    round()
    const before = core.memoryUsage()
    for (let i = 0; i < 500; i++) round()
    expect(core.memoryUsage()).toEqual(before)
  })

  it('an idle parser costs its struct only, also behind a control frame that spanned chunks', () => {
    const before = core.memoryUsage().used
    const parser = core.websocketParser(server)
    for (const piece of piecesOf(bytes(frame({ opcode: 9, payload: 'p'.repeat(100) })), 30)) parser.receive(piece)
    expect(core.memoryUsage().used - before).toBe(64)
    parser.free()
  })
})
