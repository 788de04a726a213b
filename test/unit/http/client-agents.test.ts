/** Agents around agents: redirections, cookies, decompression, retries, proxies, and getPage and fetchVia on top. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { CookieJar } from 'tough-cookie'
import { describe, expect, it } from 'vitest'
import { NodeCompression } from '../../../bindings/node-api/compression.js'
import { Deferred, fail } from '../../../src/defer/index.js'
import {
  CancelledError, CompressionError, CompressionLimitError, ConnectionRefusedError, InfiniteRedirection, PageError,
  RedirectError, ResponseNeverReceived, SchemeNotSupported,
} from '../../../src/errors/index.js'
import {
  ContentDecoderAgent, CookieAgent, fetchVia, getPage, ProxyAgent, RedirectAgent, RetryAgent,
} from '../../../src/http/client/index.js'
import type { ClientResponse, IAgent, RequestOptions } from '../../../src/http/client/index.js'
import { Headers } from '../../../src/http/headers.js'
import { StringTransport } from '../../../src/testing/string-transport.js'
import { Lab, latin1, outcome, ServerEnd, text } from './client-lab.js'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const CLASSES = { Response, ReadableStream }
const redirection = (status: number, location: string): string =>
  `HTTP/1.1 ${status} Elsewhere\r\nLocation: ${location}\r\nContent-Length: 4\r\n\r\ngone`

/** Until something is so; whatever it waits for is the host's, and comes in its own time. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

/** An agent that answers what it is told, and remembers what it was asked. */
class Answering implements IAgent {
  readonly asked: { method: string, url: string, options: RequestOptions }[] = []
  readonly lab = new Lab()
  readonly #answers: (string | Uint8Array | Error)[]

  constructor(...answers: (string | Uint8Array | Error)[]) {
    this.#answers = answers
  }

  request(method: string, url: string | URL, options: RequestOptions = {}): Deferred<ClientResponse> {
    this.asked.push({ method, url: String(url), options })
    const answer = this.#answers.shift()!
    if (answer instanceof Error) return fail(answer) as Deferred<never> as Deferred<ClientResponse>
    const before = this.lab.attempts
    const response = this.lab.agent.request(method, url, options)
    if (this.lab.attempts > before) this.#server = this.lab.accept(before)
    this.said.push(this.#server!.said())
    this.#server!.say(answer)
    return response
  }

  readonly said: string[] = []
  #server: ServerEnd | null = null
}

describe('RedirectAgent', () => {
  it.each<[number, string, string, string, boolean]>([
    [301, 'GET', '', 'GET', false], [301, 'POST', 'body', 'GET', false], [301, 'PUT', 'body', 'PUT', true],
    [302, 'POST', 'body', 'GET', false], [302, 'HEAD', '', 'HEAD', false], [302, 'DELETE', '', 'DELETE', false],
    [303, 'POST', 'body', 'GET', false], [303, 'PUT', 'body', 'GET', false], [303, 'HEAD', '', 'HEAD', false],
    [307, 'POST', 'body', 'POST', true], [307, 'GET', '', 'GET', false],
    [308, 'POST', 'body', 'POST', true], [308, 'PATCH', 'body', 'PATCH', true],
  ])('%i after %s', (status, method, body, next, keeps) => {
    const isHead = method === 'HEAD'
    const inner = new Answering(redirection(status, '/next').slice(0, isHead ? -4 : undefined),
      isHead ? OK.slice(0, -2) : OK)
    const options = body === '' ? {} : { body, headers: { 'Content-Type': 'text/x', A: 'b' } }
    const got = outcome(new RedirectAgent(inner).request(method, 'http://example.com/first', options))
    expect(got.value!.status).toBe(200)
    expect(got.value!.url).toBe('http://example.com/next')
    expect(got.value!.previousResponse!.status).toBe(status)
    expect(inner.asked[1]!.method).toBe(next)
    expect(inner.said[1]!.startsWith(`${next} /next HTTP/1.1\r\n`)).toBe(true)
    expect(inner.said[1]!.endsWith('\r\n\r\nbody')).toBe(keeps)
    expect(inner.said[1]!.includes('text/x')).toBe(keeps)
    if (body !== '') expect(inner.said[1]).toContain('A: b\r\n')
    expect(inner.lab.attempts).toBe(1)
  })

  it('shows other origins nothing that was meant for the first', () => {
    const headers = { Authorization: 'Bearer secret', Cookie: 'a=b', 'Proxy-Authorization': 'x', Host: 'example.com',
      Accept: '*/*' }
    for (const [location, isKept] of [
      ['/b', true], ['http://example.com/b', true], ['http://example.com:80/b', true], ['HTTP://EXAMPLE.COM/b', true],
      ['http://example.com:8080/b', false], ['http://www.example.com/b', false], ['//other.example/b', false],
    ] as const) {
      const inner = new Answering(redirection(302, location), new Error('enough'))
      outcome(new RedirectAgent(inner).request('GET', 'http://me:secret@example.com/a', { headers }))
      const { url, options } = inner.asked[1]!
      const names = [...new Headers(options.headers).keys()].sort()
      expect(names, location).toEqual(isKept ? Object.keys(headers).map((name) =>
        name.toLowerCase()).sort() : ['accept'])
      expect(url.includes('me:secret@'), location).toBe(isKept)
    }
    // From https to http is another origin too.
    const inner = new Answering(redirection(302, 'https://example.com/b'), new Error('enough'))
    outcome(new RedirectAgent(inner).request('GET', 'http://me:secret@example.com/a'))
    expect(inner.asked[1]!.url).toBe('https://example.com/b')
  })

  it('gives up after too many', () => {
    const inner = new Answering(...Array.from({ length: 30 }, () => redirection(301, '/again')))
    const { error } = outcome(new RedirectAgent(inner, { limit: 5 }).request('GET', 'http://example.com/'))
    expect(error).toBeInstanceOf(InfiniteRedirection)
    expect(error).toMatchObject({ status: 301, location: '/again' })
    expect(inner.asked).toHaveLength(6)
  })

  it.each<[string, string, unknown]>([
    ['another scheme', 'ftp://example.com/', SchemeNotSupported], ['no URL', 'http://[', TypeError],
    ['a script', 'javascript:alert(1)', SchemeNotSupported], ['a file', 'file:///etc/passwd', SchemeNotSupported],
  ])('does not go to %s', (_title, location, cause) => {
    const { error } = outcome(new RedirectAgent(new Answering(redirection(302, location)))
      .request('GET', 'http://example.com/'))
    expect(error).toBeInstanceOf(RedirectError)
    expect(error!.cause).toBeInstanceOf(cause)
  })

  it('escapes what servers write into Location', () => {
    const inner = new Answering(redirection(302, '/a b/\xc3\xa4?q=\xe4#part'), OK)
    outcome(new RedirectAgent(inner).request('GET', 'http://example.com/'))
    expect(inner.said[1]).toContain('GET /a%20b/%C3%A4?q=%E4 HTTP/1.1')
  })

  it('does not send a body twice that can be read only once', () => {
    const body = (function* () { yield 'x' })()
    const inner = new Answering(redirection(307, '/b'))
    const got = outcome(new RedirectAgent(inner).request('POST', 'http://example.com/',
      { body, headers: { 'content-length': '1' } }))
    return until(() => got.error !== undefined).then(() => expect(got.error).toBeInstanceOf(RedirectError))
  })

  it('lets everything else be', () => {
    for (const answer of [OK, redirection(304, '/x').slice(0, -4), redirection(300, '/x'),
      'HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n']) {
      const inner = new Answering(answer)
      expect(outcome(new RedirectAgent(inner).request('GET', 'http://example.com/')).value!.previousResponse).toBe(null)
    }
    expect(() => new RedirectAgent(new Answering(), { limit: -1 })).toThrow(RangeError)
  })

  it('is cancelled on the way', () => {
    const lab = new Lab()
    const response = new RedirectAgent(lab.agent).request('GET', 'http://example.com/')
    const server = lab.accept()
    server.say(redirection(302, '/b'))
    expect(server.said()).toContain('GET /b')
    response.cancel()
    expect(outcome(response).error).toBeInstanceOf(CancelledError)
    expect(server.transport.aborted).toBe(true)
  })
})

describe('CookieAgent', () => {
  it('keeps cookies, and sends them where they belong', async () => {
    const inner = new Answering(
      'HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/private\r\n'
      + 'Set-Cookie: c=3; Domain=other.example\r\nSet-Cookie: ;;;\r\nContent-Length: 0\r\n\r\n', OK, OK, OK)
    const agent = new CookieAgent(inner, new CookieJar())
    await agent.request('GET', 'http://example.com/')
    await agent.request('GET', 'http://example.com/private')
    expect(inner.asked[1]!.options.headers).toBeDefined()
    expect(inner.said[0]).not.toContain('Cookie')
    expect(inner.said[1]).toMatch(/\r\nCookie: (?:a=1; b=2|b=2; a=1)\r\n/)
    await agent.request('GET', 'http://example.com/', { headers: { cookie: 'own=1' } })
    expect(inner.said[2]).toMatch(/\r\nCookie: own=1; a=1\r\n/i)
    await agent.request('GET', 'http://www.example.com/').catch(() => undefined)
    expect(inner.asked[3]?.options.headers).toBeUndefined()
  })

  it('works with a jar that answers at once, and refuses what is none', () => {
    const kept: string[] = []
    const jar = {
      getCookieString: (url: string) => url === 'http://example.com/a' ? 'x=y' : '',
      setCookie: (cookie: string) => {
        kept.push(cookie)
        throw new Error('refused')
      },
    }
    const inner = new Answering('HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n')
    expect(outcome(new CookieAgent(inner, jar).request('GET', 'http://me@example.com/a#f')).value!.status).toBe(200)
    expect(inner.said[0]).toContain('Cookie: x=y\r\n')
    expect(kept).toEqual(['a=1'])
    expect(() => new CookieAgent(inner, {} as never)).toThrow(TypeError)
    expect(outcome(new CookieAgent(inner, { ...jar, getCookieString: () => { throw new Error('broken') } })
      .request('GET', 'http://example.com/')).error!.message).toBe('broken')
  })

  it('follows redirections inside a RedirectAgent with the cookies that came on the way', async () => {
    const inner = new Answering(redirection(302, '/b').replace('Content-Length', 'Set-Cookie: s=1\r\nContent-Length'),
      OK)
    await new RedirectAgent(new CookieAgent(inner, new CookieJar())).request('GET', 'http://example.com/a')
    expect(inner.said[1]).toContain('Cookie: s=1\r\n')
  })
})

const compressing = { compression: () => new NodeCompression() }
const PLAIN = 'some text that is compressed, '.repeat(100)

describe('ContentDecoderAgent', () => {
  const answer = (coding: string, body: Uint8Array): string =>
    `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\nX-Other: x\r\n\r\n`
    + text(body)

  it.each<[string, Uint8Array]>([
    ['gzip', gzipSync(PLAIN)], ['x-gzip', gzipSync(PLAIN)], ['br', brotliCompressSync(PLAIN)],
      ['GZIP', gzipSync(PLAIN)],
    ['deflate', deflateSync(PLAIN)], ['deflate', deflateRawSync(PLAIN)], ['identity, gzip', gzipSync(PLAIN)],
    ['gzip, br', brotliCompressSync(gzipSync(PLAIN))], ['identity', latin1(PLAIN)],
  ])('decompresses %s', async (coding, body) => {
    const inner = new Answering(answer(coding, body))
    const response = await new ContentDecoderAgent(compressing, inner).request('GET', 'http://example.com/')
    expect(inner.said[0]).toContain('Accept-Encoding: gzip, br, deflate\r\n')
    expect(await response.text()).toBe(PLAIN)
    if (coding !== 'identity') expect(response.headers.has('content-length')).toBe(false)
    expect([response.headers.get('content-encoding'), response.headers.get('x-other')])
      .toEqual([coding === 'identity' ? 'identity' : null, 'x'])
    expect(inner.lab.pool.counts.idle).toBe(1)
  })

  it('takes off only what it knows', async () => {
    const inner = new Answering(answer('zstd, gzip', gzipSync('zstd')), answer('gzip, zstd', latin1('zstd')))
    const agent = new ContentDecoderAgent(compressing, inner)
    const response = await agent.request('GET', 'http://example.com/')
    expect([await response.text(), response.headers.get('content-encoding')]).toEqual(['zstd', 'zstd'])
    const other = await agent.request('GET', 'http://example.com/')
    expect([await other.text(), other.headers.get('content-encoding')]).toEqual(['zstd', 'gzip, zstd'])
  })

  it('lets bodies be that are none, or that somebody wants as they are', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n'
    const inner = new Answering(head, answer('gzip', new Uint8Array(0)), answer('gzip', gzipSync('x')))
    const agent = new ContentDecoderAgent(compressing, inner)
    const response = await agent.request('HEAD', 'http://example.com/')
    expect([response.headers.get('content-encoding'), await response.text()]).toEqual(['gzip', ''])
    expect(await (await agent.request('GET', 'http://example.com/')).text()).toBe('')
    const own = await agent.request('GET', 'http://example.com/', { headers: { 'Accept-Encoding': 'gzip' } })
    expect(new Uint8Array(await own.read())).toEqual(new Uint8Array(gzipSync('x')))
  })

  it.each<[string, string, Uint8Array]>([
    ['is damaged', 'gzip', latin1('this is no gzip at all')],
    ['is cut short', 'gzip', gzipSync(PLAIN).subarray(0, 20)],
    ['was compressed without end', 'gzip, gzip, gzip, gzip', gzipSync('x')],
  ])('fails when what came %s', async (_title, coding, body) => {
    const response = await new ContentDecoderAgent(compressing, new Answering(answer(coding, body)))
      .request('GET', 'http://example.com/')
    await expect(response.read().asPromise()).rejects.toBeInstanceOf(CompressionError)
  })

  it('takes no more than it was told', async () => {
    const bomb = gzipSync(new Uint8Array(5_000_000))
    const response = await new ContentDecoderAgent(compressing, new Answering(answer('gzip', bomb)), { limit: 100_000 })
      .request('GET', 'http://example.com/')
    await expect(response.read().asPromise()).rejects.toBeInstanceOf(CompressionLimitError)
    const other = await new ContentDecoderAgent(compressing, new Answering(answer('gzip', bomb)))
      .request('GET', 'http://example.com/')
    await expect(other.read(100_000).asPromise()).rejects.toMatchObject({ name: 'BodyTooLargeError' })
    expect(() => new ContentDecoderAgent(compressing, new Answering(),
      { codings: ['zip' as never] })).toThrow(RangeError)
    expect(() => new ContentDecoderAgent(compressing, new Answering(), { limit: -1 })).toThrow(RangeError)
  })

  it('holds the server back while nobody reads, and lets go of what nobody wants', async () => {
    const lab = new Lab()
    const got = outcome(new ContentDecoderAgent(compressing, lab.agent).request('GET', 'http://example.com/'))
    const server = lab.accept()
    const bomb = gzipSync(new Uint8Array(30_000_000))
    server.say(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length + 1_000_000}\r\n\r\n`)
    server.say(new Uint8Array(bomb))
    let most = 0
    for await (const piece of got.value!) {
      most = Math.max(most, piece.length)
      if (got.value!.body.received > 1_000_000) break
    }
    expect(most).toBeLessThan(1_000_000)
    await until(() => server.transport.aborted)
    expect(got.value!.body.received).toBeLessThan(10_000_000)
  })
})

describe('RetryAgent', () => {
  const backoff = (attempt: number): number => 100 * (attempt + 1)
  const busy = (status: number, field = ''): string => `HTTP/1.1 ${status} Later\r\n${field}Content-Length: 0\r\n\r\n`

  it('tries again after what passes, longer and longer', () => {
    const inner = new Answering(new ConnectionRefusedError(), busy(503), new ResponseNeverReceived(), OK)
    const { reactor } = inner.lab
    const got = outcome(new RetryAgent(reactor, inner, { backoff }).request('GET', 'http://example.com/'))
    for (const [ms, asked] of [[99, 1], [1, 2], [199, 2], [1, 3], [300, 4]] as const) {
      reactor.advance(ms)
      expect(inner.asked).toHaveLength(asked)
    }
    expect(got.value!.status).toBe(200)
  })

  it('gives what the last try gave', () => {
    for (const last of [busy(502), new ConnectionRefusedError()]) {
      const inner = new Answering(busy(429), last, OK)
      const got = outcome(new RetryAgent(inner.lab.reactor, inner, { retries: 1, backoff })
        .request('GET', 'http://example.com/'))
      inner.lab.reactor.advance(100)
      if (last instanceof Error) expect(got.error).toBe(last)
      else expect(got.value!.status).toBe(502)
      expect(inner.asked).toHaveLength(2)
    }
  })

  it('waits as long as the server says, if that is not too long', () => {
    for (const [field, ms] of [['5', 5000], ['Thu, 01 Jan 1970 00:00:07 GMT', 7000], ['soon', 100],
      ['0', 100]] as const) {
      const inner = new Answering(busy(503, `Retry-After: ${field}\r\n`), OK)
      const { reactor } = inner.lab
      const got = outcome(new RetryAgent(reactor, inner, { backoff }).request('GET', 'http://example.com/'))
      reactor.advance(ms - 1)
      expect(got).toEqual({})
      reactor.advance(1)
      expect(got.value!.status).toBe(200)
    }
    const inner = new Answering(busy(503, 'Retry-After: 3600\r\n'))
    expect(outcome(new RetryAgent(inner.lab.reactor, inner)
      .request('GET', 'http://example.com/')).value!.status).toBe(503)
  })

  it('does not do twice what should be done once', () => {
    for (const [method, options] of [['POST', { body: 'x' }],
      ['PUT', { body: (function* () { yield 'x' })() }]] as const) {
      const inner = new Answering(new ConnectionRefusedError(), OK)
      expect(outcome(new RetryAgent(inner.lab.reactor, inner).request(method, 'http://example.com/', options)).error)
        .toBeInstanceOf(ConnectionRefusedError)
    }
    const inner = new Answering(new ConnectionRefusedError(), OK)
    const agent = new RetryAgent(inner.lab.reactor, inner, { methods: ['POST'], backoff })
    const got = outcome(agent.request('POST', 'http://example.com/', { body: 'x' }))
    inner.lab.reactor.advance(100)
    expect(got.value!.status).toBe(200)
  })

  it('does not try again what cannot go better', () => {
    for (const error of [new TypeError('no URL'), new CancelledError(), new SchemeNotSupported()]) {
      const inner = new Answering(error, OK)
      expect(outcome(new RetryAgent(inner.lab.reactor, inner).request('GET', 'http://example.com/')).error).toBe(error)
    }
    expect(() => new RetryAgent({} as never, new Answering())).toThrow(TypeError)
    expect(() => new RetryAgent(new Lab().reactor, new Answering(), { retries: -1 })).toThrow(RangeError)
  })

  it('is cancelled while it waits, by Deferred and AbortSignal', () => {
    for (const how of ['Deferred', 'AbortSignal']) {
      const inner = new Answering(busy(503), OK)
      const controller = new AbortController()
      const response = new RetryAgent(inner.lab.reactor, inner, { backoff })
        .request('GET', 'http://example.com/', { signal: controller.signal })
      const got = outcome(response)
      const left = inner.lab.reactor.getDelayedCalls().length
      if (how === 'Deferred') response.cancel()
      else controller.abort()
      expect(got.error).toBeInstanceOf(CancelledError)
      expect(inner.lab.reactor.getDelayedCalls()).toHaveLength(left - 1)
      expect(inner.asked).toHaveLength(1)
    }
  })
})

describe('ProxyAgent', () => {
  const through = (proxy: string, url: string, options = {}) => {
    const lab = new Lab()
    const agent = new ProxyAgent(lab.reactor, proxy, { pool: lab.pool, ...options })
    const got = outcome(agent.request('GET', url))
    const { host, port } = lab.reactor.tcpClients[0]!
    const server = lab.accept()
    return { lab, agent, got, server, where: `${host}:${port}` }
  }

  it('asks an HTTP proxy by the whole URL, and keeps one connection for all hosts', () => {
    const { lab, agent, got, server, where } = through('http://me:pw@192.0.2.99:3128', 'http://you:x@example.com/a?b#c')
    expect(where).toBe('192.0.2.99:3128')
    expect(server.said()).toBe('GET http://example.com/a?b HTTP/1.1\r\nHost: example.com\r\n'
      + 'Authorization: Basic eW91Ong=\r\nProxy-Authorization: Basic bWU6cHc=\r\n\r\n')
    server.say(OK)
    expect(got.value!.status).toBe(200)
    outcome(agent.request('GET', 'http://other.example:81/'))
    expect(server.said()).toContain('GET http://other.example:81/ HTTP/1.1\r\nHost: other.example:81\r\n')
    expect(lab.attempts).toBe(1)
  })

  it('asks an HTTP proxy for a tunnel to https, and shows the server nothing of the proxy\'s', () => {
    const { got, server, lab } = through('http://me:pw@192.0.2.99:3128', 'https://example.com/')
    expect(server.said()).toBe('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n'
      + 'Proxy-Authorization: Basic bWU6cHc=\r\n\r\n')
    server.say('HTTP/1.1 200 OK\r\n\r\n')
    const { transport } = server
    expect(transport.tlsOptions).toMatchObject({ serverName: 'example.com', alpn: ['http/1.1'] })
    const next = transport.switchedTo ?? server.protocol
    ;(next as unknown as { handshakeCompleted(): void }).handshakeCompleted()
    expect(server.said()).toBe('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n')
    ;(transport.switchedTo ?? server.protocol).dataReceived(latin1(OK))
    expect(got.value!.status).toBe(200)
    expect(lab.pool.counts.idle).toBe(1)
  })

  it('tells of a proxy that refuses', () => {
    const { got, server, lab } = through('http://192.0.2.99:3128', 'https://example.com/')
    server.say('HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n')
    expect(got.error).toMatchObject({ name: 'HTTPConnectError', status: 407 })
    expect(lab.pool.counts).toEqual({ idle: 0, busy: 0, connecting: 0, waiting: 0 })
  })

  it('goes through SOCKS5, which resolves the name', () => {
    const { server, where } = through('socks5://192.0.2.99', 'http://somewhere.invalid/')
    expect(where).toBe('192.0.2.99:1080')
    expect(server.said()).toBe('\x05\x01\x00')
    server.say('\x05\x00')
    expect(server.said()).toContain('somewhere.invalid')
    server.say('\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00')
    expect(server.said()).toBe('GET / HTTP/1.1\r\nHost: somewhere.invalid\r\n\r\n')
    expect(through('socks5://[::1]:80', 'http://example.com/').where).toBe('::1:80')
  })

  it('goes directly to what is excepted', () => {
    const options = { except: ['example.com', '192.0.2.7'] }
    expect(through('http://192.0.2.99', 'http://example.com/', options).where).toBe('192.0.2.10:80')
    expect(through('http://192.0.2.99', 'http://192.0.2.7/', options).where).toBe('192.0.2.7:80')
    expect(through('http://192.0.2.99', 'http://www.example.com/', { except: ['EXAMPLE.com'] }).lab.attempts).toBe(1)
    expect(through('http://192.0.2.99', 'http://badexample.com/', options).where).toBe('192.0.2.99:80')
  })

  it('refuses what is no proxy', () => {
    const { reactor } = new Lab()
    expect(() => new ProxyAgent(reactor, 'ftp://x')).toThrow(SchemeNotSupported)
    expect(() => new ProxyAgent(reactor, 'x')).toThrow(TypeError)
  })
})

describe('getPage', () => {
  it('gives the body, and follows redirections', () => {
    const inner = new Answering(redirection(302, '/b'), OK)
    expect(text(outcome(getPage('http://example.com/', { agent: inner })).value!)).toBe('ok')
  })

  it('fails with the status and the body of what is no success', () => {
    const inner = new Answering('HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope')
    const { error } = outcome(getPage('http://example.com/', { agent: inner }))
    expect(error).toBeInstanceOf(PageError)
    expect([(error as PageError).status, text((error as PageError).body)]).toEqual([404, 'nope'])
    const long = new Answering('HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\nnope')
    expect(outcome(getPage('http://example.com/', { agent: long, limit: 3 })).error).toMatchObject({ status: 500 })
  })

  it('works on a reactor that can do no more than connect', () => {
    const { reactor } = new Lab()
    const got = outcome(getPage('http://example.com/', { reactor, method: 'POST', body: 'x' }))
    const transport = new StringTransport()
    const server = new ServerEnd(reactor.tcpClients[0]!.connector.succeed(transport)!, transport)
    expect(server.said()).toContain('Connection: close\r\n')
    server.say(OK)
    expect(text(got.value!)).toBe('ok')
    expect(transport.disconnecting).toBe(true)
    expect(outcome(getPage('http://example.com/')).error).toBeInstanceOf(TypeError)
  })
})

describe('fetchVia', () => {
  it('asks and answers with the host\'s own classes', async () => {
    const inner = new Answering('HTTP/1.1 201 Made\r\nContent-Type: application/json\r\nSet-Cookie: a=1\r\n'
      + 'Set-Cookie: b=2\r\nContent-Length: 7\r\n\r\n{"a":1}')
    const response = await fetchVia(inner, CLASSES)('http://example.com/#f',
      { method: 'post', body: 'x', headers: { A: 'b' } })
    expect(response).toBeInstanceOf(Response)
    expect([response.status, response.statusText, response.url, response.redirected])
      .toEqual([201, 'Made', 'http://example.com/', false])
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(await response.json()).toEqual({ a: 1 })
    expect(inner.said[0]).toBe('POST / HTTP/1.1\r\nHost: example.com\r\nA: b\r\nAccept: */*\r\n'
      + 'Content-Type: text/plain;charset=UTF-8\r\nContent-Length: 1\r\n\r\nx')
  })

  it.each<[string, () => BodyInit, RegExp]>([
    ['bytes', () => new Uint8Array([97]), /Content-Length: 1\r\n\r\na$/],
    ['a buffer', () => new Uint8Array([97, 98]).buffer, /Content-Length: 2\r\n\r\nab$/],
    ['a view', () => new DataView(new Uint8Array([97, 98]).buffer, 1), /Content-Length: 1\r\n\r\nb$/],
    ['parameters', () => new URLSearchParams({ a: 'b c' }),
      /Content-Type: application\/x-www-form-urlencoded;charset=UTF-8\r\nContent-Length: 5\r\n\r\na=b\+c$/i],
    ['a form', () => {
      const form = new FormData()
      form.append('a', 'b')
      return form
    }, /Content-Type: multipart\/form-data; boundary=/i],
    ['a blob', () => new Blob(['xyz'], { type: 'text/x' }), /Content-Type: text\/x\r\nContent-Length: 3\r\n\r\nxyz$/i],
  ])('sends %s', async (_title, body, expected) => {
    const inner = new Answering(OK)
    expect((await fetchVia(inner, CLASSES)('http://example.com/', { method: 'POST', body: body() })).status).toBe(200)
    expect(inner.said[0]).toMatch(expected)
  })

  it('takes a Request, and a stream', async () => {
    const lab = new Lab()
    const request = new Request('http://example.com/a', {
      method: 'PUT', headers: { 'X-A': 'b' }, body: new Blob(['stream']).stream(), duplex: 'half',
    } as RequestInit)
    const response = fetchVia(lab.agent, CLASSES)(request)
    await until(() => lab.attempts === 1)
    const server = lab.accept()
    let said = ''
    await until(() => (said += server.said()).endsWith('0\r\n\r\n'))
    expect(said).toMatch(/^PUT \/a HTTP\/1\.1\r\n[^]*x-a: b\r\n[^]*Transfer-Encoding: chunked\r\n\r\n6\r\nstream\r\n/i)
    server.say(OK)
    expect(await (await response).text()).toBe('ok')
  })

  it('follows redirections, or not', async () => {
    const answers = [redirection(302, '/b'), OK]
    const followed = await fetchVia(new Answering(...answers), CLASSES)('http://example.com/')
    expect([followed.status, followed.redirected, followed.url]).toEqual([200, true, 'http://example.com/b'])
    expect((await fetchVia(new Answering(...answers), CLASSES)('http://example.com/',
      { redirect: 'manual' })).status).toBe(302)
    await expect(fetchVia(new Answering(...answers), CLASSES)('http://example.com/', { redirect: 'error' }))
      .rejects.toBeInstanceOf(TypeError)
  })

  it('fails with a TypeError, or with the reason of its signal', async () => {
    const refused = new ConnectionRefusedError()
    await expect(fetchVia(new Answering(refused), CLASSES)('http://example.com/')).rejects
      .toMatchObject({ name: 'TypeError', cause: refused })
    await expect(fetchVia(new Answering(OK), CLASSES)('http://me:x@example.com/')).rejects.toBeInstanceOf(TypeError)
    await expect(fetchVia(new Answering(OK), CLASSES)('http://example.com/', { body: 'x' })).rejects
      .toBeInstanceOf(TypeError)
    const reason = new Error('enough')
    await expect(fetchVia(new Answering(OK), CLASSES)('http://example.com/', { signal: AbortSignal.abort(reason) }))
      .rejects.toBe(reason)
    const lab = new Lab()
    const controller = new AbortController()
    const response = fetchVia(lab.agent, CLASSES)('http://example.com/', { signal: controller.signal })
    await until(() => lab.attempts === 1)
    const server = lab.accept()
    server.say('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
    const body = (await response).text()
    controller.abort(reason)
    await expect(body).rejects.toBe(reason)
    expect(server.transport.aborted).toBe(true)
    expect(() => fetchVia({} as never, CLASSES)).toThrow(TypeError)
    expect(() => fetchVia(lab.agent, {} as never)).toThrow(TypeError)
  })

  it('ends a body that is cancelled, and errors one that breaks', async () => {
    const lab = new Lab()
    const response = fetchVia(lab.agent, CLASSES)('http://example.com/')
    await until(() => lab.attempts === 1)
    const server = lab.accept()
    server.say('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf')
    const { body } = await response
    await body!.cancel()
    expect(server.transport.aborted).toBe(true)
    const second = fetchVia(lab.agent, CLASSES)('http://example.com/')
    await until(() => lab.attempts === 2)
    const other = lab.accept(1)
    other.say('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
    const whole = (await second).text()
    other.reset()
    await expect(whole).rejects.toMatchObject({ name: 'TypeError', cause: { name: 'ResponseFailed' } })
  })
})
