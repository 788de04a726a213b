import { afterAll, describe, expect, it } from 'vitest'
import { CoreError } from '../../../src/core/index.js'
import { bytes, everyCut, piecesOf } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'
import { collectPrefixed } from './support/collect.js'
import { referencePrefixed } from './support/reference.js'

/** A string behind its big-endian length. */
function prefixed(width: number, text: string): string {
  let head = ''
  for (let i = width - 1; i >= 0; i--) head += String.fromCharCode(Math.floor(text.length / 256 ** i) % 256)
  return head + text
}

describe.each(BUILDS)('length-prefixed strings (%s)', (build) => {
  const core = coreOf(build)

  afterAll(() => expect(core.memoryUsage().parsers).toBe(0))

  describe.each([1, 2, 4] as const)('of %i bytes', (width) => {
    const stream = ['hello', '', 'x', 'y'.repeat(40), '', 'end'].map((text) => prefixed(width, text)).join('')

    it('B21 come out the same at every cut', () => {
      for (const chunks of everyCut(bytes(stream))) {
        expect(collectPrefixed(core, chunks, width, 255)).toEqual({
          events: ['string:hello', 'string:', 'string:x', `string:${'y'.repeat(40)}`, 'string:', 'string:end'],
            end: 'clean',
        })
      }
    })

    it('B22 a prefix over the limit is told of as soon as it is whole, and nothing after', () => {
      const head = prefixed(width, 'z'.repeat(9)).slice(0, width)
      for (const chunks of everyCut(bytes(`${prefixed(width, 'good')}${head}`))) {
        expect(collectPrefixed(core, [...chunks, bytes('zzzzzzzzz')], width, 8)).toEqual({
          events: ['string:good', 'limit:9'], end: 'failed',
        })
      }
    })

    it('B22 the greatest prefix is unsigned', () => {
      expect(collectPrefixed(core, [bytes('\xff'.repeat(width))], width, 100).events)
        .toEqual([`limit:${256 ** width - 1}`])
    })

    it('say how the stream ended', () => {
      for (let at = 0; at <= stream.length; at++) {
        expect(collectPrefixed(core, [bytes(stream.slice(0, at))], width, 255))
          .toEqual(referencePrefixed([stream.slice(0, at)], width, 255))
        expect(collectPrefixed(core, piecesOf(bytes(stream.slice(0, at)), 1), width, 255))
          .toEqual(referencePrefixed([stream.slice(0, at)], width, 255))
      }
    })

    it('in windows: chunks of more than 64 KiB, and more than 1,023 strings in one', () => {
      const longest = 'p'.repeat(Math.min(256 ** width - 1, 150_000))
      const empty = prefixed(width, '').repeat(2100)
      const many = `${empty}${prefixed(width, longest)}${prefixed(width, 'ab').repeat(30_000)}`
      const text = many + many + prefixed(width, 'end')
      const whole = referencePrefixed([text], width, 999_999).events
      for (const size of [text.length, 65536, 65535, 1460]) {
        const { events, end } = collectPrefixed(core, piecesOf(bytes(text), size), width, 999_999)
        expect(end).toBe('clean')
        expect(events.length).toBe(whole.length)
        expect(events.every((event, i) => event === whole[i])).toBe(true)
      }
    })
  })

  it('take no other width, and no limit that is none', () => {
    expect(() => core.lengthPrefixParser({ bytes: 3 as 4 })).toThrow(CoreError)
    expect(() => core.lengthPrefixParser({ bytes: 4, maxLength: -1 })).toThrow(CoreError)
  })
})
