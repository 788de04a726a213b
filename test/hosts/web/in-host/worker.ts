/**
 * The row `chromium-worker`: all suites in a dedicated worker, whose page passes the report on.
 */
import { runAll } from './main.js'
import type { Setup } from './setup.js'

addEventListener('message', ({ data }: MessageEvent) => {
  runAll(data as Setup, (line) => postMessage({ line })).then(
    (report) => postMessage({ report }),
    (error: unknown) => postMessage({ failed: error instanceof Error ? error.stack ?? error.message : String(error) }))
}, { once: true })
