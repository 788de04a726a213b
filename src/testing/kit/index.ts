/** What tests of any runner say about Deferreds, connections and reactors. */
export { FaultyChannel, randomFaults } from './faulty-channel.js'
export type { Chance, ChannelFaults, FaultClock } from './faulty-channel.js'
export { assertNothingLeft, checkNothingLeft, leftOn, LeftoverWatch } from './leftovers.js'
export type { AskedReactor, LeftoverCheck, LeftoverOptions, TestHooks } from './leftovers.js'
export { whorlMatchers } from './matchers.js'
export type { MatcherResult, WhorlMatchers } from './matchers.js'
export { assertNoResult, failureResultOf, successResultOf } from './results.js'
