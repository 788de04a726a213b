/** A page that asks a plain TCP server, through a relay. */
import { clientFromString, connectProtocol, Deferred, LineReceiver } from 'whorl'
import { createReactor, loadCore } from 'whorl/web'

/** Sends lines, and gets one back for each; it would be the same class on Node. */
export class Asking extends LineReceiver {
  readonly #waiting: Deferred<string>[] = []

  ask(line: string): Deferred<string> {
    const answer = new Deferred<string>()
    this.#waiting.push(answer)
    this.sendLine(line)
    return answer
  }

  override lineReceived(line: string): void {
    this.#waiting.shift()?.callback(line)
  }
}

/** @param server as `localhost:7000` @param relay of this page's own server, as `/tunnel` */
export async function askThrough(relay: string, token: string, server: string, line: string): Promise<string> {
  await loadCore()
  const reactor = createReactor({ relay: { url: relay, token } })
  const asking = await connectProtocol(clientFromString(reactor, `tcp:${server}`), new Asking())
  const answer = await asking.ask(line)
  asking.transport.loseConnection()
  return answer
}
