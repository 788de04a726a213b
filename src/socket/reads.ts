/**
 * The kinds of reads: when each has enough, and what each makes of the end of the stream.
 *
 * Owns: those rules and the checks of their arguments. Must not know: connections, or the order of reads.
 */
import { defaultCore } from '../core/default.js'
import { IncompleteReadError } from './errors.js'
import { LINE_LENGTH, RECEIVE_SIZE } from './limits.js'
import type { ReadBuffer } from './read-buffer.js'

/** One read. */
export interface Read<T> {
  /** Its result; undefined while too little is there. */
  take(buffer: ReadBuffer): T | undefined
  /** Its result when nothing more will come, and `take` had too little. */
  atEnd(buffer: ReadBuffer): T
}

/** Options of `readUntil`. */
export interface FrameOptions {
  /** Most bytes before the delimiter; 16,384 if not given. */
  max?: number
}

/** Options of `readLine`. */
export interface LineOptions extends FrameOptions {
  /** What the line is read as; invalid UTF-8 becomes U+FFFD. `utf8` if not given. */
  encoding?: 'utf8' | 'latin1'
}

const NOTHING = new Uint8Array(0)
const LINE_FEED = new Uint8Array([0x0a])
const CARRIAGE_RETURN = 0x0d

/** What is there, up to `most` bytes; empty at the end. @throws RangeError */
export function readSome(most: number = RECEIVE_SIZE): Read<Uint8Array> {
  if (!Number.isSafeInteger(most) || most < 1) {
    throw new RangeError(`recv() takes a whole number of bytes above 0, not ${String(most)}`)
  }
  return {
    take: (buffer) => buffer.length > 0 ? buffer.read(most) : undefined,
    atEnd: () => NOTHING,
  }
}

/** So many bytes and no fewer. @throws RangeError */
export function readExactly(count: number): Read<Uint8Array> {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(`readExactly() takes a whole number of bytes, not ${String(count)}`)
  }
  return {
    take: (buffer) => buffer.length >= count ? buffer.readExactly(count) : undefined,
    atEnd(buffer) {
      throw new IncompleteReadError(buffer.readAll(), count)
    },
  }
}

/** What comes before a delimiter. @throws TypeError, RangeError */
export function readUntil(delimiter: string | Uint8Array, { max = LINE_LENGTH }: FrameOptions = {}): Read<Uint8Array> {
  if (typeof delimiter !== 'string' && !(delimiter instanceof Uint8Array)) {
    throw new TypeError(`a delimiter is text or bytes, not ${String(delimiter)}`)
  }
  const bytes = typeof delimiter === 'string' ? defaultCore().text.encode(delimiter) : new Uint8Array(delimiter)
  if (bytes.length === 0) throw new RangeError('a delimiter has at least one byte')
  checkLimit(max)
  return {
    take: (buffer) => buffer.readFrame(bytes, max) ?? undefined,
    atEnd(buffer) {
      throw new IncompleteReadError(buffer.readAll(), null)
    },
  }
}

/** A line, without the LF that ends it and a CR before that; null at the end. @throws RangeError */
export function readLine({ max = LINE_LENGTH, encoding = 'utf8' }: LineOptions = {}): Read<string | null> {
  if (encoding !== 'utf8' && encoding !== 'latin1') {
    throw new RangeError(`a line is read as utf8 or latin1, not ${String(encoding)}`)
  }
  checkLimit(max)
  return {
    take(buffer) {
      const line = buffer.readFrame(LINE_FEED, max)
      if (line === null) return undefined
      const end = line[line.length - 1] === CARRIAGE_RETURN ? line.length - 1 : line.length
      return defaultCore().text[encoding](line, 0, end)
    },
    atEnd(buffer) {
      if (buffer.length > 0) throw new IncompleteReadError(buffer.readAll(), null)
      return null
    },
  }
}

function checkLimit(max: number): void {
  if (!Number.isSafeInteger(max) || max < 0) throw new RangeError(`max is a whole number of bytes, not ${String(max)}`)
}
