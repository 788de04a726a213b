/** The promises of contract.ts over the stand-in for TLS. */
import { simulatedIdentity } from 'whorl/testing'
import type { Scenario, SimulateOptions } from 'whorl/testing'
import { BUFFER, keepContract } from './contract.js'
import { QUIET } from './parts.js'

/** Each run takes its time. */
export const share = 0.7

export const options: SimulateOptions = {
  until: 65_000, hosts: 3, bufferBytes: BUFFER, faults: { every: 2_500, quiet: QUIET },
}

export const scenario: Scenario = (simulation) => keepContract(simulation, {
  isLocal: false, hasHalfClose: true, hasReset: true, record: 16_384,
  listen: (reactor, factory) => {
    reactor.listenSSL(7_443, factory, { identity: simulatedIdentity(['server']), handshakeTimeout: 5_000 })
  },
  connect: (reactor, factory) => {
    reactor.connectSSL('server', 7_443, factory, { handshakeTimeout: 5_000 }, { timeout: 5_000 })
  },
})
