/** Applications that are written to the Fetch Standard: Hono's, unmodified, and the bare function. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { request as askNode } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { setCookie } from 'hono/cookie'
import { stream, streamSSE, streamText } from 'hono/streaming'
import { afterEach, describe, expect, it } from 'vitest'
import { NotSupportedError } from '../../../src/errors/index.js'
import { handlerFromFetch } from '../../../src/http/index.js'
import type { FetchHandler } from '../../../src/http/index.js'
import { ask, serving } from './http-lab.js'
import { later, reactors } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const serve = async (fetch: FetchHandler): Promise<number> =>
  (await serving(newReactor(), handlerFromFetch(fetch))).port

interface Environment {
  Bindings: { request: { peer: { host: string } } }
}

function application(): Hono<Environment> {
  const app = new Hono<Environment>()
  app.get('/', (c) => c.text('hello'))
  app.get('/json/:name', (c) => c.json({ name: c.req.param('name'), q: c.req.query('q'), url: c.req.url }))
  app.post('/echo', async (c) => c.body(await c.req.arrayBuffer(), 201,
    { 'X-Type': c.req.header('content-type') ?? '' }))
  app.post('/form', async (c) => c.json(await c.req.parseBody()))
  app.get('/cookies', (c) => {
    setCookie(c, 'a', '1', { path: '/' })
    setCookie(c, 'b', 'x, y; z', { httpOnly: true })
    return c.text('set')
  })
  app.get('/error', () => {
    throw new Error('inside')
  })
  app.get('/peer', (c) => c.text(c.env.request.peer.host))
  app.get('/redirect', (c) => c.redirect('/'))
  app.get('/text', (c) => streamText(c, async (out) => {
    for (const word of ['one', 'two', 'three']) await out.writeln(word)
  }))
  app.get('/sse', (c) => streamSSE(c, async (out) => {
    await out.writeSSE({ data: 'x', event: 'y', id: '1' })
  }))
  app.get('/zip', compress(), (c) => c.text('again and again '.repeat(500)))
  app.onError((error, c) => c.text(`handled: ${error.message}`, 500))
  app.notFound((c) => c.text('nothing', 404))
  return app
}

describe('Hono', () => {
  it('answers, unmodified', async () => {
    const port = await serve(application().fetch)
    const home = await ask(port, '/')
    expect([home.status, home.text, home.headers['content-type']]).toEqual([200, 'hello', 'text/plain;charset=UTF-8'])
    const json = await ask(port, '/json/a%20b?q=%C3%A9', { headers: { Host: 'example.test:8080' } })
    expect(JSON.parse(json.text)).toEqual({ name: 'a b', q: '\u00e9',
      url: 'http://example.test:8080/json/a%20b?q=%C3%A9' })
    const echo = await ask(port, '/echo', { method: 'POST', headers: { 'Content-Type': 'x/y' } }, Buffer.from([0, 1,
      255]))
    expect([echo.status, echo.headers['x-type'], [...echo.body]]).toEqual([201, 'x/y', [0, 1, 255]])
    const empty = await ask(port, '/echo', { method: 'POST' })
    expect([empty.status, empty.body.length]).toEqual([201, 0])
    const form = await ask(port, '/form', {
      method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    }, 'a=1&b=%20')
    expect(JSON.parse(form.text)).toEqual({ a: '1', b: ' ' })
    const head = await ask(port, '/', { method: 'HEAD' })
    expect([head.status, head.text]).toEqual([200, ''])
    expect((await ask(port, '/peer')).text).toBe('127.0.0.1')
    expect((await ask(port, '/none')).text).toBe('nothing')
    const redirect = await ask(port, '/redirect')
    expect([redirect.status, redirect.headers.location]).toEqual([302, '/'])
  })

  it('sets several cookies, each in a field of its own', async () => {
    const { headers } = await ask(await serve(application().fetch), '/cookies')
    expect(headers['set-cookie']).toEqual(['a=1; Path=/', 'b=x%2C%20y%3B%20z; Path=/; HttpOnly'])
  })

  it('handles its errors; those that it does not are a 500', async () => {
    expect((await ask(await serve(application().fetch), '/error')).text).toBe('handled: inside')
    expect((await ask(await serve(() => {
      throw new Error('outside')
    }), '/')).status).toBe(500)
    expect((await ask(await serve(async () => Promise.reject(new Error('later'))), '/')).status).toBe(500)
    expect((await ask(await serve(() => Response.error()), '/')).status).toBe(500)
    expect((await ask(await serve(() => 'no response' as never), '/')).status).toBe(500)
  })

  it('streams', async () => {
    const port = await serve(application().fetch)
    expect((await ask(port, '/text')).text).toBe('one\ntwo\nthree\n')
    expect((await ask(port, '/sse')).text).toBe('event: y\ndata: x\nid: 1\n\n')
    expect((await ask(port, '/zip',
      { headers: { 'Accept-Encoding': 'gzip' } })).headers['content-encoding']).toBe('gzip')
  })

  it('streams both ways at once', async () => {
    const app = new Hono()
    app.post('/upper', (c) => stream(c, async (out) => {
      for await (const piece of c.req.raw.body!) await out.write(Buffer.from(piece).toString().toUpperCase())
    }))
    const port = await serve(app.fetch)
    const request = askNode({ host: '127.0.0.1', port, path: '/upper', method: 'POST', agent: false })
    request.write('one')
    const [response] = await once(request, 'response') as [IncomingMessage]
    const ended = once(response, 'end')
    expect(String((await once(response, 'data'))[0])).toBe('ONE')
    request.write('two')
    expect(String((await once(response, 'data'))[0])).toBe('TWO')
    request.end('three')
    expect(String((await once(response, 'data'))[0])).toBe('THREE')
    await ended
  })

  it('hears that a client went away, by the signal and by the stream', async () => {
    const aborted = later()
    const cancelled = later()
    const app = new Hono()
    app.get('/long', (c) => {
      c.req.raw.signal.addEventListener('abort', () => aborted.resolve())
      return c.body(new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
        cancel: () => cancelled.resolve(),
      }))
    })
    const port = await serve(app.fetch)
    const request = askNode({ host: '127.0.0.1', port, path: '/long', agent: false })
    request.on('error', () => undefined)
    request.end()
    const [response] = await once(request, 'response') as [IncomingMessage]
    await once(response, 'data')
    response.destroy()
    await aborted.promise
    await cancelled.promise
  })

  it('a body that nobody reads does no harm', async () => {
    const port = await serve(application().fetch)
    const { status } = await ask(port, '/none', { method: 'POST' }, Buffer.alloc(500_000))
    expect(status).toBe(404)
  })

  it('a body that is cut off fails where it is read', async () => {
    const failed = later<unknown>()
    const app = new Hono()
    app.post('/', async (c) => {
      await c.req.text().catch((error: unknown) => failed.resolve(error))
      return c.text('')
    })
    const port = await serve(app.fetch)
    const socket = connect(port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    await once(socket, 'connect')
    socket.resetAndDestroy()
    expect(await failed.promise).toBeInstanceOf(Error)
  })
})

describe('requests that make no Request', () => {
  it.each(['GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n', 'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n'])('%j', async (text) => {
    const port = await serve(() => new Response('made'))
    const socket = connect(port, '127.0.0.1')
    socket.end(text)
    const [data] = await once(socket, 'data')
    expect(String(data)).toMatch(/^HTTP\/1\.1 400 /)
    socket.destroy()
  })

  it('HTTP/1.0 without a host, an absolute target, a status with words of its own', async () => {
    const port = await serve((request) => new Response(request.url, { status: 299, statusText: 'Fine' }))
    for (const [text, url] of [
      ['GET /a?b HTTP/1.0\r\n\r\n', 'http://localhost/a?b'],
      ['GET http://example.test/x HTTP/1.1\r\nHost: example.test\r\nConnection: close\r\n\r\n',
        'http://example.test/x'],
    ]) {
      const socket = connect(port, '127.0.0.1')
      socket.write(text!)
      let received = ''
      socket.on('data', (data) => (received += String(data)))
      await once(socket, 'close')
      expect(received).toMatch(/^HTTP\/1\.1 299 Fine\r\n/)
      expect(received.includes(`${url}`)).toBe(true)
    }
  })

  it('the classes may be given', async () => {
    class Own extends Request {}
    const seen: boolean[] = []
    const handler = handlerFromFetch((request) => {
      seen.push(request instanceof Own)
      return new Response(null, { status: 204 })
    }, { Request: Own as never })
    const { port } = await serving(newReactor(), handler)
    expect((await ask(port, '/')).status).toBe(204)
    expect(seen).toEqual([true])
    expect(() => handlerFromFetch(null as never)).toThrow(TypeError)
    expect(new NotSupportedError('this host', 'Request').feature).toBe('Request')
  })
})
