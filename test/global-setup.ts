/**
 * Runs once before any test: makes sure that core.wasm and its generated modules are those of the sources.
 */
import { buildCore } from '../scripts/build-core.mjs'

export async function setup(): Promise<void> {
  try {
    await buildCore()
  } catch (error) {
    // `npm test` and CI have built before; this is for running one file while the core is being changed.
    if (process.env['CI'] !== undefined) throw error
    process.stderr.write(`core.wasm could not be built: ${String(error)}\n`)
  }
}
