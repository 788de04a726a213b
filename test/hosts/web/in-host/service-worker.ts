/**
 * A service worker that speaks with a line server through the relay, whenever a page asks it to.
 */
import { connectProtocol, Deferred, LineReceiver, TCP4ClientEndpoint } from 'whorl'
import { createReactor } from 'whorl/web'

/** What a page says. */
interface Asked {
  readonly relay: string
  readonly token: string
  readonly host: string
  readonly port: number
  readonly line: string
}

class Asking extends LineReceiver {
  readonly answer = new Deferred<string>()

  override lineReceived(line: string): void {
    this.answer.callback(line)
    this.transport.loseConnection()
  }
}

async function ask({ relay, token, host, port, line }: Asked): Promise<string> {
  const reactor = createReactor({ relay: { url: relay, token } })
  const asking = await connectProtocol(new TCP4ClientEndpoint(reactor, host, port), new Asking())
  asking.sendLine(line)
  return await asking.answer
}

/** What is used of a service worker's scope, which the types of pages lack. */
interface Scope {
  skipWaiting(): Promise<void>
  addEventListener(type: 'install', listener: (event: { waitUntil(done: Promise<unknown>): void }) => void): void
  addEventListener(
    type: 'message', listener: (event: MessageEvent & { waitUntil(done: Promise<unknown>): void }) => void): void
}

const scope = self as unknown as Scope

scope.addEventListener('install', (event) => event.waitUntil(scope.skipWaiting()))
scope.addEventListener('message', (event) => {
  const port = event.ports[0]!
  event.waitUntil(ask(event.data as Asked).then(
    (answer) => port.postMessage({ answer }), (error: unknown) => port.postMessage({ failed: String(error) })))
})
