/**
 * Values in a recording: what calls and events carry besides bytes of a stream.
 *
 * Owns: the encoding, and errors' way through it: one of this package comes back as one of its class. Must not know:
 * what the values mean.
 *
 *   value  tag, and then: number | f64 | text | bytes | count value* | count (text value)* | object number
 */
import * as errors from '../../errors/index.js'
import type { BlockWriter } from './block-writer.js'
import type { ByteReader } from './byte-reader.js'

const UNDEFINED = 0
const NULL = 1
const TRUE = 2
const FALSE = 3
const WHOLE = 4
const NEGATIVE = 5
const FLOAT = 6
const TEXT = 7
const BYTES = 8
const LIST = 9
const RECORD = 10
const ERROR = 11
const OBJECT = 12

/** Deeper things are cut: errors have causes that have causes. */
const DEEPEST = 8

/** What of a certificate is kept; a host's are made of getters. */
const CERTIFICATE = ['subject', 'issuer', 'altNames', 'validFrom', 'validTo', 'fingerprint256', 'raw']

/** Stands for something that has a number: a connection, a port, a question. @internal */
export class Ref {
  readonly id: number

  constructor(id: number) {
    this.id = id
  }
}

/** Writes a value; what cannot be kept becomes text. @internal */
export function writeValue(out: BlockWriter, value: unknown, depth = 0): void {
  switch (typeof value) {
    case 'undefined':
      return out.byte(UNDEFINED)
    case 'boolean':
      return out.byte(value ? TRUE : FALSE)
    case 'number':
      return writeNumber(out, value)
    case 'object':
      if (value === null) return out.byte(NULL)
      return writeObject(out, value, depth)
    default:
      out.byte(TEXT)
      return out.text(String(value))
  }
}

function writeNumber(out: BlockWriter, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    out.byte(value < 0 ? NEGATIVE : WHOLE)
    out.number(Math.abs(value))
  } else {
    out.byte(FLOAT)
    out.bytes(new Uint8Array(new Float64Array([value]).buffer))
  }
}

function writeObject(out: BlockWriter, value: object, depth: number): void {
  if (value instanceof Ref) {
    out.byte(OBJECT)
    out.number(value.id)
  } else if (value instanceof Uint8Array) {
    out.byte(BYTES)
    out.number(value.length)
    out.bytes(value)
  } else if (depth >= DEEPEST) {
    out.byte(UNDEFINED)
  } else if (Array.isArray(value)) {
    out.byte(LIST)
    out.number(value.length)
    for (const one of value) writeValue(out, one, depth + 1)
  } else if (value instanceof Error) {
    out.byte(ERROR)
    writeEntries(out, [['name', value.name], ['message', value.message], ...partsOf(value)], depth)
  } else {
    out.byte(RECORD)
    const entries: [string, unknown][] = 'fingerprint256' in value
      ? CERTIFICATE.map((name) => [name, (value as Record<string, unknown>)[name]]) : Object.entries(value)
    writeEntries(out, entries, depth)
  }
}

function writeEntries(out: BlockWriter, entries: [string, unknown][], depth: number): void {
  const kept = entries.filter(([, one]) => one !== undefined && typeof one !== 'function' && typeof one !== 'symbol')
  out.number(kept.length)
  for (const [name, one] of kept) {
    out.text(name)
    writeValue(out, one, depth + 1)
  }
}

function partsOf(error: Error): [string, unknown][] {
  const parts = Object.entries(error).filter(([name]) => name !== 'name' && name !== 'message' && name !== 'stack')
  if (error.cause !== undefined && !Object.keys(error).includes('cause')) parts.push(['cause', error.cause])
  return parts
}

/** Reads what `writeValue` wrote. @internal */
export function readValue(from: ByteReader, depth = 0): unknown {
  if (depth > DEEPEST) throw new errors.RecordingError('The recording is damaged: a value is too deep.')
  const tag = from.byte()
  switch (tag) {
    case UNDEFINED:
      return undefined
    case NULL:
      return null
    case TRUE:
      return true
    case FALSE:
      return false
    case WHOLE:
      return from.number()
    case NEGATIVE:
      return -from.number()
    case FLOAT:
      return new Float64Array(from.bytes(8).buffer)[0]
    case TEXT:
      return from.text()
    case BYTES:
      return from.bytes(from.number())
    case LIST:
      return Array.from({ length: from.count() }, () => readValue(from, depth + 1))
    case RECORD:
      return readEntries(from, depth)
    case ERROR:
      return errorOf(readEntries(from, depth))
    case OBJECT:
      return new Ref(from.number())
    default:
      throw new errors.RecordingError(`The recording is damaged: there is no value of kind ${tag}.`)
  }
}

function readEntries(from: ByteReader, depth: number): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  for (let count = from.count(); count > 0; count--) {
    const name = from.text()
    // Not by assignment: a file may say __proto__.
    Object.defineProperty(made, name, {
      value: readValue(from, depth + 1), enumerable: true, writable: true, configurable: true,
    })
  }
  return made
}

type ErrorKind = typeof errors.WhorlError

let kinds: Map<string, ErrorKind> | null = null

/** An error of the class that it was, where that is one of this package. */
function errorOf(parts: Record<string, unknown>): Error {
  const { name, message, cause, ...rest } = parts
  kinds ??= new Map(Object.values(errors).flatMap((one) =>
    typeof one === 'function' && 'code' in one ? [[(one as ErrorKind).code, one as ErrorKind] as const] : []))
  const details = 'cause' in parts ? { cause } : undefined
  const kind = typeof rest.code === 'string' ? kinds.get(rest.code) : undefined
  // Only the base's constructor: each class has arguments of its own, and what it makes of them is among the parts.
  const made = kind === undefined ? new Error(String(message), details)
    : Reflect.construct(errors.WhorlError, [message, details], kind) as Error
  if (kind === undefined && name !== 'Error') {
    Object.defineProperty(made, 'name', { value: name, configurable: true, writable: true })
  }
  for (const [key, value] of Object.entries(rest)) {
    Object.defineProperty(made, key, { value, enumerable: true, writable: true, configurable: true })
  }
  return made
}

/** Text that differs when values do. @internal */
export function valueText(value: unknown): string {
  if (value instanceof Ref) return `#${value.id}`
  if (value instanceof Uint8Array) return bytesText(value)
  if (value instanceof Error) return `${value.name}(${JSON.stringify(value.message)})`
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value).filter(([, one]) => one !== undefined)
      .map(([name, one]) => `${name}: ${valueText(one)}`).join(', ')} }`
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/** How many bytes, and the first of them as text. @internal */
export function bytesText(bytes: Uint8Array, most = 60): string {
  let shown = ''
  for (const byte of bytes.subarray(0, most)) {
    if (byte === 0x0a) shown += '\\n'
    else if (byte === 0x0d) shown += '\\r'
    else if (byte === 0x22 || byte === 0x5c) shown += `\\${String.fromCharCode(byte)}`
    else if (byte < 0x20 || byte > 0x7e) shown += `\\x${byte.toString(16).padStart(2, '0')}`
    else shown += String.fromCharCode(byte)
  }
  return `${bytes.length} bytes "${shown}${bytes.length > most ? '…' : ''}"`
}
