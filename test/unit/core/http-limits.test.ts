/**
 * Limits of messages, each at its last and its first byte, and leniences, each on and off.
 */
import { describe, expect, it } from 'vitest'
import { HTTPParseError } from '../../../src/core/index.js'
import type { HTTPLeniences, HTTPLimits } from '../../../src/core/index.js'
import { bytes, piecesOf } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'
import { collectHTTP, eventsOf } from './support/http.js'

const lastOf = (stream: string, limits: HTTPLimits, mode: 'request' | 'response' = 'request'): string => {
  const { events } = eventsOf(stream, { mode, limits })
  return events[events.length - 1] ?? ''
}

describe('limits', () => {
  it('bytes of the first line', () => {
    const limits = { requestLine: 10 }
    expect(lastOf('GET /23456 HTTP/1.0\r\n\r\n', limits)).toBe('end')
    expect(lastOf('GET /234567 HTTP/1.0\r\n\r\n', limits)).toBe('bad:LINE_LIMIT')
    expect(lastOf('GET /234567', limits)).toBe('bad:LINE_LIMIT')
    expect(lastOf('GET /23456', limits)).toBe('')
    expect(lastOf('METHODMETHO', limits)).toBe('bad:LINE_LIMIT')
    expect(lastOf(`GET /${'x'.repeat(100)}`, limits)).toBe('bad:LINE_LIMIT')
    expect(lastOf('HTTP/1.1 200 OK\r\n\r\n', { requestLine: 15 }, 'response')).toBe('end')
    expect(lastOf('HTTP/1.1 200 OK\r\n\r\n', { requestLine: 14 }, 'response')).toBe('bad:LINE_LIMIT')
  })

  it('bytes of a head', () => {
    const head = 'GET / HTTP/1.0\r\nA: b\r\n\r\n'
    expect(lastOf(head, { headerBytes: head.length })).toBe('end')
    expect(lastOf(head, { headerBytes: head.length - 1 })).toBe('bad:HEADER_LIMIT')
    expect(lastOf(head.slice(0, -1), { headerBytes: head.length - 1 })).toBe('')
    expect(lastOf(`${head}${head}`, { headerBytes: head.length })).toBe('end')
    expect(lastOf(`GET / HTTP/1.0\r\n${'A: b\r\n'.repeat(20)}\r\n`, { headerBytes: 40 })).toBe('bad:HEADER_LIMIT')
    // What is wrong before the limit is what is told.
    expect(lastOf(`GET / HTTP/1.0\r\nA b\r\n${'A: b\r\n'.repeat(20)}\r\n`, { headerBytes: 40 })).toBe('bad:NAME')
  })

  it('fields of a head', () => {
    expect(lastOf('GET / HTTP/1.0\r\nA: b\r\nA: b\r\n\r\n', { headerCount: 2 })).toBe('end')
    expect(lastOf('GET / HTTP/1.0\r\nA: b\r\nA: b\r\nA: b\r\n', { headerCount: 2 })).toBe('bad:COUNT_LIMIT')
  })

  it('bytes and fields of trailers', () => {
    const head = 'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n'
    expect(lastOf(`${head}A: ${'b'.repeat(93)}\r\n\r\n`, { headerBytes: 100 })).toBe('end')
    expect(lastOf(`${head}A: ${'b'.repeat(94)}\r\n\r\n`, { headerBytes: 100 })).toBe('bad:HEADER_LIMIT')
    expect(lastOf(`${head}A:\r\nA:\r\nA:\r\n`, { headerCount: 2 })).toBe('bad:COUNT_LIMIT')
  })

  it('chunk extensions of a whole message', () => {
    const head = 'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(lastOf(`${head}1;abc\r\nx\r\n1;abc\r\nx\r\n0\r\n\r\n`, { chunkExtensionBytes: 8 })).toBe('end')
    expect(lastOf(`${head}1;abc\r\nx\r\n1;abcd\r\nx\r\n0\r\n\r\n`,
      { chunkExtensionBytes: 8 })).toBe('bad:EXTENSION_LIMIT')
    expect(lastOf(`${head}1;abcdefgh`, { chunkExtensionBytes: 8 })).toBe('bad:EXTENSION_LIMIT')
    const twice = `${head}1;abcdefg\r\nx\r\n0\r\n\r\n`
    expect(lastOf(`${twice}${twice}`, { chunkExtensionBytes: 8 })).toBe('end')
  })

  it.each(BUILDS)('are those that the documentation says, unless set (%s)', (build) => {
    const last = (stream: string): string => {
      const { events } = collectHTTP(coreOf(build), piecesOf(bytes(stream), 1000), { mode: 'request' })
      return events[events.length - 1]!
    }
    const line = `GET /${'x'.repeat(7995)}`
    expect(last(`${line} HTTP/1.0\r\n\r\n`)).toBe('end')
    expect(last(`${line}x HTTP/1.0\r\n\r\n`)).toBe('bad:LINE_LIMIT')
    const head = `GET / HTTP/1.0\r\nA: ${'x'.repeat(16361)}`
    expect(last(`${head}\r\n\r\n`)).toBe('end')
    expect(last(`${head}x\r\n\r\n`)).toBe('bad:HEADER_LIMIT')
    expect(last(`GET / HTTP/1.0\r\n${'A:\r\n'.repeat(100)}\r\n`)).toBe('end')
    expect(last(`GET / HTTP/1.0\r\n${'A:\r\n'.repeat(101)}\r\n`)).toBe('bad:COUNT_LIMIT')
    const chunked = `GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;${'x'.repeat(4095)}`
    expect(last(`${chunked}\r\n\r\n`)).toBe('end')
    expect(last(`${chunked}x\r\n\r\n`)).toBe('bad:EXTENSION_LIMIT')
    expect(['LINE_LIMIT', 'HEADER_LIMIT', 'COUNT_LIMIT', 'EXTENSION_LIMIT'].map((_, i) =>
      HTTPParseError.because([16, 17, 18, 22][i]!, false).status)).toEqual([414, 431, 431, 413])
  })

  it.each(BUILDS)('can be 1,000 fields and 16 MiB, and no more (%s)', (build) => {
    const core = coreOf(build)
    const head = `GET / HTTP/1.0\r\n${'A:b\r\n'.repeat(999)}B: ${'x'.repeat(100_000)}\r\n\r\n`
    const limits = { headerCount: 1000, headerBytes: 16_777_215, requestLine: 1e9 }
    const events: string[] = []
    for (const size of [head.length, 7777]) {
      const parser = core.httpParser({
        mode: 'request', limits,
        handler: { head: ({ fields }) =>
          void events.push(`${fields.count} ${fields.value(998)} ${fields.value(999).length}`) },
      })
      for (const piece of piecesOf(bytes(head), size)) parser.receive(piece)
      parser.free()
    }
    expect(events).toEqual(['1000 b 100000', '1000 b 100000'])
    for (const wrong of [{ headerCount: 1001 }, { headerBytes: 16_777_216 }, { headerBytes: -1 },
      { chunkExtensionBytes: 65_536 }, { requestLine: -1 }]) {
      expect(() => core.httpParser({ mode: 'request', limits: wrong })).toThrow('an argument is out of its range')
    }
  })
})

type Lenience = [name: keyof HTTPLeniences, mode: 'request' | 'response', stream: string, on: string[], off: string]

const LENIENCES: Lenience[] = [
  ['foldedFields', 'response', 'HTTP/1.1 204 x\r\nA: b \r\n\t c\r\n \r\nB:\r\n  d\r\n\r\n',
    ['head:204 (x) 1.1 <persistent> [A=b c] [B=d]', 'end'], 'FOLD'],
  ['foldedFields', 'response', 'HTTP/1.1 200 x\r\nContent-Length:\r\n 1\r\nConnection: a,\r\n\tclose\r\n\r\nx',
    ['head:200 (x) 1.1 <body,length=1> [Content-Length=1] [Connection=a, close]', 'body:x', 'end'], 'LENGTH'],
  ['bareLineFeeds', 'request', '\nPOST / HTTP/1.1\nHost: a\r\nTransfer-Encoding: chunked\n\n1\r\nx\r\n0\r\nA: b\n\n', [
    'head:POST / 1.1 <persistent,body,chunked> [Host=a] [Transfer-Encoding=chunked]', 'body:x', 'trailers: [A=b]',
      'end',
  ], 'METHOD'],
  ['bareLineFeeds', 'response', 'HTTP/1.1 204 \nA:\nB: c\n\r\nHTTP/1.1 204 x\r\n\n',
    ['head:204 () 1.1 <persistent> [A=] [B=c]',
    'end', 'head:204 (x) 1.1 <persistent>', 'end'], 'LINE_END'],
  ['emptyLines', 'request', '\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n\r\n\r\n', ['head:GET / 1.0 <>', 'end'], 'METHOD'],
  ['emptyLines', 'response', '\r\n\r\nHTTP/1.1 204 x\r\n\r\n', ['head:204 (x) 1.1 <persistent>', 'end'], 'VERSION'],
  ['missingReason', 'response', 'HTTP/1.1 204\r\nA: b\r\n\r\n', ['head:204 () 1.1 <persistent> [A=b]', 'end'],
    'STATUS'],
  ['repeatedLength', 'request', 'POST / HTTP/1.0\r\nContent-Length: 1,  01\t,1\r\ncontent-length: 1\r\n\r\nx',
    ['head:POST / 1.0 <body,length=1> [Content-Length=1,  01\t,1] [content-length=1]', 'body:x', 'end'], 'LENGTH'],
  ['repeatedLength', 'response', 'HTTP/1.1 200 x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx',
    ['head:200 (x) 1.1 <persistent,body,length=1> [Content-Length=1] [Content-Length=1]', 'body:x', 'end'], 'LENGTHS'],
  ['blankBeforeColon', 'response', 'HTTP/1.1 200 x\r\nContent-Length \t: 1\r\nA :b\r\n\r\nx',
    ['head:200 (x) 1.1 <persistent,body,length=1> [Content-Length=1] [A=b]', 'body:x', 'end'], 'NAME'],
]

const ALL: HTTPLeniences = {
  foldedFields: true, bareLineFeeds: true, emptyLines: true, missingReason: true, repeatedLength: true,
  blankBeforeColon: true,
}

describe('leniences', () => {
  it.each(LENIENCES)('%s in a %s: %j', (name, mode, stream, on, off) => {
    expect(eventsOf(stream, { mode, lenient: { [name]: true } })).toEqual({ events: on, end: 'clean' })
    expect(eventsOf(stream, { mode, lenient: ALL }).events).toEqual(on)
    const others = eventsOf(stream, { mode, lenient: { ...ALL, [name]: false } })
    expect(others.events[others.events.length - 1]).toBe(`bad:${off}`)
    expect(eventsOf(stream, { mode, lenient: { [name]: false } }).end).toBe('failed')
  })

  it.each([
    ['a folded field in a request', 'request', 'GET / HTTP/1.0\r\nA: b\r\n c\r\n\r\n', 'FOLD'],
    ['a blank before a colon in a request', 'request', 'GET / HTTP/1.0\r\nA : b\r\n\r\n', 'NAME'],
    ['a bare LF behind a chunk size', 'response',
      'HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n', 'CHUNK_SIZE'],
    ['a bare LF behind a chunk', 'response', 'HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\n0\r\n\r\n',
      'CHUNK_END'],
    ['a bare CR', 'response', 'HTTP/1.1 200 x\r\nA: b\rc\r\n\r\n', 'LINE_END'],
    ['lengths that differ', 'response', 'HTTP/1.1 200 x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'LENGTHS'],
    ['lengths that differ in one field', 'request', 'GET / HTTP/1.0\r\nContent-Length: 1, 2\r\n\r\n', 'LENGTH'],
    ['a list of lengths without an end', 'request', 'GET / HTTP/1.0\r\nContent-Length: 1,\r\n\r\n', 'LENGTH'],
    ['a length and chunks', 'request',
      'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 'LENGTHS'],
  ] as const)('never let pass %s', (_why, mode, stream, reason) => {
    const { events } = eventsOf(stream, { mode, lenient: ALL })
    expect(events[events.length - 1]).toBe(`bad:${reason}`)
  })
})
