/** The HTTP client: requests as they go out, responses as they come in, on connections that the test plays. */
import { describe, expect, it } from 'vitest'
import {
  ConnectionLost, RequestGenerationFailed, RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived,
  SchemeNotSupported,
} from '../../../src/errors/index.js'
import { Agent } from '../../../src/http/client/index.js'
import type { ClientResponse } from '../../../src/http/client/index.js'
import { Headers } from '../../../src/http/headers.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { Lab, latin1, outcome, text } from './client-lab.js'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

describe('a request', () => {
  it('goes out with Host, and the response comes back', () => {
    const lab = new Lab()
    const got = outcome(lab.agent.request('GET', 'http://example.com/path?query#fragment'))
    const { host, port } = lab.reactor.tcpClients[0]!
    expect([host, port]).toEqual(['192.0.2.10', 80])
    const server = lab.accept()
    expect(server.said()).toBe('GET /path?query HTTP/1.1\r\nHost: example.com\r\n\r\n')
    server.say('HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-Thing: one\r\nX-Thing: two\r\n\r\nhello')
    const response = got.value!
    expect([response.status, response.reason, response.version, response.ok]).toEqual([200, 'Fine', '1.1', true])
    expect(response.headers.get('x-thing')).toBe('one, two')
    expect(response.url).toBe('http://example.com/path?query')
    expect(outcome(response.text()).value).toBe('hello')
  })

  const sent = (method: string, url: string, options = {}, poolOptions = {}): string => {
    const lab = new Lab(poolOptions)
    const got = outcome(lab.agent.request(method, url, options))
    if (got.error !== undefined) throw got.error
    const server = lab.accept()
    return server.said()
  }

  it.each<[string, string, string, object, string]>([
    ['a port that is not the scheme\'s', 'GET', 'http://example.com:8080', {},
      'GET / HTTP/1.1\r\nHost: example.com:8080\r\n\r\n'],
    ['the scheme\'s own port', 'GET', 'HTTP://EXAMPLE.com:80/', {}, 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    ['an address', 'GET', 'http://[2001:DB8::1]/', {}, 'GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n'],
    ['a name and a path beyond ASCII', 'GET', 'http://[::1]:8/ä?ö', {},
      'GET /%C3%A4?%C3%B6 HTTP/1.1\r\nHost: [::1]:8\r\n\r\n'],
    ['credentials', 'GET', 'http://me:a%20b@example.com/', {},
      'GET / HTTP/1.1\r\nHost: example.com\r\nAuthorization: Basic bWU6YSBi\r\n\r\n'],
    ['credentials, and an Authorization of its own', 'GET', 'http://me:x@example.com/',
      { headers: { authorization: 'Bearer y' } },
      'GET / HTTP/1.1\r\nHost: example.com\r\nauthorization: Bearer y\r\n\r\n'],
    ['a Host of its own', 'GET', 'http://example.com/', { headers: { Accept: '*/*', host: 'me' } },
      'GET / HTTP/1.1\r\nHost: me\r\nAccept: */*\r\n\r\n'],
    ['a body of text', 'POST', 'http://example.com/', { body: 'grüß' },
      'POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 6\r\n\r\ngr\xc3\xbc\xc3\x9f'],
    ['a body of bytes', 'PUT', 'http://example.com/', { body: latin1('\x00\xff') },
      'PUT / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 2\r\n\r\n\x00\xff'],
    ['an empty body', 'POST', 'http://example.com/', { body: '' },
      'POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 0\r\n\r\n'],
    ['a body that is missing', 'PATCH', 'http://example.com/', {},
      'PATCH / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 0\r\n\r\n'],
    ['fields beyond ASCII', 'GET', 'http://example.com/', { headers: [['X-Name', 'Grüße']] },
      'GET / HTTP/1.1\r\nHost: example.com\r\nX-Name: Gr\xfc\xdfe\r\n\r\n'],
    ['the asterisk form', 'OPTIONS', 'http://example.com/', { target: '*' },
      'OPTIONS * HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    ['the authority form', 'CONNECT', 'http://example.com/', {},
      'CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\n'],
    ['another protocol', 'GET', 'http://example.com/', { upgrade: 'websocket', headers: { a: 'b' } },
      'GET / HTTP/1.1\r\nHost: example.com\r\na: b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['Connection: close', 'GET', 'http://example.com/', { headers: { Connection: 'close' } },
      'GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n'],
  ])('is written: %s', (_title, method, url, options, expected) => {
    expect(sent(method, url, options)).toBe(expected)
  })

  it('says that its connection will be closed where none are kept', () => {
    expect(sent('GET', 'http://example.com/', {}, { persistent: false }))
      .toBe('GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n')
    expect(sent('GET', 'http://example.com/', { headers: { a: 'b' } }, { persistent: false }))
      .toBe('GET / HTTP/1.1\r\nHost: example.com\r\na: b\r\nConnection: close\r\n\r\n')
    expect(sent('GET', 'http://example.com/', { upgrade: 'x' }, { persistent: false })).not.toContain('close')
  })

  it.each<[string, string, string, object]>([
    ['a line end in the method', 'GET / HTTP/1.1\r\nX:', 'http://example.com/', {}],
    ['an empty method', '', 'http://example.com/', {}],
    ['a line end in the URL', 'GET', 'http://example.com/\r\nX: y', {}],
    ['a blank in the URL', 'GET', 'http://example.com/a b', {}],
    ['a tab, which URL parsers drop', 'GET', 'http://exam\tple.com/', {}],
    ['a blank in front of the URL', 'GET', ' http://example.com/', {}],
    ['no host', 'GET', 'http:///path', {}],
    ['no authority', 'GET', 'http:example.com', {}],
    ['no scheme', 'GET', '//example.com/', {}],
    ['port 0', 'GET', 'http://example.com:0/', {}],
    ['a port that is none', 'GET', 'http://example.com:99999/', {}],
    ['a line end in a value', 'GET', 'http://example.com/', { headers: { a: 'b\r\nc: d' } }],
    ['a line feed in a value', 'GET', 'http://example.com/', { headers: { a: 'b\nc: d' } }],
    ['NUL in a value', 'GET', 'http://example.com/', { headers: { a: 'b\0' } }],
    ['a value beyond ISO 8859-1', 'GET', 'http://example.com/', { headers: { a: '€' } }],
    ['a line end in a name', 'GET', 'http://example.com/', { headers: { 'a\r\nb': 'c' } }],
    ['a colon in a name', 'GET', 'http://example.com/', { headers: { 'a:': 'c' } }],
    ['two Hosts', 'GET', 'http://example.com/', { headers: [['host', 'a'], ['Host', 'b']] }],
    ['a Transfer-Encoding', 'POST', 'http://example.com/', { body: 'x', headers: { 'transfer-encoding': 'chunked' } }],
    ['a wrong Content-Length', 'POST', 'http://example.com/', { body: 'x', headers: { 'content-length': '2' } }],
    ['a Content-Length without a body', 'POST', 'http://example.com/', { headers: { 'content-length': '2' } }],
    ['two Content-Lengths', 'POST', 'http://example.com/',
      { body: 'x', headers: [['content-length', '1'], ['content-length', '1']] }],
    ['a Content-Length that is none', 'POST', 'http://example.com/',
      { body: 'x', headers: { 'content-length': '1e0' } }],
    ['a body that is none', 'POST', 'http://example.com/', { body: 5 }],
    ['a target that splits the line', 'GET', 'http://example.com/', { target: '/ HTTP/1.1\r\n' }],
    ['an upgrade that splits the head', 'GET', 'http://example.com/', { upgrade: 'a\r\nb' }],
    ['a colon in the username', 'GET', 'http://a%3Ab:c@example.com/', {}],
    ['a control character in the password', 'GET', 'http://a:b%0a@example.com/', {}],
    ['a signal that is none', 'GET', 'http://example.com/', { signal: {} }],
  ])('is refused: %s', (_title, method, url, options) => {
    const lab = new Lab()
    expect(outcome(lab.agent.request(method, url, options)).error).toBeInstanceOf(TypeError)
    expect(lab.attempts).toBe(0)
  })

  it('is refused for another scheme, and does not show a password', () => {
    const lab = new Lab()
    expect(outcome(lab.agent.request('GET', 'ftp://example.com/')).error).toBeInstanceOf(SchemeNotSupported)
    const { error } = outcome(lab.agent.request('GET', 'http://me:secret@example.com:x/'))
    expect(error!.message).not.toContain('secret')
    expect(outcome(lab.agent.request('GET', 'http://example.com/', { timeout: -1 })).error).toBeInstanceOf(RangeError)
  })
})

describe('a body that is sent', () => {
  it('goes in chunks when it comes piece by piece, with fields behind it', async () => {
    const lab = new Lab()
    const response = lab.agent.request('POST', 'http://example.com/', {
      body: (async function* () {
        yield 'one'
        yield latin1('twenty-six bytes of a body')
      })(),
      headers: { Trailer: 'x-sum' },
      trailers: () => ({ 'X-Sum': '29' }),
    })
    const server = lab.accept()
    await settle()
    expect(server.said()).toBe('POST / HTTP/1.1\r\nHost: example.com\r\nTrailer: x-sum\r\n'
      + 'Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n1a\r\ntwenty-six bytes of a body\r\n0\r\nX-Sum: 29\r\n\r\n')
    server.say(OK)
    expect((await response).status).toBe(200)
  })

  it('goes as it is when Content-Length says how long it is', async () => {
    const lab = new Lab()
    const response = outcome(lab.agent.request('POST', 'http://example.com/', {
      body: ['ab', 'cd'], headers: { 'Content-Length': '4' },
    }))
    const server = lab.accept()
    await settle()
    expect(server.said()).toBe('POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nabcd')
    server.say(OK)
    expect(response.value!.status).toBe(200)
  })

  it.each([['longer', ['abc', 'de']], ['shorter', ['abc']]])('fails, with its connection, when it is %s',
    async (_title, body) => {
    const lab = new Lab()
    const response = outcome(lab.agent.request('POST', 'http://example.com/',
      { body, headers: { 'Content-Length': '4' } }))
    const server = lab.accept()
    await settle()
    expect(response.error).toBeInstanceOf(RequestGenerationFailed)
    expect(server.transport.aborted).toBe(true)
  })

  it('fails, with its connection, when its source does', async () => {
    const lab = new Lab()
    const broken = new Error('disk')
    const response = outcome(lab.agent.request('POST', 'http://example.com/', {
      body: (async function* () {
        yield 'x'
        throw broken
      })(),
    }))
    const server = lab.accept()
    await settle()
    expect(response.error).toBeInstanceOf(RequestGenerationFailed)
    expect(response.error!.cause).toBe(broken)
    expect(server.transport.aborted).toBe(true)
    expect(lab.pool.counts).toEqual({ idle: 0, busy: 0, connecting: 0, waiting: 0 })
  })

  it('waits for 100 (Continue), or as long as was said', async () => {
    for (const how of ['100', 'time']) {
      const lab = new Lab()
      const response = outcome(lab.agent.request('POST', 'http://example.com/', { body: 'body', expectContinue: 500 }))
      const server = lab.accept()
      expect(server.said())
        .toBe('POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
      if (how === '100') server.say('HTTP/1.1 100 Continue\r\n\r\n')
      else lab.reactor.advance(500)
      await settle()
      expect(server.said()).toBe('body')
      server.say(OK)
      expect(response.value!.status).toBe(200)
      expect(lab.pool.counts.idle).toBe(1)
    }
  })

  it('is not sent when the server answers instead of 100 (Continue)', async () => {
    const lab = new Lab()
    const response = outcome(lab.agent.request('POST', 'http://example.com/', {
      body: 'body', headers: { Expect: '100-continue' },
    }))
    const server = lab.accept()
    server.said()
    server.say('HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno')
    await settle()
    expect(response.value!.status).toBe(413)
    expect(outcome(response.value!.text()).value).toBe('no')
    expect(server.said()).toBe('')
    expect(server.transport.disconnecting).toBe(true)
    expect(lab.pool.counts.idle).toBe(0)
  })

  it('ends when the server refuses it early, and goes on when the server takes it', async () => {
    for (const status of [413, 200]) {
      const lab = new Lab()
      let wasLeft = false
      let next: (value: IteratorResult<string>) => void = () => undefined
      const body: AsyncIterable<string> = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise((resolve) => { next = resolve }),
          return: () => {
            wasLeft = true
            return Promise.resolve({ done: true, value: undefined })
          },
        }),
      }
      const response = outcome(lab.agent.request('POST', 'http://example.com/', { body }))
      const server = lab.accept()
      await settle()
      next({ done: false, value: 'x' })
      await settle()
      server.said()
      server.say(`HTTP/1.1 ${status} Early\r\nContent-Length: 2\r\n\r\nok`)
      expect(outcome(response.value!.text()).value).toBe('ok')
      await settle()
      if (status === 413) {
        expect([wasLeft, server.transport.disconnecting, lab.pool.counts.idle]).toEqual([true, true, 0])
      } else {
        expect([wasLeft, server.transport.disconnecting, lab.pool.counts])
          .toMatchObject([false, false, { idle: 0, busy: 1 }])
        next({ done: false, value: 'y' })
        await settle()
        next({ done: true, value: undefined })
        await settle()
        expect(server.said()).toBe('1\r\ny\r\n0\r\n\r\n')
        expect(lab.pool.counts).toMatchObject({ idle: 1, busy: 0 })
      }
    }
  })
})

/** Lets what promises have put off happen. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

describe('a response', () => {
  const ask = (method = 'GET', options = {}) => {
    const lab = new Lab()
    const got = outcome<ClientResponse>(lab.agent.request(method, 'http://example.com/', options))
    const server = lab.accept()
    server.said()
    return { lab, got, server }
  }

  it('may be cut anywhere', () => {
    const answer = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
      + '5;ext\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n'
    for (let cut = 1; cut < answer.length; cut++) {
      const { lab, got, server } = ask()
      server.say(answer.slice(0, cut))
      const whole = got.value === undefined ? null : outcome(got.value.text())
      server.say(answer.slice(cut))
      expect((whole ?? outcome(got.value!.text())).value, `cut at ${cut}`).toBe('hello world')
      expect(got.value!.trailers.get('x-sum'), `cut at ${cut}`).toBe('11')
      expect(lab.pool.counts.idle).toBe(1)
    }
    const { got, server } = ask()
    for (const character of answer) server.say(character)
    expect(outcome(got.value!.text()).value).toBe('hello world')
  })

  it('is announced by others', () => {
    const told: [number, string | null][] = []
    const { got, server } = ask('GET', {
      onInformational: (status: number, headers: Headers) => told.push([status, headers.get('link')]),
    })
    server.say('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n')
    expect(told).toEqual([[102, null], [103, '</style.css>']])
    expect(got).toEqual({})
    server.say(OK)
    expect(got.value!.status).toBe(200)
  })

  it('is not announced without end', () => {
    const { got, server } = ask()
    server.say('HTTP/1.1 102 Processing\r\n\r\n'.repeat(51))
    expect(got.error).toBeInstanceOf(ResponseFailed)
    expect(server.transport.aborted).toBe(true)
  })

  it.each<[string, string, string]>([
    ['to HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'],
    ['with 204', 'DELETE', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['with 304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n'],
    ['that is empty', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ])('%s has no body, and leaves the connection to the next', (_title, method, answer) => {
    const { lab, got, server } = ask(method)
    server.say(answer)
    expect(outcome(got.value!.text()).value).toBe('')
    const next = outcome(lab.agent.request('GET', 'http://example.com/2'))
    expect(server.said()).toContain('GET /2 ')
    server.say(OK)
    expect(outcome(next.value!.text()).value).toBe('ok')
    expect(lab.attempts).toBe(1)
  })

  it('without a length ends with the connection', () => {
    const { lab, got, server } = ask()
    server.say('HTTP/1.1 200 OK\r\n\r\nall ')
    const body = outcome(got.value!.text())
    server.say('of it')
    expect(body).toEqual({})
    server.lose()
    expect(body.value).toBe('all of it')
    expect(lab.pool.counts).toEqual({ idle: 0, busy: 0, connecting: 0, waiting: 0 })
  })

  it.each<[string, string]>([
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    ['a chunk that is cut', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf'],
    ['no trailers\' end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n'],
  ])('that is cut short fails: %s', async (_title, answer) => {
    const { got, server } = ask()
    server.say(answer)
    const whole = outcome(got.value!.read())
    server.lose()
    expect(whole.error).toBeInstanceOf(ResponseFailed)
    const { got: second, server: other } = ask()
    other.say(answer)
    const pieces: string[] = []
    const reading = (async () => {
      for await (const piece of second.value!) pieces.push(text(piece))
    })()
    await settle()
    other.lose()
    await expect(reading).rejects.toBeInstanceOf(ResponseFailed)
    expect(pieces.join('')).toBe('half')
  })

  it('without a length fails when the connection breaks', () => {
    const { got, server } = ask()
    server.say('HTTP/1.1 200 OK\r\n\r\nhalf')
    const whole = outcome(got.value!.read())
    server.reset()
    expect(whole.error).toBeInstanceOf(ResponseFailed)
    expect(whole.error!.cause).toBeInstanceOf(ConnectionLost)
  })

  it('that is none fails', () => {
    for (const answer of [
      'SSH-2.0-OpenSSH\r\n', 'HTTP/2 200 OK\r\n\r\n', 'HTTP/1.1 OK\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
      'HTTP/1.1 200 OK\r\nA : b\r\n\r\n', 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    ]) {
      const { lab, got, server } = ask()
      server.say(answer)
      expect(got.error, answer).toBeInstanceOf(ResponseFailed)
      expect(server.transport.aborted).toBe(true)
      expect(lab.pool.counts.busy).toBe(0)
    }
  })

  it('that is nearly one is taken if that is asked for, and only by who asks', () => {
    const lenient = { repeatedLength: true, missingReason: true, bareLineFeeds: true }
    const lab = new Lab({}, { lenient })
    const strict = new Agent(lab.reactor, { pool: lab.pool })
    const got = [lab.agent, strict].map((agent) => outcome(agent.request('GET', 'http://example.com/')))
    for (const index of [0, 1]) lab.accept(index).say('HTTP/1.1 200\nContent-Length: 2\nContent-Length: 2\n\nok')
    expect(outcome(got[0]!.value!.text()).value).toBe('ok')
    expect(got[1]!.error).toBeInstanceOf(ResponseFailed)
    // A connection of the one is none for the other.
    outcome(strict.request('GET', 'http://example.com/'))
    expect(lab.attempts).toBe(3)
  })

  it('never comes', () => {
    const { got, server } = ask('POST')
    server.lose()
    expect(got.error).toBeInstanceOf(ResponseNeverReceived)
  })

  it('never comes, because the request never went', async () => {
    const { got, server } = ask('POST', { body: { [Symbol.asyncIterator]: () =>
      ({ next: () => new Promise(() => undefined) }) } })
    await settle()
    server.lose()
    expect(got.error).toBeInstanceOf(RequestTransmissionFailed)
  })

  it('breaks off in its head', () => {
    const { got, server } = ask()
    server.say('HTTP/1.1 200 OK\r\nConte')
    server.lose()
    expect(got.error).toBeInstanceOf(ResponseFailed)
    expect(got.error).not.toBeInstanceOf(ResponseNeverReceived)
  })

  it('holds the server back while nobody reads it', async () => {
    const { got, server } = ask()
    server.say('HTTP/1.1 200 OK\r\n\r\n')
    for (let i = 0; i < 3; i++) server.say(new Uint8Array(30_000))
    expect(server.transport.producerState).toBe('paused')
    let bytes = 0
    for await (const piece of got.value!) {
      bytes += piece.length
      if (bytes === 90_000) break
    }
    expect(server.transport.producerState).toBe('producing')
  })

  it('may be longer than what is read at once, but not than was said', () => {
    const lab = new Lab({}, { limits: { bodyBytes: 10 } })
    const got = outcome(lab.agent.request('GET', 'http://example.com/'))
    const server = lab.accept()
    server.say('HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n')
    expect(outcome(got.value!.read()).error).toMatchObject({ name: 'BodyTooLargeError' })
  })

  it('that nobody wants is thrown away if little is left, and the connection stays', () => {
    const { lab, got, server } = ask()
    server.say('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
    got.value!.discard()
    expect(lab.pool.counts).toMatchObject({ idle: 0, busy: 1 })
    server.say('...six')
    expect(lab.pool.counts).toMatchObject({ idle: 1, busy: 0 })
    expect(server.transport.disconnecting).toBe(false)
  })

  it('that nobody wants is cut off if much is left, or if it does not come', () => {
    const { lab, got, server } = ask()
    server.say('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf')
    got.value!.discard()
    expect([server.transport.aborted, lab.pool.counts.busy]).toEqual([true, 0])
    const { lab: slow, got: second, server: other } = ask()
    other.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf')
    second.value!.discard()
    expect(other.transport.aborted).toBe(false)
    slow.reactor.advance(1000)
    expect(other.transport.aborted).toBe(true)
    const { got: third, server: flood } = ask()
    flood.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n')
    third.value!.discard()
    flood.say(new Uint8Array(40_000))
    expect(flood.transport.aborted).toBe(false)
    flood.say(new Uint8Array(40_000))
    expect(flood.transport.aborted).toBe(true)
  })
})

describe('another protocol', () => {
  class Recorder extends Protocol {
    received = ''
    events: string[] = []
    override connectionMade(): void { this.events.push('made') }
    override dataReceived(data: Uint8Array): void { this.received += text(data) }
    override connectionLost(): void { this.events.push('lost') }
  }

  it.each<[string, string, object, string]>([
    ['101', 'GET', { upgrade: 'chat/1' },
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat/1\r\nConnection: upgrade\r\n\r\nfirst'],
    ['CONNECT', 'CONNECT', {}, 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nfirst'],
  ])('takes the connection over, with the bytes behind the head: %s', (_title, method, options, answer) => {
    for (const when of ['at once', 'later']) {
      const lab = new Lab()
      const next = new Recorder()
      const response = lab.agent.request(method, 'http://example.com/', options)
      if (when === 'at once') response.addCallback((answered) => answered.switchProtocol(next))
      const got = outcome(response)
      const server = lab.accept()
      server.say(answer)
      if (when === 'later') {
        expect(server.transport.producerState).toBe('paused')
        const answered = got.value as unknown as ClientResponse
        expect(answered.isUpgrade).toBe(true)
        answered.switchProtocol(next)
        expect(() => answered.switchProtocol(new Recorder())).toThrow()
      }
      expect(server.transport.producerState).toBe('producing')
      expect([next.events, next.received]).toEqual([['made'], 'first'])
      expect(lab.pool.counts).toEqual({ idle: 0, busy: 0, connecting: 0, waiting: 0 })
      server.said()
      next.transport.write('hello')
      expect(server.said()).toBe('hello')
      const to = server.transport.switchedTo ?? server.protocol
      to.dataReceived(latin1(' second'))
      expect(next.received).toBe('first second')
      lab.reactor.advance(1_000_000)
      expect(server.transport.aborted).toBe(false)
    }
  })

  it('is not there after another answer, and a refused CONNECT has a body', () => {
    const lab = new Lab()
    const got = outcome(lab.agent.request('CONNECT', 'http://example.com/'))
    const server = lab.accept()
    server.say('HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno')
    expect(got.value!.isUpgrade).toBe(false)
    expect(() => got.value!.switchProtocol(new Recorder())).toThrow()
    expect(outcome(got.value!.text()).value).toBe('no')
    expect(lab.pool.counts.idle).toBe(1)
  })

  it('must be taken within the time of a response', () => {
    const lab = new Lab({}, { timeouts: { response: 5000 } })
    const got = outcome(lab.agent.request('GET', 'http://example.com/', { upgrade: 'chat' }))
    const server = lab.accept()
    server.say('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    lab.reactor.advance(5000)
    expect(server.transport.aborted).toBe(true)
    expect(() => got.value!.switchProtocol(new Recorder())).toThrow(ConnectionLost)
  })
})
