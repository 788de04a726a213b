/**
 * The core and the log on Node: the shared instance, with Node's own ways to make strings and to tell of errors; and
 * the ends of turns and of the process, and contexts, for Deferreds.
 *
 * Owns: Node's text port, the way to standard error, and when all of it is put in place. Must not know: reactors.
 */

import { Buffer } from 'node:buffer'
import { writeSync } from 'node:fs'
import process from 'node:process'
import { setImmediate } from 'node:timers'
import { isMainThread } from 'node:worker_threads'
import { provideBase64 } from '../../src/core/base64.js'
import { configureDefaultCore, defaultCore } from '../../src/core/index.js'
import type { Core, TextPort } from '../../src/core/index.js'
import { setContextStart, setProgramEnd, setTurnEnd } from '../../src/defer/index.js'
import { formatEvent, setFallbackSink, setLogClock } from '../../src/logger/index.js'
import { carryContextWhenUsed } from './context.js'

// Buffer's slices work on any Uint8Array, without making a Buffer of it first.
interface Slices {
  latin1Slice(this: Uint8Array, start: number, end: number): string
  utf8Slice(this: Uint8Array, start: number, end: number): string
}
const { latin1Slice, utf8Slice } = Buffer.prototype as unknown as Slices

/** Strings from bytes by the fastest calls that Node has. */
export const nodeText: TextPort = {
  ascii: (bytes, start, end) => latin1Slice.call(bytes, start, end),
  latin1: (bytes, start, end) => latin1Slice.call(bytes, start, end),
  utf8: (bytes, start, end) => utf8Slice.call(bytes, start, end),
  encode: (text) => Buffer.from(text, 'utf8'),
}

// Not at first use: a program of Deferreds alone, with no reactor, has its warnings on standard error too. Nothing is
// opened, asked or listened to by this; some functions learn where they would go.
let isEnding = false

// Kept as values: while a simulation runs in this process, their names stand for what must not be used.
const { now } = Date
const later = setImmediate

provideBase64((text) => Buffer.from(text, 'base64') as Uint8Array<ArrayBuffer>)
setLogClock(() => now())
setFallbackSink((event) => writeError(`${formatEvent(event)}\n`))
setProgramEnd((fn) => {
  const end = (): void => {
    isEnding = true
    fn()
  }
  // Before the handlers that there are, one of which may end the process on the spot; and after, for what they leave.
  process.prependOnceListener('exit', end)
  process.once('exit', end)
})
setContextStart(carryContextWhenUsed)

function writeError(text: string): void {
  // A pipe takes what fits, and the rest is written later: there is no later at the end. A worker's way is another.
  if (isEnding && isMainThread) writeNow(Buffer.from(text))
  else process.stderr.write(text)
}

/** How long a reader that takes nothing holds up the end of the process, in pauses of {@link PAUSE} ms. */
const PAUSES = 100
const PAUSE = 10

/** In a row. Not only for one report: there may be thousands. */
let pauses = 0

function writeNow(bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(process.stderr.fd, bytes, written)
      pauses = 0
    } catch (error) {
      // Whatever else it is, there is nobody to tell.
      if ((error as { code?: string }).code !== 'EAGAIN' || pauses >= PAUSES) return
      pauses++
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE)
    }
  }
}

let prepared = false

/** Fills the other ports of src/ with what Node has; at the first use of any reactor. */
export function prepare(): void {
  if (prepared) return
  prepared = true
  // Not of the pool, where what is kept would hold on to what belongs to others.
  configureDefaultCore({ text: nodeText, allocate: (length) => Buffer.allocUnsafeSlow(length) })
  setTurnEnd((fn) => void later(fn))
  carryContextWhenUsed()
}

/** The process's core, made at the first call. */
export function nodeCore(): Core {
  prepare()
  return defaultCore()
}
