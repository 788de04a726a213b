/**
 * How often Deferreds had to do with native promises, whose jobs run after the code that runs now.
 *
 * Owns: one counter, for a simulation: while it does not move, no job is left that Deferreds made, and none that a
 * program waits in. Must not know: who asks. It wraps around; only a change means anything.
 */

/** Read it as a live binding. @internal */
export let promiseJobs = 0

/** A promise was made, or settled. @internal */
export function notePromiseJob(): void {
  promiseJobs = (promiseJobs + 1) | 0
}
