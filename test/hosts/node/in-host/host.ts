/**
 * Node as the contract suites see it.
 *
 * Owns: its ways of having streams, and where its UNIX sockets are. Must not know: the suites.
 */
import { join } from 'node:path'
import process from 'node:process'
import { createReactor, TCP4ClientEndpoint } from 'whorl'
import { CAPABILITIES } from '../../../contract/contract.js'
import type { Capabilities, ContractHost, Lab } from '../../../contract/contract.js'
import { tcpWay, tlsWay, unixWay } from '../../../contract/ways.js'

const capabilities = Object.fromEntries(CAPABILITIES.map((name) => [name, true])) as Capabilities

/** @param folder that is empty, for UNIX sockets */
export function nodeHost(lab: Lab, folder: string): ContractHost {
  let paths = 0
  const freshPath = (): string => join(folder, `socket-${++paths}`)
  return {
    name: 'node', version: process.versions.node, capabilities, lab,
    ways: [tcpWay(lab), tlsWay(lab), unixWay(freshPath)],
    createReactor: () => createReactor(),
    reach: (reactor, port) => new TCP4ClientEndpoint(reactor, lab.host, port),
    freshPath,
  }
}
