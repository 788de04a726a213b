/**
 * Pages and workers as the contract suites see them.
 *
 * Owns: their ways of having streams, and what they lack. Must not know: the suites.
 */
import { TCP4ClientEndpoint } from 'whorl'
import type { Reactor } from 'whorl'
import {
  BroadcastClientEndpoint, BroadcastServerEndpoint, createReactor, MessagePortClientEndpoint, MessagePortServerEndpoint,
  TunnelClientEndpoint, WebSocketEndpoint,
} from 'whorl/web'
import type { Capabilities, ContractHost, StreamTraits, StreamWay } from '../../../contract/contract.js'
import type { Setup } from './setup.js'

const EVERYTHING: StreamTraits = { halfClose: true, lastWord: true, reset: true, backpressure: true }
const NO_WASM = 'the page\'s Content-Security-Policy forbids WebAssembly'
const NO_HALF = 'a WebSocket has no half-close'

const capabilities: Capabilities = {
  timers: true, entropy: true, wallClock: true, simulation: true, websocket: true, 'tcp.connect': true,
  signals: 'a page gets no signals',
  resolver: 'a page does not learn addresses; a relay resolves names',
  'tcp.listen': 'a page cannot be connected to; it can listen on MessagePorts and BroadcastChannels',
  'tls.connect': 'what a page sends through a relay it cannot encrypt: there is no TLS for scripts',
  'tls.listen': 'a page cannot be connected to',
  'tls.start': 'what a page sends through a relay it cannot encrypt: there is no TLS for scripts',
  udp: 'a page opens no sockets',
  multicast: 'a page opens no sockets',
  'unix.connect': 'a page opens no sockets',
  'unix.listen': 'a page opens no sockets',
  processes: 'a page starts no programs',
  descriptors: 'a page has no descriptors',
  threads: 'workers of a page take modules of their own: connect to them with MessagePortClientEndpoint',
  files: 'a page does not read the files of its machine',
  compression: 'CompressionStream neither flushes nor has a limit',
}

/** @param peers a worker that has the far ends of message ports and channels */
export function webHost(setup: Setup, peers: Worker): ContractHost {
  const { lab } = setup
  const relay = { url: setup.relay, token: setup.token }
  return {
    name: 'web', version: version(), capabilities, lab,
    ...setup.wasm ? {} : { builds: { simd: NO_WASM, baseline: NO_WASM } },
    ways: [tunnel(setup), messagePort(peers), broadcast(), webSocket(setup)],
    createReactor: () => createReactor({ relay }),
    reach: (reactor, port) => new TCP4ClientEndpoint(reactor, lab.host, port),
  }
}

/** The number that a browser says. */
function version(): string {
  return /(?:Chrom\w*|Firefox)\/([\d.]+)/.exec(navigator.userAgent)?.[1] ?? navigator.userAgent
}

function tunnel({ lab, relay, token }: Setup): StreamWay {
  const to = (reactor: Reactor, port: number): TunnelClientEndpoint =>
    new TunnelClientEndpoint(
      reactor, new URL(relay, location.href).href.replace(/^http/, 'ws'), lab.host, port, { token })
  return {
    name: 'tunnel', traits: EVERYTHING,
    client: (reactor, peer) => to(reactor, lab.ports[peer]),
    refused: (reactor) => to(reactor, lab.refused),
  }
}

function messagePort(peers: Worker): StreamWay {
  return {
    name: 'message-port', traits: EVERYTHING,
    client: (reactor, peer) => new MessagePortClientEndpoint(reactor, peers, { name: peer }),
    server: (reactor) => {
      const { port1, port2 } = new MessageChannel()
      return {
        endpoint: new MessagePortServerEndpoint(reactor, port1),
        client: () => new MessagePortClientEndpoint(reactor, port2),
      }
    },
  }
}

let names = 0

function broadcast(): StreamWay {
  return {
    name: 'broadcast-channel', traits: EVERYTHING,
    client: (reactor, peer) => new BroadcastClientEndpoint(reactor, `peer-${peer}`),
    server: (reactor) => {
      const name = `contract-${++names}`
      return {
        endpoint: new BroadcastServerEndpoint(reactor, name), client: () => new BroadcastClientEndpoint(reactor, name),
      }
    },
  }
}

function webSocket({ webSocketPorts, lab }: Setup): StreamWay {
  return {
    name: 'websocket',
    traits: { halfClose: NO_HALF, lastWord: NO_HALF, reset: true, backpressure: 'a WebSocket goes on receiving, whoever reads' },
    client: (reactor, peer) => new WebSocketEndpoint(reactor, `ws://${lab.host}:${webSocketPorts[peer]}/`),
  }
}
