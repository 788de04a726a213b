/**
 * The core as plain JavaScript, for hosts without WebAssembly: `createCore({ instantiate: instantiatePlain })`.
 *
 * Owns: giving the generated code its type. The same source as core.wasm, translated by wasm2js; slower, and equal
 * in every result.
 */
import type { CoreExports } from './exports.js'
import { instantiatePlain as generated } from './generated/plain.js'

/** Makes an instance of the core that needs no WebAssembly. */
export function instantiatePlain(onGrow: () => void): CoreExports {
  return generated(onGrow) as unknown as CoreExports
}
