import { expect, it } from 'vitest'
import { HEADER_ASCII, HEADER_CONSUMED, STAGE } from '../../assembly/abi/layout.js'
import { bytes } from '../unit/core/support/bytes.js'
import { BUILDS, freshExports } from '../unit/core/support/builds.js'

// A byte behind the last record counted or not by the size of the build's blocks, so that builds differed.
it('whether a batch is ASCII does not depend on bytes behind its last record, in any build', () => {
  const cores = freshExports()
  for (let gap = 0; gap < 20; gap++) {
    const data = bytes(`${'\n'.repeat(1023)}${'a'.repeat(gap)}\xff`)
    for (const build of BUILDS) {
      const core = cores[build]
      new Uint8Array(core.memory.buffer)[STAGE] = 10
      const parser = core.lineParserNew(STAGE, 1, 99)
      new Uint8Array(core.memory.buffer).set(data, STAGE)
      expect(core.parserReceive(parser, STAGE, data.length, 1)).toBe(1023)
      const words = new Int32Array(core.memory.buffer)
      expect([build, words[HEADER_CONSUMED >> 2], words[HEADER_ASCII >> 2]]).toEqual([build, 1023, 1])
      core.parserFree(parser)
    }
  }
})
