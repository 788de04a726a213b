/**
 * The core and the log on workerd: the compiled core that the bundle imports as a module, TextDecoder, and the console.
 *
 * Owns: the text port, and which core it is. Must not know: reactors. workerd refuses to compile bytes, so that the
 * copies inside the package are never tried here. Importing this makes no instance, and asks no clock: at module scope
 * there is neither time nor chance. Ends of turns stay with promise jobs, since a timer would belong to one event.
 */
import module from './core.wasm'
import { decoderText } from '../../src/core/decoder-text.js'
import { configureDefaultCore, defaultCore } from '../../src/core/index.js'
import type { Core } from '../../src/core/index.js'
import { consoleSink } from '../../src/logger/console-sink.js'
import { setFallbackSink, setLogClock } from '../../src/logger/index.js'

configureDefaultCore({ module, text: decoderText })
setLogClock(() => Date.now())
setFallbackSink(consoleSink(() => console))

/** The isolate's core, made at the first call; all events share it. */
export function workerdCore(): Core {
  return defaultCore()
}
