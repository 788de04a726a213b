/**
 * Requests that this parser takes, given to Node's own: it must take them too, and find the same in them.
 *
 * A request that one of two parsers in a row reads otherwise is how requests are smuggled. Where Node refuses what we
 * take, the reason is known and listed here: it is stricter than RFC 9112, or does not know the method.
 * - Methods that Node has no number for: the requests here have those that it knows.
 * - Targets: Node looks at their form, which here the server does (src/http): the targets here have one.
 * - Blanks between the size of a chunk and the semicolon of its extensions, which RFC 9112 7.1.1 has (BWS).
 * - A version above 1.1, which RFC 9110 2.5 lets us read as 1.1.
 */
import fc from 'fast-check'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { bytes, chars } from '../unit/core/support/bytes.js'
import { coreOf } from '../unit/core/support/builds.js'

interface Seen {
  method: string
  target: string
  fields: string[]
  body: string
  trailers: string[]
}

/** What this parser finds up to the end of the connection, and in how much; whether that was whole requests. */
function ours(stream: string): { seen: Seen[]; isWhole: boolean; length: number } {
  const seen: Seen[] = []
  let isWhole = true
  let isPersistent = true
  let { length } = stream
  const parser = coreOf('simd').httpParser({
    mode: 'request',
    handler: {
      head: (head) => {
        const fields: string[] = []
        for (let i = 0; i < head.fields.count; i++) fields.push(head.fields.rawName(i), head.fields.value(i))
        isPersistent = head.isPersistent
        seen.push({ method: head.method, target: head.target, fields, body: '', trailers: [] })
      },
      body: (data) => { seen[seen.length - 1]!.body += chars(data) },
      trailers: (fields) => {
        for (let i = 0; i < fields.count; i++) {
          seen[seen.length - 1]!.trailers.push(fields.rawName(i), fields.value(i))
        }
      },
      // What comes behind the last request of a connection, a server does not read, nor does Node.
      messageEnd: () => { if (!isPersistent) length -= parser.takeRest().length },
      bad: () => { isWhole = false },
      end: (how) => { isWhole &&= how === 'clean' },
    },
  })
  parser.receive(bytes(stream))
  parser.end()
  parser.free()
  return { seen, isWhole, length }
}

const TURNS = 25

/** One end of a connection without a network. */
class Pipe extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void { done() }
}

/** What Node finds: the requests, or why it refused the stream. */
async function nodes(stream: string): Promise<{ seen: Seen[]; error: string | null }> {
  const seen: Seen[] = []
  const bodies: Promise<void>[] = []
  const server = createServer({ insecureHTTPParser: false, maxHeaderSize: 16384 })
  const error = await new Promise<string | null>((resolve) => {
    const take = (request: IncomingMessage): void => {
      const one: Seen = { method: request.method!, target: request.url!, fields: request.rawHeaders, body: '',
        trailers: [] }
      seen.push(one)
      bodies.push((async () => {
        for await (const data of request) one.body += chars(data as Uint8Array)
        one.trailers = request.rawTrailers
      })().catch(() => {}))
    }
    server.on('request', (request, response) => {
      take(request)
      request.on('end', () => response.end())
    })
    server.on('checkContinue', (request, response) => {
      take(request)
      request.on('end', () => response.end())
    })
    server.on('checkExpectation', (request, response) => {
      take(request)
      request.on('end', () => response.end())
    })
    server.on('clientError', (problem: NodeJS.ErrnoException, socket) => {
      socket.destroy()
      resolve(problem.code ?? problem.message)
    })
    const pipe = new Pipe()
    pipe.on('close', () => resolve(null))
    server.emit('connection', pipe)
    pipe.push(Buffer.from(stream, 'latin1'))
    // Requests are read and answered in a few turns; then what is unfinished shows by the end.
    let turns = 0
    const wait = (): void => {
      if (++turns < TURNS) setImmediate(wait)
      else pipe.push(null)
    }
    wait()
  })
  await Promise.all(bodies)
  return { seen, error }
}

const often = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const rare = (usual: fc.Arbitrary<string>, weight: number, ...odd: string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: often(...odd) })
const methods = often('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'M-SEARCH')
const targets = often('/', '/a?b', '/%20/;x=y', '//x//', '/a#b', '/"<>\\^`{|}', 'http://a.b/c?d', 'http://a:80/')
const names = often('A', 'x-y', 'Cookie', 'Set-Cookie', "!#$%&'*+-.^_`|~", 'Accept', 'Keep-Alive', 'X'.repeat(40))
const values = fc.array(often('a', ' ', '\t', ',', ';', '"', '\xe9', '\x80', 'word', ':', 'z'.repeat(20)),
  { maxLength: 6 })
  .map((all) => all.join(''))
const end = rare(fc.constant('\r\n'), 200, '\n', '\r', '\r\r\n', '\n\r\n', '\r\n ')
const field = fc.tuple(names, rare(fc.constant(':'), 60, ' :', ':\t ', ':  ', '\0:'), values,
  end).map((all) => all.join(''))
const ext = rare(fc.constant(''), 3, ';a', ';a=b', ';a="b c"', ';a;b', ';a="\\""', ' ;a', ';a=')
const chunk = fc.tuple(fc.integer({ min: 1, max: 40 }), often(0, 0, 0, 0, 0, 0, 1, -1), ext, end, end).map(
  ([size, lie, ext, first, second]) =>
    `${(size + Math.max(lie, 1 - size)).toString(16)}${ext}${first}${'d'.repeat(size)}${second}`)
const coding = rare(fc.constant('chunked'), 20, 'CHUNKED', 'chunked,', 'x, chunked', 'chunked;q=1', '\tchunked ')
const framing = fc.oneof(
  { weight: 4, arbitrary: fc.constant('\r\n') },
  { weight: 4, arbitrary: fc.tuple(fc.nat(60), rare(fc.constant(''), 10, '+', '0', '-', ' ', '1')).map(
    ([n, odd]) => `Content-Length: ${odd}${n}\r\n\r\n${'b'.repeat(n)}`) },
  { weight: 4, arbitrary: fc.tuple(coding, fc.array(chunk, { maxLength: 4 }), ext,
    fc.array(field, { maxLength: 2 })).map(
    ([coding, chunks, ext, trailers]) =>
      `Transfer-Encoding: ${coding}\r\n\r\n${chunks.join('')}0${ext}\r\n${trailers.join('')}\r\n`) },
  { weight: 1, arbitrary: fc.nat(9).map((n) => `Content-Length: ${n}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`) },
  { weight: 1, arbitrary: fc.nat(9).map((n) =>
    `Content-Length: ${n}\r\nContent-Length: ${n}\r\n\r\n${'b'.repeat(n)}`) },
)
const request = fc.tuple(rare(fc.constant(''), 20, '\r\n'), methods, rare(fc.constant(' '), 60, '  ', '\t'), targets,
  often('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'),
  end, rare(fc.constant('Host: a\r\n'), 30, '', 'Host:\r\n', 'HOST: a:1\r\n'), fc.array(field, { maxLength: 5 }),
  rare(fc.constant(''), 6, 'Connection: keep-alive\r\n', 'Expect: 100-continue\r\n', 'Connection: x, y\r\n'), framing)
  .map(([empty, method, space, target, version, end, host, fields, more, framing]) =>
    `${empty}${method}${space}${target} ${version}${end}${host}${fields.join('')}${more}${framing}`)
const stream = fc.array(request, { minLength: 1, maxLength: 3 }).map((all) => all.join(''))

const REFUSED_BY_NODE: Readonly<Record<string, RegExp>> = {
  HPE_INVALID_CHUNK_SIZE: /\r\n[0-9a-f]+[ \t]+;/i,
}

describe('what this parser takes', () => {
  it('Node takes, and finds the same in it', async () => {
    let taken = 0
    await fc.assert(fc.asyncProperty(stream, async (stream) => {
      const { seen, isWhole, length } = ours(stream)
      if (!isWhole) return
      taken++
      const theirs = await nodes(stream.slice(0, length))
      if (theirs.error !== null && REFUSED_BY_NODE[theirs.error]?.test(stream) === true) return
      expect(theirs).toEqual({ seen, error: null })
    }))
    expect(taken).toBeGreaterThan(10)
  })
})
