import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERR_HANDLE, ERR_RANGE } from '../../../assembly/abi/errors.js'
import { STAGE, STAGE_BYTES } from '../../../assembly/abi/layout.js'
import { Digest } from '../../../src/core/index.js'
import { bytes, piecesOf } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'

/** The bytes of a digest, as the reference implementation writes them: little-endian words. */
function littleEndian(words: Uint32Array): Uint8Array {
  const all = new Uint8Array(16)
  words.forEach((word, i) => new DataView(all.buffer).setUint32(i * 4, word, true))
  return all
}

describe.each(BUILDS)('Digest (%s)', (build) => {
  const core = coreOf(build)
  const digestOf = (data: Uint8Array, seed = 0): Digest => {
    const digest = new Digest(core, seed)
    digest.update(data)
    return digest
  }

  it('passes the verification of SMHasher for MurmurHash3_x86_128', () => {
    const key = Uint8Array.from({ length: 256 }, (_, i) => i)
    const hashes = new Uint8Array(16 * 256)
    for (let length = 0; length < 256; length++) {
      hashes.set(littleEndian(digestOf(key.subarray(0, length), 256 - length).words()), 16 * length)
    }
    expect(digestOf(hashes).words()[0]).toBe(0xb3ece62a)
  })

  it('gives the digests that others publish', () => {
    const published: [string, string][] = [
      ['', '00000000000000000000000000000000'],
      ['I will not buy this record, it is scratched.', 'a0a9683b25ac5e40d9af2895890dddf5'],
      ['The quick brown fox jumps over the lazy dog', '2f1583c3ecee2c675d7bf66ce5e91d2c'],
    ]
    for (const [text, hex] of published) expect([text, digestOf(bytes(text)).hex()]).toEqual([text, hex])
  })

  it('does not mind where pieces begin and end, or how they lie in memory', () => {
    fc.assert(fc.property(
      fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(40), { maxLength: 20 }), (data, lengths) => {
        const whole = digestOf(data).hex()
        const digest = core.digest()
        let at = 0
        for (const length of lengths) {
          digest.update(data.subarray(at, at + length))
          at += length
        }
        digest.update(data.subarray(at))
        expect(digest.hex()).toBe(whole)
        digest.free()
      }))
  })

  it('takes more than fits the stage, and goes on after it was asked', () => {
    const data = Uint8Array.from({ length: 3 * STAGE_BYTES + 5 }, (_, i) => i * 7 + (i >> 8))
    const whole = digestOf(data).hex()
    const digest = core.digest()
    for (const piece of piecesOf(data, 10_007)) {
      digest.update(piece)
      expect(digest.hex()).toBe(digest.hex())
    }
    expect(digest.hex()).toBe(whole)
  })

  it('differs when a byte, the length or the seed differs', () => {
    const seen = new Set<string>()
    const zeros = new Uint8Array(64)
    for (let length = 0; length <= 64; length++) seen.add(digestOf(zeros.subarray(0, length), 1).hex())
    for (let seed = 2; seed < 50; seed++) seen.add(digestOf(zeros, seed).hex())
    for (let at = 0; at < 64; at++) seen.add(digestOf(zeros.map((_, i) => (i === at ? 1 : 0))).hex())
    expect(seen.size).toBe(65 + 48 + 64)
  })

  it('tells of its end', () => {
    const digest = core.digest()
    digest.free()
    digest.free()
    expect(() => digest.update(bytes('x'))).toThrow('freed')
    expect(() => digest.hex()).toThrow('freed')
  })

  it('refuses what is no digest, and bytes outside of memory', () => {
    const { exports } = core
    const digest = exports.digestNew(0)
    const random = exports.randomNew(1, 2, 3, 4)
    expect(exports.digestUpdate(digest, STAGE, -1)).toBe(ERR_RANGE)
    expect(exports.digestUpdate(digest, 2 ** 31 - 16, 32)).toBe(ERR_RANGE)
    for (const wrong of [0, -1, random]) {
      expect(exports.digestUpdate(wrong, STAGE, 1)).toBe(ERR_HANDLE)
      expect(exports.digestResult(wrong)).toBe(ERR_HANDLE)
      expect(exports.digestFree(wrong)).toBe(ERR_HANDLE)
    }
    expect(exports.digestFree(digest)).toBe(0)
    expect(exports.digestFree(digest)).toBe(ERR_HANDLE)
    exports.randomFree(random)
  })
})
