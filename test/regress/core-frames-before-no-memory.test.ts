import { expect, it } from 'vitest'
import { ERR_NO_MEMORY } from '../../assembly/abi/errors.js'
import { bytes, chars } from '../unit/core/support/bytes.js'
import { BUILDS } from '../unit/core/support/builds.js'
import { withSmallCore } from '../unit/core/support/small-memory.js'

// Frames that were whole were lost when there was no room for the beginning of the next.
it.each(BUILDS)('whole frames are delivered before the error that there is no room for the rest (%s)', (build) => {
  withSmallCore(build, 10, (core) => {
    const strings: string[] = []
    const parser = core.netstringParser({ maxLength: 1e6,
      handler: { string: (data) => void strings.push(chars(data)) } })
    const rest = 'x'.repeat(500_000)
    expect(() => {
      parser.receive(bytes(`1:a,2:bb,900000:${rest}`))
    }).toThrow(expect.objectContaining({ status: ERR_NO_MEMORY }))
    expect(strings).toEqual(['a', 'bb'])
    parser.free()
  })
})
