/**
 * A context without anything as the contract suites see it: all it has, its embedder passes.
 *
 * Owns: its one way of having streams. Must not know: the suites, nor where the embedder is.
 */
import { TCP4ClientEndpoint, TCP4ServerEndpoint } from 'whorl'
import type { Reactor } from 'whorl'
import type { Capabilities, ContractHost, Lab } from '../../../contract/contract.js'

const NO_TLS = 'TLS needs a host that has it; the embedder may connect over TLS itself'
const NOTHING = 'a bare context has nothing of the kind, and messages to the embedder have none for it'

const NO_WASM = 'this context has no WebAssembly'

const capabilities: Capabilities = {
  'timers': true, 'entropy': true, 'wallClock': true,
  'signals': 'signals are the embedder\'s',
  'resolver': true, 'tcp.connect': true, 'tcp.listen': true,
  'tls.connect': NO_TLS, 'tls.listen': NO_TLS, 'tls.start': NO_TLS,
  'udp': true, 'multicast': 'the messages to the embedder have none for groups',
  'unix.connect': NOTHING, 'unix.listen': NOTHING,
  'websocket': true, 'processes': NOTHING, 'descriptors': NOTHING, 'threads': NOTHING, 'files': NOTHING,
  'compression': NOTHING, 'simulation': true,
}

export function noneHost(version: string, lab: Lab, createReactor: () => Reactor): ContractHost {
  return {
    name: 'none', version, capabilities, lab, createReactor,
    ...typeof WebAssembly === 'undefined' ? { builds: { simd: NO_WASM, baseline: NO_WASM } } : {},
    ways: [{
      name: 'tcp', traits: { halfClose: true, lastWord: true, reset: true, backpressure: true },
      client: (reactor, peer) => new TCP4ClientEndpoint(reactor, lab.host, lab.ports[peer]),
      refused: (reactor) => new TCP4ClientEndpoint(reactor, lab.host, lab.refused),
      server: (reactor) => ({
        endpoint: new TCP4ServerEndpoint(reactor, 0, { interface: '127.0.0.1' }),
        client: (port) => new TCP4ClientEndpoint(reactor, '127.0.0.1', port),
      }),
    }],
    reach: (reactor, port) => new TCP4ClientEndpoint(reactor, lab.host, port),
  }
}
