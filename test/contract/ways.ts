/**
 * The ways of having streams that hosts with sockets share: TCP, TLS over it, and UNIX sockets.
 *
 * Must not know: any host; each says which promises its own sockets do not make.
 */
import {
  TCP4ClientEndpoint, TCP4ServerEndpoint, TLSServerEndpoint, UNIXClientEndpoint, UNIXServerEndpoint, wrapClientTLS,
} from 'whorl'
import type { Reactor } from 'whorl'
import type { Lab, StreamTraits, StreamWay } from './contract.js'
import { peerInHost } from './peers.js'

const EVERYTHING: StreamTraits = { halfClose: true, lastWord: true, reset: true, backpressure: true }

/** @param lacks what TCP of the host does not promise */
export function tcpWay(lab: Lab, lacks: Partial<StreamTraits> = {}): StreamWay {
  return {
    name: 'tcp', traits: { ...EVERYTHING, ...lacks },
    client: (reactor, peer) => new TCP4ClientEndpoint(reactor, lab.host, lab.ports[peer]),
    refused: (reactor) => new TCP4ClientEndpoint(reactor, lab.host, lab.refused),
    server: (reactor) => ({
      endpoint: new TCP4ServerEndpoint(reactor, 0, { interface: '127.0.0.1' }),
      client: (port) => new TCP4ClientEndpoint(reactor, '127.0.0.1', port),
    }),
  }
}

/** For hosts that can begin TLS on any connection. @param lacks what it does not promise */
export function tlsWay(lab: Lab, lacks: Partial<StreamTraits> = {}): StreamWay {
  const over = (reactor: Reactor, port: number): ReturnType<typeof wrapClientTLS> =>
    wrapClientTLS({ ca: lab.ca, serverName: 'localhost' }, new TCP4ClientEndpoint(reactor, lab.host, port))
  return {
    name: 'tls', traits: { ...EVERYTHING, ...lacks },
    client: (reactor, peer) => over(reactor, lab.tlsPorts[peer]),
    refused: (reactor) => over(reactor, lab.refused),
    server: (reactor) => ({
      endpoint: new TLSServerEndpoint(reactor, 0, { identity: { cert: lab.certificate, key: lab.key } },
        { interface: '127.0.0.1' }),
      client: (port) => over(reactor, port),
    }),
  }
}

/** @param freshPath a name of a file that does not exist yet */
export function unixWay(freshPath: () => string, lacks: Partial<StreamTraits> = {}): StreamWay {
  const server = (reactor: Reactor): ReturnType<NonNullable<StreamWay['server']>> => {
    const path = freshPath()
    return { endpoint: new UNIXServerEndpoint(reactor, path), client: () => new UNIXClientEndpoint(reactor, path) }
  }
  return {
    name: 'unix', server,
    traits: {
      ...EVERYTHING, reset: 'UNIX sockets have no reset: one that is aborted with nothing unread just ends', ...lacks,
    },
    client: (reactor, peer) => peerInHost(reactor, server(reactor), peer),
    refused: (reactor) => new UNIXClientEndpoint(reactor, freshPath()),
  }
}
