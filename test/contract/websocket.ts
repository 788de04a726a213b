/**
 * WebSockets: whorl's client against the lab's server, and client and server over each way that listens.
 *
 * A host's own WebSocket, used as a stream, is one of its ways. Source: RFC 6455.
 */
import { ConnectionDone } from 'whorl'
import type { Failure } from 'whorl'
import { connectWebSocket, listenWebSocket, WebSocketProtocol, WebSocketServerFactory } from 'whorl/websocket'
import { equal, equalBytes, isA, ok, pattern, until } from './checks.js'
import type { CaseContext, ContractSuite } from './contract.js'
import { portOf } from './peers.js'

class Talk extends WebSocketProtocol {
  readonly got: (string | Uint8Array)[] = []
  readonly closes: [number, string][] = []
  pongs = 0
  reason: Error | null = null

  override textReceived(text: string): void {
    this.got.push(text)
  }

  override binaryReceived(data: Uint8Array): void {
    this.got.push(data)
  }

  override pongReceived(): void {
    this.pongs += 1
  }

  override closeReceived(code: number, reason: string): void {
    this.closes.push([code, reason])
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.reason = reason.value
  }
}

class Echo extends WebSocketProtocol {
  override textReceived(text: string): void {
    this.sendText(text)
  }

  override binaryReceived(data: Uint8Array): void {
    this.sendBinary(data)
  }
}

async function connect(context: CaseContext, options: { subprotocols?: string[] } = {}): Promise<Talk> {
  const { reactor, host } = context
  const { lab } = host
  const talk = await connectWebSocket(reactor, `ws://${lab.host}:${lab.webSocketPort}/`, Talk,
    { ...options, endpoint: host.reach!(reactor, lab.webSocketPort) })
  context.cleanup(() => talk.connected ? talk.close() : undefined)
  return talk
}

export const webSocket: ContractSuite = {
  name: 'websocket',
  cases: [
    {
      name: 'text and binary, there and back, in order',
      reaches: true,
      needs: ['entropy'],
      async run(context) {
        const talk = await connect(context)
        talk.sendText('grüße 日本 😀')
        talk.sendBinary(Uint8Array.of(0, 255, 1))
        talk.sendText('')
        await until(context.reactor, () => talk.got.length === 3)
        equal(talk.got, ['grüße 日本 😀', Uint8Array.of(0, 255, 1), ''])
      },
    },
    {
      name: 'a message of 1 MiB',
      reaches: true,
      needs: ['entropy'],
      async run(context) {
        const talk = await connect(context)
        talk.sendBinary(pattern(1_000_000))
        await until(context.reactor, () => talk.got.length === 1)
        equalBytes(talk.got[0] as Uint8Array, pattern(1_000_000))
      },
    },
    {
      name: 'a subprotocol, a ping, and a close in order',
      reaches: true,
      needs: ['entropy'],
      async run(context) {
        const talk = await connect(context, { subprotocols: ['lab.v1'] })
        equal(talk.subprotocol, 'lab.v1')
        talk.ping()
        await until(context.reactor, () => talk.pongs === 1)
        talk.close(4000, 'enough')
        await until(context.reactor, () => talk.reason !== null)
        isA(talk.reason, ConnectionDone)
      },
    },
    {
      name: 'the server closes with a code and a reason; the server drops the connection',
      reaches: true,
      needs: ['entropy'],
      async run(context) {
        const closed = await connect(context)
        closed.sendText('close 4001 why not')
        await until(context.reactor, () => closed.reason !== null)
        equal(closed.closes, [[4001, 'why not']])
        isA(closed.reason, ConnectionDone)
        const dropped = await connect(context)
        dropped.sendText('drop')
        await until(context.reactor, () => dropped.reason !== null)
        ok(!(dropped.reason instanceof ConnectionDone), `it ended with ${dropped.reason?.name}`)
      },
    },
  ],
}

export const webSocketServer: ContractSuite = {
  name: 'websocket-server',
  perWay: true,
  cases: [
    {
      name: 'serves: text and binary of every length of frame, and a close in order',
      listens: true,
      needs: ['entropy'],
      async run(context) {
        const server = context.way.server!(context.reactor)
        const factory = new WebSocketServerFactory()
        factory.protocol = Echo
        const port = await listenWebSocket(context.reactor, server.endpoint, factory)
        context.cleanup(() => port.stopListening())
        const talk = await connectWebSocket(context.reactor, 'ws://localhost/', Talk,
          { endpoint: server.client(portOf(port)) })
        const lengths = [0, 1, 125, 126, 65_535, 65_536, 300_000]
        for (const length of lengths) talk.sendBinary(pattern(length))
        talk.sendText('grüße')
        await until(context.reactor, () => talk.got.length === lengths.length + 1)
        for (const [i, length] of lengths.entries()) equalBytes(talk.got[i] as Uint8Array, pattern(length))
        equal(talk.got.at(-1), 'grüße')
        talk.close()
        await until(context.reactor, () => talk.reason !== null)
        isA(talk.reason, ConnectionDone)
      },
    },
  ],
}
