/**
 * The core by itself: its parsers, timers and queue, on every build that the host can make, against constants.
 *
 * The events of many streams, cut in many ways, are hashed into one digest, which is the same for every build on every
 * engine. Must not know: any host.
 */
import { createCore, defaultCore, isUTF8, maskBytes } from 'whorl/core'
import type { Core } from 'whorl/core'
import { instantiatePlain } from 'whorl/core/plain'
import { ascii, equal, join, latin1, ok, pattern } from './checks.js'
import type { ContractCase, ContractSuite, CoreBuildName } from './contract.js'

/** Of `eventsOf` on a core; where a build differs from the others, one of its events does. */
const DIGEST = 'c7b3e8e274467070b2282057890d5ef8'
const EVENTS = 55
const FIRST_RANDOM = [2_165_093_360, 3_340_517_518]
const PATTERN_DIGEST = 'e7f988c818bbe174fb29954a5c26c577'

function make(build: CoreBuildName): Core {
  return createCore(build === 'plain' ? { instantiate: instantiatePlain } : { build })
}

const LINES = `one\r\ntwo\r\n\r\nlone \r or \n\r\n${'long '.repeat(60)}\r\ngrüße 日本\r\nend`
const NETSTRINGS = `5:hello,0:,3:a,b,300:${'n'.repeat(300)},2:xx,01:bad,`
const REQUESTS = 'GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nX-Long: ' + 'v'.repeat(200) + '\r\n\r\n'
  + 'POST /form HTTP/1.1\r\nHost: example.com\r\nContent-Length: 11\r\n\r\nhello world'
  + 'POST /chunks HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: t\r\n\r\n'
  + 'GET /bad HTTP/1.1\r\nHost: e\r\nBad Header\r\n\r\n'
const RESPONSES = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\nabc'
  + 'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nnot\r\n0\r\n\r\n'

function prefixedStrings(): Uint8Array {
  const parts: Uint8Array[] = []
  for (const length of [0, 1, 255, 256, 1000]) parts.push(Uint8Array.of(length >> 8, length & 255), pattern(length))
  return join([...parts, Uint8Array.of(0xff, 0xff)])
}

/** Masked frames of a client: text in two fragments with a ping between, and binary. */
function frames(): Uint8Array {
  const frame = (head: number, payload: Uint8Array): Uint8Array => {
    const mask = Uint8Array.of(1, 2, 3, 4)
    const masked = payload.map((byte, i) => byte ^ mask[i % 4]!)
    const length = payload.length < 126 ? [payload.length | 0x80] : [126 | 0x80, payload.length >> 8, payload.length & 255]
    return join([Uint8Array.of(head, ...length), mask, masked])
  }
  return join([frame(0x01, ascii('hel')), frame(0x89, ascii('ping')), frame(0x80, ascii('lo')),
    frame(0x82, pattern(1000)), frame(0x88, Uint8Array.of(3, 0xe8, 98, 121, 101))])
}

/** UTF-8 of text that may be any. */
function utf8(text: string): Uint8Array {
  return Uint8Array.from(encodeURIComponent(text).replace(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16))), (char) => char.charCodeAt(0))
}

/** Each of these hands a stream to a parser in pieces, and says what came. */
type Run = (core: Core, pieces: Uint8Array[], say: (event: string) => void) => void

const RUNS: readonly [Uint8Array, Run][] = [
  [utf8(LINES), (core, pieces, say) => {
    const parser = core.lineParser({
      maxLength: 400,
      handler: { line: (line) => say(`line ${encodeURIComponent(line)}`), lineTooLong: () => say('too long') },
    })
    for (const piece of pieces) parser.receive(piece)
    say(parser.end())
    parser.free()
  }],
  [ascii(NETSTRINGS), (core, pieces, say) => {
    const parser = core.netstringParser({
      maxLength: 1000, handler: { string: (data) => say(`string ${latin1(data)}`), malformed: () => say('malformed') },
    })
    for (const piece of pieces) parser.receive(piece)
    say(parser.end())
    parser.free()
  }],
  [prefixedStrings(), (core, pieces, say) => {
    const parser = core.lengthPrefixParser({
      bytes: 2, maxLength: 2000,
      handler: { string: (data) => say(`string ${latin1(data)}`), lengthLimitExceeded: (length) => say(`limit ${length}`) },
    })
    for (const piece of pieces) parser.receive(piece)
    say(parser.end())
    parser.free()
  }],
  [ascii(REQUESTS), (core, pieces, say) => http(core, 'request', pieces, say)],
  [ascii(RESPONSES), (core, pieces, say) => http(core, 'response', pieces, say)],
  [frames(), (core, pieces, say) => {
    const parser = core.websocketParser({
      role: 'server',
      handler: {
        text: (text) => say(`text ${text}`),
        binary: (data) => say(`binary ${latin1(data)}`),
        ping: (data) => say(`ping ${latin1(data)}`),
        close: (code, reason) => say(`close ${code} ${reason}`),
        bad: (error) => say(`bad ${error.message}`),
      },
    })
    // Its payloads are unmasked in place.
    for (const piece of pieces) parser.receive(piece.slice())
    parser.free()
  }],
]

function http(core: Core, mode: 'request' | 'response', pieces: Uint8Array[], say: (event: string) => void): void {
  // Pieces of a body are joined: where they are cut says nothing.
  let body = ''
  const flush = (): void => {
    if (body !== '') say(`body ${body}`)
    body = ''
  }
  const parser = core.httpParser({
    mode,
    handler: {
      head: ({ method, target, status, fields }) => {
        const lines = Array.from({ length: fields.count }, (_, i) => `${fields.rawName(i)}=${fields.value(i)}`)
        say(`head ${mode === 'request' ? `${method} ${target}` : status} ${lines.join('|')}`)
      },
      body: (data) => void (body += latin1(data)),
      trailers: (fields) => {
        flush()
        say(`trailers ${fields.count}`)
      },
      messageEnd: () => {
        flush()
        say('message end')
      },
      bad: (error) => say(`bad ${error.message}`),
      end: (how) => say(how),
    },
  })
  for (const piece of pieces) parser.receive(piece)
  parser.end()
  parser.free()
}

/** Whole, byte by byte, in pieces of every size up to 20, and in two at every 13th byte. */
function* waysToCut(bytes: Uint8Array): Generator<Uint8Array[]> {
  const inPieces = (size: number): Uint8Array[] =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size))
  yield [bytes]
  for (let size = 1; size <= 20; size++) yield inPieces(size)
  for (let at = 1; at < bytes.length; at += 13) yield [bytes.slice(0, at), bytes.slice(at)]
}

/** All events of all runs; where a stream is cut must not change any. */
function eventsOf(core: Core): string[] {
  const all: string[] = []
  for (const [i, [bytes, run]] of RUNS.entries()) {
    let whole: string | null = null
    for (const pieces of waysToCut(bytes)) {
      const events: string[] = []
      run(core, pieces, (event) => void events.push(event))
      whole ??= events.join('\n')
      if (events.join('\n') !== whole) equal(events.join('\n'), whole, `stream ${i} in ${pieces.length} pieces`)
    }
    all.push(...whole!.split('\n'))
  }
  return all
}

function parsersAgree(core: Core): void {
  const events = eventsOf(core)
  const digest = core.digest()
  digest.update(utf8(events.join('\n')))
  equal([events.length, digest.hex()], [EVENTS, DIGEST], 'events and their digest')
}

function build(name: CoreBuildName): ContractCase[] {
  return [
    { name: `${name}: the events of all parsers are the known ones`, build: name, run: () => parsersAgree(make(name)) },
    {
      name: `${name}: timers in order of their time, ties first in first out`,
      build: name,
      run() {
        const timers = make(name).createTimers()
        const deadlines = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 500)
        const handles = deadlines.map((deadline, i) => timers.schedule(deadline, i))
        for (let i = 0; i < 2000; i += 5) timers.cancel(handles[i]!)
        const order: number[] = []
        for (let now = 0; now <= 500; now += 125) timers.advance(now, (id) => void order.push(id))
        const expected = deadlines.map((deadline, i) => ({ deadline, i })).filter(({ i }) => i % 5 !== 0)
          .sort((a, b) => a.deadline - b.deadline || a.i - b.i).map(({ i }) => i)
        equal(order.length, expected.length)
        ok(order.every((id, at) => id === expected[at]), 'the order')
        timers.free()
      },
    },
    {
      name: `${name}: the numbers of a seed, the digest of many bytes`,
      build: name,
      run() {
        const core = make(name)
        const random = core.random('seed')
        equal([random.next(), random.next()], FIRST_RANDOM, 'numbers of a seed')
        const digest = core.digest()
        digest.update(pattern(100_000))
        equal(digest.hex(), PATTERN_DIGEST, 'digest of 100,000 bytes')
      },
    },
  ]
}

export const core: ContractSuite = {
  name: 'core',
  cases: [
    {
      name: 'the core that reactors use: the events of all parsers are the known ones',
      run: () => parsersAgree(defaultCore()),
    },
    ...build('simd'), ...build('baseline'), ...build('plain'),
    {
      name: 'UTF-8 is told from what is none, and masks undo themselves',
      run() {
        ok(isUTF8(defaultCore(), utf8('grüße 日本 😀')), 'text')
        equal([isUTF8(defaultCore(), Uint8Array.of(0xc0, 0x80)), isUTF8(defaultCore(), Uint8Array.of(0xed, 0xa0, 0x80))], [false, false])
        const bytes = pattern(1000)
        const key = Uint8Array.of(1, 2, 3, 4)
        maskBytes(defaultCore(), bytes, key)
        ok(latin1(bytes) !== latin1(pattern(1000)), 'masked')
        maskBytes(defaultCore(), bytes, key)
        equal(bytes, pattern(1000))
      },
    },
    {
      name: 'what was made and freed leaves nothing',
      run() {
        const one = defaultCore()
        const before = one.memoryUsage().parsers
        for (let i = 0; i < 1000; i++) one.lineParser({}).free()
        equal(one.memoryUsage().parsers, before)
      },
    },
  ],
}
