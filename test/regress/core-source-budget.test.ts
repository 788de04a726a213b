import { expect, it } from 'vitest'
import { CoreError } from '../../src/core/index.js'
import { BUILDS, coreOf } from '../unit/core/support/builds.js'

// The plain build took Infinity and NaN as a budget of 0, and ran no event of any source ever again.
it.each(BUILDS)('a source budget of Infinity is none, and NaN is refused (%s)', (build) => {
  const queue = coreOf(build).createQueue()
  queue.setSourceBudget(Infinity)
  for (let i = 0; i < 500; i++) queue.push(i, 1, 7)
  expect(() => queue.setSourceBudget(NaN)).toThrow(CoreError)
  expect(queue.drain(1000, () => {})).toBe(500)
  queue.free()
})
