/**
 * The marks that tell bundlers what they may drop: what gets them, what must not, and that a module stays what it was.
 */
import { parseAst } from 'rollup/parseAst'
import { describe, expect, it } from 'vitest'
import { marked } from '../../scripts/pure.mjs'

const mark = (code: string): string => marked(code, parseAst(code))

describe('what stands at the top of a published module', () => {
  it.each([
    ['const a = new Map()', 'const a = /* @__PURE__ */ new Map()'],
    ['export const a = Object.freeze({ b: f() })', 'export const a = /* @__PURE__ */ Object.freeze({ b: /* @__PURE__ */ f() })'],
    ['const a = [f()]', 'const a = [/* @__PURE__ */ f()]'],
    ['const a = { b: f() }', 'const a = { b: /* @__PURE__ */ f() }'],
    ['const a = f(new Set())', 'const a = /* @__PURE__ */ f(/* @__PURE__ */ new Set())'],
  ])('is marked: %s', (code, expected) => {
    expect(mark(code)).toBe(expected)
  })

  it.each([
    ['const A = 4096, B = A >> 2', 'const A = 4096, B = 1024'],
    ['const A = -1\nconst a = { [A]: 1 }', "const A = -1\nconst a = { ['-1']: 1 }"],
    ['const A = 3\nconst a = { [A]: 1, [A + 1]: 2 }', 'const A = 3\nconst a = { [3]: 1, [4]: 2 }'],
  ])('is the number that it is: %s', (code, expected) => {
    expect(mark(code)).toBe(expected)
    const told = `\nreturn [typeof a === 'object' && a, typeof B === 'number' && B]`
    expect(new Function(expected + told)()).toEqual(new Function(code + told)())
  })

  it.each([
    'f()', 'Object.assign(a, b)', 'function f() { const a = new Map() }', 'const f = () => new Map()',
    'let A = 1\nconst B = A + 1', "const A = '1', B = A + 1", 'const a = { [k]: 1 }', 'const A = 2 ** 60',
    'const A = 1 / 3', 'const A = -1, B = A / 2', 'const A = -1 * 0',
    'const a = /* @__PURE__ */ new Map()', 'const a = /*#__PURE__*/ f()', 'class A { static b = f() }',
  ])('stays as it is: %s', (code) => {
    expect(mark(code)).toBe(code)
  })
})
