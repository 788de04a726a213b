/**
 * How the package carries the core: once, with SIMD, as base64; and as a patch what makes the build without SIMD of it.
 */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { makePatch } from '../../../scripts/patch.mjs'
import { fromBase64, portableBase64, provideBase64 } from '../../../src/core/base64.js'
import { BASELINE_PATCH, BASELINE_SIZE } from '../../../src/core/generated/baseline.js'
import { SIMD_BASE64 } from '../../../src/core/generated/simd.js'
import { bestBuild, createCore } from '../../../src/core/index.js'
import { applyPatch } from '../../../src/core/patch.js'

const built = (name: string) => new Uint8Array(readFileSync(new URL(`../../../build/wasm/core.${name}.wasm`, import.meta.url)))

describe('the builds that are carried', () => {
  it('are byte for byte those of the compiler', () => {
    const simd = portableBase64(SIMD_BASE64)
    expect(simd).toEqual(built('simd'))
    expect(applyPatch(simd, portableBase64(BASELINE_PATCH), BASELINE_SIZE)).toEqual(built('baseline'))
  })

  it('cost little more than one', () => {
    expect(BASELINE_PATCH.length).toBeLessThan(SIMD_BASE64.length / 10)
  })

  it('are chosen by what the engine takes', () => {
    const { validate } = WebAssembly
    expect(bestBuild()).toBe('simd')
    expect(validate(built('simd'))).toBe(true)
    const lines: unknown[] = []
    for (const build of ['simd', 'baseline'] as const) {
      createCore({ build }).lineParser({ handler: { line: (line) => { lines.push(line) } } })
        .receive(Uint8Array.of(0x68, 0x69, 13, 10))
    }
    expect(lines).toHaveLength(2)
    expect(lines[0]).toEqual(lines[1])
  })
})

describe('a patch', () => {
  const bytes = fc.uint8Array({ maxLength: 400 })

  it('makes any bytes of any others', () => {
    fc.assert(fc.property(bytes, bytes, (from, to) => {
      expect(applyPatch(from, makePatch(from, to), to.length)).toEqual(to)
    }))
  })

  it('makes of parts of a file that were moved, doubled, changed or dropped what they became', () => {
    const change = fc.tuple(fc.nat(399), fc.nat(80), fc.uint8Array({ maxLength: 12 }))
    fc.assert(fc.property(fc.uint8Array({ minLength: 400, maxLength: 400 }), fc.array(change, { maxLength: 9 }),
      (from, changes) => {
        const to = Uint8Array.from(changes.flatMap(([start, length, put]) =>
          [...from.subarray(start, start + length), ...put]))
        expect(applyPatch(from, makePatch(from, to), to.length)).toEqual(to)
      }))
  })

  it('goes back and forth over more than 64 KiB', () => {
    const from = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i + (i >> 8)) & 0xff)
    const to = Uint8Array.from([...from.subarray(150_000), ...from.subarray(10, 70_000), 1, 2, ...from.subarray(0, 90)])
    const patch = makePatch(from, to)
    expect(applyPatch(from, patch, to.length)).toEqual(to)
    expect(patch.length).toBeLessThan(100)
  })
})

describe('base64', () => {
  afterEach(() => { provideBase64(undefined) })

  it('is the same by arithmetic, by the engine and by what a host gave', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      expect(portableBase64(text)).toEqual(bytes)
      provideBase64(undefined)
      expect(fromBase64(text)).toEqual(bytes)
      const asked: string[] = []
      provideBase64((given) => {
        asked.push(given)
        return bytes as Uint8Array<ArrayBuffer>
      })
      expect(fromBase64(text)).toBe(bytes)
      expect(asked).toEqual([text])
    }))
  })
})
