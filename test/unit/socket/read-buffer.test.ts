import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReadLimitError } from '../../../src/socket/index.js'
import { ReadBuffer } from '../../../src/socket/read-buffer.js'
import { bytes, cuts, text } from './support.js'

const LF = bytes('\n')

function filled(parts: Uint8Array[]): ReadBuffer {
  const buffer = new ReadBuffer()
  for (const part of parts) buffer.push(part)
  return buffer
}

describe('ReadBuffer', () => {
  it('gives exact measures and frames back however the bytes came', () => {
    for (const parts of cuts(bytes('abc\nde\r\n12345rest'))) {
      const buffer = filled(parts)
      expect(text(buffer.readFrame(LF, 10) as Uint8Array)).toBe('abc')
      expect(text(buffer.readExactly(1))).toBe('d')
      expect(text(buffer.readFrame(bytes('\r\n'), 10) as Uint8Array)).toBe('e')
      expect(text(buffer.readExactly(5))).toBe('12345')
      expect(buffer.readFrame(LF, 10)).toBe(null)
      expect(buffer.length).toBe(4)
      expect(text(buffer.readAll())).toBe('rest')
      expect([buffer.length, buffer.read(5).length, buffer.readExactly(0).length]).toEqual([0, 0, 0])
      buffer.clear()
    }
  })

  it('finds a frame whose bytes come between the attempts', () => {
    for (const parts of cuts(bytes('one--two--'))) {
      const buffer = new ReadBuffer()
      const frames: string[] = []
      for (const part of parts) {
        buffer.push(part)
        for (let frame; (frame = buffer.readFrame(bytes('--'), 100)) !== null;) frames.push(text(frame))
      }
      expect(frames).toEqual(['one', 'two'])
      expect(buffer.length).toBe(0)
      buffer.clear()
    }
  })

  it('takes nothing when no delimiter comes within the limit', () => {
    for (const parts of cuts(bytes('12345\nab\n'))) {
      const buffer = filled(parts)
      expect(() => buffer.readFrame(LF, 4)).toThrow(ReadLimitError)
      expect(() => buffer.readFrame(LF, 4)).toThrow(ReadLimitError)
      expect(buffer.length).toBe(9)
      expect(text(buffer.readFrame(LF, 5) as Uint8Array)).toBe('12345')
      expect(text(buffer.readFrame(LF, 5) as Uint8Array)).toBe('ab')
      buffer.clear()
    }
  })

  it('gives what is there without a copy', () => {
    const chunk = bytes('abcdef')
    const buffer = filled([chunk])
    expect(buffer.read(2).buffer).toBe(chunk.buffer)
    expect(buffer.readExactly(3).buffer).toBe(chunk.buffer)
    expect(buffer.length).toBe(1)
  })

  it('agrees with an array, whatever is asked in whatever order', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), data: fc.stringMatching(/^[ab\n;]{0,12}$/) }),
      fc.record({ kind: fc.constant('read' as const), count: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ kind: fc.constant('exactly' as const), count: fc.integer({ min: 0, max: 9 }) }),
      fc.record({ kind: fc.constant('frame' as const), delimiter: fc.constantFrom('\n', ';', 'a;', '\n\n'),
        max: fc.integer({ min: 0, max: 9 }) }),
    )
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const buffer = new ReadBuffer()
      let model = ''
      for (const one of steps) {
        if (one.kind === 'push') {
          buffer.push(bytes(one.data))
          model += one.data
        } else if (one.kind === 'read') {
          const got = text(buffer.read(one.count))
          expect(got.length).toBeLessThanOrEqual(one.count)
          expect(got !== '' || model === '').toBe(true)
          expect(model.startsWith(got)).toBe(true)
          model = model.slice(got.length)
        } else if (one.kind === 'exactly') {
          if (model.length < one.count) continue
          expect(text(buffer.readExactly(one.count))).toBe(model.slice(0, one.count))
          model = model.slice(one.count)
        } else {
          const at = model.indexOf(one.delimiter)
          let got: string | null | 'over'
          try {
            const frame = buffer.readFrame(bytes(one.delimiter), one.max)
            got = frame === null ? null : `=${text(frame)}`
          } catch (error) {
            expect(error).toBeInstanceOf(ReadLimitError)
            got = 'over'
          }
          if (at >= 0 && at <= one.max) {
            expect(got).toBe(`=${model.slice(0, at)}`)
            model = model.slice(at + one.delimiter.length)
          } else if (at > one.max) {
            expect(got).toBe('over')
          } else {
            // It may say so as soon as it is certain, and not before.
            expect(got === null ? model.length <= one.max + one.delimiter.length : model.length > one.max).toBe(true)
          }
        }
        expect(buffer.length).toBe(model.length)
      }
      buffer.clear()
    }), { numRuns: 300 })
  })

  it('many small lines of one chunk cost no more than their length', () => {
    const count = 20_000
    const buffer = filled([bytes('line\n'.repeat(count))])
    for (let i = 0; i < count; i++) {
      // Every other one is read by measure, which takes the chunk back from the parser.
      const line = i % 2 === 0 ? buffer.readFrame(LF, 100) : buffer.readExactly(5)
      expect((line as Uint8Array).length).toBe(i % 2 === 0 ? 4 : 5)
    }
    expect(buffer.length).toBe(0)
  })
})
