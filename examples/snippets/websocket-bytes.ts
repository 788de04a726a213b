/** Protocols of bytes over WebSockets, as the guide to WebSockets shows them. */
import { clientFromString, Factory, LineReceiver, serverFromString } from 'whorl'
import type { IListeningPort, IProtocolFactory } from 'whorl'
import type { Reactor } from 'whorl/node'
import { registerWebSocketEndpoints } from 'whorl/websocket'

export class Upper extends LineReceiver {
  override lineReceived(line: string): void {
    this.sendLine(line.toUpperCase())
  }
}

/** What listens at any endpoint can listen at this one. */
export function serveLines(reactor: Reactor): PromiseLike<IListeningPort> {
  registerWebSocketEndpoints()
  return serverFromString(reactor, 'ws:0:interface=127.0.0.1:path=/lines').listen(Factory.forProtocol(Upper))
}

export function connectLines(reactor: Reactor, port: number, factory: IProtocolFactory): PromiseLike<unknown> {
  registerWebSocketEndpoints()
  return clientFromString(reactor, `ws:127.0.0.1:${port}:path=/lines`).connect(factory)
}
