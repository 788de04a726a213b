/**
 * Compression by `node:zlib`: zlib and brotli, in the threads that the host has for that.
 *
 * Owns: how the streams are driven, and how much may come out of them. Must not know: what is compressed.
 */

import process from 'node:process'
import { CompressionLimitError } from '../../src/errors/index.js'
import type {
  Codec, CodecSink, CompressionHost, CompressorOptions, ContentCoding, DecompressorOptions,
} from '../../src/interfaces/index.js'
import { zlib } from './builtins.js'
import {
  brotliParams, checkCompressor, checkDecompressor, compressing, decompressing, errorFor, noCoding, windowOf,
} from './compression-streams.js'
import type { Stream } from './compression-streams.js'

/** What short data may grow by, with a header and flushed, bytes. */
const ROOM = 64
/** Larger than any that is made: whoever allows more has no limit. */
const LONGEST_BUFFER = 0x7fffffff

/** zlib and brotli of this process. */
export class NodeCompression implements CompressionHost {
  readonly codings: readonly ContentCoding[] = Object.freeze<ContentCoding[]>(['br', 'gzip', 'deflate', 'deflate-raw'])

  compressor(coding: ContentCoding, options: CompressorOptions, sink: CodecSink): Codec {
    checkCompressor(coding, options)
    return new NodeCodec(compressing(coding, options), coding, sink, null, options.flushes === true)
  }

  decompressor(coding: ContentCoding, options: DecompressorOptions, sink: CodecSink): Codec {
    checkDecompressor(coding, options)
    // Whatever can come out comes out of a decompressor, asked or not.
    return new NodeCodec(decompressing(coding, options.windowBits), coding, sink, options.limit ?? Infinity, true)
  }

  compressShort(coding: ContentCoding, data: Uint8Array, options: CompressorOptions): Uint8Array {
    checkCompressor(coding, options)
    const { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } = zlib()
    // A window that holds all of it, and memory for as many symbols: zlib's own choice would be 256 KiB for each.
    const bits = Math.max(9, 32 - Math.clz32(data.length))
    const settings = {
      level: options.level, windowBits: Math.min(bits, options.windowBits ?? 15),
      memLevel: Math.min(Math.max(bits - 6, 1), 9),
      chunkSize: data.length + ROOM, finishFlush: constants.Z_SYNC_FLUSH,
    }
    switch (coding) {
      case 'gzip': return gzipSync(data, settings)
      case 'deflate': return deflateSync(data, settings)
      case 'deflate-raw': return deflateRawSync(data, settings)
      case 'br': return brotliCompressSync(data, {
        params: brotliParams(options), chunkSize: data.length + ROOM,
        finishFlush: constants.BROTLI_OPERATION_FLUSH,
      })
      default: throw noCoding(coding)
    }
  }

  decompressShort(coding: ContentCoding, data: Uint8Array, options: DecompressorOptions): Uint8Array {
    checkDecompressor(coding, options)
    const { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } = zlib()
    const { limit } = options
    // None is no limit that zlib knows.
    const most = limit === undefined ? {} : { maxOutputLength: Math.max(1, Math.min(limit, LONGEST_BUFFER)) }
    const chunkSize = 4 * data.length + ROOM
    const settings = { ...windowOf(options.windowBits), ...most, chunkSize, finishFlush: constants.Z_SYNC_FLUSH }
    try {
      const whole = ((): Uint8Array => {
        switch (coding) {
          case 'gzip': return gunzipSync(data, settings)
          case 'deflate': return inflateSync(data, settings)
          case 'deflate-raw': return inflateRawSync(data, settings)
          case 'br': return brotliDecompressSync(data, {
            ...most, chunkSize, finishFlush: constants.BROTLI_OPERATION_FLUSH,
          })
          default: throw noCoding(coding)
        }
      })()
      if (whole.length > (limit ?? Infinity)) throw new CompressionLimitError(limit!)
      return whole
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (code === 'ERR_BUFFER_TOO_LARGE' && limit !== undefined) throw new CompressionLimitError(limit)
      throw error instanceof RangeError || error instanceof CompressionLimitError ? error : errorFor(error)
    }
  }
}

class NodeCodec implements Codec {
  readonly reset?: () => void
  readonly #stream: Stream
  readonly #flush: number
  readonly #sink: CodecSink
  readonly #limit: number
  readonly #flushes: boolean
  #length = 0
  #isTaking = false
  #isOver = false
  #isClosed = false

  /**
   * @param limit of what comes out; null for a compressor, which has none
   * @param flushes whether every write is flushed without being asked
   */
  constructor(stream: Stream, coding: ContentCoding, sink: CodecSink, limit: number | null, flushes: boolean) {
    const isBrotli = coding === 'br'
    this.#flushes = flushes
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
    if (flush === 'none' || (this.#flushes && data.length > 0)) {
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
