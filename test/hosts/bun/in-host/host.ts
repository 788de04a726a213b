/**
 * Bun as the contract suites see it.
 *
 * Owns: its ways of having streams, and what it declares missing. Must not know: the suites.
 */
import { join } from 'node:path'
import process from 'node:process'
import {
  createReactor, TCP4ClientEndpoint, TCP4ServerEndpoint, TLSServerEndpoint, UNIXClientEndpoint, UNIXServerEndpoint,
  wrapClientTLS,
} from 'whorl'
import type { Reactor } from 'whorl'
import type { Capabilities, ContractHost, Lab, StreamTraits, StreamWay } from '../../../contract/contract.js'
import { peerInHost } from '../../../contract/peers.js'

const EVERYTHING: StreamTraits = { halfClose: true, reset: true, backpressure: true }


const capabilities: Capabilities = {
  'timers': true, 'entropy': true, 'wallClock': true, 'signals': true, 'resolver': true,
  'tcp.connect': true, 'tcp.listen': true, 'tls.connect': true, 'tls.listen': true, 'tls.start': true,
  'udp': true, 'multicast': true, 'unix.connect': true, 'unix.listen': true, 'websocket': true,
  'processes': 'whorl/bun does not start programs yet',
  'descriptors': 'whorl/bun does not reach file descriptors yet',
  'threads': 'whorl/bun has no pool of workers yet', 'files': true, 'compression': true, 'simulation': true,
}

/** @param folder that is empty, for UNIX sockets */
export function bunHost(lab: Lab, folder: string): ContractHost {
  let paths = 0
  const freshPath = (): string => join(folder, `socket-${++paths}`)
  return {
    name: 'bun', version: process.versions['bun'] ?? 'none', capabilities, lab,
    ways: [tcp(lab), tls(lab), unix(freshPath)],
    createReactor: () => createReactor(),
    reach: (reactor, port) => new TCP4ClientEndpoint(reactor, lab.host, port),
    freshPath,
  }
}

function tcp(lab: Lab): StreamWay {
  return {
    name: 'tcp', traits: EVERYTHING,
    client: (reactor, peer) => new TCP4ClientEndpoint(reactor, lab.host, lab.ports[peer]),
    refused: (reactor) => new TCP4ClientEndpoint(reactor, lab.host, lab.refused),
    server: (reactor) => ({
      endpoint: new TCP4ServerEndpoint(reactor, 0, { interface: '127.0.0.1' }),
      client: (port) => new TCP4ClientEndpoint(reactor, '127.0.0.1', port),
    }),
  }
}

function tls(lab: Lab): StreamWay {
  const over = (reactor: Reactor, port: number): ReturnType<typeof wrapClientTLS> =>
    wrapClientTLS({ ca: lab.ca, serverName: 'localhost' }, new TCP4ClientEndpoint(reactor, lab.host, port))
  return {
    name: 'tls', traits: { ...EVERYTHING, halfClose: 'Bun ends TLS on both sides when the far end ends its own' },
    client: (reactor, peer) => over(reactor, lab.tlsPorts[peer]),
    refused: (reactor) => over(reactor, lab.refused),
    server: (reactor) => ({
      endpoint: new TLSServerEndpoint(reactor, 0, { identity: { cert: lab.certificate, key: lab.key } },
        { interface: '127.0.0.1' }),
      client: (port) => over(reactor, port),
    }),
  }
}

function unix(freshPath: () => string): StreamWay {
  const server = (reactor: Reactor): ReturnType<NonNullable<StreamWay['server']>> => {
    const path = freshPath()
    return { endpoint: new UNIXServerEndpoint(reactor, path), client: () => new UNIXClientEndpoint(reactor, path) }
  }
  return {
    name: 'unix', server,
    traits: { ...EVERYTHING, reset: 'UNIX sockets have no reset: one that is aborted with nothing unread just ends' },
    client: (reactor, peer) => peerInHost(reactor, server(reactor), peer),
    refused: (reactor) => new UNIXClientEndpoint(reactor, freshPath()),
  }
}
