import { expect, it } from 'vitest'
import { CoreError } from '../../src/core/index.js'
import { bytes } from '../unit/core/support/bytes.js'
import { BUILDS, coreOf } from '../unit/core/support/builds.js'

// A delimiter that configure refused was remembered, and made every later configure fail.
it.each(BUILDS)('B15 a delimiter that was refused is forgotten (%s)', (build) => {
  const lines: string[] = []
  const parser = coreOf(build).lineParser({ delimiter: '\n',
    handler: { line: (line: string) => void lines.push(line) } })
  expect(() => parser.configure({ delimiter: '' })).toThrow(CoreError)
  parser.configure({ maxLength: 5 })
  parser.receive(bytes('a\n'))
  parser.free()
  expect(lines).toEqual(['a'])
})
