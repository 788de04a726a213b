/**
 * What holds for the project as a whole: sizes, forms, the wasm builds and their page, and nothing of the machine it
 * was written on.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { root, sourcesBelow, textOf, trackedFiles } from './files.js'

const AREAS = ['src', 'bindings', 'assembly', 'test', 'bench', 'examples', 'scripts']
const MOST_LINES = 600
/** Bindings hold no logic: what is long there belongs somewhere else. */
const MOST_LINES_OF_BINDINGS = 250

const linesOf = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)

/** Addresses of package registries, and absolute paths of one person's machine. */
const FOREIGN = new RegExp(['registry\\.(?:npmjs|yarnpkg)', 'npm' + 'mirror', '"resol' + 'ved": *"http', '/wor' + 'k/',
  '/ro' + 'ot/', '/tm' + 'p/bri', '/ho' + 'me/\\w', '/Use' + 'rs/\\w'].join('|'), 'i')

describe('files', () => {
  it(`have at most ${MOST_LINES} lines`, () => {
    const long = trackedFiles()
      .filter((path) => AREAS.includes(path.split('/')[0]!) && /\.(?:ts|mjs|js)$/.test(path))
      .map((path) => `${path}: ${linesOf(textOf(path))}`)
      .filter((entry) => Number(entry.split(': ')[1]) > MOST_LINES)
    expect(long).toEqual([])
  })

  it(`of bindings have at most ${MOST_LINES_OF_BINDINGS} lines`, () => {
    const sizes = [...sourcesBelow('bindings')].map(([path, source]) => [path, linesOf(source)] as const)
    expect(sizes.length).toBeGreaterThan(50)
    expect(sizes.filter(([, lines]) => lines > MOST_LINES_OF_BINDINGS)).toEqual([])
  })

  it('counts lines', () => {
    expect(linesOf('a\nb\n')).toBe(2)
    expect(linesOf('a\nb')).toBe(2)
  })

  it('begin with a comment that says what they own', () => {
    const bare = [...sourcesBelow('src', 'bindings', 'assembly')]
      .filter(([path, source]) => !path.endsWith('/index.ts') && !/^(?:\/\*\*|\/\/)/.test(source))
      .map(([path]) => path)
    expect(bare).toEqual([])
  })

  it('name no registry and no path of one machine', () => {
    const found = trackedFiles().filter((path) => FOREIGN.test(textOf(path)))
    expect(found).toEqual([])
    expect(FOREIGN.test(`see /wor${'k'}/main`)).toBe(true)
    expect(FOREIGN.test(`https://registry.${'npmjs'}.org/a`)).toBe(true)
  })

  it('hold no generated file', () => {
    expect(trackedFiles().filter((path) => /^(?:build|dist|node_modules)\/|\/generated\//.test(path))).toEqual([])
  })
})

describe.each(['simd', 'baseline', 'js'])('core.%s.wasm', (name) => {
  const load = () => new WebAssembly.Module(readFileSync(`${root}/build/wasm/core.${name}.wasm`))

  it('imports nothing', () => {
    expect(WebAssembly.Module.imports(load())).toEqual([])
  })

  it('exports what docs/abi.md documents, and all of it', () => {
    const documented = new Set([...textOf('docs/abi.md').matchAll(/`([^`\n]+)`/g)].map((match) =>
      match[1]!.replace(/\(.*$/s, '').trim()))
    const exported = WebAssembly.Module.exports(load()).map((one) => one.name)
    expect(exported).toContain('memory')
    expect(exported.filter((one) => !documented.has(one))).toEqual([])
  })
})
