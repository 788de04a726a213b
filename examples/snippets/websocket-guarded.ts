/** Who may come in, and what is spoken, as the guide to WebSockets shows it. */
import type { ServerRequest } from 'whorl/http'
import { listenWebSocket, WebSocketProtocol, WebSocketServerFactory } from 'whorl/websocket'
import type { IListeningPort } from 'whorl'
import type { Reactor } from 'whorl/node'

class Greeter extends WebSocketProtocol {
  override connectionMade(): void {
    this.sendText(`you speak ${this.subprotocol ?? 'nothing special'}`)
  }
}

/** Lets those in who know the word. */
class Guarded extends WebSocketServerFactory {
  override acceptUpgrade(request: ServerRequest): ReturnType<WebSocketServerFactory['acceptUpgrade']> {
    if (request.headers.get('authorization') !== 'Bearer sesame') {
      return { status: 401, headers: { 'WWW-Authenticate': 'Bearer' }, body: 'What is the word?\n' }
    }
    return super.acceptUpgrade(request)
  }

  override buildProtocol(): WebSocketProtocol {
    return new Greeter()
  }
}

/** Without a site: every request of this port is for a WebSocket, or answered with 426. */
export function listenGuarded(reactor: Reactor): PromiseLike<IListeningPort> {
  return listenWebSocket(reactor, 'tcp:0:interface=127.0.0.1', new Guarded({ subprotocols: ['greet.v2', 'greet.v1'] }))
}
