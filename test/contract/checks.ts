/**
 * What suites check with. Plain ECMAScript: a check that fails throws an Error that shows both sides.
 *
 * Must not know: any host, any test runner. Waiting takes a reactor's clock and has no bound of its own: the run has.
 */
import type { ErrorClass, IReactorTime } from 'whorl'

/** @throws Error unless it is true */
export function ok(value: unknown, what: string): asserts value {
  if (value !== true) throw new Error(`${what}: expected true, found ${show(value)}`)
}

/** Compares contents: of arrays, of plain objects, and of bytes, whatever class they are. */
export function equal(found: unknown, expected: unknown, what = 'a value'): void {
  if (!same(found, expected)) throw new Error(`${what}: expected ${show(expected)}, found ${show(found)}`)
}

/** As `equal`, for many bytes: says where they differ first instead of showing them. */
export function equalBytes(found: Uint8Array, expected: Uint8Array, what = 'bytes'): void {
  const length = Math.min(found.length, expected.length)
  let at = 0
  while (at < length && found[at] === expected[at]) at++
  if (at < length) throw new Error(`${what}: byte ${at} should be ${expected[at]}, and is ${found[at]}`)
  if (found.length !== expected.length) {
    throw new Error(`${what}: expected ${expected.length} bytes, found ${found.length}, alike as far as they go`)
  }
}

/** @returns what was thrown @throws Error when nothing was, or something else */
export function throws<E extends Error>(fn: () => unknown, kind: ErrorClass<E>, what = 'a call'): E {
  let found: unknown
  try {
    found = fn()
  } catch (error) {
    return isA(error, kind, what)
  }
  throw new Error(`${what}: expected ${kind.name} to be thrown, and it returned ${show(found)}`)
}

/** @returns what it failed with @throws Error when it did not fail, or with something else */
export async function rejects<E extends Error>(wait: PromiseLike<unknown>, kind: ErrorClass<E>, what = 'a wait'): Promise<E> {
  let found: unknown
  try {
    found = await wait
  } catch (error) {
    return isA(error, kind, what)
  }
  throw new Error(`${what}: expected it to fail with ${kind.name}, and it gave ${show(found)}`)
}

/** @throws Error unless it is an error of this class */
export function isA<E extends Error>(error: unknown, kind: ErrorClass<E>, what = 'an error'): E {
  if (error instanceof kind) return error
  throw new Error(`${what}: expected ${kind.name}, found ${show(error)}`, { cause: error })
}

/** Looks again and again until it holds. */
export function until(reactor: IReactorTime, holds: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      try {
        if (holds()) resolve()
        else reactor.callLater(4, look)
      } catch (error) {
        reject(error as Error)
      }
    }
    look()
  })
}

/** So many ms of the reactor's clock: for what must not happen meanwhile. */
export function pass(reactor: IReactorTime, ms: number): Promise<void> {
  return new Promise((resolve) => void reactor.callLater(ms, resolve))
}

/** Byte i is i mod 251, as the lab's `source` sends them. */
export function pattern(length: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (from + i) % 251
  return bytes
}

/** All in one. */
export function join(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** ASCII only. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

/** Bytes as characters of the same number. */
export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (ArrayBuffer.isView(a) || ArrayBuffer.isView(b)) {
    if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) return false
    const [one, other] = [a as Uint8Array, b as Uint8Array]
    return one.length === other.length && one.every((byte, i) => byte === other[i])
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length
    && keys.every((key) => key in b && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
}

/** Short. */
export function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (typeof value === 'string') return JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value)
  if (ArrayBuffer.isView(value)) {
    const bytes = value as Uint8Array
    return `bytes ${[...bytes.slice(0, 40)].join(' ')}${bytes.length > 40 ? ` … (${bytes.length})` : ''}`
  }
  if (Array.isArray(value)) return `[${value.slice(0, 40).map(show).join(', ')}${value.length > 40 ? ', …' : ''}]`
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return `{ ${Object.entries(value).map(([key, one]) => `${key}: ${show(one)}`).join(', ')} }`
  }
  return String(value)
}
