import { defineConfig } from 'vitest/config'
import { alias } from './vitest.config.js'

/** `npm run fuzz`: the property tests with many more cases; WHORL_FUZZ_RUNS says how many (default 5,000). */
export default defineConfig({
  resolve: { alias },
  test: {
    include: ['test/fuzz/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/fuzz-setup.ts'],
    pool: 'forks',
    testTimeout: 1_800_000,
  },
})
