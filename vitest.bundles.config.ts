import { defineConfig } from 'vitest/config'

/** `npm run test:bundles`: the package in the hands of bundlers, and of what judges packages. Needs the network once. */
export default defineConfig({
  test: {
    include: ['test/bundles/**/*.test.ts'],
    globalSetup: ['test/bundles/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
