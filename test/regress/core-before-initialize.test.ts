import { expect, it } from 'vitest'
import { BUILDS } from '../unit/core/support/builds.js'
import { instantiateModule } from '../../src/core/instantiate.js'
import { instantiatePlain } from '../../src/core/plain.js'

// The second object that was made before initialize was put on the stage.
it.each(BUILDS)('nothing can be made before initialize (%s)', (build) => {
  const exports = build === 'plain' ? instantiatePlain(() => {}) : instantiateModule({ build })(() => {})
  for (let again = 0; again < 3; again++) expect(exports.netstringParserNew(9)).toBeLessThan(0)
  exports.initialize()
  expect(exports.netstringParserNew(9)).toBeGreaterThan(0)
})
