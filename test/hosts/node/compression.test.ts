/** Compression of the host: round trips however it is cut, flushing, limits, damage, and memory that is bounded. */
import { randomBytes } from 'node:crypto'
import { brotliCompressSync, deflateRawSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { NodeCompression } from '../../../bindings/node-api/compression.js'
import { createReactor } from '../../../bindings/node/index.js'
import { CompressionError, CompressionLimitError } from '../../../src/errors/index.js'
import type { Codec, CodecSink, CompressionHost, ContentCoding } from '../../../src/interfaces/index.js'

const host = new NodeCompression()
const CODINGS: ContentCoding[] = ['gzip', 'deflate', 'br', 'deflate-raw']
const TEXT = Buffer.from('The same words again and again. '.repeat(5000))

/** Drives a codec with promises. */
class Drive implements CodecSink {
  readonly codec: Codec
  readonly pieces: Buffer[] = []
  error: unknown = null
  hasEnded = false
  #wake: (() => void) | null = null

  constructor(open: (sink: CodecSink) => Codec) {
    this.codec = open(this)
  }

  static compress(coding: ContentCoding, from: CompressionHost = host): Drive {
    return new Drive((sink) => from.compressor(coding, {}, sink))
  }

  static decompress(coding: ContentCoding, limit?: number): Drive {
    return new Drive((sink) => host.decompressor(coding, limit === undefined ? {} : { limit }, sink))
  }

  output(bytes: Uint8Array): void {
    this.pieces.push(Buffer.from(bytes))
  }

  taken(): void {
    this.#tell()
  }

  ended(): void {
    this.hasEnded = true
    this.#tell()
  }

  failed(error: unknown): void {
    this.error = error
    this.#tell()
  }

  async write(data: Uint8Array, flush?: 'none' | 'sync'): Promise<void> {
    const told = this.told()
    this.codec.write(data, flush)
    await told
  }

  async end(): Promise<void> {
    const told = this.told()
    if (this.hasEnded || this.error !== null) return
    this.codec.end()
    await told
    this.codec.close()
  }

  told(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #tell(): void {
    this.#wake?.()
  }
}
const all = (drive: Drive): Buffer => Buffer.concat(drive.pieces)

describe.each(CODINGS)('%s', (coding) => {
  it('comes back as it was, however it is cut', async () => {
    for (const size of [1, 1000, 70_000, TEXT.length]) {
      const text = size === 1 ? TEXT.subarray(0, 100) : TEXT
      const compress = Drive.compress(coding)
      for (let at = 0; at < text.length; at += size) await compress.write(text.subarray(at, at + size))
      await compress.end()
      const packed = all(compress)
      if (size > 1) expect(packed.length).toBeLessThan(text.length / 10)
      const decompress = Drive.decompress(coding)
      for (let at = 0; at < packed.length; at += size) await decompress.write(packed.subarray(at, at + size))
      await decompress.end()
      expect([decompress.error, decompress.hasEnded, all(decompress).equals(text)]).toEqual([null, true, true])
    }
  })

  it('flushed, everything so far can be read', async () => {
    const compress = Drive.compress(coding)
    const decompress = Drive.decompress(coding)
    for (const word of ['one', 'two', 'three']) {
      const before = compress.pieces.length
      await compress.write(Buffer.from(word), 'sync')
      await decompress.write(Buffer.concat(compress.pieces.slice(before)), 'sync')
      expect(all(decompress).toString().endsWith(word)).toBe(true)
    }
    compress.codec.close()
    decompress.codec.close()
  })

  it('longer than the limit is an error, before it is there', async () => {
    const bomb = Buffer.alloc(50_000_000)
    const packed = { 'gzip': gzipSync, 'deflate': deflateSync, 'deflate-raw': deflateRawSync,
      'br': (bytes: Buffer) => brotliCompressSync(bytes, { params: { 1: 1 } }) }[coding](bomb)
    const decompress = Drive.decompress(coding, 100_000)
    await decompress.write(packed)
    expect(decompress.error).toBeInstanceOf(CompressionLimitError)
    expect(all(decompress).length).toBeLessThanOrEqual(100_000)
    const exact = Drive.decompress(coding, TEXT.length)
    const compress = Drive.compress(coding)
    await compress.write(TEXT)
    await compress.end()
    await exact.write(all(compress))
    await exact.end()
    expect([exact.error, all(exact).length]).toEqual([null, TEXT.length])
  })

  it('damaged, or cut short, is an error', async () => {
    const compress = Drive.compress(coding)
    await compress.write(TEXT)
    await compress.end()
    const cut = Drive.decompress(coding)
    await cut.write(all(compress).subarray(0, 40))
    await cut.end()
    expect(cut.error).toBeInstanceOf(CompressionError)
    const damaged = Drive.decompress(coding)
    await damaged.write(Buffer.alloc(100, 0xff))
    if (damaged.error === null) await damaged.end()
    expect(damaged.error).toBeInstanceOf(CompressionError)
  })

  it('paused, puts out no more than what is on its way', async () => {
    const compress = Drive.compress(coding)
    await compress.write(Buffer.alloc(20_000_000))
    await compress.end()
    const decompress = Drive.decompress(coding)
    decompress.codec.pause()
    const told = decompress.told()
    decompress.codec.write(all(compress))
    // The other direction works in the same threads: when it has done as much, this one has had its time.
    const other = Drive.compress(coding)
    for (let round = 0; round < 5; round++) await other.write(TEXT, 'sync')
    other.codec.close()
    expect(all(decompress).length).toBeLessThan(200_000)
    decompress.codec.resume()
    await told
    await decompress.end()
    expect(all(decompress).length).toBe(20_000_000)
  })

  it('closed, tells nothing more', async () => {
    const compress = Drive.compress(coding)
    compress.codec.write(TEXT)
    compress.codec.close()
    compress.codec.close()
    await Drive.compress(coding).write(TEXT, 'sync')
    expect([compress.pieces.length, compress.error, compress.hasEnded]).toEqual([0, null, false])
  })
})

describe('reset', () => {
  it('begins again with the same memory, where there is one', async () => {
    expect(Drive.compress('br').codec.reset).toBeUndefined()
    const compress = Drive.compress('deflate-raw')
    await compress.write(TEXT, 'sync')
    const [first] = [all(compress)]
    compress.pieces.length = 0
    compress.codec.reset!()
    await compress.write(TEXT, 'sync')
    expect(all(compress).equals(first)).toBe(true)
    const decompress = Drive.decompress('deflate-raw', TEXT.length)
    await decompress.write(first, 'sync')
    decompress.codec.reset!()
    await decompress.write(first, 'sync')
    expect([decompress.error, all(decompress).length]).toEqual([null, 2 * TEXT.length])
    for (const { codec } of [compress, decompress]) codec.close()
  })
})

describe('options', () => {
  it('are checked, and make a difference', async () => {
    const sink = Drive.compress('gzip')
    for (const options of [{ level: 0 }, { level: 10 }, { level: 1.5 }, { windowBits: 8 }, { windowBits: 16 }]) {
      expect(() => host.compressor('gzip', options, sink), JSON.stringify(options)).toThrow(RangeError)
    }
    expect(() => host.compressor('br', { windowBits: 25 }, sink)).toThrow(RangeError)
    expect(() => host.compressor('zip' as never, {}, sink)).toThrow(RangeError)
    expect(() => host.decompressor('zip' as never, {}, sink)).toThrow(RangeError)
    expect(() => host.decompressor('gzip', { limit: -1 }, sink)).toThrow(RangeError)
    sink.codec.close()
    const small = new Drive((own) => host.compressor('deflate-raw', { windowBits: 9, level: 9 }, own))
    await small.write(TEXT)
    await small.end()
    const back = new Drive((own) => host.decompressor('deflate-raw', { windowBits: 8 }, own))
    await back.write(all(small))
    await back.end()
    expect(all(back).equals(TEXT)).toBe(true)
  })

  it('what stands behind the end is dropped, or, in gzip, another member', async () => {
    const decompress = Drive.decompress('deflate')
    await decompress.write(Buffer.concat([deflateSync('hello'), Buffer.from('behind')]))
    await decompress.write(Buffer.from('more'))
    await decompress.end()
    expect([decompress.error, all(decompress).toString(), decompress.hasEnded]).toEqual([null, 'hello', true])
    const members = Drive.decompress('gzip')
    await members.write(Buffer.concat([gzipSync('hello'), gzipSync(' world')]))
    await members.end()
    expect(all(members).toString()).toBe('hello world')
    const wrong = Drive.decompress('gzip')
    await wrong.write(Buffer.concat([gzipSync('hello'), Buffer.from('behind')]))
    expect(wrong.error).toBeInstanceOf(CompressionError)
  })
})

describe('a restricted reactor', () => {
  it('compresses with what leads nowhere', async () => {
    const compression = createReactor().restrict({}).compression()
    expect([...compression.codings]).toEqual([...host.codings])
    const compress = Drive.compress('gzip', compression)
    expect(Object.getPrototypeOf(compress.codec)).toBe(Object.prototype)
    expect(Object.isFrozen(compress.codec)).toBe(true)
    await compress.write(TEXT)
    await compress.end()
    expect(gunzipSync(all(compress)).equals(TEXT)).toBe(true)
  })
})

describe('something short at once', () => {
  it.each(CODINGS)('%s: comes back, whatever its length', (coding) => {
    for (const length of [0, 1, 63, 512, 4096, TEXT.length]) {
      for (const data of [TEXT.subarray(0, length), randomBytes(length)]) {
        for (const options of [{}, { level: 9, windowBits: 15 }, { level: 1, windowBits: 10 }]) {
          const packed = host.compressShort(coding, data, options)
          const back = host.decompressShort(coding, packed, { limit: length })
          expect(Buffer.from(back).equals(data)).toBe(true)
        }
      }
    }
  })

  it.each(CODINGS)('%s: what one codec wrote in parts is read, and what is written at once', async (coding) => {
    const compressor = Drive.compress(coding)
    await compressor.write(TEXT.subarray(0, 1000), 'sync')
    const packed = Buffer.concat(compressor.pieces)
    compressor.codec.close()
    expect(Buffer.from(host.decompressShort(coding, packed, {})).equals(TEXT.subarray(0, 1000))).toBe(true)
    const other = Drive.decompress(coding)
    await other.write(host.compressShort(coding, TEXT, {}))
    expect(Buffer.concat(other.pieces).equals(TEXT)).toBe(true)
    other.codec.close()
  })

  it.each(CODINGS)('%s: more than is allowed, damaged data, wrong options', (coding) => {
    const packed = host.compressShort(coding, TEXT, {})
    for (const limit of [0, 1, TEXT.length - 1]) {
      expect(() => host.decompressShort(coding, packed, { limit })).toThrow(CompressionLimitError)
    }
    expect(host.decompressShort(coding, packed, { limit: TEXT.length })).toHaveLength(TEXT.length)
    expect(() => host.decompressShort(coding, Buffer.alloc(40, 0x17), {})).toThrow(CompressionError)
    expect(() => host.compressShort(coding, TEXT, { level: 99 })).toThrow(RangeError)
    expect(() => host.decompressShort(coding, packed, { windowBits: 99 })).toThrow(RangeError)
  })
})

describe('a compressor that flushes each write', () => {
  it.each(CODINGS)('%s', async (coding) => {
    const compressor = new Drive((sink) => host.compressor(coding, { flushes: true }, sink))
    const decompressor = Drive.decompress(coding)
    for (const part of ['one', 'another', TEXT.toString(), '', 'last']) {
      const [before, packed] = [decompressor.pieces.length, compressor.pieces.length]
      await compressor.write(Buffer.from(part), 'sync')
      for (const piece of compressor.pieces.slice(packed)) await decompressor.write(piece)
      expect(Buffer.concat(decompressor.pieces.slice(before)).toString()).toBe(part)
    }
    compressor.codec.close()
    decompressor.codec.close()
  })
})
