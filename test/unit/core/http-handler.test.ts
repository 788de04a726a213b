/**
 * What a handler may do at each event: pause, take the rest, receive, throw, free, use other parsers; and what the
 * parser does with the core meanwhile.
 */
import { describe, expect, it } from 'vitest'
import type { Core, HTTPHandler, HTTPHead, HTTPParser, StreamEnd } from '../../../src/core/index.js'
import { bytes, chars, everyCut, piecesOf } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'

const STREAM = 'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc'
  + '\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n'
  + 'PUT /3 HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x\r\nf\r\n0\r\nX-Sum: 1\r\n\r\n'
  + 'GET /4 HTTP/1.1\r\nHost: d\r\n\r\n'
const EVENTS = ['POST /1 a', 'a', 'b', 'c', 'end', 'GET /2 b', 'end', 'PUT /3 c', 'd', 'e', 'f', 'trailers 1', 'end',
  'GET /4 d', 'end']

/** Writes events down, a body's byte by byte; `then` is called after each event of the parser's. */
function recorder(log: string[], then: (parser: HTTPParser) => void = () => {}): HTTPHandler & { parser: HTTPParser } {
  const made = {
    parser: undefined as unknown as HTTPParser,
    head: (head: HTTPHead) => {
      log.push(`${head.method} ${head.target} ${head.fields.get('host')}`)
      then(made.parser)
    },
    body: (data: Uint8Array) => {
      log.push(...chars(data))
      then(made.parser)
    },
    trailers: (fields: HTTPHead['fields']) => {
      log.push(`trailers ${fields.get('x-sum')}`)
      then(made.parser)
    },
    messageEnd: () => {
      log.push('end')
      then(made.parser)
    },
    end: (how: StreamEnd) => void log.push(`over: ${how}`),
  }
  return made
}

function parserOf(core: Core, handler: HTTPHandler & { parser: HTTPParser }): HTTPParser {
  return (handler.parser = core.httpParser({ mode: 'request', handler }))
}

describe.each(BUILDS)('an HTTP parser in anyone\'s hands (%s)', (build) => {
  const core = coreOf(build)
  const cuts = build === 'simd' ? [...everyCut(bytes(STREAM))] : [[bytes(STREAM)], piecesOf(bytes(STREAM), 1)]

  it('may be paused in every event, and goes on where it was', () => {
    for (const chunks of cuts) {
      const log: string[] = []
      let pauses = 0
      const parser = parserOf(core, recorder(log, (parser) => {
        pauses++
        parser.pause()
      }))
      let before = 0
      for (const chunk of chunks) {
        parser.receive(chunk)
        for (let seen = -1; seen !== pauses;) {
          seen = pauses
          expect(pauses - before).toBeLessThanOrEqual(1)
          before = pauses
          parser.resume()
        }
      }
      parser.resume()
      expect(log).toEqual(EVENTS)
      expect(parser.isEmpty).toBe(true)
      expect(parser.end()).toBe('clean')
      parser.free()
    }
  })

  it('delivers nothing while it is paused, and all of it when it is resumed', () => {
    const log: string[] = []
    const parser = parserOf(core, recorder(log))
    parser.pause()
    for (const chunk of piecesOf(bytes(STREAM), 10)) parser.receive(chunk)
    expect(log).toEqual([])
    expect(parser.isEmpty).toBe(false)
    parser.resume()
    expect(log).toEqual(EVENTS)
    parser.free()
  })

  it('gives the rest away at every event: exactly what was not delivered', () => {
    for (const chunks of cuts) {
      for (let stop = 1; stop <= EVENTS.length; stop++) {
        const log: string[] = []
        let rest: Uint8Array | null = null
        const later: Uint8Array[] = []
        const parser = parserOf(core, recorder(log, (parser) => {
          if (log.length >= stop && rest === null) rest = parser.takeRest()
        }))
        for (const chunk of chunks) {
          if (rest === null) parser.receive(chunk)
          else later.push(chunk)
        }
        const all = chars(rest!) + later.map(chars).join('')
        // Whatever the rest is, a new parser goes on with it, unless it is in the middle of a body.
        expect(STREAM.endsWith(all)).toBe(true)
        const consumed = STREAM.slice(0, STREAM.length - all.length)
        const last = log[log.length - 1]!
        if (/^[A-Z]+ /.test(last)) expect(consumed).toMatch(/\r\n\r\n$/)
        else if (/^[a-f]$/.test(last)) expect(consumed.endsWith(last)).toBe(true)
        expect(parser.end()).toBe('clean')
        parser.receive(bytes(STREAM))
        parser.resume()
        expect(log.filter((one) => !one.startsWith('over'))).toEqual(EVENTS.slice(0, log.length - 1))
        expect(chars(parser.takeRest())).toBe('')
        parser.free()
      }
    }
  })

  it('gives back the beginning of a head that it keeps', () => {
    const parser = core.httpParser({ mode: 'request' })
    parser.receive(bytes('GET / HT'))
    parser.receive(bytes('TP/1.1\r\nHo'))
    expect(parser.isEmpty).toBe(false)
    parser.pause()
    parser.receive(bytes('st: '))
    parser.receive(bytes('a'))
    expect(chars(parser.takeRest())).toBe('GET / HTTP/1.1\r\nHost: a')
    expect(parser.isEmpty).toBe(true)
    parser.free()
  })

  it('becomes a tunnel or another protocol: nothing behind the head is looked at', () => {
    for (const head of ['CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n']) {
      for (const behind of ['', '\x16\x03\x01', '\x81\x05hello', '\r\n\r\n']) {
        const data = bytes(head + behind)
        for (const chunks of build === 'simd' ? everyCut(data) : [[data]]) {
          let taken = null as string | null
          let isWrong = false
          const parser = core.httpParser({
            mode: 'request',
            handler: {
              head: () => { taken = chars(parser.takeRest()) },
              bad: () => { isWrong = true },
              messageEnd: () => { isWrong = true },
            },
          })
          for (const chunk of chunks) {
            if (taken === null) parser.receive(chunk)
            else taken += chars(chunk)
          }
          expect({ taken, isWrong }).toEqual({ taken: behind, isWrong: false })
          parser.free()
        }
      }
    }
  })

  it('takes what a handler receives for it, behind all the rest', () => {
    const log: string[] = []
    let isFed = false
    const parser = parserOf(core, recorder(log, (parser) => {
      if (isFed) return
      isFed = true
      parser.receive(bytes('GET /5 HTTP/1.1\r\nHost: e\r\n\r\n'))
    }))
    parser.receive(bytes(STREAM))
    expect(log).toEqual([...EVENTS, 'GET /5 e', 'end'])
    parser.free()
  })

  it('goes on behind the event whose handler threw', () => {
    for (const chunks of cuts.slice(0, 40)) {
      const log: string[] = []
      const parser = parserOf(core, recorder(log, () => { throw new Error('from the handler') }))
      let thrown = 0
      const attempt = (call: () => void): boolean => {
        try {
          call()
          return false
        } catch (error) {
          expect((error as Error).message).toBe('from the handler')
          thrown++
          return true
        }
      }
      for (const chunk of chunks) {
        attempt(() => parser.receive(chunk))
        while (attempt(() => parser.resume())) { /* until nothing throws */ }
      }
      expect(log).toEqual(EVENTS)
      expect(thrown).toBeGreaterThan(10)
      parser.free()
    }
  })

  it('stops when it is freed in the middle', () => {
    for (let stop = 1; stop < EVENTS.length; stop++) {
      const log: string[] = []
      const parser = parserOf(core, recorder(log, (parser) => {
        if (log.length >= stop) parser.free()
      }))
      parser.receive(bytes(STREAM))
      parser.receive(bytes(STREAM))
      const { length } = log
      expect(length).toBeGreaterThanOrEqual(stop)
      expect(length).toBeLessThan(EVENTS.length + 1)
      parser.free()
    }
    expect(core.memoryUsage().parsers).toBe(0)
  })

  it('shares ring and stage with parsers that its handler uses, and grows memory under it', () => {
    for (const chunks of cuts.slice(0, 60)) {
      const log: string[] = []
      const others: string[] = []
      const other = core.lineParser({ handler: { line: (line: string) => void others.push(line) } })
      const inner: string[] = []
      const within = parserOf(core, recorder(inner))
      let keeper = core.netstringParser({ maxLength: 1e7 })
      const parser = parserOf(core, recorder(log, () => {
        other.receive(bytes('one\r\ntwo\r\n'))
        within.receive(bytes(STREAM))
        keeper.free()
        keeper = core.netstringParser({ maxLength: 1e7 })
        keeper.receive(bytes(`9999999:${'x'.repeat(300)}`))
      }))
      for (const chunk of chunks) parser.receive(chunk)
      expect(log).toEqual(EVENTS)
      expect(inner.length % EVENTS.length).toBe(0)
      expect(inner.slice(-EVENTS.length)).toEqual(EVENTS)
      expect(others.length).toBeGreaterThan(10)
      for (const one of [parser, within, other, keeper]) one.free()
    }
  })

  it('keeps heads readable for whoever keeps them', () => {
    const heads: HTTPHead[] = []
    for (const size of [1, 5, STREAM.length, 64]) {
      const parser = core.httpParser({ mode: 'request', handler: { head: (head) => void heads.push(head) } })
      for (const chunk of piecesOf(bytes(STREAM), size)) parser.receive(chunk)
      parser.free()
    }
    const told = heads.map((head) => `${head.target} ${head.method} ${[...head.fields].join(' ')}`)
    expect(told.slice(0, 4)).toEqual(['/1 POST host,a content-length,3', '/2 GET host,b',
      '/3 PUT host,c transfer-encoding,chunked', '/4 GET host,d'])
    for (let i = 4; i < told.length; i++) expect(told[i]).toBe(told[i % 4])
    expect(told).toHaveLength(16)
  })

  it('tells the end behind what was held back', () => {
    const log: string[] = []
    const parser = core.httpParser({
      mode: 'response',
      handler: {
        head: (head) => void log.push(`head ${head.status}`),
        body: (data) => {
          log.push(chars(data))
          parser.pause()
        },
        messageEnd: () => void log.push('end'),
        end: (how) => void log.push(how),
      },
    })
    parser.receive(bytes('HTTP/1.1 200 OK\r\n\r\nabc'))
    parser.receive(bytes('def'))
    expect(parser.end()).toBe('inside-frame')
    expect(log).toEqual(['head 200', 'abc'])
    parser.resume()
    expect(log).toEqual(['head 200', 'abc', 'def'])
    parser.resume()
    expect(log).toEqual(['head 200', 'abc', 'def', 'end', 'clean'])
    parser.free()
  })

  it('tells of what is wrong in the last line when the stream ends', () => {
    const log: string[] = []
    const parser = core.httpParser({
      mode: 'request',
      handler: { head: () => {}, bad: (error) => void log.push(String(error.status)),
        end: (how) => void log.push(how) },
    })
    for (const chunk of piecesOf(bytes('GET / HTTP/1.1\r\nHost : '), 1)) parser.receive(chunk)
    expect(log).toEqual([])
    expect(parser.end()).toBe('failed')
    expect(log).toEqual(['400', 'failed'])
    parser.free()
  })

  it('hands bodies out where they lie, whatever their length', () => {
    for (const [size, piece] of [[1, 1], [255, 100], [256, 256], [300_000, 65_536], [300_000, 7000],
      [70_000, 70_100]] as const) {
      for (const isChunked of [false, true]) {
        const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${size}`
        const head = `POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`
        const body = 'x'.repeat(size - 1) + 'y'
        const one = `${head}${isChunked ? `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body}`
        const chunks = piecesOf(bytes(one + one), piece)
        let seen = 0
        let ends = 0
        const parser = core.httpParser({
          mode: 'request',
          handler: {
            head: () => {},
            body: (data) => {
              expect(chunks.some((chunk) => chunk.buffer === data.buffer)).toBe(true)
              seen += data.length
              expect(data[data.length - 1]).toBe(seen % size === 0 ? 0x79 : 0x78)
            },
            messageEnd: () => void ends++,
          },
        })
        for (const chunk of chunks) parser.receive(chunk)
        expect({ seen, ends }).toEqual({ seen: 2 * size, ends: 2 })
        expect(parser.end()).toBe('clean')
        parser.free()
      }
    }
  })

  it('counts bodies beyond 4 GiB', () => {
    let seen = 0
    let ends = 0
    let said: number | null = 0
    const length = 2 ** 32 + 5
    const parser = core.httpParser({
      mode: 'request',
      handler: {
        head: (head) => { said = head.contentLength },
        body: (data) => { seen += data.length },
        messageEnd: () => void ends++,
      },
    })
    parser.receive(bytes(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n12345`))
    const piece = new Uint8Array(2 ** 26)
    for (let i = 0; i < 63; i++) parser.receive(piece)
    expect({ said, seen, ends }).toEqual({ said: length, seen: 5 + 63 * 2 ** 26, ends: 0 })
    parser.receive(piece)
    expect({ seen, ends }).toEqual({ seen: length, ends: 1 })
    expect(parser.end()).toBe('clean')
    parser.free()
  })

  it('reads thousands of requests of one chunk', () => {
    const chunk = bytes('GET /some/path HTTP/1.1\r\nHost: example.com\r\nX-Other: value\r\n\r\n'.repeat(5000))
    let heads = 0
    let ends = 0
    const line = core.lineParser()
    for (const isDisturbed of [false, true]) {
      const parser = core.httpParser({
        mode: 'request',
        handler: {
          head: ({ target }) => {
            heads += target === '/some/path' ? 1 : 0
            if (isDisturbed) line.receive(bytes('x\r\n'))
          },
          messageEnd: () => void ends++,
        },
      })
      parser.receive(chunk)
      parser.free()
    }
    line.free()
    expect({ heads, ends }).toEqual({ heads: 10_000, ends: 10_000 })
  })

  it('leaves memory as it was', () => {
    const round = (): void => {
      const parser = parserOf(core, recorder([]))
      for (const chunk of piecesOf(bytes(STREAM), 7)) parser.receive(chunk)
      parser.receive(bytes('GET / HTTP/1.1\r\nHo'))
      parser.free()
    }
    for (let i = 0; i < 50; i++) round()
    const before = core.memoryUsage()
    for (let i = 0; i < 500; i++) round()
    expect(core.memoryUsage()).toEqual(before)
    // An idle one costs its struct only, also behind heads that it kept.
    const parser = parserOf(core, recorder([]))
    for (const chunk of piecesOf(bytes(STREAM), 7)) parser.receive(chunk)
    expect(core.memoryUsage().used - before.used).toBe(64)
    parser.free()
  })

  it('refuses what is no Uint8Array, and forgets nothing by it', () => {
    const log: string[] = []
    const parser = parserOf(core, recorder(log))
    parser.receive(bytes(STREAM.slice(0, 10)))
    for (const wrong of ['GET', null, [71], new DataView(new ArrayBuffer(1))]) {
      expect(() => parser.receive(wrong as never)).toThrow(TypeError)
    }
    parser.receive(new Uint8Array(0))
    parser.receive(bytes(STREAM.slice(10)))
    expect(log).toEqual(EVENTS)
    parser.free()
  })

  it('reads fields by name, in any case, and all of one name', () => {
    let fields: HTTPHead['fields'] | undefined
    const parser = core.httpParser({ mode: 'request', handler: { head: (head) => { fields = head.fields } } })
    parser.receive(bytes('GET / HTTP/1.0\r\nX-A: 1\r\nAccept: a\r\nx-a: 2\r\nACCEPT: b\r\n'
      + 'Set-Cookie: c\r\nset-cookie: d\r\n\r\n'))
    parser.free()
    expect(fields!.get('x-a')).toBe('1, 2')
    expect(fields!.get('X-A')).toBe('1, 2')
    expect(fields!.get('accept')).toBe('a, b')
    expect(fields!.get('AcCePt')).toBe('a, b')
    expect(fields!.getAll('Set-Cookie')).toEqual(['c', 'd'])
    expect([fields!.get('host'), fields!.get('x-b'), fields!.has('x-A'), fields!.has('x-b')]).toEqual([null, null,
      true, false])
    expect(fields!.getAll('x-b')).toEqual([])
    expect([...fields!]).toEqual([['x-a', '1'], ['accept', 'a'], ['x-a', '2'], ['accept', 'b'], ['set-cookie', 'c'],
      ['set-cookie', 'd']])
    expect([fields!.count, fields!.rawName(0), fields!.rawName(3)]).toEqual([6, 'X-A', 'ACCEPT'])
  })
})
