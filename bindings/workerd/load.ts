/**
 * The core and the log on workerd: the compiled core that the worker's configuration carries, and console.error.
 *
 * Owns: when it is put in place. Must not know: reactors. workerd refuses to compile bytes, so that the copy inside the
 * package is never tried here.
 */

import { configureDefaultCore, CoreError, defaultCore } from '../../src/core/index.js'
import type { Core } from '../../src/core/index.js'
import { setTurnEnd } from '../../src/defer/index.js'
import { formatEvent, setFallbackSink, setLogClock } from '../../src/logger/index.js'
import { globals } from './api.js'

setLogClock(() => Date.now())
setFallbackSink((event) => globals().console.error(formatEvent(event)))

let hasCore = false

/** Keeps the isolate's compiled core; the first that is passed counts. */
export function prepare(module?: WebAssembly.Module): void {
  if (hasCore || module === undefined) return
  hasCore = true
  configureDefaultCore({ module, allocate: (length) => new Uint8Array(length) })
  setTurnEnd((fn) => void globals().setTimeout(fn, 0))
}

/** The isolate's core, made at the first call. @throws CoreError where no module was passed */
export function workerdCore(): Core {
  if (!hasCore) {
    throw new CoreError('workerd compiles no bytes: pass createReactor({ module }), a core.wasm that the configuration ' +
      'lists as a wasm module.')
  }
  return defaultCore()
}
