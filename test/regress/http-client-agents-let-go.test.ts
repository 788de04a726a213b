/** What agents around agents lost, kept or mixed up: fields that come once, responses nobody gets, ranges, proxies. */
import { describe, expect, it } from 'vitest'
import { fail } from '../../src/defer/index.js'
import { HTTPConnectError, SOCKSAuthenticationError } from '../../src/errors/index.js'
import { ContentDecoderAgent, CookieAgent, fetchVia, HTTPConnectionPool, ProxyAgent, RedirectAgent, RetryAgent }
  from '../../src/http/client/index.js'
import type { CompressionHost } from '../../src/interfaces/compression-host.js'
import { MemoryReactor } from '../../src/testing/memory-reactor.js'
import { Lab, outcome } from '../unit/http/client-lab.js'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const LONG = 'HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 1000000\r\n\r\nhalf'
const URL_ = 'http://example.com/'

async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

it.each<[string, (lab: Lab) => RedirectAgent | RetryAgent, string]>([
  ['redirected', (lab) => new RedirectAgent(lab.agent),
    'HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n'],
  ['tried again', (lab) => new RetryAgent(lab.reactor, lab.agent, { backoff: () => 0 }),
    'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n'],
])('fields that can be iterated once are there when a request is %s', (_title, agent, answer) => {
  const lab = new Lab()
  const headers = (function* (): Generator<[string, string]> { yield ['X-Name', 'value'] })()
  outcome(agent(lab).request('GET', URL_, { headers }))
  const server = lab.accept()
  expect(server.said()).toContain('X-Name: value')
  server.say(answer)
  lab.reactor.advance(1)
  expect(server.said()).toContain('X-Name: value')
})

it('a response whose cookies were being kept when it was given up does not keep its connection', async () => {
  const lab = new Lab()
  const jar = { getCookieString: () => '', setCookie: () => new Promise(() => undefined) }
  const asked = new CookieAgent(lab.agent, jar).request('GET', URL_)
  const got = outcome(asked)
  const server = lab.accept()
  server.say(LONG)
  asked.cancel()
  await settle()
  expect(got.error).toMatchObject({ name: 'CancelledError' })
  expect(server.transport.aborted).toBe(true)
  expect(lab.pool.counts).toEqual({ idle: 0, busy: 0, connecting: 0, waiting: 0 })
})

it('a range is asked for as it is, not of something compressed', () => {
  const lab = new Lab()
  const compression = (): CompressionHost => ({ codings: ['gzip'] }) as unknown as CompressionHost
  const agent = new ContentDecoderAgent({ compression }, lab.agent)
  outcome(agent.request('GET', URL_, { headers: { Range: 'bytes=0-9' } }))
  expect(lab.accept().said()).not.toMatch(/accept-encoding/i)
})

it.each<[string, Error, number]>([
  ['wants other credentials', new HTTPConnectError('no', { status: 407 }), 1],
  ['forbids it', new HTTPConnectError('no', { status: 403 }), 1],
  ['refuses the credentials', new SOCKSAuthenticationError(), 1],
  ['could not reach the host', new HTTPConnectError('no', { status: 502 }), 2],
])('a proxy that %s is asked as often as makes sense', (_title, error, count) => {
  const reactor = new MemoryReactor()
  let asked = 0
  const agent = new RetryAgent(reactor, {
    request: () => {
      asked += 1
      return fail(error)
    },
  }, { retries: 1, backoff: () => 0 })
  outcome(agent.request('GET', URL_))
  reactor.advance(1)
  expect(asked).toBe(count)
})

it('agents with other TLS for their proxy do not share connections', () => {
  const reactor = new MemoryReactor({ 'proxy.example': '192.0.2.1' })
  const pool = new HTTPConnectionPool(reactor)
  const keys: string[] = []
  pool.acquire = ({ destination }) => { keys.push(destination.key) }
  const proxyTLS = { minVersion: 'TLSv1.3' } as const
  for (const options of [{ proxyTLS }, {}, { proxyTLS }]) {
    outcome(new ProxyAgent(reactor, 'https://proxy.example', { pool, ...options }).request('GET', URL_))
  }
  expect(keys[0]).toBe(keys[2])
  expect(keys[0]).not.toBe(keys[1])
})

it.each(['[2001:db8::1]', '2001:db8::1', '.Example.com', 'example.com'])(
  'a host is excepted from a proxy however it is written: %s', (name) => {
    const reactor = new MemoryReactor({ 'www.example.com': '192.0.2.7' })
    const url = name.includes(':') ? 'http://[2001:db8::1]/' : 'http://www.example.com/'
    outcome(new ProxyAgent(reactor, 'http://192.0.2.99', { except: [name] }).request('GET', url))
    expect(reactor.tcpClients[0]!.host).toBe(name.includes(':') ? '2001:db8::1' : '192.0.2.7')
  })

describe('fetchVia', () => {
  const classes = { Response, ReadableStream }

  it('says that it was redirected, to the same URL too', async () => {
    const lab = new Lab()
    const response = fetchVia(lab.agent, classes)(URL_)
    await settle()
    const server = lab.accept()
    server.say('HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n')
    server.say(OK)
    expect(await response).toMatchObject({ redirected: true, url: URL_, status: 200 })
  })

  it('refuses a way to treat redirections that is none', async () => {
    const lab = new Lab()
    await expect(fetchVia(lab.agent, classes)(URL_, { redirect: 'fellow' as never })).rejects.toThrow(TypeError)
    expect(lab.attempts).toBe(0)
  })

  it('takes the signal of a Request away when it is told null', async () => {
    const lab = new Lab()
    const controller = new AbortController()
    controller.abort()
    const asked = { url: URL_, headers: {}, method: 'GET', body: null, signal: controller.signal } as unknown as Request
    const fetch = fetchVia(lab.agent, classes)
    await expect(fetch(asked)).rejects.toMatchObject({ name: 'AbortError' })
    const response = fetch(asked, { signal: null })
    await settle()
    lab.accept().say(OK)
    expect((await response).status).toBe(200)
  })

  it('keeps no connection for a response that cannot be made', async () => {
    const lab = new Lab()
    class Refusing {
      constructor() {
        throw new RangeError('not this one')
      }
    }
    const response = fetchVia(lab.agent, { Response: Refusing as never, ReadableStream })(URL_)
    await settle()
    lab.accept().say(LONG)
    await expect(response).rejects.toThrow(TypeError)
    expect(lab.pool.counts).toEqual({ idle: 0, busy: 0, connecting: 0, waiting: 0 })
  })
})
