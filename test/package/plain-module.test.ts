/**
 * What the build mends in the output of wasm2js: state of its own for each instance, growth that is told, and growth
 * that is refused; and that it fails rather than mend half.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { plainModule } from '../../scripts/plain-module.mjs'
import { instantiatePlain } from '../../src/core/generated/plain.js'
import { root } from '../arch/files.js'

interface Plain {
  memory: { readonly buffer: ArrayBuffer, grow(pages: number): number }
}

const PAGE = 65_536
const instance = (onGrow?: () => void): Plain => instantiatePlain(onGrow) as unknown as Plain

describe('the plain JavaScript core', () => {
  it('has a memory for each instance', () => {
    const [one, two] = [instance(), instance()]
    new Uint8Array(one.memory.buffer)[5_000] = 7
    expect(new Uint8Array(two.memory.buffer)[5_000]).toBe(0)
    one.memory.grow(1)
    expect(one.memory.buffer.byteLength).toBe(two.memory.buffer.byteLength + PAGE)
  })

  it('tells that its memory was replaced, and keeps what was in it', () => {
    let grown = 0
    const { memory } = instance(() => { grown += 1 })
    const before = memory.buffer
    const last = before.byteLength - 1
    new Uint8Array(before)[last] = 7
    expect(memory.grow(2)).toBe(before.byteLength / PAGE)
    expect(grown).toBe(1)
    expect(memory.buffer).not.toBe(before)
    expect(memory.buffer.byteLength).toBe(before.byteLength + 2 * PAGE)
    expect(new Uint8Array(memory.buffer)[last]).toBe(7)
  })

  it('answers as WebAssembly does when it does not grow', () => {
    let grown = 0
    const { memory } = instance(() => { grown += 1 })
    const pages = memory.buffer.byteLength / PAGE
    expect(memory.grow(0)).toBe(pages)
    expect(memory.grow(32_769 - pages)).toBe(-1)
    expect(memory.grow(-1)).toBe(-1)
    expect(memory.buffer.byteLength).toBe(pages * PAGE)
    expect(grown).toBe(0)
  })

  it('exports what core.wasm exports', () => {
    const names = (file: string): string[] =>
      WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(`${root}/build/wasm/${file}`)))
        .map((one) => one.name).sort()
    expect(Object.keys(instance()).sort()).toEqual(names('core.simd.wasm'))
    expect(names('core.baseline.wasm')).toEqual(names('core.simd.wasm'))
  })
})

describe('the build', () => {
  const source = readFileSync(`${root}/build/wasm/core.js.mjs`, 'utf8')

  it('takes what wasm2js makes', () => {
    expect(plainModule('', source)).toContain('export function instantiatePlain')
  })

  it.each([
    ['growth is written otherwise', 'return oldPages;', 'return oldPages + 0;'],
    ['the allocation is written otherwise', 'new ArrayBuffer(newPages << 16)', 'new ArrayBuffer(newPages * 65536)'],
    ['the instance is made otherwise', 'var retasmFunc = ', 'var instance = '],
    ['there is one more import', 'function asmFunc', 'import x from \'y\';\nfunction asmFunc'],
    ['the host is asked for something', 'function asmFunc(imports) {', 'function asmFunc(imports) { env.abort();'],
  ])('fails when %s', (_what, from, to) => {
    expect(source).toContain(from)
    expect(() => plainModule('', source.replace(from, to))).toThrow('wasm2js output')
  })
})
