/** The HTTP client with Node's servers, and with servers that do not keep to the rules. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createServer as createNetServer } from 'node:net'
import type { Server as NetServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { CookieJar } from 'tough-cookie'
import { afterEach, describe, expect, it } from 'vitest'
import { CertificateError, UNIXClientEndpoint } from 'whorl'
import {
  Agent, ContentDecoderAgent, CookieAgent, fetchVia, getPage, RedirectAgent, RequestTransmissionFailed, ResponseFailed,
  ResponseNeverReceived, RetryAgent,
} from 'whorl/http'
import {
  cleanUp, cleanups, client, digest, echo, listen, MEGABYTES, nodeServer, reactor, vector,
} from './http-client-lab.js'

afterEach(cleanUp)

describe('node:http', () => {
  it('answers one request after the other on one connection', async () => {
    let connections = 0
    const { url, server } = await nodeServer((request, response) => response.end(`you asked for ${request.url}`))
    server.on('connection', () => { connections += 1 })
    const { agent, pool } = client()
    for (let i = 0; i < 20; i++) {
      const response = await agent.request('GET', `${url}/${i}`)
      expect(await response.text()).toBe(`you asked for /${i}`)
    }
    expect(connections).toBe(1)
    expect(pool.counts).toEqual({ idle: 1, busy: 0, connecting: 0, waiting: 0 })
    await pool.closeCachedConnections()
    expect(pool.counts.idle).toBe(0)
  })

  it('answers many at a time, on as many connections as there may be', async () => {
    const { url } = await nodeServer(echo)
    const { agent, pool } = client({}, { maxPerHost: 4 })
    const answers = await Promise.all(Array.from({ length: 50 }, async (_, i) =>
      await (await agent.request('POST', url, { body: `number ${i}` })).text()))
    expect(answers).toEqual(Array.from({ length: 50 }, (_, i) => `number ${i}`))
    expect(pool.counts).toEqual({ idle: 4, busy: 0, connecting: 0, waiting: 0 })
  })

  it('takes and gives bodies of any size, in any form', async () => {
    const { url } = await nodeServer(echo)
    const { agent } = client()
    const pieces = function* () {
      for (let at = 0; at < MEGABYTES.length; at += 100_001) yield MEGABYTES.subarray(at, at + 100_001)
    }
    const bodies = [
      MEGABYTES, pieces(), (async function* () { yield* pieces() })(), new Blob([MEGABYTES]).stream() as never, '',
        'ä'.repeat(100_000),
    ]
    const got: string[] = []
    for (const body of bodies) {
      const response = await agent.request('POST', url, { body })
      const whole = await response.read()
      got.push(`${response.headers.get('x-coding')} ${whole.length} ${digest(whole) === digest(MEGABYTES)}`)
    }
    expect(got).toEqual([
      'none 3000000 true', 'chunked 3000000 true', 'chunked 3000000 true', 'chunked 3000000 true', 'none 0 false',
        'none 200000 false',
    ])
  })

  it('waits for a reader that takes its time', async () => {
    let written = 0
    const { url } = await nodeServer((_request, response) => {
      const piece = Buffer.alloc(1_000_000)
      const write = (): void => {
        while (written < 200) {
          written += 1
          if (!response.write(piece)) {
            response.once('drain', write)
            return
          }
        }
        response.end()
      }
      write()
    })
    const { agent } = client()
    const response = await agent.request('GET', url)
    // A second request runs meanwhile: so there was time for the first to bring more than it should.
    const other = await nodeServer(echo)
    for (let i = 0; i < 20; i++) await (await agent.request('POST', other.url, { body: MEGABYTES })).read()
    expect(written).toBeLessThan(100)
    let bytes = 0
    for await (const piece of response) bytes += piece.length
    expect(bytes).toBe(200_000_000)
  })

  it('is sent no more than it takes', async () => {
    let go: () => void = () => undefined
    const { url } = await nodeServer((request, response) => {
      if (request.method !== 'POST') {
        echo(request, response)
        return
      }
      go = () => request.resume()
      request.on('end', () => response.end('all of it'))
    })
    const { agent } = client()
    let made = 0
    const response = agent.request('POST', url, {
      body: (function* () {
        for (; made < 200; made++) yield MEGABYTES.subarray(0, 1_000_000)
      })(),
    })
    // Others run meanwhile: so there was time for more.
    for (let i = 0; i < 20; i++) await (await agent.request('PUT', url, { body: MEGABYTES })).read()
    expect(made).toBeGreaterThan(0)
    expect(made).toBeLessThan(100)
    go()
    expect(await (await response).text()).toBe('all of it')
    expect(made).toBe(200)
  })

  it('is told 100 (Continue), hints early, and sends trailers', async () => {
    const server = createServer()
    server.on('checkContinue', (request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => undefined)
      response.writeContinue()
      response.writeHead(200, { Trailer: 'x-end' })
      request.on('data', (data) => response.write(data))
      request.on('end', () => {
        response.addTrailers({ 'x-end': String(request.trailers['x-sum']) })
        response.end()
      })
    })
    const { url } = await nodeServer(echo, server)
    const { agent } = client()
    const told: number[] = []
    const response = await agent.request('POST', url, {
      body: ['one', 'two'], expectContinue: 60_000, trailers: () => ({ 'X-Sum': '6' }),
        onInformational: (status) => told.push(status),
    })
    expect(await response.text()).toBe('onetwo')
    expect(response.trailers.get('x-end')).toBe('6')
    expect(told).toEqual([103, 100])
  })

  it('decompresses, follows redirections and keeps cookies, all at once', async () => {
    const text = 'something that is worth compressing '.repeat(1000)
    const { url } = await nodeServer((request, response) => {
      const path = request.url!
      if (path === '/start') {
        response.writeHead(302, { 'Location': '/gzip', 'Set-Cookie': 'session=1; HttpOnly' })
        response.end('elsewhere')
        return
      }
      if (request.headers.cookie !== 'session=1') {
        response.writeHead(403)
        response.end()
        return
      }
      const compress = { '/gzip': gzipSync, '/br': brotliCompressSync, '/deflate': deflateSync }[path]!
      response.writeHead(200, { 'Content-Encoding': path.slice(1) })
      response.end(compress(text))
    })
    const { agent, on, pool } = client()
    const full = new ContentDecoderAgent(on, new RedirectAgent(new CookieAgent(agent, new CookieJar())))
    for (const path of ['/start', '/gzip', '/br', '/deflate']) {
      const response = await full.request('GET', url + path)
      expect([response.status, await response.text()]).toEqual([200, text])
    }
    expect(pool.counts.idle).toBe(1)
    const response = await fetchVia(full)(`${url}/start`)
    expect([response.redirected, await response.text()]).toEqual([true, text])
  })

  it('is tried again while it is busy', async () => {
    let asked = 0
    const { url } = await nodeServer((_request, response) => {
      asked += 1
      response.writeHead(asked < 3 ? 503 : 200)
      response.end('body')
    })
    const { agent, on } = client()
    const response = await new RetryAgent(on, agent, { backoff: () => 1 }).request('GET', url)
    expect([response.status, asked]).toEqual([200, 3])
    response.discard()
  })

  it('closes a kept connection just now: the request is sent again', async () => {
    const { url, server } = await nodeServer((_request, response) => response.end('ok'))
    const { agent } = client()
    for (let i = 0; i < 20; i++) {
      expect(await (await agent.request('GET', url)).text()).toBe('ok')
      // The end is on its way, or not yet: either must do.
      server.closeIdleConnections()
    }
  })

  it('speaks TLS, with a name that is right', async () => {
    const server = createSecureServer({ key: vector('localhost.key'), cert: vector('localhost.pem') },
      (request, response) => {
      const { alpnProtocol } = request.socket as never as { alpnProtocol: unknown }
      response.end(`${alpnProtocol}`)
    })
    const port = await listen(server as unknown as NetServer)
    const { agent, pool, on } = client({ tls: { ca: vector('ca.pem') } })
    for (let i = 0; i < 3; i++) {
      const response = await agent.request('GET', `https://localhost:${port}/`)
      expect(await response.text()).toBe('http/1.1')
    }
    expect(pool.counts.idle).toBe(1)
    await expect(new Agent(on).request('GET', `https://localhost:${port}/`).asPromise()).rejects
      .toBeInstanceOf(CertificateError)
    await expect(getPage(`http://127.0.0.1:${port}/`, { reactor: on }).asPromise()).rejects.toBeDefined()
  })

  it('is reached through a UNIX socket', async () => {
    const place = mkdtempSync(join(tmpdir(), 'whorl-http-'))
    cleanups.push(() => rmSync(place, { recursive: true }))
    const path = join(place, 'socket')
    await listen(createServer((request, response) => response.end(request.headers.host)) as unknown as NetServer, path)
    const on = reactor()
    const agent = new Agent(on, { endpointFor: () => new UNIXClientEndpoint(on, path) })
    expect(await (await agent.request('GET', 'http://docker/containers')).text()).toBe('docker')
  })

  it('is given up in the middle, and knows of it', async () => {
    const left: Promise<void>[] = []
    const { url } = await nodeServer((request, response) => {
      left.push(new Promise((resolve) => response.on('close', resolve)))
      if (request.url === '/silent') return
      response.writeHead(200)
      response.write('half')
    })
    const { agent, pool } = client()
    for (const path of ['/silent', '/half']) {
      const controller = new AbortController()
      const response = agent.request('GET', url + path, { signal: controller.signal }).asPromise()
      if (path === '/half') {
        const body = (await response).text().asPromise()
        controller.abort()
        await expect(body).rejects.toMatchObject({ name: 'CancelledError' })
      } else {
        while (left.length === 0) await new Promise((resolve) => setImmediate(resolve))
        controller.abort()
        await expect(response).rejects.toMatchObject({ name: 'CancelledError' })
      }
    }
    await Promise.all(left)
    expect(pool.counts).toEqual({ idle: 0, busy: 0, connecting: 0, waiting: 0 })
  })
})

describe('a server that does not keep to the rules', () => {
  /** Answers each connection in its own way. */
  const rude = async (answer: (socket: Socket, heard: string) => void): Promise<string> => {
    const server = createNetServer((socket) => {
      let heard = ''
      socket.on('data', (data) => {
        // Enough to know what it is.
        if (heard.length < 10_000) heard += data.toString('latin1')
        answer(socket, heard)
      })
    })
    return `http://127.0.0.1:${await listen(server)}/`
  }

  it.each<[string, string, unknown]>([
    ['says nothing', '', ResponseNeverReceived],
    ['ends in its head', 'HTTP/1.1 200 OK\r\nConte', ResponseFailed],
    ['says more than it sends', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', ResponseFailed],
    ['ends in a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf', ResponseFailed],
    ['is none', '220 smtp.example ready\r\n', ResponseFailed],
    ['says two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nhalf', ResponseFailed],
  ])('%s', async (_title, said, Kind) => {
    const url = await rude((socket) => socket.end(said))
    const { agent } = client()
    await expect(agent.request('POST', url, { body: 'x' }).addCallback((response) => response.read()).asPromise())
      .rejects.toBeInstanceOf(Kind)
  })

  it('says less than it sends', async () => {
    const url = await rude((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more'))
    const { agent, pool } = client()
    expect(await (await agent.request('GET', url)).text()).toBe('ok')
    expect(pool.counts.idle).toBe(0)
  })

  it('resets while the request is on its way', async () => {
    const url = await rude((socket) => socket.resetAndDestroy())
    const { agent } = client()
    const body = (async function* () {
      for (;;) {
        yield new Uint8Array(100_000)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    await expect(agent.request('POST', url, { body }).asPromise()).rejects.toBeInstanceOf(RequestTransmissionFailed)
  })

  it('refuses a body early: the rest of it is not sent', async () => {
    let isAnswered = false
    let closed: () => void = () => undefined
    const isClosed = new Promise<void>((resolve) => { closed = resolve })
    const url = await rude((socket, heard) => {
      if (!heard.includes('\r\n\r\n') || isAnswered) return
      isAnswered = true
      socket.on('close', closed)
      socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\ntoo much')
    })
    const { agent, pool } = client()
    const body = (async function* () {
      for (;;) {
        yield new Uint8Array(10_000)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    const response = await agent.request('POST', url, { body })
    expect([response.status, await response.text()]).toEqual([413, 'too much'])
    expect(pool.counts).toEqual({ idle: 0, busy: 0, connecting: 0, waiting: 0 })
    await isClosed
  })

  it('takes a connection, and says nothing of TLS', async () => {
    const url = await rude(() => undefined)
    const { agent, pool } = client({ timeouts: { tls: 20 } })
    await expect(agent.request('GET', url.replace('http:', 'https:')).asPromise())
      .rejects.toMatchObject({ name: 'RequestTimeoutError', phase: 'tls' })
    expect(pool.counts).toEqual({ idle: 0, busy: 0, connecting: 0, waiting: 0 })
  })

  it('sends a head without end', async () => {
    const url = await rude((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const flood = (): void => {
        while (socket.writable && socket.write(`X-Flood: ${'x'.repeat(1000)}\r\n`));
        if (socket.writable) socket.once('drain', flood)
      }
      flood()
    })
    const { agent, pool } = client()
    await expect(agent.request('GET', url).asPromise()).rejects
      .toMatchObject({ name: 'ResponseFailed', cause: { name: 'HTTPParseError',
        message: expect.stringContaining('head is too long') as string } })
    expect(pool.counts.busy).toBe(0)
  })
})
