/**
 * The core and the log on workerd: the compiled core that the bundle imports as a module, TextDecoder, and the console.
 *
 * Owns: the text port, and which core it is. Must not know: reactors. workerd refuses to compile bytes, so that the
 * copies inside the package are never tried here. Importing this makes no instance, and asks no clock: at module scope
 * there is neither time nor chance. Ends of turns stay with promise jobs, since a timer would belong to one event.
 */
import module from './core.wasm'
import { configureDefaultCore, defaultCore } from '../../src/core/index.js'
import type { Core, TextPort } from '../../src/core/index.js'
import { formatEvent, setFallbackSink, setLogClock } from '../../src/logger/index.js'

let encoder: TextEncoder | null = null
let decoder: TextDecoder | null = null

/** UTF-8. */
export function encodeText(text: string): Uint8Array {
  return (encoder ??= new TextEncoder()).encode(text)
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  decoder ??= new TextDecoder('utf-8', { ignoreBOM: true })
  return decoder.decode(bytes.subarray(start, end))
}

/** Below this many characters, making them one by one is quicker than to ask the decoder. */
const SHORT = 24
const RUN = 4096

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let at = start; at < end; at += RUN) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, Math.min(at + RUN, end)) as unknown as number[])
  }
  return text
}

const text: TextPort = {
  ascii: (bytes, start, end) => end - start < SHORT ? latin1(bytes, start, end) : decode(bytes, start, end),
  // What is called iso-8859-1 there is windows-1252.
  latin1,
  utf8: decode,
  encode: encodeText,
}

configureDefaultCore({ module, text })
setLogClock(() => Date.now())
setFallbackSink((event) => {
  const isError = event.level === 'error' || event.level === 'critical'
  console[isError ? 'error' : 'warn'](formatEvent(event))
})

/** The isolate's core, made at the first call; all events share it. */
export function workerdCore(): Core {
  return defaultCore()
}
