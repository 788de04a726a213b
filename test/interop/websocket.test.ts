/** WebSockets with ends that are not ours: `ws`, undici and Python's websockets, plain and compressed, both ways. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket as UndiciWebSocket } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createReactor } from '../../bindings/node/index.js'
import { Deferred } from '../../src/defer/index.js'
import type { Failure } from '../../src/defer/index.js'
import type { IListeningPort, IPv4Address } from '../../src/interfaces/index.js'
import { ConnectionRejected, connectWebSocket, listenWebSocket, WebSocketProtocol, WebSocketServerFactory } from '../../src/websocket/index.js'
import type { CompressionOptions, WebSocketServerOptions } from '../../src/websocket/index.js'
import { describeWith, Program, websocketsPython } from './programs.js'

const PYTHON = 'test/interop/peers/websockets_peer.py'
const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]
const KEEPS: CompressionOptions = { serverNoContextTakeover: false, clientNoContextTakeover: false }
const COMPRESSIONS: [string, CompressionOptions | boolean][] = [['plain', false], ['deflate', true], ['deflate, keeping windows', KEEPS]]

class Echo extends WebSocketProtocol {
  override textReceived(text: string): void {
    this.sendText(text)
  }

  override binaryReceived(data: Uint8Array): void {
    this.sendBinary(data)
  }
}

/** Asks, and waits for the answers, which come in order. */
class Asker extends WebSocketProtocol {
  readonly ended = new Deferred<string>()
  #waiting: ((message: string | Uint8Array) => void)[] = []

  ask(message: string | Uint8Array): Promise<string | Uint8Array> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (typeof message === 'string') this.sendText(message)
      else this.sendBinary(message)
    })
  }

  pinged(): Promise<string | Uint8Array> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.ping(Buffer.from('hello'))
    })
  }

  override textReceived(text: string): void {
    this.#waiting.shift()!(text)
  }

  override binaryReceived(data: Uint8Array): void {
    this.#waiting.shift()!(data)
  }

  override pongReceived(data: Uint8Array): void {
    this.#waiting.shift()!(data)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.ended.callback(`${reason.value.name} ${this.closeCode} ${this.closeReason}`)
  }
}

const reactor = createReactor()
const ports: IListeningPort[] = []

afterEach(async () => {
  for (const port of ports.splice(0)) await port.stopListening()
  for (const transport of reactor.openTransports()) transport.abortConnection()
  await Program.killAll()
})

async function listen(options: WebSocketServerOptions = {}): Promise<{ url: string, factory: WebSocketServerFactory }> {
  const factory = WebSocketServerFactory.forProtocol(Echo, { subprotocols: ['echo.v1'], ...options })
  const port = await listenWebSocket(reactor, 'tcp:0:interface=127.0.0.1', factory)
  ports.push(port)
  return { url: `ws://127.0.0.1:${(port.getHost() as IPv4Address).port}/echo`, factory }
}

/** All that an asker can do with an echo. */
async function converse(asker: Asker): Promise<void> {
  for (const size of SIZES) {
    const text = 'gr\u00fc\u00df'.repeat(size / 4)
    expect(await asker.ask(text)).toBe(text)
    const data = Uint8Array.from({ length: size }, (_, at) => at * 7)
    expect(Buffer.compare(await asker.ask(data) as Uint8Array, data)).toBe(0)
  }
  expect(Buffer.from(await asker.pinged() as Uint8Array).toString()).toBe('hello')
  asker.close(1000, 'enough')
  expect(await asker.ended).toMatch(/^ConnectionDone 1000/)
}

describe.each(COMPRESSIONS)('our server, %s', (_name, compression) => {
  it('serves ws', async () => {
    const { url, factory } = await listen({ compression })
    const ws = new WebSocket(url, ['echo.v1'])
    await once(ws, 'open')
    expect([ws.protocol, ws.extensions.split(';')[0]]).toEqual(['echo.v1', compression === false ? '' : 'permessage-deflate'])
    for (const size of SIZES) {
      for (const message of ['x'.repeat(size), Buffer.alloc(size, 7)]) {
        ws.send(message)
        const [answer, isBinary] = await once(ws, 'message') as [Buffer, boolean]
        expect(Buffer.compare(answer, Buffer.from(message))).toBe(0)
        expect(isBinary).toBe(typeof message !== 'string')
      }
    }
    ws.ping('hello')
    expect(String((await once(ws, 'pong'))[0])).toBe('hello')
    const [connection] = factory.connections
    connection!.close(4001, 'go away')
    expect((await once(ws, 'close')).map(String)).toEqual(['4001', 'go away'])
  })

  it('serves undici', async () => {
    const { url } = await listen({ compression })
    const ws = new UndiciWebSocket(url, ['echo.v1'])
    ws.binaryType = 'arraybuffer'
    await once(ws, 'open')
    for (const size of SIZES) {
      for (const message of ['y'.repeat(size), new Uint8Array(size).fill(3)]) {
        ws.send(message)
        const [event] = await once(ws, 'message') as [{ data: string | ArrayBuffer }]
        const { data } = event
        expect(Buffer.compare(Buffer.from(data as string), Buffer.from(message as string))).toBe(0)
        expect(typeof data).toBe(typeof message === 'string' ? 'string' : 'object')
      }
    }
    ws.close(3000, 'done')
    const [event] = await once(ws, 'close') as [{ code: number, wasClean: boolean }]
    expect([event.code, event.wasClean]).toEqual([3000, true])
  })
})

describe.each(COMPRESSIONS)('our client, %s', (_name, compression) => {
  it('talks to ws', async () => {
    const server = new WebSocketServer({
      port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 }, handleProtocols: (names) => [...names][0]!,
    })
    await once(server, 'listening')
    server.on('connection', (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })))
    try {
      const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
      const asker = await connectWebSocket(reactor, url, Asker, { compression, subprotocols: ['echo.v1'] })
      expect([asker.subprotocol, asker.isCompressed]).toEqual(['echo.v1', compression !== false])
      await converse(asker)
    } finally {
      server.close()
    }
  })

  it('talks to our server', async () => {
    const { url } = await listen({ compression })
    await converse(await connectWebSocket(reactor, url, Asker, { compression }))
  })
})

it('our client is told when ws refuses it', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', verifyClient: (_info, done) => done(false, 401, 'Who?') })
  await once(server, 'listening')
  try {
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const error: unknown = await connectWebSocket(reactor, url, Asker).asPromise().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ConnectionRejected)
    expect(error).toMatchObject({ status: 401 })
    expect(Buffer.from((error as ConnectionRejected).body).toString()).toBe('Who?')
  } finally {
    server.close()
  }
})

it('ws is told when our server refuses it', async () => {
  const { url } = await listen({ origins: ['https://good.example'] })
  const refused = new WebSocket(url, { origin: 'https://evil.example' })
  const [, response] = await once(refused, 'unexpected-response') as [unknown, { statusCode: number }]
  expect(response.statusCode).toBe(403)
  refused.on('error', () => undefined)
  refused.terminate()
  const welcome = new WebSocket(url, { origin: 'https://good.example' })
  await once(welcome, 'open')
  welcome.close()
  await once(welcome, 'close')
})

describeWith(websocketsPython(), 'Python\'s websockets', (python) => {
  it.each(COMPRESSIONS)('talks to our server, %s', async (_name, compression) => {
    const { url } = await listen({ compression })
    const program = new Program(python, [PYTHON, 'client', url, ...compression === false ? [] : ['deflate']])
    const said = JSON.parse((await program.prints(/\{.*\}\n/))[0]) as unknown
    expect(said).toEqual({
      echoed: 2 * SIZES.length + 2, pong: true, subprotocol: 'echo.v1',
      extensions: compression === false ? [] : ['permessage-deflate'],
    })
    expect(await program.ended).toMatchObject({ status: 0 })
  })

  it.each(COMPRESSIONS)('serves our client, %s', async (_name, compression) => {
    const program = new Program(python, [PYTHON, 'server'])
    const { port } = JSON.parse((await program.prints(/\{.*\}\n/))[0]) as { port: number }
    const asker = await connectWebSocket(reactor, `ws://127.0.0.1:${port}/`, Asker, { compression, subprotocols: ['echo.v1'] })
    expect(asker.isCompressed).toBe(compression !== false)
    await converse(asker)
    const closed = JSON.parse((await program.prints(/\{"closed.*\}\n/))[0]) as unknown
    expect(closed).toEqual({
      closed: 1000, reason: 'enough', subprotocol: 'echo.v1', extensions: compression === false ? [] : ['permessage-deflate'],
    })
  })
})
