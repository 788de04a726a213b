/**
 * The streams of `node:zlib` for each coding, and what their options may be.
 *
 * Owns: the codings. Must not know: who drives the streams.
 */

import type { BrotliCompress } from 'node:zlib'
import { CompressionError } from '../../src/errors/index.js'
import type { CompressorOptions, ContentCoding, DecompressorOptions } from '../../src/interfaces/index.js'
import { zlib } from './builtins.js'

/** What all of them have; brotli cannot begin again. */
export type Stream = BrotliCompress & { reset?(): void }

/** For answers made on the fly: 11 takes a hundred times as long to save a tenth. */
const BROTLI_LEVEL = 4
/** 256 KiB, of the 4 MiB that would be the host's choice; each compressor has such a window. */
const BROTLI_WINDOW = 18

/** A stream that compresses. @throws RangeError for a coding that there is not */
export function compressing(coding: ContentCoding, options: CompressorOptions): Stream {
  const { level, windowBits, flushes } = options
  const { constants } = zlib()
  const settings = { level, windowBits, ...flushes === true ? { flush: constants.Z_SYNC_FLUSH } : {} }
  switch (coding) {
    case 'gzip': return zlib().createGzip(settings) as unknown as Stream
    case 'deflate': return zlib().createDeflate(settings) as unknown as Stream
    case 'deflate-raw': return zlib().createDeflateRaw(settings) as unknown as Stream
    case 'br': return zlib().createBrotliCompress({
      params: brotliParams(options), ...flushes === true ? { flush: constants.BROTLI_OPERATION_FLUSH } : {},
    })
    default: throw noCoding(coding)
  }
}

/** Options as brotli has them. */
export function brotliParams({ level, windowBits }: CompressorOptions): Record<number, number> {
  const { constants } = zlib()
  return {
    [constants.BROTLI_PARAM_QUALITY]: level ?? BROTLI_LEVEL,
    [constants.BROTLI_PARAM_LGWIN]: windowBits ?? BROTLI_WINDOW,
  }
}

/** A stream that decompresses. @throws RangeError for a coding that there is not */
export function decompressing(coding: ContentCoding, windowBits: number | undefined): Stream {
  const options = windowOf(windowBits)
  switch (coding) {
    case 'gzip': return zlib().createGunzip(options) as unknown as Stream
    case 'deflate': return zlib().createInflate(options) as unknown as Stream
    case 'deflate-raw': return zlib().createInflateRaw(options) as unknown as Stream
    // The window is the sender's choice, up to 16 MiB; nothing larger is read.
    case 'br': return zlib().createBrotliDecompress() as unknown as Stream
    default: throw noCoding(coding)
  }
}

/** Node's own does not take 8, and a larger window reads what a smaller one wrote. */
export function windowOf(windowBits: number | undefined): { windowBits?: number } {
  return windowBits === undefined ? {} : { windowBits: Math.max(windowBits, 9) }
}

/** The error for a coding that there is not. */
export function noCoding(coding: ContentCoding): RangeError {
  return new RangeError(`there is no coding ${String(coding)}`)
}

/** @throws RangeError for a level or a window that the coding does not have */
export function checkCompressor(coding: ContentCoding, { level, windowBits }: CompressorOptions): void {
  const isBrotli = coding === 'br'
  check('level', level, isBrotli ? 0 : 1, isBrotli ? 11 : 9)
  check('windowBits', windowBits, isBrotli ? 10 : 9, isBrotli ? 24 : 15)
}

/** @throws RangeError for a window that the coding does not have, and for what is no limit */
export function checkDecompressor(coding: ContentCoding, { windowBits, limit }: DecompressorOptions): void {
  check('windowBits', windowBits, coding === 'br' ? 10 : 8, coding === 'br' ? 24 : 15)
  check('limit', limit, 0, Number.MAX_SAFE_INTEGER)
}

function check(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) return
  throw new RangeError(`${name} is a whole number from ${least} to ${most}, not ${String(value)}`)
}

/** What zlib says, as our error where the data are at fault. */
export function errorFor(cause: unknown): unknown {
  const { code, message } = (cause ?? {}) as { code?: unknown, message?: unknown }
  // Whatever is not a lack of memory is the data's fault; brotli has a code for each way to be wrong.
  if (typeof code !== 'string' || /MEM|ALLOC/.test(code)) return cause
  return new CompressionError(`The compressed data is damaged: ${String(message)}.`, { cause })
}
