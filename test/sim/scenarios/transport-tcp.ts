/** The promises of contract.ts over TCP. */
import type { Scenario, SimulateOptions } from 'whorl/testing'
import { BUFFER, keepContract } from './contract.js'
import { QUIET } from './parts.js'

export const options: SimulateOptions = {
  until: 65_000, hosts: 3, bufferBytes: BUFFER, faults: { every: 2_500, quiet: QUIET },
}

export const scenario: Scenario = (simulation) => keepContract(simulation, {
  isLocal: false, hasHalfClose: true, hasReset: true, record: 0,
  listen: (reactor, factory) => { reactor.listenTCP(7_000, factory) },
  connect: (reactor, factory) => { reactor.connectTCP('server', 7_000, factory, { timeout: 5_000 }) },
})
