/** Many simulated runs from seeds, their faults, and what to do about one that fails. */
export { FAULT_KINDS, faultText, keepFaults, planFaults } from './fault.js'
export type { Fault, FaultKind, FaultOptions } from './fault.js'
export type { GuardPort } from './guard-port.js'
export type { Recipe, Scenario } from './recipe.js'
export { repeat, simulate } from './simulate.js'
export type { SimulateOptions, SimulateProgress, SimulateReport } from './simulate.js'
