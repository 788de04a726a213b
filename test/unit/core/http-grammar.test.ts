/**
 * Every rule of the grammar of a head, a body and their framing: what is taken, what is refused and with which status.
 * Each case runs over all builds, whole, byte by byte and cut in two at every place; see `eventsOf`.
 */
import { describe, expect, it } from 'vitest'
import * as abi from '../../../assembly/abi/http.js'
import { HTTPParseError } from '../../../src/core/index.js'
import { eventsOf } from './support/http.js'
import type { HTTPCase } from './support/http.js'

const REQUEST: HTTPCase = { mode: 'request' }
const RESPONSE: HTTPCase = { mode: 'response' }

const get = (line: string, ...fields: string[]): string => `${[line, ...fields].join('\r\n')}\r\n\r\n`
const H = 'Host: a'
const GET = 'GET / HTTP/1.1'
const OK = 'HTTP/1.1 200 OK'

/** What is taken: the stream and its events. */
const TAKEN: [why: string, options: HTTPCase, stream: string, events: string[]][] = [
  ['a request', REQUEST, get(GET, H), ['head:GET / 1.1 <persistent> [Host=a]', 'end']],
  ['any method that is a token', REQUEST, get("!#$%&'*+-.^_`|~09azAZ / HTTP/1.1", H),
    ["head:!#$%&'*+-.^_`|~09azAZ / 1.1 <persistent> [Host=a]", 'end']],
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'get', 'GETT', 'PUR', 'PATCN']
    .map((method): typeof TAKEN[number] => [`the method ${method}`, REQUEST, get(`${method} /x HTTP/1.1`, H),
      [`head:${method} /x 1.1 <persistent> [Host=a]`, 'end']]),
  ['any visible target', REQUEST, get("GET /!\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~ HTTP/1.1", H),
    ["head:GET /!\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~ 1.1 <persistent> [Host=a]", 'end']],
  ['HTTP/1.0 without Host', REQUEST, get('GET / HTTP/1.0'), ['head:GET / 1.0 <>', 'end']],
  ['HTTP/1.0 that stays', REQUEST, get('GET / HTTP/1.0', 'Connection: Keep-Alive'),
    ['head:GET / 1.0 <persistent> [Connection=Keep-Alive]', 'end']],
  ['HTTP/1.7 as 1.1', REQUEST, get('GET / HTTP/1.7', H), ['head:GET / 1.1 <persistent> [Host=a]', 'end']],
  ['an empty Host', REQUEST, get(GET, 'Host:'), ['head:GET / 1.1 <persistent> [Host=]', 'end']],
  ['blanks around values', REQUEST, get(GET, H, 'A:b', 'B:\t b \t', 'C:', 'D: \t', 'E: a  b\tc'),
    ['head:GET / 1.1 <persistent> [Host=a] [A=b] [B=b] [C=] [D=] [E=a  b\tc]', 'end']],
  ['values that are not ASCII', REQUEST, get(GET, H, 'A: \x80\xff caf\xe9'),
    ['head:GET / 1.1 <persistent> [Host=a] [A=\x80\xff caf\xe9]', 'end']],
  ['names of 1, 15, 16, 17, 31, 32 and 33 bytes', REQUEST,
    get(GET, H, ...[1, 15, 16, 17, 31, 32, 33].map((size) => `${'n'.repeat(size)}: v`)),
    [`head:GET / 1.1 <persistent> [Host=a]${[1, 15, 16, 17, 31, 32, 33].map((n) => ` [${'n'.repeat(n)}=v]`).join('')}`,
      'end']],
  ['names in any case', REQUEST, get(GET, 'hOST: a', 'cONTENT-lENGTH: 2') + 'ab',
    ['head:GET / 1.1 <persistent,body,length=2> [hOST=a] [cONTENT-lENGTH=2]', 'body:ab', 'end']],
  ['names that nearly are known ones', REQUEST, get(GET, H, 'Content-Lengthy: x', 'Content_Length: y',
    'ontent-Length: z'),
    ['head:GET / 1.1 <persistent> [Host=a] [Content-Lengthy=x] [Content_Length=y] [ontent-Length=z]', 'end']],
  ['one empty line before a request', REQUEST, `\r\n${get(GET, H)}\r\n${get(GET, H)}`,
    ['head:GET / 1.1 <persistent> [Host=a]', 'end', 'head:GET / 1.1 <persistent> [Host=a]', 'end']],
  ['an empty line at the end', REQUEST, `${get(GET, H)}\r\n`, ['head:GET / 1.1 <persistent> [Host=a]', 'end']],
  ['a length of 0', REQUEST, get(GET, H, 'Content-Length: 0'),
    ['head:GET / 1.1 <persistent,body,length=0> [Host=a] [Content-Length=0]', 'end']],
  ['a length with zeros before it', REQUEST, get(GET, H, 'Content-Length: 0003') + 'abc',
    ['head:GET / 1.1 <persistent,body,length=3> [Host=a] [Content-Length=0003]', 'body:abc', 'end']],
  ['chunks', REQUEST, get(GET, H, 'Transfer-Encoding: Chunked') + '3\r\nabc\r\n0A\r\n0123456789\r\n000\r\n\r\n',
    ['head:GET / 1.1 <persistent,body,chunked> [Host=a] [Transfer-Encoding=Chunked]', 'body:abc0123456789', 'end']],
  ['no chunks', REQUEST, get(GET, H, 'Transfer-Encoding:chunked') + '0\r\n\r\n',
    ['head:GET / 1.1 <persistent,body,chunked> [Host=a] [Transfer-Encoding=chunked]', 'end']],
  ['chunk extensions', REQUEST, get(GET, H, 'Transfer-Encoding: chunked')
    + '1;a\r\nx\r\n1;a=b;c="d;\\"\r\\\xe9"\r\n'.replace('\r\\',
      '\\') + 'y\r\n1 ; a = b ;\tc\t="" ;d\r\nz\r\n0;e=f\r\n\r\n',
    ['head:GET / 1.1 <persistent,body,chunked> [Host=a] [Transfer-Encoding=chunked]', 'body:xyz', 'end']],
  ['trailers', REQUEST, get(GET, H,
    'Transfer-Encoding: chunked') + '1\r\nx\r\n0\r\nA: b\r\nContent-Length:  9 \r\n\r\n',
    ['head:GET / 1.1 <persistent,body,chunked> [Host=a] [Transfer-Encoding=chunked]', 'body:x',
      'trailers: [A=b] [Content-Length=9]', 'end']],
  ['Connection: close', REQUEST, get(GET, H, 'Connection: a, CLOSE ,b'),
    ['head:GET / 1.1 <> [Host=a] [Connection=a, CLOSE ,b]', 'end']],
  ['close in a second Connection', REQUEST, get(GET, H, 'Connection: keep-alive', 'Connection: close'),
    ['head:GET / 1.1 <> [Host=a] [Connection=keep-alive] [Connection=close]', 'end']],
  ['options that only look like close', REQUEST, get(GET, H, 'Connection: closed, clos, "close", close x, x close'),
    ['head:GET / 1.1 <persistent> [Host=a] [Connection=closed, clos, "close", close x, x close]', 'end']],
  ['an upgrade', REQUEST, get(GET, H, 'Upgrade: websocket', 'Connection: Upgrade, keep-alive'),
    ['head:GET / 1.1 <persistent,upgrade> [Host=a] [Upgrade=websocket] [Connection=Upgrade, keep-alive]', 'end']],
  ['an Upgrade without its Connection', REQUEST, get(GET, H, 'Upgrade: websocket'),
    ['head:GET / 1.1 <persistent> [Host=a] [Upgrade=websocket]', 'end']],
  ['an expectation', REQUEST, get(GET, H, 'Expect: 100-Continue'),
    ['head:GET / 1.1 <persistent,continue> [Host=a] [Expect=100-Continue]', 'end']],
  ['another expectation', REQUEST, get(GET, H, 'Expect: 200-ok'),
    ['head:GET / 1.1 <persistent,unknown> [Host=a] [Expect=200-ok]', 'end']],
  ['a response', RESPONSE, get(OK, 'Content-Length: 2') + 'ab',
    ['head:200 (OK) 1.1 <persistent,body,length=2> [Content-Length=2]', 'body:ab', 'end']],
  ['no reason', RESPONSE, get('HTTP/1.1 204 '), ['head:204 () 1.1 <persistent>', 'end']],
  ['any reason', RESPONSE, get('HTTP/1.1 999 \t \xe9 Ok? '), ['head:999 (\t \xe9 Ok? ) 1.1 <body>', 'end']],
  ['bodies up to the end of the stream', RESPONSE, get(OK) + 'all of it\r\n\r\n',
    ['head:200 (OK) 1.1 <body>', 'body:all of it\r\n\r\n', 'end']],
  ['204 and 304 have none', RESPONSE, get('HTTP/1.1 204 x', 'Transfer-Encoding: chunked')
    + get('HTTP/1.1 304 x', 'Content-Length: 5') + get(OK, 'Content-Length: 1') + 'a', [
    'head:204 (x) 1.1 <persistent,chunked> [Transfer-Encoding=chunked]', 'end',
    'head:304 (x) 1.1 <persistent,length=5> [Content-Length=5]', 'end',
    'head:200 (OK) 1.1 <persistent,body,length=1> [Content-Length=1]', 'body:a', 'end']],
  ['informational responses have none', RESPONSE,
    get('HTTP/1.1 100 Continue') + get('HTTP/1.1 103 x', 'Link: y') + get(OK, 'Content-Length: 0'), [
      'head:100 (Continue) 1.1 <persistent>', 'end', 'head:103 (x) 1.1 <persistent> [Link=y]', 'end',
      'head:200 (OK) 1.1 <persistent,body,length=0> [Content-Length=0]', 'end']],
  ['the answer to HEAD has none', { ...RESPONSE, bodiless: true },
    get('HTTP/1.1 103 x') + get(OK, 'Content-Length: 5') + get(OK, 'Content-Length: 1') + 'a', [
      'head:103 (x) 1.1 <persistent>', 'end', 'head:200 (OK) 1.1 <persistent,length=5> [Content-Length=5]', 'end',
      'head:200 (OK) 1.1 <persistent,body,length=1> [Content-Length=1]', 'body:a', 'end']],
  ['the answer to HEAD, in chunks', { ...RESPONSE, bodiless: true },
    get(OK, 'Transfer-Encoding: chunked') + get(OK, 'Transfer-Encoding: chunked') + '0\r\n\r\n', [
      'head:200 (OK) 1.1 <persistent,chunked> [Transfer-Encoding=chunked]', 'end',
      'head:200 (OK) 1.1 <persistent,body,chunked> [Transfer-Encoding=chunked]', 'end']],
  ['a response of HTTP/1.0 that stays', RESPONSE,
    get('HTTP/1.0 200 OK', 'Content-Length: 1', 'Connection: keep-alive') + 'a', [
      'head:200 (OK) 1.0 <persistent,body,length=1> [Content-Length=1] [Connection=keep-alive]', 'body:a', 'end']],
  ['101', RESPONSE, get('HTTP/1.1 101 x', 'Connection: upgrade', 'Upgrade: y'),
    ['head:101 (x) 1.1 <persistent,upgrade> [Connection=upgrade] [Upgrade=y]', 'end']],
]

describe('what is taken', () => {
  it.each(TAKEN)('%s', (_why, options, stream, events) => {
    expect(eventsOf(stream, options)).toEqual({ events, end: 'clean' })
  })
})

const chunked = (body: string): string => get('POST / HTTP/1.1', H, 'Transfer-Encoding: chunked') + body

/** What is refused: the stream, the reason and the status. Among them what requests are smuggled with. */
const REFUSED: [why: string, stream: string, reason: string, status: number][] = [
  ['no method', get(' / HTTP/1.1', H), 'METHOD', 400],
  ['a method that is no token', get('G@T / HTTP/1.1', H), 'METHOD', 400],
  ['a method and a tab', get('GET\t/ HTTP/1.1', H), 'METHOD', 400],
  ['two empty lines before a request', `\r\n\r\n${get(GET, H)}`, 'METHOD', 400],
  ['half an empty line before a request', `\r${get(GET, H)}`, 'LINE_END', 400],
  ['a bare LF before a request', `\n${get(GET, H)}`, 'METHOD', 400],
  ['TLS', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 'METHOD', 400],
  ['no target', get('GET  HTTP/1.1', H), 'TARGET', 400],
  ['HTTP/0.9', 'GET /\r\n', 'TARGET', 400],
  ['a target that is not ASCII', get('GET /\xe9 HTTP/1.1', H), 'TARGET', 400],
  ['a target with a control character', get('GET /\x7f HTTP/1.1', H), 'TARGET', 400],
  ['two spaces before the version', get('GET /  HTTP/1.1', H), 'VERSION', 400],
  ['a version in lower case', get('GET / http/1.1', H), 'VERSION', 400],
  ['a version without its dot', get('GET / HTTP/1 1', H), 'VERSION', 400],
  ['a version of two digits', get('GET / HTTP/1.10', H), 'LINE_END', 400],
  ['a space behind the version', get('GET / HTTP/1.1 ', H), 'LINE_END', 400],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'MAJOR', 505],
  ['HTTP/0.9 that says so', get('GET / HTTP/0.9', H), 'MAJOR', 505],
  ['a bare LF behind the first line', `${GET}\n${H}\r\n\r\n`, 'LINE_END', 400],
  ['a bare CR in the first line', `${GET}\rX${H}\r\n\r\n`, 'LINE_END', 400],
  ['a bare LF behind a field', `${GET}\r\n${H}\nA: b\r\n\r\n`, 'LINE_END', 400],
  ['a bare LF instead of the empty line', `${GET}\r\n${H}\r\n\n`, 'LINE_END', 400],
  ['a bare CR in a value', get(GET, H, 'A: b\rc'), 'LINE_END', 400],
  ['a bare CR at the end of a value', get(GET, H, 'A: b\r'), 'LINE_END', 400],
  ['a bare CR instead of the empty line', `${GET}\r\n${H}\r\n\rX`, 'LINE_END', 400],
  ['a folded field', get(GET, H, 'A: b', ' c'), 'FOLD', 400],
  ['a fold before any field', get(GET, ' A: b', H), 'FOLD', 400],
  ['a fold by a tab', get(GET, H, 'A:', '\tchunked'), 'FOLD', 400],
  ['a folded coding', get(GET, H, 'Transfer-Encoding:', ' chunked'), 'CODING_UNKNOWN', 501],
  ['a space before the colon', get(GET, 'Host : a'), 'NAME', 400],
  ['a space before the colon of a length', get(GET, H, 'Content-Length : 5'), 'NAME', 400],
  ['a tab before the colon', get(GET, H, 'Transfer-Encoding\t: chunked'), 'NAME', 400],
  ['no colon', get(GET, H, 'abc'), 'NAME', 400],
  ['no name', get(GET, H, ': b'), 'NAME', 400],
  ['a name that is not ASCII', get(GET, H, 'caf\xe9: b'), 'NAME', 400],
  ['a control character before a name', get(GET, H, '\x0bTransfer-Encoding: chunked'), 'NAME', 400],
  ['a control character in a name', get(GET, H, 'Content\rLength: 5'), 'NAME', 400],
  ['parentheses in a name', get(GET, H, 'a(b): c'), 'NAME', 400],
  ['a NUL in a value', get(GET, H, 'A: b\0c'), 'VALUE', 400],
  ['a DEL in a value', get(GET, H, 'A: b\x7fc'), 'VALUE', 400],
  ['a control character behind bytes that are not ASCII', get(GET, H, 'A: \xe9\x1b'), 'VALUE', 400],
  ['a NUL in a coding', get(GET, H, 'Transfer-Encoding: chunked\0'), 'VALUE', 400],
  ['no Host', get(GET), 'HOST', 400],
  ['two Hosts', get(GET, H, H), 'HOST', 400],
  ['two Hosts in HTTP/1.0', get('GET / HTTP/1.0', H, H), 'HOST', 400],
  ...['', '-1', '+5', '5x', '0x5', '5 5', '5,5', '5, 5', '5;', '1e3', '\xd9\xa5', '9999999999999999', '5_5']
    .map((said): typeof REFUSED[number] => [
      `the length ${JSON.stringify(said)}`, get('POST / HTTP/1.1', H, `Content-Length: ${said}`), 'LENGTH', 400]),
  ['two lengths', get('POST / HTTP/1.1', H, 'Content-Length: 5', 'Content-Length: 6'), 'LENGTHS', 400],
  ['two lengths that are the same', get('POST / HTTP/1.1', H, 'Content-Length: 5', 'content-length: 5'), 'LENGTHS',
    400],
  ['a length and chunks', get('POST / HTTP/1.1', H, 'Content-Length: 5', 'Transfer-Encoding: chunked'), 'LENGTHS', 400],
  ['chunks and a length', get('POST / HTTP/1.1', H, 'Transfer-Encoding: chunked', 'Content-Length: 0'), 'LENGTHS', 400],
  ['chunks in HTTP/1.0', get('POST / HTTP/1.0', H, 'Transfer-Encoding: chunked'), 'CODING', 400],
  ['two codings', get('POST / HTTP/1.1', H, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 'CODING', 400],
  ...['gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'identity', 'xchunked', 'chunkedx', 'chunke', '"chunked"',
    'chunked;a', ',chunked', 'chunked,', ''].map((coding): typeof REFUSED[number] =>
    [`the coding ${JSON.stringify(coding)}`, get('POST / HTTP/1.1', H, `Transfer-Encoding: ${coding}`),
      'CODING_UNKNOWN', 501]),
  ...['', 'g', '-1', '+1', ' 1', '0x1', ';a', '\n', '12345678901234', '1x'].map((size): typeof REFUSED[number] =>
    [`the chunk size ${JSON.stringify(size)}`, chunked(`${size}\r\na\r\n0\r\n\r\n`), 'CHUNK_SIZE', 400]),
  ['a space behind the chunk size', chunked('1 \r\na\r\n0\r\n\r\n'), 'CHUNK_EXTENSION', 400],
  ['a bare LF behind the chunk size', chunked('1\na\r\n0\r\n\r\n'), 'CHUNK_SIZE', 400],
  ['a bare CR behind the chunk size', chunked('1\rXa\r\n0\r\n\r\n'), 'LINE_END', 400],
  ['a chunk that is longer than it says', chunked('1\r\nab\r\n0\r\n\r\n'), 'CHUNK_END', 400],
  ['a bare LF behind a chunk', chunked('1\r\na\n0\r\n\r\n'), 'CHUNK_END', 400],
  ['a bare CR behind a chunk', chunked('1\r\na\rX0\r\n\r\n'), 'CHUNK_END', 400],
  ...[';', ';=b', ';a=', ';a b', ';a=b c', ';a="b', ';a="b"c', ';a=b"', ';;a', ';a="\x7f"', ';a="\\\0"', ';a\n',
    ';a=b\n'].map(
    (ext): typeof REFUSED[number] => [
      `the chunk extension ${JSON.stringify(ext)}`, chunked(`1${ext}\r\nx\r\n0\r\n\r\n`), 'CHUNK_EXTENSION', 400]),
  ['a bare LF in trailers', chunked('0\r\nA: b\n\r\n'), 'LINE_END', 400],
  ['a bad name in trailers', chunked('0\r\nA b: c\r\n\r\n'), 'NAME', 400],
  ['a folded trailer', chunked('0\r\nA: b\r\n c\r\n\r\n'), 'FOLD', 400],
  ['no empty line behind the last chunk', chunked('0\r\nGET / HTTP/1.1\r\n\r\n'), 'NAME', 400],
]

const numberOf = (reason: string): number => (abi as unknown as Record<string, number>)[`HTTP_BAD_${reason}`]!

describe('what is refused', () => {
  it.each(REFUSED)('%s', (_why, stream, reason, status) => {
    // Behind another request, unless it is about what may be between the two.
    const before = /^[\r\n]/.test(stream) ? '' : get('A / HTTP/1.0')
    const { events, end } = eventsOf(`${before}${stream}`, REQUEST)
    expect(events[events.length - 1]).toBe(`bad:${reason}`)
    expect(events.filter((event) => event.startsWith('bad:'))).toHaveLength(1)
    expect(end).toBe('failed')
    expect(HTTPParseError.because(numberOf(reason), false).status).toBe(status)
  })

  it.each([
    ['HTTP/2.0 200 OK', 'MAJOR'], ['HTTP/1.1  200 OK', 'STATUS'], ['HTTP/1.1 20 OK', 'STATUS'],
      ['HTTP/1.1 2000 OK', 'STATUS'],
    ['HTTP/1.1 099 OK', 'STATUS'], ['HTTP/1.1 2x0 OK', 'STATUS'], ['HTTP/1.1 200', 'STATUS'],
      ['HTTP/1.1 200 \0', 'REASON'],
    ['HTTP/1.1\t200 OK', 'VERSION'], ['ICY 200 OK aaaaaaa', 'VERSION'], ['HTTP/1.1 200 O\rK', 'LINE_END'],
  ])('the status line %j', (line, reason) => {
    expect(eventsOf(get(line, 'Content-Length: 0'), RESPONSE)).toEqual({ events: [`bad:${reason}`], end: 'failed' })
    // Whoever asked for it says that it was a bad gateway's.
    expect(HTTPParseError.because(numberOf(reason), true).status).toBe(502)
  })

  it.each([
    ['an empty line', `\r\n${get(OK)}`, 'VERSION'],
    ['a folded field', get(OK, 'A: b', ' c'), 'FOLD'],
    ['a blank before a colon', get(OK, 'A : b'), 'NAME'],
    ['a length and chunks', get(OK, 'Content-Length: 5', 'Transfer-Encoding: chunked'), 'LENGTHS'],
    ['chunks in HTTP/1.0', get('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked'), 'CODING'],
    ['a coding that is not chunked', get(OK, 'Transfer-Encoding: gzip'), 'CODING_UNKNOWN'],
  ])('a response with %s', (_why, stream, reason) => {
    expect(eventsOf(stream, RESPONSE)).toEqual({ events: [`bad:${reason}`], end: 'failed' })
  })

  it('says which section of which RFC each reason is in', () => {
    for (const [name, value] of Object.entries(abi)) {
      if (!name.startsWith('HTTP_BAD_')) continue
      const error = HTTPParseError.because(value as number, false)
      expect(error.message).toMatch(/\(RFC (9110|9112|6585), [\d.]+\)\.$/)
      expect(error).toMatchObject({ code: 'ERR_HTTP_PARSE', fault: 'remote' })
    }
  })
})

describe('how streams end', () => {
  it.each([
    ['', 'clean'], ['\r', 'clean'], ['\r\n', 'clean'], ['G', 'inside-frame'], [`${GET}\r\n${H}\r\n\r`, 'inside-frame'],
    [`${get(GET, H, 'Content-Length: 2')}a`, 'inside-frame'], [chunked(''), 'inside-frame'],
      [chunked('1\r\na\r\n'), 'inside-frame'],
    [chunked('0\r\n'), 'inside-frame'], [chunked('0\r\n\r'), 'inside-frame'], [chunked('0\r\n\r\n'), 'clean'],
  ])('%j: %s', (stream, end) => {
    expect(eventsOf(stream, REQUEST).end).toBe(end)
  })
})
