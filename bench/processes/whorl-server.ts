/**
 * Our echo server, as a user of the library writes it: a Protocol, a Factory, listenTCP on the Node reactor. Run by the
 * benchmarks as a child process.
 */
import { createReactor } from '../../bindings/node/index.js'
import type { IPv4Address } from '../../src/interfaces/index.js'
import { Factory, Protocol } from '../../src/protocols/index.js'
import { answerQuestions, ownMemory, ownUsage } from './control.js'

let connections = 0

class Echo extends Protocol {
  override connectionMade(): void { connections++ }
  override dataReceived(data: Uint8Array): void { this.transport.write(data) }
  override connectionLost(): void { connections-- }
}

const reactor = createReactor()
const port = reactor.listenTCP(0, Factory.forProtocol(Echo), { interface: '127.0.0.1', backlog: 1024 })
void reactor.run()

answerQuestions(async (question) => {
  if (question.do === 'port') {
    await port.ready
    return { port: (port.getHost() as IPv4Address).port }
  }
  if (question.do === 'memory') return { ...await ownMemory(), connections }
  return { ...ownUsage(), connections }
})
