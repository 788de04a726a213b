import { afterAll, describe, expect, it } from 'vitest'
import { createCore, portableText } from '../../../src/core/index.js'
import type { Core, TextEncoding } from '../../../src/core/index.js'
import { TextInPieces } from '../../../src/core/text.js'
import { bytes, everyCut, piecesOf } from './support/bytes.js'
import { BUILDS, coreOf, optionsOf } from './support/builds.js'

function textLines(core: Core, chunks: Iterable<Uint8Array>, encoding: TextEncoding = 'utf8'): string[] {
  const lines: string[] = []
  const parser = core.lineParser({ delimiter: '\n', encoding,
    handler: { line: (line: string) => void lines.push(line) } })
  for (const chunk of chunks) parser.receive(chunk)
  parser.free()
  return lines
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (data: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(data)

describe.each(BUILDS)('lines as text (%s)', (build) => {
  const core = coreOf(build)

  afterAll(() => expect(core.memoryUsage().parsers).toBe(0))

  it('UTF-8 comes out the same wherever its sequences are cut', () => {
    const lines = ['plain', 'é', '€uro', '𝄞 and 👍🏽', '', 'z']
    for (const chunks of everyCut(encode(`${lines.join('\n')}\n`))) expect(textLines(core, chunks)).toEqual(lines)
  })

  it('invalid UTF-8 becomes U+FFFD as the Encoding Standard says, line by line', () => {
    const bad = ['\xff', 'a\xc3', '\xa9b', '\xe2\x82', '\xf0\x9f\x91', '\xed\xa0\x80', '\xc0\xaf', '\xf4\x90\x80\x80',
      'ok']
    const expected = bad.map((line) => decode(bytes(line)))
    for (const chunks of everyCut(bytes(`${bad.join('\n')}\n`))) expect(textLines(core, chunks)).toEqual(expected)
  })

  it('a byte order mark is kept', () => {
    for (const chunks of everyCut(bytes('\xef\xbb\xbfa\n\xef\xbb\xbf\n'))) {
      expect(textLines(core, chunks)).toEqual(['\ufeffa', '\ufeff'])
    }
  })

  it('latin1 gives every byte as the code point of its number', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i).filter((byte) => byte !== 10)
    const stream = new Uint8Array([...all, 10, 0x61, 10, ...all, 10])
    const line = String.fromCharCode(...all)
    for (const chunks of [[stream], piecesOf(stream, 1), piecesOf(stream, 100)]) {
      expect(textLines(core, chunks, 'latin1')).toEqual([line, 'a', line])
    }
  })

  it('a window that is ASCII beside one that is not', () => {
    const lines = [...Array.from({ length: 4000 }, (_, i) => `ascii ${i}`),
      ...Array.from({ length: 4000 }, (_, i) => `ünï ${i}`)]
    for (const order of [lines, [...lines].reverse()]) {
      expect(textLines(core, [encode(`${order.join('\n')}\n`)])).toEqual(order)
    }
  })

  it('one byte that is no ASCII at every place of a full ring\'s last block', () => {
    for (let at = 0; at < 20; at++) {
      const data = bytes(`${'\n'.repeat(1023)}${'a'.repeat(at)}\xc3\xa9\n`)
      expect(textLines(core, [data])).toEqual([...Array<string>(1023).fill(''), `${'a'.repeat(at)}é`])
      expect(textLines(core, [data], 'latin1').at(-1)).toBe(`${'a'.repeat(at)}Ã©`)
    }
  })

  it('with a port that has neither TextDecoder nor TextEncoder', () => {
    const mine = build === 'plain' ? createCore({ ...optionsOf(build), text: portableText(false) }) : core
    const port = mine.text
    mine.text = portableText(false)
    const lines = ['plain', 'é€𝄞👍🏽', '\ufeffa']
    for (const chunks of everyCut(encode(`${lines.join('\n')}\n`))) expect(textLines(mine, chunks)).toEqual(lines)
    mine.text = port
  })
})

describe('the portable text port', () => {
  const native = portableText()
  const byHand = portableText(false)

  it('decodes by hand what TextDecoder decodes, for all short sequences of telling bytes', () => {
    const telling = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed,
      0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff]
    const wrong: number[][] = []
    for (const a of telling) {
      for (const b of telling) {
        for (const c of telling) {
          const data = Uint8Array.of(a, b, c, 0xbf, 0x21)
          if (native.utf8(data, 0, 5) !== byHand.utf8(data, 0, 5)) wrong.push([a, b, c])
        }
      }
    }
    expect(wrong).toEqual([])
  })

  it('encodes by hand what TextEncoder encodes, lone surrogates too', () => {
    for (const text of ['', 'a\x7f\x80\u07ff\u0800\uffff', '𝄞', '\ud800', 'a\udc00b', '\udc00\ud800', '\u{10ffff}']) {
      expect(byHand.encode(text)).toEqual(native.encode(text))
    }
  })

  it('reads a part of a view, and more than fits one call', () => {
    const data = new Uint8Array(100_000).fill(0x61)
    for (const port of [native, byHand]) {
      for (const way of ['ascii', 'latin1', 'utf8'] as const) {
        expect(port[way](data, 1, 99_999)).toBe('a'.repeat(99_998))
        expect(port[way](data, 5, 5)).toBe('')
      }
    }
  })
})

describe('TextInPieces', () => {
  it('gives the same text wherever it is cut, also where it is no UTF-8', () => {
    const texts = ['plain\n', 'é€𝄞 and 👍🏽, é€𝄞\n', '\ufeff€\ufeff\n'].map(encode)
    const wrong = ['\xff', 'a\xc3', '\xa9b', '\xe2\x82', '\xf0\x9f\x91', '\xed\xa0\x80', '\xc0\xaf', '\xf4\x90\x80\x80', '\x80\x80\x80\x80',
      '\xf0\x80\xe2', '\xe2\xe2\xe2\x82\xac'].map((text) => bytes(`${text}!`))
    for (const data of [...texts, ...wrong]) {
      for (const chunks of everyCut(data)) {
        const text = new TextInPieces()
        expect(chunks.map((chunk) => text.write(chunk)).join('')).toBe(decode(data))
      }
    }
  })

  it('gives a code point with its last byte, and holds no more than what may begin one', () => {
    const text = new TextInPieces()
    expect(piecesOf(encode('a€𝄞'), 1).map((piece) => text.write(piece)))
      .toEqual(['a', '', '', '€', '', '', '', '𝄞'])
    expect(text.write(bytes('\x80\x80\x80\x80'))).toBe('\ufffd'.repeat(4))
    expect(text.write(new Uint8Array(0))).toBe('')
  })

  it('keeps nothing of an array that it was given', () => {
    const text = new TextInPieces()
    const piece = Uint8Array.of(0x41, 0xe2, 0x82)
    expect(text.write(piece)).toBe('A')
    piece.fill(0x42)
    expect(text.write(Uint8Array.of(0xac))).toBe('€')
  })
})
