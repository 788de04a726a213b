/**
 * Bun as the contract suites see it.
 *
 * Owns: its ways of having streams, and what it declares missing. Must not know: the suites.
 */
import { join } from 'node:path'
import process from 'node:process'
import { createReactor, TCP4ClientEndpoint } from 'whorl'
import type { Capabilities, ContractHost, Lab } from '../../../contract/contract.js'
import { tcpWay, tlsWay, unixWay } from '../../../contract/ways.js'

const NO_LAST_WORD = 'Bun may end TLS on both sides when the far end ends its own'

const capabilities: Capabilities = {
  'timers': true, 'entropy': true, 'wallClock': true, 'signals': true, 'resolver': true,
  'tcp.connect': true, 'tcp.listen': true, 'tls.connect': true, 'tls.listen': true, 'tls.start': true,
  'udp': true, 'multicast': true, 'unix.connect': true, 'unix.listen': true, 'websocket': true,
  'processes': 'whorl has no processes for Bun',
  'descriptors': 'whorl has no adopted descriptors for Bun',
  'threads': 'whorl has no pool of threads for Bun', 'files': true, 'compression': true, 'simulation': true,
}

/** @param folder that is empty, for UNIX sockets */
export function bunHost(lab: Lab, folder: string): ContractHost {
  let paths = 0
  const freshPath = (): string => join(folder, `socket-${++paths}`)
  return {
    name: 'bun', version: process.versions['bun'] ?? 'none', capabilities, lab,
    ways: [tcpWay(lab), tlsWay(lab, { lastWord: NO_LAST_WORD }), unixWay(freshPath)],
    createReactor: () => createReactor(),
    reach: (reactor, port) => new TCP4ClientEndpoint(reactor, lab.host, port),
    freshPath,
  }
}
