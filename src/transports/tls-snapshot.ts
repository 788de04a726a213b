/**
 * TLS options as they were when they were handed over.
 *
 * Owns: copies that a program cannot change afterwards, one for each set of options that it uses again and again. Must
 * not know: what is in them, beyond their shape.
 *
 * A host keeps what it made of options by the object, and reads them late: when the connection below is there, when the
 * first client comes. Were these the program's own objects, then one that it changed in between would get some of the
 * old trust and some of the new.
 */

import type { TLSClientOptions, TLSServerOptions } from '../interfaces/tls.js'

type Fields = Record<string, unknown>

const copies = new WeakMap<object, object>()

/** A frozen copy; the same one as before if nothing has changed. @internal */
export function snapshot<T extends TLSClientOptions | TLSServerOptions>(options: T): T {
  const former = copies.get(options)
  if (former !== undefined && isSame(former, options)) return former as T
  const copy = copyOf(options) as T
  copies.set(options, copy)
  // Copies may come here again.
  copies.set(copy, copy)
  return copy
}

/** Lists, identities, and identities by name; all else (bytes, a cache) is somebody's own. */
function copyOf(value: object): object {
  if (Array.isArray(value)) return Object.freeze([...value as unknown[]])
  const copy: Fields = {}
  for (const [key, field] of Object.entries(value)) copy[key] = isShape(key, field) ? copyOf(field) : field
  return Object.freeze(copy)
}

function isSame(former: object, now: object): boolean {
  if (former === now) return true
  const keys = Object.keys(now)
  if (keys.length !== Object.keys(former).length) return false
  for (const key of keys) {
    const [a, b] = [(former as Fields)[key], (now as Fields)[key]]
    if (a !== b && !(isShape(key, a) && isShape(key, b) && isSame(a, b))) return false
  }
  return true
}

function isShape(key: string, value: unknown): value is object {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && key !== 'sessions'
}
