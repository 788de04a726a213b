/**
 * Compression on Node: its zlib and brotli, in the threads that it has for that.
 *
 * Owns: the streams, their options, and how much may come out of them. Must not know: what is compressed.
 */

import process from 'node:process'
import type { BrotliCompress } from 'node:zlib'
import { CompressionError, CompressionLimitError } from '../../src/errors/index.js'
import type {
  Codec, CodecSink, CompressionHost, CompressorOptions, ContentCoding, DecompressorOptions,
} from '../../src/interfaces/index.js'
import { zlib } from './builtins.js'

/** What all of them have; brotli cannot begin again. */
type Stream = BrotliCompress & { reset?(): void }

/** For answers made on the fly: 11 takes a hundred times as long to save a tenth. */
const BROTLI_LEVEL = 4
/** 256 KiB, of the 4 MiB that would be the host's choice; each compressor has such a window. */
const BROTLI_WINDOW = 18

/** zlib and brotli of this process. */
export class NodeCompression implements CompressionHost {
  readonly codings: readonly ContentCoding[] = Object.freeze<ContentCoding[]>(['br', 'gzip', 'deflate', 'deflate-raw'])

  compressor(coding: ContentCoding, { level, windowBits }: CompressorOptions, sink: CodecSink): Codec {
    const isBrotli = coding === 'br'
    check('level', level, isBrotli ? 0 : 1, isBrotli ? 11 : 9)
    check('windowBits', windowBits, isBrotli ? 10 : 9, isBrotli ? 24 : 15)
    return new NodeCodec(compressing(coding, level, windowBits), isBrotli, sink, null)
  }

  decompressor(coding: ContentCoding, { windowBits, limit }: DecompressorOptions, sink: CodecSink): Codec {
    const isBrotli = coding === 'br'
    check('windowBits', windowBits, isBrotli ? 10 : 8, isBrotli ? 24 : 15)
    check('limit', limit, 0, Number.MAX_SAFE_INTEGER)
    return new NodeCodec(decompressing(coding, windowBits), isBrotli, sink, limit ?? Infinity)
  }
}

class NodeCodec implements Codec {
  readonly reset?: () => void
  readonly #stream: Stream
  readonly #flush: number
  readonly #sink: CodecSink
  readonly #limit: number
  #length = 0
  #isTaking = false
  #isOver = false
  #isClosed = false

  /** @param limit of what comes out; null for a compressor, which has none */
  constructor(stream: Stream, isBrotli: boolean, sink: CodecSink, limit: number | null) {
    this.#stream = stream
    this.#flush = isBrotli ? zlib().constants.BROTLI_OPERATION_FLUSH : zlib().constants.Z_SYNC_FLUSH
    this.#sink = sink
    this.#limit = limit ?? Infinity
    stream.on('data', (bytes: Uint8Array) => this.#output(bytes))
    stream.on('end', () => {
      if (this.#isOver) return
      this.#isOver = true
      // The compressed stream ended before what is being written: the rest of that is dropped.
      this.#taken()
      if (!this.#isClosed) sink.ended()
    })
    stream.on('error', (cause: unknown) => this.#failed(limit === null ? cause : errorFor(cause)))
    if (!isBrotli) {
      this.reset = () => {
        this.#length = 0
        if (!this.#isOver) stream.reset?.()
      }
    }
  }

  write(data: Uint8Array, flush: 'none' | 'sync' = 'none'): void {
    this.#isTaking = true
    // What stands behind the end of a compressed stream is nobody's.
    if (this.#isOver) {
      process.nextTick(() => this.#taken())
      return
    }
    const taken = (error?: Error | null): void => {
      if (error === undefined || error === null) this.#taken()
    }
    if (flush === 'none') {
      this.#stream.write(data, taken)
      return
    }
    if (data.length > 0) this.#stream.write(data)
    this.#stream.flush(this.#flush, taken)
  }

  end(): void {
    if (!this.#isOver) this.#stream.end()
  }

  close(): void {
    this.#isClosed = true
    this.#isOver = true
    this.#stream.destroy()
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  #taken(): void {
    if (!this.#isTaking) return
    this.#isTaking = false
    if (!this.#isClosed) this.#sink.taken()
  }

  #output(bytes: Uint8Array): void {
    if (this.#isOver) return
    this.#length += bytes.length
    if (this.#length > this.#limit) this.#failed(new CompressionLimitError(this.#limit))
    else this.#sink.output(bytes)
  }

  #failed(error: unknown): void {
    if (this.#isOver) return
    this.close()
    this.#sink.failed(error)
  }
}

function compressing(coding: ContentCoding, level: number | undefined, windowBits: number | undefined): Stream {
  switch (coding) {
    case 'gzip': return zlib().createGzip({ level, windowBits }) as unknown as Stream
    case 'deflate': return zlib().createDeflate({ level, windowBits }) as unknown as Stream
    case 'deflate-raw': return zlib().createDeflateRaw({ level, windowBits }) as unknown as Stream
    case 'br': return zlib().createBrotliCompress({
      params: {
        [zlib().constants.BROTLI_PARAM_QUALITY]: level ?? BROTLI_LEVEL,
        [zlib().constants.BROTLI_PARAM_LGWIN]: windowBits ?? BROTLI_WINDOW,
      },
    })
    default: throw new RangeError(`there is no coding ${String(coding)}`)
  }
}

function decompressing(coding: ContentCoding, windowBits: number | undefined): Stream {
  // Node's own does not take 8, and a larger window reads what a smaller one wrote.
  const options = windowBits === undefined ? {} : { windowBits: Math.max(windowBits, 9) }
  switch (coding) {
    case 'gzip': return zlib().createGunzip(options) as unknown as Stream
    case 'deflate': return zlib().createInflate(options) as unknown as Stream
    case 'deflate-raw': return zlib().createInflateRaw(options) as unknown as Stream
    // The window is the sender's choice, up to 16 MiB; nothing larger is read.
    case 'br': return zlib().createBrotliDecompress() as unknown as Stream
    default: throw new RangeError(`there is no coding ${String(coding)}`)
  }
}

function check(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) return
  throw new RangeError(`${name} is a whole number from ${least} to ${most}, not ${String(value)}`)
}

function errorFor(cause: unknown): unknown {
  const { code, message } = (cause ?? {}) as { code?: unknown, message?: unknown }
  // Whatever is not a lack of memory is the data's fault; brotli has a code for each way to be wrong.
  if (typeof code !== 'string' || /MEM|ALLOC/.test(code)) return cause
  return new CompressionError(`The compressed data is damaged: ${String(message)}.`, { cause })
}
