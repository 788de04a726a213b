/**
 * All contract suites, in the order in which they are run.
 */
import { closing } from './closing.js'
import { connector, connectTCP } from './connector.js'
import type { ContractSuite } from './contract.js'
import { datagrams } from './datagrams.js'
import { listener, listenTCP } from './listener.js'
import { producers } from './producers.js'
import { streamTransport } from './stream-transport.js'

export const suites: readonly ContractSuite[] = [
  streamTransport, producers, closing, connector, connectTCP, listener, listenTCP, datagrams,
]
