/**
 * What programs weigh in a bundle: each within its budget, which docs/guide/bundles.md names.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { BUDGETS } from './budgets.js'
import { bundle, BUNDLERS } from './bundlers.js'
import { root } from './place.js'

const folder = mkdtempSync(join(tmpdir(), 'whorl-bundles-'))
const sizes: string[] = []

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  process.stdout.write(`\nKiB, minified and compressed\n${sizes.join('\n')}\n`)
})

describe.each(Object.keys(BUNDLERS))('%s', (bundler) => {
  describe.each(['node', 'browser'] as const)('for %s', (platform) => {
    it.each(BUDGETS)('keeps $what within $limit KiB', async ({ what, program, limit, bare }) => {
      const { code, size } = await bundle(bundler, program, platform)
      sizes.push(`${(size / 1024).toFixed(1).padStart(6)} of ${limit}  ${what}, ${bundler}, ${platform}`)
      expect(size).toBeLessThan(limit * 1024)
      expect(size).toBeGreaterThan(1024)
      // Not the code itself: whoever reads what failed would get all of it.
      expect(/WebAssembly|AGFzbQ/.test(code)).toBe(bare !== true)
      // Whoever weighs what does not run weighs nothing.
      const file = join(folder, 'bundled.mjs')
      writeFileSync(file, code)
      if (platform === 'node') expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).not.toBe('')
    })
  })
})

it('docs/guide/bundles.md names the budgets', () => {
  const page = readFileSync(join(root, 'docs/guide/bundles.md'), 'utf8')
  for (const { what, limit } of BUDGETS) expect(page).toContain(`| ${what} | ${limit} KiB |`)
})
