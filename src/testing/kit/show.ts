/**
 * Values in the messages of tests: what is in an object, and not only that it is one.
 *
 * Owns: the words, and that they are few. Must not throw, whatever it is given.
 */
import { describe } from '../../defer/describe.js'

/** Deeper things are named by their kind. */
const DEEPEST = 3
/** Of so many entries of an object each is shown. */
const MOST_ENTRIES = 10
/** Longer text is cut here, in UTF-16 units. */
const MOST_TEXT = 400

/** A value in a few words. @internal */
export function show(value: unknown): string {
  let text: string
  try {
    text = shown(value, 0)
  } catch {
    // A getter or a proxy that throws.
    text = describe(value)
  }
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text
}

function shown(value: unknown, depth: number): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `[function ${value.name}]`
  if (typeof value !== 'object' || value === null || speaksForItself(value)) return describe(value)
  const name = kindOf(value)
  if (depth >= DEEPEST) return `[${name}]`
  const prefix = name === 'Object' || name === 'Array' ? '' : `${name} `
  const next = (one: unknown): string => shown(one, depth + 1)
  if (value instanceof Map) {
    return `${prefix}{${list(value, value.size, (one) => (one as unknown[]).map(next).join(' => '))}}`
  }
  if (value instanceof Set) return `${prefix}{${list(value, value.size, next)}}`
  if (Array.isArray(value) || isTypedArray(value)) return `${prefix}[${list(value, value.length, next)}]`
  const entries = Object.entries(value)
  return `${prefix}{${list(entries, entries.length, ([key, one]) => `${key}: ${next(one)}`, ' ')}}`
}

/** Errors, dates, Deferreds and whatever else has a text of its own. */
function speaksForItself(value: object): boolean {
  const { toString } = value as { toString?: unknown }
  return typeof toString === 'function' && toString !== Object.prototype.toString && !Array.isArray(value) &&
    !isTypedArray(value)
}

function isTypedArray(value: object): value is Uint8Array {
  return ArrayBuffer.isView(value) && 'length' in value
}

function list<T>(items: Iterable<T>, count: number, text: (item: T) => string, space = ''): string {
  const texts: string[] = []
  for (const item of items) {
    if (texts.length === MOST_ENTRIES) break
    texts.push(text(item))
  }
  if (count > texts.length) texts.push(`… ${count - texts.length} more`)
  return texts.length === 0 ? '' : `${space}${texts.join(', ')}${space}`
}

function kindOf(value: object): string {
  const { constructor } = value as { constructor?: unknown }
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'Object'
}
