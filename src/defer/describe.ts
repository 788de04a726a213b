/**
 * Values as short text, for messages and `String(deferred)`.
 *
 * Owns nothing but the wording. Must not throw, whatever it is given.
 */
import type { Deferred } from './deferred.js'
import { awaited, CALLED, lastAwaited, PAUSED } from './state.js'

/** Longer text is cut here, in UTF-16 units. */
const MAX_TEXT = 200
/** Of Deferreds that wait for each other so many are shown, and the last. */
const MAX_WAITING = 8

/** A value in a few words. @internal */
export function describe(value: unknown): string {
  try {
    const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
    return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
  } catch {
    return `(${typeof value})`
  }
}

/** A Deferred, each that it waits for in turn, and the result of the last. @internal */
export function describeChain(first: Deferred<any>): string {
  const last = lastAwaited(first)
  if (last === undefined) return `<Deferred ${paused(first)}waiting on itself>`
  let text = ''
  let shown = 0
  let current = first
  for (; current !== last && shown < MAX_WAITING; shown++) {
    text += `<Deferred ${paused(current)}waiting on `
    current = awaited(current)!
  }
  let more = 0
  for (; current !== last; more++) current = awaited(current)!
  if (more > 0) text += `(${more} more, waiting on) `
  const state = (last._state & CALLED) === 0 ? 'not fired' : `current result: ${describe(last._result)}`
  return `${text}<Deferred ${paused(last)}${state}>${'>'.repeat(shown)}`
}

function paused(deferred: Deferred<any>): string {
  return deferred._state >= PAUSED ? 'paused, ' : ''
}
