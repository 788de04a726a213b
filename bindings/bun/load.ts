/**
 * The core and the log on Bun: the shared instance, standard error, and the ends of turns and of the program.
 *
 * Owns: when all of it is put in place. Must not know: reactors. Importing this opens, asks and changes nothing.
 */

import { writeSync } from 'node:fs'
import process from 'node:process'
import { defaultCore } from '../../src/core/index.js'
import type { Core } from '../../src/core/index.js'
import { setProgramEnd, setTurnEnd } from '../../src/defer/index.js'
import { formatEvent, setFallbackSink, setLogClock } from '../../src/logger/index.js'

// Kept as values: while a simulation runs in this program, the names stand for what must not be used.
const { now } = Date
const later = setImmediate

setLogClock(() => now())
setFallbackSink((event) => writeError(`${formatEvent(event)}\n`))
setProgramEnd((fn) => process.once('exit', () => {
  isEnding = true
  fn()
}))

let isEnding = false

function writeError(text: string): void {
  // There is no later at the end.
  if (isEnding) writeNow(new TextEncoder().encode(text))
  else process.stderr.write(text)
}

function writeNow(bytes: Uint8Array): void {
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(process.stderr.fd, bytes, written)
  } catch {
    // There is nobody to tell.
  }
}

let prepared = false

/** Fills the other ports of src/ with what Bun has; at the first use of any reactor. */
export function prepare(): void {
  if (prepared) return
  prepared = true
  setTurnEnd((fn) => void later(fn))
}

/** The program's core, made at the first call. */
export function bunCore(): Core {
  prepare()
  return defaultCore()
}
