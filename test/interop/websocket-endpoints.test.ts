/** Protocols of bytes over WebSockets: the endpoint strings ws: and wss:, both sides, and with peers that are not ours. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createReactor } from '../../bindings/node/index.js'
import { Deferred } from '../../src/defer/index.js'
import type { Failure } from '../../src/defer/index.js'
import { clientFromString, serverFromString } from '../../src/endpoints/index.js'
import type { IListeningPort, IPv4Address } from '../../src/interfaces/index.js'
import { ClientFactory, Factory, Protocol } from '../../src/protocols/index.js'
import { ConnectionRejected, registerWebSocketEndpoints, WebSocketClientEndpoint } from '../../src/websocket/index.js'

const VECTORS = 'test/vectors/tls'
const reactor = createReactor()
const ports: IListeningPort[] = []

beforeAll(() => {
  registerWebSocketEndpoints()
  registerWebSocketEndpoints()
})

afterEach(async () => {
  for (const port of ports.splice(0)) await port.stopListening()
  for (const transport of reactor.openTransports()) transport.abortConnection()
})

/** Sends back what comes in, and notes its end. */
class EchoBytes extends Protocol {
  static ends: string[] = []

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    EchoBytes.ends.push(reason.value.name)
  }

  /** The next end; those apart that a former test has aborted. */
  static async end(): Promise<string> {
    for (;;) {
      const found = this.ends.find((name) => name !== 'ConnectionAborted')
      if (found !== undefined) return found
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** Collects so many bytes. */
class Collector extends Protocol {
  readonly ended = new Deferred<string>()
  readonly #hash = createHash('sha1')
  #left = 0
  #done: ((digest: string) => void) | null = null

  collect(length: number): Promise<string> {
    this.#left = length
    return new Promise((resolve) => {
      this.#done = resolve
    })
  }

  override dataReceived(data: Uint8Array): void {
    this.#hash.update(data)
    this.#left -= data.length
    if (this.#left === 0) this.#done?.(this.#hash.digest('hex'))
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.ended.callback(reason.value.name)
  }
}

async function listen(description: string): Promise<number> {
  EchoBytes.ends = []
  const port = await serverFromString(reactor, description).listen(Factory.forProtocol(EchoBytes))
  ports.push(port)
  return (port.getHost() as IPv4Address).port
}

const connect = (description: string): Promise<Collector> =>
  clientFromString(reactor, description).connect(ClientFactory.forProtocol(Collector)).asPromise() as Promise<Collector>

const CERTS = `privateKey=${VECTORS}/localhost.key:certificate=${VECTORS}/localhost.pem`

describe.each([
  ['ws', 'ws:0:interface=127.0.0.1', (port: number) => `ws:127.0.0.1:${port}`],
  ['ws with a path', 'ws:0:interface=127.0.0.1:path=/bytes', (port: number) => `ws:127.0.0.1:${port}:path=/bytes`],
  ['ws as a URL', 'ws:0:interface=127.0.0.1:path=/bytes', (port: number) => `ws://127.0.0.1:${port}/bytes?a=b`],
  ['ws over another endpoint', 'ws:0:interface=127.0.0.1', (port: number) => `ws:far.example:80:endpoint=tcp\\:127.0.0.1\\:${port}`],
  ['wss', `wss:0:interface=127.0.0.1:${CERTS}`, (port: number) => `wss:localhost:${port}:trustRoots=${VECTORS}/ca.pem`],
] as const)('%s', (_name, server, client) => {
  it('carries bytes', async () => {
    const port = await listen(server)
    const protocol = await connect(client(port))
    expect(protocol.transport.getPeer()).toMatchObject({ port })
    const data = randomBytes(3_000_000)
    const digest = protocol.collect(data.length)
    for (let at = 0; at < data.length; at += 100_000) protocol.transport.write(data.subarray(at, at + 100_000))
    expect(await digest).toBe(createHash('sha1').update(data).digest('hex'))
    protocol.transport.loseConnection()
    expect(await protocol.ended).toBe('ConnectionDone')
  })
})

it('holds back who is not read, and goes on', async () => {
  const protocol = await connect(`ws:127.0.0.1:${await listen('ws:0:interface=127.0.0.1')}`)
  protocol.transport.pauseProducing()
  const data = randomBytes(200_000)
  const digest = protocol.collect(50 * data.length)
  const hash = createHash('sha1')
  for (let count = 0; count < 50; count++) {
    protocol.transport.write(data)
    hash.update(data)
  }
  protocol.transport.resumeProducing()
  await protocol.transport.drain()
  expect(await digest).toBe(hash.digest('hex'))
})

it('text is no bytes: 1003', async () => {
  const ws = new WebSocket(`ws://127.0.0.1:${await listen('ws:0:interface=127.0.0.1')}/`)
  await once(ws, 'open')
  ws.send(Buffer.from('abc'))
  expect(String((await once(ws, 'message'))[0])).toBe('abc')
  ws.send('text')
  expect((await once(ws, 'close')).map(String)).toEqual(['1003', 'only binary messages are understood here'])
  expect(await EchoBytes.end()).toMatch(/^(?:WebSocketLost|ConnectionLost)$/)
})

it('a clean end is ConnectionDone, another is not', async () => {
  const port = await listen('ws:0:interface=127.0.0.1')
  const url = `ws://127.0.0.1:${port}/`
  for (const [code, end] of [[1000, /^ConnectionDone$/], [4000, /^(?:WebSocketLost|ConnectionLost)$/]] as const) {
    const ws = new WebSocket(url)
    await once(ws, 'open')
    EchoBytes.ends = []
    ws.close(code)
    await once(ws, 'close')
    expect(await EchoBytes.end()).toMatch(end)
  }
})

it('a path that is not there is a ConnectionRejected', async () => {
  const port = await listen('ws:0:interface=127.0.0.1:path=/bytes')
  const error: unknown = await connect(`ws:127.0.0.1:${port}:path=/others`).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ConnectionRejected)
  expect(error).toMatchObject({ status: 404 })
})

it('what a factory does wrong is told', async () => {
  const port = await listen('ws:0:interface=127.0.0.1')
  class Refusing extends ClientFactory {
    override buildProtocol() {
      return null
    }
  }
  const factory = new Refusing()
  const failed = clientFromString(reactor, `ws:127.0.0.1:${port}`).connect(factory).asPromise()
  await expect(failed).rejects.toMatchObject({ code: 'ERR_CONNECT_FAILED' })
  while (factory.numPorts > 0) await new Promise((resolve) => setImmediate(resolve))
})

describe('strings', () => {
  it.each([
    'ws:example.com', 'ws:example.com:x', 'ws:example.com:80:path=x', 'ws:example.com:80:what=1', 'ws:a:80:endpoint=nothing',
    'ws:a:80:path=',
  ])('%s is no client', (description) => {
    expect(() => clientFromString(reactor, description)).toThrow(/ERR_ENDPOINT|endpoint string/)
  })

  it.each(['ws:x', 'ws:80:path=x', 'ws:80:subprotocol=a b', 'ws:80:origins=example.com', 'ws:80:what=1', 'wss:443'])(
    '%s is no server', (description) => {
      expect(() => serverFromString(reactor, description)).toThrow(/endpoint string/)
    })

  it('and URLs that are none', () => {
    expect(() => new WebSocketClientEndpoint(reactor, 'ftp://x/')).toThrow(/./)
  })
})
