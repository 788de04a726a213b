/** What resources of a site did wrong: through a proxy, below a tree, in a directory that is exchanged. */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createReactor } from '../../bindings/node/index.js'
import { fail } from '../../src/defer/index.js'
import type { Failure } from '../../src/defer/index.js'
import { FileReadError } from '../../src/errors/index.js'
import {
  Compressed, File, handlerFromFetch, Resource, ReverseProxy, VirtualHosts,
} from '../../src/http/index.js'
import type { IAgent, RequestOptions } from '../../src/http/index.js'
import type { IOpenFile } from '../../src/interfaces/index.js'
import { logPublisher } from '../../src/logger/index.js'
import type { LogEvent } from '../../src/logger/index.js'
import {
  connectWebSocket, listenWebSocket, WebSocketProtocol, WebSocketServerFactory,
} from '../../src/websocket/index.js'
import { ask, serving, temporaryDirectory } from '../hosts/node/http-lab.js'
import { later, reactors } from '../hosts/node/helpers.js'
import { Lab, latin1, requestText } from '../unit/http/resources-lab.js'

const newReactor = reactors(afterEach)
const base = temporaryDirectory(afterAll)
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** An agent that only writes down what it is asked for. */
class Asked implements IAgent {
  urls: string[] = []
  options: RequestOptions[] = []

  request(_method: string, url: string | URL, options: RequestOptions = {}): never {
    this.urls.push(String(url))
    this.options.push(options)
    throw new Error('nobody is there')
  }

  get headers(): Record<string, string> {
    return Object.fromEntries(this.options.at(-1)!.headers as Iterable<[string, string]>)
  }
}

describe('a reverse proxy', () => {
  const proxied = (): { agent: Asked, lab: Lab } => {
    const agent = new Asked()
    return { agent, lab: new Lab(new ReverseProxy('http://origin.test/', { agent })) }
  }

  it.each<[string, Record<string, string>, string, string | undefined]>([
    ['GET / 1.1', { Upgrade: 'websocket' }, '', 'websocket'],
    ['GET / 1.1', { Upgrade: 'h2c' }, '', undefined],
    ['GET / 1.1', { Upgrade: 'H2C, TLS/1.0, HTTP/2.0' }, '', undefined],
    ['GET / 1.1', { Upgrade: 'h2c, websocket' }, '', 'websocket'],
    ['GET / 1.0', { Upgrade: 'websocket' }, '', undefined],
    ['POST / 1.1', { 'Upgrade': 'websocket', 'Content-Length': '2' }, 'ab', undefined],
  ])('%s %o', (line, headers, body, expected) => {
    const { agent, lab } = proxied()
    const text = requestText(line.slice(0, -4), { Connection: 'Upgrade, HTTP2-Settings', ...headers }, body)
    lab.connect().protocol.dataReceived(latin1(text.replace(' HTTP/1.1', ` HTTP/${line.slice(-3)}`)))
    expect(agent.options).toHaveLength(1)
    expect(agent.options[0]!.upgrade).toBe(expected)
    expect(agent.headers).not.toHaveProperty('upgrade')
  })

  it('passes on no claims that CGI takes for its own, and lengths as everybody writes them', () => {
    const { agent, lab } = proxied()
    lab.ask('POST /', {
      'X_Forwarded_For': '192.0.2.1', 'X-Forwarded_Proto': 'https', 'Proxy': 'http://evil/', 'Own_Name': 'kept',
      'Content-Length': '003',
    }, 'abc')
    expect(agent.headers).toMatchObject({ 'own_name': 'kept', 'content-length': '3' })
    for (const name of ['x_forwarded_for', 'x-forwarded_proto', 'proxy']) expect(agent.headers).not.toHaveProperty(name)
  })

  it('counts Max-Forwards down, and answers itself at 0', () => {
    const { agent, lab } = proxied()
    expect(lab.ask('OPTIONS /x', { 'Max-Forwards': '0' }).status).toBe(204)
    expect(lab.ask('TRACE /x', { 'Max-Forwards': '0' }).status).toBe(501)
    expect(agent.urls).toEqual([])
    lab.ask('TRACE /x', { 'Max-Forwards': '3' })
    expect(agent.headers['max-forwards']).toBe('2')
    lab.ask('GET /x', { 'Max-Forwards': '0' })
    expect(agent.headers['max-forwards']).toBe('0')
  })

  it('of itself ends', async () => {
    const tree = new Resource()
    const { port } = await serving(newReactor(), tree)
    tree.putChild('x', new ReverseProxy(`http://127.0.0.1:${port}/x`, { via: 'here' }))
    const { status, headers } = await ask(port, '/x')
    expect(status).toBe(508)
    expect(headers['via']).toBe(Array(10).fill('1.1 here').join(', '))
  })

  it('passes paths of any encoding on; in a tree of names they are none', () => {
    const { agent, lab } = proxied()
    lab.ask('GET /caf%e9/%ff?q')
    const below = new Lab(new Compressed(new VirtualHosts({}, new Resource()
      .putChild('app', new ReverseProxy('http://origin.test/base', { agent })))))
    below.ask('GET /app/caf%e9')
    expect(agent.urls).toEqual(['http://origin.test/caf%e9/%ff?q', 'http://origin.test/base/caf%e9'])
    expect(below.ask('GET /%ff/app').status).toBe(400)
    expect(below.ask('GET /%ff').status).toBe(400)
    expect(agent.urls).toHaveLength(2)
    const files = new Lab(new File('/d')).files({ '/d/%ff': 'x', '/d/a': 'x' })
    expect(files.ask('GET /%ff').status).toBe(400)
    expect(files.ask('GET /a').status).toBe(200)
  })

  it('an origin that breaks off is no fault of the program', async () => {
    const origin = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc'))
    }).listen(0, '127.0.0.1')
    servers.push(origin)
    await new Promise((resolve) => origin.once('listening', resolve))
    const target = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
    const { port } = await serving(newReactor(), new ReverseProxy(target))
    const events: LogEvent[] = []
    const observer = (event: LogEvent): void => void events.push(event)
    logPublisher.addObserver(observer)
    try {
      await expect(ask(port, '/')).rejects.toThrow()
    } finally {
      logPublisher.removeObserver(observer)
    }
    expect(events.map(({ level }) => level)).toEqual(['warn'])
  })

  it('holds uploads without a length to the limit, too', async () => {
    const origin = createServer((socket) => {
      socket.on('error', () => undefined).resume()
    }).listen(0, '127.0.0.1')
    servers.push(origin)
    await new Promise((resolve) => origin.once('listening', resolve))
    const proxy = new ReverseProxy(`http://127.0.0.1:${(origin.address() as AddressInfo).port}`)
    const { port } = await serving(newReactor(), proxy, { limits: { bodyBytes: 100_000 } })
    const { status } = await ask(port, '/', {
      method: 'POST', headers: { 'Transfer-Encoding': 'chunked' },
    }, 'x'.repeat(100_001))
    expect(status).toBe(413)
  })

  it('a WebSocket goes through to a server of this library, from its client', async () => {
    class Echo extends WebSocketProtocol {
      override textReceived(text: string): void {
        this.sendText(text)
      }
    }
    class Asker extends WebSocketProtocol {
      readonly texts: string[] = []
      readonly ended = later()

      override connectionMade(): void {
        this.sendText('hello')
        this.sendText('x'.repeat(200_000))
      }

      override textReceived(text: string): void {
        this.texts.push(text)
        if (this.texts.length === 2) this.close(4001, 'enough')
      }

      override connectionLost(reason: Failure): void {
        super.connectionLost(reason)
        this.ended.resolve()
      }
    }
    const reactor = newReactor()
    const factory = WebSocketServerFactory.forProtocol(Echo, { subprotocols: ['echo'] })
    const listening = await listenWebSocket(reactor, 'tcp:0:interface=127.0.0.1', factory)
    const target = `http://127.0.0.1:${(listening.getHost() as unknown as { port: number }).port}/`
    const { port } = await serving(reactor, new ReverseProxy(target))
    const url = `ws://127.0.0.1:${port}/`
    const asker = await connectWebSocket(reactor, url, Asker, { subprotocols: ['echo'] }) as Asker
    await asker.ended.promise
    const lengths = asker.texts.map(({ length }) => length)
    expect([asker.subprotocol, lengths, asker.closeCode]).toEqual(['echo', [5, 200_000], 4001])
    await listening.stopListening()
  })
})

describe('an application of the Fetch Standard', () => {
  it('sees the host of an absolute target, and no other', () => {
    const seen: string[] = []
    const lab = new Lab(handlerFromFetch((request) => {
      seen.push(request.url, request.headers.get('host')!)
      return new Response('')
    }))
    lab.connect().protocol.dataReceived(latin1(requestText('GET http://a.test:81/x?y', { Host: 'b.test' })))
    expect(seen).toEqual(['http://a.test:81/x?y', 'a.test:81'])
  })
})

describe('parts', () => {
  it('say that the whole depends on Accept-Encoding', async () => {
    writeFileSync(`${base}/a.txt`, 'hello')
    const { port } = await serving(newReactor(), new Compressed(new File(base)))
    const wanted = { 'Range': 'bytes=0-1', 'Accept-Encoding': 'br' }
    const { status, headers } = await ask(port, '/a.txt', { headers: wanted })
    expect([status, headers['vary']]).toEqual([206, 'Accept-Encoding'])
  })
})

describe('directories', () => {
  it('that are open are listed, whatever stands at their path now', async () => {
    mkdirSync(`${base}/served/d`, { recursive: true })
    mkdirSync(`${base}/outside`)
    writeFileSync(`${base}/served/d/inside.txt`, '')
    writeFileSync(`${base}/outside/secret.txt`, '')
    const directory = await createReactor().openFile(`${base}/served/d`)
    renameSync(`${base}/served/d`, `${base}/served/e`)
    symlinkSync(`${base}/outside`, `${base}/served/d`)
    const listed = directory.list()
    // Closed at once: what was begun still comes.
    directory.close()
    expect(await listed).toEqual([{ name: 'inside.txt', kind: 'file' }])
    await expect(Promise.resolve(directory.list())).rejects.toMatchObject({ code: 'ERR_FILE_READ' })
  })

  it('with more names than are listed say so', () => {
    const lab = new Lab(new File('/d', { listing: true })).files({ '/d/a': 'x' })
    const { reactor } = lab
    const open = reactor.openFile.bind(reactor)
    const error = new FileReadError('too many', { cause: new RangeError('it has more than 10000 names') })
    reactor.openFile = (path) => open(path).addCallback((file: IOpenFile) =>
      ({ ...file, list: () => fail(error) }) as never) as never
    const { status, body } = lab.ask('GET /')
    expect(status).toBe(403)
    expect(body).toContain('too many names')
    expect(lab.ask('GET /a').status).toBe(200)
  })
})
