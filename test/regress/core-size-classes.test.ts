import { expect, it } from 'vitest'
import type { LineParser } from '../../src/core/index.js'
import { BUILDS } from '../unit/core/support/builds.js'
import { withSmallCore } from '../unit/core/support/small-memory.js'

// Once all memory had been blocks of one size, no smaller object could be made ever again, though all were free.
it.each(BUILDS)('memory that large frames gave back serves small objects (%s)', (build) => {
  withSmallCore(build, 16, (core) => {
    const parsers: LineParser[] = []
    expect(() => {
      for (;;) {
        const parser = core.lineParser({ maxLength: 1e6 })
        parsers.push(parser)
        parser.receive(new Uint8Array(65536))
      }
    }).toThrow('cannot grow')
    expect(() => {
      for (;;) core.createTimers()
    }).toThrow('cannot grow')
    for (const parser of parsers) parser.free()
    const timers = core.createTimers()
    timers.schedule(1, 7)
    expect(timers.advance(1, (id) => expect(id).toBe(7))).toBe(1)
  })
})
