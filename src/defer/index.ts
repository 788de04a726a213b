/**
 * Deferreds and what is made of them, by name. Owns nothing but the list.
 */
export { cancelOnAbort } from './abort.js'
export { getDebugging, setDebugging } from './debug.js'
export { Deferred } from './deferred.js'
export { Failure } from './failure.js'
export { inlineCallbacks } from './inline.js'
export { DeferredList, gatherResults, race } from './list.js'
export type { DeferredListOptions, ListResult, Outcome, Outcomes, Values } from './list.js'
export { DeferredLock, DeferredSemaphore } from './lock.js'
export { ensureDeferred, execute, fail, maybeDeferred, succeed } from './make.js'
export { DeferredQueue } from './queue.js'
export type { Canceller, Settled } from './types.js'
export { endTurn, setUnhandledPolicy } from './unhandled.js'
export type { UnhandledPolicy } from './unhandled.js'
