/**
 * Heads that come again, on one connection or on several of a core, which share what is known of them.
 *
 * Invariant: whatever came before, and whoever sent it, a head says what it says to a parser that shares nothing; the
 * measure is the same head in two pieces, which is kept by the core and then told in full.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HTTP_SAME_FIELDS, HTTP_SAME_LINE, HTTP_STORED } from '../../../assembly/abi/http.js'
import { RING } from '../../../assembly/abi/layout.js'
import type { HTTPHead, HTTPParser, HTTPParserOptions } from '../../../src/core/index.js'
import { BUILDS, coreOf } from './support/builds.js'
import { bytes } from './support/bytes.js'

type Asking = 'nothing' | 'target' | 'one' | 'all'
const NAMES = ['host', 'Host', 'X-Custom', 'x-custom', 'connection', 'cookie', 'absent']

/** All that a head says, or a part, in an order of its own. */
function told(head: HTTPHead, asking: Asking): unknown {
  const flags = [head.status, head.minorVersion, head.isPersistent, head.hasBody, head.isChunked, head.contentLength,
    head.isUpgrade, head.expectsContinue, head.expectsUnknown]
  if (asking === 'nothing') return flags
  if (asking === 'target') return [flags, head.target, head.method]
  const { fields } = head
  const answers = NAMES.map((name) => [fields.get(name), fields.getAll(name), fields.has(name)])
  if (asking === 'one') return [flags, answers]
  const raw = Array.from({ length: fields.count }, (_, i) => fields.rawName(i))
  return [flags, answers, raw, [...fields], head.target, head.method]
}

const LINES = ['GET / HTTP/1.1', 'GET /a-longer-one HTTP/1.1', 'GET /a-longer-two HTTP/1.1',
  'GET /a-longer-two HTTP/1.0', 'PROPFIND /x HTTP/1.1', `GET /${'p'.repeat(300)} HTTP/1.1`]
const STATUS_LINES = ['HTTP/1.1 200 OK', 'HTTP/1.1 204 None', 'HTTP/1.0 200 OK', 'HTTP/1.1 200 KO', 'HTTP/1.1 101 x']
const BLOCKS = ['Host: a', 'Host: example.com', 'Host: example.org', 'Host: example.org\r\nCookie: a=b',
  'Host: example.org\r\nCookie: a=c', 'host: example.org\r\nx-custom:   1  \r\nX-Custom: 2\r\nX-Other:',
  'Host: example.org\r\nContent-Length: 0', 'Host: example.org\r\nConnection: close',
  'Host: example.org\r\nTransfer-Encoding: chunked', 'Host: a\r\nHost: example', 'X-Custom: there is no host',
  'Host: example.org\r\nExpect: 100-continue', `Host: a\r\nX-Custom: ${'v'.repeat(2100)}`,
  'Host: example.org\r\nConnection: Upgrade\r\nUpgrade: websocket', 'Host: a\r\nX-Custom: folded\r\n more',
  'Host: a\r\nX-Custom: \xe9\xff']

const OPTIONS: HTTPParserOptions[] = [
  { mode: 'request' }, { mode: 'request' }, { mode: 'response' }, { mode: 'response', lenient: { foldedFields: true } },
  { mode: 'request', limits: { requestLine: 12 } }, { mode: 'request', limits: { headerBytes: 60 } },
  { mode: 'request', limits: { headerCount: 1 } },
]

type Build = (typeof BUILDS)[number]

/** What a message says to a parser that shares nothing; null for a bad one, or one whose body would follow. */
function measured(build: Build, options: HTTPParserOptions, message: string, asking: Asking): unknown {
  let said: unknown = null
  const parser = coreOf(build).httpParser({ ...options, handler: { head: (head) => { said = told(head, asking) } } })
  const data = bytes(message)
  parser.receive(data.slice(0, -1))
  parser.receive(data.slice(-1))
  parser.free()
  return said
}

const step = fc.record({
  options: fc.nat(OPTIONS.length - 1), parser: fc.nat(2), line: fc.nat(5), block: fc.nat(BLOCKS.length - 1),
  times: fc.integer({ min: 1, max: 4 }), holds: fc.boolean(), asking: fc.constantFrom<Asking>(
    'nothing', 'target', 'one', 'all', 'all'),
})

describe.each(BUILDS)('heads that come again, %s', (build) => {
  it('say what they say to whoever shares nothing, then and later', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const parsers = new Map<string, HTTPParser>()
      const heads: [head: HTTPHead, said: unknown][] = []
      const held: [parser: HTTPParser, seen: unknown[], expected: unknown[]][] = []
      for (const { options, parser: number, line, block, times, holds, asking } of steps) {
        const chosen = OPTIONS[options]!
        const lines = chosen.mode === 'response' ? STATUS_LINES : LINES
        const message = `${lines[line % lines.length]}\r\n${BLOCKS[block]}\r\n\r\n`
        const expected = measured(build, chosen, message, asking)
        const name = `${options}:${number}`
        const parser = parsers.get(name) ?? coreOf(build).httpParser(chosen)
        parsers.delete(name)
        const seen: unknown[] = []
        let isOver = false
        parser.handler = {
          head(head) {
            seen.push(told(head, asking))
            heads.push([head, measured(build, chosen, message, 'all')])
            if (holds) parser.pause()
            isOver ||= head.hasBody && head.contentLength !== 0
          },
          bad() { isOver = true },
        }
        parser.receive(bytes(message.repeat(times)))
        if (holds && seen.length > 0) {
          held.push([parser, seen, isOver ? [expected] : Array.from({ length: times }, () => expected)])
          continue
        }
        const all = isOver ? [expected] : Array.from({ length: times }, () => expected)
        expect(seen).toEqual(expected === null ? [] : all)
        if (isOver) parser.free()
        else parsers.set(name, parser)
      }
      for (const [parser, seen, expected] of held) {
        while (seen.length < expected.length) parser.resume()
        expect(seen).toEqual(expected)
        parser.free()
      }
      for (const parser of parsers.values()) parser.free()
      for (const [head, said] of heads) expect(told(head, 'all')).toEqual(said)
    }), { numRuns: 150 })
  })

  it('are told without words for their fields', () => {
    const words: number[] = []
    const core = coreOf(build)
    const parser = core.httpParser({ mode: 'request', handler: {
      head: () => { words.push(core.words()[(RING >> 2) + 4]! & (HTTP_STORED | HTTP_SAME_FIELDS | HTTP_SAME_LINE)) },
    } })
    const fields = `Host: never-seen.example\r\nX-Build: ${build}\r\n\r\n`
    const targets = [...Array.from({ length: 40 }, () => '/some'), '/some', '/some', '/other', '/other']
    for (const target of targets) parser.receive(bytes(`GET ${target} HTTP/1.1\r\n${fields}`))
    parser.free()
    expect(words.slice(0, 40)).toContain(HTTP_STORED)
    expect(words.slice(39)).toEqual([
      HTTP_SAME_FIELDS | HTTP_SAME_LINE, HTTP_SAME_FIELDS | HTTP_SAME_LINE, HTTP_SAME_FIELDS | HTTP_SAME_LINE,
      HTTP_SAME_FIELDS, HTTP_SAME_FIELDS | HTTP_SAME_LINE,
    ])
  })
})
