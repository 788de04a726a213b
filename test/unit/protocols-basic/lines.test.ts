import { describe, expect, it } from 'vitest'
import { LineReceiver } from '../../../src/protocols/index.js'
import { Lines, OnlyLines, bytes, connect, cuts, drop, text } from './support.js'

const BOTH = [
  { name: 'LineReceiver', make: () => new Lines() },
  { name: 'LineOnlyReceiver', make: () => new OnlyLines() },
] as const

for (const { name, make } of BOTH) {
  describe(name, () => {
    it('B01 gives a, bb, "", ccc in every chunk size', () => {
      for (const parts of cuts(bytes('a\r\nbb\r\n\r\nccc\r\n'))) {
        const { protocol } = connect(make())
        for (const part of parts) protocol.dataReceived(part)
        expect(protocol.got).toEqual(['a', 'bb', '', 'ccc'])
        drop(protocol)
      }
    })

    it('B02 takes a lone CR or LF as data', () => {
      const lines = ['a\nb', 'c\rd', '\r', '\n\r', '\n']
      for (const parts of cuts(bytes(lines.map((line) => `${line}\r\n`).join('')))) {
        const { protocol } = connect(make())
        for (const part of parts) protocol.dataReceived(part)
        expect(protocol.got).toEqual(lines)
        drop(protocol)
      }
    })

    it('B06 lets a line of maxLength pass, and hands over a longer one with all behind it', () => {
      const { protocol, transport } = connect(make())
      protocol.maxLength = 6
      protocol.dataReceived(bytes('abc\r\n123456\r\n1234567\r\nmore\r\nrest'))
      expect(protocol.got).toEqual(['abc', '123456', 'too long 1234567\r\nmore\r\nrest'])
      expect(text(protocol.clearLineBuffer())).toBe('')
      expect(transport.disconnecting).toBe(true)
    })

    it('B06 goes on with what comes next, when the protocol does not close', () => {
      class Patient extends (make().constructor as typeof Lines) {
        override lineLengthExceeded(line: string): void { this.got.push(`too long ${line}`) }
      }
      const { protocol, transport } = connect(new Patient())
      protocol.maxLength = 3
      protocol.dataReceived(bytes('ab\r\nabcd\r\ncd\r\n'))
      protocol.dataReceived(bytes('ef\r\n'))
      expect(protocol.got).toEqual(['ab', 'too long abcd\r\ncd\r\n', 'ef'])
      expect(transport.disconnecting).toBe(false)
      drop(protocol)
    })

    it('B07 trips without a delimiter at maxLength + delimiter.length bytes, not before', () => {
      for (const delimiter of ['\r\n', '\n', '-----']) {
        for (const size of [1, 2, 3, 100]) {
          const { protocol, transport } = connect(make())
          protocol.maxLength = 6
          protocol.delimiter = delimiter
          const flood = 'x'.repeat(6 + delimiter.length)
          for (let at = 0; at < flood.length - 1; at += size) {
            protocol.dataReceived(bytes(flood.slice(at, Math.min(at + size, flood.length - 1))))
          }
          expect(protocol.got).toEqual([])
          protocol.dataReceived(bytes('x'))
          expect(protocol.got).toEqual([`too long ${flood}`])
          expect(transport.disconnecting).toBe(true)
        }
      }
    })

    it('B08 closes by default, and delivers nothing further of that chunk or later ones', () => {
      const { protocol, transport } = connect(make())
      protocol.maxLength = 3
      protocol.dataReceived(bytes('one\r\nfour\r\ntwo\r\n'))
      protocol.dataReceived(bytes('six\r\n'))
      expect(protocol.got).toEqual(['one', 'too long four\r\ntwo\r\n'])
      expect(transport.disconnecting).toBe(true)
    })

    it('B13 clearLineBuffer gives the rest back, in a callback and outside, and it is gone', () => {
      const { protocol } = connect(make())
      let rest = ''
      protocol.at[1] = () => (rest = text(protocol.clearLineBuffer()))
      protocol.dataReceived(bytes('a\r\nb\r\nc\r\nd'))
      expect([protocol.got, rest]).toEqual([['a', 'b'], 'c\r\nd'])
      protocol.dataReceived(bytes('e\r\nfg'))
      protocol.dataReceived(bytes('h'))
      expect(text(protocol.clearLineBuffer())).toBe('fgh')
      protocol.dataReceived(bytes('\r\n'))
      expect(protocol.got).toEqual(['a', 'b', 'e', ''])
      drop(protocol)
    })

    it('B13 clearLineBuffer takes what a callback added and what a pause holds back', () => {
      const { protocol } = connect(make())
      protocol.at[0] = () => {
        protocol.dataReceived(bytes('z\r\n'))
        protocol.pauseProducing()
      }
      protocol.dataReceived(bytes('a\r\nb\r\nc'))
      protocol.dataReceived(bytes('d\r\n'))
      expect(text(protocol.clearLineBuffer())).toBe('b\r\ncz\r\nd\r\n')
      protocol.resumeProducing()
      protocol.dataReceived(bytes('e\r\n'))
      expect(protocol.got).toEqual(['a', 'e'])
      drop(protocol)
    })

    it('B13 clearLineBuffer is empty before the first byte and after the end', () => {
      const { protocol } = connect(make())
      expect(protocol.clearLineBuffer()).toEqual(new Uint8Array(0))
      protocol.dataReceived(bytes('half'))
      drop(protocol)
      expect(protocol.clearLineBuffer()).toEqual(new Uint8Array(0))
    })

    it('B15 a delimiter of any length, changed in a callback, holds for the rest of the same buffer', () => {
      const stream = 'one\r\ntwo;three;four<long delimiter>five;\r\n<long delimiter>six\n'
      for (const parts of cuts(bytes(stream))) {
        const { protocol } = connect(make())
        protocol.at[0] = () => (protocol.delimiter = ';')
        protocol.at[2] = () => (protocol.delimiter = '<long delimiter>')
        protocol.at[4] = () => (protocol.delimiter = Uint8Array.of(0x0a))
        for (const part of parts) protocol.dataReceived(part)
        expect(protocol.got).toEqual(['one', 'two', 'three', 'four', 'five;\r\n', 'six'])
        drop(protocol)
      }
    })

    it('B15 a maxLength changed in a callback holds for the rest of the same buffer', () => {
      const { protocol } = connect(make())
      protocol.at[1] = () => (protocol.maxLength = 2)
      protocol.dataReceived(bytes('aaaa\r\nbbbb\r\ncc\r\nddd\r\n'))
      expect(protocol.got).toEqual(['aaaa', 'bbbb', 'cc', 'too long ddd\r\n'])
    })

    it('reads lines as UTF-8, ISO 8859-1 or bytes', () => {
      const stream = Uint8Array.of(0xc3, 0xa9, 0x20, 0xff, 0x0d, 0x0a, 0x61, 0x0d, 0x0a)
      for (const parts of cuts(stream)) {
        const seen: unknown[] = []
        for (const encoding of ['utf8', 'latin1', 'bytes'] as const) {
          const { protocol } = connect(make())
          protocol.encoding = encoding
          ;(protocol as { lineReceived(line: unknown): void }).lineReceived = (line) => seen.push(line)
          for (const part of parts) protocol.dataReceived(part)
          drop(protocol)
        }
        expect(seen).toEqual([
          'é \ufffd', 'a', 'Ã© ÿ', 'a', Uint8Array.of(0xc3, 0xa9, 0x20, 0xff), Uint8Array.of(0x61),
        ])
      }
    })

    it('sends lines with the delimiter behind them, in the encoding it reads', () => {
      const { protocol, transport } = connect(make())
      protocol.sendLine('é')
      protocol.sendLine(bytes('raw'))
      expect(transport.value()).toEqual(bytes('\xc3\xa9\r\nraw\r\n'))
      transport.clear()
      protocol.encoding = 'latin1'
      protocol.delimiter = Uint8Array.of(0)
      protocol.sendLine('é€')
      expect(transport.value()).toEqual(bytes('\xe9?\0'))
    })

    it('refuses a delimiter of no bytes and a limit that is none, and keeps what it has', () => {
      const { protocol } = connect(make())
      protocol.at[0] = () => (protocol.delimiter = '')
      expect(() => protocol.dataReceived(bytes('a\r\nb\r\n'))).toThrow(expect.objectContaining({ code: 'ERR_CORE' }))
      expect(() => protocol.dataReceived(bytes(''))).toThrow(expect.objectContaining({ code: 'ERR_CORE' }))
      protocol.delimiter = '\r\n'
      protocol.maxLength = NaN
      expect(() => protocol.dataReceived(bytes(''))).toThrow(expect.objectContaining({ code: 'ERR_CORE' }))
      protocol.maxLength = 10
      protocol.dataReceived(bytes('c\r\n'))
      expect(protocol.got).toEqual(['a', 'b', 'c'])
      drop(protocol)
    })
  })
}

describe('LineReceiver in raw mode', () => {
  it('B03 setRawMode in lineReceived: the rest of the buffer comes as one rawDataReceived', () => {
    const { protocol } = connect(new Lines())
    protocol.at[1] = () => protocol.setRawMode()
    protocol.dataReceived(bytes('a\r\nb\r\nraw 1\r\nraw 2'))
    protocol.dataReceived(bytes('raw 3'))
    expect(protocol.got).toEqual(['a', 'b', 'raw raw 1\r\nraw 2', 'raw raw 3'])
    drop(protocol)
  })

  it('B03 with nothing left there is no empty call', () => {
    const { protocol } = connect(new Lines())
    protocol.at[0] = () => protocol.setRawMode()
    protocol.dataReceived(bytes('a\r\n'))
    protocol.dataReceived(new Uint8Array(0))
    expect(protocol.got).toEqual(['a'])
    drop(protocol)
  })

  it('B04 setLineMode(extra): extra is parsed as lines after rawDataReceived returned', () => {
    const { protocol } = connect(new Lines())
    const seen: string[] = []
    protocol.at[0] = () => protocol.setRawMode()
    protocol.at[1] = () => {
      protocol.setLineMode(bytes('x\r\ny\r\nz'))
      seen.push(...protocol.got)
    }
    protocol.dataReceived(bytes('a\r\n0123'))
    expect(seen).toEqual(['a', 'raw 0123'])
    protocol.dataReceived(bytes('z\r\n'))
    expect(protocol.got).toEqual(['a', 'raw 0123', 'x', 'y', 'zz'])
    drop(protocol)
  })

  it('B04 extra comes before what a callback received meanwhile', () => {
    const { protocol } = connect(new Lines())
    protocol.setRawMode()
    protocol.at[0] = () => {
      protocol.dataReceived(bytes('new\r\n'))
      protocol.setLineMode(bytes('old\r\n'))
    }
    protocol.dataReceived(bytes('raw'))
    expect(protocol.got).toEqual(['raw raw', 'old', 'new'])
    drop(protocol)
  })

  it('B04 setLineMode without extra, from outside, goes on with lines', () => {
    const { protocol } = connect(new Lines())
    protocol.setRawMode()
    protocol.dataReceived(bytes('raw'))
    protocol.setLineMode()
    protocol.dataReceived(bytes('line\r\n'))
    expect(protocol.got).toEqual(['raw raw', 'line'])
    drop(protocol)
  })

  it('B05 20,000 flips in one buffer use no stack and lose no byte', () => {
    class Flipper extends LineReceiver {
      lines = 0
      raws = 0
      override lineReceived(line: string): void {
        if (line !== 'L') throw new Error(`a line ${line}`)
        this.lines++
        this.setRawMode()
      }

      override rawDataReceived(data: Uint8Array): void {
        if (data[0] !== 0x52) throw new Error('no R')
        this.raws++
        this.setLineMode(data.subarray(1))
      }
    }
    const { protocol } = connect(new Flipper())
    protocol.dataReceived(bytes('L\r\nR'.repeat(10_000) + 'L\r\nRrest'))
    expect([protocol.lines, protocol.raws]).toEqual([10_001, 10_001])
    expect(text(protocol.clearLineBuffer())).toBe('rest')
    drop(protocol)
  })

  it('B15 a delimiter changed in rawDataReceived holds for extra', () => {
    const { protocol } = connect(new Lines())
    protocol.setRawMode()
    protocol.at[0] = () => {
      protocol.delimiter = ';'
      protocol.setLineMode(bytes('a\r\n;b;'))
    }
    protocol.dataReceived(bytes('raw'))
    expect(protocol.got).toEqual(['raw raw', 'a\r\n', 'b'])
    drop(protocol)
  })
})
