/**
 * The core and the log on Deno: the shared instance, standard error, and the ends of turns and of the program.
 *
 * Owns: when all of it is put in place. Must not know: reactors. Importing this asks Deno for nothing.
 */

import { defaultCore } from '../../src/core/index.js'
import type { Core } from '../../src/core/index.js'
import { setProgramEnd, setTurnEnd } from '../../src/defer/index.js'
import { formatEvent, setFallbackSink, setLogClock } from '../../src/logger/index.js'
import { deno, globals } from './api.js'

// Kept as a value: while a simulation runs in this program, the name stands for what must not be used.
const { now } = Date

setLogClock(() => now())
setFallbackSink((event) => writeError(`${formatEvent(event)}\n`))
setProgramEnd((fn) => globals().addEventListener('unload', fn))

function writeError(text: string): void {
  const bytes = new TextEncoder().encode(text)
  try {
    for (let written = 0; written < bytes.length;) written += deno().stderr.writeSync(bytes.subarray(written))
  } catch {
    // There is nobody to tell.
  }
}

let prepared = false

/** Fills the other ports of src/ with what Deno has; at the first use of any reactor. */
export function prepare(): void {
  if (prepared) return
  prepared = true
  const { setImmediate } = globals()
  setTurnEnd((fn) => void setImmediate(fn))
}

/** The program's core, made at the first call. */
export function denoCore(): Core {
  prepare()
  return defaultCore()
}
