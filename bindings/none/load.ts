/**
 * The core and the log of a context that has nothing: what the embedder passes, and a clear word where it did not.
 *
 * Owns: when it is put in place. Must not know: reactors. The wasm itself is not part of dist/none.js.
 */
import { configureDefaultCore, CoreError, defaultCore } from '../../src/core/index.js'
import type { Core, CoreOptions } from '../../src/core/index.js'
import { formatEvent, setFallbackSink, setLogClock } from '../../src/logger/index.js'

/** What the embedder passes for the context as a whole; the first reactor that is made takes it. */
export interface LoadOptions {
  /** `core.wasm`, compiled: also by another realm, and also where compiling is forbidden. */
  module?: WebAssembly.Module
  /** The core by other means: `instantiatePlain`, where there is no WebAssembly. */
  instantiate?: CoreOptions['instantiate']
  /** Takes warnings, and what is worse, as text; while there is none, the last of them are held. */
  log?: (text: string) => void
  /** Milliseconds since 1970-01-01 UTC; for the log and for `reactor.wallClock()`. */
  wallClock?: () => number
}

let hasCore = false

/** Keeps what was passed. */
export function prepare({ module, instantiate, log, wallClock }: LoadOptions): void {
  if (wallClock !== undefined) setLogClock(() => wallClock())
  if (log !== undefined) setFallbackSink((event) => log(formatEvent(event)))
  if (hasCore || (module === undefined && instantiate === undefined)) return
  hasCore = true
  configureDefaultCore(instantiate === undefined ? { module } : { instantiate })
}

/** The context's core, made at the first call. @throws CoreError where the embedder passed none */
export function noneCore(): Core {
  if (!hasCore) {
    throw new CoreError('This context carries no core: pass createReactor({ module }), a compiled core.wasm, or ' +
      '{ instantiate: instantiatePlain }.')
  }
  return defaultCore()
}
