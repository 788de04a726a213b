/**
 * Node as the contract suites see it.
 *
 * Owns: its ways of having streams, and where its UNIX sockets are. Must not know: the suites.
 */
import { join } from 'node:path'
import process from 'node:process'
import {
  createReactor, TCP4ClientEndpoint, TCP4ServerEndpoint, TLSServerEndpoint, UNIXClientEndpoint, UNIXServerEndpoint,
  wrapClientTLS,
} from 'whorl'
import type { Reactor } from 'whorl'
import { CAPABILITIES } from '../../../contract/contract.js'
import type { Capabilities, ContractHost, Lab, StreamTraits, StreamWay } from '../../../contract/contract.js'
import { peerInHost } from '../../../contract/peers.js'

const EVERYTHING: StreamTraits = { halfClose: true, reset: true, backpressure: true }

const capabilities = Object.fromEntries(CAPABILITIES.map((name) => [name, true])) as Capabilities

/** @param folder that is empty, for UNIX sockets */
export function nodeHost(lab: Lab, folder: string): ContractHost {
  let paths = 0
  const freshPath = (): string => join(folder, `socket-${++paths}`)
  return {
    name: 'node', version: process.versions.node, capabilities, lab,
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
    name: 'tls', traits: EVERYTHING,
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
