/**
 * Slab: that what is cut from one array is each one's own.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LARGEST_CUT, Slab } from '../../../src/core/slab.js'

const encoder = new TextEncoder()

describe('Slab', () => {
  it('gives each its own bytes, of the length asked for', () => {
    fc.assert(fc.property(fc.array(fc.nat(LARGEST_CUT), { maxLength: 100 }), (lengths) => {
      const slab = new Slab()
      const cuts = lengths.map((length, i) => slab.cut(length).fill(i))
      expect(cuts.map((cut) => cut.length)).toEqual(lengths)
      cuts.forEach((cut, i) => { expect(cut.every((byte) => byte === i)).toBe(true) })
    }))
  })

  it('gives small ones from one buffer', () => {
    const slab = new Slab()
    expect(slab.cut(10).buffer).toBe(slab.cut(LARGEST_CUT).buffer)
  })

  it('encodes as TextEncoder does, at any length, and leaves what it gave before as it was', () => {
    const text = fc.string({ unit: 'binary', maxLength: 500 })
    fc.assert(fc.property(fc.array(fc.tuple(text, fc.nat(300)), { maxLength: 30 }), (asked) => {
      const slab = new Slab()
      const given = asked.map(([one, length]) => {
        const bytes = slab.encode(one)
        slab.cut(length).fill(0xff)
        return bytes
      })
      expect(given.map((bytes) => [...bytes])).toEqual(asked.map(([one]) => [...encoder.encode(one)]))
    }))
  })

  it('encodes lone surrogates, and what takes three bytes a character up to the last one that fits', () => {
    const slab = new Slab()
    for (let length = 330; length < 350; length++) {
      const text = '\ud800'.padEnd(length, '\uffee')
      expect(slab.encode(text)).toEqual(encoder.encode(text))
    }
  })
})
