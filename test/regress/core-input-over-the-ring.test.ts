import { expect, it } from 'vitest'
import { ERR_RANGE } from '../../assembly/abi/errors.js'
import { HEADER, RING, STAGE } from '../../assembly/abi/layout.js'
import { BUILDS, coreOf } from '../unit/core/support/builds.js'

// Records were written over input that lay in the ring while it was scanned: builds differed in what they found.
it.each(BUILDS)('input that lies where records are written is refused (%s)', (build) => {
  const core = coreOf(build)
  core.bytes()[STAGE] = 10
  const parser = core.exports.lineParserNew(STAGE, 1, 99)
  for (const pointer of [HEADER, RING, RING + 16, STAGE - 1]) {
    expect(core.exports.parserReceive(parser, pointer, 100, 1)).toBe(ERR_RANGE)
    expect(core.exports.lineParserNew(pointer, 2, 99)).toBe(ERR_RANGE)
  }
  core.exports.parserFree(parser)
})
