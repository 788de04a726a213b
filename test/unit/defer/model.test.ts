/** Random programs on Deferreds, against a small independent model. test/long/defer.test.ts runs 100,000. */
import { describe, expect, it } from 'vitest'
import { compareWithModel } from './programs.js'

describe('Deferred against its model', () => {
  it('behaves the same on random programs', () => {
    const { callbacks, waits, timeouts } = compareWithModel(4000)
    // The programs are of use only if they run callbacks, make Deferreds wait, and time some out.
    expect(callbacks).toBeGreaterThan(4000)
    expect(waits).toBeGreaterThan(100)
    expect(timeouts).toBeGreaterThan(50)
  })
})
