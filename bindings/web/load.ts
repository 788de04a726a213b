/**
 * The core and the log in pages and workers: the shared instance, with the ways of browsers to make strings and to
 * tell of
 * errors; and the ends of turns, for Deferreds.
 *
 * Owns: the text port, the way to the console, and how a core comes to be where wasm is forbidden. Must not know:
 * reactors.
 */
import { decoderText } from '../../src/core/decoder-text.js'
import { configureDefaultCore, CoreError, defaultCore, offerDefaultCore } from '../../src/core/index.js'
import type { Core } from '../../src/core/index.js'
import { setProgramEnd, setTurnEnd } from '../../src/defer/index.js'
import { consoleSink } from '../../src/logger/console-sink.js'
import { setFallbackSink, setLogClock } from '../../src/logger/index.js'
import { Later } from './host.js'

/** Strings from bytes by what browsers have. */
export { decoderText as webText }

// Not at first use: a program of Deferreds alone has its warnings on the console, too. Nothing is opened, asked or
// listened to by this; some functions learn where they would go.
setLogClock(() => Date.now())
setFallbackSink(consoleSink(() => console))
setProgramEnd((fn) => {
  // Workers are not told of theirs.
  if (typeof document !== 'undefined') addEventListener('pagehide', fn)
})

let prepared = false

/** Fills the other ports of src/ with what browsers have; at the first use of any reactor. */
export function prepare(): void {
  if (prepared) return
  prepared = true
  const later = new Later()
  configureDefaultCore({ text: decoderText })
  setTurnEnd((fn) => later.call(fn))
}

/**
 * The core of this page or worker, made at the first call from the copy in the package.
 * @throws CoreError where a Content Security Policy forbids wasm and nobody has awaited `loadCore`
 */
export function webCore(): Core {
  prepare()
  try {
    return defaultCore()
  } catch (cause) {
    throw new CoreError('No WebAssembly here, as it seems by the Content-Security-Policy: add \'wasm-unsafe-eval\' to '
      + 'script-src, or await loadCore() first, or pass createReactor({ core }) one made with instantiatePlain of '
      + 'whorl/core/plain.', 0, { cause })
  }
}

/** Makes a core that the program has made the one of everybody, if there is none yet. */
export function useCore(core: Core): void {
  prepare()
  offerDefaultCore(core)
}

/**
 * Gets the core ready, before anything needs it: compiled while it loads if there is a URL, and as plain JavaScript,
 * which
 * is fetched only then, where wasm is forbidden. Without this the copy in the package is compiled at first use.
 *
 * @param url of core.wasm (`whorl/core.wasm`), served as application/wasm; the copy in the package if not given
 * @returns the core that everything shares
 * @throws CoreError when there is nothing usable at the URL
 * @example await loadCore(new URL('whorl/core.wasm', import.meta.url))
 */
export async function loadCore(url?: string | URL): Promise<Core> {
  prepare()
  if (url !== undefined) {
    try {
      configureDefaultCore({ module: await compile(url) })
      return defaultCore()
    } catch (error) {
      if (!isForbidden(error)) throw error
      // Or it is only that this engine has no SIMD, which the package's own copy does not need.
      configureDefaultCore({ module: undefined })
    }
  }
  try {
    return defaultCore()
  } catch (error) {
    if (!isForbidden(error)) throw error
  }
  const { instantiatePlain } = await import('../../src/core/plain.js')
  configureDefaultCore({ instantiate: instantiatePlain })
  return defaultCore()
}

async function compile(url: string | URL): Promise<WebAssembly.Module> {
  const response = await fetch(url)
  if (!response.ok) throw new CoreError(`There is no core at ${String(url)}: status ${response.status}.`)
  return await WebAssembly.compileStreaming(response)
}

/** A policy is told as a CompileError, like an engine that is too old; without WebAssembly there is a CoreError. */
function isForbidden(error: unknown): boolean {
  return typeof WebAssembly === 'undefined' || error instanceof WebAssembly.CompileError
}
