/**
 * What a program brings into a bundle: of a package as its users have it, by rollup, minified and compressed. More
 * bundlers, programs and platforms are in test/bundles/.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { gzipSync } from 'node:zlib'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { rollup } from 'rollup'
import { minify } from 'terser'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../scripts/build.mjs'
import { root } from '../arch/files.js'

const folder = mkdtempSync(join(tmpdir(), 'whorl-bundles-'))

beforeAll(async () => {
  await build()
  const place = join(folder, 'node_modules/whorl')
  mkdirSync(place, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{}')
  cpSync(join(root, 'package.json'), join(place, 'package.json'))
  cpSync(join(root, 'dist'), join(place, 'dist'), { recursive: true, filter: (path) => !path.includes('/types/') })
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Bundle {
  readonly text: string
  /** Bytes, minified and compressed by gzip. */
  readonly size: number
}

async function bundle(program: string, condition: string): Promise<Bundle> {
  const input = join(folder, 'program.mjs')
  writeFileSync(input, program)
  const graph = await rollup({
    input, external: /^node:/, onwarn: () => undefined,
    plugins: [nodeResolve({ exportConditions: [condition], browser: condition === 'browser' })],
  })
  const { output } = await graph.generate({ format: 'esm', inlineDynamicImports: true })
  await graph.close()
  const { code } = await minify(output[0].code, { module: true, compress: { passes: 2 } })
  return { text: code!, size: gzipSync(code!, { level: 9 }).length }
}

/** What a bundle prints in Node. */
function run({ text }: Bundle): string {
  const file = join(folder, 'bundled.mjs')
  writeFileSync(file, text)
  return execFileSync(process.execPath, [file], { encoding: 'utf8' })
}

describe.each(['browser'])('a bundle for %s', (condition) => {
  it('of a Deferred alone has no core, and at most 6 KiB', async () => {
    const made = await bundle(`import { Deferred } from 'whorl'
      const deferred = new Deferred()
      deferred.addCallback((value) => console.log(value))
      deferred.callback('fired')`, condition)
    expect(made.text).not.toMatch(/WebAssembly|AGFzbQ/)
    expect(made.size).toBeLessThan(6 * 1024)
    expect(run(made)).toBe('fired\n')
  }, 60_000)
})

describe('a bundle of whorl/core with one parser', () => {
  it('has at most 40 KiB, and works', async () => {
    const made = await bundle(`import { createCore } from 'whorl/core'
      const parser = createCore().lineParser({})
      console.log(typeof parser)`, 'default')
    expect(made.size).toBeGreaterThan(20 * 1024)
    expect(made.size).toBeLessThan(40 * 1024)
    expect(run(made)).toBe('object\n')
  }, 60_000)
})
