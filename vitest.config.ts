import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The package's own subpaths, so that tests and examples import what users import without a bundle. */
export const alias = [
  { find: /^whorl$/, replacement: source('bindings/node/main.ts') },
  { find: /^whorl\/node$/, replacement: source('bindings/node/index.ts') },
  { find: /^whorl\/core$/, replacement: source('bindings/node/core.ts') },
  { find: /^whorl\/core\/plain$/, replacement: source('src/core/plain.ts') },
  { find: /^whorl\/socket$/, replacement: source('src/socket/index.ts') },
  { find: /^whorl\/http$/, replacement: source('bindings/node/http.ts') },
  { find: /^whorl\/websocket$/, replacement: source('src/websocket/index.ts') },
  { find: /^whorl\/tunnel$/, replacement: source('src/tunnel/index.ts') },
  { find: /^whorl\/testing$/, replacement: source('bindings/node/testing.ts') },
  // Modules that only workerd has.
  { find: /^(?:\.\/core\.wasm|cloudflare:\w+)$/, replacement: source('test/hosts/workerd/stand-in.ts') },
]

/** Pages in Chromium, which take as long as a hundred other files: `npm run test:browser`. */
export const browser = ['test/interop/chromium.test.ts', 'test/interop/trace-page.test.ts']

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...browser, 'test/long/**', 'test/bundles/**'],
    globalSetup: ['test/global-setup.ts'],
    pool: 'forks',
    // Left to itself vitest keeps one of two cores free; many tests wait for other programs.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // For what hangs. A build server may be many times as slow as the machine where this is written.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
