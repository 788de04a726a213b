import { defineConfig } from 'vitest/config'
import { alias } from './vitest.config.js'

/** `npm run test:long`: what takes minutes (soak tests, ten thousand connections, a million messages). */
export default defineConfig({
  resolve: { alias },
  test: {
    include: ['test/long/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 600_000,
  },
})
