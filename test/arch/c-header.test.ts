/**
 * The C headers say what assembly/abi and the exports of core.wasm say.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { cHeader, headerPath } from '../../scripts/c-header.mjs'
import { root, textOf } from './files.js'

describe('bindings/c', () => {
  it('has the constants that scripts/c-header.mjs makes', () => {
    expect(textOf(headerPath)).toBe(cHeader())
  })

  it('has every export of core.wasm, with as many arguments', () => {
    const module = new WebAssembly.Module(readFileSync(`${root}/build/wasm/core.baseline.wasm`))
    const core = new WebAssembly.Instance(module).exports as Record<string, (...args: number[]) => number>
    const exported = Object.entries(core).filter(([, value]) => typeof value === 'function')
      .map(([name, value]) => `${name} ${value.length}`).sort()
    const listed = [...textOf('bindings/c/whorl_core.h').matchAll(/^ {2}X\((\w+), [id]_([id]*)\)/gm)]
      .map(([, name, args]) => `${name} ${args!.length}`).sort()
    expect(listed).toEqual(exported)
    expect(listed.length).toBeGreaterThan(40)
  })
})
