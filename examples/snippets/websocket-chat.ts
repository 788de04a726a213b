/** A chat room beside a web site, as the guide to WebSockets shows it. */
import { serve, Site } from 'whorl/http'
import { WebSocketProtocol, WebSocketServerFactory } from 'whorl/websocket'
import type { IListeningPort } from 'whorl'
import type { Reactor } from 'whorl/node'

/** Says to all what one says. */
export class Chat extends WebSocketProtocol {
  get room(): Iterable<WebSocketProtocol> {
    return (this.factory as WebSocketServerFactory).connections
  }

  override textReceived(text: string): void {
    const name = this.request?.query.get('name') ?? 'somebody'
    for (const one of this.room) one.sendText(`${name}: ${text}`)
  }

  override binaryReceived(): void {
    this.close(1003, 'only text, please')
  }
}

export async function serveChat(reactor: Reactor): Promise<{ port: IListeningPort, chat: WebSocketServerFactory }> {
  const chat = WebSocketServerFactory.forProtocol(Chat, {
    origins: 'same',
    limits: { message: 10_000 },
    compression: true,
  })
  const site = new Site(() => 'The chat is at /chat\n', { reactor }).upgrade('/chat', chat)
  const port = await serve(reactor, 'tcp:0:interface=127.0.0.1', site)
  return { port, chat }
}

/** Ends it so that browsers know why. */
export async function endChat(port: IListeningPort, chat: WebSocketServerFactory): Promise<void> {
  await port.stopListening()
  chat.closeAll(1001, 'we are going home')
}
