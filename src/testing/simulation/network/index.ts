export type { LinkOptions } from './options.js'
export { Network } from './network.js'
export type { HostNames, SimulatedConnection } from './network.js'
export { simulatedIdentity } from './tls-identity.js'
