/**
 * The core and the log on Node: the shared instance, with Node's own ways to make strings and to tell of errors; and
 * the ends of turns and contexts, for Deferreds.
 *
 * Owns: Node's text port, and when all of it is put in place. Must not know: reactors.
 */

import { Buffer } from 'node:buffer'
import process from 'node:process'
import { setImmediate } from 'node:timers'
import { configureDefaultCore, defaultCore } from '../../src/core/index.js'
import type { Core, TextPort } from '../../src/core/index.js'
import { setTurnEnd } from '../../src/defer/index.js'
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
// opened or asked by this; two functions learn where they would go.
setLogClock(() => Date.now())
setFallbackSink((event) => process.stderr.write(`${formatEvent(event)}\n`))

let prepared = false

/** Fills the other ports of src/ with what Node has; at the first use of any reactor. */
export function prepare(): void {
  if (prepared) return
  prepared = true
  configureDefaultCore({ text: nodeText })
  setTurnEnd((fn) => void setImmediate(fn))
  carryContextWhenUsed()
}

/** The process's core, made at the first call. */
export function nodeCore(): Core {
  prepare()
  return defaultCore()
}
