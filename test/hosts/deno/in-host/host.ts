/**
 * Deno as the contract suites see it.
 *
 * Owns: its ways of having streams, and what it declares missing. Must not know: the suites.
 */
import { createReactor, TCP4ClientEndpoint, TCP4ServerEndpoint } from 'whorl'
import type { Capabilities, ContractHost, Lab, StreamWay } from '../../../contract/contract.js'

interface DenoGlobal {
  readonly version: { readonly deno: string }
  readonly listenDatagram?: unknown
}

const TLS = 'whorl/deno does not reach TLS of Deno yet'
const NO_UDP = 'Deno.listenDatagram is not there without --unstable-net'
const UNIX = 'whorl/deno does not reach UNIX sockets of Deno yet'

export function denoHost(lab: Lab): ContractHost {
  const { Deno } = globalThis as unknown as { Deno: DenoGlobal }
  const hasUDP = Deno.listenDatagram !== undefined
  const capabilities: Capabilities = {
    'timers': true, 'entropy': true, 'wallClock': true, 'signals': true, 'resolver': true,
    'tcp.connect': true, 'tcp.listen': true, 'tls.connect': TLS, 'tls.listen': TLS, 'tls.start': TLS,
    'udp': hasUDP ? true : NO_UDP, 'multicast': hasUDP ? 'whorl/deno does not reach it yet' : NO_UDP,
    'unix.connect': UNIX, 'unix.listen': UNIX, 'websocket': true,
    'processes': 'whorl/deno does not start programs yet',
    'descriptors': 'whorl/deno does not reach file descriptors yet',
    'threads': 'whorl/deno has no pool of workers yet', 'files': 'whorl/deno does not read files yet',
    'compression': 'whorl/deno does not reach compression of Deno yet', 'simulation': true,
  }
  return {
    name: 'deno', version: Deno.version.deno, capabilities, lab, ways: [tcp(lab)],
    createReactor: () => createReactor(),
  }
}

function tcp(lab: Lab): StreamWay {
  return {
    name: 'tcp',
    traits: { halfClose: true, reset: 'Deno closes sockets in order only, it has no reset', backpressure: true },
    client: (reactor, peer) => new TCP4ClientEndpoint(reactor, lab.host, lab.ports[peer]),
    refused: (reactor) => new TCP4ClientEndpoint(reactor, lab.host, lab.refused),
    server: (reactor) => ({
      endpoint: new TCP4ServerEndpoint(reactor, 0, { interface: '127.0.0.1' }),
      client: (port) => new TCP4ClientEndpoint(reactor, '127.0.0.1', port),
    }),
  }
}
