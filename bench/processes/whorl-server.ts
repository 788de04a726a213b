/**
 * Our servers, as a user of the library writes them: a protocol, a factory and the reactor of Node. Run by the
 * benchmarks as a child process.
 */
import { createReactor } from '../../bindings/node/index.js'
import { clientFromString } from '../../src/endpoints/index.js'
import type { IPv4Address, UDPAddress } from '../../src/interfaces/index.js'
import { DatagramProtocol, Factory, Protocol } from '../../src/protocols/index.js'
import { PortForwardFactory } from '../../src/protocols/portforward.js'
import { answerQuestions, ownMemory, ownUsage } from './control.js'
import { askedKind, identity, socketPath } from './places.js'
import type { Target } from './places.js'

let connections = 0

class Echo extends Protocol {
  override connectionMade(): void { connections++ }
  override dataReceived(data: Uint8Array): void { this.transport.write(data) }
  override connectionLost(): void { connections-- }
}

class EchoDatagrams extends DatagramProtocol {
  override datagramReceived(data: Uint8Array, from: UDPAddress): void { this.transport.write(data, from) }
}

const reactor = createReactor()
const factory = Factory.forProtocol(Echo)
const LOOPBACK = { interface: '127.0.0.1', backlog: 1024 }

async function start(): Promise<Target> {
  const forward = process.argv[3]
  if (forward !== undefined) {
    const forwarder = new PortForwardFactory(clientFromString(reactor, `tcp:127.0.0.1:${forward}`))
    const port = reactor.listenTCP(0, forwarder, LOOPBACK)
    await port.ready
    return { kind: 'tcp', port: port.getHost().port }
  }
  const kind = askedKind()
  if (kind === 'unix') {
    const path = socketPath()
    await reactor.listenUNIX(path, factory, { backlog: 1024 }).ready
    return { kind, path }
  }
  if (kind === 'udp') {
    const port = reactor.listenUDP(0, new EchoDatagrams(), { interface: '127.0.0.1' })
    await port.ready
    return { kind, port: port.getHost().port }
  }
  const port = kind === 'tls'
    ? reactor.listenSSL(0, factory, { identity: identity() }, LOOPBACK)
    : reactor.listenTCP(0, factory, LOOPBACK)
  await port.ready
  return { kind, port: (port.getHost() as IPv4Address).port }
}

const listening = start()
void reactor.run()

answerQuestions(async (question) => {
  if (question.do === 'target') return { target: await listening }
  if (question.do === 'memory') return { ...await ownMemory(), connections }
  return { ...ownUsage(), connections }
})
