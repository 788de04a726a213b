/** The opening handshake, field by field, on both sides. */
import { describe, expect, it } from 'vitest'
import { succeed } from '../../../src/defer/index.js'
import { MemoryReactor, StringTransport } from '../../../src/testing/index.js'
import type { WebSocketRequest, WebSocketServerOptions } from '../../../src/websocket/index.js'
import { ConnectionRejected, connectWebSocket, WebSocketProtocol, WebSocketServerFactory } from '../../../src/websocket/index.js'
import { accepting, clientAndPeer, connecting, Listener, request, text } from './support.js'

function answer(fields: Record<string, string | string[] | null>, options: WebSocketServerOptions = {},
  rest: Partial<WebSocketRequest> = {}) {
  const factory = WebSocketServerFactory.forProtocol(Listener, options)
  const made = factory.acceptRequest(request(fields, rest), new MemoryReactor())
  return 'protocol' in made ? { status: 101, headers: Object.fromEntries(made.headers), body: '' } : made
}

describe('a server', () => {
  it('answers with the proof', () => {
    expect(answer({})).toMatchObject({
      status: 101,
      headers: { 'Upgrade': 'websocket', 'Connection': 'Upgrade', 'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' },
    })
  })

  it.each<[string, Record<string, string | string[] | null>, Partial<WebSocketRequest>, number]>([
    ['another method', {}, { method: 'POST' }, 405],
    ['HTTP/1.0', {}, { version: '1.0' }, 400],
    ['no Upgrade', { Upgrade: null }, {}, 426],
    ['another Upgrade', { Upgrade: 'h2c' }, {}, 426],
    ['one of several, in another case', { Upgrade: 'h2c, WebSocket' }, {}, 101],
    ['no Connection', { Connection: null }, {}, 426],
    ['Connection without upgrade', { Connection: 'keep-alive' }, {}, 426],
    ['Connection in another case', { Connection: 'UPGRADE' }, {}, 101],
    ['no version', { 'Sec-WebSocket-Version': null }, {}, 400],
    ['version 8', { 'Sec-WebSocket-Version': '8' }, {}, 426],
    ['version 14', { 'Sec-WebSocket-Version': '14' }, {}, 426],
    ['no number', { 'Sec-WebSocket-Version': 'x' }, {}, 400],
    ['two versions', { 'Sec-WebSocket-Version': ['13', '8'] }, {}, 400],
    ['no key', { 'Sec-WebSocket-Key': null }, {}, 400],
    ['a key of 15 bytes', { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAA' }, {}, 400],
    ['two keys', { 'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ=='] }, {}, 400],
    ['a body', { 'Content-Length': '5' }, {}, 400],
    ['an empty body', { 'Content-Length': '0' }, {}, 101],
    ['a chunked body', { 'Transfer-Encoding': 'chunked' }, {}, 400],
    ['two origins', { Origin: ['https://a.example', 'https://b.example'] }, {}, 400],
    ['subprotocols that are none', { 'Sec-WebSocket-Protocol': 'a b' }, {}, 400],
    ['a subprotocol twice', { 'Sec-WebSocket-Protocol': 'a, a' }, {}, 400],
    ['extensions that are none', { 'Sec-WebSocket-Extensions': 'foo; =' }, {}, 400],
    ['extensions that are unknown', { 'Sec-WebSocket-Extensions': 'foo; bar=1' }, {}, 101],
  ])('%s', (_name, fields, rest, status) => {
    expect(answer(fields, {}, rest).status).toBe(status)
  })

  it('says which version there is, and what a method is for', () => {
    expect(answer({ 'Sec-WebSocket-Version': '8' }).headers).toMatchObject({ 'Sec-WebSocket-Version': '13' })
    expect(answer({ 'Sec-WebSocket-Version': null }).headers).toMatchObject({ 'Sec-WebSocket-Version': '13' })
    expect(answer({ Upgrade: null }).headers).toMatchObject({ Upgrade: 'websocket' })
    expect(answer({}, {}, { method: 'PUT' }).headers).toMatchObject({ Allow: 'GET' })
  })

  it.each<[origins: WebSocketServerOptions['origins'], origin: string | null, status: number]>([
    [null, 'https://anybody.example', 101],
    [['https://good.example'], 'https://good.example', 101],
    [['https://Good.example/'], 'https://good.example', 101],
    [['https://good.example'], 'HTTPS://good.example', 101],
    [['https://good.example'], 'http://good.example', 403],
    [['https://good.example'], 'https://good.example.evil.example', 403],
    [['https://good.example'], 'https://good.example:8443', 403],
    [['https://good.example'], 'null', 403],
    [['null'], 'null', 101],
    [['https://good.example'], null, 101],
    [[], 'https://good.example', 403],
    ['same', 'https://example.com', 101],
    ['same', 'https://example.com:81', 403],
    ['same', 'https://evil.example', 403],
    [(origin) => origin.endsWith('.example'), 'https://a.example', 101],
    [(origin) => origin.endsWith('.example'), 'https://a.com', 403],
  ])('with origins %s lets %s in: %s', (origins, origin, status) => {
    expect(answer({ Origin: origin }, { origins: origins! }).status).toBe(status)
  })

  it('speaks the first of its own subprotocols that is offered, or none', () => {
    const subprotocols = ['chat.v2', 'chat.v1']
    const said = (offered: string | null) =>
      (answer({ 'Sec-WebSocket-Protocol': offered }, { subprotocols }).headers as Record<string, string>)['Sec-WebSocket-Protocol']
    expect(said('chat.v1, chat.v2')).toBe('chat.v2')
    expect(said('other, chat.v1')).toBe('chat.v1')
    expect(said('other')).toBeUndefined()
    expect(said(null)).toBeUndefined()
  })

  it('may decide otherwise', () => {
    class Choosy extends WebSocketServerFactory {
      override selectSubprotocol(offered: readonly string[]): string | null {
        return offered.at(-1)!
      }

      override buildProtocol() {
        return null
      }
    }
    expect(new Choosy().acceptRequest(request(), new MemoryReactor())).toMatchObject({ status: 503 })
    class Wrong extends Choosy {
      override selectSubprotocol(): string {
        return 'nobody asked'
      }
    }
    const asking = request({ 'Sec-WebSocket-Protocol': 'a' })
    expect(() => new Wrong().acceptRequest(asking, new MemoryReactor())).toThrow(TypeError)
    class Bytes extends WebSocketServerFactory {
      override buildProtocol() {
        return { makeConnection() {}, connectionMade() {}, dataReceived() {}, connectionLost() {} }
      }
    }
    expect(() => new Bytes().acceptRequest(request(), new MemoryReactor())).toThrow('is a WebSocketProtocol')
  })

  it.each([
    { origins: ['example.com'] }, { origins: 'all' }, { subprotocols: ['a b'] }, { subprotocols: ['a', 'a'] },
    { limits: { message: 0 } }, { limits: { nothing: 1 } }, { timeouts: { ping: 0 } }, { timeouts: { pong: NaN } },
    { compression: { level: 10 } }, { compression: { serverMaxWindowBits: 8 } }, { compression: { window: 1 } }, { compression: 5 },
  ])('refuses the options %j', (options) => {
    expect(() => new WebSocketServerFactory(options as never)).toThrow(/TypeError|RangeError|is|are|has|no/)
  })
})

describe('a client', () => {
  it('asks', () => {
    const plain = connecting({
      url: 'ws://me:se%20cret@example.com:8080/chat?x=1', origin: 'https://page.example', subprotocols: ['b', 'a'],
      headers: { Cookie: 'a=b' }, answer: () => null,
    })
    const [line, ...fields] = plain.peer.request.trimEnd().split('\r\n')
    expect(line).toBe('GET /chat?x=1 HTTP/1.1')
    expect(fields).toEqual([
      'Host: example.com:8080', 'Upgrade: websocket', 'Connection: Upgrade',
      expect.stringMatching(/^Sec-WebSocket-Key: [A-Za-z0-9+/]{22}==$/), 'Sec-WebSocket-Version: 13',
      'Origin: https://page.example', 'Sec-WebSocket-Protocol: b, a', 'Cookie: a=b', 'Authorization: Basic bWU6c2UgY3JldA==',
    ])
  })

  it('has a key of its own each time', () => {
    const reactor = new MemoryReactor()
    const keys = [1, 2].map(() => /Key: (.*)\r/.exec(connecting({ answer: () => null }, Listener, reactor).peer.request)![1])
    expect(keys[0]).not.toBe(keys[1])
  })

  it('takes a subprotocol that it has offered', () => {
    const { ours } = clientAndPeer({
      subprotocols: ['a', 'b'], answer: (key) => accepting(key, 'Sec-WebSocket-Protocol: b\r\nX-More: yes\r\n'),
    })
    expect(ours.subprotocol).toBe('b')
    expect(ours.response?.headers.get('x-more')).toBe('yes')
    expect(ours.request).toBeNull()
  })

  it.each<[string, (key: string) => string]>([
    ['no HTTP', () => 'SSH-2.0-OpenSSH_9\r\n'],
    ['another proof', (key) => accepting(key).replace(/Accept: ./, 'Accept: !')],
    ['no proof', (key) => accepting(key).replace(/Sec-WebSocket-Accept.*\r\n/, '')],
    ['two proofs', (key) => accepting(key).replace(/(Sec-WebSocket-Accept.*\r\n)/, '$1$1')],
    ['no Upgrade', (key) => accepting(key).replace(/Upgrade: websocket\r\n/, '')],
    ['another Upgrade', (key) => accepting(key).replace('websocket', 'h2c')],
    ['no Connection', (key) => accepting(key).replace(/Connection: Upgrade\r\n/, '')],
    ['a subprotocol nobody offered', (key) => accepting(key, 'Sec-WebSocket-Protocol: x\r\n')],
    ['two subprotocols', (key) => accepting(key, 'Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n')],
    ['an extension nobody offered', (key) => accepting(key, 'Sec-WebSocket-Extensions: permessage-deflate\r\n')],
  ])('fails for %s', (_name, answer) => {
    const { result, peer, pump } = connecting({ subprotocols: ['a'], answer })
    expect(result).toMatchObject({ code: 'ERR_WEBSOCKET_HANDSHAKE' })
    pump.flush()
    expect(peer.lost).not.toBeNull()
  })

  it('tells what it was answered instead', () => {
    const { result } = connecting({
      answer: () => 'HTTP/1.1 401 Who are you?\r\nWWW-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nHello',
    })
    expect(result).toBeInstanceOf(ConnectionRejected)
    const { status, reason, headers, body } = result as ConnectionRejected
    expect([status, reason, headers.get('www-authenticate'), text(body)]).toEqual([401, 'Who are you?', 'Basic', 'Hello'])
  })

  it.each<[string, string, boolean]>([
    ['chunked', 'Transfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n', false],
    ['without a length, to the end', '\r\nHello', true],
    ['cut short', 'Content-Length: 50\r\n\r\nHello', true],
  ])('keeps a body: %s', (_name, rest, ends) => {
    const connection = connecting({ answer: () => `HTTP/1.1 503 Busy\r\n${rest}` })
    if (ends) {
      connection.peer.transport.loseConnection()
      connection.pump.flush()
    }
    expect(connection.result).toMatchObject({ status: 503 })
    expect(text((connection.result as ConnectionRejected).body)).toBe('Hello')
  })

  it('keeps 64 KiB of a body, and waits for no more', () => {
    const { result } = connecting({ answer: () => `HTTP/1.1 404 No\r\nContent-Length: 900000\r\n\r\n${'x'.repeat(70_000)}` })
    expect((result as ConnectionRejected).body).toHaveLength(65_536)
  })

  it('gets over informational answers, and what comes right behind the real one', () => {
    const { result, pump } = connecting({
      answer: (key) => `HTTP/1.1 103 Early Hints\r\n\r\n${accepting(key)}\x81\x05Hello\x88\x00`,
    })
    pump.flush()
    expect((result as Listener).heard).toEqual(['open', 'text Hello', 'close 1005', 'lost ConnectionDone'].slice(0, 3))
  })

  it('waits no longer than it was told', () => {
    const silent = connecting({ answer: () => null, timeouts: { handshake: 5000 } })
    silent.reactor.advance(4999)
    expect(silent.result).toBeNull()
    silent.reactor.advance(1)
    expect(silent.result).toMatchObject({ code: 'ERR_WEBSOCKET_HANDSHAKE' })
    expect(silent.reactor.getDelayedCalls()).toEqual([])
    const slow = connecting({ answer: () => 'HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\nHe', timeouts: { handshake: 5000 } })
    slow.reactor.advance(5000)
    expect(slow.result).toMatchObject({ status: 500 })
  })

  it('gives up when it is cancelled, or its signal aborts', () => {
    const controller = new AbortController()
    const aborted = connecting({ answer: () => null, signal: controller.signal })
    controller.abort()
    aborted.pump.flush()
    expect(aborted.result).toMatchObject({ code: 'ERR_CONNECT_CANCELLED' })
    expect(aborted.peer.lost).not.toBeNull()
    expect(aborted.reactor.getDelayedCalls()).toEqual([])
  })

  it('fails with what the server\'s silence means when the connection ends', () => {
    const { peer, pump } = connecting({ answer: () => null })
    const connection = connecting({ answer: () => null })
    connection.peer.transport.loseConnection()
    connection.pump.flush()
    expect(connection.result).toMatchObject({ code: 'ERR_WEBSOCKET_HANDSHAKE' })
    peer.transport.loseConnection()
    pump.flush()
  })

  it('connects where the URL says, by name, through a proxy, with TLS', () => {
    const reactor = new MemoryReactor()
    connectWebSocket(reactor, 'ws://127.0.0.1/x', Listener).addErrback(() => undefined)
    connectWebSocket(reactor, 'ws://[::1]:99/x', Listener).addErrback(() => undefined)
    connectWebSocket(reactor, 'wss://127.0.0.1/x', Listener, { tls: { serverName: 'x' } }).addErrback(() => undefined)
    expect(reactor.tcpClients.map(({ host, port }) => [host, port])).toEqual([['127.0.0.1', 80], ['::1', 99], ['127.0.0.1', 443]])
    const transport = new StringTransport()
    const proxy = {
      connect: (factory: { buildProtocol(address: never): { makeConnection(transport: never): void } }) => {
        const protocol = factory.buildProtocol(transport.getPeer() as never)
        protocol.makeConnection(transport as never)
        return succeed(protocol)
      },
    }
    connectWebSocket(reactor, 'ws://far.example/x', Listener, { proxy: proxy as never }).addErrback(() => undefined)
    expect(transport.text()).toContain('CONNECT far.example:80 HTTP/1.1\r\n')
  })

  it.each([
    ['http', 'ftp://x/', {}], ['fragment', 'ws://x/#a', {}], ['nothing', '', {}], ['blank', 'ws://x/ y', {}],
    ['own field', 'ws://x/', { headers: { 'Sec-WebSocket-Key': 'x' } }], ['bad field', 'ws://x/', { headers: { 'a b': 'x' } }],
    ['subprotocol', 'ws://x/', { subprotocols: ['a b'] }], ['origin', 'ws://x/', { origin: 'a\r\nb: c' }],
  ])('refuses arguments at once: %s', (_name, url, options) => {
    expect(() => connectWebSocket(new MemoryReactor(), url, Listener, options)).toThrow(/./)
  })

  it('takes a protocol that there is already', () => {
    const mine = new Listener()
    class Mine extends WebSocketProtocol {}
    const reactor = new MemoryReactor()
    connectWebSocket(reactor, 'ws://127.0.0.1/', mine).addErrback(() => undefined)
    expect(() => connectWebSocket(reactor, 'ws://127.0.0.1/', {} as Mine)).toThrow(TypeError)
    expect(() => mine.sendText('x')).toThrow('no connection yet')
  })
})
