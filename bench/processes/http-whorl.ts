/**
 * Our HTTP and WebSocket servers, as a user of the library writes them. Run by the benchmarks as a child process.
 * Arguments: what it serves (hello, file with its folder, upload, websocket with its compression).
 */
import { createReactor } from '../../bindings/node/index.js'
import { File, serve } from '../../src/http/index.js'
import type { IListeningPort } from '../../src/interfaces/index.js'
import type { IPv4Address } from '../../src/interfaces/index.js'
import { listenWebSocket, WebSocketProtocol, WebSocketServerFactory } from '../../src/websocket/index.js'
import { answerQuestions, ownMemory, ownUsage } from './control.js'
import { HELLO, MIB, uploadAnswer } from './http-places.js'
import type { Messages } from './http-places.js'
import type { Target } from './places.js'

const ENDPOINT = 'tcp:0:interface=127.0.0.1:backlog=1024'
/** An idle connection waits while others are measured. */
const KEPT = { idle: 600_000 }
const [what, argument] = process.argv.slice(2)
const reactor = createReactor()
let sockets: WebSocketServerFactory | null = null

class Echo extends WebSocketProtocol {
  override textReceived(text: string): void { this.sendText(text) }
  override binaryReceived(data: Uint8Array): void { this.sendBinary(data) }
}

function webSockets(compression: Messages['compression']): WebSocketServerFactory {
  return sockets = WebSocketServerFactory.forProtocol(Echo, {
    compression: compression === 'forgetting' ? { threshold: 0 } : compression === 'browser',
    // Neither is it asked for a sign of life: the client does not know frames it did not ask for.
    timeouts: { ping: KEPT.idle },
  }) as WebSocketServerFactory
}

async function listen(): Promise<IListeningPort> {
  switch (what) {
    case 'hello': return await serve(reactor, ENDPOINT, () => HELLO, { timeouts: KEPT })
    case 'file': return await serve(reactor, ENDPOINT, new File(argument), { timeouts: KEPT })
    case 'upload': return await serve(reactor, ENDPOINT, (request) => request.read().addCallback(uploadAnswer),
      { limits: { bodyBytes: MIB }, timeouts: KEPT })
    case 'websocket': return await listenWebSocket(reactor, ENDPOINT, webSockets(argument as Messages['compression']))
    default: throw new Error(`nothing is called ${what}`)
  }
}

const listening = listen().then((port): Target => ({ kind: 'tcp', port: (port.getHost() as IPv4Address).port }))
void reactor.run()

answerQuestions(async (question) => {
  if (question.do === 'target') return { target: await listening }
  const connections = sockets?.connections.size ?? 0
  if (question.do === 'memory') return { ...await ownMemory(), connections }
  return { ...ownUsage(), connections }
})
