/**
 * How an instance of core.wasm comes to be: which of the builds, from which bytes.
 *
 * Owns: the one use of @assemblyscript/loader, and the choice of a build by `WebAssembly.validate`.
 * Must not know: what the exports do. Nothing is compiled before the first core is made.
 */
import { instantiateSync } from '@assemblyscript/loader'
import { CoreError } from '../errors/core.js'
import { fromBase64 } from './base64.js'
import type { CoreExports, Instantiate } from './exports.js'
import { BASELINE_PATCH, BASELINE_SIZE } from './generated/baseline.js'
import { SIMD_BASE64 } from './generated/simd.js'
import { applyPatch } from './patch.js'

/** A build of the core that the package carries. */
export type CoreBuild = 'simd' | 'baseline'

/** A module of one function that makes a vector: an engine that takes it has SIMD, and there is nothing to decode. */
const SIMD_PROBE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, // \\0asm, version 1
  1, 5, 1, 96, 0, 1, 0x7b, //                                    type 0: () -> v128
  3, 2, 1, 0, //                                                 one function, of type 0
  10, 8, 1, 6, 0, 0x41, 0, 0xfd, 15, 11) //                      i32.const 0, i8x16.splat, end

const modules: Partial<Record<CoreBuild, WebAssembly.Module>> = {}
let best: CoreBuild | undefined

/**
 * Modules for a bundle that has none of its own, or may not compile them; they may be another realm's.
 *
 * @param given what `createCore({ build })` takes for these builds from now on
 * @internal
 */
export function provideModules(given: Readonly<Partial<Record<CoreBuild, WebAssembly.Module>>>): void {
  Object.assign(modules, given)
  best = modules.simd === undefined ? 'baseline' : 'simd'
}

/** The build that this engine can run: SIMD where `WebAssembly.validate` accepts it. */
export function bestBuild(): CoreBuild {
  if (typeof WebAssembly === 'undefined') {
    throw new CoreError('This host has no WebAssembly: pass { instantiate: instantiatePlain } from whorl/core/plain.')
  }
  if (SIMD_BASE64 === '') return best ?? 'baseline'
  best ??= WebAssembly.validate(SIMD_PROBE) ? 'simd' : 'baseline'
  return best
}

/** Where the code of an instance comes from. */
export type CoreSource = { build: CoreBuild } | { module: WebAssembly.Module | Uint8Array<ArrayBuffer> }

/** An instance of one of the package's own builds, or of a module or bytes that the caller brings. */
export function instantiateModule(source: CoreSource): Instantiate {
  return () => exportsOf('build' in source ? ownModule(source.build) : asModule(source.module))
}

function ownModule(build: CoreBuild): WebAssembly.Module {
  if (build !== 'simd' && build !== 'baseline') throw new CoreError(`There is no build '${String(build)}' of the core.`)
  if (SIMD_BASE64 === '' && modules[build] === undefined) {
    throw new CoreError('This context carries no core: pass { module }, a compiled core.wasm, or ' +
      '{ instantiate: instantiatePlain }.')
  }
  return (modules[build] ??= new WebAssembly.Module(bytesOf(build)))
}

/** The package carries the build with SIMD, and the other one as what differs. */
function bytesOf(build: CoreBuild): Uint8Array<ArrayBuffer> {
  const simd = fromBase64(SIMD_BASE64)
  return build === 'simd' ? simd : applyPatch(simd, fromBase64(BASELINE_PATCH), BASELINE_SIZE)
}

function asModule(source: WebAssembly.Module | Uint8Array<ArrayBuffer>): WebAssembly.Module {
  if (!ArrayBuffer.isView(source)) return source
  try {
    return new WebAssembly.Module(source as Uint8Array<ArrayBuffer>)
  } catch (cause) {
    throw new CoreError('These bytes are no WebAssembly module.', 0, { cause })
  }
}

function exportsOf(module: WebAssembly.Module): CoreExports {
  // The raw exports: the loader's own wrappers would cost each call ten nanoseconds.
  return instantiateSync(module, {}).instance.exports as unknown as CoreExports
}
