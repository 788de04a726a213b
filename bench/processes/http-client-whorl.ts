/** Our HTTP client, as a user of the library writes it. Run by the benchmarks as a child process. */
import { createReactor } from '../../bindings/node/index.js'
import { Agent, HTTPConnectionPool } from '../../src/http/index.js'
import { askingProgram } from './http-asking.js'

const reactor = createReactor()
void reactor.run()

askingProgram((port, connections) => {
  const pool = new HTTPConnectionPool(reactor, { maxPerHost: connections, maxPersistentPerHost: connections })
  const agent = new Agent(reactor, { pool })
  const url = `http://127.0.0.1:${port}/hello`
  return async () => (await agent.request('GET', url)).text()
})
