/** Conditions, ranges, and content codings: each as a table of what RFC 9110 says. */
import { describe, expect, it } from 'vitest'
import { Headers } from '../../../src/http/index.js'
import { chooseCoding } from '../../../src/http/resources/accept.js'
import { evaluateConditions, mayContinue, parseEntityTags } from '../../../src/http/resources/conditional.js'
import type { Validators, Verdict } from '../../../src/http/resources/conditional.js'
import { MOST_RANGES, parseRanges } from '../../../src/http/resources/ranges.js'

const MODIFIED = Date.UTC(2025, 5, 1, 12, 0, 0) + 250
const STRONG: Validators = { etag: '"v1"', modified: MODIFIED, isSettled: true }
const WEAK: Validators = { etag: 'W/"v1"', modified: MODIFIED, isSettled: false }
const BARE: Validators = { etag: null, modified: null, isSettled: false }

const SAME = 'Sun, 01 Jun 2025 12:00:00 GMT'
const BEFORE = 'Sun, 01 Jun 2025 11:59:59 GMT'
const AFTER = 'Sun, 01 Jun 2025 12:00:01 GMT'

type Fields = Record<string, string>

describe('conditions (RFC 9110, 13)', () => {
  it.each<[string, Fields, Validators | null, Verdict]>([
    // None, and those that cannot be read: ignored, or matching nothing.
    ['GET', {}, STRONG, 'proceed'],
    ['GET', { 'If-Modified-Since': 'yesterday' }, STRONG, 'proceed'],
    ['GET', { 'If-Unmodified-Since': 'yesterday' }, STRONG, 'proceed'],
    ['GET', { 'If-None-Match': 'v1' }, STRONG, 'proceed'],
    ['GET', { 'If-Match': 'v1' }, STRONG, 'failed'],
    // 13.1.1 If-Match: strong comparison.
    ['GET', { 'If-Match': '"v1"' }, STRONG, 'proceed'],
    ['GET', { 'If-Match': '"v0", "v1"' }, STRONG, 'proceed'],
    ['GET', { 'If-Match': '"v0"' }, STRONG, 'failed'],
    ['GET', { 'If-Match': 'W/"v1"' }, STRONG, 'failed'],
    ['GET', { 'If-Match': 'W/"v1"' }, WEAK, 'failed'],
    ['GET', { 'If-Match': '*' }, STRONG, 'proceed'],
    ['PUT', { 'If-Match': '*' }, null, 'failed'],
    ['GET', { 'If-Match': '"v1"' }, BARE, 'failed'],
    // 13.1.2 If-None-Match: weak comparison; 304 for reading, 412 for others.
    ['GET', { 'If-None-Match': '"v1"' }, STRONG, 'not-modified'],
    ['HEAD', { 'If-None-Match': 'W/"v1"' }, STRONG, 'not-modified'],
    ['GET', { 'If-None-Match': '"v1"' }, WEAK, 'not-modified'],
    ['GET', { 'If-None-Match': '"v0"' }, STRONG, 'proceed'],
    ['GET', { 'If-None-Match': '*' }, STRONG, 'not-modified'],
    ['PUT', { 'If-None-Match': '*' }, STRONG, 'failed'],
    ['PUT', { 'If-None-Match': '*' }, null, 'proceed'],
    ['POST', { 'If-None-Match': '"v1"' }, STRONG, 'failed'],
    // 13.1.3 If-Modified-Since.
    ['GET', { 'If-Modified-Since': SAME }, STRONG, 'not-modified'],
    ['GET', { 'If-Modified-Since': AFTER }, STRONG, 'not-modified'],
    ['GET', { 'If-Modified-Since': BEFORE }, STRONG, 'proceed'],
    ['HEAD', { 'If-Modified-Since': SAME }, STRONG, 'not-modified'],
    ['POST', { 'If-Modified-Since': SAME }, STRONG, 'proceed'],
    ['GET', { 'If-Modified-Since': SAME }, BARE, 'proceed'],
    ['GET', { 'If-Modified-Since': `${SAME}, ${SAME}` }, STRONG, 'proceed'],
    ['GET', { 'If-Modified-Since': 'Sunday, 01-Jun-25 12:00:00 GMT' }, STRONG, 'not-modified'],
    ['GET', { 'If-Modified-Since': 'Sun Jun  1 12:00:00 2025' }, STRONG, 'not-modified'],
    // 13.1.4 If-Unmodified-Since.
    ['GET', { 'If-Unmodified-Since': SAME }, STRONG, 'proceed'],
    ['GET', { 'If-Unmodified-Since': BEFORE }, STRONG, 'failed'],
    ['PUT', { 'If-Unmodified-Since': BEFORE }, STRONG, 'failed'],
    ['GET', { 'If-Unmodified-Since': BEFORE }, BARE, 'proceed'],
    // 13.2.2 precedence.
    ['GET', { 'If-Match': '"v1"', 'If-Unmodified-Since': BEFORE }, STRONG, 'proceed'],
    ['GET', { 'If-Match': '"v0"', 'If-None-Match': '"v1"' }, STRONG, 'failed'],
    ['GET', { 'If-Match': '"v1"', 'If-None-Match': '"v1"' }, STRONG, 'not-modified'],
    ['GET', { 'If-None-Match': '"v0"', 'If-Modified-Since': SAME }, STRONG, 'proceed'],
    ['GET', { 'If-None-Match': '"v1"', 'If-Modified-Since': BEFORE }, STRONG, 'not-modified'],
    ['GET', { 'If-Unmodified-Since': BEFORE, 'If-None-Match': '"v1"' }, STRONG, 'failed'],
    ['GET', { 'If-Unmodified-Since': SAME, 'If-Modified-Since': SAME }, STRONG, 'not-modified'],
  ])('%s %j of %j: %s', (method, fields, current, verdict) => {
    expect(evaluateConditions(method, new Headers(fields), current, MODIFIED)).toBe(verdict)
  })

  it.each<[string | null, Validators, boolean]>([
    [null, WEAK, true], ['"v1"', STRONG, true], ['"v0"', STRONG, false], ['W/"v1"', STRONG, false],
    ['"v1"', WEAK, false],
    ['W/"v1"', WEAK, false], ['"v1", "v1"', STRONG, false], ['*', STRONG, false], [SAME, STRONG, true],
    [SAME, WEAK, false],
    [BEFORE, STRONG, false], [AFTER, STRONG, false], [SAME, BARE, false], ['"v1"', BARE, false],
    ['soon', STRONG, false],
  ])('If-Range %j of %j: %s', (value, current, may) => {
    expect(mayContinue(new Headers(value === null ? {} : { 'If-Range': value }), current)).toBe(may)
  })

  it.each<[string, ReturnType<typeof parseEntityTags>]>([
    ['*', '*'], ['"a"', ['"a"']], ['W/"a" , "b"', ['W/"a"', '"b"']], ['"a,b"', ['"a,b"']],
    [', "a",,"b",', ['"a"', '"b"']],
    ['""', ['""']], ['"\u00e9"', ['"\u00e9"']], ['a', null], ['"a', null], ['"a" "b"', null], ['w/"a"', null],
    ['"a b"', null],
    ['"a"; x', null], ['*, "a"', null],
  ])('the list of tags %j is %j', (text, tags) => {
    expect(parseEntityTags(text)).toEqual(tags)
  })
})

describe('ranges (RFC 9110, 14.1.2)', () => {
  const ALL = null
  it.each<[string, number, readonly (readonly [number, number])[] | null]>([
    ['bytes=0-499', 10_000, [[0, 499]]], ['bytes=500-999', 10_000, [[500, 999]]],
    ['bytes=-500', 10_000, [[9500, 9999]]],
    ['bytes=9500-', 10_000, [[9500, 9999]]], ['bytes=0-0,-1', 10_000, [[0, 0], [9999, 9999]]],
    ['bytes= 0-999, 4500-5499, -1000', 10_000, [[0, 999], [4500, 5499], [9000, 9999]]],
    ['Bytes=0-1', 10, [[0, 1]]], ['bytes=0-99', 10, [[0, 9]]], ['bytes=-99', 10, [[0, 9]]],
    ['bytes=,0-1,,', 10, [[0, 1]]],
    ['bytes=10-', 10, []], ['bytes=10-20,30-40', 10, []], ['bytes=-0', 10, []], ['bytes=5-6,10-', 10, [[5, 6]]],
    ['bytes=0-', 0, []], ['bytes=-5', 0, ALL], ['bytes=9-9', 10, [[9, 9]]],
    [`bytes=0-${'9'.repeat(400)}`, 10, [[0, 9]]], [`bytes=${'9'.repeat(400)}-`, 10, []],
    // Malformed, or of another unit: as if it were not there.
    ['bytes=', 10, ALL], ['bytes=,', 10, ALL], ['bytes', 10, ALL], ['lines=0-1', 10, ALL], ['bytes=a-b', 10, ALL],
    ['bytes=5-4', 10, ALL], ['bytes=0-1;2-3', 10, ALL], ['bytes=-', 10, ALL], ['bytes=--1', 10, ALL],
    ['bytes=1', 10, ALL],
    ['bytes=0-1,x', 10, ALL], ['bytes=+0-1', 10, ALL], ['bytes=0 - 1', 10, ALL], ['bytes 0-1', 10, ALL],
    // More than everything, or too many.
    ['bytes=0-,0-', 10, ALL], ['bytes=0-5,5-9', 10, ALL],
    [`bytes=${Array.from({ length: MOST_RANGES }, (_, at) => `${at}-${at}`).join()}`, 100,
      Array.from({ length: MOST_RANGES }, (_, at) => [at, at] as const)],
    [`bytes=${Array.from({ length: MOST_RANGES + 1 }, (_, at) => `${at}-${at}`).join()}`, 100, ALL],
  ])('%s of %i bytes: %j', (value, size, expected) => {
    expect(parseRanges(value, size)?.map(({ first, last }) => [first, last]) ?? null).toEqual(expected)
  })
})

describe('codings (RFC 9110, 12.5.3)', () => {
  const CODINGS = ['br', 'gzip', 'deflate'] as const
  it.each<[string | null, string | null | undefined, boolean]>([
    // Undefined: nothing is acceptable. The flag: it must not go as it is.
    [null, null, false], ['', null, false], ['gzip', 'gzip', false], ['GZip', 'gzip', false], ['x-gzip', 'gzip', false],
    ['compress, gzip', 'gzip', false], ['gzip, br', 'br', false], ['gzip;q=1, br;q=0.5', 'gzip', false],
    ['deflate;q=0.9, gzip;q=0.8', 'deflate', false], ['*', 'br', false], ['br;q=0, *', 'gzip', false],
    ['gzip;q=0', null, false], ['*;q=0', undefined, true], ['identity;q=0', undefined, true],
    ['gzip, identity;q=0', 'gzip', true], ['gzip, *;q=0', 'gzip', true], ['*;q=0, identity', null, false],
    ['gzip;q=0.5, identity', null, false], ['gzip;q=0.5, identity;q=0.5', 'gzip', false], ['zstd', null, false],
    ['gzip;q=0.001', 'gzip', false], ['gzip;q=0.0001', null, false], ['gzip;q=2', null, false],
    ['gzip;x=1', null, false],
    ['gzip ; q=1.000', 'gzip', false], ['gzip;q=', null, false], ['identity', null, false], ['*;q=0.5', 'br', false],
    ['compress;q=1, identity;q=0', undefined, true],
  ])('%j: %j', (value, coding, isForced) => {
    const choice = chooseCoding(value, CODINGS)
    expect(choice === null ? undefined : choice.coding).toBe(coding)
    expect(choice?.isForced ?? true).toBe(isForced)
  })
})
