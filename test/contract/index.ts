/**
 * All contract suites, in the order in which they are run.
 */
import { closing } from './closing.js'
import { connector, connectTCP } from './connector.js'
import type { ContractSuite } from './contract.js'
import { datagrams } from './datagrams.js'
import { deferreds } from './deferreds.js'
import { everywhere } from './everywhere.js'
import { listener, listenTCP } from './listener.js'
import { producers } from './producers.js'
import { resolver } from './resolver.js'
import { streamTransport } from './stream-transport.js'
import { timers } from './timers.js'
import { tls } from './tls.js'

export const suites: readonly ContractSuite[] = [
  streamTransport, producers, closing, connector, connectTCP, listener, listenTCP, datagrams, tls,
  timers, resolver, deferreds, everywhere,
]
