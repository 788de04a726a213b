/**
 * workerd as the contract suites see it.
 *
 * Owns: its ways of having streams, and what it lacks. Must not know: the suites.
 */
import { TCP4ClientEndpoint, wrapClientTLS } from 'whorl'
import type { Reactor } from 'whorl'
import { createReactor } from 'whorl/workerd'
import type { ReactorObject } from 'whorl/workerd'
import type { Capabilities, ContractHost, Lab, StreamTraits, StreamWay } from '../../../contract/contract.js'

const TRAITS: StreamTraits = {
  halfClose: true, lastWord: true, backpressure: true,
  reset: 'workerd closes sockets without a reset: the far end of one that is aborted sees it end',
}

const NO_LISTENING =
  'a worker does not bind ports: its configuration says where to listen, and handlers() gets the connections'
const NO_DATAGRAMS = 'a worker opens no sockets for datagrams'
const NO_OPTION = 'connect() of workerd takes nothing but a name to verify; whom to trust is said in the ' +
  'configuration of the network (tlsOptions)'

const capabilities: Capabilities = {
  timers: true, entropy: true, wallClock: true, simulation: true, websocket: true, 'tcp.connect': true,
  'tls.connect': true, 'tls.start': true,
  signals: 'a worker gets no signals',
  resolver: 'workerd looks names up itself when it connects, and tells no addresses',
  'tcp.listen': NO_LISTENING,
  'tls.listen': NO_LISTENING,
  udp: NO_DATAGRAMS,
  multicast: NO_DATAGRAMS,
  'unix.connect': 'connect() of workerd knows no UNIX sockets',
  'unix.listen': NO_LISTENING,
  processes: 'a worker starts no programs',
  descriptors: 'a worker has no descriptors',
  threads: 'a worker starts no threads',
  files: 'a worker has no files of its machine',
  compression: 'CompressionStream neither flushes nor has a limit',
}

/** Where connections come in. */
export interface Inbound {
  /** Of the configuration. */
  readonly ports: readonly number[]
  readonly object: ReactorObject
}

/**
 * @param version as the launcher knows it: workers are not told
 * @param inbound of a Durable Object, in which one can listen
 */
export function workerdHost(lab: Lab, version: string, inbound: Inbound | null): ContractHost {
  return {
    name: 'workerd', version, capabilities, lab, ways: [tcp(lab), tls(lab), ...inbound === null ? [] : [inboundTCP(lab, inbound)]],
    tlsLacks: {
      ca: NO_OPTION, insecureSkipVerify: NO_OPTION,
      alpn: 'workerd offers nothing by ALPN',
      reasons: 'workerd writes into its log why a handshake failed, and does not tell workers',
      session: 'workerd tells workers nothing of what a handshake agreed on',
    },
    builds: { simd: COMPILES_NOT, baseline: COMPILES_NOT },
    createReactor: () => createReactor(),
    reach: (reactor, port) => new TCP4ClientEndpoint(reactor, lab.host, port),
  }
}

const COMPILES_NOT = 'workerd compiles no bytes; the core of all other suites is made of the module beside the bundle'

function tcp(lab: Lab): StreamWay {
  return {
    name: 'tcp', traits: TRAITS,
    client: (reactor, peer) => new TCP4ClientEndpoint(reactor, lab.host, lab.ports[peer]),
    refused: (reactor) => new TCP4ClientEndpoint(reactor, lab.host, lab.refused),
  }
}

/**
 * A Durable Object, to which a worker passes on what comes in at ports of the configuration. Where nobody listens in the
 * object, the configuration does all the same, so that nobody is refused.
 */
function inboundTCP(lab: Lab, { ports, object }: Inbound): StreamWay {
  let used = 0
  return {
    name: 'inbound', traits: TRAITS,
    client: (reactor, peer) => new TCP4ClientEndpoint(reactor, lab.host, lab.ports[peer]),
    server: (reactor) => ({
      endpoint: object.endpoint(ports[used++ % ports.length]!, reactor),
      client: (port) => new TCP4ClientEndpoint(reactor, '127.0.0.1', port),
    }),
  }
}

function tls(lab: Lab): StreamWay {
  const over = (reactor: Reactor, port: number): ReturnType<typeof wrapClientTLS> =>
    wrapClientTLS({ serverName: 'localhost' }, new TCP4ClientEndpoint(reactor, lab.host, port))
  return {
    name: 'tls', traits: TRAITS,
    client: (reactor, peer) => over(reactor, lab.tlsPorts[peer]),
    refused: (reactor) => over(reactor, lab.refused),
  }
}
