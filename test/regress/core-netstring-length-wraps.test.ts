import { expect, it } from 'vitest'
import { bytes } from '../unit/core/support/bytes.js'
import { BUILDS, coreOf } from '../unit/core/support/builds.js'
import { collectNetstrings } from '../unit/core/support/collect.js'

// With a limit above 429,496,729 a length of 2^32 + 4 was read as 4.
it.each(BUILDS)('B19 a netstring\'s length does not wrap around at 2^32 (%s)', (build) => {
  for (const limit of [429_496_730, 2 ** 30 - 1]) {
    expect(collectNetstrings(coreOf(build), [bytes(`${2 ** 32 + 4}:abcd,`)], limit))
      .toEqual({ events: ['malformed'], end: 'failed' })
  }
})
