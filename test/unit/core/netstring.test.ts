import { afterAll, describe, expect, it } from 'vitest'
import { bytes, chars, cutAt, everyCut, piecesOf } from './support/bytes.js'
import { BUILDS, coreOf } from './support/builds.js'
import { collectNetstrings } from './support/collect.js'
import { referenceNetstrings } from './support/reference.js'

describe.each(BUILDS)('netstrings (%s)', (build) => {
  const core = coreOf(build)

  afterAll(() => expect(core.memoryUsage().parsers).toBe(0))

  it('B17 come out the same at every cut', () => {
    for (const chunks of everyCut(bytes('5:hello,0:,17:3:abc,0:,5:hello,,10:0123456789,'))) {
      expect(collectNetstrings(core, chunks, 99_999)).toEqual({
        events: ['string:hello', 'string:', 'string:3:abc,0:,5:hello,', 'string:0123456789'],
        end: 'clean',
      })
    }
  })

  it.each([':aaa,', '3aaa,', 'aaa,', '01:a,', '00:,', '-1:a,', ' 1:a,', '1 :a,', '2:aaa,', '0:a,', '4:abcde', '1.5:a,',
    '+1:a,', '0x1:a,', ',', '1,', '1:,;', '\0'])(
    'B18 %j is malformed, delivers nothing and is told of once, at every cut', (bad) => {
      for (const chunks of everyCut(bytes(bad))) {
        expect(collectNetstrings(core, chunks, 99_999)).toEqual({ events: ['malformed'], end: 'failed' })
      }
    })

  it('B19 a length over the limit fails at the digit that passes it', () => {
    expect(collectNetstrings(core, [bytes('5')], 5)).toEqual({ events: [], end: 'inside-frame' })
    expect(collectNetstrings(core, [bytes('6')], 5)).toEqual({ events: ['malformed'], end: 'failed' })
    expect(collectNetstrings(core, [bytes('5:hello,')], 5).events).toEqual(['string:hello'])
    expect(collectNetstrings(core, [bytes('9'.repeat(30))], 99_999).events).toEqual(['malformed'])
    expect(collectNetstrings(core, [bytes('0')], 0).end).toBe('inside-frame')
    expect(collectNetstrings(core, [bytes('1')], 0).end).toBe('failed')
  })

  it('B19 no number of digits wraps around to a length within the limit', () => {
    for (const limit of [99_999, 2 ** 30 - 1, Infinity]) {
      for (const length of [2 ** 32, 2 ** 32 + 4, 2 ** 33 + 1, 2 ** 31, 2 ** 30, 10 * 2 ** 32, 42949672960, 1e20]) {
        expect(collectNetstrings(core, [bytes(`${BigInt(length)}:abcd,`)], limit))
          .toEqual({ events: ['malformed'], end: 'failed' })
      }
    }
    expect(collectNetstrings(core, [bytes(`${2 ** 30 - 1}:`)], Infinity)).toEqual({ events: [], end: 'inside-frame' })
  })

  it('B20 good ones before a bad one are delivered, nothing after', () => {
    for (const chunks of everyCut(bytes('1:a,2:bb,3:ccc;4:dddd,'))) {
      expect(collectNetstrings(core, [...chunks, bytes('1:e,')], 9)).toEqual({
        events: ['string:a', 'string:bb', 'malformed'], end: 'failed',
      })
    }
  })

  it('as the reference, for every cut of streams with one byte changed', () => {
    const stream = '3:abc,12:xyzxyzxyzxyz,0:,1:q,'
    for (let at = 0; at < stream.length; at++) {
      for (const byte of ['0', '9', ':', ',', 'x']) {
        const changed = stream.slice(0, at) + byte + stream.slice(at + 1)
        const expected = referenceNetstrings([changed], 30)
        const data = bytes(changed)
        for (const chunks of [[data], piecesOf(data, 1), cutAt(data, [at]), cutAt(data, [at + 1]), piecesOf(data, 4)]) {
          expect(collectNetstrings(core, chunks, 30)).toEqual(expected)
        }
      }
    }
  })

  it('in windows: chunks and strings of more than 64 KiB, and more than 1,023 strings in one', () => {
    const big = 'n'.repeat(200_000)
    const stream = `${'0:,'.repeat(2500)}200000:${big},${'2:ab,'.repeat(20_000)}200000:${big},3:end,`
    const whole = referenceNetstrings([stream], 999_999).events
    const data = bytes(stream)
    for (const chunks of [[data], piecesOf(data, 65536), piecesOf(data, 65535), piecesOf(data, 1460)]) {
      const { events, end } = collectNetstrings(core, chunks, 999_999)
      expect(end).toBe('clean')
      expect(events.length).toBe(whole.length)
      expect(events.every((event, i) => event === whole[i])).toBe(true)
    }
  })

  it('are the receiver\'s to keep, also when they spanned chunks', () => {
    const kept: Uint8Array[] = []
    const parser = core.netstringParser({ handler: { string: (data) => void kept.push(data) } })
    parser.receive(bytes('5:he'))
    parser.receive(bytes('llo,5:wor'))
    parser.receive(bytes('ld,'))
    for (let i = 0; i < 50; i++) parser.receive(bytes('3:a'))
    parser.free()
    core.lineParser().free()
    expect(kept.map(chars)).toEqual(['hello', 'world'])
  })

  it('say what is wrong, by an error of the remote side', () => {
    const errors: unknown[] = []
    const parser = core.netstringParser({ handler: { string: () => {},
      malformed: (error) => void errors.push(error) } })
    parser.receive(bytes('01:a,'))
    parser.free()
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_NETSTRING_PARSE', fault: 'remote',
      message: expect.stringContaining('leading zero') })])
  })
})
