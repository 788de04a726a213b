/** The promises of contract.ts over UNIX sockets: both ends are on one host, which nothing but a crash can disturb. */
import type { Scenario, SimulateOptions } from 'whorl/testing'
import { BUFFER, keepContract } from './contract.js'
import { QUIET } from './parts.js'

export const options: SimulateOptions = {
  until: 65_000, hosts: 3, bufferBytes: BUFFER, faults: { every: 4_000, quiet: QUIET, kinds: ['crash', 'skew'] },
}

export const scenario: Scenario = (simulation) => keepContract(simulation, {
  isLocal: true, hasHalfClose: true, hasReset: false, record: 0,
  listen: (reactor, factory) => { reactor.listenUNIX('/run/contract', factory, { wantPID: true }) },
  connect: (reactor, factory) => { reactor.connectUNIX('/run/contract', factory, { timeout: 5_000 }) },
})
