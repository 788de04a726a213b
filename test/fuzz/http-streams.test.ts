/**
 * Any stream of HTTP/1 messages, with any limits and leniences, cut anywhere, through all three builds, against the
 * reference parser.
 *
 * Invariants: the façade's events and end are the reference's, and so do not depend on the cuts; nothing stays alive.
 */
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { bytes, cutAt, piecesOf } from '../unit/core/support/bytes.js'
import { BUILDS, coreOf } from '../unit/core/support/builds.js'
import { collectHTTP, referenceHTTP } from '../unit/core/support/http.js'
import type { HTTPCase } from '../unit/core/support/http.js'

const often = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const joined = (part: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> =>
  fc.array(part, { maxLength, size: 'max' }).map((all) => all.join(''))

const lineEnd = fc.oneof({ weight: 40, arbitrary: fc.constant('\r\n') },
  { weight: 1, arbitrary: often('\n', '\r', '\r\r\n', '') })
const word = fc.oneof(often('a', 'x-long-name', 'Accept-Encoding', 'a_name~', 'value', 'x'.repeat(16), 'y'.repeat(33)),
  fc.nat(40).map((n) => 'w'.repeat(n + 1)))
const value = joined(fc.oneof({ weight: 20, arbitrary: often('a', 'some words', ' ', '\t', ',', '\xe9',
  'z'.repeat(17)) },
  { weight: 1, arbitrary: often('\0', '\x7f', '\r', '\n', '\r\n ', '\r\n\t', '\x1b') }), 6)
const number = fc.oneof(often('0', '1', '3', '5', '12', '3', '300'),
  often('', '-1', '+3', '3 ', '3,3', '3, 3', '3,4', '0x3',
  '0003', '999999999999999', '9999999999999999'))
const blanks = fc.oneof({ weight: 12, arbitrary: fc.constant(' ') }, often('', '\t', '  '))
const colon = fc.oneof({ weight: 20, arbitrary: fc.constant(':') }, often(' :', '\t:', '', '::'))
const known = fc.oneof(
  fc.tuple(often('Host', 'host'), often('a', 'example.com', '')),
  fc.tuple(often('Content-Length', 'content-length'), number),
  fc.tuple(often('Transfer-Encoding', 'TRANSFER-ENCODING'), often('chunked', 'chunked', 'Chunked', 'gzip, chunked',
    'identity', 'chunked, chunked')),
  fc.tuple(often('Connection', 'connection'), often('close', 'keep-alive', 'Upgrade', 'keep-alive, Upgrade',
    'x, CLOSE', ',,close', 'closed', '')),
  fc.tuple(often('Upgrade'), often('websocket')),
  fc.tuple(often('Expect'), often('100-continue', '100-Continue', 'x')),
  fc.tuple(word, value),
  fc.tuple(word, value),
)
const field = fc.tuple(known, colon, blanks, blanks, lineEnd)
  .map(([[name, value], colon, before, after, end]) => `${name}${colon}${before}${value}${after}${end}`)
const fields = joined(fc.oneof({ weight: 40, arbitrary: field },
  { weight: 1, arbitrary: often(' folded\r\n', ':\r\n', '\0') }), 5)

const minor = fc.oneof({ weight: 15, arbitrary: fc.constant('HTTP/1.1') },
  { weight: 5, arbitrary: fc.constant('HTTP/1.0') },
  often('HTTP/1.9', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.', 'http/1.1', 'HTTP/11.1', 'HTTPS/1.1'))
const requestLine = fc.tuple(
  fc.oneof({ weight: 10, arbitrary: often('GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'PATCH',
    'TRACE') },
    often('get', 'PROPFIND', 'G@T', '', 'M'.repeat(20))),
  fc.oneof({ weight: 10, arbitrary: often('/', '/a/b?c=d', '*', 'http://a/b', 'a:80') },
    often('', '/\xe9', '/a b', `/${'p'.repeat(40)}`, '/\t')),
  minor, lineEnd).map(([method, target, version, end]) => `${method} ${target} ${version}${end}`)
const statusLine = fc.tuple(minor,
  fc.oneof({ weight: 10, arbitrary: often('200', '404', '100', '103', '204', '304', '101', '999') },
    often('099', '20', '2000', 'abc')),
  often(' ', ' OK', ' Not Found', ' \xe9\t', '', ' \0', ' OK  '), lineEnd)
  .map(([version, status, reason, end]) => `${version} ${status}${reason}${end}`)

const extension = fc.oneof({ weight: 8, arbitrary: fc.constant('') },
  often(';a', ';a=b', ' ;a', '; a = "q\\"x" ;b', ';a="', ';', ';=', ';a=', ' ',
  ';a="\xe9"', ';a=b c', ';a b', ';\0'))
const chunk = fc.tuple(fc.nat(30), extension, lineEnd, lineEnd, fc.integer({ min: -6, max: 1 }))
  .map(([size, ext, first, second, lie]) =>
    `${(size + 1 + Math.max(0, lie)).toString(16)}${ext}${first}${'d'.repeat(size + 1)}${second}`)
const chunked = fc.tuple(joined(chunk, 4), often('0', '0', '000', '0;x=y', 'g', '00000000000000'), lineEnd,
  fc.oneof({ weight: 2, arbitrary: fc.constant('') }, fields), lineEnd)
  .map(([chunks, last, first, trailers, end]) => `${chunks}${last}${first}${trailers}${end}`)
const body = fc.oneof(fc.constant(''), fc.nat(20).map((n) => 'b'.repeat(n)), chunked, fc.constant('abc'),
  fc.constant('x'.repeat(300)))

const message = (line: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(fc.oneof({ weight: 9, arbitrary: fc.constant('') }, often('\r\n', '\r\n\r\n', '\n', '\r')), line,
    fc.oneof({ weight: 9, arbitrary: fc.constant('Host: a\r\n') }, fc.constant('')), fields, lineEnd, body)
    .map((parts) => parts.join(''))

/** Messages whose parts belong together, so that most streams go on. */
const sound = (line: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(line, fc.oneof(
    fc.constant('\r\n'),
    fc.nat(40).map((n) => `Content-Length: ${n}\r\n\r\n${'b'.repeat(n)}`),
    chunked.map((data) => `Transfer-Encoding: chunked\r\n\r\n${data}`),
  )).map(([line, rest]) => `${line}Host: a\r\n${rest}`)

const streamOf = (line: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  joined(fc.oneof(message(line), sound(line), sound(line)), 5)
const lenient = fc.oneof(fc.constant({}), fc.record({
  foldedFields: fc.boolean(), bareLineFeeds: fc.boolean(), emptyLines: fc.boolean(), missingReason: fc.boolean(),
  repeatedLength: fc.boolean(), blankBeforeColon: fc.boolean(),
}))
const limits = fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, fc.record({
  requestLine: fc.nat(60), headerBytes: fc.nat(160), headerCount: fc.nat(4), chunkExtensionBytes: fc.nat(12),
}, { requiredKeys: [] }))
const cases = often<HTTPCase['mode']>('request', 'response').chain((mode) => fc.record({
  options: fc.record({ mode: fc.constant(mode), limits, lenient, bodiless: fc.constant(false) }),
  stream: streamOf(mode === 'request' ? requestLine : statusLine),
  cuts: fc.array(fc.nat(500), { maxLength: 10, size: 'max' }),
}))

describe.each(BUILDS)('random HTTP streams (%s)', (build) => {
  const core = coreOf(build)

  afterAll(() => expect(core.memoryUsage().parsers).toBe(0))

  it('do what the reference says, however they are cut', () => {
    fc.assert(fc.property(cases, ({ options, stream, cuts }) => {
      const expected = referenceHTTP(stream, options)
      const data = bytes(stream)
      expect(collectHTTP(core, [data], options)).toEqual(expected)
      expect(collectHTTP(core, cutAt(data, cuts), options)).toEqual(expected)
      expect(collectHTTP(core, piecesOf(data, 1), options)).toEqual(expected)
    }))
  })

  it('of any bytes end in events or an error', () => {
    const any = fc.uint8Array({ maxLength: 200, size: 'max' })
    fc.assert(fc.property(fc.boolean(), fc.string({ unit: 'binary-ascii', maxLength: 30 }), any,
      (isRequest, text, data) => {
      const head = isRequest ? 'GET / HTTP/1.1\r\nHost: a\r\n' : 'HTTP/1.1 200 OK\r\n'
      const options: HTTPCase = { mode: isRequest ? 'request' : 'response' }
      const stream = `${head}${text}${String.fromCharCode(...data)}`
      expect(collectHTTP(core, [bytes(stream)], options)).toEqual(referenceHTTP(stream, options))
    }))
  })
})
