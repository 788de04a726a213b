/**
 * Any stream of frames, right or wrong, cut anywhere, through all three builds, against a model that has all of the
 * stream in one string.
 *
 * Invariants: events and end are the model's, whatever the cuts; nothing stays alive in the core; chunks that are not
 * masked are not changed.
 */
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { isUTF8, maskBytes, UTF8Check } from '../../src/core/index.js'
import { bytes, chars, cutAt } from '../unit/core/support/bytes.js'
import { BUILDS, coreOf } from '../unit/core/support/builds.js'
import {
  closing, collectWebSocket, frame, isWholeUTF8, mayBecomeUTF8, referenceWebSocket, utf8,
} from '../unit/core/support/websocket.js'
import type { FrameShape } from '../unit/core/support/websocket.js'

const anyBytes = (maxLength: number): fc.Arbitrary<string> => fc.uint8Array({ maxLength, size: 'max' }).map(chars)
const key = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(chars)
const someText = fc.oneof(
  fc.string({ maxLength: 40, size: 'max' }),
  fc.string({ unit: 'grapheme', maxLength: 40, size: 'max' }),
  fc.nat(400).map((length) => 'a'.repeat(length)),
  fc.nat(90).map((length) => '\u{1f600}é中'.repeat(length)),
).map(utf8)
/** What is nearly UTF-8. */
const broken = fc.constantFrom('\xff', '\xc0\x80', '\xe0\x80', '\xed\xa0\x80', '\xf4\x90', '\x80', '\xf0')
const brokenText = fc.tuple(someText, broken, someText).map((parts) => parts.join(''))
const text = fc.oneof({ weight: 20, arbitrary: someText }, { weight: 1, arbitrary: brokenText })

/** A message in frames, with control frames between them. */
const message = fc.record({
  opcode: fc.constantFrom(1, 2), compressed: fc.boolean(), data: text, cuts: fc.array(fc.nat(120), { maxLength: 4 }),
  between: fc.array(fc.record({ opcode: fc.constantFrom(9, 10), payload: anyBytes(125) }), { maxLength: 3 }), key,
}).map(({ opcode, compressed, data, cuts, between, key }): FrameShape[] => {
  const places = [...cuts.map((cut) => Math.min(cut, data.length)), data.length].sort((a, b) => a - b)
  let from = 0
  return places.flatMap((to, i) => {
    const shape: FrameShape = {
      opcode: i === 0 ? opcode : 0, payload: data.slice(from, to), fin: i === places.length - 1, key,
      reserved: i === 0 && compressed ? 4 : 0,
    }
    from = to
    return [...(i === 0 || between[i] === undefined ? [] : [{ ...between[i], key }]), shape]
  })
})

/** A frame that is likely to be wrong. */
const odd: fc.Arbitrary<FrameShape[]> = fc.record({
  opcode: fc.nat(15), payload: anyBytes(140), fin: fc.boolean(), reserved: fc.nat(7),
  key: fc.oneof(key, fc.constant('')), lengthBytes: fc.constantFrom<0 | 2 | 8>(0, 2, 8),
  length: fc.constantFrom(0, 1, 5, 125, 126, 65535, 65536, 2 ** 32, 2 ** 63),
}).map((shape) => [shape])
const close: fc.Arbitrary<FrameShape[]> = fc.record({
  code: fc.oneof(fc.integer({ min: 990, max: 1020 }), fc.integer({ min: 2990, max: 5010 })), reason: text, key,
}).map(({ code, reason, key }) => [{ opcode: 8, payload: closing(code, reason.slice(0, 123)), key }])

const streams = fc.array(
  fc.oneof({ weight: 12, arbitrary: message }, { weight: 1, arbitrary: odd }, { weight: 1, arbitrary: close }),
  { maxLength: 8, size: 'max' },
)
const cuts = fc.array(fc.nat(1500), { maxLength: 12, size: 'max' })
const options = fc.record({
  role: fc.constantFrom<'server' | 'client'>('server', 'client'), allowCompressed: fc.boolean(),
  maxMessage: fc.constantFrom(0, 100, 2 ** 20), maxFragments: fc.constantFrom(1, 3, 1000),
})

describe.each(BUILDS)('random streams of frames (%s)', (build) => {
  const core = coreOf(build)

  afterAll(() => expect(core.memoryUsage().parsers).toBe(0))

  it('are read as the model reads them', () => {
    fc.assert(fc.property(streams, cuts, options, (shapes, cuts, options) => {
      const stream = shapes.flat().map((shape) => frame(options.role === 'client' && shape.key !== ''
        ? { ...shape, key: '' } : shape)).join('')
      const chunks = cutAt(bytes(stream), cuts)
      expect(collectWebSocket(core, chunks, options)).toEqual(referenceWebSocket(stream, options))
    }))
  })

  it('of no frames are refused as the model refuses them', () => {
    fc.assert(fc.property(anyBytes(60), cuts, options, (stream, cuts, options) => {
      expect(collectWebSocket(core, cutAt(bytes(stream), cuts), options)).toEqual(referenceWebSocket(stream, options))
    }))
  })

  it('is it UTF-8: what the grammar says, at every cut, and as soon as it can be known', () => {
    const bit = fc.oneof(someText, brokenText, anyBytes(4), fc.constantFrom('\xe2', '\x82', '\xac', '\xf0\x9f'))
    const bits = fc.array(bit, { maxLength: 6 })
    fc.assert(fc.property(bits, cuts, (bits, cuts) => {
      const all = bits.join('')
      expect(isUTF8(core, bytes(all))).toBe(isWholeUTF8(all))
      const check = new UTF8Check(core)
      let seen = ''
      for (const piece of cutAt(bytes(all), cuts)) {
        seen += chars(piece)
        expect(check.write(piece)).toBe(mayBecomeUTF8(seen))
      }
      expect(check.end()).toBe(isWholeUTF8(all))
    }))
  })

  it('masks as the model masks, any range of an array, and nothing beside it', () => {
    fc.assert(fc.property(fc.nat(600), fc.nat(40), fc.nat(40), key, (length, before, behind, key) => {
      const data = new Uint8Array(before + length + behind).map((_, i) => i * 31)
      const wanted = data.map((byte, i) => i < before || i >= before + length ? byte
        : byte ^ key.charCodeAt((i - before) % 4))
      maskBytes(core, data, bytes(key), before, before + length)
      expect(data).toEqual(wanted)
    }))
  })
})
