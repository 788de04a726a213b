/**
 * Deno as the contract suites see it.
 *
 * Owns: its ways of having streams, and what it declares missing. Must not know: the suites.
 */
import { createReactor, TCP4ClientEndpoint } from 'whorl'
import type { Capabilities, ContractHost, Lab } from '../../../contract/contract.js'
import { tcpWay, tlsWay, unixWay } from '../../../contract/ways.js'

interface DenoGlobal {
  readonly version: { readonly deno: string }
  readonly listenDatagram?: unknown
}

const NO_UDP = 'Deno.listenDatagram is not there without --unstable-net'
const NO_LAST_WORD = 'TLS of Deno may end without saying so once the far end has ended its side'
const NO_RESET = { reset: 'Deno closes sockets in order only, it has no reset' }

/** @param folder that is empty, for UNIX sockets */
export function denoHost(lab: Lab, folder: string): ContractHost {
  const { Deno } = globalThis as unknown as { Deno: DenoGlobal }
  const hasUDP = Deno.listenDatagram !== undefined
  const capabilities: Capabilities = {
    'timers': true, 'entropy': true, 'wallClock': true, 'signals': true, 'resolver': true,
    'tcp.connect': true, 'tcp.listen': true, 'tls.connect': true, 'tls.listen': true, 'tls.start': true,
    'udp': hasUDP ? true : NO_UDP, 'multicast': 'whorl has no multicast for Deno',
    'unix.connect': true, 'unix.listen': true, 'websocket': true,
    'processes': 'whorl has no processes for Deno',
    'descriptors': 'whorl has no adopted descriptors for Deno',
    'threads': 'whorl has no pool of threads for Deno', 'files': true, 'compression': true, 'simulation': true,
  }
  let paths = 0
  const freshPath = (): string => `${folder}/socket-${++paths}`
  return {
    name: 'deno', version: Deno.version.deno, capabilities, lab,
    ways: [tcpWay(lab, NO_RESET), tlsWay(lab, { ...NO_RESET, lastWord: NO_LAST_WORD }), unixWay(freshPath)],
    createReactor: () => createReactor(),
    reach: (reactor, port) => new TCP4ClientEndpoint(reactor, lab.host, port),
    freshPath,
  }
}
