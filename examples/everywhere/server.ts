/**
 * The server, on Node: `node server.js [port]`, port 8017 if not given; 0 is any free one, and it says which.
 */
import { deferLater, Factory, react, TCP4ServerEndpoint } from 'whorl'
import type { IListeningPort } from 'whorl'
import { Calls } from './calls.js'

/** What clients may ask for. */
class Served extends Factory {
  readonly #reactor: Parameters<typeof deferLater>[0]
  #connections = 0

  constructor(reactor: Parameters<typeof deferLater>[0]) {
    super()
    this.#reactor = reactor
  }

  override buildProtocol(): Calls {
    const number = ++this.#connections
    const calls = new Calls(this.#reactor, {
      /** The number of this connection, from 1: another one after connecting again. */
      connection: () => number,
      echo: (value: unknown) => value,
      add: (a: number, b: number) => a + b,
      reverse: (text: string) => [...text].reverse().join(''),
      /** Answers after so many ms, 60,000 at most. */
      later: (ms: number, value: unknown) => deferLater(this.#reactor, Math.min(ms, 60_000), () => value),
      fail: (why: string) => {
        throw new Error(why)
      },
      /** Drops the connection without an answer. */
      drop: () => {
        calls.transport.abortConnection()
      },
    })
    return calls
  }
}

void react(async (reactor, port = '8017') => {
  const endpoint = new TCP4ServerEndpoint(reactor, Number(port), { interface: '127.0.0.1' })
  const listening: IListeningPort = await endpoint.listen(new Served(reactor))
  console.log(`listening on 127.0.0.1:${(listening.getHost() as { port: number }).port}`)
  // Until a signal ends it.
  await new Promise(() => undefined)
}, process.argv.slice(2))
