/**
 * All contract suites, in the order in which they are run.
 */
import { capabilities } from './capabilities.js'
import { closing } from './closing.js'
import { connector, connectTCP } from './connector.js'
import type { ContractSuite } from './contract.js'
import { core } from './core.js'
import { datagrams } from './datagrams.js'
import { deferreds } from './deferreds.js'
import { digest } from './digest.js'
import { everywhere } from './everywhere.js'
import { framing } from './framing.js'
import { http, httpServer } from './http.js'
import { listener, listenTCP } from './listener.js'
import { producers } from './producers.js'
import { resolver } from './resolver.js'
import { streamTransport } from './stream-transport.js'
import { timers } from './timers.js'
import { tls } from './tls.js'
import { webSocket, webSocketServer } from './websocket.js'

export const suites: readonly ContractSuite[] = [
  capabilities, core, timers, deferreds, streamTransport, producers, closing, connector, connectTCP, listener, listenTCP,
  framing, tls, datagrams, resolver, http, httpServer, webSocket, webSocketServer, everywhere, digest,
]
