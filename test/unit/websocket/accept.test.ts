/** The proof of the handshake: SHA-1 by the vectors of RFC 3174, 7.3, and beside the host's own; base64 by RFC 4648, 10. */
import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { acceptKey, isKey, sha1, toBase64 } from '../../../src/websocket/accept.js'
import { closePayload, fittingReason, maySend } from '../../../src/websocket/codes.js'
import { parseExtensions, parseSubprotocols } from '../../../src/websocket/extensions.js'
import { bytes } from './support.js'

const hexOf = (data: Uint8Array): string => Buffer.from(data).toString('hex')
const encode = (text: string): Uint8Array => bytes(text)

describe('SHA-1', () => {
  it.each([
    ['abc', 1, 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', 1, '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
    ['a', 1_000_000, '34aa973cd4c4daa4f61eeb2bdbad27316534016f'],
    ['0123456701234567012345670123456701234567012345670123456701234567', 10, 'dea356a2cddd90c7a7ecedc5ebb563934f460452'],
    ['', 1, 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  ])('of %j, %i times', (text, times, digest) => {
    expect(hexOf(sha1(bytes(text.repeat(times))))).toBe(digest)
  })

  it('is the host\'s, for any length', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
      expect(hexOf(sha1(data))).toBe(createHash('sha1').update(data).digest('hex'))
    }))
  })
})

it('base64 has its padding', () => {
  const vectors = { '': '', 'f': 'Zg==', 'fo': 'Zm8=', 'foo': 'Zm9v', 'foob': 'Zm9vYg==', 'fooba': 'Zm9vYmE=', 'foobar': 'Zm9vYmFy' }
  for (const [plain, coded] of Object.entries(vectors)) expect(toBase64(bytes(plain))).toBe(coded)
})

it('the RFC\'s own key has the RFC\'s own proof (RFC 6455, 1.3)', () => {
  expect(acceptKey('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
})

it('a key is base64 of 16 bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (data) => {
    expect(isKey(toBase64(data))).toBe(true)
  }))
  for (const wrong of ['', 'dGhlIHNhbXBsZSBub25jZR==', 'dGhlIHNhbXBsZSBub25jZQ=', 'dGhlIHNhbXBsZSBub25jZQ', 'AAAA', 'dGhlIHNhbXBsZSBub25j\nZQ==']) {
    expect(isKey(wrong)).toBe(false)
  }
})

describe('close codes', () => {
  it('1000 to 1003, 1007 to 1014 and 3000 to 4999 may be sent, and no others', () => {
    const may = Array.from({ length: 70_000 }, (_, code) => code).filter(maySend)
    expect(may.length).toBe(4 + 8 + 2000)
    for (const code of [1000, 1003, 1007, 1014, 3000, 4999]) expect(may).toContain(code)
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, NaN, -1]) expect(maySend(code)).toBe(false)
  })

  it('a payload is refused before it is sent', () => {
    expect(closePayload(1000, 'é', encode)).toEqual(Uint8Array.of(3, 232, 0xc3, 0xa9))
    expect(closePayload(undefined, '', encode)).toHaveLength(0)
    expect(closePayload(4999, 'x'.repeat(123), encode)).toHaveLength(125)
    expect(() => closePayload(1005, '', encode)).toThrow(RangeError)
    expect(() => closePayload(1006, '', encode)).toThrow(RangeError)
    expect(() => closePayload(1000, 'é'.repeat(62), encode)).toThrow(RangeError)
    expect(() => closePayload(undefined, 'x', encode)).toThrow(TypeError)
    expect(() => closePayload(1000, 5 as never, encode)).toThrow(TypeError)
  })

  it('a reason that is too long is cut between characters', () => {
    expect(fittingReason('short', encode)).toBe('short')
    expect(fittingReason('é'.repeat(100), encode)).toBe('é'.repeat(61))
    expect(fittingReason('😀'.repeat(100), encode)).toBe('😀'.repeat(30))
  })
})

describe('lists', () => {
  it.each([
    ['foo', [{ name: 'foo', params: [] }]],
    ['foo, bar; baz=2', [{ name: 'foo', params: [] }, { name: 'bar', params: [['baz', '2']] }]],
    [' , foo;a;b="c\\d" ,, ', [{ name: 'foo', params: [['a', null], ['b', 'cd']] }]],
    ['foo; a = b', [{ name: 'foo', params: [['a', 'b']] }]],
    ['', null], [',', null], ['foo bar', null], ['foo;', null], ['foo; =a', null], ['foo; a=', null], ['foo; a="', null],
    ['foo; a="b c"', null], ['foo; a=""', null], ['f@o', null], ['foo; a="b"c', null],
  ])('of extensions: %s', (field, extensions) => {
    expect(parseExtensions(field)).toEqual(extensions)
  })

  it.each([
    ['chat', ['chat']], ['a, b ,c', ['a', 'b', 'c']], ['', null], ['a b', null], ['a, a', null], ['a,,b', ['a', 'b']], ['a@', null],
  ])('of subprotocols: %s', (field, names) => {
    expect(parseSubprotocols(field)).toEqual(names)
  })
})
