/**
 * Programs inside programs: the border between a reactor and who is embedded without a network of its own.
 */
export { failureOf } from './failures.js'
export { Gateway } from './gateway.js'
export type { GatewayOptions, GatewayReactor } from './gateway.js'
export { DATAGRAM_COST } from './gateway-datagrams.js'
export type { GatewayLimits } from './limits.js'
export { Kind, ListenFlag, MessageReader, MessageWriter, MOST_DATA, Option } from './messages.js'
export type { Field } from './messages.js'
export { SharedRing } from './shared-ring.js'
