/** Policies: what can be put around any protocol or factory. */
export { LimitConnectionsByPeer, LimitTotalConnectionsFactory } from './limits.js'
export { TimeoutMixin } from './timeout-mixin.js'
export type { TimeoutPolicy } from './timeout-mixin.js'
export { ProtocolWrapper, WrappingFactory } from './wrapping.js'
export type { ProtocolWrapperClass, WrapperOwner } from './wrapping.js'
