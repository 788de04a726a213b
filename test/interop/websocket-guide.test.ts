/** docs/guide/websocket.md: every program on the page is one of examples/snippets/, and does what the page says. */
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { ClientFactory, LineReceiver } from 'whorl'
import type { IListeningPort, IPv4Address } from 'whorl'
import { createReactor } from 'whorl/node'
import { connectWebSocket, listenWebSocket, WebSocketServerFactory } from 'whorl/websocket'
import { WebSocket } from 'ws'
import { connectLines, serveLines } from '../../examples/snippets/websocket-bytes.js'
import { endChat, serveChat } from '../../examples/snippets/websocket-chat.js'
import { visit, Visitor } from '../../examples/snippets/websocket-client.js'
import { Sink, Source } from '../../examples/snippets/websocket-flow.js'
import { listenGuarded } from '../../examples/snippets/websocket-guarded.js'

const folder = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/guide/websocket.md', folder), 'utf8')
const reactor = createReactor()
const ports: IListeningPort[] = []

afterEach(async () => {
  for (const port of ports.splice(0)) await port.stopListening()
  for (const transport of reactor.openTransports()) transport.abortConnection()
})

function urlOf(port: IListeningPort, path = '/'): string {
  ports.push(port)
  return `ws://127.0.0.1:${(port.getHost() as IPv4Address).port}${path}`
}

describe('the guide to WebSockets', () => {
  it('shows programs of examples/snippets, and nothing else', () => {
    const snippets = readdirSync(new URL('examples/snippets', folder))
      .filter((name) => name.startsWith('websocket-'))
      .map((name) => readFileSync(new URL(`examples/snippets/${name}`, folder), 'utf8'))
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]!)
    expect(shown).toHaveLength(snippets.length)
    for (const program of shown) expect(snippets.filter((snippet) => snippet.includes(program))).toHaveLength(1)
  })

  it('a chat beside a site, and its visitors', async () => {
    const { port, chat } = await serveChat(reactor)
    const url = urlOf(port, '/chat')
    const [anna, bob] = [await visit(reactor, `${url}?name=anna`), await visit(reactor, url)] as [Visitor, Visitor]
    expect(anna.isCompressed).toBe(true)
    const heard = [anna.next(), bob.next()]
    anna.sendText('hello')
    expect(await Promise.all(heard)).toEqual(['anna: hello', 'anna: hello'])
    anna.sendBinary(Uint8Array.of(1))
    expect(await anna.ended).toBe('ConnectionDone, 1003 only text, please')
    const evil = new WebSocket(url, { origin: 'https://evil.example' })
    evil.on('error', () => undefined)
    expect((await once(evil, 'unexpected-response') as [unknown, { statusCode: number }])[1].statusCode).toBe(403)
    evil.terminate()
    expect(await visit(reactor, url.replace('/chat', '/nothing'))).toBe('200 OK')
    ports.splice(0)
    await endChat(port, chat)
    expect(await bob.ended).toBe('ConnectionDone, 1001 we are going home')
  })

  it('a guard', async () => {
    const url = urlOf(await listenGuarded(reactor))
    expect(await visit(reactor, url)).toBe('401 Unauthorized')
    const options = { headers: { Authorization: 'Bearer sesame' }, subprotocols: ['greet.v1', 'greet.v2'] }
    const visitor = new Visitor()
    const said = visitor.next()
    await connectWebSocket(reactor, url, visitor, options)
    expect(await said).toBe('you speak greet.v2')
  })

  it('a fast sender and a slow reader', async () => {
    const url = urlOf(await listenWebSocket(reactor, 'tcp:0:interface=127.0.0.1', WebSocketServerFactory.forProtocol(Source)))
    const sink = new Sink()
    const ended = new Promise<void>((resolve) => {
      sink.connectionLost = () => resolve()
    })
    await connectWebSocket(reactor, url, sink)
    await ended
    expect([sink.taken, sink.closeCode]).toEqual([10_000_000, 1000])
  })

  it('lines', async () => {
    const port = await serveLines(reactor)
    urlOf(port)
    const heard = await new Promise<string>((resolve) => {
      class Asker extends LineReceiver {
        override connectionMade(): void {
          this.sendLine('hello')
        }

        override lineReceived(line: string): void {
          resolve(line)
        }
      }
      void connectLines(reactor, (port.getHost() as IPv4Address).port, ClientFactory.forProtocol(Asker))
    })
    expect(heard).toBe('HELLO')
  })
})
