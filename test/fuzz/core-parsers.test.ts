/**
 * Any stream, cut anywhere, through all three builds, against the reference parsers.
 *
 * Invariants: the façade's events and end are the reference's, for the same chunks; for streams within the limit they
 * do not depend on the cuts; nothing stays alive in the core.
 */
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { bytes, chars, cutAt } from '../unit/core/support/bytes.js'
import { BUILDS, coreOf } from '../unit/core/support/builds.js'
import { collectLines, collectNetstrings, collectPrefixed } from '../unit/core/support/collect.js'
import { referenceLines, referenceNetstrings, referencePrefixed } from '../unit/core/support/reference.js'

const DELIMITERS = ['\n', '\r\n', 'a', 'aa', 'ab', 'aab', 'aaa', 'aba', 'abab', 'aabaab', '--boundary',
  'aaaaaaaaaaaaaaab']
const cuts = fc.array(fc.nat(400), { maxLength: 12, size: 'max' })
const pieces = (...more: string[]): fc.Arbitrary<string> =>
  fc.array(fc.oneof(fc.constantFrom('a', 'b', '\r', '\n', '\xff', ...more), fc.nat(40).map((n) => 'x'.repeat(n))),
    { maxLength: 40, size: 'max' })
    .map((all) => all.join(''))

describe.each(BUILDS)('random streams (%s)', (build) => {
  const core = coreOf(build)

  afterAll(() => expect(core.memoryUsage().parsers).toBe(0))

  it('of lines', () => {
    const streams = fc.constantFrom(...DELIMITERS).chain((delimiter) =>
      fc.record({ delimiter: fc.constant(delimiter), stream: pieces(delimiter, delimiter, delimiter.slice(0, -1)),
        limit: fc.nat(60), cuts }))
    fc.assert(fc.property(streams, ({ delimiter, stream, limit, cuts }) => {
      const chunks = cutAt(bytes(stream), cuts)
      expect(collectLines(core, chunks, delimiter, limit).events)
        .toEqual(referenceLines(chunks.map(chars), delimiter, limit))
      expect(collectLines(core, chunks, bytes(delimiter), 1e6).events).toEqual(referenceLines([stream], delimiter, 1e6))
    }))
  })

  it('of netstrings', () => {
    const good = fc.string({ unit: 'binary-ascii', maxLength: 30, size: 'max' }).map((text) => `${text.length}:${text},`)
    const bad = fc.constantFrom(':', ',', '0', '00:,', '7', '99999999999:', '31:', '-', '3:ab,', ' ')
    const streams = fc.array(fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: bad }),
      { maxLength: 15, size: 'max' }).map((all) => all.join(''))
    fc.assert(fc.property(streams, cuts, fc.constantFrom(0, 5, 30, 1e5), (stream, cuts, limit) => {
      expect(collectNetstrings(core, cutAt(bytes(stream), cuts), limit)).toEqual(referenceNetstrings([stream], limit))
    }))
  })

  it('of length-prefixed strings', () => {
    const streams = fc.constantFrom<1 | 2 | 4>(1, 2, 4).chain((width) => {
      const string = fc.string({ unit: 'binary-ascii', maxLength: 30, size: 'max' }).map((text) =>
        '\0'.repeat(width - 1) + String.fromCharCode(text.length) + text)
      const any = fc.uint8Array({ maxLength: 5 }).map(chars)
      return fc.record({
        width: fc.constant(width),
        stream: fc.array(fc.oneof({ weight: 9, arbitrary: string }, { weight: 1, arbitrary: any }),
          { maxLength: 15, size: 'max' }).map((all) => all.join('')),
      })
    })
    fc.assert(fc.property(streams, cuts, fc.constantFrom(0, 20, 1e6), ({ width, stream }, cuts, limit) => {
      expect(collectPrefixed(core, cutAt(bytes(stream), cuts), width, limit))
        .toEqual(referencePrefixed([stream], width, limit))
    }))
  })
})
