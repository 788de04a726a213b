/**
 * The wire formats that the core parses, as parsers ready to be fed.
 *
 * Owns: making them, and turning their options into what the ABI takes. Must not know: who reads the frames.
 */
import { MAX_DELIMITER, MAX_FRAME } from '../../assembly/abi/limits.js'
import {
  MALFORMED_LEADING_ZERO, MALFORMED_NOT_A_DIGIT, MALFORMED_NO_COMMA, MALFORMED_NO_LENGTH, MALFORMED_TOO_LONG,
} from '../../assembly/abi/records.js'
import { CoreError } from '../errors/core.js'
import { NetstringParseError } from '../errors/protocol.js'
import type { Core } from './core.js'
import { FrameParser } from './frame-parser.js'
import { check } from './status.js'

/** Bytes of a length prefix. */
export type PrefixWidth = 1 | 2 | 4

/** A limit as the core takes it: whole, and at most 2^30 - 1, which no frame that is kept may pass. */
function frameLimit(maxLength: number): number {
  if (!(maxLength >= 0)) throw new CoreError(`A limit of ${maxLength} bytes is none.`)
  return Math.min(Math.floor(maxLength), MAX_FRAME)
}

function checkDelimiter(delimiter: Uint8Array): void {
  if (delimiter.length === 0 || delimiter.length > MAX_DELIMITER) {
    throw new CoreError(`A delimiter has 1 to ${MAX_DELIMITER} bytes; this one has ${delimiter.length}.`)
  }
}

/** A parser of lines. */
export function makeLineFrames(core: Core, delimiter: Uint8Array, maxLength: number): FrameParser {
  checkDelimiter(delimiter)
  const limit = frameLimit(maxLength)
  const handle = check(core.exports.lineParserNew(core.lend(delimiter), delimiter.length, limit), 'lineParser')
  const parser = new FrameParser(core, handle)
  parser.shortcut = lineShortcut(delimiter, limit)
  return parser
}

/** Another delimiter and limit for a parser of lines; `rewind` it first, so that they hold for the chunk's rest. */
export function configureLineFrames(parser: FrameParser, delimiter: Uint8Array, maxLength: number): void {
  checkDelimiter(delimiter)
  const { core } = parser
  const limit = frameLimit(maxLength)
  check(core.exports.lineParserConfigure(parser.handle, core.lend(delimiter), delimiter.length, limit), 'configure')
  parser.shortcut = lineShortcut(delimiter, limit)
}

/** See `FrameParser.shortcut`: the delimiter's last byte is met first at the chunk's end, and its first before it. */
function lineShortcut(delimiter: Uint8Array, limit: number): ((chunk: Uint8Array) => number) | null {
  const size = delimiter.length
  if (size > 2) return null
  const first = delimiter[0]
  const last = delimiter[size - 1]
  return (chunk) => {
    const line = chunk.length - size
    if (line < 0 || line > limit || chunk[line] !== first) return -1
    return chunk.indexOf(last) === chunk.length - 1 ? line : -1
  }
}

/** A parser of netstrings. */
export function makeNetstringFrames(core: Core, maxLength: number): FrameParser {
  return new FrameParser(core, check(core.exports.netstringParserNew(frameLimit(maxLength)), 'netstringParser'))
}

/** A parser of strings behind a big-endian length. */
export function makePrefixedFrames(core: Core, width: PrefixWidth, maxLength: number): FrameParser {
  const handle = check(core.exports.prefixedParserNew(width, frameLimit(maxLength)), 'lengthPrefixParser')
  return new FrameParser(core, handle)
}

/** Another limit, in bytes, for frames whose length was not read yet. */
export function limitFrames(parser: FrameParser, maxLength: number): void {
  check(parser.core.exports.parserSetLimit(parser.handle, frameLimit(maxLength)), 'maxLength')
}

const REASONS: Record<number, string> = {
  [MALFORMED_NO_LENGTH]: 'a colon with no length before it',
  [MALFORMED_LEADING_ZERO]: 'a length with a leading zero',
  [MALFORMED_NOT_A_DIGIT]: 'a length with a byte in it that is no digit',
  [MALFORMED_TOO_LONG]: 'a length over the limit',
  [MALFORMED_NO_COMMA]: 'no comma behind the payload',
}

/** The error that the current event of a netstring parser stands for. */
export function netstringError(parser: FrameParser): NetstringParseError {
  return new NetstringParseError(`What was received is no netstring: ${REASONS[parser.length] ?? 'unknown reason'}.`)
}
