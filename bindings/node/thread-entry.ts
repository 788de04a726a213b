/**
 * What runs in a thread, and how its answer is read on this side.
 *
 * Owns: the two ends of one MessagePort. A thread begins with a module of its own, given as text, so that it is the
 * same whether whorl is run from its bundle or from its sources. Must not know: pools.
 *
 *   here ── [module, name, args] ──▶ there: imports, calls, waits ── { result } or { error } ──▶ here
 */

import type { ThreadOutcome } from '../../src/interfaces/index.js'

/** Errors keep their names, messages, codes, stacks, causes and what else of theirs is plain; values are cloned. */
const TEXT = `
import { receiveMessageOnPort } from 'node:worker_threads'
import { types } from 'node:util'
const MARK = Symbol.for('whorl.transfer')
const MOST = 16
export async function run({ port }) {
  try {
    const [module, name, args] = receiveMessageOnPort(port).message
    const task = (await import(module))[name]
    if (typeof task !== 'function') throw new TypeError(module + " exports no function '" + name + "'.")
    const result = await task(...args)
    const moves = typeof result === 'object' && result !== null && Object.hasOwn(result, MARK)
    port.postMessage({ result: moves ? result.value : result }, moves ? result.list : [])
  } catch (error) {
    port.postMessage({ error: pack(error, 0) })
  }
}
export function pack(error, depth) {
  try {
    return types.isNativeError(error) || error instanceof Error ? packError(error, depth) : packValue(error)
  } catch {
    return { name: 'Error', message: 'What the task threw cannot be shown.', extra: {} }
  }
}
function packError(error, depth) {
  const { name, message, stack, code } = error
  const packed = { name: String(name), message: String(message), stack: String(stack), extra: {} }
  for (const key of Object.keys(error)) if (isPlain(error[key])) packed.extra[key] = error[key]
  if (code !== undefined && isPlain(code)) packed.extra.code = code
  if (depth < MOST && error.cause !== undefined) packed.cause = pack(error.cause, depth + 1)
  if (depth < MOST && Array.isArray(error.errors)) {
    packed.errors = error.errors.slice(0, MOST).map((one) => pack(one, depth + 1))
  }
  return packed
}
function packValue(value) {
  try {
    return { thrown: structuredClone(value) }
  } catch {
    return { thrown: String(value) }
  }
}
function isPlain(value) {
  return value === null || !['object', 'function', 'symbol'].includes(typeof value)
}
`

/** The module that a thread runs; its export is `run`. */
export const THREAD_ENTRY = `data:text/javascript,${encodeURIComponent(TEXT)}`
export const THREAD_EXPORT = 'run'

interface PackedError {
  name: string
  message: string
  stack?: string
  extra: Record<string, unknown>
  cause?: Packed
  errors?: Packed[]
}

/** An error, or what was thrown and is none. */
type Packed = PackedError | { thrown: unknown }

/** What a thread has posted. */
export function readOutcome(message: { result: unknown } | { error: Packed }): ThreadOutcome {
  return 'error' in message ? { error: unpack(message.error) } : message
}

/** Node names who imported what it does not find: that text is nothing to look at. */
function readable(text: string): string {
  return text.replaceAll(THREAD_ENTRY, 'a thread of whorl')
}

const KINDS: Readonly<Record<string, ErrorConstructor>> =
  { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }

function unpack(packed: Packed): unknown {
  if ('thrown' in packed) return packed.thrown
  const { name, extra } = packed
  const message = readable(packed.message)
  const stack = packed.stack === undefined ? undefined : readable(packed.stack)
  const options = packed.cause === undefined ? undefined : { cause: unpack(packed.cause) }
  const error = packed.errors === undefined
    ? new (KINDS[name] ?? Error)(message, options)
    : new AggregateError(packed.errors.map(unpack), message, options)
  for (const [key, value] of Object.entries({ ...extra, name, stack })) {
    const isOwn = key === 'name' || key === 'stack'
    if (key === 'name' && error.name === name) continue
    Object.defineProperty(error, key, { value, enumerable: !isOwn, configurable: true, writable: true })
  }
  return error
}
