/** ReverseProxy between Node's own client and Node's own server: fields, bodies, upgrades, and origins that fail. */
import { once } from 'node:events'
import { createServer, request as askNode } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { connect, createServer as createPlain } from 'node:net'
import type { AddressInfo, Server as PlainServer, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { Agent, Resource, ReverseProxy } from '../../../src/http/index.js'
import type { ReverseProxyOptions, SiteOptions } from '../../../src/http/index.js'
import { ask, serving } from './http-lab.js'
import { later, reactors } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const origins: (PlainServer | Server)[] = []
const sockets = new Set<Socket>()
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await Promise.all(origins.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

async function bound(server: PlainServer | Server): Promise<number> {
  origins.push(server)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const origin = (handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> =>
  bound(createServer(handler))

/** An origin that speaks bytes. */
const plainOrigin = (handler: (socket: Socket) => void): Promise<number> => bound(createPlain(handler))

/** A site that passes everything on to a port of this machine. */
async function proxied(
  port: number, options: ReverseProxyOptions = {}, path = '/', site: SiteOptions = {}): Promise<number> {
  return (await serving(newReactor(), new ReverseProxy(`http://127.0.0.1:${port}${path}`, options), site)).port
}

/** Answers with what it was asked. */
const mirror = (): Promise<number> => origin((request, response) => {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    response.setHeader('Content-Type', 'application/json')
    const body = Buffer.concat(pieces).toString()
    response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }))
  })
})

interface Seen {
  method: string
  url: string
  headers: Record<string, string>
  body: string
}

const seen = async (port: number, path: string, headers: Record<string, string> = {}): Promise<Seen> =>
  JSON.parse((await ask(port, path, { headers })).text) as Seen

describe('requests', () => {
  it('go on with method, path, query and body', async () => {
    const port = await proxied(await mirror())
    const answer = await ask(port, '/a%2Fb/c%20d?x=1&y=%2F', { method: 'PUT', headers: { 'X-Own': 'v' } }, 'body')
    expect(JSON.parse(answer.text)).toMatchObject({
      method: 'PUT', url: '/a%2Fb/c%20d?x=1&y=%2F', body: 'body', headers: { 'x-own': 'v', 'content-length': '4' },
    })
    expect(answer.headers['content-type']).toBe('application/json')
    expect(await seen(port, '/')).toMatchObject({ method: 'GET', url: '/', body: '' })
    const chunked = await ask(port, '/', { method: 'POST', headers: { 'Transfer-Encoding': 'chunked' } }, 'pieces')
    expect(JSON.parse(chunked.text)).toMatchObject({ body: 'pieces', headers: { 'transfer-encoding': 'chunked' } })
    const empty = await ask(port, '/', { method: 'POST', headers: { 'Content-Length': '0' } })
    expect((JSON.parse(empty.text) as Seen).headers['content-length']).toBe('0')
  })

  it.each([
    ['/app/x/y', '/base/x/y'], ['/app/', '/base/'], ['/app', '/base'], ['/app?q', '/base?q'], ['/app/../x', '/base/x'],
    ['/app/x/../../../y', '/base/y'], ['/app/%2e%2e/secret', '/base/secret'], ['/app/.%2E/%2e./secret', '/base/secret'],
    ['/app//host/x', '/base//host/x'], ['/app/%2e%2e%2fsecret', '/base/%2e%2e%2fsecret'],
    ['/app/a?../b', '/base/a?../b'],
  ])('%s below a tree goes to %s', async (path, url) => {
    const proxy = new ReverseProxy(`http://127.0.0.1:${await mirror()}/base/`)
    const { port } = await serving(newReactor(), new Resource().putChild('app', proxy))
    expect((await seen(port, path)).url).toBe(url)
  })

  it('without what is for this connection alone', async () => {
    const { headers } = await seen(await proxied(await mirror()), '/', {
      'Connection': 'close, X-Secret, x-other', 'X-Secret': '1', 'X-Other': '2', 'X-Kept': '3',
        'Keep-Alive': 'timeout=5',
      'Proxy-Authorization': 'Basic x', 'Proxy-Connection': 'keep-alive', 'TE': 'trailers',
      'Upgrade': 'h2c', 'HTTP2-Settings': 'AA',
    })
    expect(headers['x-kept']).toBe('3')
    for (const name of [
      'x-secret', 'x-other', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'upgrade', 'http2-settings',
    ]) expect(headers, name).not.toHaveProperty(name)
  })

  it('a client cannot take away what this proxy says by naming it in Connection', async () => {
    const { headers } = await seen(await proxied(await mirror()), '/', { Connection: 'X-Forwarded-For, Via, Host' })
    expect(headers['x-forwarded-for']).toBe('127.0.0.1')
    expect(headers['via']).toBe('1.1 whorl')
    expect(headers['host']).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  it.each<[ReverseProxyOptions, Record<string, string>, Record<string, string | undefined>]>([
    [{}, {}, { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'front.test:1',
      'forwarded': undefined,
      'via': '1.1 whorl' }],
    [{}, { 'X-Forwarded-For': '6.6.6.6', 'Forwarded': 'for=6.6.6.6', 'X-Real-IP': '6.6.6.6',
      'X-Forwarded-Proto': 'https' },
      { 'x-forwarded-for': '127.0.0.1', 'forwarded': undefined, 'x-real-ip': undefined, 'x-forwarded-proto': 'http' }],
    [{ trustForwarded: true }, { 'X-Forwarded-For': '6.6.6.6', 'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'a.test' },
      { 'x-forwarded-for': '6.6.6.6, 127.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'a.test' }],
    [{ forwarded: 'forwarded' }, {}, { 'forwarded': 'for=127.0.0.1;host="front.test:1";proto=http',
      'x-forwarded-for': undefined }],
    [{ forwarded: 'both', trustForwarded: true }, { Forwarded: 'for=_x' },
      { 'forwarded': 'for=_x, for=127.0.0.1;host="front.test:1";proto=http', 'x-forwarded-for': '127.0.0.1' }],
    [{ forwarded: 'none' }, { 'X-Forwarded-For': '6.6.6.6' }, { 'x-forwarded-for': undefined, 'forwarded': undefined }],
    [{ via: 'me' }, { Via: '1.0 before' }, { via: '1.0 before, 1.1 me' }],
    [{ host: 'request' }, {}, { host: 'front.test:1' }], [{ host: { name: 'other.test' } }, {}, { host: 'other.test' }],
  ])('%j and %j: %j', async (options, sent, expected) => {
    const { headers } = await seen(await proxied(await mirror(), options), '/', { Host: 'front.test:1', ...sent })
    for (const [name, value] of Object.entries(expected)) expect(headers[name], name).toBe(value)
  })

  it('are not begun with a body that is too long', async () => {
    const port = await proxied(await mirror(), {}, '/', { limits: { bodyBytes: 10 } })
    expect((await ask(port, '/', { method: 'POST' }, 'x'.repeat(11))).status).toBe(413)
  })
})

describe('responses', () => {
  it('come back with status, words, fields and body', async () => {
    const port = await proxied(await origin((_request, response) => {
      response.writeHead(404, 'Gone Fishing', [
        'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Case', 'v', 'Connection', 'close, X-Hop', 'X-Hop', '1',
          'Keep-Alive', 'x',
      ])
      response.end('sorry')
    }))
    const request = askNode({ host: '127.0.0.1', port, agent: false })
    request.end()
    const [response] = await once(request, 'response') as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    expect([response.statusCode, response.statusMessage]).toEqual([404, 'Gone Fishing'])
    expect(response.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-case': 'v', 'via': '1.1 whorl' })
    expect(response.headers).not.toHaveProperty('x-hop')
    expect(response.rawHeaders).toContain('X-Case')
  })

  it('to HEAD, 204 and 304 have no body', async () => {
    const port = await proxied(await origin((request, response) => {
      if (request.method === 'HEAD') response.setHeader('Content-Length', '1234')
      else response.statusCode = request.url === '/304' ? 304 : 204
      response.end()
    }))
    const head = await ask(port, '/', { method: 'HEAD' })
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '1234', 0])
    expect((await ask(port, '/304')).status).toBe(304)
    expect((await ask(port, '/204')).status).toBe(204)
  })

  it('early hints go through', async () => {
    const port = await proxied(await origin((_request, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.end('late')
    }))
    const request = askNode({ host: '127.0.0.1', port, agent: false })
    const hints = once(request, 'information')
    const answered = once(request, 'response')
    request.end()
    const [information] = await hints as [{ statusCode: number, headers: Record<string, string> }]
    expect([information.statusCode, information.headers['link']]).toEqual([103, '</a.css>; rel=preload'])
    const [response] = await answered as [IncomingMessage]
    response.resume()
    await once(response, 'end')
  })

  it('a location at the origin becomes one here', async () => {
    let location = ''
    const target = await origin((_request, response) => response.writeHead(302, { Location: location }).end())
    const { port } = await serving(newReactor(),
      new Resource().putChild('app', new ReverseProxy(`http://127.0.0.1:${target}/base`)))
    for (const [sent, received] of [
      [`http://127.0.0.1:${target}/base/x?y`, '/app/x?y'], [`http://127.0.0.1:${target}/base`, '/app'],
      [`http://127.0.0.1:${target}/basement`, `http://127.0.0.1:${target}/basement`], ['/x', '/x'],
      ['https://example.test/base/', 'https://example.test/base/'],
    ]) {
      location = sent!
      expect((await ask(port, '/app/')).headers.location).toBe(received)
    }
  })

  it('stream, and a client that goes away is heard of', async () => {
    const gone = later()
    const port = await proxied(await origin((_request, response) => {
      response.write('first')
      response.on('close', () => gone.resolve())
    }))
    const request = askNode({ host: '127.0.0.1', port, agent: false })
    request.on('error', () => undefined)
    request.end()
    const [response] = await once(request, 'response') as [IncomingMessage]
    expect(String((await once(response, 'data'))[0])).toBe('first')
    response.destroy()
    await gone.promise
  })

  it('a client that goes away before the answer is heard of', async () => {
    const asked = later()
    const gone = later()
    const port = await proxied(await origin((_request, response) => {
      asked.resolve()
      response.on('close', () => gone.resolve())
    }))
    const request = askNode({ host: '127.0.0.1', port, agent: false })
    request.on('error', () => undefined)
    request.end()
    await asked.promise
    request.destroy()
    await gone.promise
  })

  it('bodies stream both ways at once, and large ones arrive whole', async () => {
    const echo = await origin((request, response) => void request.pipe(response))
    const port = await proxied(echo, {}, '/', { limits: { bodyBytes: null } })
    const request = askNode({ host: '127.0.0.1', port, agent: false, method: 'POST' })
    request.write('one')
    const [response] = await once(request, 'response') as [IncomingMessage]
    expect(String((await once(response, 'data'))[0])).toBe('one')
    let length = 0
    response.on('data', (piece: Buffer) => (length += piece.length))
    const ended = once(response, 'end')
    request.end(Buffer.alloc(5_000_000, 'x'))
    await ended
    expect(length).toBe(5_000_000)
  })

  it('a client that waits for 100 gets it once the origin wants the body', async () => {
    const wanted: string[] = []
    const server = createServer()
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      wanted.push(request.headers.expect!)
      response.writeContinue()
      request.resume().on('end', () => response.end('thanks'))
    })
    const port = await proxied(await bound(server))
    const request = askNode({ host: '127.0.0.1', port, agent: false, method: 'POST', headers: {
      'Expect': '100-continue', 'Content-Length': '4',
    } })
    request.flushHeaders()
    await once(request, 'continue')
    request.end('body')
    const [response] = await once(request, 'response') as [IncomingMessage]
    expect(String((await once(response, 'data'))[0])).toBe('thanks')
    expect(wanted).toEqual(['100-continue'])
  })
})

describe('upgrades', () => {
  it('a WebSocket goes through, both ways, with its subprotocol and its end', async () => {
    const server = createServer()
    const sockets = new WebSocketServer({ server, handleProtocols: () => 'chat' })
    sockets.on('connection', (socket, request) => {
      socket.send(`at ${request.url} for ${request.headers['x-forwarded-for']}`)
      socket.on('message', (data) => socket.send(String(data).toUpperCase()))
    })
    const port = await proxied(await bound(server))
    const client = new WebSocket(`ws://127.0.0.1:${port}/room`, ['chat'])
    const messages: string[] = []
    const three = later()
    client.on('message', (data) => {
      if (messages.push(String(data)) === 3) three.resolve()
    })
    await once(client, 'open')
    expect(client.protocol).toBe('chat')
    client.send('hello')
    client.send('x'.repeat(300_000))
    await three.promise
    expect(messages[0]).toBe('at /room for 127.0.0.1')
    expect(messages[1]).toBe('HELLO')
    expect(messages[2]).toHaveLength(300_000)
    const closed = once(client, 'close')
    client.close(4001, 'bye')
    expect(String((await closed)[0])).toBe('4001')
  })

  it('bytes right behind the heads arrive', async () => {
    const port = await proxied(await plainOrigin((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ')
        socket.pipe(socket)
      })
    }))
    const client = connect(port, '127.0.0.1')
    let text = ''
    client.on('data', (data) => (text += String(data)))
    client.end('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nbehind')
    await once(client, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 101 /)
    expect(text).toMatch(/\r\n[Uu]pgrade: echo\r\n/)
    expect(text.endsWith('\r\n\r\nearly behind')).toBe(true)
  })

  it('one that the origin refuses is an answer as others; one that is not wanted goes as a request', async () => {
    const target = await mirror()
    const upgrade = { Connection: 'Upgrade', Upgrade: 'other' }
    expect((await seen(await proxied(target), '/', upgrade)).headers['upgrade']).toBe('other')
    expect((await seen(await proxied(target, { upgrades: false }), '/', upgrade)).headers).not.toHaveProperty('upgrade')
  })
})

describe('origins that fail', () => {
  it('nobody there is 502', async () => {
    const closed = createPlain()
    const port = await bound(closed)
    await new Promise((resolve) => closed.close(resolve))
    origins.pop()
    expect((await ask(await proxied(port), '/')).status).toBe(502)
  })

  it.each([
    ['closes at once', '', 502], ['is no HTTP', 'SSH-2.0-x\r\n\r\n', 502],
    ['has a bad head', 'HTTP/1.1 200 OK\r\nA b\r\n\r\n', 502],
    ['has two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 502],
  ])('one that %s', async (_what, text, status) => {
    const port = await proxied(await plainOrigin((socket) => {
      socket.on('data', () => socket.end(text))
    }))
    expect((await ask(port, '/')).status).toBe(status)
  })

  it('one that never answers is 504', async () => {
    const reactor = newReactor()
    const agent = new Agent(reactor, { timeouts: { response: 50 } })
    const target = await plainOrigin((socket) => void socket.resume())
    const { port } = await serving(reactor, new ReverseProxy(`http://127.0.0.1:${target}`, { agent }))
    expect((await ask(port, '/')).status).toBe(504)
    expect((await ask(await proxied(target, { timeout: 50 }), '/')).status).toBe(504)
  })

  it('one that ends in the middle cuts the response off', async () => {
    const port = await proxied(await plainOrigin((socket) => {
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'))
    }))
    const request = askNode({ host: '127.0.0.1', port, agent: false })
    request.on('error', () => undefined)
    request.end()
    const [response] = await once(request, 'response') as [IncomingMessage]
    response.resume()
    const how = await new Promise((resolve) => {
      response.on('end', () => resolve('whole'))
      response.on('error', () => resolve('cut off'))
    })
    expect(how).toBe('cut off')
  })

  it('targets and names are checked', () => {
    for (const target of ['ftp://a/', '/path', 'http://a/?q',
      'http://']) expect(() => new ReverseProxy(target)).toThrow()
    expect(() => new ReverseProxy('http://a/', { via: 'a b' })).toThrow(TypeError)
  })
})
