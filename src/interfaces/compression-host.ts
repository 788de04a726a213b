/**
 * What a binding offers to compress and decompress with, as a stream.
 *
 * Owns: the shapes only. Must not know: who compresses what. Users are the codings of HTTP (RFC 9110 8.4.1) and the
 * messages of WebSocket (RFC 7692). A codec works beside the program where the host can, so everything is told later;
 * memory is bounded, because one write at a time is taken, and nothing is put out while it is paused.
 *
 *   write → output* → taken → … → end → output* → ended        failed may come instead of any, and is the last
 */

/** How bytes are compressed, by the names of HTTP; `deflate` is zlib's format (RFC 1950), `deflate-raw` RFC 1951. */
export type ContentCoding = 'gzip' | 'deflate' | 'br' | 'deflate-raw'

/** Options of a compressor. */
export interface CompressorOptions {
  /** How hard to try: 1 to 9, `br` 0 to 11; the host's choice for answers made on the fly if not given. */
  level?: number
  /** Size of the window as a power of two: 9 to 15, `br` 10 to 24. More finds more, and takes more memory. */
  windowBits?: number
  /** Every write is flushed as if it asked for `sync`: where that is known before, a host may need one step less. */
  flushes?: boolean
}

/** Options of a decompressor. */
export interface DecompressorOptions {
  /** Largest window that is taken, as a power of two. */
  windowBits?: number
  /** Bytes of output at most, else it fails with CompressionLimitError; since `reset` where there is one. */
  limit?: number
}

/** Who hears of a codec; never from inside a call of one of its methods. */
export interface CodecSink {
  /** @param bytes the sink's to keep */
  output(bytes: Uint8Array): void
  /** The last write is consumed, all its output was told as far as it was flushed: the next may come. */
  taken(): void
  /** The end of the output, after `end()`. */
  ended(): void
  /** Nothing follows. @param error CompressionError, CompressionLimitError, or what the host says */
  failed(error: unknown): void
}

/** Compresses or decompresses one stream. */
export interface Codec {
  /**
   * One at a time: the next after `taken()`. The array must not be changed until then.
   * @param flush `sync`: everything up to here comes out, at the end of a byte; `none` if not given
   */
  write(data: Uint8Array, flush?: 'none' | 'sync'): void
  /** No more input, after `taken()`; `ended()` follows, unless a decompressor's stream had its end before. */
  end(): void
  /** Frees it at once; nothing is told any more. May come at any time, and twice. */
  close(): void
  /** Begins a new stream with the same memory, between two writes; not all codings have it. */
  reset?(): void
  /** No output, until `resume`: for a sink whose own taker is slow. What is on its way still comes. */
  pause(): void
  resume(): void
}

/** Compression of a host. */
export interface CompressionHost {
  /** What there is here, the best first. */
  readonly codings: readonly ContentCoding[]
  /** @throws RangeError for a coding that is not among `codings`, or options out of range */
  compressor(coding: ContentCoding, options: CompressorOptions, sink: CodecSink): Codec
  /** @throws RangeError likewise */
  decompressor(coding: ContentCoding, options: DecompressorOptions, sink: CodecSink): Codec
  /**
   * Compresses something short at once, as a stream of its own that is flushed and has no end: to hand it to a thread
   * and back takes longer. Where a host has none, its codecs do it.
   * @returns bytes that are the caller's to keep
   * @throws whatever a codec would fail with
   */
  compressShort?(coding: ContentCoding, data: Uint8Array, options: CompressorOptions): Uint8Array
  /** The other way. @throws whatever a codec would fail with, such as CompressionLimitError */
  decompressShort?(coding: ContentCoding, data: Uint8Array, options: DecompressorOptions): Uint8Array
}

/** Reactors that can compress. */
export interface IReactorCompression {
  /** @throws NotSupportedError where the host cannot */
  compression(): CompressionHost
}
