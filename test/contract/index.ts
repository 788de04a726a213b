/**
 * All contract suites, in the order in which they are run.
 */
import type { ContractSuite } from './contract.js'
import { streamTransport } from './stream-transport.js'

export const suites: readonly ContractSuite[] = [
  streamTransport,
]
